//! The pure core against a reference that was written without it: random stories, compared after every step.

mod ledger_model_support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use ledger_model_support::{Scope, Step, Taken, World, command, metadata, micros, start, steps, told_of};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use uuid::Uuid;
use wallet::error::Error;
use wallet::id::{AccountId, WalletId};
use wallet::idempotency::{IdempotencyKey, RequestHash};
use wallet::identity::Actor;
use wallet::ledger::Hash;
use wallet::ledger::{
    Budget, BudgetPeriod, BudgetScope, Command, EntryKind, EntryView, GrantSource, NewGrant, Outcome, Receipt, Window,
};
use wallet::ledger::{Rules, Subject};
use wallet::money::Credits;
use wallet::test_support::{
    Batch, Core, EarlierAnswer, Entry, PastDebit, Request, Verifier, WalletRequest, WalletState, lines_of,
};

/// The core's world: what the writer would have in memory, and every row so far.
struct Real {
    states: BTreeMap<WalletId, WalletState>,
    ids: [WalletId; 2],
    rows: BTreeMap<WalletId, Vec<Entry>>,
    done: Vec<(WalletRequest, Outcome)>,
    now: DateTime<Utc>,
}

impl Real {
    fn new() -> Self {
        let account = AccountId::new();
        let first = WalletId::new(account);
        let ids = [first, WalletId { number: first.number + 1, ..first }];
        let state = |id| {
            let core = Core {
                id,
                account: account.uuid(),
                version: 0,
                seq: 0,
                settled: Credits::ZERO,
                held: Credits::ZERO,
                debt: Credits::ZERO,
                head: Hash::default(),
                last_at: start(),
                grants_made: 0,
                archived: 0,
                last_refill: None,
                frozen: None,
                active_at: start(),
                grants: Vec::new(),
                budgets: Vec::new(),
            };
            (id, WalletState { core, holds: BTreeMap::new(), debits: BTreeMap::new() })
        };
        let rows = ids.iter().map(|id| (*id, Vec::new())).collect();
        Self { states: ids.iter().map(|id| state(*id)).collect(), ids, rows, done: Vec::new(), now: start() }
    }

    /// Does a command as the writer would, with what the database would give it.
    fn perform(&mut self, work: &WalletRequest) -> Result<Outcome, Error> {
        let mut batch = Batch::default();
        for (id, state) in &self.states {
            let mut state = state.clone();
            state.debits = self.past_debits(*id, work);
            let budgets = std::mem::take(&mut state.core.budgets);
            state.core.budgets = budgets.into_iter().map(|budget| budget.into_period(self.now, &Utc)).collect();
            batch.know(Box::new(state));
        }
        let outcome = batch.perform(work, self.now, &Rules::default())?;
        for entry in batch.entries() {
            self.rows.get_mut(&entry.view.wallet).expect("a wallet").push(entry.clone());
        }
        self.states = batch.into_states().map(|state| (state.core.id, *state)).collect();
        Ok(outcome)
    }

    /// Sets or takes away a ceiling, as the ledger's service does.
    fn set_budget(&mut self, scope: Scope, most: Option<i64>) {
        let (wallet, counted) = scope.in_ledger();
        let concerned: Vec<WalletId> = if scope == Scope::Project { self.ids.into() } else { vec![self.ids[wallet]] };
        let window = Window { start: self.now, ..BudgetPeriod::Day.window(self.now, &Utc) };
        let id = Uuid::now_v7();
        for wallet in concerned {
            let budgets = &mut self.states.get_mut(&wallet).expect("a wallet").core.budgets;
            let known = budgets.iter_mut().find(|known| known.scope == counted);
            match (known, most.map(micros)) {
                (_, None) => budgets.retain(|known| known.scope != counted),
                (Some(known), Some(ceiling)) => known.ceiling = ceiling,
                (None, Some(ceiling)) => budgets.push(Budget {
                    id,
                    name: "Day".to_owned(),
                    scope: counted.clone(),
                    period: BudgetPeriod::Day,
                    ceiling,
                    window,
                    spent: Credits::ZERO,
                }),
            }
        }
    }

    fn past_debits(&self, id: WalletId, work: &WalletRequest) -> BTreeMap<i64, PastDebit> {
        let (Command::CreditBack { charge, .. } | Command::Restore { void: charge, .. }) = work.request.command else {
            return BTreeMap::new();
        };
        let rows = &self.rows[&id];
        let Some(row) = rows.iter().find(|row| row.view.seq == charge) else { return BTreeMap::new() };
        let gives_back = |view: &EntryView| {
            view.kind == EntryKind::CreditBack || (view.kind == EntryKind::Clawback && view.amount.is_positive())
        };
        let back = |row: &&Entry| gives_back(&row.view) && row.view.refers_to == Some(charge);
        let credited_by = rows.iter().find(back).map(|row| row.view.seq);
        // A capture was counted at its hold.
        let hold = row.view.refers_to.filter(|_| row.view.kind == EntryKind::Capture);
        let placed = hold.and_then(|hold| rows.iter().find(|row| row.view.seq == hold)).unwrap_or(row);
        let counted = (Subject::of(&placed.view.actor, &placed.view.metadata), placed.view.created_at);
        let lines = if row.view.kind == EntryKind::Capture { lines_of(row.detail.as_deref()) } else { Vec::new() };
        let (entry, allocations) = (row.view.clone(), row.allocations.clone());
        let debit = PastDebit { entry, allocations, lines, credited_by, counted };
        BTreeMap::from([(charge, debit)])
    }
}

