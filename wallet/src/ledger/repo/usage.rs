//! What was spent, summed up: from rows, and from the sums that a job has made of them.

use sqlx::{PgConnection, PgPool};

use super::wallet_id;
use crate::db;
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::WalletId;
use crate::ledger::usage::{GroupBy, Stretch, UsageRow};
use crate::money::Credits;

/// Sums up a stretch of a wallet's ledger: what charges, captures, months and fees took, less what was paid back, as the
/// view `spent_lines` has it.
pub(in crate::ledger) async fn sums(
    connection: &mut PgConnection,
    wallet: WalletId,
    stretch: &Stretch,
    by: &GroupBy,
    zone: &str,
    limit: i64,
) -> Result<Vec<UsageRow>> {
    let rows = sqlx::query!(
        r#"SELECT CASE WHEN $3 THEN to_char(s.at AT TIME ZONE $7, 'YYYY-MM-DD') END AS day,
                  CASE WHEN $4 THEN s.operation END AS operation,
                  CASE WHEN $5 THEN s.category END AS category,
                  s.metadata AS "metadata!: Vec<Option<String>>",
                  (CASE
                       WHEN $4 THEN sum(s.charges)
                       WHEN $5 THEN sum(s.charges_of_categories)
                       ELSE sum(s.charges_of_rows)
                   END)::bigint AS "charges!",
                  sum(s.credits)::bigint AS "credits!"
           FROM (
               SELECT l.created_at AS at, l.operation, l.category, l.charges, l.charges_of_categories, l.charges_of_rows,
                      l.credits,
                      ARRAY(
                          SELECT l.metadata::json ->> name
                          FROM unnest($6::text[]) WITH ORDINALITY AS wanted (name, place)
                          ORDER BY place
                      ) AS metadata
               FROM spent_lines AS l
               WHERE l.shard = $1 AND l.wallet_id = $2 AND l.seq > $9 AND l.seq <= $10
               UNION ALL
               SELECT l.created_at, l.operation, l.category, l.charges, l.charges_of_categories, l.charges_of_rows,
                      l.credits,
                      ARRAY(
                          SELECT l.metadata::json ->> name
                          FROM unnest($6::text[]) WITH ORDINALITY AS wanted (name, place)
                          ORDER BY place
                      )
               FROM spent_lines AS l
               WHERE l.shard = $1 AND l.wallet_id = $2 AND l.seq > $11 AND l.seq <= $12
               UNION ALL
               SELECT u.quarter, u.operation, u.category, u.charges, u.charges_of_categories, u.charges_of_rows,
                      u.credits, CASE WHEN u.by_customer THEN ARRAY[u.customer] ELSE ARRAY[]::text[] END
               FROM usage_sums AS u
               WHERE u.shard = $1 AND u.wallet_id = $2 AND u.by_customer = (cardinality($6::text[]) > 0)
                 AND u.quarter >= $13 AND u.quarter < $14
           ) AS s
           GROUP BY 1, 2, 3, 4
           ORDER BY 1, 2, 3, 4
           LIMIT $8"#,
        wallet.shard.as_i16(),
        wallet.number,
        by.day,
        by.operation,
        by.category,
        &by.metadata,
        zone,
        limit,
        stretch.before.0,
        stretch.before.1,
        stretch.after.0,
        stretch.after.1,
        stretch.quarters.0,
        stretch.quarters.1
    )
    .fetch_all(connection)
    .await
    .map_err(too_long)?;
    Ok(rows
        .into_iter()
        .map(|row| UsageRow {
            day: row.day,
            operation: row.operation,
            category: row.category,
            metadata: row.metadata,
            charges: row.charges,
            credits: Credits::from_micros(row.credits),
        })
        .collect())
}

/// Says what to do about sums that take longer than a read may.
fn too_long(cause: sqlx::Error) -> Error {
    if !db::is_timeout(&cause) {
        return cause.into();
    }
    let message = "Summing this up takes too long: ask for a shorter time, or for fewer groups.";
    Refusal::unprocessable("from", Problem::TooLarge, message).into()
}

