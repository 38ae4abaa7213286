//! Plans that become other ones.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::catalog::Interval;
use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, SubscriptionId};
use crate::money::{Credits, Currency, Money};
use crate::plan::{NextPlan, PlanChange, Proration, Subscription, Terms};

/// What was ordered with a payment that makes a higher plan of a subscription.
#[derive(Clone, Debug)]
pub(crate) struct OrderedChange {
    pub(crate) payment: PaymentId,
    pub(crate) account: AccountId,
    pub(crate) subscription: SubscriptionId,
    /// The month that it was ordered in.
    pub(crate) month: u32,
    pub(crate) from_plan: String,
    pub(crate) from: Terms,
    pub(crate) plan: String,
    pub(crate) terms: Terms,
}

impl OrderedChange {
    /// Says whether a subscription is still the one that was to be changed.
    pub(crate) fn fits(&self, of: &Subscription) -> bool {
        of.id == self.subscription
            && of.plan == self.from_plan
            && of.terms == Some(self.from)
            && of.months_granted == self.month.saturating_add(1)
    }
}

/// Keeps what was shown and agreed to when a change was ordered, in the transaction that makes its payment.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    payment: PaymentId,
    of: &Subscription,
    (change, proration, consent): (&PlanChange, &Proration, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    sqlx::query!(
        "INSERT INTO plan_changes (payment_id, account_id, subscription_id, month, from_plan, from_minor, from_credits,
                                   plan, billing, minor, currency, credits, days_left, days, month_days_left, month_days,
                                   consent, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        payment.uuid(),
        of.account.uuid(),
        of.id.uuid(),
        count(of.months_granted.saturating_sub(1)),
        change.from_plan,
        change.from.price.minor(),
        change.from.credits.micros(),
        change.plan,
        change.terms.interval.code(),
        change.terms.price.minor(),
        change.terms.price.currency().code(),
        change.terms.credits.micros(),
        count(proration.paid.left),
        count(proration.paid.all),
        count(proration.month.left),
        count(proration.month.all),
        consent,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads what was ordered with a payment.
pub(crate) async fn ordered(pool: &PgPool, payment: PaymentId) -> Result<Option<OrderedChange>> {
    let row = sqlx::query!(
        "SELECT account_id, subscription_id, month, from_plan, from_minor, from_credits, plan, billing, minor, currency,
                credits
         FROM plan_changes
         WHERE payment_id = $1",
        payment.uuid()
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let interval = Interval::from_code(&row.billing).ok_or_else(|| Error::internal("an unknown billing interval"))?;
    let currency: Currency = row.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
    let terms = |minor, credits| Terms {
        interval,
        price: Money::from_minor(minor, currency),
        credits: Credits::from_micros(credits),
    };
    Ok(Some(OrderedChange {
        payment,
        account: AccountId::from_uuid(row.account_id),
        subscription: SubscriptionId::from_uuid(row.subscription_id),
        month: u32::try_from(row.month).map_err(Error::internal)?,
        from_plan: row.from_plan,
        from: terms(row.from_minor, row.from_credits),
        plan: row.plan,
        terms: terms(row.minor, row.credits),
    }))
}

/// Makes the higher plan of a subscription, in the transaction of the credits that it brings; `false` where it is not as it
/// was when that was ordered: another plan, another month, over, or about to be renewed.
pub(crate) async fn raise(connection: &mut PgConnection, ordered: &OrderedChange, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE subscriptions
         SET plan = $5,
             minor = $6,
             credits = $7,
             next_plan = NULL,
             next_billing = NULL,
             next_minor = NULL,
             next_credits = NULL,
             version = version + 1,
             updated_at = $8
         WHERE account_id = $1
           AND id = $2
           AND months_granted = $3 + 1
           AND plan = $4
           AND (billing, minor, currency, credits) = ($9, $10::bigint, $11, $12::bigint)
           AND status = 'active'
           AND expires_at > $8",
        ordered.account.uuid(),
        ordered.subscription.uuid(),
        i32::try_from(ordered.month).unwrap_or(i32::MAX),
        ordered.from_plan,
        ordered.plan,
        ordered.terms.price.minor(),
        ordered.terms.credits.micros(),
        now,
        ordered.from.interval.code(),
        ordered.from.price.minor(),
        ordered.from.price.currency().code(),
        ordered.from.credits.micros()
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets what a subscription becomes with its next billing date, or that it stays; `false` where it has changed since it was
/// read.
pub(crate) async fn set_next(
    connection: &mut PgConnection,
    of: &Subscription,
    next: Option<&NextPlan>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE subscriptions
         SET next_plan = $4,
             next_billing = $5,
             next_minor = $6,
             next_credits = $7,
             version = version + 1,
             updated_at = $8
         WHERE account_id = $1
           AND id = $2
           AND version = $3
           AND status = 'active'
           AND NOT cancel_at_end",
        of.account.uuid(),
        of.id.uuid(),
        of.version,
        next.map(|next| next.plan.as_str()),
        next.map(|next| next.terms.interval.code()),
        next.map(|next| next.terms.price.minor()),
        next.map(|next| next.terms.credits.micros()),
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
