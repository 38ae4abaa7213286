//! Finds what is due: grants and holds whose time is over.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::repo::wallet_id;

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

/// An open hold whose time is over.
pub(in crate::ledger) struct DueHold {
    pub wallet: WalletId,
    pub seq: i64,
    pub expires_at: DateTime<Utc>,
}

/// Finds open holds whose time is over, at most `limit`, in the order in which it was; from where the sweep has been.
///
/// Of each hold that timed out since then it asks once whether it is finished.
pub(in crate::ledger) async fn expired_holds(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<DueHold>> {
    let rows = sqlx::query!(
        r#"SELECT due.shard AS "shard!", due.wallet_id AS "wallet_id!", due.seq AS "seq!", due.expires_at AS "expires_at!"
         FROM generate_series(0, 255) AS s (shard)
         CROSS JOIN LATERAL (
             SELECT h.shard, h.wallet_id, h.seq, h.expires_at
             FROM entries AS h
             -- Its limit keeps the planner from reading every row that ever finished a hold.
             LEFT JOIN LATERAL (
                 SELECT f.seq
                 FROM entries AS f
                 WHERE f.shard = h.shard AND f.wallet_id = h.wallet_id AND f.refers_to = h.seq AND f.kind IN (4, 5, 6)
                 LIMIT 1
             ) AS f ON true
             WHERE h.shard = s.shard::smallint AND h.expires_at <= $1
               AND h.expires_at > coalesce((SELECT swept_until FROM hold_sweep), '-infinity')
               AND f.seq IS NULL
             ORDER BY h.expires_at
             LIMIT $2
         ) AS due
         ORDER BY due.expires_at
         LIMIT $2"#,
        now,
        limit
    )
    .fetch_all(executor)
    .await?;
    let due = |(shard, number, seq, expires_at)| DueHold { wallet: wallet_id(shard, number), seq, expires_at };
    Ok(rows.into_iter().map(|row| due((row.shard, row.wallet_id, row.seq, row.expires_at))).collect())
}

/// What of one wallet is over and not yet written off.
pub(in crate::ledger) struct DueOfWallet {
    /// Holds that timed out, by their rows.
    pub holds: Vec<i64>,
    /// Whether credits ended.
    pub grants: bool,
}

/// Finds what of one wallet is over: what the sweep has not come to since it was the last time; so many holds at most.
pub(in crate::ledger) async fn due_of(
    executor: impl PgExecutor<'_>,
    wallet: WalletId,
    now: DateTime<Utc>,
    holds: i64,
) -> Result<DueOfWallet> {
    let row = sqlx::query!(
        r#"SELECT ARRAY(
                      SELECT h.seq
                      FROM entries AS h
                      LEFT JOIN LATERAL (
                          SELECT f.seq
                          FROM entries AS f
                          WHERE f.shard = h.shard AND f.wallet_id = h.wallet_id AND f.refers_to = h.seq
                            AND f.kind IN (4, 5, 6)
                          LIMIT 1
                      ) AS f ON true
                      WHERE h.shard = $1 AND h.wallet_id = $2 AND h.expires_at <= $3
                        AND h.expires_at > coalesce((SELECT swept_until FROM hold_sweep), '-infinity')
                        AND f.seq IS NULL
                      ORDER BY h.expires_at
                      LIMIT $4
                  ) AS "holds!",
                  EXISTS (
                      SELECT FROM grants
                      WHERE shard = $1 AND wallet_id = $2 AND open AND expires_at <= $3 AND remaining > 0
                  ) AS "grants!""#,
        wallet.shard.as_i16(),
        wallet.number,
        now,
        holds
    )
    .fetch_one(executor)
    .await?;
    Ok(DueOfWallet { holds: row.holds, grants: row.grants })
}

/// Notes that every hold that times out by an instant is finished. A node that is behind does not take it back, and a
/// step of less than ten seconds is not worth a row.
pub(in crate::ledger) async fn swept_until(executor: impl PgExecutor<'_>, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO hold_sweep AS s (swept_until) VALUES ($1)
         ON CONFLICT (only_row) DO UPDATE SET swept_until = excluded.swept_until
         WHERE excluded.swept_until >= s.swept_until + interval '10 seconds'",
        until
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Tells up to when every hold that times out is finished.
pub(in crate::ledger) async fn point(executor: impl PgExecutor<'_>) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("SELECT swept_until FROM hold_sweep").fetch_optional(executor).await?)
}

/// Counts holds and grants whose time was over before the given moments.
pub(in crate::ledger) async fn late(
    executor: impl PgExecutor<'_>,
    holds: DateTime<Utc>,
    grants: DateTime<Utc>,
) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"SELECT (SELECT coalesce(sum(due.holds), 0)::bigint
                   FROM generate_series(0, 255) AS s (shard)
                   CROSS JOIN LATERAL (
                       SELECT count(*) AS holds FROM open_holds
                       WHERE shard = s.shard::smallint AND expires_at <= $1
                         AND expires_at > coalesce((SELECT swept_until FROM hold_sweep), '-infinity')
                   ) AS due) AS "holds!",
                  (SELECT count(*) FROM grants
                   WHERE open AND expires_at IS NOT NULL AND expires_at <= $2 AND remaining > 0) AS "grants!""#,
        holds,
        grants
    )
    .fetch_one(executor)
    .await?;
    Ok((row.holds, row.grants))
}
