//! The SQL of payments in review.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId};
use crate::money::{Credits, Currency, Money};
use crate::payment::model::PaymentInReview;

/// Lists them, oldest first.
pub(crate) async fn list(pool: &PgPool, limit: i64) -> Result<Vec<PaymentInReview>> {
    let rows = sqlx::query!(
        "SELECT id, account_id, email, title, credits, minor, currency, provider, provider_ref, failure, mismatch,
                updated_at
         FROM payments
         WHERE status = 'held'
         ORDER BY updated_at, id
         LIMIT $1",
        limit
    )
    .fetch_all(pool)
    .await?;
    let held = rows.into_iter().map(|row| {
        let currency: Currency = row.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
        Ok(PaymentInReview {
            id: PaymentId::from_uuid(row.id),
            account: AccountId::from_uuid(row.account_id),
            email: row.email,
            title: row.title,
            credits: Credits::from_micros(row.credits),
            money: Money::from_minor(row.minor, currency),
            provider: row.provider,
            provider_ref: row.provider_ref,
            why: row.failure.unwrap_or_default(),
            compared: row.mismatch.unwrap_or_default(),
            held_at: row.updated_at,
        })
    });
    held.collect()
}

/// Calls one off whose money was given back; `false` where it is not in review.
pub(crate) async fn give_back(
    connection: &mut PgConnection,
    id: PaymentId,
    failure: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payments SET status = 'cancelled', failure = $2, updated_at = $3 WHERE id = $1 AND status = 'held'",
        id.uuid(),
        failure,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
