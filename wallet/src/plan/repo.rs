//! The SQL of subscriptions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::Result;
use crate::id::AccountId;

/// An account's plan as stored.
pub(crate) struct SubscriptionRow {
    pub(crate) plan: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// Finds accounts' plans.
pub(crate) async fn find(pool: &PgPool, accounts: &[AccountId]) -> Result<HashMap<AccountId, SubscriptionRow>> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.uuid()).collect();
    let rows = sqlx::query!("SELECT account_id, plan, expires_at FROM subscriptions WHERE account_id = ANY($1)", &ids)
        .fetch_all(pool)
        .await?;
    let row = |account, plan, expires_at| (AccountId::from_uuid(account), SubscriptionRow { plan, expires_at });
    Ok(rows.into_iter().map(|found| row(found.account_id, found.plan, found.expires_at)).collect())
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
