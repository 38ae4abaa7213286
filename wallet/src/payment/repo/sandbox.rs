//! The sandbox provider's payment pages.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{PaymentId, RefundId};
use crate::money::{Currency, Money};
use crate::payment::provider::{CheckoutOrder, RefundOrder, SavedCharge};
use crate::payment::sandbox::{SandboxCheckout, SandboxMethod, SandboxRefund, SandboxState};

struct Raw {
    reference: String,
    order_id: Uuid,
    title: String,
    minor: i64,
    currency: String,
    locale: String,
    state: String,
    decline_code: Option<String>,
    method: Option<String>,
    save_method: bool,
    method_ref: Option<String>,
    return_url: String,
    cancel_url: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    refunded_minor: i64,
}

impl TryFrom<Raw> for SandboxCheckout {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let currency: Currency = raw.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
        Ok(Self {
            reference: raw.reference,
            order: PaymentId::from_uuid(raw.order_id),
            title: raw.title,
            money: Money::from_minor(raw.minor, currency),
            locale: raw.locale,
            state: SandboxState::from_code(&raw.state).ok_or_else(|| Error::internal("an unknown sandbox state"))?,
            decline_code: raw.decline_code,
            method: raw.method,
            save_method: raw.save_method,
            method_ref: raw.method_ref,
            return_url: raw.return_url,
            cancel_url: raw.cancel_url,
            created_at: raw.created_at,
            updated_at: raw.updated_at,
            expires_at: raw.expires_at,
            refunded_minor: raw.refunded_minor,
        })
    }
}

/// Opens a page, or finds the one that was opened with the same key.
pub(crate) async fn open(
    pool: &PgPool,
    reference: &str,
    order: &CheckoutOrder,
    now: DateTime<Utc>,
) -> Result<SandboxCheckout> {
    sqlx::query!(
        "INSERT INTO sandbox_checkouts (reference, order_id, idempotency_key, title, minor, currency, locale,
                                        return_url, cancel_url, created_at, updated_at, expires_at, save_method)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)
         ON CONFLICT ON CONSTRAINT sandbox_checkouts_key_unique DO NOTHING",
        reference,
        order.payment.uuid(),
        order.idempotency_key,
        order.title,
        order.money.minor(),
        order.money.currency().code(),
        order.locale,
        order.return_url,
        order.cancel_url,
        now,
        order.expires_at,
        order.save_method
    )
    .execute(pool)
    .await?;
    by_key(pool, &order.idempotency_key).await
}

async fn by_key(pool: &PgPool, key: &str) -> Result<SandboxCheckout> {
    sqlx::query_as!(
        Raw,
        "SELECT reference, order_id, title, minor, currency, locale, state, decline_code, method,
                save_method, method_ref, return_url, cancel_url, created_at, updated_at, expires_at,
                refunded_minor
         FROM sandbox_checkouts
         WHERE idempotency_key = $1",
        key
    )
    .fetch_one(pool)
    .await?
    .try_into()
}

/// Finds a page by the sandbox's name of it.
pub(crate) async fn find(pool: &PgPool, reference: &str) -> Result<Option<SandboxCheckout>> {
    sqlx::query_as!(
        Raw,
        "SELECT reference, order_id, title, minor, currency, locale, state, decline_code, method,
                save_method, method_ref, return_url, cancel_url, created_at, updated_at, expires_at,
                refunded_minor
         FROM sandbox_checkouts
         WHERE reference = $1",
        reference
    )
    .fetch_optional(pool)
    .await?
    .map(SandboxCheckout::try_from)
    .transpose()
}

/// Finds the page of an order; a paid one first.
pub(crate) async fn find_by_order(pool: &PgPool, order: PaymentId) -> Result<Option<SandboxCheckout>> {
    sqlx::query_as!(
        Raw,
        "SELECT reference, order_id, title, minor, currency, locale, state, decline_code, method,
                save_method, method_ref, return_url, cancel_url, created_at, updated_at, expires_at,
                refunded_minor
         FROM sandbox_checkouts
         WHERE order_id = $1
         ORDER BY state = 'paid' DESC, created_at
         LIMIT 1",
        order.uuid()
    )
    .fetch_optional(pool)
    .await?
    .map(SandboxCheckout::try_from)
    .transpose()
}

