//! The SQL of subscriptions.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::AccountId;

/// An account's plan as stored.
pub(crate) struct SubscriptionRow {
    pub(crate) plan: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// Finds an account's plan.
pub(crate) async fn find(pool: &PgPool, account: AccountId) -> Result<Option<SubscriptionRow>> {
    Ok(sqlx::query_as!(
        SubscriptionRow,
        "SELECT plan, expires_at FROM subscriptions WHERE account_id = $1",
        account.uuid()
    )
    .fetch_optional(pool)
    .await?)
}

/// Puts a new account on a plan; one that has a plan stays on it.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    account: AccountId,
    plan: &str,
    anchor: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO subscriptions (account_id, plan, anchor, created_at, updated_at)
         VALUES ($1, $2, $3, $3, $3)
         ON CONFLICT ON CONSTRAINT subscriptions_pk DO NOTHING",
        account.uuid(),
        plan,
        anchor
    )
    .execute(connection)
    .await?;
    Ok(())
}
