//! The SQL of locked quotes.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};

use super::{from_json, json};
use crate::error::Result;
use crate::id::WalletId;
use crate::tariff::model::quote::{LockedQuote, QuoteId};

/// Keeps a locked quote.
pub(in crate::tariff) async fn insert_quote(
    executor: impl PgExecutor<'_>,
    wallet: WalletId,
    locked: &LockedQuote,
    plans: &[String],
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO quotes (shard, wallet_id, id, quote, plan_gates, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        wallet.shard.as_i16(),
        wallet.number,
        locked.id.uuid(),
        json(&locked.quote)?,
        plans,
        at,
        locked.expires_at
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Finds a locked quote of a wallet, with the plans that it needs.
pub(in crate::tariff) async fn locked_quote(
    pool: &PgPool,
    wallet: WalletId,
    id: QuoteId,
) -> Result<Option<(LockedQuote, Vec<String>)>> {
    let row = sqlx::query!(
        "SELECT quote, plan_gates, expires_at FROM quotes WHERE shard = $1 AND wallet_id = $2 AND id = $3",
        wallet.shard.as_i16(),
        wallet.number,
        id.uuid()
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let locked = LockedQuote { id, expires_at: row.expires_at, quote: from_json(row.quote)? };
        Ok((locked, row.plan_gates))
    })
    .transpose()
}

/// Sweeps quotes whose time was over long ago.
pub(in crate::tariff) async fn sweep_quotes(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    Ok(sqlx::query!("DELETE FROM quotes WHERE expires_at < $1", before).execute(pool).await?.rows_affected())
}
