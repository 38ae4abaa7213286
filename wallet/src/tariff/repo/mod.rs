//! The SQL of price books and their tariffs; of locked quotes, simulations and edits in its parts.

pub(super) mod cost;
pub(super) mod edit;
mod publish;
mod quote;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool};

pub(super) use crate::tariff::repo::simulation::{forget_run, move_simulation, simulated_revision};
pub(super) use publish::{fix_changes, put_in_force, schedule, set_changes, withdraw};
pub(super) use quote::{insert_quote, locked_quote, sweep_quotes};

use crate::error::{Error, Result};
use crate::identity::Actor;
use crate::money::Credits;
use crate::tariff::model::price_book::{BookStatus, BookSummary, PriceBook};
use crate::tariff::model::tariff::Tariff;

/// What the catalog says about prices besides the prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) revision: i64,
    pub(super) notice_days: i64,
    pub(super) quote_minutes: i64,
    pub(super) rehearsal_days: i64,
}

fn json<T: Serialize>(value: &T) -> Result<Value> {
    Ok(serde_json::to_value(value)?)
}

fn from_json<T: DeserializeOwned>(value: Value) -> Result<T> {
    Ok(serde_json::from_value(value)?)
}

fn status(text: &str) -> Result<BookStatus> {
    text.parse().map_err(|()| Error::internal(format!("a price book with the status {text}")))
}

/// Reads the catalog's revision; `None` where there is no catalog yet.
pub(super) async fn revision(pool: &PgPool) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!("SELECT revision FROM catalog").fetch_optional(pool).await?)
}

/// Reads the settings that prices depend on.
pub(super) async fn rules(executor: impl PgExecutor<'_>) -> Result<Option<Rules>> {
    let row = sqlx::query!(
        r#"SELECT revision,
                  (settings ->> 'notice_days')::bigint AS "notice_days!",
                  (settings ->> 'quote_minutes')::bigint AS "quote_minutes!",
                  (settings ->> 'rehearsal_days')::bigint AS "rehearsal_days!"
           FROM catalog"#
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| Rules {
        revision: row.revision,
        notice_days: row.notice_days,
        quote_minutes: row.quote_minutes,
        rehearsal_days: row.rehearsal_days,
    }))
}

/// Locks the catalog, so that prices change one after another; says nothing changed yet.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!("SELECT revision FROM catalog FOR UPDATE").fetch_optional(connection).await?)
}

/// Tells every node that something has changed.
pub(super) async fn touch(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("UPDATE catalog SET revision = revision + 1").execute(connection).await?;
    Ok(())
}

/// Reads the ranks of the plans.
pub(super) async fn ranks(executor: impl PgExecutor<'_>) -> Result<Vec<(String, i32)>> {
    let rows = sqlx::query!("SELECT code, rank FROM plans").fetch_all(executor).await?;
    Ok(rows.into_iter().map(|row| (row.code, row.rank)).collect())
}

/// Reads a price book with its tariffs.
pub(super) async fn book(connection: &mut PgConnection, version: i32) -> Result<Option<PriceBook>> {
    let Some(row) = sqlx::query!(
        "SELECT version, status, effective_at, retired_at, revision, rounding_step, based_on,
                created_by ->> 'name' AS created_by, created_at
         FROM price_books
         WHERE version = $1",
        version
    )
    .fetch_optional(&mut *connection)
    .await?
    else {
        return Ok(None);
    };
    Ok(Some(PriceBook {
        version: row.version,
        status: status(&row.status)?,
        effective_at: row.effective_at,
        retired_at: row.retired_at,
        revision: row.revision,
        rounding_step: Credits::from_micros(row.rounding_step),
        based_on: row.based_on,
        created_by: row.created_by.unwrap_or_default(),
        created_at: row.created_at,
        tariffs: tariffs(connection, version).await?,
    }))
}

async fn tariffs(connection: &mut PgConnection, version: i32) -> Result<Vec<Tariff>> {
    let rows = sqlx::query!(
        "SELECT operation, position, name, category, unit, supplier, minimum_plan, gates, upstream_cost, rule
         FROM tariffs
         WHERE price_book = $1
         ORDER BY position, operation",
        version
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Tariff {
                operation: row.operation,
                name: row.name,
                category: row.category.parse().map_err(Error::internal)?,
                unit: row.unit,
                supplier: row.supplier,
                upstream_cost: row.upstream_cost.map(from_json).transpose()?,
                minimum_plan: row.minimum_plan,
                gates: from_json(row.gates)?,
                rule: from_json(row.rule)?,
                position: row.position,
            })
        })
        .collect()
}

/// Lists the versions that are published or in force, the one in force first.
pub(super) async fn live_versions(connection: &mut PgConnection) -> Result<Vec<i32>> {
    Ok(sqlx::query_scalar!(
        "SELECT version FROM price_books WHERE status IN ('active', 'scheduled') ORDER BY effective_at"
    )
    .fetch_all(connection)
    .await?)
}

/// Lists all versions, newest first.
pub(super) async fn versions(pool: &PgPool) -> Result<Vec<BookSummary>> {
    let rows = sqlx::query!(
        r#"SELECT version, status, effective_at, retired_at, revision, created_by ->> 'name' AS created_by, created_at,
                  (SELECT count(*) FROM tariffs WHERE tariffs.price_book = price_books.version) AS "operations!"
           FROM price_books
           ORDER BY version DESC
           LIMIT 200"#
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(BookSummary {
                version: row.version,
                status: status(&row.status)?,
                effective_at: row.effective_at,
                retired_at: row.retired_at,
                revision: row.revision,
                created_by: row.created_by.unwrap_or_default(),
                created_at: row.created_at,
                operations: row.operations,
            })
        })
        .collect()
}

