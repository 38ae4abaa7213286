//! The SQL of announcing: the changelog, what a version means to each account, banners put away.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::db;
use crate::error::Result;
use crate::id::{AccountId, UserId};
use crate::money::Credits;
use crate::tariff::model::announcement::Announcement;
use crate::tariff::model::impact::Impact;
use crate::tariff::model::price_book::BookStatus;
use crate::tariff::repo::{from_json, json, status};

/// Lists published versions that changed something, newest first; those announced before one, where it is given.
pub(in crate::tariff) async fn page(pool: &PgPool, before: Option<i32>, limit: i64) -> Result<Vec<Announcement>> {
    let rows = sqlx::query!(
        r#"SELECT version, status, announced_at AS "announced_at!", effective_at AS "effective_at!",
                  changed_at AS "changed_at!", changes AS "changes!"
           FROM price_books
           WHERE status <> 'draft'
             AND jsonb_array_length(coalesce(changes, '[]')) > 0
             AND ($1::integer IS NULL
                  OR (announced_at, version) < (SELECT announced_at, version FROM price_books WHERE version = $1))
           ORDER BY announced_at DESC, version DESC
           LIMIT $2"#,
        before,
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Announcement {
                version: row.version,
                status: status(&row.status)?,
                announced_at: row.announced_at,
                effective_at: row.effective_at,
                changed_at: row.changed_at,
                changes: from_json(row.changes)?,
            })
        })
        .collect()
}

/// Reads one published version that changed something.
pub(in crate::tariff) async fn one(pool: &PgPool, version: i32) -> Result<Option<Announcement>> {
    let row = sqlx::query!(
        r#"SELECT version, status, announced_at AS "announced_at!", effective_at AS "effective_at!",
                  changed_at AS "changed_at!", changes AS "changes!"
           FROM price_books
           WHERE version = $1
             AND status <> 'draft'
             AND jsonb_array_length(coalesce(changes, '[]')) > 0"#,
        version
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Announcement {
            version: row.version,
            status: status(&row.status)?,
            announced_at: row.announced_at,
            effective_at: row.effective_at,
            changed_at: row.changed_at,
            changes: from_json(row.changes)?,
        })
    })
    .transpose()
}

/// Takes a version that is still to be told, for this node; another node may after `stale`.
pub(in crate::tariff) async fn take_untold(
    pool: &PgPool,
    now: DateTime<Utc>,
    stale: DateTime<Utc>,
) -> Result<Option<i32>> {
    Ok(sqlx::query_scalar!(
        "UPDATE price_books
         SET telling_at = $1
         WHERE version = (
             SELECT version
             FROM price_books
             WHERE announced_at IS NOT NULL
               AND status <> 'draft'
               AND jsonb_array_length(coalesce(changes, '[]')) > 0
               AND (told_at IS NULL OR weighed_at IS NULL)
               AND (telling_at IS NULL OR telling_at < $2)
             ORDER BY announced_at
             LIMIT 1
             FOR UPDATE SKIP LOCKED
         )
         RETURNING version",
        now,
        stale
    )
    .fetch_optional(pool)
    .await?)
}

/// Gives a version back that could not be told.
pub(in crate::tariff) async fn leave_untold(pool: &PgPool, version: i32) -> Result<()> {
    sqlx::query!("UPDATE price_books SET telling_at = NULL WHERE version = $1", version).execute(pool).await?;
    Ok(())
}

