//! What was really spent, for rating it again: a simulation of new prices.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::error::Result;
use crate::id::AccountId;
use crate::ledger::model::entry::EntryKind;
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::repo::charge_history::{self, SpentRow};
use crate::ledger::service::Ledger;
use crate::money::Credits;

/// Equal debits of one account: the same operation with the same inputs at the same price.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// Who paid.
    pub account: AccountId,
    /// What for.
    pub operation: String,
    /// The inputs that were priced.
    pub params: Value,
    /// How many calls one debit stood for.
    pub count: i64,
    /// How many such debits there were.
    pub times: i64,
    /// What one of them cost.
    pub credits: Credits,
}

/// Some debits, or some that can't be rated again.
#[derive(Clone, Debug, PartialEq)]
pub enum Debit {
    /// With everything that a price depends on.
    Rated(Spent),
    /// Captured in part, or kept in a form that this version doesn't read: so many.
    Opaque(i64),
}

/// Reads what was spent, a part of the ledger at a time, as of one moment.
pub struct SpentReader(charge_history::Reader);

impl Ledger {
    /// Begins to read the charges and captures of a time, without those that were paid back.
    ///
    /// The database groups equal ones of each part; memory here stays small however many there are.
    pub async fn spent(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<SpentReader> {
        Ok(SpentReader(charge_history::Reader::begin(self.db.pool(), from, to).await?))
    }
}

impl SpentReader {
    /// How many pages the ledger has.
    #[must_use]
    pub fn pages(&self) -> i64 {
        self.0.pages
    }

    /// Hands over the debits of the next part, equal ones together; says how many pages were read by then, or `None`
    /// where nothing is left.
    pub async fn read(&mut self, mut each: impl FnMut(Debit) + Send) -> Result<Option<i64>> {
        self.0.read(|row| hand_over(row, &mut each)).await
    }
}

impl fmt::Debug for SpentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpentReader").field("pages", &self.0.pages).finish_non_exhaustive()
    }
}

/// Makes debits of equal rows: one of a charge, one for each line of a capture.
fn hand_over(row: SpentRow, each: &mut impl FnMut(Debit)) {
    let detail = row.detail.as_deref().and_then(EntryPayload::from_text);
    match detail {
        Some(detail) if row.kind == EntryKind::Capture.code() => {
            for line in detail.into_lines() {
                let receipt = line.receipt;
                each(if line.captured == receipt.total {
                    Debit::Rated(Spent {
                        account: row.account,
                        operation: receipt.operation,
                        params: receipt.params,
                        count: receipt.count,
                        times: row.times,
                        credits: receipt.total,
                    })
                } else {
                    Debit::Opaque(row.times)
                });
            }
        }
        Some(detail) => {
            let total = row.credits;
            let receipt = detail.into_receipt(row.operation, None, None, row.count, total);
            each(receipt.map_or(Debit::Opaque(row.times), |receipt| {
                Debit::Rated(Spent {
                    account: row.account,
                    operation: receipt.operation,
                    params: receipt.params,
                    count: receipt.count,
                    times: row.times,
                    credits: total,
                })
            }));
        }
        None => each(Debit::Opaque(row.times)),
    }
}
