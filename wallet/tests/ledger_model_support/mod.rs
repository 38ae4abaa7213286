//! A reference of the wallet, written on its own from the rules in words: maps, i128, and no thought of speed. Here are
//! the steps of a story and its world; what a step does to a wallet is in [`purse`].
#![allow(dead_code, reason = "each test file uses its own part")]

mod budget;
mod purse;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use wallet::id::WalletId;
use wallet::ledger::{
    BudgetScope, CaptureAmount, Command, FeeKind, GrantLimit, GrantSource, NewGrant, Receipt, ReleaseReason,
};
use wallet::money::Credits;

use budget::Spending;
pub use budget::{DAY, ModelBudgets};
use purse::{Purse, Verdict};

/// One step of a random story. Amounts are micro-credits, times are seconds; `which` picks among what there is.
#[derive(Clone, Debug)]
pub enum Step {
    Grant {
        wallet: usize,
        amount: i64,
        source: usize,
        priority: i16,
        expires_in: Option<i64>,
        /// What it pays for, of [`LIMITS`]; everything where nothing is said.
        limit: Option<usize>,
    },
    Charge {
        wallet: usize,
        amount: i64,
        /// What for, of [`OPERATIONS`].
        operation: usize,
        customer: Option<u8>,
    },
    Fee {
        wallet: usize,
        amount: i64,
    },
    Hold {
        wallet: usize,
        lines: Vec<i64>,
        /// What the first line is for, of [`OPERATIONS`]; the next ones are for the next.
        operation: usize,
        expires_in: u32,
        customer: Option<u8>,
    },
    Capture {
        wallet: usize,
        which: usize,
        amount: Taken,
    },
    Release {
        wallet: usize,
        which: usize,
    },
    ExpireHold {
        wallet: usize,
        which: usize,
    },
    CreditBack {
        wallet: usize,
        which: usize,
    },
    Clawback {
        wallet: usize,
        grant: Option<usize>,
        amount: i64,
    },
    Void {
        wallet: usize,
        grant: usize,
        amount: i64,
    },
    Restore {
        wallet: usize,
        which: usize,
    },
    Adjust {
        wallet: usize,
        amount: i64,
    },
    Transfer {
        from: usize,
        amount: i64,
    },
    ExpireGrants {
        wallet: usize,
    },
    /// Sets a ceiling of a day, or takes it away.
    Budget {
        scope: Scope,
        most: Option<i64>,
    },
    Freeze {
        wallet: usize,
        frozen: bool,
    },
    Wait {
        seconds: i64,
    },
    Repeat {
        which: usize,
    },
}

#[derive(Clone, Debug)]
pub enum Taken {
    All,
    Total(i64),
    Lines(Vec<i64>),
}

/// What a ceiling counts: everything of the project, of one wallet, or of one end customer in one wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Project,
    Wallet(usize),
    Customer(usize, u8),
}