/// Marks a version as told in the state that it was told in: one that was withdrawn meanwhile is taken once more.
pub(in crate::tariff) async fn mark_told(
    pool: &PgPool,
    version: i32,
    told: BookStatus,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books
         SET told_at = CASE WHEN (status = 'withdrawn') = $3 THEN coalesce(told_at, $2) ELSE told_at END,
             telling_at = NULL
         WHERE version = $1",
        version,
        at,
        told == BookStatus::Withdrawn
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Finds how often what a version changes was written, where its effect on it is to be worked out.
pub(in crate::tariff) async fn unweighed(pool: &PgPool, version: i32) -> Result<Option<i32>> {
    let found = sqlx::query_scalar!(
        "SELECT changes_written FROM price_books WHERE version = $1 AND weighed_at IS NULL",
        version
    )
    .fetch_optional(pool)
    .await?;
    Ok(found)
}

/// Keeps what a version means to each account, in place of what was found before; `false`, with nothing kept, where
/// what it changes was written again since.
pub(in crate::tariff) async fn keep_impacts(
    pool: &PgPool,
    version: i32,
    written: i32,
    impacts: &[Impact],
    at: DateTime<Utc>,
) -> Result<bool> {
    let mut tx = db::begin(pool).await?;
    let done = sqlx::query!(
        "UPDATE price_books SET weighed_at = $2 WHERE version = $1 AND changes_written = $3",
        version,
        at,
        written
    )
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    sqlx::query!("DELETE FROM announcement_impacts WHERE price_book = $1", version).execute(&mut *tx).await?;
    for impacts in impacts.chunks(1_000) {
        let column = |pick: fn(&Impact) -> i64| impacts.iter().map(pick).collect::<Vec<i64>>();
        let accounts: Vec<uuid::Uuid> = impacts.iter().map(|impact| impact.account.uuid()).collect();
        let rises: Vec<bool> = impacts.iter().map(|impact| impact.rises).collect();
        let operations = impacts.iter().map(|impact| json(&impact.operations)).collect::<Result<Vec<_>>>()?;
        sqlx::query!(
            "INSERT INTO announcement_impacts
                 (price_book, account_id, charges, cost, would_cost, refused, rises, operations)
             SELECT $1, n.*
             FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::boolean[],
                         $8::jsonb[]) AS n",
            version,
            &accounts,
            &column(|impact| impact.charges),
            &column(|impact| impact.before.micros()),
            &column(|impact| impact.after.micros()),
            &column(|impact| impact.refused),
            &rises,
            &operations
        )
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Says when what any announced version changes was written last.
pub(in crate::tariff) async fn changed_at(pool: &PgPool) -> Result<Option<DateTime<Utc>>> {
    let found = sqlx::query_scalar!("SELECT max(changed_at) FROM price_books WHERE status <> 'draft'");
    Ok(found.fetch_one(pool).await?)
}

/// Reads what a version means to an account.
pub(in crate::tariff) async fn impact(pool: &PgPool, version: i32, account: AccountId) -> Result<Option<Impact>> {
    let row = sqlx::query!(
        "SELECT charges, cost, would_cost, refused, rises, operations
         FROM announcement_impacts
         WHERE price_book = $1 AND account_id = $2",
        version,
        account.uuid()
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Impact {
            account,
            charges: row.charges,
            before: Credits::from_micros(row.cost),
            after: Credits::from_micros(row.would_cost),
            refused: row.refused,
            rises: row.rises,
            operations: from_json(row.operations)?,
        })
    })
    .transpose()
}

/// Says whether a person has put a version's banner away.
pub(in crate::tariff) async fn is_dismissed(pool: &PgPool, version: i32, user: UserId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM announcement_dismissals WHERE price_book = $1 AND user_id = $2
           ) AS "exists!""#,
        version,
        user.uuid()
    )
    .fetch_one(pool)
    .await?)
}

/// Puts a version's banner away for a person; `false` where there is no such version.
pub(in crate::tariff) async fn dismiss(pool: &PgPool, version: i32, user: UserId, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO announcement_dismissals (price_book, user_id, dismissed_at)
         SELECT version, $2, $3
         FROM price_books
         WHERE version = $1 AND status <> 'draft'
         ON CONFLICT (price_book, user_id) DO UPDATE SET dismissed_at = announcement_dismissals.dismissed_at",
        version,
        user.uuid(),
        at
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}
