//! Which payments the reconciler looks at, and when again.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::Result;
use crate::id::PaymentId;

/// Takes open payments that are due for a look, and sets each one's next look with growing steps: from half a
/// minute to an hour. Two reconcilers take different ones.
pub(crate) async fn take_due(pool: &PgPool, now: DateTime<Utc>, limit: i64) -> Result<Vec<PaymentId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE payments
         SET checks = checks + 1,
             check_at = $1 + make_interval(secs => least(3600, 30 * 2 ^ least(checks, 10)))
         WHERE id IN (
             SELECT id
             FROM payments
             WHERE status IN ('pending', 'processing', 'unknown')
               AND check_at <= $1
             ORDER BY check_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         RETURNING id",
        now,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(PaymentId::from_uuid).collect())
}

/// Counts the orders whose outcome is not known, and gives when the oldest was made.
pub(crate) async fn open(pool: &PgPool) -> Result<(i64, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(created_at) AS oldest
           FROM payments
           WHERE status IN ('pending', 'processing', 'unknown')"#
    )
    .fetch_one(pool)
    .await?;
    Ok((row.count, row.oldest))
}

/// Takes renewals and automatic top-ups that were closed lately since their provider did not know them, and sets each
/// one's next look with growing steps. Two reconcilers take different ones.
pub(crate) async fn take_closed_renewals(
    pool: &PgPool,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PaymentId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE payments
         SET checks = checks + 1,
             check_at = $1 + make_interval(secs => least(3600, 30 * 2 ^ least(checks, 10)))
         WHERE id IN (
             SELECT id
             FROM payments
             WHERE status = 'expired'
               AND provider_ref IS NULL
               AND (month > 0 OR auto_top_up IS NOT NULL)
               AND updated_at > $3
               AND check_at <= $1
             ORDER BY check_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         RETURNING id",
        now,
        limit,
        since
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(PaymentId::from_uuid).collect())
}

/// Lets somebody look what went back of payments that brought credits.
pub(crate) async fn look_at_books(pool: &PgPool, payments: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE payments SET books_due_at = $2 WHERE id = ANY ($1) AND status = 'succeeded'", payments, now)
        .execute(pool)
        .await?;
    Ok(())
}