/// Writes a new price book with its tariffs; gives its version.
pub(super) async fn insert_book(
    connection: &mut PgConnection,
    status: BookStatus,
    effective_at: Option<DateTime<Utc>>,
    rounding_step: Credits,
    based_on: Option<i32>,
    by: &Actor,
    at: DateTime<Utc>,
) -> Result<i32> {
    let by = serde_json::json!({ "actor": by, "name": by.name() });
    Ok(sqlx::query_scalar!(
        r#"INSERT INTO price_books
               (version, status, effective_at, announced_at, rounding_step, based_on, created_by, created_at)
           SELECT coalesce(max(version), 0) + 1, $1, $2, $2, $3, $4, $5, $6
           FROM price_books
           RETURNING version"#,
        status.code(),
        effective_at,
        rounding_step.micros(),
        based_on,
        by,
        at
    )
    .fetch_one(connection)
    .await?)
}

/// Replaces the tariffs of a draft.
pub(super) async fn replace_tariffs(connection: &mut PgConnection, version: i32, tariffs: &[Tariff]) -> Result<()> {
    sqlx::query!("DELETE FROM tariffs WHERE price_book = $1", version).execute(&mut *connection).await?;
    for (position, tariff) in (0..).zip(tariffs) {
        put_tariff(connection, version, tariff, position).await?;
    }
    Ok(())
}

/// Writes what an edit has changed of a draft's tariffs: a sum changes with its parts, a place with a removal.
pub(super) async fn rewrite_tariffs(
    connection: &mut PgConnection,
    version: i32,
    before: &[Tariff],
    after: &[Tariff],
) -> Result<()> {
    let known: BTreeMap<&str, &Tariff> = before.iter().map(|tariff| (tariff.operation.as_str(), tariff)).collect();
    let mut gone: BTreeSet<&str> = known.keys().copied().collect();
    for tariff in after {
        gone.remove(tariff.operation.as_str());
        if known.get(tariff.operation.as_str()) != Some(&tariff) {
            put_tariff(connection, version, tariff, tariff.position).await?;
        }
    }
    let gone: Vec<String> = gone.into_iter().map(str::to_owned).collect();
    sqlx::query!("DELETE FROM tariffs WHERE price_book = $1 AND operation = ANY($2)", version, &gone)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds a tariff to a draft, or replaces the one of the same operation.
pub(super) async fn put_tariff(
    connection: &mut PgConnection,
    version: i32,
    tariff: &Tariff,
    position: i32,
) -> Result<()> {
    let cost = tariff.upstream_cost.as_ref().map(json).transpose()?;
    sqlx::query!(
        "INSERT INTO tariffs
             (price_book, operation, position, name, category, unit, supplier, minimum_plan, gates, upstream_cost, rule)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (price_book, operation) DO UPDATE
         SET position = excluded.position, name = excluded.name, category = excluded.category,
             unit = excluded.unit, supplier = excluded.supplier, minimum_plan = excluded.minimum_plan,
             gates = excluded.gates, upstream_cost = excluded.upstream_cost, rule = excluded.rule",
        version,
        tariff.operation,
        position,
        tariff.name,
        tariff.category.code(),
        tariff.unit,
        tariff.supplier,
        tariff.minimum_plan,
        json(&tariff.gates)?,
        cost,
        json(&tariff.rule)?
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts an edit of a draft; `false` where the draft is not at the revision that the editor saw.
pub(super) async fn next_revision(connection: &mut PgConnection, version: i32, expected: i64) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE price_books SET revision = revision + 1 WHERE version = $1 AND revision = $2 AND status = 'draft'",
        version,
        expected
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says which version a draft is a copy of.
pub(super) async fn set_base(connection: &mut PgConnection, version: i32, base: i32, step: Credits) -> Result<()> {
    sqlx::query!(
        "UPDATE price_books SET based_on = $2, rounding_step = $3 WHERE version = $1 AND status = 'draft'",
        version,
        base,
        step.micros()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Throws a draft away.
pub(super) async fn delete_draft(connection: &mut PgConnection, version: i32) -> Result<()> {
    sqlx::query!("DELETE FROM price_books WHERE version = $1 AND status = 'draft'", version)
        .execute(connection)
        .await?;
    Ok(())
}

/// Finds the version that was in force before another.
pub(super) async fn version_before(connection: &mut PgConnection, version: i32) -> Result<Option<i32>> {
    Ok(sqlx::query_scalar!(
        "SELECT before.version
         FROM price_books AS before, price_books AS this
         WHERE this.version = $1 AND before.status <> 'withdrawn'
           AND (before.effective_at, before.version) < (this.effective_at, this.version)
         ORDER BY before.effective_at DESC, before.version DESC
         LIMIT 1",
        version
    )
    .fetch_optional(connection)
    .await?)
}

/// Makes the transaction read one state of the database throughout.
pub(super) async fn snapshot(connection: &mut PgConnection) -> Result<()> {
    // Not a checked query: it can't be prepared.
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(connection).await?;
    Ok(())
}
#[cfg(feature = "postgres")]
pub(crate) mod invariants;
pub(crate) mod notice;
pub(crate) mod simulation;
