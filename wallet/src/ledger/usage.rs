//! Usage: what a wallet spent in a time, summed up by day, operation, category and what callers sent along.

use chrono::{DateTime, TimeDelta, Utc};

use super::history::newest_at;
use super::repo::{archive, read, usage};
use super::service::Ledger;
use crate::db;
use crate::error::{Problem, Refusal, Result};
use crate::id::WalletId;
use crate::money::Credits;

/// The longest time that is summed up at once.
pub const DAYS_MAX: i64 = 366;
/// The most keys of metadata that sums are told apart by.
pub const METADATA_MAX: usize = 3;
/// The most sums of one answer.
pub const ROWS_MAX: usize = 10_000;
/// How long it may take, in seconds.
const SECONDS_MAX: u32 = 5;

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

impl Ledger {
    /// Sums up what a wallet spent from an instant on and before another. What is archived can't be told.
    pub async fn usage(
        &self,
        wallet: WalletId,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        by: &GroupBy,
    ) -> Result<Vec<UsageRow>> {
        if to <= from || to - from > TimeDelta::days(DAYS_MAX) {
            let message = format!("`from` comes before `to`, by at most {DAYS_MAX} days.");
            return Err(Refusal::invalid("from", Problem::NotAllowed, message).into());
        }
        if by.metadata.len() > METADATA_MAX {
            let message = format!("At most {METADATA_MAX} keys of metadata.");
            return Err(Refusal::invalid("group_by", Problem::TooMany, message).into());
        }
        let mut transaction = self.db.begin().await?;
        db::one_moment(&mut transaction).await?;
        db::hurry(&mut transaction, SECONDS_MAX).await?;
        let now = read::wallet(&mut *transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let archived = archive::newest(&mut transaction, wallet).await?;
        // Both ends are excluded instants: the last one before each.
        let before = |at: DateTime<Utc>| at - TimeDelta::microseconds(1);
        let first = newest_at(&mut transaction, wallet, now.seq, archived.as_ref(), before(from)).await?;
        let last = newest_at(&mut transaction, wallet, now.seq, archived.as_ref(), before(to)).await?;
        let zone = self.zone_of(&mut transaction, wallet).await?;
        let limit = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX).saturating_add(1);
        let rows = usage::sums(&mut transaction, wallet, (first, last), by, zone.name(), limit).await?;
        transaction.commit().await?;
        if rows.len() > ROWS_MAX {
            let message = format!("More than {ROWS_MAX} sums: ask for a shorter time, or for fewer groups.");
            return Err(Refusal::unprocessable("group_by", Problem::TooMany, message).into());
        }
        Ok(rows)
    }
}
