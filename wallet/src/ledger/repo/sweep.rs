//! Finds what is due: grants and holds whose time is over.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::wallet_id;
use crate::error::Result;
use crate::id::WalletId;

/// Names wallets with credits whose time is over, at most `limit`.
pub(in crate::ledger) async fn wallets_with_expired_grants(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<WalletId>> {
    let rows = sqlx::query!(
        "SELECT DISTINCT shard, wallet_id
         FROM grants
         WHERE open AND expires_at IS NOT NULL AND expires_at <= $1 AND remaining > 0
           AND shard BETWEEN 0 AND 255
         LIMIT $2",
        now,
        limit
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| wallet_id(row.shard, row.wallet_id)).collect())
}

/// Names open holds whose time is over, at most `limit`.
pub(in crate::ledger) async fn expired_holds(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(WalletId, i64)>> {
    let rows = sqlx::query!(
        "SELECT shard, wallet_id, seq
         FROM holds
         WHERE state = 1 AND expires_at <= $1 AND shard BETWEEN 0 AND 255
         ORDER BY expires_at
         LIMIT $2",
        now,
        limit
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (wallet_id(row.shard, row.wallet_id), row.seq)).collect())
}

/// Counts holds and grants whose time was over before the given moments.
pub(in crate::ledger) async fn late(
    executor: impl PgExecutor<'_>,
    holds: DateTime<Utc>,
    grants: DateTime<Utc>,
) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM holds WHERE state = 1 AND expires_at <= $1) AS "holds!",
                  (SELECT count(*) FROM grants
                   WHERE open AND expires_at IS NOT NULL AND expires_at <= $2 AND remaining > 0) AS "grants!""#,
        holds,
        grants
    )
    .fetch_one(executor)
    .await?;
    Ok((row.holds, row.grants))
}