fn work(wallet: WalletId, number: usize, command: Command, metadata: Value) -> WalletRequest {
    let key = IdempotencyKey::parse(&format!("k{number}")).expect("a key");
    let request = Request {
        request_hash: RequestHash::of(format!("{command:?}").as_bytes()),
        command,
        key,
        actor: Actor::system("test"),
        metadata_text: (!metadata.is_null()).then(|| metadata.to_string().into()),
        metadata,
    };
    WalletRequest { wallet, request }
}

/// Compares everything that both sides know.
fn compare(world: &World, real: &Real) -> Result<(), TestCaseError> {
    for (purse, id) in world.purses.iter().zip(&real.ids) {
        let core = &real.states[id].core;
        prop_assert_eq!(i128::from(core.settled.micros()), purse.settled());
        prop_assert_eq!(i128::from(core.held.micros()), purse.held());
        prop_assert_eq!(i128::from(core.debt.micros()), purse.debt);
        prop_assert_eq!(i128::from(core.available(real.now).expect("fits").micros()), purse.available(world.now));
        prop_assert_eq!(core.seq, purse.rows);
        prop_assert!(purse.debt == 0 || purse.available(world.now) < 0);
        for model in &world.budgets.0 {
            let (wallet, scope) = model.scope.in_ledger();
            if scope != BudgetScope::Project && real.ids[wallet] != *id {
                continue;
            }
            let budget = core.budgets.iter().find(|budget| budget.scope == scope).expect("the budget");
            let budget = budget.clone().into_period(real.now, &Utc);
            prop_assert_eq!(i128::from(budget.spent.micros()), model.spent_at(world.now), "{:?}", model);
        }
        for (lot_id, lot) in &purse.lots {
            let grant = core.grant(*lot_id);
            let numbers = grant.map(|grant| (grant.remaining.micros().into(), grant.held.micros().into()));
            prop_assert_eq!(numbers, Some((lot.free, lot.set_aside)), "grant {}", lot_id);
        }
    }
    Ok(())
}

fn tell(story: &[Step]) -> Result<(), TestCaseError> {
    let (mut world, mut real) = (World::default(), Real::new());
    for (number, step) in story.iter().enumerate() {
        if let Step::Repeat { which } = step
            && !real.done.is_empty()
        {
            let (again, first) = &real.done[which % real.done.len()];
            let (again, first) = (again.clone(), first.clone());
            repeat(&mut real, &again, &first)?;
        }
        let target = world.target(step);
        let asked = command(step, target, &real.ids, real.now);
        let verdict = world.play(step, target);
        real.now = start() + TimeDelta::seconds(i64::try_from(world.now).expect("small"));
        match step {
            Step::Budget { scope, most } => real.set_budget(*scope, *most),
            Step::Freeze { wallet, frozen } => {
                let state = real.states.get_mut(&real.ids[*wallet]).expect("a wallet");
                state.core.frozen = frozen.then(|| "test".into());
            }
            _ => {}
        }
        let Some((wallet, command)) = asked else { continue };
        let work = work(real.ids[wallet], number, command, metadata(step));
        match real.perform(&work) {
            Ok(outcome) => {
                prop_assert_eq!(verdict, Ok(()), "the core did {:?}", step);
                if outcome.entry().is_some() && !matches!(step, Step::ExpireGrants { .. }) {
                    real.done.push((work, outcome));
                }
            }
            Err(Error::Refused(refusal)) => {
                prop_assert_eq!(verdict, Err(refusal.code()), "the core refused {:?}", step);
            }
            Err(error) => return Err(TestCaseError::fail(format!("{error} at {step:?}"))),
        }
        compare(&world, &real)?;
    }
    prove(&world, &real)
}

/// A key that was used answers as the first time, and another request with it is refused.
fn repeat(real: &mut Real, again: &WalletRequest, first: &Outcome) -> Result<(), TestCaseError> {
    let entry = first.entry().expect("a row").clone();
    let mut batch = Batch::default();
    real.states.values().for_each(|state| batch.know(Box::new(state.clone())));
    let done = EarlierAnswer { request_hash: again.request.request_hash, entry: entry.clone() };
    batch.know_done(again.wallet, again.request.key.clone(), done);
    let told = batch.perform(again, real.now, &Rules::default()).expect("replayed");
    prop_assert!(told.replayed && batch.is_empty());
    prop_assert_eq!((told.entry(), told.balance), (Some(&entry), first.balance));
    let mut other = again.clone();
    other.request.request_hash = RequestHash::of(b"another");
    prop_assert!(batch.perform(&other, real.now, &Rules::default()).is_err());
    Ok(())
}

