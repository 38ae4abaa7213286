//! The list of all payments, for staff.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::catalog::Interval;
use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, Shard, SubscriptionId, WalletId};
use crate::money::{Credits, Currency, Money};
use crate::payment::console::{BoughtKind, GroupCounts, PaymentFilter, StaffPayment, StatusGroup};
use crate::payment::model::{PaymentStatus, PlanPart};

/// What the database gives for a payment.
struct Raw {
    id: Uuid,
    account_id: Uuid,
    account_name: String,
    email: String,
    title: String,
    subscription_id: Option<Uuid>,
    plan: Option<String>,
    billing: Option<String>,
    month: Option<i32>,
    credits: i64,
    minor: i64,
    tax_minor: i64,
    currency: String,
    provider: String,
    provider_ref: Option<String>,
    method_label: Option<String>,
    status: String,
    failure: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Raw> for StaffPayment {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let currency: Currency = raw.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
        let interval = raw.billing.as_deref().and_then(Interval::from_code);
        let plan = match (raw.subscription_id, raw.plan, interval, raw.month) {
            (Some(subscription), Some(plan), Some(interval), Some(month)) => Some(PlanPart {
                subscription: SubscriptionId::from_uuid(subscription),
                plan,
                interval,
                month: u32::try_from(month).map_err(Error::internal)?,
            }),
            _ => None,
        };
        Ok(Self {
            id: PaymentId::from_uuid(raw.id),
            account: AccountId::from_uuid(raw.account_id),
            account_name: raw.account_name,
            email: raw.email,
            title: raw.title,
            plan,
            credits: Credits::from_micros(raw.credits),
            money: Money::from_minor(raw.minor, currency),
            tax_minor: raw.tax_minor,
            provider: raw.provider,
            reference: raw.provider_ref,
            method: raw.method_label,
            status: status(&raw.status)?,
            failure: raw.failure,
            created_at: raw.created_at,
            updated_at: raw.updated_at,
        })
    }
}

fn status(code: &str) -> Result<PaymentStatus> {
    PaymentStatus::from_code(code).ok_or_else(|| Error::internal("an unknown payment state"))
}

/// What a filter asks of the database: parts of texts as patterns, an id by itself.
struct Asked {
    is_plan: Option<bool>,
    pattern: Option<String>,
    id: Option<Uuid>,
}

impl Asked {
    fn of(filter: &PaymentFilter) -> Self {
        let text = filter.text.as_deref();
        Self {
            is_plan: filter.bought.map(|bought| bought == BoughtKind::Plan),
            pattern: text
                .map(|text| format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))),
            id: text.and_then(|text| text.parse::<PaymentId>().ok()).map(PaymentId::uuid),
        }
    }
}