pub fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let wallet = 0..2_usize;
    let which = any::<usize>();
    let customer = prop::option::of(0..2_u8);
    let operation = 0..OPERATIONS.len();
    let limit = prop::option::weighted(0.4, 0..LIMITS.len());
    let scope = prop_oneof![
        Just(Scope::Project),
        (0..2_usize).prop_map(Scope::Wallet),
        (0..2_usize, 0..2_u8).prop_map(|(wallet, customer)| Scope::Customer(wallet, customer)),
    ];
    let taken = prop_oneof![
        Just(Taken::All),
        (-1..40_i64).prop_map(Taken::Total),
        prop::collection::vec(-1..16_i64, 1..4).prop_map(Taken::Lines),
    ];
    let step = prop_oneof![
        4 => (wallet.clone(), -1..60_i64, 0..6_usize, 0..4_i16, prop::option::of(0..20_i64), limit).prop_map(
            |(wallet, amount, source, priority, expires_in, limit)| {
                Step::Grant { wallet, amount, source, priority, expires_in, limit }
            }),
        6 => (wallet.clone(), -1..30_i64, operation.clone(), customer.clone())
            .prop_map(|(wallet, amount, operation, customer)| Step::Charge { wallet, amount, operation, customer }),
        1 => (wallet.clone(), -1..20_i64).prop_map(|(wallet, amount)| Step::Fee { wallet, amount }),
        4 => (wallet.clone(), prop::collection::vec(0..15_i64, 0..4), operation, 0..12_u32, customer).prop_map(
            |(wallet, lines, operation, expires_in, customer)| {
                Step::Hold { wallet, lines, operation, expires_in, customer }
            }),
        3 => (wallet.clone(), which, taken).prop_map(|(wallet, which, amount)| Step::Capture { wallet, which, amount }),
        2 => (wallet.clone(), which).prop_map(|(wallet, which)| Step::Release { wallet, which }),
        1 => (wallet.clone(), which).prop_map(|(wallet, which)| Step::ExpireHold { wallet, which }),
        2 => (wallet.clone(), which).prop_map(|(wallet, which)| Step::CreditBack { wallet, which }),
        1 => (wallet.clone(), prop::option::of(which), -1..60_i64)
            .prop_map(|(wallet, grant, amount)| Step::Clawback { wallet, grant, amount }),
        1 => (wallet.clone(), which, -1..40_i64)
            .prop_map(|(wallet, grant, amount)| Step::Void { wallet, grant, amount }),
        1 => (wallet.clone(), which).prop_map(|(wallet, which)| Step::Restore { wallet, which }),
        1 => (wallet.clone(), -20..20_i64).prop_map(|(wallet, amount)| Step::Adjust { wallet, amount }),
        2 => (wallet.clone(), -1..30_i64).prop_map(|(from, amount)| Step::Transfer { from, amount }),
        1 => wallet.clone().prop_map(|wallet| Step::ExpireGrants { wallet }),
        1 => (scope, prop::option::weighted(0.8, 0..60_i64)).prop_map(|(scope, most)| Step::Budget { scope, most }),
        // Mostly thawed again soon, so that a story goes on.
        1 => (wallet, prop::bool::weighted(0.3)).prop_map(|(wallet, frozen)| Step::Freeze { wallet, frozen }),
        4 => prop_oneof![9 => 0..7_i64, 1 => Just(DAY / 2)].prop_map(|seconds| Step::Wait { seconds }),
        1 => which.prop_map(|which| Step::Repeat { which }),
    ];
    prop::collection::vec(step, 1..length)
}

/// The reference's world: two wallets of one project, their ceilings, and its clock in seconds.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub purses: [Purse; 2],
    pub budgets: ModelBudgets,
    pub now: i128,
}

impl World {
    /// Says what a step does. `target` is the row that it is about, already picked.
    pub fn play(&mut self, step: &Step, target: i64) -> Verdict {
        let now = self.now;
        match step {
            Step::Grant { wallet, amount, priority, expires_in, limit, .. } => {
                self.purses[*wallet].grant(*amount, (*priority, *limit), *expires_in, now)
            }
            Step::Charge { wallet, amount, operation, customer } => {
                let spending = Spending { wallet: *wallet, customer: *customer, at: now };
                self.spend(spending, (*amount).into(), |purse| purse.charge(*amount, *operation, spending))
            }
            Step::Fee { wallet, amount } => self.purses[*wallet].fee(*amount, now),
            Step::Hold { wallet, lines, operation, expires_in, customer } => {
                let spending = Spending { wallet: *wallet, customer: *customer, at: now };
                let amount = lines.iter().map(|line| i128::from(*line)).sum();
                self.spend(spending, amount, |purse| purse.hold((lines, *operation), *expires_in, spending))
            }
            Step::Capture { wallet, amount, .. } => {
                let left = self.purses[*wallet].capture(target, amount, now);
                left.map(|left| self.budgets.give_back(left))
            }
            Step::Release { wallet, .. } => {
                let left = self.purses[*wallet].release(target, now);
                left.map(|left| self.budgets.give_back(left))
            }
            Step::ExpireHold { wallet, .. } => {
                let left = self.purses[*wallet].time_out(target, now);
                left.map(|left| self.budgets.give_back(left))
            }
            Step::CreditBack { wallet, .. } => {
                let back = self.purses[*wallet].pay_back(target, now);
                back.map(|back| back.into_iter().for_each(|back| self.budgets.give_back(back)))
            }
            Step::Clawback { wallet, grant, amount } => {
                self.purses[*wallet].claw_back(grant.map(|_| target), *amount, now)
            }
            Step::Void { wallet, amount, .. } => self.purses[*wallet].void(target, *amount, now),
            Step::Restore { wallet, .. } => self.purses[*wallet].restore(target, now),
            Step::Adjust { wallet, amount } => self.purses[*wallet].adjust(*amount, now),
            Step::Transfer { from, amount } => {
                let [one, two] = &mut self.purses;
                let (from, to) = if *from == 0 { (one, two) } else { (two, one) };
                Purse::transfer(from, to, *amount, now)
            }
            Step::ExpireGrants { wallet } => self.purses[*wallet].expire(now),
            Step::Budget { scope, most } => {
                self.budgets.set(*scope, *most, now);
                Ok(())
            }
            Step::Freeze { wallet, frozen } => {
                self.purses[*wallet].frozen = *frozen;
                Ok(())
            }
            Step::Wait { seconds } => {
                self.now += i128::from(*seconds);
                Ok(())
            }
            Step::Repeat { .. } => Ok(()),
        }
    }

