//! The SQL of publishing: what a version changes, when it is in force, that it is withdrawn.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::json;
use crate::error::Result;
use crate::tariff::model::change::PriceChange;

/// Fixes what a draft changes and when that was told.
pub(in crate::tariff) async fn fix_changes(
    connection: &mut PgConnection,
    version: i32,
    announced_at: DateTime<Utc>,
    changes: &[PriceChange],
) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books
         SET announced_at = $2, changed_at = $2, changes = $3, changes_written = changes_written + 1
         WHERE version = $1",
        version,
        announced_at,
        json(&changes)?
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Fixes when a draft takes effect.
pub(in crate::tariff) async fn schedule(
    connection: &mut PgConnection,
    version: i32,
    effective_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books SET status = 'scheduled', effective_at = $2 WHERE version = $1",
        version,
        effective_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Withdraws an announced book. Whoever was told of it is to be told.
pub(in crate::tariff) async fn withdraw(connection: &mut PgConnection, version: i32, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books
         SET status = 'withdrawn', withdrawn_at = $2, changed_at = $2, told_at = NULL,
             weighed_at = coalesce(weighed_at, $2)
         WHERE version = $1 AND status = 'scheduled'",
        version,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Retires the book in force and puts another in its place, from that one's instant on.
pub(in crate::tariff) async fn put_in_force(
    connection: &mut PgConnection,
    version: i32,
    from: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("UPDATE price_books SET status = 'retired', retired_at = $1 WHERE status = 'active'", from)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("UPDATE price_books SET status = 'active', effective_at = $2 WHERE version = $1", version, from)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes again what an announced book changes.
pub(in crate::tariff) async fn set_changes(
    connection: &mut PgConnection,
    version: i32,
    changes: &[PriceChange],
    at: DateTime<Utc>,
) -> Result<()> {
    // What it means to each account is to be worked out again.
    sqlx::query!(
        "UPDATE price_books
         SET changes = $2, changed_at = $3, changes_written = changes_written + 1, weighed_at = NULL
         WHERE version = $1",
        version,
        json(&changes)?,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}
