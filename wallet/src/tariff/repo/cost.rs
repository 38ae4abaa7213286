//! The SQL of upstream costs: added, never changed.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::tariff::model::cost::{CostRow, SourcedCost};

struct Row {
    operation: String,
    micros: i64,
    per: i64,
    currency: String,
    source: String,
    review_on: NaiveDate,
    uploaded_at: DateTime<Utc>,
    uploaded_by: String,
}

impl TryFrom<Row> for CostRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            operation: row.operation,
            micros: row.micros,
            per: row.per,
            currency: row.currency.parse().map_err(Error::internal)?,
            source: row.source,
            review_on: row.review_on,
            uploaded_at: row.uploaded_at,
            uploaded_by: row.uploaded_by,
        })
    }
}

/// Adds a cost.
pub(in crate::tariff) async fn insert(
    connection: &mut PgConnection,
    cost: &SourcedCost,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO upstream_costs
             (id, operation, micros, per, currency, source, review_on, uploaded_at, uploaded_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Uuid::now_v7(),
        cost.operation,
        cost.micros,
        cost.per,
        cost.currency.code(),
        cost.source,
        cost.review_on,
        at,
        by
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads the newest cost of each operation.
pub(in crate::tariff) async fn newest(connection: &mut PgConnection) -> Result<Vec<CostRow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT DISTINCT ON (operation)
                operation, micros, per, currency, source, review_on, uploaded_at, uploaded_by
         FROM upstream_costs
         ORDER BY operation, id DESC"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(CostRow::try_from).collect()
}

/// Reads the first cost of each operation: what its price rests on, where the price book says nothing else.
pub(in crate::tariff) async fn first(connection: &mut PgConnection) -> Result<Vec<CostRow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT DISTINCT ON (operation)
                operation, micros, per, currency, source, review_on, uploaded_at, uploaded_by
         FROM upstream_costs
         ORDER BY operation, id"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(CostRow::try_from).collect()
}

/// Reads the costs of one operation, newest first.
pub(in crate::tariff) async fn history(pool: &PgPool, operation: &str, limit: i64) -> Result<Vec<CostRow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT operation, micros, per, currency, source, review_on, uploaded_at, uploaded_by
         FROM upstream_costs
         WHERE operation = $1
         ORDER BY id DESC
         LIMIT $2",
        operation,
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(CostRow::try_from).collect()
}

/// Lists the newest costs whose review is due and about which nobody was reminded: their rows and operations.
pub(in crate::tariff) async fn due(pool: &PgPool, today: NaiveDate) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        "SELECT newest.id, newest.operation
         FROM (
             SELECT DISTINCT ON (operation) id, operation, review_on
             FROM upstream_costs
             ORDER BY operation, id DESC
         ) AS newest
         WHERE newest.review_on <= $1
           AND NOT EXISTS (SELECT FROM upstream_reminders AS done WHERE done.cost_id = newest.id)
         ORDER BY newest.operation",
        today
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.operation)).collect())
}

/// Notes that somebody is reminded of costs; says of how many nobody was before.
pub(in crate::tariff) async fn remind(connection: &mut PgConnection, costs: &[Uuid], at: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO upstream_reminders (cost_id, reminded_at)
         SELECT n.cost_id, $2
         FROM unnest($1::uuid[]) AS n (cost_id)
         ON CONFLICT DO NOTHING",
        costs,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Finds the newest open draft of somebody that was copied from a version.
pub(in crate::tariff) async fn draft_of(pool: &PgPool, name: &str, based_on: i32) -> Result<Option<i32>> {
    Ok(sqlx::query_scalar!(
        "SELECT version
         FROM price_books
         WHERE status = 'draft' AND created_by ->> 'name' = $1 AND based_on = $2
         ORDER BY version DESC
         LIMIT 1",
        name,
        based_on
    )
    .fetch_optional(pool)
    .await?)
}
