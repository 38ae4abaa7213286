//! What was spent, summed up.

use sqlx::PgConnection;

use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::usage::{GroupBy, UsageRow};
use crate::money::Credits;

/// Sums up the rows between two places of a wallet's ledger (the first excluded, the second included): what charges,
/// captures, months and fees took, less what was paid back. A capture counts by its lines, each for its own operation
/// and category. A row that pays back counts where the row counts that it pays back, but on its own day.
pub(in crate::ledger) async fn sums(
    connection: &mut PgConnection,
    wallet: WalletId,
    (after, to): (i64, i64),
    by: &GroupBy,
    zone: &str,
    limit: i64,
) -> Result<Vec<UsageRow>> {
    let rows = sqlx::query!(
        r#"SELECT CASE WHEN $5 THEN to_char(e.created_at AT TIME ZONE $9, 'YYYY-MM-DD') END AS day,
                  CASE WHEN $6 THEN coalesce(line.operation, e.operation, told.operation) END AS operation,
                  CASE WHEN $7 THEN coalesce(line.category, e.category, told.category) END AS category,
                  ARRAY(
                      SELECT coalesce(e.metadata, told.metadata)::json ->> name
                      FROM unnest($8::text[]) WITH ORDINALITY AS wanted (name, place)
                      ORDER BY place
                  ) AS "metadata!: Vec<Option<String>>",
                  count(*) FILTER (WHERE e.kind IN (2, 4)) AS "charges!",
                  (sum(CASE WHEN line.taken IS NULL THEN -e.amount
                            WHEN e.kind = 8 THEN -line.taken
                            ELSE line.taken
                       END))::bigint AS "credits!"
           FROM entries AS e
           LEFT JOIN entries AS told
             ON e.kind = 8 AND told.shard = e.shard AND told.wallet_id = e.wallet_id AND told.seq = e.refers_to
           LEFT JOIN LATERAL (
               -- A row with several lines of one group counts once in it.
               SELECT CASE WHEN $6 THEN part ->> 'o' END AS operation,
                      CASE WHEN $7 THEN part ->> 'c' END AS category,
                      sum((part ->> 'k')::bigint) AS taken
               FROM json_array_elements(coalesce(told.detail, e.detail)::json -> 'l') AS lines (part)
               WHERE e.kind IN (4, 8) AND (part ->> 'k')::bigint <> 0
               GROUP BY 1, 2
           ) AS line ON true
           WHERE e.shard = $1 AND e.wallet_id = $2 AND e.seq > $3 AND e.seq <= $4
             AND e.kind IN (2, 4, 8, 10, 11, 12)
           GROUP BY 1, 2, 3, 4
           ORDER BY 1, 2, 3, 4
           LIMIT $10"#,
        wallet.shard.as_i16(),
        wallet.number,
        after,
        to,
        by.day,
        by.operation,
        by.category,
        &by.metadata,
        zone,
        limit
    )
    .fetch_all(connection)
    .await?;
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
