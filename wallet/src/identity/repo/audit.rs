//! The audit log.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::Result;
use crate::identity::model::audit::{AuditRow, NewAudit};

/// Adds a row.
pub(crate) async fn insert(connection: &mut PgConnection, audit: &NewAudit, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_log (id, at, actor, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        Uuid::now_v7(),
        at,
        serde_json::to_value(&audit.actor)?,
        audit.action,
        audit.subject,
        audit.before,
        audit.after
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lists the newest rows about a subject.
pub(crate) async fn about(pool: &PgPool, subject: &str, limit: i64) -> Result<Vec<AuditRow>> {
    let rows = sqlx::query!(
        "SELECT id, at, actor, action, subject, before, after
         FROM audit_log
         WHERE subject = $1
         ORDER BY id DESC
         LIMIT $2",
        subject,
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AuditRow {
                id: row.id,
                at: row.at,
                actor: serde_json::from_value(row.actor)?,
                action: row.action,
                subject: row.subject,
                before: row.before,
                after: row.after,
            })
        })
        .collect()
}

/// Lists rows before one, newest first.
pub(crate) async fn list(pool: &PgPool, before: Option<Uuid>, limit: i64) -> Result<Vec<AuditRow>> {
    let rows = sqlx::query!(
        "SELECT id, at, actor, action, subject, before, after
         FROM audit_log
         WHERE $1::uuid IS NULL OR id < $1
         ORDER BY id DESC
         LIMIT $2",
        before,
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AuditRow {
                id: row.id,
                at: row.at,
                actor: serde_json::from_value(row.actor)?,
                action: row.action,
                subject: row.subject,
                before: row.before,
                after: row.after,
            })
        })
        .collect()
}
