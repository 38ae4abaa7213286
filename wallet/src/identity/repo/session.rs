//! Browsers' sessions.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::Result;
use crate::id::UserId;
use crate::identity::model::session::SessionRecord;

/// Adds a session; `false` where the token is taken. From which machine it comes, the web layer writes into it at
/// sign-in.
pub(crate) async fn insert(pool: &PgPool, id_hash: &[u8; 32], session: &SessionRecord) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO sessions (id_hash, user_id, data, expires_at, user_agent, address, last_used_at)
         VALUES ($1, $2, $3, $4, $3::jsonb -> 'machine' ->> 'user_agent', $3::jsonb -> 'machine' ->> 'address', now())
         ON CONFLICT ON CONSTRAINT sessions_pk DO NOTHING",
        &id_hash[..],
        session.user.map(UserId::uuid),
        session.data,
        session.expires_at
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes a person's sessions that were used longest ago, where there are more than `most`.
pub(crate) async fn delete_beyond(pool: &PgPool, user: UserId, most: i64) -> Result<u64> {
    // Others delete the same ones at the same moment: whoever comes second leaves them alone.
    let done = sqlx::query!(
        "DELETE FROM sessions
         WHERE id_hash IN (
             SELECT id_hash
             FROM sessions
             WHERE id_hash IN (
                 SELECT id_hash
                 FROM sessions
                 WHERE user_id = $1
                 ORDER BY coalesce(last_used_at, created_at) DESC, created_at DESC, id
                 OFFSET $2
             )
             FOR UPDATE SKIP LOCKED
         )",
        user.uuid(),
        most
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Finds a session that has not expired. The database's own time counts: cookies don't follow a demo's moved clock.
pub(crate) async fn find(pool: &PgPool, id_hash: &[u8; 32]) -> Result<Option<SessionRecord>> {
    let row = sqlx::query!(
        "SELECT user_id, data, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > now()",
        &id_hash[..]
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| SessionRecord {
        user: row.user_id.map(UserId::from_uuid),
        data: row.data,
        expires_at: row.expires_at,
    }))
}

/// Says which of these sessions have not expired.
pub(crate) async fn alive(pool: &PgPool, id_hashes: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>> {
    let found =
        sqlx::query_scalar!("SELECT id_hash FROM sessions WHERE id_hash = ANY($1) AND expires_at > now()", id_hashes)
            .fetch_all(pool)
            .await?;
    Ok(found.into_iter().collect())
}

/// Changes a session that is still there; never brings one back that was deleted meanwhile.
pub(crate) async fn update(pool: &PgPool, id_hash: &[u8; 32], session: &SessionRecord) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE sessions SET user_id = $2, data = $3, expires_at = $4 WHERE id_hash = $1",
        &id_hash[..],
        session.user.map(UserId::uuid),
        session.data,
        session.expires_at
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes a session.
pub(crate) async fn delete(pool: &PgPool, id_hash: &[u8; 32]) -> Result<()> {
    sqlx::query!("DELETE FROM sessions WHERE id_hash = $1", &id_hash[..]).execute(pool).await?;
    Ok(())
}

/// Deletes all sessions of a person but one.
pub(crate) async fn delete_of(connection: &mut PgConnection, user: UserId, but: Option<&[u8; 32]>) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM sessions WHERE user_id = $1 AND id_hash IS DISTINCT FROM $2",
        user.uuid(),
        but.map(|hash| &hash[..])
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes one session of a person; `false` where there is none.
pub(crate) async fn delete_one(connection: &mut PgConnection, user: UserId, id: Uuid) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM sessions WHERE user_id = $1 AND id = $2", user.uuid(), id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes from where a session is used, at most once a minute.
pub(crate) async fn seen(pool: &PgPool, id_hash: &[u8; 32], user_agent: &str, address: Option<&str>) -> Result<()> {
    sqlx::query!(
        "UPDATE sessions
         SET last_used_at = now(), user_agent = $2, address = $3
         WHERE id_hash = $1
           AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
        &id_hash[..],
        user_agent,
        address
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A session of a person, as stored.
pub(crate) struct SessionRow {
    pub(crate) id: Uuid,
    pub(crate) id_hash: Vec<u8>,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

/// Lists a person's sessions, the one that was used last first.
pub(crate) async fn list(pool: &PgPool, user: UserId, limit: i64) -> Result<Vec<SessionRow>> {
    Ok(sqlx::query_as!(
        SessionRow,
        "SELECT id, id_hash, user_agent, address, created_at, last_used_at
         FROM sessions
         WHERE user_id = $1
           AND expires_at > now()
         ORDER BY coalesce(last_used_at, created_at) DESC, id
         LIMIT $2",
        user.uuid(),
        limit
    )
    .fetch_all(pool)
    .await?)
}

/// Deletes what has expired.
pub(crate) async fn sweep(pool: &PgPool) -> Result<u64> {
    Ok(sqlx::query!("DELETE FROM sessions WHERE expires_at <= now()").execute(pool).await?.rows_affected())
}
