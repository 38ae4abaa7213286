//! Payments that are made.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::error::Result;
use crate::id::{AccountId, PaymentId, PaymentMethodId, SubscriptionId, UserId, WalletId};
use crate::money::{Credits, Money};
use crate::payment::model::PlanPart;
use crate::payment::provider::MethodKind;

/// A payment to store.
pub(crate) struct NewPaymentRow<'a> {
    pub(crate) id: PaymentId,
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) user: Option<UserId>,
    pub(crate) key: &'a str,
    pub(crate) request_hash: &'a [u8],
    pub(crate) package: Option<&'a str>,
    pub(crate) title: &'a str,
    pub(crate) credits: Credits,
    pub(crate) bonus: Credits,
    pub(crate) money: Money,
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) locale: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) kind: Option<MethodKind>,
    /// The saved method that is charged, and what it is called.
    pub(crate) method: Option<(PaymentMethodId, &'a str)>,
    pub(crate) save_method: bool,
    pub(crate) return_base: &'a str,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) check_at: DateTime<Utc>,
    /// What it pays of a plan, and to what its payer agreed.
    pub(crate) plan: Option<(&'a PlanPart, &'a str)>,
    /// The subscription of which it makes a higher plan, and that one.
    pub(crate) change: Option<(SubscriptionId, &'a str)>,
    /// It is only made while this subscription has this version and goes on.
    pub(crate) renews: Option<(SubscriptionId, i64)>,
    /// The consent by which auto top-up makes it.
    pub(crate) auto_top_up: Option<i32>,
    /// The declined payment of auto top-up in whose place its owner pays.
    pub(crate) recovers: Option<PaymentId>,
}

/// Adds a payment; nothing happens where the key was used before, or where another payment for the same months of a
/// plan, or of auto top-up of the wallet, is open, or where the subscription that it renews has changed: `false`. Whoever changes it meanwhile waits.
pub(crate) async fn insert(connection: &mut PgConnection, row: &NewPaymentRow<'_>) -> Result<bool> {
    let part = row.plan.map(|(part, _)| part);
    let done = sqlx::query!(
        "WITH going_on AS MATERIALIZED (
             SELECT
             FROM subscriptions
             WHERE account_id = $2
               AND id = $26
               AND version = $27
               AND NOT cancel_at_end
             FOR SHARE
         )
         INSERT INTO payments (id, account_id, shard, wallet_id, user_id, idempotency_key, request_hash, package,
                               title, credits, minor, currency, email, name, locale, provider, return_base,
                               created_at, updated_at, expires_at, check_at, subscription_id, plan, billing, month,
                               consent, kind, method_id, method_label, save_method, change_of, change_to,
                               auto_top_up, recovers, bonus)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $19, $20, $21,
                $22, $23, $24, $25, $28, $29, $30, $31, $32, $33, $34, $35, $36
         WHERE $26::uuid IS NULL OR EXISTS (SELECT FROM going_on)
         ON CONFLICT DO NOTHING",
        row.id.uuid(),
        row.account.uuid(),
        row.wallet.shard.as_i16(),
        row.wallet.number,
        row.user.map(UserId::uuid),
        row.key,
        row.request_hash,
        row.package,
        row.title,
        row.credits.micros(),
        row.money.minor(),
        row.money.currency().code(),
        row.email,
        row.name,
        row.locale,
        row.provider,
        row.return_base,
        row.created_at,
        row.expires_at,
        row.check_at,
        part.map(|part| part.subscription.uuid()),
        part.map(|part| part.plan.as_str()),
        part.map(|part| part.interval.code()),
        part.map(|part| i32::try_from(part.month).unwrap_or(i32::MAX)),
        row.plan.map(|(_, consent)| consent),
        row.renews.map(|(subscription, _)| subscription.uuid()),
        row.renews.map(|(_, version)| version),
        row.kind.map(MethodKind::code),
        row.method.map(|(method, _)| method.uuid()),
        row.method.map(|(_, label)| label),
        row.save_method,
        row.change.map(|(subscription, _)| subscription.uuid()),
        row.change.map(|(_, plan)| plan),
        row.auto_top_up,
        row.recovers.map(PaymentId::uuid),
        row.bonus.micros()
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts an account's open payments, which it must be locked for; none where the key was used before: then no payment
/// is added.
pub(crate) async fn count_open(connection: &mut PgConnection, account: AccountId, key: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!"
           FROM payments
           WHERE account_id = $1
             AND status IN ('pending', 'processing', 'unknown')
             AND NOT EXISTS (SELECT FROM payments WHERE account_id = $1 AND idempotency_key = $2)"#,
        account.uuid(),
        key
    )
    .fetch_one(connection)
    .await?)
}

/// Says whether money for a plan that begins may be on its way for an account, which must be locked: a saved method was
/// charged, or a payment is being confirmed. The order of the key itself does not count.
pub(crate) async fn is_plan_under_way(connection: &mut PgConnection, account: AccountId, key: &str) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT
               FROM payments
               WHERE account_id = $1
                 AND month = 0
                 AND idempotency_key <> $2
                 AND (status = 'processing' OR (status IN ('pending', 'unknown') AND method_id IS NOT NULL))
           ) AS "found!""#,
        account.uuid(),
        key
    );
    Ok(found.fetch_one(connection).await?)
}

/// Finds the open payment for the months of a plan from one on.
pub(crate) async fn open_for(executor: impl PgExecutor<'_>, part: &PlanPart) -> Result<Option<PaymentId>> {
    let id = sqlx::query_scalar!(
        "SELECT id
         FROM payments
         WHERE subscription_id = $1
           AND month = $2
           AND status IN ('pending', 'processing', 'unknown')",
        part.subscription.uuid(),
        i32::try_from(part.month).unwrap_or(i32::MAX)
    )
    .fetch_optional(executor)
    .await?;
    Ok(id.map(PaymentId::from_uuid))
}

/// Finds the open payment that makes a plan of a subscription.
pub(crate) async fn open_change(
    executor: impl PgExecutor<'_>,
    (subscription, plan): (SubscriptionId, &str),
) -> Result<Option<PaymentId>> {
    let id = sqlx::query_scalar!(
        "SELECT id
         FROM payments
         WHERE change_of = $1
           AND change_to = $2
           AND status IN ('pending', 'processing', 'unknown')",
        subscription.uuid(),
        plan
    )
    .fetch_optional(executor)
    .await?;
    Ok(id.map(PaymentId::from_uuid))
}

/// Finds the open payments for plans of an account.
pub(crate) async fn open_for_plans(pool: &PgPool, account: AccountId) -> Result<Vec<PaymentId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id
         FROM payments
         WHERE account_id = $1
           AND (subscription_id IS NOT NULL OR change_of IS NOT NULL)
           AND status IN ('pending', 'processing', 'unknown')
         ORDER BY created_at",
        account.uuid()
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(PaymentId::from_uuid).collect())
}

/// Finds the open payment for a later month of a subscription.
pub(crate) async fn open_renewal(pool: &PgPool, subscription: SubscriptionId) -> Result<Option<PaymentId>> {
    let id = sqlx::query_scalar!(
        "SELECT id
         FROM payments
         WHERE subscription_id = $1
           AND month > 0
           AND status IN ('pending', 'processing', 'unknown')
         LIMIT 1",
        subscription.uuid()
    )
    .fetch_optional(pool)
    .await?;
    Ok(id.map(PaymentId::from_uuid))
}
