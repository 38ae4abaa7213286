//! A wallet of the reference, and the rules in words: `now` and ends are seconds, amounts are micro-credits.

use std::collections::BTreeMap;

use super::budget::Spending;
use super::{LIMITS, OPERATIONS, Taken};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    pub priority: i128,
    /// Of [`LIMITS`]; nothing is everything.
    pub limit: Option<usize>,
    pub ends: Option<i128>,
    pub brought: i128,
    pub free: i128,
    pub set_aside: i128,
    pub taken_back: i128,
}

/// An amount and what it is for, of [`OPERATIONS`]; nothing is something that only what has no limit pays for.
type Wanted = (Option<usize>, i128);

#[derive(Clone, Debug)]
pub struct Job {
    pub lines: Vec<i128>,
    /// What the first line is for; the next ones are for the next.
    pub operation: usize,
    pub ends: i128,
    pub state: &'static str,
    pub allocations: Vec<(i64, i128)>,
    pub spending: Spending,
}

#[derive(Clone, Debug)]
pub struct Debit {
    pub parts: Vec<(i64, i128)>,
    pub paid_back: bool,
    /// Where ceilings counted it; a fee nowhere.
    pub counted: Option<Spending>,
}

/// A wallet of the reference.
#[derive(Clone, Debug, Default)]
pub struct Purse {
    pub lots: BTreeMap<i64, Lot>,
    pub debt: i128,
    pub jobs: BTreeMap<i64, Job>,
    pub debits: BTreeMap<i64, Debit>,
    /// What was taken back from one lot alone, by its row: the lot, how much, and whether it was given back.
    pub voids: BTreeMap<i64, (i64, i128, bool)>,
    pub rows: i64,
    /// Which end customer a row is for, of those that say: what follows a row is for whom the row was.
    pub told: BTreeMap<i64, Option<u8>>,
    pub frozen: bool,
}

impl Lot {
    fn pays(&self, operation: Option<usize>) -> bool {
        match (self.limit, operation) {
            (None, _) => true,
            (Some(limit), Some(operation)) => LIMITS[limit].pays[operation],
            (Some(_), None) => false,
        }
    }
}

/// Says what each line is for: the first one for `operation`, the next for the next.
fn by_operation(lines: &[i128], operation: usize) -> Vec<Wanted> {
    lines.iter().zip(operation..).map(|(line, operation)| (Some(operation % OPERATIONS.len()), *line)).collect()
}

/// What the reference says of a step: the code of a refusal, or nothing.
pub type Verdict = Result<(), &'static str>;

/// The same of a step that ends a job: which spending was counted for more than was taken, and how much.
pub type Freed = Result<(Spending, i128), &'static str>;

impl Purse {
    pub fn settled(&self) -> i128 {
        self.lots.values().map(|lot| lot.free + lot.set_aside).sum::<i128>() - self.debt
    }

    pub fn held(&self) -> i128 {
        self.lots.values().map(|lot| lot.set_aside).sum()
    }

    pub fn available(&self, now: i128) -> i128 {
        let live = self.lots.values().filter(|lot| lot.ends.is_none_or(|ends| ends > now));
        live.map(|lot| lot.free).sum::<i128>() - self.debt
    }

    /// Tells settled, held and available as they are seen at a moment: jobs whose time is over have given back what they
    /// kept, and what has ended is gone, swept or not.
    pub fn seen(&self, now: i128) -> (i128, i128, i128) {
        let mut seen = self.clone();
        for job in self.jobs.values().filter(|job| job.state == "open" && job.ends <= now) {
            for (id, part) in &job.allocations {
                seen.lots.get_mut(id).expect("a lot").set_aside -= part;
                seen.give(*id, *part, now);
            }
        }
        seen.write_off(now);
        (seen.settled(), seen.held(), seen.available(now))
    }

    fn write_off(&mut self, now: i128) {
        for lot in self.lots.values_mut() {
            if lot.free > 0 && lot.ends.is_some_and(|ends| ends <= now) {
                lot.free = 0;
                self.rows += 1;
            }
        }
    }