    /// Spends from a wallet, and counts it where ceilings do; where one is too low, nothing has happened.
    fn spend(&mut self, spending: Spending, amount: i128, act: impl FnOnce(&mut Purse) -> Verdict) -> Verdict {
        let mut purse = self.purses[spending.wallet].clone();
        act(&mut purse)?;
        self.budgets.count(spending, amount)?;
        self.purses[spending.wallet] = purse;
        Ok(())
    }

    /// Picks the row or lot that a step is about: mostly one that is there.
    pub fn target(&self, step: &Step) -> i64 {
        let among = |keys: Vec<i64>, which: usize| keys.get(which % (keys.len() + 1)).copied().unwrap_or(0);
        match step {
            Step::Capture { wallet, which, .. }
            | Step::Release { wallet, which }
            | Step::ExpireHold { wallet, which } => among(self.purses[*wallet].jobs.keys().copied().collect(), *which),
            Step::Restore { wallet, which } => {
                let voids = self.purses[*wallet].voids.keys().copied().collect();
                // Now and then any other row.
                if which % 7 == 0 { self.purses[*wallet].rows } else { among(voids, *which) }
            }
            Step::CreditBack { wallet, which } => {
                let rows = self.purses[*wallet].rows;
                if rows == 0 { 0 } else { 1 + i64::try_from(*which % usize::try_from(rows).unwrap_or(1)).unwrap_or(0) }
            }
            Step::Clawback { wallet, grant: Some(which), .. } | Step::Void { wallet, grant: which, .. } => {
                among(self.purses[*wallet].lots.keys().copied().collect(), *which)
            }
            _ => 0,
        }
    }
}

/// What a call says of the end customer that it is for.
pub fn metadata(step: &Step) -> Value {
    match step {
        Step::Charge { customer: Some(customer), .. } | Step::Hold { customer: Some(customer), .. } => {
            json!({ "customer_id": name_of(*customer) })
        }
        _ => Value::Null,
    }
}

/// Compares which end customers a wallet's rows are for: `rows` gives a row's metadata.
pub fn told_of<'a>(purse: &Purse, rows: impl Fn(i64) -> &'a Value) -> Result<(), TestCaseError> {
    for (seq, customer) in &purse.told {
        let told = rows(*seq).get("customer_id").and_then(Value::as_str);
        let wanted = customer.map(name_of);
        prop_assert_eq!(told, wanted.as_deref(), "row {}", seq);
    }
    Ok(())
}

fn name_of(customer: u8) -> String {
    format!("customer {customer}")
}

