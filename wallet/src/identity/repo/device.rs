//! Machines from which people have signed in, by the hash of their cookie.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::UserId;

/// A machine from which somebody has signed up or in, as stored.
#[derive(Clone, Copy)]
pub(crate) struct KnownDevice {
    /// The person.
    pub(crate) user: UserId,
    /// Whether the person's address is proven.
    pub(crate) is_proven: bool,
}

/// Finds whether a person with this address has signed up or in from a machine.
pub(crate) async fn known(pool: &PgPool, token_hash: &[u8; 32], email_key: &str) -> Result<Option<KnownDevice>> {
    let found = sqlx::query!(
        r#"SELECT users.id, users.verified_at IS NOT NULL AS "is_proven!"
           FROM known_devices
           JOIN users ON users.id = known_devices.user_id
           WHERE known_devices.token_hash = $1
             AND users.email_key = $2"#,
        &token_hash[..],
        email_key
    )
    .fetch_optional(pool)
    .await?;
    Ok(found.map(|row| KnownDevice { user: UserId::from_uuid(row.id), is_proven: row.is_proven }))
}

/// Notes that a person has signed in from a machine that is known.
pub(crate) async fn used(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE known_devices SET failures = 0, last_used_at = $3 WHERE token_hash = $1 AND user_id = $2",
        &token_hash[..],
        user.uuid(),
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts a wrong password from a known machine, and forgets the machine at the last one that it may have.
pub(crate) async fn failed(pool: &PgPool, token_hash: &[u8; 32], user: UserId, most: i32) -> Result<()> {
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM known_devices WHERE token_hash = $1 AND user_id = $2 AND failures + 1 >= $3
         )
         UPDATE known_devices
         SET failures = failures + 1
         WHERE token_hash = $1
           AND user_id = $2
           AND failures + 1 < $3",
        &token_hash[..],
        user.uuid(),
        most
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives a machine another token, for all who have signed in from it: the one that it had may have been planted.
pub(crate) async fn rename(connection: &mut PgConnection, from: &[u8; 32], to: &[u8; 32]) -> Result<()> {
    sqlx::query!("UPDATE known_devices SET token_hash = $2 WHERE token_hash = $1", &from[..], &to[..])
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds a machine of a person; the ones that were not used for longest go where there are more than `most`.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    most: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO known_devices (token_hash, user_id, created_at, last_used_at)
         VALUES ($1, $2, $3, $3)
         ON CONFLICT ON CONSTRAINT known_devices_pk DO UPDATE SET failures = 0, last_used_at = excluded.last_used_at",
        &token_hash[..],
        user.uuid(),
        at
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "DELETE FROM known_devices
         WHERE user_id = $1
           AND token_hash IN (
               SELECT token_hash
               FROM known_devices
               WHERE user_id = $1
               ORDER BY last_used_at DESC, token_hash
               OFFSET $2
           )",
        user.uuid(),
        most
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets all machines of a person but one.
pub(crate) async fn forget_of(connection: &mut PgConnection, user: UserId, but: Option<&[u8; 32]>) -> Result<()> {
    sqlx::query!(
        "DELETE FROM known_devices WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2",
        user.uuid(),
        but.map(|hash| &hash[..])
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes machines that were not used for long.
pub(crate) async fn sweep(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM known_devices WHERE last_used_at < $1", before).execute(pool).await?;
    Ok(done.rows_affected())
}
