//! Subscriptions, read whole, and which of them are due.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::catalog::{BillingDates, Interval};
use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, Shard, SubscriptionId, WalletId};
use crate::money::{Credits, Currency, Money};
use crate::plan::{NextPlan, SavedMethod, Subscription, SubscriptionStatus, Terms};

/// What the database gives for a subscription.
struct Raw {
    account_id: Uuid,
    plan: String,
    status: String,
    anchor: DateTime<Utc>,
    anchor_month: i32,
    expires_at: Option<DateTime<Utc>>,
    id: Uuid,
    shard: i16,
    wallet_id: i64,
    billing: Option<String>,
    minor: Option<i64>,
    currency: Option<String>,
    credits: Option<i64>,
    cancel_at_end: bool,
    months_paid: i32,
    months_granted: i32,
    paid_by: Option<Uuid>,
    paid_from: i32,
    paid_minor: Option<i64>,
    next_plan: Option<String>,
    next_billing: Option<String>,
    next_minor: Option<i64>,
    next_credits: Option<i64>,
    failures: i32,
    failing_since: Option<DateTime<Utc>>,
    next_try_at: Option<DateTime<Utc>>,
    provider: Option<String>,
    method_ref: Option<String>,
    method_label: Option<String>,
    awaits_owner: bool,
    version: i64,
    time_zone: String,
    billing_dates: Option<String>,
}

impl Raw {
    fn subscription(self, dates: BillingDates) -> Result<Subscription> {
        let raw = self;
        let count = |number: i32| u32::try_from(number).map_err(Error::internal);
        let status = SubscriptionStatus::from_code(&raw.status);
        let currency: Option<Currency> =
            raw.currency.map(|code| code.parse().map_err(|_| Error::internal("an unknown currency"))).transpose()?;
        let agreed = |billing: Option<String>, minor, credits| match (billing, minor, currency, credits) {
            (Some(billing), Some(minor), Some(currency), Some(credits)) => {
                let interval =
                    Interval::from_code(&billing).ok_or_else(|| Error::internal("an unknown billing interval"))?;
                let price = Money::from_minor(minor, currency);
                Ok(Some(Terms { interval, price, credits: Credits::from_micros(credits) }))
            }
            _ => Ok::<_, Error>(None),
        };
        let terms = agreed(raw.billing, raw.minor, raw.credits)?;
        let next_terms = agreed(raw.next_billing, raw.next_minor, raw.next_credits)?;
        let method = match (raw.provider, raw.method_ref, raw.method_label) {
            (Some(provider), Some(reference), Some(label)) => Some(SavedMethod { provider, reference, label }),
            _ => None,
        };
        Ok(Subscription {
            id: SubscriptionId::from_uuid(raw.id),
            account: AccountId::from_uuid(raw.account_id),
            wallet: WalletId { shard: Shard::from_i16(raw.shard), number: raw.wallet_id },
            plan: raw.plan,
            credits: terms.map_or(Credits::ZERO, |terms| terms.credits),
            terms,
            anchor: raw.anchor,
            anchor_month: count(raw.anchor_month)?,
            time_zone: raw.time_zone,
            dates: match raw.billing_dates {
                Some(code) => BillingDates::from_code(&code).ok_or_else(|| Error::internal("unknown billing dates"))?,
                None => dates,
            },
            status: status.ok_or_else(|| Error::internal("an unknown state of a subscription"))?,
            cancel_at_end: raw.cancel_at_end,
            expires_at: raw.expires_at,
            months_paid: count(raw.months_paid)?,
            months_granted: count(raw.months_granted)?,
            paid_by: raw.paid_by.map(PaymentId::from_uuid),
            paid_from: count(raw.paid_from)?,
            paid_price: raw.paid_minor.zip(currency).map(|(minor, currency)| Money::from_minor(minor, currency)),
            next: raw.next_plan.zip(next_terms).map(|(plan, terms)| NextPlan { plan, terms }),
            failures: count(raw.failures)?,
            failing_since: raw.failing_since,
            next_try_at: raw.next_try_at,
            method,
            awaits_owner: raw.awaits_owner,
            version: raw.version,
        })
    }
}

/// Reads an account's subscription. A plan that costs nothing fills the account's first wallet, on dates in the
/// account's time zone of now, and on `dates`.
pub(crate) async fn by_account(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    dates: BillingDates,
) -> Result<Option<Subscription>> {
    sqlx::query_as!(
        Raw,
        r#"SELECT s.account_id, s.plan, s.status, s.anchor, s.expires_at, s.id,
                  coalesce(s.shard, w.shard) AS "shard!", coalesce(s.wallet_id, w.wallet_id) AS "wallet_id!",
                  s.billing, s.minor, s.currency, s.credits, s.cancel_at_end, s.months_paid, s.months_granted,
                  s.paid_by, s.paid_from, s.failures, s.failing_since, s.next_try_at, s.provider, s.method_ref,
                  s.method_label, s.awaits_owner, s.version, s.anchor_month, s.billing_dates,
                  s.paid_minor, s.next_plan, s.next_billing, s.next_minor, s.next_credits,
                  coalesce(s.time_zone, a.time_zone) AS "time_zone!"
           FROM subscriptions AS s
           JOIN accounts AS a ON a.id = s.account_id
           CROSS JOIN LATERAL (
               SELECT shard, wallet_id
               FROM wallet_directory
               WHERE account_id = s.account_id AND environment = 'production'
               ORDER BY created_at, wallet_id
               LIMIT 1
           ) AS w
           WHERE s.account_id = $1"#,
        account.uuid()
    )
    .fetch_optional(executor)
    .await?
    .map(|raw| raw.subscription(dates))
    .transpose()
}

/// Takes subscriptions that are due, and sets when they are looked at again should nobody come to an end with them. Two
/// jobs take different ones.
pub(crate) async fn take_due(
    pool: &PgPool,
    now: DateTime<Utc>,
    again: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<AccountId>> {
    let accounts = sqlx::query_scalar!(
        "UPDATE subscriptions
         SET due_at = $2
         WHERE account_id IN (
             SELECT account_id
             FROM subscriptions
             WHERE due_at <= $1
             ORDER BY due_at
             LIMIT $3
             FOR UPDATE SKIP LOCKED
         )
         RETURNING account_id",
        now,
        again,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(accounts.into_iter().map(AccountId::from_uuid).collect())
}

/// Tells whose wallet it is, where the job looks at its account's plan some time: not before the owner's address is
/// proven.
pub(crate) async fn account_with_due(pool: &PgPool, wallet: WalletId) -> Result<Option<AccountId>> {
    let account = sqlx::query_scalar!(
        "SELECT s.account_id
         FROM wallet_directory AS d
         JOIN subscriptions AS s ON s.account_id = d.account_id
         WHERE d.shard = $1 AND d.wallet_id = $2 AND s.due_at IS NOT NULL",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(pool)
    .await?;
    Ok(account.map(AccountId::from_uuid))
}

/// Tells when something is due of any subscription after an instant.
pub(crate) async fn next_due(pool: &PgPool, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("SELECT min(due_at) FROM subscriptions WHERE due_at > $1", after).fetch_one(pool).await?)
}

/// Sets when the job looks next, unless somebody has changed the subscription since it was read.
pub(crate) async fn set_due(pool: &PgPool, of: &Subscription, due_at: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!(
        "UPDATE subscriptions SET due_at = $4 WHERE account_id = $1 AND id = $2 AND version = $3",
        of.account.uuid(),
        of.id.uuid(),
        of.version,
        due_at
    )
    .execute(pool)
    .await?;
    Ok(())
}
