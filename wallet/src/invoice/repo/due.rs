//! What has no document yet.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::money;
use crate::catalog::Interval;
use crate::error::{Error, Result};
use crate::id::{AccountId, DisputeId, PaymentId, RefundId};
use crate::invoice::details::BillingDetails;
use crate::invoice::model::Bought;
use crate::invoice::rule::{Back, Paid, WentBack};
use crate::money::Credits;

/// A payment without a receipt.
pub(crate) struct PaidRow {
    pub(crate) paid: Paid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) time_zone: String,
}

/// Money that went back without a credit note.
pub(crate) struct BackRow {
    pub(crate) back: WentBack,
    pub(crate) at: DateTime<Utc>,
    pub(crate) time_zone: String,
}

/// A refund that failed after its credit note.
pub(crate) struct Reversal {
    pub(crate) refund: RefundId,
    pub(crate) time_zone: String,
}

struct RawPaid {
    id: Uuid,
    account_id: Uuid,
    minor: i64,
    tax_minor: i64,
    currency: String,
    title: String,
    credits: i64,
    bonus: i64,
    provider: String,
    method_label: Option<String>,
    payer: String,
    email: String,
    locale: String,
    billing: Option<String>,
    is_change: bool,
    settled_at: DateTime<Utc>,
    time_zone: String,
    name: String,
    address: String,
    country: String,
    tax_id: String,
}

impl TryFrom<RawPaid> for PaidRow {
    type Error = Error;

    fn try_from(raw: RawPaid) -> Result<Self> {
        let bought = match (raw.is_change, raw.billing.as_deref().and_then(Interval::from_code)) {
            (true, _) => Bought::PlanChange,
            (false, Some(Interval::Year)) => Bought::PlanYear,
            (false, Some(Interval::Month)) => Bought::PlanMonth,
            (false, None) => Bought::Credits,
        };
        Ok(Self {
            paid: Paid {
                payment: PaymentId::from_uuid(raw.id),
                account: AccountId::from_uuid(raw.account_id),
                money: money(raw.minor, &raw.currency)?,
                tax_minor: raw.tax_minor,
                bought,
                title: raw.title,
                credits: Credits::from_micros(raw.credits),
                bonus: Credits::from_micros(raw.bonus),
                provider: raw.provider,
                method: raw.method_label,
                payer: (raw.payer, raw.email),
                billing: BillingDetails {
                    name: raw.name,
                    address: raw.address,
                    country: raw.country,
                    tax_id: raw.tax_id,
                },
                locale: raw.locale,
            },
            at: raw.settled_at,
            time_zone: raw.time_zone,
        })
    }
}