    /// Takes what is wanted, one after another, from the lots that pay for it in order, and says from which: in order,
    /// each once.
    fn burn(&mut self, wanted: &[Wanted], now: i128, aside: bool) -> Vec<(i64, i128)> {
        let mut parts = vec![0; self.lots.len()];
        let order = self.in_order();
        for (operation, amount) in wanted {
            let mut wanted = *amount;
            for (place, id) in order.iter().enumerate() {
                let lot = self.lots.get_mut(id).expect("listed");
                let alive = lot.ends.is_none_or(|ends| ends > now);
                if alive && lot.pays(*operation) {
                    let part = wanted.min(lot.free);
                    lot.free -= part;
                    lot.set_aside += if aside { part } else { 0 };
                    wanted -= part;
                    parts[place] += part;
                }
            }
        }
        order.into_iter().zip(parts).filter(|(_, part)| *part > 0).collect()
    }

    fn in_order(&self) -> Vec<i64> {
        let mut order: Vec<i64> = self.lots.keys().copied().collect();
        order.sort_by_key(|id| {
            let lot = &self.lots[id];
            let narrow = lot.limit.map_or(u8::MAX, |limit| LIMITS[limit].place);
            (narrow, lot.priority, lot.ends.unwrap_or(i128::MAX), *id)
        });
        order
    }

    /// Takes from whatever there is: from what has no limit first.
    fn burn_any(&mut self, amount: i128, now: i128) -> i128 {
        let mut missing = amount;
        let mut order = self.in_order();
        order.sort_by_key(|id| self.lots[id].limit.is_some());
        for id in order {
            let lot = self.lots.get_mut(&id).expect("listed");
            if lot.ends.is_none_or(|ends| ends > now) {
                let part = missing.min(lot.free);
                lot.free -= part;
                missing -= part;
            }
        }
        amount - missing
    }

    /// Gives credits back to a lot: a debt is repaid first, unless the lot has ended.
    fn give(&mut self, id: i64, amount: i128, now: i128) {
        let lot = self.lots.get_mut(&id).expect("a lot");
        let alive = lot.ends.is_none_or(|ends| ends > now);
        let repaid = if alive { self.debt.min(amount) } else { 0 };
        self.debt -= repaid;
        lot.free += amount - repaid;
    }

    fn add_lot(&mut self, (priority, limit): (i128, Option<usize>), ends: Option<i128>, amount: i128) {
        let repaid = self.debt.min(amount);
        self.debt -= repaid;
        let id = self.lots.keys().max().copied().unwrap_or(0) + 1;
        let lot = Lot { priority, limit, ends, brought: amount, free: amount - repaid, set_aside: 0, taken_back: 0 };
        self.lots.insert(id, lot);
    }

    pub fn grant(
        &mut self,
        amount: i64,
        (priority, limit): (i16, Option<usize>),
        expires_in: Option<i64>,
        now: i128,
    ) -> Verdict {
        if amount <= 0 || expires_in.is_some_and(|seconds| seconds <= 0) {
            return Err("unprocessable");
        }
        self.write_off(now);
        self.add_lot((priority.into(), limit), expires_in.map(|seconds| now + i128::from(seconds)), amount.into());
        self.rows += 1;
        Ok(())
    }

    fn enough(&self, wanted: &[Wanted], now: i128) -> Verdict {
        let amount: i128 = wanted.iter().map(|(_, amount)| amount).sum();
        let found: i128 = self.clone().burn(wanted, now, false).iter().map(|(_, part)| part).sum();
        if amount > 0 && (self.debt > 0 || found < amount) { Err("out_of_credits") } else { Ok(()) }
    }

    fn may_spend(&self) -> Verdict {
        if self.frozen { Err("forbidden") } else { Ok(()) }
    }

    pub fn charge(&mut self, amount: i64, operation: usize, spending: Spending) -> Verdict {
        self.debit(amount, Some(operation), spending.at, Some(spending))
    }

    pub fn fee(&mut self, amount: i64, now: i128) -> Verdict {
        self.debit(amount, None, now, None)
    }

    fn debit(&mut self, amount: i64, operation: Option<usize>, now: i128, counted: Option<Spending>) -> Verdict {
        let amount = i128::from(amount);
        if amount < 0 {
            return Err("unprocessable");
        }
        self.may_spend()?;
        self.enough(&[(operation, amount)], now)?;
        self.write_off(now);
        let parts = self.burn(&[(operation, amount)], now, false);
        self.rows += 1;
        self.told.insert(self.rows, counted.and_then(|counted| counted.customer));
        self.debits.insert(self.rows, Debit { parts, paid_back: false, counted });
        Ok(())
    }

