//! Money that goes back.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::money;
use crate::error::{Error, Result};
use crate::id::{PaymentId, RefundId, RefundRequestId, Shard, WalletId};
use crate::money::Credits;
use crate::refund::model::{RefundState, RefundView};
use crate::refund::rule::Offer;

/// A refund as stored, with what its provider needs of the payment.
#[derive(Clone, Debug)]
pub(crate) struct RefundRow {
    pub(crate) view: RefundView,
    pub(crate) request: Option<RefundRequestId>,
    pub(crate) taken_seq: Option<i64>,
    pub(crate) provider_ref: Option<String>,
    pub(crate) wallet: WalletId,
    pub(crate) title: String,
    pub(crate) provider: String,
    pub(crate) payment_ref: Option<String>,
    pub(crate) to: Contact,
}

/// Who paid.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) email: String,
    pub(crate) locale: String,
}

/// A refund to store.
pub(crate) struct NewRow<'a> {
    pub(crate) id: RefundId,
    pub(crate) payment: PaymentId,
    pub(crate) request: Option<RefundRequestId>,
    pub(crate) source: &'static str,
    pub(crate) offer: Offer,
    pub(crate) taken_seq: Option<i64>,
    pub(crate) state: RefundState,
    pub(crate) provider_ref: Option<&'a str>,
    pub(crate) by: &'a str,
}

/// Stores a refund; `false` where the payment has no money left for it, or where it is there.
pub(crate) async fn insert(connection: impl PgExecutor<'_>, new: &NewRow<'_>, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO refunds (id, payment_id, request_id, source, minor, tax_minor, currency, credits, taken_seq, state,
             provider_ref, begun_by, created_at, updated_at, check_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13::timestamptz + interval '30 seconds')
         ON CONFLICT DO NOTHING",
        new.id.uuid(),
        new.payment.uuid(),
        new.request.map(RefundRequestId::uuid),
        new.source,
        new.offer.money.minor(),
        new.offer.tax_minor,
        new.offer.money.currency().code(),
        new.offer.credits.micros(),
        new.taken_seq,
        new.state.code(),
        new.provider_ref,
        new.by,
        now
    )
    .execute(connection)
    .await;
    match done {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if is_too_much(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_too_much(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some("refunds_within_payment")
}

struct Raw {
    id: Uuid,
    payment_id: Uuid,
    request_id: Option<Uuid>,
    minor: i64,
    currency: String,
    credits: i64,
    taken_seq: Option<i64>,
    state: String,
    provider_ref: Option<String>,
    failure: Option<String>,
    created_at: DateTime<Utc>,
    shard: i16,
    wallet_id: i64,
    title: String,
    provider: String,
    payment_ref: Option<String>,
    email: String,
    locale: String,
}

impl TryFrom<Raw> for RefundRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            view: RefundView {
                id: RefundId::from_uuid(raw.id),
                payment: PaymentId::from_uuid(raw.payment_id),
                money: money(raw.minor, &raw.currency)?,
                credits: Credits::from_micros(raw.credits),
                state: RefundState::from_code(&raw.state).ok_or_else(|| Error::internal("an unknown state"))?,
                failure: raw.failure,
                created_at: raw.created_at,
            },
            request: raw.request_id.map(RefundRequestId::from_uuid),
            taken_seq: raw.taken_seq,
            provider_ref: raw.provider_ref,
            wallet: WalletId { shard: Shard::from_i16(raw.shard), number: raw.wallet_id },
            title: raw.title,
            provider: raw.provider,
            payment_ref: raw.payment_ref,
            to: Contact { email: raw.email, locale: raw.locale },
        })
    }
}

/// Lists refunds: the one of an id, that of a request, or all of a payment, oldest first.
pub(crate) async fn list(
    pool: &PgPool,
    (id, request, payment): (Option<RefundId>, Option<RefundRequestId>, Option<PaymentId>),
) -> Result<Vec<RefundRow>> {
    let rows = sqlx::query_as!(
        Raw,
        "SELECT r.id, r.payment_id, r.request_id, r.minor, r.currency, r.credits, r.taken_seq, r.state, r.provider_ref,
                r.failure, r.created_at, p.shard, p.wallet_id, p.title, p.provider, p.provider_ref AS payment_ref,
                p.email, p.locale
         FROM refunds AS r
         JOIN payments AS p ON p.id = r.payment_id
         WHERE ($1::uuid IS NULL OR r.id = $1)
           AND ($2::uuid IS NULL OR r.request_id = $2)
           AND ($3::uuid IS NULL OR r.payment_id = $3)
         ORDER BY r.created_at, r.id
         LIMIT 200",
        id.map(RefundId::uuid),
        request.map(RefundRequestId::uuid),
        payment.map(PaymentId::uuid)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(RefundRow::try_from).collect()
}

/// Takes refunds that are due for a look, and sets each one's next look with growing steps: from half a minute to an hour.
pub(crate) async fn take_due(connection: impl PgExecutor<'_>, now: DateTime<Utc>, limit: i64) -> Result<Vec<RefundId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE refunds
         SET checks = checks + 1,
             check_at = $1 + make_interval(secs => least(3600, 30 * 2 ^ least(checks, 10)))
         WHERE id IN (
             SELECT id
             FROM refunds
             WHERE state IN ('created', 'pending')
               AND check_at <= $1
             ORDER BY check_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         RETURNING id",
        now,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(RefundId::from_uuid).collect())
}

/// Notes what the provider says of a refund that is not over; `false` where it is over, or was noted so before.
pub(crate) async fn note(
    connection: impl PgExecutor<'_>,
    id: RefundId,
    (to, reference): (RefundState, &str),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refunds
         SET state = $2, provider_ref = $3, updated_at = $4
         WHERE id = $1
           AND state IN ('created', 'pending')
           AND state <> $2",
        id.uuid(),
        to.code(),
        reference,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a refund did not arrive, also one that was taken for done; `false` where that was noted before.
pub(crate) async fn fail(
    connection: impl PgExecutor<'_>,
    id: RefundId,
    (failure, restored): (&str, Option<i64>),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refunds
         SET state = 'failed', failure = $2, restored_seq = $3, updated_at = $4
         WHERE id = $1
           AND state <> 'failed'",
        id.uuid(),
        failure,
        restored,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
