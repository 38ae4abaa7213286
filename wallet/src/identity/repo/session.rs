//! Browsers' sessions.

use std::collections::HashSet;

use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::UserId;
use crate::identity::SessionRecord;

/// Adds a session; `false` where the token is taken.
pub(crate) async fn insert(pool: &PgPool, id_hash: &[u8; 32], session: &SessionRecord) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO sessions (id_hash, user_id, data, expires_at)
         VALUES ($1, $2, $3, $4)
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

/// Deletes all sessions of a person.
pub(crate) async fn delete_of(connection: &mut PgConnection, user: UserId) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM sessions WHERE user_id = $1", user.uuid()).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Deletes what has expired.
pub(crate) async fn sweep(pool: &PgPool) -> Result<u64> {
    Ok(sqlx::query!("DELETE FROM sessions WHERE expires_at <= now()").execute(pool).await?.rows_affected())
}
