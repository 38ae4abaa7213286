//! Reading what was spent, equal debits together.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::PgPool;

use crate::error::Result;
use crate::id::AccountId;
use crate::money::Credits;

/// Equal debits of one account.
pub(in crate::ledger) struct SpentRow {
    pub account: AccountId,
    pub kind: i16,
    pub operation: Option<String>,
    pub count: i64,
    pub credits: Credits,
    pub detail: Option<String>,
    pub times: i64,
}

/// Counts charges and captures.
pub(in crate::ledger) async fn count(pool: &PgPool, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM entries WHERE kind IN (2, 4) AND created_at >= $1 AND created_at < $2"#,
        from,
        to
    )
    .fetch_one(pool)
    .await?)
}

/// Hands over charges and captures, equal ones together, without those that were paid back.
pub(in crate::ledger) async fn each(
    pool: &PgPool,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    mut take: impl FnMut(SpentRow),
) -> Result<()> {
    let mut rows = sqlx::query!(
        r#"SELECT w.account_id, e.kind, e.operation, e.quantity, e.amount, e.detail, count(*) AS "times!"
           FROM entries AS e
           JOIN wallets AS w ON w.shard = e.shard AND w.wallet_id = e.wallet_id
           WHERE e.kind IN (2, 4)
             AND e.created_at >= $1
             AND e.created_at < $2
             AND NOT EXISTS (
                 SELECT
                 FROM entries AS back
                 WHERE back.shard = e.shard
                   AND back.wallet_id = e.wallet_id
                   AND back.refers_to = e.seq
                   AND back.kind = 8
             )
           GROUP BY w.account_id, e.kind, e.operation, e.quantity, e.amount, e.detail"#,
        from,
        to
    )
    .fetch(pool);
    while let Some(row) = rows.try_next().await? {
        take(SpentRow {
            account: AccountId::from_uuid(row.account_id),
            kind: row.kind,
            operation: row.operation,
            count: row.quantity,
            // A debit changes what is settled by less than nothing.
            credits: Credits::from_micros(row.amount.saturating_neg()),
            detail: row.detail,
            times: row.times,
        });
    }
    Ok(())
}
