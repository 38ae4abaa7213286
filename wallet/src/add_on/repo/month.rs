//! The months of add-ons.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::add_on::AddOnSubscription;
use crate::add_on::rule::Month;
use crate::error::{Error, Result};

/// Writes a month down with the entry that deducted it; `false` where it was there before.
pub(crate) async fn insert_month(
    connection: &mut PgConnection,
    of: &AddOnSubscription,
    month: &Month,
    entry_seq: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO add_on_months (shard, wallet_id, add_on_id, month, starts_at, ends_at, credits, entry_seq,
                                    created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT ON CONSTRAINT add_on_months_pk DO NOTHING",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.id.uuid(),
        number(month.index)?,
        month.starts_at,
        month.ends_at,
        of.credits.micros(),
        entry_seq,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Counts a month that was deducted; `false` where the add-on has changed since it was read.
pub(crate) async fn set_deducted(
    connection: &mut PgConnection,
    of: &AddOnSubscription,
    month: &Month,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (anchor, anchor_month) = month.anchor;
    let done = sqlx::query!(
        "UPDATE add_on_subscriptions
         SET months = $5,
             paid_until = $6,
             anchor = $7,
             anchor_month = $8,
             state = 'on',
             pause_reason = NULL,
             paused_at = NULL,
             pause_available = NULL,
             short_since = NULL,
             due_at = $6,
             version = version + 1,
             updated_at = $9
         WHERE shard = $1
           AND wallet_id = $2
           AND id = $3
           AND version = $4
           AND state <> 'off'",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.id.uuid(),
        of.version,
        number(month.index.saturating_add(1))?,
        month.ends_at,
        anchor,
        number(anchor_month)?,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

fn number(month: u32) -> Result<i32> {
    i32::try_from(month).map_err(Error::internal)
}
