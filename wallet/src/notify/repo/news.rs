//! Who is mailed about prices.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::Result;

/// Somebody to mail about a rise, with the figures of all accounts that the person owns.
pub(crate) struct RiseReader {
    pub(crate) user: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: String,
    pub(crate) before: i64,
    pub(crate) after: i64,
    pub(crate) refused: i64,
    /// A list for each account of what each operation cost.
    pub(crate) operations: Value,
}

/// Lists owners whose accounts a version's rise concerns, and who were not mailed yet.
pub(crate) async fn rise_readers(pool: &PgPool, version: i32, limit: i64) -> Result<Vec<RiseReader>> {
    Ok(sqlx::query_as!(
        RiseReader,
        r#"SELECT u.id AS user, u.email, u.name, u.locale,
                  sum(i.cost)::bigint AS "before!",
                  sum(i.would_cost)::bigint AS "after!",
                  sum(i.refused)::bigint AS "refused!",
                  jsonb_agg(i.operations) AS "operations!"
           FROM announcement_impacts AS i
           JOIN members AS m ON m.account_id = i.account_id AND m.role = 'owner'
           JOIN users AS u ON u.id = m.user_id
           WHERE i.price_book = $1
             AND i.rises
             AND u.verified_at IS NOT NULL
             AND NOT EXISTS (
                 SELECT FROM announcement_mails AS done WHERE done.price_book = $1 AND done.user_id = u.id
             )
           GROUP BY u.id, u.email, u.name, u.locale
           ORDER BY u.id
           LIMIT $2"#,
        version,
        limit
    )
    .fetch_all(pool)
    .await?)
}

/// Notes that a person is mailed about a version; `false` where that was noted before.
pub(crate) async fn note_rise_mail(
    connection: &mut PgConnection,
    version: i32,
    user: Uuid,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO announcement_mails (price_book, user_id, mailed_at)
         VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        version,
        user,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody to write to.
pub(crate) struct Reader {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: String,
}

/// Takes some of those who were mailed about a version and did not hear yet that it is withdrawn.
pub(crate) async fn take_withdrawal_readers(
    connection: &mut PgConnection,
    version: i32,
    limit: i64,
    at: DateTime<Utc>,
) -> Result<Vec<Reader>> {
    Ok(sqlx::query_as!(
        Reader,
        "UPDATE announcement_mails AS m
         SET withdrawal_mailed_at = $3
         FROM users AS u
         WHERE u.id = m.user_id
           AND m.price_book = $1
           AND m.user_id IN (
               SELECT user_id
               FROM announcement_mails
               WHERE price_book = $1 AND withdrawal_mailed_at IS NULL
               ORDER BY user_id
               LIMIT $2
               FOR UPDATE
           )
         RETURNING u.email, u.name, u.locale",
        version,
        limit,
        at
    )
    .fetch_all(connection)
    .await?)
}

/// An admin of the platform.
pub(crate) struct Admin {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: String,
}

/// Lists the admins of the platform.
pub(crate) async fn admins(connection: &mut PgConnection) -> Result<Vec<Admin>> {
    Ok(sqlx::query_as!(
        Admin,
        "SELECT email, name, locale FROM users WHERE staff = 'admin' AND verified_at IS NOT NULL ORDER BY id"
    )
    .fetch_all(connection)
    .await?)
}
