//! What was really spent, for rating it again: a rehearsal of new prices.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::detail::Detail;
use super::entry::EntryKind;
use super::repo::spent;
use super::service::Ledger;
use crate::error::Result;
use crate::id::AccountId;
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

impl Ledger {
    /// Counts the charges and captures of a time: the size of [`Ledger::spent`].
    pub async fn count_spent(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<i64> {
        spent::count(self.db.pool(), from, to).await
    }

    /// Hands over the charges and captures of a time, equal ones together, without those that were paid back.
    ///
    /// The database groups and streams; memory here stays small however many there are.
    pub async fn spent(&self, from: DateTime<Utc>, to: DateTime<Utc>, mut each: impl FnMut(Debit)) -> Result<()> {
        spent::each(self.db.pool(), from, to, |row| {
            let detail = row.detail.as_deref().and_then(Detail::from_text);
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
        })
        .await
    }
}
