//! Sums of what a wallet spent.

use chrono::{DateTime, Utc};

use crate::money::Credits;

/// What sums are told apart by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupBy {
    /// By the day, in the account's time zone.
    pub day: bool,
    /// By the operation.
    pub operation: bool,
    /// By what the operation makes.
    pub category: bool,
    /// By what callers sent along under these keys.
    pub metadata: Vec<String>,
}

/// One sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The day, as `2026-04-08`; where it was asked for.
    pub day: Option<String>,
    /// The operation; where it was asked for, and there is one.
    pub operation: Option<String>,
    /// What the operation makes; where it was asked for, and there is one.
    pub category: Option<String>,
    /// What callers sent along, in the order of the keys that were asked for.
    pub metadata: Vec<Option<String>>,
    /// How many charges and captures.
    pub charges: i64,
    /// What was spent, less what was paid back.
    pub credits: Credits,
}

/// What is summed up: rows before the sums, sums of whole quarters or days, and rows after those that are in the sums.
/// Of rows the first place is excluded, the second included; of sums the first beginning is included, the second
/// excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) struct Stretch {
    pub(in crate::ledger) before: (i64, i64),
    pub(in crate::ledger) sums: (DateTime<Utc>, DateTime<Utc>),
    pub(in crate::ledger) after: (i64, i64),
}

impl Stretch {
    /// Sums up rows alone.
    pub(crate) const fn of_rows(first: i64, last: i64) -> Self {
        Self { before: (first, last), sums: (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH), after: (last, last) }
    }
}
