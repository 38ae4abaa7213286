//! The SQL of what preview wallets get of a plan's months.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::{Shard, SubscriptionId, WalletId};
use crate::money::Credits;
use crate::plan::month::Month;

/// A share that is to be moved.
#[derive(Clone, Debug)]
pub(crate) struct PreviewShare {
    pub(crate) subscription: SubscriptionId,
    pub(crate) month: i32,
    pub(crate) wallet: WalletId,
    pub(crate) preview: WalletId,
    pub(crate) credits: Credits,
    pub(crate) until: DateTime<Utc>,
}

/// Notes what a month brings to the preview wallet of its project.
pub(crate) async fn insert_share(connection: &mut PgConnection, month: &Month, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO preview_shares (subscription_id, month, shard, wallet_id, preview_id, credits, until, next_at)
         SELECT $1, $2, w.shard, w.wallet_id, p.wallet_id, $5, $6, $7
         FROM wallets AS w
         JOIN wallets AS p ON p.shard = w.shard AND p.project_id = w.project_id AND p.environment = 'preview'
         WHERE w.shard = $3 AND w.wallet_id = $4 AND w.environment = 'production'",
        month.subscription.uuid(),
        i32::try_from(month.index).unwrap_or(i32::MAX),
        month.wallet.shard.as_i16(),
        month.wallet.number,
        month.preview.micros(),
        month.ends_at,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lists shares that are to be moved now, those of longest ago first.
pub(crate) async fn due_shares(pool: &PgPool, now: DateTime<Utc>, limit: i64) -> Result<Vec<PreviewShare>> {
    let rows = sqlx::query!(
        "SELECT subscription_id, month, shard, wallet_id, preview_id, credits, until
         FROM preview_shares
         WHERE moved IS NULL AND next_at <= $1
         ORDER BY next_at
         LIMIT $2",
        now,
        limit
    )
    .fetch_all(pool)
    .await?;
    let share = rows.into_iter().map(|row| PreviewShare {
        subscription: SubscriptionId::from_uuid(row.subscription_id),
        month: row.month,
        wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
        preview: WalletId { shard: Shard::from_i16(row.shard), number: row.preview_id },
        credits: Credits::from_micros(row.credits),
        until: row.until,
    });
    Ok(share.collect())
}

/// Notes what was moved, by which row; a repeat changes nothing.
pub(crate) async fn set_moved(
    connection: &mut PgConnection,
    share: &PreviewShare,
    moved: Credits,
    entry_seq: Option<i64>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE preview_shares SET moved = $3, entry_seq = $4
         WHERE subscription_id = $1 AND month = $2 AND moved IS NULL",
        share.subscription.uuid(),
        share.month,
        moved.micros(),
        entry_seq
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a share off that can't be moved now.
pub(crate) async fn put_off(pool: &PgPool, share: &PreviewShare, next_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE preview_shares SET next_at = $3 WHERE subscription_id = $1 AND month = $2 AND moved IS NULL",
        share.subscription.uuid(),
        share.month,
        next_at
    )
    .execute(pool)
    .await?;
    Ok(())
}