/// Lists payments without a receipt, oldest first; or the one of an id.
pub(crate) async fn payments(pool: &PgPool, id: Option<PaymentId>, limit: i64) -> Result<Vec<PaidRow>> {
    let rows = sqlx::query_as!(
        RawPaid,
        r#"SELECT p.id, p.account_id, p.minor, p.tax_minor, p.currency, p.title, p.credits, p.bonus, p.provider,
                  p.method_label,
                  p.name AS payer, p.email, p.billing, p.change_of IS NOT NULL AS "is_change!",
                  p.settled_at AS "settled_at!", a.time_zone,
                  coalesce((
                      SELECT u.locale
                      FROM members AS m
                      JOIN users AS u ON u.id = m.user_id
                      WHERE m.account_id = p.account_id AND m.role = 'owner'
                      LIMIT 1
                  ), p.locale) AS "locale!",
                  coalesce(b.name, '') AS "name!", coalesce(b.address, '') AS "address!",
                  coalesce(b.country, '') AS "country!", coalesce(b.tax_id, '') AS "tax_id!"
           FROM payments AS p
           JOIN accounts AS a ON a.id = p.account_id
           LEFT JOIN billing_details AS b ON b.account_id = p.account_id
           WHERE p.status = 'succeeded'
             AND p.documented_at IS NULL
             AND ($1::uuid IS NULL OR p.id = $1)
           ORDER BY p.settled_at, p.id
           LIMIT $2"#,
        id.map(PaymentId::uuid),
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(PaidRow::try_from).collect()
}

/// Lists refunds without a credit note whose payment has a receipt, oldest first.
pub(crate) async fn refunds(pool: &PgPool, limit: i64) -> Result<Vec<BackRow>> {
    let rows = sqlx::query!(
        "SELECT r.id, r.payment_id, r.minor, r.tax_minor, r.credits, r.updated_at, a.time_zone
         FROM refunds AS r
         JOIN payments AS p ON p.id = r.payment_id
         JOIN accounts AS a ON a.id = p.account_id
         WHERE r.state = 'succeeded'
           AND r.documented_at IS NULL
           AND p.documented_at IS NOT NULL
         ORDER BY r.updated_at, r.id
         LIMIT $1",
        limit
    )
    .fetch_all(pool)
    .await?;
    let read = rows.into_iter().map(|row| BackRow {
        back: WentBack {
            payment: PaymentId::from_uuid(row.payment_id),
            why: Back::Refund(RefundId::from_uuid(row.id)),
            minor: row.minor,
            tax_minor: Some(row.tax_minor),
            credits: Credits::from_micros(row.credits),
        },
        at: row.updated_at,
        time_zone: row.time_zone,
    });
    Ok(read.collect())
}

/// Lists disputes that were lost without a credit note, of payments that have a receipt, oldest first. What they took of
/// the credits is told by their entries.
pub(crate) async fn disputes(pool: &PgPool, limit: i64) -> Result<Vec<BackRow>> {
    let rows = sqlx::query!(
        r#"SELECT d.id, d.payment_id, d.minor, d.updated_at, a.time_zone,
                  d.frozen + coalesce((
                      SELECT -e.amount
                      FROM entries AS e
                      WHERE e.shard = p.shard AND e.wallet_id = p.wallet_id AND e.seq = d.lost_seq
                  ), 0) AS "credits!"
           FROM disputes AS d
           JOIN payments AS p ON p.id = d.payment_id
           JOIN accounts AS a ON a.id = p.account_id
           WHERE d.state = 'lost'
             AND d.documented_at IS NULL
             AND d.currency = p.currency
             AND p.documented_at IS NOT NULL
           ORDER BY d.updated_at, d.id
           LIMIT $1"#,
        limit
    )
    .fetch_all(pool)
    .await?;
    let read = rows.into_iter().map(|row| BackRow {
        back: WentBack {
            payment: PaymentId::from_uuid(row.payment_id),
            why: Back::Dispute(DisputeId::from_uuid(row.id)),
            minor: row.minor,
            tax_minor: None,
            credits: Credits::from_micros(row.credits),
        },
        at: row.updated_at,
        time_zone: row.time_zone,
    });
    Ok(read.collect())
}

/// Lists refunds that failed after their credit notes, oldest first.
pub(crate) async fn reversals(pool: &PgPool, limit: i64) -> Result<Vec<Reversal>> {
    let rows = sqlx::query!(
        "SELECT r.id, a.time_zone
         FROM refunds AS r
         JOIN payments AS p ON p.id = r.payment_id
         JOIN accounts AS a ON a.id = p.account_id
         WHERE r.state = 'failed'
           AND r.documented_at IS NOT NULL
           AND r.reversed_at IS NULL
         ORDER BY r.updated_at, r.id
         LIMIT $1",
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| Reversal { refund: RefundId::from_uuid(row.id), time_zone: row.time_zone }).collect())
}

/// Locks a payment, so that its credit notes are worked out one after the other, and says whether a refund of it failed
/// after its credit note and has no debit note yet.
pub(crate) async fn lock(connection: &mut PgConnection, payment: PaymentId) -> Result<bool> {
    sqlx::query!("SELECT id FROM payments WHERE id = $1 FOR UPDATE", payment.uuid())
        .fetch_optional(&mut *connection)
        .await?;
    let waits = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM refunds
               WHERE payment_id = $1 AND state = 'failed' AND documented_at IS NOT NULL AND reversed_at IS NULL
           ) AS "waits!""#,
        payment.uuid()
    );
    Ok(waits.fetch_one(connection).await?)
}
