//! Attempts of signing in that failed, counted across nodes.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;

/// Says until when any of the subjects has to wait.
pub(crate) async fn blocked_until(pool: &PgPool, subjects: &[Vec<u8>]) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("SELECT max(blocked_until) FROM sign_in_throttle WHERE subject = ANY($1)", subjects)
        .fetch_one(pool)
        .await?)
}

/// Says how many failures of a subject are not forgotten yet.
pub(crate) async fn failures(pool: &PgPool, subject: &[u8], since: DateTime<Utc>) -> Result<i32> {
    let found = sqlx::query_scalar!(
        "SELECT failures FROM sign_in_throttle WHERE subject = $1 AND last_failed_at >= $2",
        subject,
        since
    )
    .fetch_optional(pool)
    .await?;
    Ok(found.unwrap_or(0))
}

/// An attempt's subjects, each beside its pace.
#[derive(Default)]
pub(crate) struct Attempt {
    pub(crate) subjects: Vec<Vec<u8>>,
    pub(crate) free: Vec<i32>,
    pub(crate) first: Vec<i32>,
    pub(crate) longest: Vec<i32>,
    pub(crate) forget: Vec<i32>,
}

/// Counts an attempt as one that will fail, and says of how many subjects: one that has to wait is left as it is.
///
/// `free` failures cost nothing, the next one costs `first` seconds, each further one doubles the wait up to `longest`.
/// Failures are forgotten after `forget` seconds without one. The order of the subjects is the order of their locks.
pub(crate) async fn count(connection: &mut PgConnection, attempt: &Attempt, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO sign_in_throttle AS known (subject, failures, last_failed_at, blocked_until)
         SELECT subject, 1, $2::timestamptz,
                $2::timestamptz + make_interval(secs => CASE WHEN free = 0 THEN least(longest, first) ELSE 0 END)
         FROM unnest($1::bytea[], $3::integer[], $4::integer[], $5::integer[])
                  AS counted (subject, free, first, longest)
         ORDER BY subject
         ON CONFLICT ON CONSTRAINT sign_in_throttle_pk DO UPDATE
         SET (failures, last_failed_at, blocked_until) = (
             SELECT CASE WHEN forgotten THEN 1 ELSE least(known.failures + 1, 1000) END,
                    $2,
                    CASE
                        WHEN forgotten THEN excluded.blocked_until
                        WHEN known.failures + 1 <= pace.free THEN $2
                        ELSE $2 + make_interval(
                            secs => least(pace.longest, pace.first * 2 ^ least(known.failures - pace.free, 20)))
                    END
             FROM unnest($1::bytea[], $3::integer[], $4::integer[], $5::integer[], $6::integer[])
                      AS pace (subject, free, first, longest, forget),
                  LATERAL (SELECT known.last_failed_at < $2 - make_interval(secs => pace.forget)) AS old (forgotten)
             WHERE pace.subject = known.subject
         )
         WHERE known.blocked_until <= $2",
        &attempt.subjects,
        now,
        &attempt.free,
        &attempt.first,
        &attempt.longest,
        &attempt.forget
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Takes an attempt of subjects back that has not failed, with the wait that it began.
pub(crate) async fn take_back(pool: &PgPool, subjects: &[Vec<u8>], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "WITH gone AS (DELETE FROM sign_in_throttle WHERE subject = ANY($1) AND failures = 1)
         UPDATE sign_in_throttle
         SET failures = failures - 1, blocked_until = least(blocked_until, $2)
         WHERE subject = ANY($1) AND failures > 1",
        subjects,
        now
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
