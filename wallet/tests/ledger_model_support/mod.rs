//! A reference of the wallet, written on its own from the rules in words: maps, i128, and no thought of speed.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use wallet::id::WalletId;
use wallet::ledger::{CaptureAmount, Command, GrantSource, NewGrant, Receipt, ReleaseReason};
use wallet::money::Credits;

/// One step of a random story. Amounts are micro-credits, times are seconds; `which` picks among what there is.
#[derive(Clone, Debug)]
pub enum Step {
    Grant { wallet: usize, amount: i64, source: usize, priority: i16, expires_in: Option<i64> },
    Charge { wallet: usize, amount: i64 },
    Hold { wallet: usize, lines: Vec<i64>, expires_in: u32 },
    Capture { wallet: usize, which: usize, amount: Taken },
    Release { wallet: usize, which: usize },
    ExpireHold { wallet: usize, which: usize },
    CreditBack { wallet: usize, which: usize },
    Clawback { wallet: usize, grant: Option<usize>, amount: i64 },
    Adjust { wallet: usize, amount: i64 },
    Transfer { from: usize, amount: i64 },
    ExpireGrants { wallet: usize },
    Wait { seconds: i64 },
    Repeat { which: usize },
}

#[derive(Clone, Debug)]
pub enum Taken {
    All,
    Total(i64),
    Lines(Vec<i64>),
}

pub fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let wallet = 0..2_usize;
    let which = any::<usize>();
    let taken = prop_oneof![
        Just(Taken::All),
        (-1..40_i64).prop_map(Taken::Total),
        prop::collection::vec(-1..16_i64, 1..4).prop_map(Taken::Lines),
    ];
    let step = prop_oneof![
        4 => (wallet.clone(), -1..60_i64, 0..6_usize, 0..4_i16, prop::option::of(0..20_i64)).prop_map(
            |(wallet, amount, source, priority, expires_in)| Step::Grant { wallet, amount, source, priority, expires_in }),
        6 => (wallet.clone(), -1..30_i64).prop_map(|(wallet, amount)| Step::Charge { wallet, amount }),
        4 => (wallet.clone(), prop::collection::vec(0..15_i64, 0..4), 0..12_u32)
            .prop_map(|(wallet, lines, expires_in)| Step::Hold { wallet, lines, expires_in }),
        3 => (wallet.clone(), which, taken).prop_map(|(wallet, which, amount)| Step::Capture { wallet, which, amount }),
        2 => (wallet.clone(), which).prop_map(|(wallet, which)| Step::Release { wallet, which }),
        1 => (wallet.clone(), which).prop_map(|(wallet, which)| Step::ExpireHold { wallet, which }),
        2 => (wallet.clone(), which).prop_map(|(wallet, which)| Step::CreditBack { wallet, which }),
        1 => (wallet.clone(), prop::option::of(which), -1..60_i64)
            .prop_map(|(wallet, grant, amount)| Step::Clawback { wallet, grant, amount }),
        1 => (wallet.clone(), -20..20_i64).prop_map(|(wallet, amount)| Step::Adjust { wallet, amount }),
        2 => (wallet.clone(), -1..30_i64).prop_map(|(from, amount)| Step::Transfer { from, amount }),
        1 => wallet.prop_map(|wallet| Step::ExpireGrants { wallet }),
        4 => (0..7_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => which.prop_map(|which| Step::Repeat { which }),
    ];
    prop::collection::vec(step, 1..length)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    pub priority: i128,
    pub ends: Option<i128>,
    pub brought: i128,
    pub free: i128,
    pub set_aside: i128,
    pub taken_back: i128,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub lines: Vec<i128>,
    pub ends: i128,
    pub state: &'static str,
    pub pins: Vec<(i64, i128)>,
}

#[derive(Clone, Debug)]
pub struct Debit {
    pub parts: Vec<(i64, i128)>,
    pub paid_back: bool,
}

/// A wallet of the reference.
#[derive(Clone, Debug, Default)]
pub struct Purse {
    pub lots: BTreeMap<i64, Lot>,
    pub debt: i128,
    pub jobs: BTreeMap<i64, Job>,
    pub debits: BTreeMap<i64, Debit>,
    pub rows: i64,
}

