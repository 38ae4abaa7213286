//! The months of subscriptions.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::{AccountId, PaymentId, SubscriptionId};
use crate::money::{Credits, Money};
use crate::plan::BillingPeriod;
use crate::plan::month::Month;

/// Adds a month; `false` where it is there already.
pub(crate) async fn insert_period(
    connection: &mut PgConnection,
    month: &Month,
    entry_seq: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let share = month.paid.map(|(_, share)| share);
    let done = sqlx::query!(
        "INSERT INTO billing_periods (subscription_id, month, account_id, shard, wallet_id, plan, starts_at, ends_at,
                                      credits, paid_by, minor, currency, entry_seq, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT ON CONSTRAINT billing_periods_pk DO NOTHING",
        month.subscription.uuid(),
        i32::try_from(month.index).unwrap_or(i32::MAX),
        month.account.uuid(),
        month.wallet.shard.as_i16(),
        month.wallet.number,
        month.plan,
        month.starts_at,
        month.ends_at,
        month.credits.micros(),
        month.paid.map(|(payment, _)| payment.uuid()),
        share.map(Money::minor),
        share.map(|share| share.currency().code().to_owned()),
        entry_seq,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Tells which payment paid a month.
pub(crate) async fn period_paid_by(
    connection: &mut PgConnection,
    subscription: SubscriptionId,
    month: u32,
) -> Result<Option<PaymentId>> {
    let paid_by = sqlx::query_scalar!(
        "SELECT paid_by FROM billing_periods WHERE subscription_id = $1 AND month = $2",
        subscription.uuid(),
        i32::try_from(month).unwrap_or(i32::MAX)
    )
    .fetch_optional(connection)
    .await?;
    Ok(paid_by.flatten().map(PaymentId::from_uuid))
}

/// Lists an account's months, newest first.
pub(crate) async fn periods(pool: &PgPool, account: AccountId, limit: i64) -> Result<Vec<BillingPeriod>> {
    let rows = sqlx::query!(
        "SELECT subscription_id, month, plan, starts_at, ends_at, credits, paid_by, entry_seq
         FROM billing_periods
         WHERE account_id = $1
         ORDER BY starts_at DESC
         LIMIT $2",
        account.uuid(),
        limit
    )
    .fetch_all(pool)
    .await?;
    let period = rows.into_iter().map(|row| BillingPeriod {
        subscription: SubscriptionId::from_uuid(row.subscription_id),
        month: u32::try_from(row.month).unwrap_or(0),
        plan: row.plan,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        credits: Credits::from_micros(row.credits),
        paid_by: row.paid_by.map(PaymentId::from_uuid),
        entry_seq: row.entry_seq,
    });
    Ok(period.collect())
}
