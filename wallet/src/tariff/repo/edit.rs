//! The SQL of a draft's edits.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::{from_json, json};
use crate::error::{Error, Result};
use crate::identity::Actor;
use crate::tariff::model::change::PriceChange;
use crate::tariff::model::edit::{DraftEdit, EditKind};
use crate::tariff::model::undo::Undo;

/// The most edits that a page asks for.
const EDITS_MAX: i64 = 50;

/// An edit to keep.
pub(in crate::tariff) struct NewEdit<'e> {
    pub(in crate::tariff) version: i32,
    pub(in crate::tariff) revision: i64,
    pub(in crate::tariff) kind: EditKind,
    pub(in crate::tariff) changes: &'e [PriceChange],
    pub(in crate::tariff) undo: Option<&'e Undo>,
    pub(in crate::tariff) by: &'e Actor,
    pub(in crate::tariff) at: DateTime<Utc>,
}

/// Keeps an edit.
pub(in crate::tariff) async fn insert(connection: &mut PgConnection, edit: NewEdit<'_>) -> Result<()> {
    let undo = edit.undo.map(json).transpose()?;
    sqlx::query!(
        "INSERT INTO draft_edits (price_book, revision, action, changes, undo, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        edit.version,
        edit.revision,
        edit.kind.code(),
        json(&edit.changes)?,
        undo,
        edit.by.name(),
        edit.at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the last edit that stands out of the list of those that can be undone.
pub(in crate::tariff) async fn take_last(connection: &mut PgConnection, version: i32) -> Result<Option<Undo>> {
    let last = sqlx::query!(
        r#"SELECT revision, undo AS "undo!"
           FROM draft_edits
           WHERE price_book = $1 AND undo IS NOT NULL
           ORDER BY revision DESC
           LIMIT 1"#,
        version
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(last) = last else { return Ok(None) };
    sqlx::query!("UPDATE draft_edits SET undo = NULL WHERE price_book = $1 AND revision = $2", version, last.revision)
        .execute(connection)
        .await?;
    Ok(Some(from_json(last.undo)?))
}

/// Lists the newest edits of a draft, newest first.
pub(in crate::tariff) async fn list(pool: &PgPool, version: i32) -> Result<Vec<DraftEdit>> {
    let rows = sqlx::query!(
        r#"SELECT revision, action, changes, undo IS NOT NULL AS "is_standing!", made_by, made_at
           FROM draft_edits
           WHERE price_book = $1
           ORDER BY revision DESC
           LIMIT $2"#,
        version,
        EDITS_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let unknown = || Error::internal(format!("an edit of the kind {}", row.action));
            Ok(DraftEdit {
                revision: row.revision,
                kind: row.action.parse().map_err(|()| unknown())?,
                changes: from_json(row.changes)?,
                is_standing: row.is_standing,
                by: row.made_by,
                at: row.made_at,
            })
        })
        .collect()
}

/// Forgets how to undo the edits of a draft, which stay in its list.
pub(in crate::tariff) async fn keep_all(connection: &mut PgConnection, version: i32) -> Result<()> {
    sqlx::query!("UPDATE draft_edits SET undo = NULL WHERE price_book = $1", version).execute(connection).await?;
    Ok(())
}

/// Forgets how to undo the edits of a version that is published: it never changes again.
pub(in crate::tariff) async fn clear(connection: &mut PgConnection, version: i32) -> Result<()> {
    sqlx::query!("DELETE FROM draft_edits WHERE price_book = $1", version).execute(connection).await?;
    Ok(())
}