/// Lists payments before one, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    filter: &PaymentFilter,
    before: Option<PaymentId>,
    limit: i64,
) -> Result<Vec<StaffPayment>> {
    let asked = Asked::of(filter);
    let codes = codes(filter.group);
    sqlx::query_as!(
        Raw,
        r#"SELECT p.id, p.account_id, a.name AS account_name, p.email, p.title, p.subscription_id, p.plan, p.billing,
                  p.month, p.credits, p.minor, p.tax_minor, p.currency, p.provider, p.provider_ref, p.method_label,
                  p.status, p.failure, p.created_at, p.updated_at
           FROM payments AS p
           JOIN accounts AS a ON a.id = p.account_id
           WHERE ($1::text[] IS NULL OR p.status = ANY($1))
             AND ($2::timestamptz IS NULL OR p.created_at >= $2 OR p.status = 'held')
             AND ($3::text IS NULL OR p.provider = $3)
             AND ($4::boolean IS NULL OR (p.subscription_id IS NOT NULL) = $4)
             AND ($5::text IS NULL OR p.id = $6 OR p.email ILIKE $5 OR p.name ILIKE $5 OR a.name ILIKE $5
                  OR p.method_label ILIKE $5 OR p.provider_ref ILIKE $5)
             AND ($7::uuid IS NULL
                  OR (p.created_at, p.id) < (SELECT b.created_at, b.id FROM payments AS b WHERE b.id = $7))
           ORDER BY p.created_at DESC, p.id DESC
           LIMIT $8"#,
        codes.as_deref() as _,
        filter.from,
        filter.provider,
        asked.is_plan,
        asked.pattern,
        asked.id,
        before.map(PaymentId::uuid),
        limit
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(StaffPayment::try_from)
    .collect()
}

/// Counts the payments of each group that the other filters let through.
pub(crate) async fn count(connection: &mut PgConnection, filter: &PaymentFilter) -> Result<GroupCounts> {
    let asked = Asked::of(filter);
    let rows = sqlx::query!(
        r#"SELECT p.status, count(*) AS "count!"
           FROM payments AS p
           JOIN accounts AS a ON a.id = p.account_id
           WHERE ($1::timestamptz IS NULL OR p.created_at >= $1 OR p.status = 'held')
             AND ($2::text IS NULL OR p.provider = $2)
             AND ($3::boolean IS NULL OR (p.subscription_id IS NOT NULL) = $3)
             AND ($4::text IS NULL OR p.id = $5 OR p.email ILIKE $4 OR p.name ILIKE $4 OR a.name ILIKE $4
                  OR p.method_label ILIKE $4 OR p.provider_ref ILIKE $4)
           GROUP BY p.status"#,
        filter.from,
        filter.provider,
        asked.is_plan,
        asked.pattern,
        asked.id
    )
    .fetch_all(connection)
    .await?;
    let mut counts = GroupCounts::default();
    for row in rows {
        counts.add(status(&row.status)?, row.count);
    }
    Ok(counts)
}

fn codes(group: StatusGroup) -> Option<Vec<&'static str>> {
    let of_group = || PaymentStatus::ALL.into_iter().filter(|status| group.has(*status)).map(PaymentStatus::code);
    (group != StatusGroup::All).then(|| of_group().collect())
}

/// Counts the payments in review.
pub(crate) async fn count_in_review(pool: &PgPool) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM payments WHERE status = 'held'"#);
    Ok(count.fetch_one(pool).await?)
}

/// Names the providers of all payments.
pub(crate) async fn providers(connection: &mut PgConnection) -> Result<Vec<String>> {
    // One look into an index for each name, however many payments there are.
    Ok(sqlx::query_scalar!(
        r#"WITH RECURSIVE known AS (
               (SELECT provider FROM payments WHERE provider_ref IS NOT NULL ORDER BY provider LIMIT 1)
               UNION ALL
               SELECT (
                   SELECT p.provider
                   FROM payments AS p
                   WHERE p.provider > known.provider
                     AND p.provider_ref IS NOT NULL
                   ORDER BY p.provider
                   LIMIT 1
               )
               FROM known
               WHERE known.provider IS NOT NULL
           )
           SELECT provider AS "provider!" FROM known WHERE provider IS NOT NULL"#
    )
    .fetch_all(connection)
    .await?)
}

/// One payment, with the wallet that gets its credits and what was compared when it was put in review.
pub(crate) struct StaffRow {
    pub(crate) payment: StaffPayment,
    pub(crate) wallet: WalletId,
    pub(crate) compared: Option<Value>,
}

/// Finds a payment.
pub(crate) async fn find(connection: &mut PgConnection, id: PaymentId) -> Result<Option<StaffRow>> {
    let payment = sqlx::query_as!(
        Raw,
        "SELECT p.id, p.account_id, a.name AS account_name, p.email, p.title, p.subscription_id, p.plan, p.billing,
                p.month, p.credits, p.minor, p.tax_minor, p.currency, p.provider, p.provider_ref, p.method_label,
                p.status, p.failure, p.created_at, p.updated_at
         FROM payments AS p
         JOIN accounts AS a ON a.id = p.account_id
         WHERE p.id = $1",
        id.uuid()
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(payment) = payment else { return Ok(None) };
    let more = sqlx::query!("SELECT shard, wallet_id, mismatch FROM payments WHERE id = $1", id.uuid())
        .fetch_one(connection)
        .await?;
    Ok(Some(StaffRow {
        payment: payment.try_into()?,
        wallet: WalletId { shard: Shard::from_i16(more.shard), number: more.wallet_id },
        compared: more.mismatch,
    }))
}
