//! The SQL of rehearsals.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{from_json, json};
use crate::error::Result;
use crate::tariff::Rehearsal;

/// Keeps what a rehearsal found with its draft.
pub(in crate::tariff) async fn keep_rehearsal(pool: &PgPool, found: &Rehearsal) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books SET rehearsal = $2, rehearsed_revision = $3 WHERE version = $1",
        found.version,
        json(found)?,
        found.revision
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives what a rehearsal found to the version that its draft goes on as.
pub(in crate::tariff) async fn move_rehearsal(
    connection: &mut PgConnection,
    from: i32,
    to: i32,
    revision: i64,
) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books AS later
         SET rehearsal = jsonb_set(draft.rehearsal, '{version}', to_jsonb(later.version)), rehearsed_revision = $3
         FROM price_books AS draft
         WHERE later.version = $2 AND draft.version = $1 AND draft.rehearsal IS NOT NULL",
        from,
        to,
        revision
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("UPDATE price_books SET rehearsal = NULL, rehearsed_revision = NULL WHERE version = $1", from)
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads the last rehearsal of a version.
pub(in crate::tariff) async fn rehearsal(pool: &PgPool, version: i32) -> Result<Option<Rehearsal>> {
    let found = sqlx::query_scalar!("SELECT rehearsal FROM price_books WHERE version = $1", version)
        .fetch_optional(pool)
        .await?;
    found.flatten().map(from_json).transpose()
}

/// Reads which revision of a draft was rehearsed last.
pub(in crate::tariff) async fn rehearsed_revision(connection: &mut PgConnection, version: i32) -> Result<Option<i64>> {
    let found = sqlx::query_scalar!("SELECT rehearsed_revision FROM price_books WHERE version = $1", version)
        .fetch_optional(connection)
        .await?;
    Ok(found.flatten())
}

/// Reads the names of accounts.
pub(in crate::tariff) async fn account_names(pool: &PgPool, accounts: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!("SELECT id, name FROM accounts WHERE id = ANY($1)", accounts).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
