//! Messages of providers.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::super::provider::{EventAbout, UnreadEvent, VerifiedEvent};
use crate::error::Result;
use crate::id::PaymentId;

/// A message as stored.
pub(crate) struct EventRow {
    pub(crate) provider: String,
    pub(crate) kind: String,
    pub(crate) about: String,
    pub(crate) object_ref: Option<String>,
    pub(crate) state: String,
}

/// A message to store.
pub(crate) struct NewEventRow<'a> {
    pub(crate) id: Uuid,
    pub(crate) provider: &'a str,
    pub(crate) dedupe_key: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) about: EventAbout,
    pub(crate) object_ref: Option<&'a str>,
    pub(crate) raw: &'a Value,
    pub(crate) received_at: DateTime<Utc>,
}

/// Adds a message; `false` where it came before.
pub(crate) async fn insert(connection: &mut PgConnection, event: &NewEventRow<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO provider_events (id, provider, dedupe_key, kind, object_ref, raw, received_at, about)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT ON CONSTRAINT provider_events_dedupe_unique DO NOTHING",
        event.id,
        event.provider,
        event.dedupe_key,
        event.kind,
        event.object_ref,
        event.raw,
        event.received_at,
        event.about.code()
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps a message that can't be read; `false` where it came before.
pub(crate) async fn insert_unread(
    pool: &PgPool,
    id: Uuid,
    provider: &str,
    dedupe_key: &str,
    body: &[u8],
    received_at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO provider_events (id, provider, dedupe_key, kind, raw, body, state, received_at)
         VALUES ($1, $2, $3, 'unread', 'null', $4, 'unread', $5)
         ON CONFLICT ON CONSTRAINT provider_events_dedupe_unique DO NOTHING",
        id,
        provider,
        dedupe_key,
        body,
        received_at
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists messages that can't be read, those first that were tried least.
pub(crate) async fn unread(pool: &PgPool, limit: i64) -> Result<Vec<UnreadEvent>> {
    Ok(sqlx::query_as!(
        UnreadEvent,
        r#"SELECT id, provider, dedupe_key, body AS "body!", received_at
         FROM provider_events
         WHERE state = 'unread'
         ORDER BY tries, received_at
         LIMIT $1"#,
        limit
    )
    .fetch_all(pool)
    .await?)
}

/// Makes a new message of one that can be read by now; `false` where somebody else was first.
pub(crate) async fn take_unread(connection: &mut PgConnection, id: Uuid, event: &VerifiedEvent) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE provider_events
         SET kind = $2,
             object_ref = $3,
             raw = $4,
             about = $5,
             state = 'received',
             tries = 0
         WHERE id = $1
           AND state = 'unread'",
        id,
        event.kind,
        event.object_ref,
        event.raw,
        event.about.code()
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a message was tried in vain.
pub(crate) async fn note_unread(pool: &PgPool, id: Uuid) -> Result<()> {
    sqlx::query!("UPDATE provider_events SET tries = tries + 1 WHERE id = $1 AND state = 'unread'", id)
        .execute(pool)
        .await?;
    Ok(())
}

/// Finds a message.
pub(crate) async fn find(pool: &PgPool, id: Uuid) -> Result<Option<EventRow>> {
    Ok(sqlx::query_as!(
        EventRow,
        "SELECT provider, kind, about, object_ref, state FROM provider_events WHERE id = $1",
        id
    )
    .fetch_optional(pool)
    .await?)
}

/// Notes which payment a message is about.
pub(crate) async fn set_payment(pool: &PgPool, id: Uuid, payment: PaymentId) -> Result<()> {
    sqlx::query!(
        "UPDATE provider_events SET payment_id = $2 WHERE id = $1 AND payment_id IS DISTINCT FROM $2",
        id,
        payment.uuid()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Marks a message as worked on; `ignored` where it was about nothing of ours.
pub(crate) async fn finish(pool: &PgPool, id: Uuid, state: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE provider_events
         SET state = $2,
             processed_at = $3,
             problem = NULL
         WHERE id = $1",
        id,
        state,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that a message could not be worked on yet.
pub(crate) async fn fail(pool: &PgPool, id: Uuid, problem: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE provider_events
         SET state = 'failed',
             tries = tries + 1,
             problem = $2
         WHERE id = $1
           AND state IN ('received', 'failed')",
        id,
        problem
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Lists messages that nobody finished, received before a time and tried less than twenty times.
pub(crate) async fn open(pool: &PgPool, before: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT id
         FROM provider_events
         WHERE state IN ('received', 'failed')
           AND received_at <= $1
           AND tries < 20
         ORDER BY received_at
         LIMIT $2",
        before,
        limit
    )
    .fetch_all(pool)
    .await?)
}

/// Removes messages that were worked on and came before a time; says how many.
pub(crate) async fn purge(pool: &PgPool, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM provider_events
         WHERE id IN (
             SELECT id
             FROM provider_events
             WHERE received_at < $1 AND state IN ('done', 'ignored')
             ORDER BY received_at
             LIMIT $2
         )",
        before,
        limit
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
