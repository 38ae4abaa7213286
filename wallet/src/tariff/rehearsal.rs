//! Rehearsal: what the charges of the last weeks would have cost under a draft.
//!
//! It says who would pay more and who less, and which charges would fail. It can't say how people would react.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::AccountId;
use crate::money::Credits;

/// What a rehearsal found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The draft.
    pub version: i32,
    /// The draft's revision that was rehearsed; a later edit makes the rehearsal stale.
    pub revision: i64,
    /// From when charges were rated again.
    pub from: DateTime<Utc>,
    /// Until when; the moment of the rehearsal.
    pub to: DateTime<Utc>,
    /// How many debits were rated again.
    pub charges: i64,
    /// How many could not be: captured in part, or without a receipt.
    pub left_out: i64,
    /// How many accounts paid them.
    pub accounts: i64,
    /// What they cost.
    pub before: Credits,
    /// What they would have cost.
    pub after: Credits,
    /// By operation, the largest first.
    pub operations: Vec<OperationImpact>,
    /// The accounts that would save most.
    pub winners: Vec<AccountImpact>,
    /// The accounts that would pay most more.
    pub losers: Vec<AccountImpact>,
    /// How many accounts would pay less.
    pub less: i64,
    /// How many the same.
    pub same: i64,
    /// How many more.
    pub more: i64,
    /// How many accounts by change of their bill: under −20 %, to −10 %, to −5 %, to 0, 0, to 5 %, to 10 %, to 20 %,
    /// over 20 %.
    pub histogram: [i64; 9],
    /// Charges that would be refused under the draft.
    pub failing: Vec<Failing>,
    /// Operations of the draft that nobody used: nothing is known of them.
    pub unused: i64,
}

/// One operation, rated again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationImpact {
    /// Which one.
    pub operation: String,
    /// How many debits.
    pub charges: i64,
    /// What they cost.
    pub before: Credits,
    /// What they would have cost.
    pub after: Credits,
}

/// One account, rated again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountImpact {
    /// Which one.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// What its debits cost.
    pub before: Credits,
    /// What they would have cost.
    pub after: Credits,
}

/// Charges of one operation that would be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Which one.
    pub operation: String,
    /// How many debits.
    pub charges: i64,
    /// Why, as the first of them would hear it.
    pub reason: String,
}

/// How far a rehearsal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Debits rated.
    pub done: i64,
    /// Debits to rate.
    pub total: i64,
}