/// Every chain follows from its first row, and rows that follow a row are for whom that was.
fn prove(world: &World, real: &Real) -> Result<(), TestCaseError> {
    for (purse, id) in world.purses.iter().zip(&real.ids) {
        let row = |seq: i64| real.rows[id].iter().find(|row| row.view.seq == seq).expect("a row");
        told_of(purse, |seq| &row(seq).view.metadata)?;
    }
    for (id, rows) in &real.rows {
        let mut verifier = Verifier::new(*id);
        for row in rows {
            verifier.next(row).map_err(TestCaseError::fail)?;
        }
        prop_assert_eq!(verifier.head(), (real.states[id].core.seq, real.states[id].core.head));
    }
    Ok(())
}

/// Steps in one run, in stories of up to [`LENGTH`]. `MODEL_STEPS` sets another number: a million in `make test`,
/// where the core is optimized.
const STEPS: u64 = 40_000;
const LENGTH: usize = 160;
/// Stories of one runner, whose randomness is its own.
const STORIES: u32 = 64;

#[test]
fn the_core_does_what_the_rules_say() {
    let wanted = std::env::var("MODEL_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(STEPS);
    let (told, played) = (AtomicU64::new(0), AtomicU64::new(0));
    let play = || {
        while played.load(Ordering::Relaxed) < wanted {
            let config = ProptestConfig { cases: STORIES, failure_persistence: None, ..ProptestConfig::default() };
            let mut runner = TestRunner::new(config);
            let result = runner.run(&steps(LENGTH), |story| {
                told.fetch_add(1, Ordering::Relaxed);
                played.fetch_add(story.len() as u64, Ordering::Relaxed);
                tell(&story)
            });
            result.unwrap_or_else(|found| panic!("{found}\n{runner}"));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(play)));
    println!("{} steps in {} stories: the core and its model agree", played.into_inner(), told.into_inner());
}

/// What was held before a ceiling was set was not counted by it: giving it back frees nothing.
#[test]
fn a_budget_gives_back_only_what_it_counted() {
    let story = [
        Step::Grant { wallet: 0, amount: 32, source: 0, priority: 0, expires_in: None, limit: None },
        Step::Hold { wallet: 0, lines: vec![8], operation: 0, expires_in: 10, customer: None },
        Step::Wait { seconds: 1 },
        Step::Budget { scope: Scope::Wallet(0), most: Some(8) },
        Step::Charge { wallet: 0, amount: 8, operation: 0, customer: None },
        Step::Release { wallet: 0, which: 0 },
        Step::Charge { wallet: 0, amount: 1, operation: 0, customer: None },
    ];
    tell(&story).expect("as the reference says");
}

/// A story that once went wrong: a capture whose rest repaid a debt gave that back, too, when it was paid back.
#[test]
fn what_repaid_a_debt_is_not_paid_back() {
    let story = [
        Step::Grant { wallet: 0, amount: 32, source: 0, priority: 0, expires_in: None, limit: None },
        Step::Hold { wallet: 0, lines: vec![2], operation: 0, expires_in: 1, customer: None },
        Step::Clawback { wallet: 0, grant: None, amount: 31 },
        Step::Capture { wallet: 0, which: 0, amount: Taken::Total(0) },
        Step::CreditBack { wallet: 0, which: 3 },
    ];
    tell(&story).expect("as the reference says");
}

#[test]
fn numbers_at_the_edge_are_refused_not_wrapped() {
    let mut real = Real::new();
    let id = real.ids[0];
    let huge = [i64::MAX, i64::MIN, i64::MAX - 1, 1_000_000_000_000_000_001, -1, 0];
    for (number, amount) in huge.into_iter().enumerate() {
        let amount = micros(amount);
        let commands = [
            Command::Grant(NewGrant::new(amount, GrantSource::TopUp, "Lot")),
            Command::Clawback { grant: None, amount, reason: "x".into() },
            Command::Transfer { to: real.ids[1], amount, reason: "x".into(), grant: None },
            Command::Hold {
                lines: vec![Receipt::flat("op", "Op", amount), Receipt::flat("op", "Op", amount)],
                expires_in: None,
            },
        ];
        for (place, command) in commands.into_iter().enumerate() {
            if amount == Credits::ZERO && place == 3 {
                continue;
            }
            let refused =
                real.perform(&work(id, number * 10 + place, command, Value::Null)).expect_err("out of bounds");
            assert!(matches!(refused, Error::Refused(_)), "{amount} at {place}: {refused}");
        }
    }
    // As much as a wallet may hold, and not a micro-credit more.
    let most = wallet::test_support::MAX_AMOUNT;
    let all = Command::Grant(NewGrant::new(most, GrantSource::TopUp, "Lot"));
    real.perform(&work(id, 1000, all, Value::Null)).expect("granted");
    let more = Command::Grant(NewGrant::new(micros(1), GrantSource::TopUp, "Lot"));
    assert!(matches!(real.perform(&work(id, 1001, more, Value::Null)), Err(Error::Refused(_))));
    assert_eq!(real.states[&id].core.settled, most);
}
