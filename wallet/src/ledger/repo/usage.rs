//! What was spent, summed up: from rows, and from the sums that a job has made of them.

use sqlx::{PgConnection, PgPool};

use super::wallet_id;
use crate::db;
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::WalletId;
use crate::ledger::model::usage::{GroupBy, Stretch, UsageRow};
use crate::money::Credits;

/// Sums up a stretch of a wallet's ledger: what charges, captures, months and fees took, less what was paid back, as
/// the view `spent_lines` has it.
pub(in crate::ledger) async fn sums(
    connection: &mut PgConnection,
    wallet: WalletId,
    stretch: &Stretch,
    by: &GroupBy,
    zone: &str,
    limit: i64,
) -> Result<Vec<UsageRow>> {
    let rows = sqlx::query!(
        r#"SELECT CASE WHEN $3 THEN to_char(s.local_at, 'YYYY-MM-DD') END AS day,
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
               SELECT l.created_at AT TIME ZONE $7 AS local_at, l.operation, l.category, l.charges,
                      l.charges_of_categories, l.charges_of_rows, l.credits,
                      ARRAY(
                          SELECT l.metadata::json ->> name
                          FROM unnest($6::text[]) WITH ORDINALITY AS wanted (name, place)
                          ORDER BY place
                      ) AS metadata
               FROM spent_lines AS l
               WHERE l.shard = $1 AND l.wallet_id = $2 AND l.seq > $9 AND l.seq <= $10
               UNION ALL
               SELECT l.created_at AT TIME ZONE $7, l.operation, l.category, l.charges, l.charges_of_categories,
                      l.charges_of_rows, l.credits,
                      ARRAY(
                          SELECT l.metadata::json ->> name
                          FROM unnest($6::text[]) WITH ORDINALITY AS wanted (name, place)
                          ORDER BY place
                      )
               FROM spent_lines AS l
               WHERE l.shard = $1 AND l.wallet_id = $2 AND l.seq > $11 AND l.seq <= $12
               UNION ALL
               SELECT u.begins_at AT TIME ZONE CASE WHEN u.by_customer THEN 'UTC' ELSE $7 END, u.operation, u.category,
                      u.charges, u.charges_of_categories, u.charges_of_rows, u.credits,
                      CASE WHEN u.by_customer THEN ARRAY[u.customer] ELSE ARRAY[]::text[] END
               FROM usage_sums AS u
               WHERE u.shard = $1 AND u.wallet_id = $2 AND u.by_customer = (cardinality($6::text[]) > 0)
                 AND u.begins_at >= $13 AND u.begins_at < $14
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
        stretch.sums.0,
        stretch.sums.1
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

/// Tells up to which row a wallet's usage is summed up, and by the days of which time zone; `None` where it is not.
pub(in crate::ledger) async fn summed(
    connection: &mut PgConnection,
    wallet: WalletId,
) -> Result<Option<(i64, String)>> {
    let row = sqlx::query!(
        "SELECT seq, time_zone FROM usage_summed WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.seq, row.time_zone)))
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

/// Locks a wallet's sums, and tells from which row on there is something to sum up, and up to which: the first
/// excluded, the second included. What is archived before it was summed up stays out: nobody can ask for it. Sums by
/// the days of another time zone are forgotten, and begin anew.
pub(in crate::ledger) async fn lock(
    connection: &mut PgConnection,
    wallet: WalletId,
    zone: &str,
    rows: i64,
) -> Result<Option<(i64, i64)>> {
    sqlx::query!(
        "INSERT INTO usage_summed (shard, wallet_id, seq, time_zone) VALUES ($1, $2, 0, $3)
         ON CONFLICT ON CONSTRAINT usage_summed_pkey DO NOTHING",
        wallet.shard.as_i16(),
        wallet.number,
        zone
    )
    .execute(&mut *connection)
    .await?;
    let summed = sqlx::query!(
        "SELECT seq, time_zone FROM usage_summed WHERE shard = $1 AND wallet_id = $2 FOR UPDATE",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut seq = summed.seq;
    if summed.time_zone != zone {
        forget(&mut *connection, wallet, zone).await?;
        seq = 0;
    }
    let row = sqlx::query!(
        "SELECT seq, archived_seq FROM wallets WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| {
        let after = seq.max(row.archived_seq);
        (after, row.seq.min(after.saturating_add(rows)).max(after))
    }))
}

/// Adds rows to a wallet's sums, which must be locked: to those in all by quarters of an hour, to those by customer by
/// the account's days, each day at its midnight in UTC.
pub(in crate::ledger) async fn sum_up(
    connection: &mut PgConnection,
    wallet: WalletId,
    zone: &str,
    (after, to): (i64, i64),
) -> Result<()> {
    sqlx::query!(
        "WITH lines AS MATERIALIZED (
             SELECT date_bin('15 minutes', created_at, 'epoch') AS quarter,
                    date_trunc('day', created_at AT TIME ZONE $5) AT TIME ZONE 'UTC' AS day, operation, category,
                    metadata::json ->> 'customer_id' AS customer,
                    charges, charges_of_categories, charges_of_rows, credits
             FROM spent_lines
             WHERE shard = $1 AND wallet_id = $2 AND seq > $3 AND seq <= $4
         ), grouped AS (
             SELECT false AS by_customer, quarter AS begins_at, operation, category, NULL AS customer,
                    sum(charges) AS charges, sum(charges_of_categories) AS charges_of_categories, sum(charges_of_rows) AS charges_of_rows,
                    sum(credits) AS credits
             FROM lines
             GROUP BY quarter, operation, category
             UNION ALL
             SELECT true, day, operation, category, customer, sum(charges),
                    sum(charges_of_categories), sum(charges_of_rows), sum(credits)
             FROM lines
             GROUP BY day, operation, category, customer
         )
         INSERT INTO usage_sums AS known
             (shard, wallet_id, by_customer, begins_at, group_hash, operation, category, customer, charges,
              charges_of_categories, charges_of_rows, credits)
         SELECT $1, $2, by_customer, begins_at, md5(json_build_array(operation, category, customer)::text)::uuid,
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
        to,
        zone
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

/// Forgets a wallet's sums, which must be locked: they are made anew from its rows, by the days of a time zone.
pub(in crate::ledger) async fn forget(connection: &mut PgConnection, wallet: WalletId, zone: &str) -> Result<()> {
    sqlx::query!("DELETE FROM usage_sums WHERE shard = $1 AND wallet_id = $2", wallet.shard.as_i16(), wallet.number)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "UPDATE usage_summed SET seq = 0, time_zone = $3 WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        zone
    )
    .execute(connection)
    .await?;
    Ok(())
}
