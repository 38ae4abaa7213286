//! Payments.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::catalog::Interval;
use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, PaymentMethodId, Shard, SubscriptionId, UserId, WalletId};
use crate::money::{Credits, Currency, Money};
use crate::payment::model::{PaymentStatus, PaymentView, PlanPart};
use crate::payment::provider::MethodKind;

/// A payment as stored.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRow {
    pub(crate) id: PaymentId,
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) request_hash: Vec<u8>,
    pub(crate) status: PaymentStatus,
    pub(crate) package: Option<String>,
    pub(crate) title: String,
    pub(crate) credits: Credits,
    pub(crate) bonus: Credits,
    pub(crate) money: Money,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: String,
    pub(crate) provider: String,
    pub(crate) provider_ref: Option<String>,
    /// The kind of method that the buyer chose.
    pub(crate) kind: Option<MethodKind>,
    /// The saved method that is charged.
    pub(crate) method_id: Option<PaymentMethodId>,
    pub(crate) method_label: Option<String>,
    pub(crate) save_method: bool,
    pub(crate) tax_minor: i64,
    pub(crate) user: Option<UserId>,
    pub(crate) checkout_url: Option<String>,
    pub(crate) return_base: String,
    pub(crate) failure: Option<String>,
    pub(crate) entry_seq: Option<i64>,
    pub(crate) plan: Option<PlanPart>,
    /// The subscription of which it makes a higher plan, and that one.
    pub(crate) change: Option<(SubscriptionId, String)>,
    /// The consent by which auto top-up made it.
    pub(crate) auto_top_up: Option<i32>,
    /// The declined payment of auto top-up in whose place its owner pays.
    pub(crate) recovers: Option<PaymentId>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) settled_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) time_zone: String,
}

impl PaymentRow {
    /// Says whether it is a later month of a plan that is charged by itself.
    pub(crate) fn is_renewal(&self) -> bool {
        self.user.is_none() && self.plan.as_ref().is_some_and(|part| part.month > 0)
    }

    /// Gives what its owner sees.
    pub(crate) fn view(self) -> PaymentView {
        PaymentView {
            id: self.id,
            wallet: self.wallet,
            checkout_url: self.checkout_url.filter(|_| self.status.is_open()),
            status: self.status,
            package: self.package,
            plan: self.plan,
            change_to: self.change.map(|(_, plan)| plan),
            is_automatic: self.auto_top_up.is_some(),
            title: self.title,
            credits: self.credits,
            bonus: self.bonus,
            money: self.money,
            provider: self.provider,
            method: self.method_label,
            tax_minor: self.tax_minor,
            failure: self.failure,
            created_at: self.created_at,
            updated_at: self.updated_at,
            settled_at: self.settled_at,
            expires_at: self.expires_at,
            entry_seq: self.entry_seq,
        }
    }
}

/// What the database gives for a payment; one shape for every query.
struct Raw {
    id: Uuid,
    account_id: Uuid,
    shard: i16,
    wallet_id: i64,
    request_hash: Vec<u8>,
    status: String,
    package: Option<String>,
    title: String,
    credits: i64,
    bonus: i64,
    minor: i64,
    currency: String,
    email: String,
    name: String,
    locale: String,
    provider: String,
    provider_ref: Option<String>,
    kind: Option<String>,
    method_id: Option<Uuid>,
    method_label: Option<String>,
    save_method: bool,
    tax_minor: i64,
    user_id: Option<Uuid>,
    checkout_url: Option<String>,
    return_base: String,
    failure: Option<String>,
    entry_seq: Option<i64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    settled_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
    subscription_id: Option<Uuid>,
    plan: Option<String>,
    billing: Option<String>,
    month: Option<i32>,
    change_of: Option<Uuid>,
    change_to: Option<String>,
    auto_top_up: Option<i32>,
    recovers: Option<Uuid>,
    time_zone: String,
}

