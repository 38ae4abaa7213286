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

/// Sums the debits after a row, less what was paid back, between instants (in order) and by category.
///
/// Lines count as in usage (`spent_lines`). Rows of a wallet lie together by `seq`, so that only those are read.
pub(super) async fn spent(
    connection: &mut PgConnection,
    wallet: WalletId,
    after: i64,
    instants: &[DateTime<Utc>],
) -> Result<Vec<SpentSince>> {
    let rows = sqlx::query!(
        r#"SELECT width_bucket(created_at, $4::timestamptz[]) AS "bucket!",
                  coalesce(category, '') AS "category!",
                  sum(credits)::bigint AS "spent!"
           FROM spent_lines
           WHERE shard = $1
             AND wallet_id = $2
             AND seq > $3
             AND created_at >= ($4::timestamptz[])[1]
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
