//! The SQL of subscriptions and their months.

mod change;
pub(crate) mod invariants;
mod method;
mod period;
pub(crate) mod plan_change;
pub(crate) mod preview_share;
mod start;
mod subscription;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

pub(crate) use change::{Declined, Extended, begin_free, decline, end, extend, move_anchor, set_cancel, set_granted};
pub(crate) use method::{forget_method, is_charged, set_method};
pub(crate) use period::{insert_period, period_paid_by, periods};
pub(crate) use start::{NewStart, start};
pub(crate) use subscription::{account_with_due, by_account, next_due, set_due, take_due};

use crate::error::Result;
use crate::id::AccountId;
use crate::plan::SubscriptionStatus;

/// An account's plan as stored.
pub(crate) struct PlanRow {
    pub(crate) plan: String,
    pub(crate) status: SubscriptionStatus,
    pub(crate) cancel_at_end: bool,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) next_try_at: Option<DateTime<Utc>>,
    pub(crate) is_paid: bool,
}

/// Finds accounts' plans.
pub(crate) async fn find(pool: &PgPool, accounts: &[AccountId]) -> Result<HashMap<AccountId, PlanRow>> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT account_id, plan, status, cancel_at_end, expires_at, next_try_at, minor IS NOT NULL AS "is_paid!"
           FROM subscriptions
           WHERE account_id = ANY($1)"#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let status = SubscriptionStatus::from_code(&row.status).unwrap_or(SubscriptionStatus::Cancelled);
        let found = PlanRow {
            plan: row.plan,
            status,
            cancel_at_end: row.cancel_at_end,
            expires_at: row.expires_at,
            next_try_at: row.next_try_at,
            is_paid: row.is_paid,
        };
        (AccountId::from_uuid(row.account_id), found)
    });
    Ok(rows.collect())
}

/// Puts a new account on a plan that costs nothing; one that has a plan stays on it. Nothing is due of it before the
/// owner's address is proven.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    account: AccountId,
    plan: &str,
    anchor: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO subscriptions (account_id, plan, anchor, due_at, created_at, updated_at)
         VALUES ($1, $2, $3, NULL, $3, $3)
         ON CONFLICT ON CONSTRAINT subscriptions_pk DO NOTHING",
        account.uuid(),
        plan,
        anchor
    )
    .execute(connection)
    .await?;
    Ok(())
}