impl TryFrom<Raw> for PaymentRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let status =
            PaymentStatus::from_code(&raw.status).ok_or_else(|| Error::internal("an unknown payment state"))?;
        let plan =
            match (raw.subscription_id, raw.plan, raw.billing.as_deref().and_then(Interval::from_code), raw.month) {
                (Some(subscription), Some(plan), Some(interval), Some(month)) => Some(PlanPart {
                    subscription: SubscriptionId::from_uuid(subscription),
                    plan,
                    interval,
                    month: u32::try_from(month).map_err(Error::internal)?,
                }),
                _ => None,
            };
        let currency: Currency = raw.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
        Ok(Self {
            id: PaymentId::from_uuid(raw.id),
            account: AccountId::from_uuid(raw.account_id),
            wallet: WalletId { shard: Shard::from_i16(raw.shard), number: raw.wallet_id },
            request_hash: raw.request_hash,
            status,
            package: raw.package,
            title: raw.title,
            credits: Credits::from_micros(raw.credits),
            bonus: Credits::from_micros(raw.bonus),
            money: Money::from_minor(raw.minor, currency),
            email: raw.email,
            name: raw.name,
            locale: raw.locale,
            provider: raw.provider,
            provider_ref: raw.provider_ref,
            kind: raw.kind.as_deref().and_then(MethodKind::from_code),
            method_id: raw.method_id.map(PaymentMethodId::from_uuid),
            method_label: raw.method_label,
            save_method: raw.save_method,
            tax_minor: raw.tax_minor,
            user: raw.user_id.map(UserId::from_uuid),
            checkout_url: raw.checkout_url,
            return_base: raw.return_base,
            failure: raw.failure,
            entry_seq: raw.entry_seq,
            plan,
            change: raw.change_of.map(SubscriptionId::from_uuid).zip(raw.change_to),
            auto_top_up: raw.auto_top_up,
            recovers: raw.recovers.map(PaymentId::from_uuid),
            created_at: raw.created_at,
            updated_at: raw.updated_at,
            settled_at: raw.settled_at,
            expires_at: raw.expires_at,
            time_zone: raw.time_zone,
        })
    }
}

/// Selects payments as [`Raw`] rows; the text goes on from `WHERE`.
macro_rules! select_payments {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Raw,
            "SELECT payments.id, account_id, shard, wallet_id, request_hash, status, package, title, credits, bonus, minor,
                    currency, email, payments.name, locale, provider, provider_ref, payments.kind, method_id,
                    method_label, save_method, tax_minor, user_id, checkout_url, return_base, failure,
                    entry_seq, payments.created_at, updated_at, settled_at, expires_at, subscription_id, plan, billing,
                    month, change_of, change_to, auto_top_up, recovers, accounts.time_zone
             FROM payments
             JOIN accounts ON accounts.id = payments.account_id
             " + $tail
            $(, $argument)*
        )
    };
}

/// Finds an account's payment by its idempotency key.
pub(crate) async fn by_key(executor: impl PgExecutor<'_>, account: AccountId, key: &str) -> Result<Option<PaymentRow>> {
    select_payments!(
        "WHERE account_id = $1
           AND idempotency_key = $2",
        account.uuid(),
        key
    )
    .fetch_optional(executor)
    .await?
    .map(PaymentRow::try_from)
    .transpose()
}

/// Finds a payment by id.
pub(crate) async fn by_id(pool: &PgPool, id: PaymentId) -> Result<Option<PaymentRow>> {
    select_payments!("WHERE payments.id = $1", id.uuid())
        .fetch_optional(pool)
        .await?
        .map(PaymentRow::try_from)
        .transpose()
}

/// Finds the payment that a provider knows under a reference.
pub(crate) async fn id_by_ref(pool: &PgPool, provider: &str, reference: &str) -> Result<Option<PaymentId>> {
    let id =
        sqlx::query_scalar!("SELECT id FROM payments WHERE provider = $1 AND provider_ref = $2", provider, reference)
            .fetch_optional(pool)
            .await?;
    Ok(id.map(PaymentId::from_uuid))
}

