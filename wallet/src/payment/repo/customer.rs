//! The customers that providers keep saved methods for.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::error::Result;
use crate::id::AccountId;

/// Finds the name under which a provider knows an account.
pub(crate) async fn find(pool: &PgPool, account: AccountId, provider: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "SELECT reference FROM provider_customers WHERE account_id = $1 AND provider = $2",
        account.uuid(),
        provider
    )
    .fetch_optional(pool)
    .await?)
}

/// Notes the name under which a provider knows an account, and gives the one that was noted first.
pub(crate) async fn set(
    pool: &PgPool,
    account: AccountId,
    (provider, reference): (&str, &str),
    now: DateTime<Utc>,
) -> Result<String> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO provider_customers AS known (account_id, provider, reference, created_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT provider_customers_pk DO UPDATE
         SET reference = known.reference
         RETURNING reference",
        account.uuid(),
        provider,
        reference,
        now
    )
    .fetch_one(pool)
    .await?)
}
