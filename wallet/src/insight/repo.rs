//! The SQL of insight.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::Result;
use crate::id::WalletId;
use crate::money::Credits;

/// What was spent on a category from one instant on until the next one.
pub(super) struct SpentSince {
    /// The place of the instant.
    pub place: usize,
    pub category: String,
    pub amount: Credits,
}

/// Sums the debits after a row, less what was paid back, between instants (in order) and by category: of a capture, and
/// of what pays one back, by the categories of its lines. Rows of a wallet
/// lie together by `seq`, so that only the asked-for ones are read.
pub(super) async fn spent(
    connection: &mut PgConnection,
    wallet: WalletId,
    after: i64,
    instants: &[DateTime<Utc>],
) -> Result<Vec<SpentSince>> {
    let rows = sqlx::query!(
        r#"SELECT width_bucket(e.created_at, $4::timestamptz[]) AS "bucket!",
                  coalesce(line.category, e.category, '') AS "category!",
                  (sum(CASE WHEN line.taken IS NULL THEN -e.amount
                            WHEN e.kind = 8 THEN -line.taken
                            ELSE line.taken
                       END))::bigint AS "spent!"
           FROM entries AS e
           LEFT JOIN entries AS told
             ON e.kind = 8 AND told.shard = e.shard AND told.wallet_id = e.wallet_id AND told.seq = e.refers_to
           LEFT JOIN LATERAL (
               SELECT part ->> 'c' AS category, sum((part ->> 'k')::bigint) AS taken
               FROM json_array_elements(coalesce(told.detail, e.detail)::json -> 'l') AS lines (part)
               WHERE e.kind IN (4, 8) AND (part ->> 'k')::bigint <> 0
               GROUP BY 1
           ) AS line ON true
           WHERE e.shard = $1 AND e.wallet_id = $2 AND e.seq > $3
             AND e.kind IN (2, 4, 8, 10, 11, 12)
             AND e.created_at >= ($4::timestamptz[])[1]
           GROUP BY 1, 2
           ORDER BY 1, 2"#,
        wallet.shard.as_i16(),
        wallet.number,
        after,
        instants
    )
    .fetch_all(connection)
    .await?;
    let place = |bucket: i32| usize::try_from(bucket).ok()?.checked_sub(1);
    let found = rows.into_iter().filter_map(|row| {
        Some(SpentSince { place: place(row.bucket)?, category: row.category, amount: Credits::from_micros(row.spent) })
    });
    Ok(found.collect())
}