impl Scope {
    /// What the ledger calls it, and in which wallet it is set.
    pub fn in_ledger(self) -> (usize, BudgetScope) {
        match self {
            Self::Project => (0, BudgetScope::Project),
            Self::Wallet(wallet) => (wallet, BudgetScope::Environment),
            Self::Customer(wallet, customer) => (wallet, BudgetScope::Customer(name_of(customer))),
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

/// What stories spend on: codes and categories.
pub const OPERATIONS: [(&str, &str); 3] = [("draw", "image"), ("film", "video"), ("chat", "text")];

/// What a grant of a story may be limited to.
pub struct Limit {
    operations: &'static [&'static str],
    categories: &'static [&'static str],
    /// The same in the reference's words: which of [`OPERATIONS`] it pays for, and its place before other limits.
    pub pays: [bool; 3],
    pub place: u8,
}

/// Some contain others, some overlap.
pub const LIMITS: [Limit; 6] = [
    Limit { operations: &["draw"], categories: &[], pays: [true, false, false], place: 1 },
    Limit { operations: &["film"], categories: &[], pays: [false, true, false], place: 1 },
    Limit { operations: &["draw", "film"], categories: &[], pays: [true, true, false], place: 2 },
    Limit { operations: &["chat", "draw"], categories: &[], pays: [true, false, true], place: 2 },
    Limit { operations: &[], categories: &["image"], pays: [true, false, false], place: 3 },
    Limit { operations: &["film"], categories: &["image"], pays: [true, true, false], place: 4 },
];

impl Limit {
    fn in_ledger(&self) -> Option<GrantLimit> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        GrantLimit::new(owned(self.operations), owned(self.categories)).expect("a limit")
    }
}

const SOURCES: [GrantSource; 6] = [
    GrantSource::Allowance,
    GrantSource::OneTime,
    GrantSource::Promo,
    GrantSource::TopUp,
    GrantSource::Adjustment,
    GrantSource::Transfer,
];

/// Makes the command of a step, and names whose wallet it goes to.
pub fn command(step: &Step, target: i64, ids: &[WalletId; 2], now: DateTime<Utc>) -> Option<(usize, Command)> {
    let receipt = |amount: &i64, operation: usize| {
        let (code, category) = OPERATIONS[operation % OPERATIONS.len()];
        Receipt { category: category.to_owned(), ..Receipt::flat(code, "Op", micros(*amount)) }
    };
    Some(match step {
        Step::Grant { wallet, amount, source, priority, expires_in, limit } => {
            let source = SOURCES[source % SOURCES.len()];
            let grant = NewGrant {
                priority: *priority,
                expires_at: expires_in.map(|seconds| now + TimeDelta::seconds(seconds)),
                limit: limit.and_then(|limit| LIMITS[limit].in_ledger()),
                ..NewGrant::new(micros(*amount), source, "Lot")
            };
            (*wallet, Command::Grant(grant))
        }
        Step::Charge { wallet, amount, operation, .. } => {
            (*wallet, Command::Charge { receipt: receipt(amount, *operation) })
        }
        Step::Fee { wallet, amount } => {
            // Add-ons and metered items follow the same rules.
            let kind = if amount % 2 == 0 { FeeKind::Metered } else { FeeKind::AddOn };
            (*wallet, Command::Fee { kind, receipt: receipt(amount, 0) })
        }
        Step::Hold { wallet, lines, operation, expires_in, .. } => {
            let lines = lines.iter().zip(*operation..).map(|(amount, operation)| receipt(amount, operation)).collect();
            (*wallet, Command::Hold { lines, expires_in: Some(*expires_in) })
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
        Step::Void { wallet, amount, .. } => {
            (*wallet, Command::Void { grant: target, amount: micros(*amount), reason: "refunded".into() })
        }
        Step::Restore { wallet, .. } => (*wallet, Command::Restore { void: target, reason: "not refunded".into() }),
        Step::Adjust { wallet, amount } => {
            (*wallet, Command::Adjustment { amount: micros(*amount), reason: "mended".into() })
        }
        Step::Transfer { from, amount } => {
            let (to, amount) = (ids[1 - from], micros(*amount));
            (*from, Command::Transfer { to, amount, reason: "moved".into(), grant: None })
        }
        Step::ExpireGrants { wallet } => (*wallet, Command::ExpireGrants),
        Step::Budget { .. } | Step::Freeze { .. } | Step::Wait { .. } | Step::Repeat { .. } => return None,
    })
}