    pub fn hold(&mut self, (lines, operation): (&[i64], usize), expires_in: u32, spending: Spending) -> Verdict {
        let now = spending.at;
        if expires_in == 0 || lines.is_empty() {
            return Err("unprocessable");
        }
        self.may_spend()?;
        let lines: Vec<i128> = lines.iter().map(|line| i128::from(*line)).collect();
        let wanted = by_operation(&lines, operation);
        self.enough(&wanted, now)?;
        self.write_off(now);
        let allocations = self.burn(&wanted, now, true);
        self.rows += 1;
        self.told.insert(self.rows, spending.customer);
        self.jobs.insert(
            self.rows,
            Job { lines, operation, ends: now + i128::from(expires_in), state: "open", allocations, spending },
        );
        Ok(())
    }

    fn open_job(&self, seq: i64, now: i128) -> Result<Job, &'static str> {
        let job = self.jobs.get(&seq).ok_or("not_found")?;
        match job.state {
            "open" if now < job.ends => Ok(job.clone()),
            "open" | "expired" => Err("hold_expired"),
            "captured" => Err("hold_captured"),
            _ => Err("hold_released"),
        }
    }

    /// Ends a job: takes `taken`, gives the rest back where it came from. Says what was counted and is not spent.
    fn end_job(&mut self, seq: i64, job: &Job, taken: &[i128], state: &'static str, now: i128) -> (Spending, i128) {
        let mut pinned = job.allocations.clone();
        for (operation, amount) in by_operation(taken, job.operation) {
            let mut left = amount;
            for (id, pinned) in &mut pinned {
                let part = if self.lots[id].pays(operation) { left.min(*pinned) } else { 0 };
                left -= part;
                *pinned -= part;
            }
            assert_eq!(left, 0, "what was set aside is there to be taken");
        }
        let mut parts = Vec::new();
        let mut back = Vec::new();
        for ((id, all), (_, left)) in job.allocations.iter().zip(&pinned) {
            self.lots.get_mut(id).expect("a lot").set_aside -= all;
            if all > left {
                parts.push((*id, all - left));
            }
            back.push((*id, *left));
        }
        for (id, amount) in back {
            self.give(id, amount, now);
        }
        self.rows += 1;
        self.told.insert(self.rows, job.spending.customer);
        if state == "captured" {
            self.debits.insert(self.rows, Debit { parts, paid_back: false, counted: Some(job.spending) });
        }
        self.jobs.get_mut(&seq).expect("a job").state = state;
        self.write_off(now);
        (job.spending, job.lines.iter().sum::<i128>() - taken.iter().sum::<i128>())
    }

    pub fn capture(&mut self, seq: i64, amount: &Taken, now: i128) -> Freed {
        let job = self.open_job(seq, now)?;
        let whole: i128 = job.lines.iter().sum();
        let taken: Vec<i128> = match amount {
            Taken::All => job.lines.clone(),
            Taken::Total(total) => {
                let total = i128::from(*total);
                if total < 0 || total > whole {
                    return Err("unprocessable");
                }
                let before = job.lines.iter().scan(0, |sum, line| Some(std::mem::replace(sum, *sum + line)));
                before.zip(&job.lines).map(|(before, line)| (total - before).clamp(0, *line)).collect()
            }
            Taken::Lines(lines) => {
                let fits = lines.len() == job.lines.len()
                    && lines.iter().zip(&job.lines).all(|(taken, line)| *taken >= 0 && i128::from(*taken) <= *line);
                if !fits {
                    return Err("unprocessable");
                }
                lines.iter().map(|line| i128::from(*line)).collect()
            }
        };
        Ok(self.end_job(seq, &job, &taken, "captured", now))
    }

    pub fn release(&mut self, seq: i64, now: i128) -> Freed {
        let job = self.open_job(seq, now)?;
        Ok(self.end_job(seq, &job, &[], "released", now))
    }

    pub fn time_out(&mut self, seq: i64, now: i128) -> Freed {
        let job = self.jobs.get(&seq).ok_or("not_found")?.clone();
        match job.state {
            "open" if now < job.ends => return Err("unprocessable"),
            "open" => {}
            "captured" => return Err("hold_captured"),
            "released" => return Err("hold_released"),
            _ => return Err("hold_expired"),
        }
        Ok(self.end_job(seq, &job, &[], "expired", now))
    }

    pub fn pay_back(&mut self, seq: i64, now: i128) -> Result<Option<(Spending, i128)>, &'static str> {
        if seq < 1 || seq > self.rows {
            return Err("not_found");
        }
        let debit = self.debits.get(&seq).ok_or("unprocessable")?.clone();
        if debit.paid_back {
            return Err("unprocessable");
        }
        self.write_off(now);
        for (id, part) in &debit.parts {
            self.give(*id, *part, now);
        }
        self.rows += 1;
        self.told.insert(self.rows, debit.counted.and_then(|counted| counted.customer));
        self.debits.get_mut(&seq).expect("a debit").paid_back = true;
        self.write_off(now);
        let back = debit.parts.iter().map(|(_, part)| part).sum();
        Ok(debit.counted.map(|counted| (counted, back)))
    }

    pub fn claw_back(&mut self, lot: Option<i64>, amount: i64, now: i128) -> Verdict {
        let amount = i128::from(amount);
        if amount <= 0 {
            return Err("unprocessable");
        }
        let mut missing = amount;
        if let Some(id) = lot {
            let lot = self.lots.get(&id).ok_or("not_found")?;
            if lot.taken_back + amount > lot.brought {
                return Err("unprocessable");
            }
        }
        self.write_off(now);
        let mut parts = Vec::new();
        if let Some((id, lot)) = lot.and_then(|id| Some((id, self.lots.get_mut(&id)?))) {
            lot.taken_back += amount;
            let part = lot.free.min(missing);
            lot.free -= part;
            missing -= part;
            parts.extend((part > 0).then_some((id, part)));
        }
        self.debt += missing - self.burn_any(missing, now);
        self.rows += 1;
        if let (0, [(id, part)]) = (missing, parts.as_slice()) {
            self.voids.insert(self.rows, (*id, *part, false));
        }
        Ok(())
    }

    pub fn void(&mut self, lot: i64, amount: i64, now: i128) -> Verdict {
        let amount = i128::from(amount);
        if amount <= 0 {
            return Err("unprocessable");
        }
        // What is refused leaves no trace, so nothing is written off before it is known.
        let ends = self.lots.get(&lot).ok_or("not_found")?.ends;
        let free = if ends.is_some_and(|ends| ends <= now) { 0 } else { self.lots[&lot].free };
        if amount > free {
            return Err("unprocessable");
        }
        self.write_off(now);
        let found = self.lots.get_mut(&lot).expect("a lot");
        found.free -= amount;
        found.taken_back += amount;
        self.rows += 1;
        self.voids.insert(self.rows, (lot, amount, false));
        Ok(())
    }

    pub fn restore(&mut self, row: i64, now: i128) -> Verdict {
        if row < 1 || row > self.rows {
            return Err("not_found");
        }
        let (lot, amount, given_back) = self.voids.get(&row).copied().ok_or("unprocessable")?;
        if given_back {
            return Err("unprocessable");
        }
        self.write_off(now);
        self.lots.get_mut(&lot).expect("a lot").taken_back -= amount;
        self.give(lot, amount, now);
        self.rows += 1;
        self.voids.insert(row, (lot, amount, true));
        self.write_off(now);
        Ok(())
    }

    pub fn adjust(&mut self, amount: i64, now: i128) -> Verdict {
        if amount == 0 {
            return Err("unprocessable");
        }
        if amount > 0 {
            self.write_off(now);
            self.add_lot((20, None), None, amount.into());
        } else {
            let wanted = [(None, -i128::from(amount))];
            self.enough(&wanted, now)?;
            self.write_off(now);
            self.burn(&wanted, now, false);
        }
        self.rows += 1;
        Ok(())
    }

    pub fn transfer(from: &mut Self, to: &mut Self, amount: i64, now: i128) -> Verdict {
        from.may_spend()?;
        let amount = i128::from(amount);
        if amount <= 0 {
            return Err("unprocessable");
        }
        let wanted = [(None, amount)];
        from.enough(&wanted, now)?;
        from.write_off(now);
        to.write_off(now);
        for (id, part) in from.burn(&wanted, now, false) {
            let (priority, ends) = (from.lots[&id].priority, from.lots[&id].ends);
            to.add_lot((priority, None), ends, part);
        }
        from.rows += 1;
        to.rows += 1;
        Ok(())
    }

    pub fn expire(&mut self, now: i128) -> Verdict {
        self.write_off(now);
        Ok(())
    }
}