/// What the reference says of a step: the code of a refusal, or nothing.
pub type Verdict = Result<(), &'static str>;

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

    fn write_off(&mut self, now: i128) {
        for lot in self.lots.values_mut() {
            if lot.free > 0 && lot.ends.is_some_and(|ends| ends <= now) {
                lot.free = 0;
                self.rows += 1;
            }
        }
    }

    /// Takes from the lots in order and says from which.
    fn burn(&mut self, amount: i128, now: i128, aside: bool) -> Vec<(i64, i128)> {
        let mut order: Vec<i64> = self.lots.keys().copied().collect();
        order.sort_by_key(|id| {
            let lot = &self.lots[id];
            (lot.priority, lot.ends.unwrap_or(i128::MAX), *id)
        });
        let mut wanted = amount;
        let mut parts = Vec::new();
        for id in order {
            let lot = self.lots.get_mut(&id).expect("listed");
            let alive = lot.ends.is_none_or(|ends| ends > now);
            if wanted > 0 && alive && lot.free > 0 {
                let part = wanted.min(lot.free);
                lot.free -= part;
                lot.set_aside += if aside { part } else { 0 };
                wanted -= part;
                parts.push((id, part));
            }
        }
        parts
    }

    /// Gives credits back to a lot: a debt is repaid first, unless the lot has ended.
    fn give(&mut self, id: i64, amount: i128, now: i128) {
        let lot = self.lots.get_mut(&id).expect("a lot");
        let alive = lot.ends.is_none_or(|ends| ends > now);
        let repaid = if alive { self.debt.min(amount) } else { 0 };
        self.debt -= repaid;
        lot.free += amount - repaid;
    }

    fn add_lot(&mut self, priority: i128, ends: Option<i128>, amount: i128) {
        let repaid = self.debt.min(amount);
        self.debt -= repaid;
        let id = self.lots.keys().max().copied().unwrap_or(0) + 1;
        let lot = Lot { priority, ends, brought: amount, free: amount - repaid, set_aside: 0, taken_back: 0 };
        self.lots.insert(id, lot);
    }

    pub fn grant(&mut self, amount: i64, priority: i16, expires_in: Option<i64>, now: i128) -> Verdict {
        if amount <= 0 || expires_in.is_some_and(|seconds| seconds <= 0) {
            return Err("unprocessable");
        }
        self.write_off(now);
        self.add_lot(priority.into(), expires_in.map(|seconds| now + i128::from(seconds)), amount.into());
        self.rows += 1;
        Ok(())
    }

    fn enough(&self, amount: i128, now: i128) -> Verdict {
        if amount > 0 && amount > self.available(now) { Err("out_of_credits") } else { Ok(()) }
    }

    pub fn charge(&mut self, amount: i64, now: i128) -> Verdict {
        let amount = i128::from(amount);
        if amount < 0 {
            return Err("unprocessable");
        }
        self.enough(amount, now)?;
        self.write_off(now);
        let parts = self.burn(amount, now, false);
        self.rows += 1;
        self.debits.insert(self.rows, Debit { parts, paid_back: false });
        Ok(())
    }

    pub fn hold(&mut self, lines: &[i64], expires_in: u32, now: i128) -> Verdict {
        if expires_in == 0 || lines.is_empty() {
            return Err("unprocessable");
        }
        let lines: Vec<i128> = lines.iter().map(|line| i128::from(*line)).collect();
        self.enough(lines.iter().sum(), now)?;
        self.write_off(now);
        let pins = self.burn(lines.iter().sum(), now, true);
        self.rows += 1;
        self.jobs.insert(self.rows, Job { lines, ends: now + i128::from(expires_in), state: "open", pins });
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

    /// Ends a job: takes `taken`, gives the rest back where it came from.
    fn end_job(&mut self, seq: i64, job: &Job, taken: i128, state: &'static str, now: i128) {
        let mut left = taken;
        let mut parts = Vec::new();
        let mut back = Vec::new();
        for (id, pinned) in &job.pins {
            let part = left.min(*pinned);
            left -= part;
            self.lots.get_mut(id).expect("a lot").set_aside -= pinned;
            if part > 0 {
                parts.push((*id, part));
            }
            back.push((*id, pinned - part));
        }
        for (id, amount) in back {
            self.give(id, amount, now);
        }
        self.rows += 1;
        if state == "captured" {
            self.debits.insert(self.rows, Debit { parts, paid_back: false });
        }
        self.jobs.get_mut(&seq).expect("a job").state = state;
        self.write_off(now);
    }

    pub fn capture(&mut self, seq: i64, amount: &Taken, now: i128) -> Verdict {
        let job = self.open_job(seq, now)?;
        let whole: i128 = job.lines.iter().sum();
        let taken = match amount {
            Taken::All => whole,
            Taken::Total(total) => i128::from(*total),
            Taken::Lines(lines) => {
                let fits = lines.len() == job.lines.len()
                    && lines.iter().zip(&job.lines).all(|(taken, line)| *taken >= 0 && i128::from(*taken) <= *line);
                if !fits {
                    return Err("unprocessable");
                }
                lines.iter().map(|line| i128::from(*line)).sum()
            }
        };
        if taken < 0 || taken > whole {
            return Err("unprocessable");
        }
        self.end_job(seq, &job, taken, "captured", now);
        Ok(())
    }

    pub fn release(&mut self, seq: i64, now: i128) -> Verdict {
        let job = self.open_job(seq, now)?;
        self.end_job(seq, &job, 0, "released", now);
        Ok(())
    }

    pub fn time_out(&mut self, seq: i64, now: i128) -> Verdict {
        let job = self.jobs.get(&seq).ok_or("not_found")?.clone();
        match job.state {
            "open" if now < job.ends => return Err("unprocessable"),
            "open" => {}
            "captured" => return Err("hold_captured"),
            "released" => return Err("hold_released"),
            _ => return Err("hold_expired"),
        }
        self.end_job(seq, &job, 0, "expired", now);
        Ok(())
    }

    pub fn pay_back(&mut self, seq: i64, now: i128) -> Verdict {
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
        self.debits.get_mut(&seq).expect("a debit").paid_back = true;
        self.write_off(now);
        Ok(())
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
        if let Some(lot) = lot.and_then(|id| self.lots.get_mut(&id)) {
            lot.taken_back += amount;
            let part = lot.free.min(missing);
            lot.free -= part;
            missing -= part;
        }
        let rest: i128 = self.burn(missing, now, false).iter().map(|(_, part)| part).sum();
        self.debt += missing - rest;
        self.rows += 1;
        Ok(())
    }

    pub fn adjust(&mut self, amount: i64, now: i128) -> Verdict {
        if amount == 0 {
            return Err("unprocessable");
        }
        if amount > 0 {
            self.write_off(now);
            self.add_lot(20, None, amount.into());
        } else {
            self.enough(-i128::from(amount), now)?;
            self.write_off(now);
            self.burn(-i128::from(amount), now, false);
        }
        self.rows += 1;
        Ok(())
    }

    pub fn transfer(from: &mut Self, to: &mut Self, amount: i64, now: i128) -> Verdict {
        let amount = i128::from(amount);
        if amount <= 0 {
            return Err("unprocessable");
        }
        from.enough(amount, now)?;
        from.write_off(now);
        to.write_off(now);
        for (id, part) in from.burn(amount, now, false) {
            let (priority, ends) = (from.lots[&id].priority, from.lots[&id].ends);
            to.add_lot(priority, ends, part);
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

/// The reference's world: two wallets of one account, and its clock in seconds.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub purses: [Purse; 2],
    pub now: i128,
}

impl World {
    /// Says what a step does. `target` is the row that it is about, already picked.
    pub fn play(&mut self, step: &Step, target: i64) -> Verdict {
        let now = self.now;
        match step {
            Step::Grant { wallet, amount, priority, expires_in, .. } => {
                self.purses[*wallet].grant(*amount, *priority, *expires_in, now)
            }
            Step::Charge { wallet, amount } => self.purses[*wallet].charge(*amount, now),
            Step::Hold { wallet, lines, expires_in } => self.purses[*wallet].hold(lines, *expires_in, now),
            Step::Capture { wallet, amount, .. } => self.purses[*wallet].capture(target, amount, now),
            Step::Release { wallet, .. } => self.purses[*wallet].release(target, now),
            Step::ExpireHold { wallet, .. } => self.purses[*wallet].time_out(target, now),
            Step::CreditBack { wallet, .. } => self.purses[*wallet].pay_back(target, now),
            Step::Clawback { wallet, grant, amount } => {
                self.purses[*wallet].claw_back(grant.map(|_| target), *amount, now)
            }
            Step::Adjust { wallet, amount } => self.purses[*wallet].adjust(*amount, now),
            Step::Transfer { from, amount } => {
                let [one, two] = &mut self.purses;
                let (from, to) = if *from == 0 { (one, two) } else { (two, one) };
                Purse::transfer(from, to, *amount, now)
            }
            Step::ExpireGrants { wallet } => self.purses[*wallet].expire(now),
            Step::Wait { seconds } => {
                self.now += i128::from(*seconds);
                Ok(())
            }
            Step::Repeat { .. } => Ok(()),
        }
    }

    /// Picks the row or lot that a step is about: mostly one that is there.
    pub fn target(&self, step: &Step) -> i64 {
        let among = |keys: Vec<i64>, which: usize| keys.get(which % (keys.len() + 1)).copied().unwrap_or(0);
        match step {
            Step::Capture { wallet, which, .. }
            | Step::Release { wallet, which }
            | Step::ExpireHold { wallet, which } => among(self.purses[*wallet].jobs.keys().copied().collect(), *which),
            Step::CreditBack { wallet, which } => {
                let rows = self.purses[*wallet].rows;
                if rows == 0 { 0 } else { 1 + i64::try_from(*which % usize::try_from(rows).unwrap_or(1)).unwrap_or(0) }
            }
            Step::Clawback { wallet, grant: Some(which), .. } => {
                among(self.purses[*wallet].lots.keys().copied().collect(), *which)
            }
            _ => 0,
        }
    }
}

pub fn micros(amount: i64) -> Credits {
    Credits::from_micros(amount)
}

/// The moment at which stories start.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

/// Makes the command of a step, and names whose wallet it goes to.
pub fn command(step: &Step, target: i64, ids: &[WalletId; 2], now: DateTime<Utc>) -> Option<(usize, Command)> {
    let receipt = |amount: &i64| Receipt::flat("op", "Op", micros(*amount));
    Some(match step {
        Step::Grant { wallet, amount, source, priority, expires_in } => {
            let source = GrantSource::ALL[source % GrantSource::ALL.len()];
            let grant = NewGrant {
                priority: *priority,
                expires_at: expires_in.map(|seconds| now + TimeDelta::seconds(seconds)),
                ..NewGrant::new(micros(*amount), source, "Lot")
            };
            (*wallet, Command::Grant(grant))
        }
        Step::Charge { wallet, amount } => (*wallet, Command::Charge { receipt: receipt(amount) }),
        Step::Hold { wallet, lines, expires_in } => {
            (*wallet, Command::Hold { lines: lines.iter().map(receipt).collect(), expires_in: Some(*expires_in) })
        }
        Step::Capture { wallet, amount, .. } => {
            let amount = match amount {
                Taken::All => CaptureAmount::All,
                Taken::Total(total) => CaptureAmount::Total(micros(*total)),
                Taken::Lines(lines) => CaptureAmount::Lines(lines.iter().copied().map(micros).collect()),
            };
            (*wallet, Command::Capture { hold: target, amount })
        }
        Step::Release { wallet, .. } => (*wallet, Command::Release { hold: target, reason: ReleaseReason::Cancelled }),
        Step::ExpireHold { wallet, .. } => (*wallet, Command::ExpireHold { hold: target }),
        Step::CreditBack { wallet, .. } => (*wallet, Command::CreditBack { charge: target, reason: "failed".into() }),
        Step::Clawback { wallet, grant, amount } => {
            let amount = micros(*amount);
            (*wallet, Command::Clawback { grant: grant.map(|_| target), amount, reason: "disputed".into() })
        }
        Step::Adjust { wallet, amount } => {
            (*wallet, Command::Adjustment { amount: micros(*amount), reason: "mended".into() })
        }
        Step::Transfer { from, amount } => {
            let (to, amount) = (ids[1 - from], micros(*amount));
            (*from, Command::Transfer { to, amount, reason: "moved".into() })
        }
        Step::ExpireGrants { wallet } => (*wallet, Command::ExpireGrants),
        Step::Wait { .. } | Step::Repeat { .. } => return None,
    })
}
