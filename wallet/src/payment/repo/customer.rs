//! The customers that providers keep saved methods for.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::error::Result;
use crate::id::AccountId;

/// What stands before the name of a customer that the provider does not have any more.
const GONE: &str = "gone:";

/// The name under which a provider knows an account, or knew it.
pub(crate) enum Known {
    /// It has this customer.
    Has(String),
    /// It had a customer, which was deleted there.
    Had(String),
    /// It never had one.
    Never,
}

/// Finds the name under which a provider knows an account.
pub(crate) async fn find(pool: &PgPool, account: AccountId, provider: &str) -> Result<Known> {
    let found = sqlx::query_scalar!(
        "SELECT reference FROM provider_customers WHERE account_id = $1 AND provider = $2",
        account.uuid(),
        provider
    )
    .fetch_optional(pool)
    .await?;
    Ok(match found {
        Some(reference) if reference.starts_with(GONE) => Known::Had(reference),
        Some(reference) => Known::Has(reference),
        None => Known::Never,
    })
}

/// Notes that a provider does not have the customer of an account any more: the next one gets another name.
pub(crate) async fn set_gone(pool: &PgPool, account: AccountId, provider: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE provider_customers
         SET reference = $3 || reference
         WHERE account_id = $1
           AND provider = $2
           AND NOT starts_with(reference, $3)",
        account.uuid(),
        provider,
        GONE
    )
    .execute(pool)
    .await?;
    Ok(())
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
         SET reference = CASE WHEN starts_with(known.reference, $5) THEN excluded.reference ELSE known.reference END
         RETURNING reference",
        account.uuid(),
        provider,
        reference,
        now,
        GONE
    )
    .fetch_one(pool)
    .await?)
}
