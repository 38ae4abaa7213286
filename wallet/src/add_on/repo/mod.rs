//! The SQL of add-ons and their months.

mod change;
pub(crate) mod invariants;
mod month;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) use change::{end, insert, keep, pause, set_cancel, wait};
pub(crate) use month::{insert_month, set_deducted};

use crate::add_on::{AddOnPause, AddOnSubscription, PauseReason, StoredState};
use crate::error::{Error, Result};
use crate::id::{AccountId, AddOnId, Shard, WalletId};
use crate::money::Credits;

/// Which add-ons of a wallet are read: those that meet every wish.
#[derive(Clone, Copy, Default)]
pub(crate) struct Filter<'a> {
    /// Those that are on or paused.
    pub(crate) live: bool,
    pub(crate) id: Option<AddOnId>,
    pub(crate) code: Option<&'a str>,
    /// The key of the form that switched it on.
    pub(crate) request_key: Option<&'a str>,
}

struct Raw {
    id: Uuid,
    account_id: Uuid,
    code: String,
    name: String,
    credits: i64,
    time_zone: String,
    anchor: DateTime<Utc>,
    anchor_month: i32,
    months: i32,
    paid_until: DateTime<Utc>,
    state: String,
    cancel_at_end: bool,
    pause_reason: Option<String>,
    paused_at: Option<DateTime<Utc>>,
    pause_available: Option<i64>,
    short_since: Option<DateTime<Utc>>,
    version: i64,
}

impl Raw {
    fn subscription(self, wallet: WalletId) -> Result<AddOnSubscription> {
        let count = |number: i32| u32::try_from(number).map_err(Error::internal);
        let pause = match (self.pause_reason, self.paused_at, self.pause_available) {
            (Some(reason), Some(at), Some(available)) => Some(AddOnPause {
                reason: PauseReason::from_code(&reason).ok_or_else(|| Error::internal("an unknown reason to pause"))?,
                at,
                available: Credits::from_micros(available),
            }),
            _ => None,
        };
        Ok(AddOnSubscription {
            id: AddOnId::from_uuid(self.id),
            account: AccountId::from_uuid(self.account_id),
            wallet,
            code: self.code,
            name: self.name,
            credits: Credits::from_micros(self.credits),
            time_zone: self.time_zone,
            anchor: self.anchor,
            anchor_month: count(self.anchor_month)?,
            months: count(self.months)?,
            paid_until: self.paid_until,
            state: StoredState::from_code(&self.state).ok_or_else(|| Error::internal("an unknown state"))?,
            cancel_at_end: self.cancel_at_end,
            pause,
            short_since: self.short_since,
            version: self.version,
        })
    }
}

/// Reads add-ons of a wallet, oldest first.
pub(crate) async fn list(pool: &PgPool, wallet: WalletId, filter: Filter<'_>) -> Result<Vec<AddOnSubscription>> {
    let rows = sqlx::query_as!(
        Raw,
        "SELECT id, account_id, code, name, credits, time_zone, anchor, anchor_month, months, paid_until, state,
                cancel_at_end, pause_reason, paused_at, pause_available, short_since, version
         FROM add_on_subscriptions
         WHERE shard = $1
           AND wallet_id = $2
           AND (NOT $3 OR state <> 'off')
           AND ($4::uuid IS NULL OR id = $4)
           AND ($5::text IS NULL OR code = $5)
           AND ($6::text IS NULL OR request_key = $6)
         ORDER BY created_at, id",
        wallet.shard.as_i16(),
        wallet.number,
        filter.live,
        filter.id.map(AddOnId::uuid),
        filter.code,
        filter.request_key
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|row| row.subscription(wallet)).collect()
}

/// Reads one add-on of a wallet.
pub(crate) async fn find(pool: &PgPool, wallet: WalletId, filter: Filter<'_>) -> Result<Option<AddOnSubscription>> {
    Ok(list(pool, wallet, filter).await?.into_iter().next())
}

/// Takes add-ons of which something is due, oldest first, and sets when they are looked at again should nobody come to
/// an end with them; another node takes others. A paused one is due as soon as its wallet has enough for a month.
pub(crate) async fn take_due(
    pool: &PgPool,
    now: DateTime<Utc>,
    again: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(WalletId, AddOnId)>> {
    let rows = sqlx::query!(
        "WITH due AS (
             SELECT s.shard, s.wallet_id, s.id
             FROM add_on_subscriptions AS s
             JOIN wallets AS w ON w.shard = s.shard AND w.wallet_id = s.wallet_id
             WHERE s.state <> 'off'
               AND s.due_at <= $1
               AND (s.state = 'on' OR (w.frozen IS NULL AND w.settled - w.held >= s.credits))
             ORDER BY s.due_at, s.created_at, s.id
             LIMIT $3
             FOR NO KEY UPDATE OF s SKIP LOCKED
         )
         UPDATE add_on_subscriptions AS s
         SET due_at = $2
         FROM due
         WHERE s.shard = due.shard
           AND s.wallet_id = due.wallet_id
           AND s.id = due.id
         RETURNING s.shard, s.wallet_id, s.id, s.created_at",
        now,
        again,
        limit
    );
    let mut rows = rows.fetch_all(pool).await?;
    rows.sort_by_key(|row| (row.created_at, row.id));
    let found = rows.into_iter().map(|row| {
        let wallet = WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id };
        (wallet, AddOnId::from_uuid(row.id))
    });
    Ok(found.collect())
}

/// Tells when something is due of any add-on that is on after an instant.
pub(crate) async fn next_due(pool: &PgPool, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let due =
        sqlx::query_scalar!("SELECT min(due_at) FROM add_on_subscriptions WHERE state = 'on' AND due_at > $1", after);
    Ok(due.fetch_one(pool).await?)
}

/// Tells the time zone of a wallet's account.
pub(crate) async fn time_zone_of(pool: &PgPool, wallet: WalletId) -> Result<Option<String>> {
    let zone = sqlx::query_scalar!(
        "SELECT a.time_zone
         FROM wallet_directory AS d
         JOIN accounts AS a ON a.id = d.account_id
         WHERE d.shard = $1
           AND d.wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    );
    Ok(zone.fetch_optional(pool).await?)
}