/// Lists an account's payments before one, newest first.
pub(crate) async fn list(
    pool: &PgPool,
    (account, wallet): (AccountId, Option<WalletId>),
    before: Option<PaymentId>,
    limit: i64,
) -> Result<Vec<PaymentRow>> {
    select_payments!(
        "WHERE account_id = $1
           AND ($2::uuid IS NULL OR payments.id < $2)
           AND ($4::bigint IS NULL OR wallet_id = $4)
         ORDER BY payments.id DESC
         LIMIT $3",
        account.uuid(),
        before.map(PaymentId::uuid),
        limit,
        wallet.map(|wallet| wallet.number)
    )
    .fetch_all(pool)
    .await?
    .into_iter()
    .map(PaymentRow::try_from)
    .collect()
}

/// Notes the page on which a payment is paid. A payment that has moved on meanwhile keeps its state.
pub(crate) async fn set_checkout(
    pool: &PgPool,
    id: PaymentId,
    (reference, url): (&str, &str),
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE payments
         SET provider_ref = $2,
             checkout_url = $3,
             expires_at = $4,
             sent_at = coalesce(sent_at, $5),
             status = CASE WHEN status = 'unknown' THEN 'pending' ELSE status END,
             updated_at = $5
         WHERE id = $1
           AND status IN ('pending', 'unknown')",
        id.uuid(),
        reference,
        url,
        expires_at,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes the provider's reference where it is still missing.
pub(crate) async fn set_reference(pool: &PgPool, id: PaymentId, reference: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE payments
         SET provider_ref = $2,
             sent_at = $3
         WHERE id = $1
           AND provider_ref IS NULL",
        id.uuid(),
        reference,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes the instrument that paid, and the tax that its provider added.
pub(crate) async fn set_paid_with(pool: &PgPool, id: PaymentId, (label, tax_minor): (Option<&str>, i64)) -> Result<()> {
    sqlx::query!(
        "UPDATE payments
         SET method_label = coalesce($2, method_label),
             tax_minor = $3
         WHERE id = $1
           AND (method_label, tax_minor) IS DISTINCT FROM (coalesce($2, method_label), $3)",
        id.uuid(),
        label,
        tax_minor
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Moves a payment from one state to another, without credits; `false` where it was in another state by then.
pub(crate) async fn set_status(
    connection: &mut PgConnection,
    id: PaymentId,
    (from, to): (PaymentStatus, PaymentStatus),
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payments SET status = $3, failure = $4, updated_at = $5 WHERE id = $1 AND status = $2",
        id.uuid(),
        from.code(),
        to.code(),
        failure,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a payment aside whose money isn't what we asked for, or for which there is no place any more; `false` where it
/// is not as it was read.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    read: &PaymentRow,
    (failure, mismatch): (&str, &Value),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payments
         SET status = 'held',
             failure = $4,
             mismatch = $2,
             updated_at = $3
         WHERE id = $1
           AND status = $5
           AND failure IS NOT DISTINCT FROM $6
           AND status NOT IN ('succeeded', 'held')",
        read.id.uuid(),
        mismatch,
        now,
        failure,
        read.status.code(),
        read.failure
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a payment as succeeded, in the transaction of its grant; `false` where it is not in the state (and for the
/// reason) that was read.
pub(crate) async fn succeed(
    connection: &mut PgConnection,
    id: PaymentId,
    (status, failure): (PaymentStatus, Option<&str>),
    entry_seq: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payments
         SET status = 'succeeded',
             entry_seq = $2,
             settled_at = $3,
             updated_at = $3,
             failure = NULL
         WHERE id = $1
           AND status = $4
           AND failure IS NOT DISTINCT FROM $5
           AND status <> 'succeeded'",
        id.uuid(),
        entry_seq,
        now,
        status.code(),
        failure
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says whether a payment has brought its credits by a row of the ledger.
pub(crate) async fn has_succeeded(connection: &mut PgConnection, id: PaymentId, entry_seq: i64) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM payments WHERE id = $1 AND status = 'succeeded' AND entry_seq = $2
           ) AS "found!""#,
        id.uuid(),
        entry_seq
    );
    Ok(found.fetch_one(connection).await?)
}
