//! Payments of a wallet that have changed lately.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::error::Result;
use crate::id::{PaymentId, WalletId};

/// Names payments of a wallet that have changed since an instant, in that order, with the instants.
pub(crate) async fn since(
    pool: &PgPool,
    wallet: WalletId,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(PaymentId, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        "SELECT id, updated_at
         FROM payments
         WHERE shard = $1 AND wallet_id = $2 AND updated_at >= $3
         ORDER BY updated_at, id
         LIMIT $4",
        wallet.shard.as_i16(),
        wallet.number,
        since,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (PaymentId::from_uuid(row.id), row.updated_at)).collect())
}