/// Lists the pages and charges that were made in a period, oldest first, after one of them. Pages where a card is only
/// saved take nothing and are left out.
pub(crate) async fn list(
    pool: &PgPool,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<SandboxCheckout>> {
    sqlx::query_as!(
        Raw,
        "SELECT reference, order_id, title, minor, currency, locale, state, decline_code, method,
                save_method, method_ref, return_url, cancel_url, created_at, updated_at, expires_at,
                refunded_minor
         FROM sandbox_checkouts
         WHERE created_at >= $1
           AND created_at < $2
           AND minor > 0
           AND ($3::text IS NULL
                OR (created_at, reference) > (
                    SELECT s.created_at, s.reference FROM sandbox_checkouts AS s WHERE s.reference = $3
                ))
         ORDER BY created_at, reference
         LIMIT $4",
        from,
        to,
        after,
        limit
    )
    .fetch_all(pool)
    .await?
    .into_iter()
    .map(SandboxCheckout::try_from)
    .collect()
}

/// Moves a page that isn't final; `false` where it is. One that is paid keeps its card, where that was wanted.
pub(crate) async fn advance(
    pool: &PgPool,
    reference: &str,
    state: SandboxState,
    (decline_code, method): (Option<&str>, Option<&str>),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "WITH saved AS (
             INSERT INTO sandbox_methods (reference, label, created_at)
             SELECT 'sbm_' || substr(reference, 5), coalesce($4, method, ''), $5
             FROM sandbox_checkouts
             WHERE reference = $1
               AND save_method
               AND $2 = 'paid'
               AND state IN ('open', 'challenge', 'processing')
             ON CONFLICT ON CONSTRAINT sandbox_methods_pk DO NOTHING
         )
         UPDATE sandbox_checkouts
         SET state = $2,
             decline_code = $3,
             method = coalesce($4, method),
             method_ref = CASE WHEN save_method AND $2 = 'paid' THEN 'sbm_' || substr(reference, 5) END,
             updated_at = $5
         WHERE reference = $1
           AND state IN ('open', 'challenge', 'processing')",
        reference,
        state.code(),
        decline_code,
        method,
        now
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Finds a card that was kept, and how often it was charged without its owner.
pub(crate) async fn method(pool: &PgPool, reference: &str) -> Result<Option<SandboxMethod>> {
    Ok(sqlx::query_as!(
        SandboxMethod,
        r#"SELECT label,
                  (SELECT count(*) FROM sandbox_checkouts WHERE method_ref = $1 AND return_url = '') AS "charges!"
           FROM sandbox_methods
           WHERE reference = $1"#,
        reference
    )
    .fetch_optional(pool)
    .await?)
}

/// Charges a card that was kept, or finds the charge that was made with the same key.
pub(crate) async fn charge(
    pool: &PgPool,
    reference: &str,
    charge: &SavedCharge,
    (label, decline_code): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<SandboxCheckout> {
    let state = if decline_code.is_some() { SandboxState::Declined } else { SandboxState::Paid };
    sqlx::query!(
        "INSERT INTO sandbox_checkouts (reference, order_id, idempotency_key, title, minor, currency, locale, state,
                                        decline_code, method, method_ref, return_url, cancel_url, created_at,
                                        updated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', $12, $12, $12)
         ON CONFLICT ON CONSTRAINT sandbox_checkouts_key_unique DO NOTHING",
        reference,
        charge.payment.uuid(),
        charge.idempotency_key,
        charge.title,
        charge.money.minor(),
        charge.money.currency().code(),
        charge.locale,
        state.code(),
        decline_code,
        label,
        charge.method,
        now
    )
    .execute(pool)
    .await?;
    by_key(pool, &charge.idempotency_key).await
}

/// Gives money of a page back, or finds what was given back for the same refund; `None` where that is more than is left,
/// or the page was not paid.
pub(crate) async fn refund(
    pool: &PgPool,
    reference: &str,
    order: &RefundOrder,
    now: DateTime<Utc>,
) -> Result<Option<SandboxRefund>> {
    let mut tx = crate::db::begin(pool).await?;
    let left = sqlx::query_scalar!(
        r#"SELECT minor - refunded_minor AS "left!" FROM sandbox_checkouts
           WHERE reference = $1 AND state = 'paid' AND currency = $2
           FOR UPDATE"#,
        order.reference,
        order.money.currency().code()
    )
    .fetch_optional(&mut *tx)
    .await?;
    let known = refunds(&mut *tx, &order.reference).await?;
    if let Some(known) = known.into_iter().find(|known| known.refund == Some(order.refund)) {
        return Ok(Some(known));
    }
    let minor = order.money.minor();
    if left.is_none_or(|left| left < minor) {
        return Ok(None);
    }
    sqlx::query!(
        "INSERT INTO sandbox_refunds (reference, refund_id, checkout_reference, minor, currency, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        reference,
        order.refund.uuid(),
        order.reference,
        minor,
        order.money.currency().code(),
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE sandbox_checkouts SET refunded_minor = refunded_minor + $2 WHERE reference = $1",
        order.reference,
        minor
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(SandboxRefund {
        reference: reference.to_owned(),
        refund: Some(order.refund),
        checkout: order.reference.clone(),
        money: order.money,
        created_at: now,
    }))
}

/// Lists what was given back of a page, or under a name.
pub(crate) async fn refunds(executor: impl PgExecutor<'_>, reference: &str) -> Result<Vec<SandboxRefund>> {
    let rows = sqlx::query!(
        "SELECT reference, refund_id, checkout_reference, minor, currency, created_at
         FROM sandbox_refunds
         WHERE checkout_reference = $1 OR reference = $1
         ORDER BY created_at, reference",
        reference
    )
    .fetch_all(executor)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency: Currency = row.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
        Ok(SandboxRefund {
            reference: row.reference,
            refund: row.refund_id.map(RefundId::from_uuid),
            checkout: row.checkout_reference,
            money: Money::from_minor(row.minor, currency),
            created_at: row.created_at,
        })
    });
    read.collect()
}
