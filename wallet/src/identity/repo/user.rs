//! Users and their one-time links.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::UserId;
use crate::identity::model::viewer::StaffRole;

/// The most unused links of a person for one purpose that are valid: more than are mailed in the hour for which a link
/// to a new password works.
const LINKS_MAX: i64 = 12;

/// A user as stored.
pub(crate) struct UserRow {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) email_key: String,
    pub(crate) name: String,
    pub(crate) password_hash: String,
    pub(crate) verified_at: Option<DateTime<Utc>>,
    pub(crate) staff: Option<StaffRole>,
    pub(crate) locale: String,
}

/// A user to store.
pub(crate) struct NewUserRow<'a> {
    pub(crate) id: UserId,
    pub(crate) email: &'a str,
    pub(crate) email_key: &'a str,
    pub(crate) name: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) locale: &'a str,
    pub(crate) created_at: DateTime<Utc>,
}

/// Adds a user; `false` where the address is taken.
pub(crate) async fn insert(connection: &mut PgConnection, user: &NewUserRow<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO users (id, email, email_key, name, password_hash, locale, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT ON CONSTRAINT users_email_key_unique DO NOTHING",
        user.id.uuid(),
        user.email,
        user.email_key,
        user.name,
        user.password_hash,
        user.locale,
        user.created_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Finds a user by the comparable form of an address.
pub(crate) async fn by_email(pool: &PgPool, email_key: &str) -> Result<Option<UserRow>> {
    let row = sqlx::query!(
        "SELECT id, email, email_key, name, password_hash, verified_at, staff, locale
         FROM users
         WHERE email_key = $1",
        email_key
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| UserRow {
        id: UserId::from_uuid(row.id),
        email: row.email,
        email_key: row.email_key,
        name: row.name,
        password_hash: row.password_hash,
        verified_at: row.verified_at,
        staff: row.staff.as_deref().and_then(StaffRole::from_code),
        locale: row.locale,
    }))
}

/// Finds which of these addresses somebody has.
pub(crate) async fn who_have(pool: &PgPool, email_keys: &[String]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!("SELECT email FROM users WHERE email_key = ANY ($1) ORDER BY email", email_keys)
        .fetch_all(pool)
        .await?)
}

/// Finds a user by id.
pub(crate) async fn by_id(pool: &PgPool, id: UserId) -> Result<Option<UserRow>> {
    let row = sqlx::query!(
        "SELECT id, email, email_key, name, password_hash, verified_at, staff, locale
         FROM users
         WHERE id = $1",
        id.uuid()
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| UserRow {
        id: UserId::from_uuid(row.id),
        email: row.email,
        email_key: row.email_key,
        name: row.name,
        password_hash: row.password_hash,
        verified_at: row.verified_at,
        staff: row.staff.as_deref().and_then(StaffRole::from_code),
        locale: row.locale,
    }))
}

/// Sets the platform role.
pub(crate) async fn set_staff(connection: &mut PgConnection, id: UserId, staff: Option<StaffRole>) -> Result<()> {
    sqlx::query!("UPDATE users SET staff = $2 WHERE id = $1", id.uuid(), staff.map(StaffRole::code))
        .execute(connection)
        .await?;
    Ok(())
}

/// Sets the password.
pub(crate) async fn set_password(connection: &mut PgConnection, id: UserId, password_hash: &str) -> Result<()> {
    sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", id.uuid(), password_hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Sets the name, and that of the person's own account where it is called after the person.
pub(crate) async fn set_name(connection: &mut PgConnection, id: UserId, before: &str, name: &str) -> Result<()> {
    sqlx::query!("UPDATE users SET name = $2 WHERE id = $1", id.uuid(), name).execute(&mut *connection).await?;
    sqlx::query!(
        "UPDATE accounts
         SET name = $3
         WHERE name = $2
           AND kind = 'personal'
           AND id IN (SELECT account_id FROM members WHERE user_id = $1 AND role = 'owner')",
        id.uuid(),
        before,
        name
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks the address as proven; an earlier proof stays. `true` for the first one.
pub(crate) async fn set_verified(
    connection: &mut PgConnection,
    id: UserId,
    email_key: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE users
         SET verified_at = $3
         WHERE id = $1
           AND email_key = $2
           AND verified_at IS NULL",
        id.uuid(),
        email_key,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    VerifyEmail,
    ResetPassword,
}

impl Purpose {
    const fn code(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A link as stored.
pub(crate) struct TokenRow {
    pub(crate) user: UserId,
    pub(crate) email_key: String,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) used_at: Option<DateTime<Utc>>,
}

/// Locks a person's row, against others who use or add links.
pub(crate) async fn lock(connection: &mut PgConnection, id: UserId) -> Result<()> {
    sqlx::query!("SELECT id FROM users WHERE id = $1 FOR UPDATE", id.uuid()).fetch_optional(connection).await?;
    Ok(())
}

/// Stores a link. Of the person's unused ones for the same purpose the newest [`LINKS_MAX`] stay valid: whoever asks
/// for another one does not spoil the one that its owner is about to open.
pub(crate) async fn insert_token(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    purpose: Purpose,
    user: (UserId, &str),
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    // First, since it waits for whoever has locked the person.
    sqlx::query!(
        "INSERT INTO one_time_tokens (token_hash, user_id, purpose, email_key, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &hash[..],
        user.0.uuid(),
        purpose.code(),
        user.1,
        now,
        expires_at
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "DELETE FROM one_time_tokens
         WHERE token_hash IN (
             SELECT token_hash
             FROM one_time_tokens
             WHERE user_id = $1
               AND purpose = $2
               AND used_at IS NULL
             ORDER BY created_at DESC, token_hash
             OFFSET $3
         )",
        user.0.uuid(),
        purpose.code(),
        LINKS_MAX
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a person's unused links for a purpose.
pub(crate) async fn end_tokens(connection: &mut PgConnection, user: UserId, purpose: Purpose) -> Result<()> {
    sqlx::query!(
        "DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL",
        user.uuid(),
        purpose.code()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds a link.
pub(crate) async fn token(pool: &PgPool, hash: &[u8; 32], purpose: Purpose) -> Result<Option<TokenRow>> {
    let row = sqlx::query!(
        "SELECT user_id, email_key, expires_at, used_at
         FROM one_time_tokens
         WHERE token_hash = $1
           AND purpose = $2",
        &hash[..],
        purpose.code()
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| TokenRow {
        user: UserId::from_uuid(row.user_id),
        email_key: row.email_key,
        expires_at: row.expires_at,
        used_at: row.used_at,
    }))
}

/// Uses a link up; `false` where somebody did before.
pub(crate) async fn use_token(connection: &mut PgConnection, hash: &[u8; 32], at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE one_time_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL",
        &hash[..],
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes links that are long past.
pub(crate) async fn sweep_tokens(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    Ok(sqlx::query!("DELETE FROM one_time_tokens WHERE expires_at < $1", before).execute(pool).await?.rows_affected())
}
