//! The SQL of the mails' outbox.

pub(crate) mod news;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::Result;
use crate::id::PaymentId;

/// A mail as stored.
pub(crate) struct MailRow {
    pub(crate) id: Uuid,
    pub(crate) recipient: String,
    pub(crate) locale: String,
    pub(crate) content: Value,
    pub(crate) tries: i32,
}

/// Adds a mail.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    id: Uuid,
    (recipient, locale, kind): (&str, &str, &str),
    (content, payment): (&Value, Option<PaymentId>),
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO mails (id, recipient, locale, kind, content, due_at, created_at, payment_id)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        id,
        recipient,
        locale,
        kind,
        content,
        at,
        payment.map(PaymentId::uuid)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a mail that is due for sending: nobody else gets it before `until`.
pub(crate) async fn take(pool: &PgPool, id: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<Option<MailRow>> {
    Ok(sqlx::query_as!(
        MailRow,
        "UPDATE mails
         SET due_at = $3,
             tries = tries + 1
         WHERE id = $1
           AND state = 'queued'
           AND due_at <= $2
         RETURNING id, recipient, locale, content, tries",
        id,
        now,
        until
    )
    .fetch_optional(pool)
    .await?)
}

/// Lists the mails that are due, oldest first.
pub(crate) async fn due(pool: &PgPool, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM mails WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at LIMIT $2",
        now,
        limit
    )
    .fetch_all(pool)
    .await?)
}

/// Marks a mail as sent and forgets what it said.
pub(crate) async fn finish(pool: &PgPool, id: Uuid, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE mails
         SET state = 'sent',
             sent_at = $2,
             content = 'null',
             problem = NULL
         WHERE id = $1
           AND state = 'queued'",
        id,
        at
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that sending went wrong; it is tried again at `due_at`, or given up where there is none.
pub(crate) async fn fail(pool: &PgPool, id: Uuid, problem: &str, due_at: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!(
        "UPDATE mails
         SET problem = $2,
             due_at = coalesce($3, due_at),
             state = CASE WHEN $3::timestamptz IS NULL THEN 'failed' ELSE 'queued' END
         WHERE id = $1
           AND state = 'queued'",
        id,
        problem,
        due_at
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Removes mails that were written before a time and are not to be sent any more; says how many.
pub(super) async fn purge(pool: &PgPool, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM mails
         WHERE id IN (
             SELECT id
             FROM mails
             WHERE created_at < $1 AND state <> 'queued'
             ORDER BY created_at
             LIMIT $2
         )",
        before,
        limit
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