/// Tells up to which row a wallet's usage is summed up; 0 where it is not.
pub(in crate::ledger) async fn summed(connection: &mut PgConnection, wallet: WalletId) -> Result<i64> {
    let seq = sqlx::query_scalar!(
        "SELECT seq FROM usage_summed WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    Ok(seq.unwrap_or(0))
}

/// Lists wallets of which at least so many rows are not summed up.
pub(in crate::ledger) async fn behind(pool: &PgPool, rows: i64, limit: i64) -> Result<Vec<WalletId>> {
    let found = sqlx::query!(
        "SELECT w.shard, w.wallet_id
         FROM wallets AS w
         LEFT JOIN usage_summed AS u ON u.shard = w.shard AND u.wallet_id = w.wallet_id
         WHERE w.seq >= greatest(coalesce(u.seq, 0), w.archived_seq) + $1
         ORDER BY w.seq - greatest(coalesce(u.seq, 0), w.archived_seq) DESC
         LIMIT $2",
        rows,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(found.into_iter().map(|row| wallet_id(row.shard, row.wallet_id)).collect())
}

/// Locks a wallet's sums, and tells from which row on there is something to sum up, and up to which: the first excluded,
/// the second included. What is archived before it was summed up stays out: nobody can ask for it.
pub(in crate::ledger) async fn lock(
    connection: &mut PgConnection,
    wallet: WalletId,
    rows: i64,
) -> Result<Option<(i64, i64)>> {
    sqlx::query!(
        "INSERT INTO usage_summed (shard, wallet_id, seq) VALUES ($1, $2, 0)
         ON CONFLICT ON CONSTRAINT usage_summed_pkey DO NOTHING",
        wallet.shard.as_i16(),
        wallet.number
    )
    .execute(&mut *connection)
    .await?;
    let summed = sqlx::query_scalar!(
        "SELECT seq FROM usage_summed WHERE shard = $1 AND wallet_id = $2 FOR UPDATE",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_one(&mut *connection)
    .await?;
    let row = sqlx::query!(
        "SELECT seq, archived_seq FROM wallets WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| {
        let after = summed.max(row.archived_seq);
        (after, row.seq.min(after.saturating_add(rows)).max(after))
    }))
}

/// Adds rows to a wallet's sums, which must be locked.
pub(in crate::ledger) async fn sum_up(
    connection: &mut PgConnection,
    wallet: WalletId,
    (after, to): (i64, i64),
) -> Result<()> {
    sqlx::query!(
        "WITH lines AS MATERIALIZED (
             SELECT date_bin('15 minutes', created_at, 'epoch') AS quarter, operation, category,
                    metadata::json ->> 'customer_id' AS customer,
                    charges, charges_of_categories, charges_of_rows, credits
             FROM spent_lines
             WHERE shard = $1 AND wallet_id = $2 AND seq > $3 AND seq <= $4
         ), grouped AS (
             SELECT false AS by_customer, quarter, operation, category, NULL AS customer, sum(charges) AS charges,
                    sum(charges_of_categories) AS charges_of_categories, sum(charges_of_rows) AS charges_of_rows,
                    sum(credits) AS credits
             FROM lines
             GROUP BY quarter, operation, category
             UNION ALL
             SELECT true, quarter, operation, category, customer, sum(charges),
                    sum(charges_of_categories), sum(charges_of_rows), sum(credits)
             FROM lines
             GROUP BY quarter, operation, category, customer
         )
         INSERT INTO usage_sums AS known
             (shard, wallet_id, by_customer, quarter, group_hash, operation, category, customer, charges,
              charges_of_categories, charges_of_rows, credits)
         SELECT $1, $2, by_customer, quarter, md5(json_build_array(operation, category, customer)::text)::uuid,
                operation, category, customer, charges, charges_of_categories, charges_of_rows, credits
         FROM grouped
         ON CONFLICT ON CONSTRAINT usage_sums_pkey DO UPDATE
         SET charges = known.charges + excluded.charges,
             charges_of_categories = known.charges_of_categories + excluded.charges_of_categories,
             charges_of_rows = known.charges_of_rows + excluded.charges_of_rows,
             credits = known.credits + excluded.credits",
        wallet.shard.as_i16(),
        wallet.number,
        after,
        to
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE usage_summed SET seq = $3 WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        to
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a wallet's sums, which must be locked: they are made anew from its rows.
pub(in crate::ledger) async fn forget(connection: &mut PgConnection, wallet: WalletId) -> Result<()> {
    sqlx::query!("DELETE FROM usage_sums WHERE shard = $1 AND wallet_id = $2", wallet.shard.as_i16(), wallet.number)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "UPDATE usage_summed SET seq = 0 WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .execute(connection)
    .await?;
    Ok(())
}
