//! Failures of signing in, counted across nodes.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::error::Result;

/// Says until when any of the subjects has to wait.
pub(crate) async fn blocked_until(pool: &PgPool, subjects: &[Vec<u8>]) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("SELECT max(blocked_until) FROM sign_in_throttle WHERE subject = ANY($1)", subjects)
        .fetch_one(pool)
        .await?)
}

/// Counts a failure of a subject: `free` failures cost nothing, each further one doubles the wait up to `longest`
/// seconds. Failures are forgotten after `forget` seconds without one.
pub(crate) async fn count_failure(
    pool: &PgPool,
    subject: &[u8],
    now: DateTime<Utc>,
    (free, longest, forget): (i32, i32, i32),
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sign_in_throttle AS known (subject, failures, last_failed_at, blocked_until)
         VALUES ($1, 1, $2, $2)
         ON CONFLICT ON CONSTRAINT sign_in_throttle_pk DO UPDATE
         SET failures = CASE
                 WHEN known.last_failed_at < $2 - make_interval(secs => $5::integer) THEN 1
                 ELSE least(known.failures + 1, 1000)
             END,
             last_failed_at = $2,
             blocked_until = CASE
                 WHEN known.last_failed_at < $2 - make_interval(secs => $5::integer) THEN $2
                 WHEN known.failures + 1 <= $3::integer THEN $2
                 ELSE $2 + make_interval(secs => least($4::integer, 2 ^ least(known.failures - $3::integer, 20)))
             END",
        subject,
        now,
        free,
        longest,
        forget
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets the failures of subjects.
pub(crate) async fn forget(pool: &PgPool, subjects: &[Vec<u8>]) -> Result<()> {
    sqlx::query!("DELETE FROM sign_in_throttle WHERE subject = ANY($1)", subjects).execute(pool).await?;
    Ok(())
}

/// Removes failures that are long past.
pub(crate) async fn sweep(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM sign_in_throttle WHERE last_failed_at < $1", before).execute(pool).await?;
    Ok(done.rows_affected())
}
