//! Requests.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::money;
use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, RefundRequestId, Shard, UserId, WalletId};
use crate::money::{Credits, Money};
use crate::refund::model::{RefundAbout, RefundReason, RefundRequest, RequestState};

/// A request to store.
pub(crate) struct NewRow<'a> {
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) user: UserId,
    pub(crate) key: &'a str,
    pub(crate) hash: &'a [u8],
    pub(crate) about: RefundAbout,
    pub(crate) title: &'a str,
    pub(crate) reason: RefundReason,
    pub(crate) details: &'a str,
    pub(crate) asked: Option<Money>,
    pub(crate) asked_credits: Credits,
    pub(crate) reply_by: DateTime<Utc>,
}

/// Stores a request; `None` where another one is about the same thing.
pub(crate) async fn insert(
    connection: impl PgExecutor<'_>,
    new: &NewRow<'_>,
    now: DateTime<Utc>,
) -> Result<Option<RefundRequestId>> {
    let (payment, charge) = match new.about {
        RefundAbout::Payment { id } => (Some(id.uuid()), None),
        RefundAbout::Charge { seq } => (None, Some(seq)),
    };
    let id = sqlx::query_scalar!(
        "INSERT INTO refund_requests (id, account_id, shard, wallet_id, user_id, idempotency_key, request_hash,
             payment_id, charge_seq, title, reason, details, asked_minor, currency, asked_credits, reply_by, created_at,
             updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
         ON CONFLICT DO NOTHING
         RETURNING id",
        RefundRequestId::new().uuid(),
        new.account.uuid(),
        new.wallet.shard.as_i16(),
        new.wallet.number,
        new.user.uuid(),
        new.key,
        new.hash,
        payment,
        charge,
        new.title,
        new.reason.code(),
        new.details,
        new.asked.map(Money::minor),
        new.asked.map(|money| money.currency().code()),
        new.asked_credits.micros(),
        new.reply_by,
        now
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(RefundRequestId::from_uuid))
}

/// Finds the request that a form made: with what was asked then.
pub(crate) async fn by_key(pool: &PgPool, account: AccountId, key: &str) -> Result<Option<(RefundRequestId, Vec<u8>)>> {
    let row = sqlx::query!(
        "SELECT id, request_hash FROM refund_requests WHERE account_id = $1 AND idempotency_key = $2",
        account.uuid(),
        key
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| (RefundRequestId::from_uuid(row.id), row.request_hash)))
}

struct Raw {
    id: Uuid,
    number: i64,
    account_id: Uuid,
    shard: i16,
    wallet_id: i64,
    payment_id: Option<Uuid>,
    charge_seq: Option<i64>,
    title: String,
    reason: String,
    details: String,
    asked_minor: Option<i64>,
    currency: Option<String>,
    asked_credits: i64,
    state: String,
    message: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    granted_minor: Option<i64>,
    granted_credits: Option<i64>,
    reply_by: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    name: String,
    email: String,
}

impl TryFrom<Raw> for RefundRequest {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let about = match (raw.payment_id, raw.charge_seq) {
            (Some(id), _) => RefundAbout::Payment { id: PaymentId::from_uuid(id) },
            (None, Some(seq)) => RefundAbout::Charge { seq },
            (None, None) => return Err(Error::internal("a request about nothing")),
        };
        let amount = |minor: Option<i64>| match (minor, raw.currency.as_deref()) {
            (Some(minor), Some(currency)) => money(minor, currency).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            id: RefundRequestId::from_uuid(raw.id),
            number: raw.number,
            account: AccountId::from_uuid(raw.account_id),
            wallet: WalletId { shard: Shard::from_i16(raw.shard), number: raw.wallet_id },
            about,
            asked: amount(raw.asked_minor)?,
            granted: amount(raw.granted_minor)?,
            sent_by: (raw.name, raw.email),
            title: raw.title,
            reason: RefundReason::from_code(&raw.reason).ok_or_else(|| Error::internal("an unknown reason"))?,
            details: raw.details,
            asked_credits: Credits::from_micros(raw.asked_credits),
            state: RequestState::from_code(&raw.state).ok_or_else(|| Error::internal("an unknown state"))?,
            message: raw.message,
            decided_at: raw.decided_at,
            granted_credits: raw.granted_credits.map(Credits::from_micros),
            reply_by: raw.reply_by,
            created_at: raw.created_at,
            updated_at: raw.updated_at,
        })
    }
}

/// Which requests are listed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter<'a> {
    pub(crate) id: Option<RefundRequestId>,
    pub(crate) account: Option<AccountId>,
    pub(crate) states: &'a [&'a str],
}

/// Lists requests: those that wait by their deadline, then the newest.
pub(crate) async fn list(
    connection: impl PgExecutor<'_>,
    filter: Filter<'_>,
    limit: i64,
) -> Result<Vec<RefundRequest>> {
    let states: Vec<String> = filter.states.iter().map(|state| (*state).to_owned()).collect();
    let rows = sqlx::query_as!(
        Raw,
        r#"SELECT r.id, r.number, r.account_id, r.shard, r.wallet_id, r.payment_id, r.charge_seq, r.title, r.reason,
                  r.details, r.asked_minor, r.currency, r.asked_credits, r.state, r.message, r.decided_at,
                  r.granted_minor, r.granted_credits, r.reply_by, r.created_at, r.updated_at, u.name, u.email
           FROM refund_requests AS r
           JOIN users AS u ON u.id = r.user_id
           WHERE ($1::uuid IS NULL OR r.id = $1)
             AND ($2::uuid IS NULL OR r.account_id = $2)
             AND (cardinality($3::text[]) = 0 OR r.state = ANY ($3))
           ORDER BY CASE WHEN r.state = 'waiting' THEN r.reply_by END NULLS LAST, r.created_at DESC, r.id
           LIMIT $4"#,
        filter.id.map(RefundRequestId::uuid),
        filter.account.map(AccountId::uuid),
        &states,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RefundRequest::try_from).collect()
}

/// Counts requests by state.
pub(crate) async fn counts(connection: impl PgExecutor<'_>) -> Result<Vec<(RequestState, i64)>> {
    let rows = sqlx::query!(r#"SELECT state, count(*) AS "count!" FROM refund_requests GROUP BY state"#)
        .fetch_all(connection)
        .await?;
    let read = rows.into_iter().map(|row| {
        let state = RequestState::from_code(&row.state).ok_or_else(|| Error::internal("an unknown state"))?;
        Ok((state, row.count))
    });
    read.collect()
}

/// What was decided about a request.
pub(crate) struct Decided<'a> {
    pub(crate) to: RequestState,
    pub(crate) by: &'a str,
    pub(crate) message: &'a str,
    pub(crate) granted: Option<Money>,
    pub(crate) credits: Option<Credits>,
    pub(crate) entry: Option<i64>,
}

/// Decides a request that waits; `false` where somebody else has.
pub(crate) async fn decide(
    connection: impl PgExecutor<'_>,
    id: RefundRequestId,
    decided: &Decided<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refund_requests
         SET state = $2, decided_by = $3, message = $4, granted_minor = $5, granted_credits = $6, entry_seq = $7,
             decided_at = $8, updated_at = $8
         WHERE id = $1
           AND state = 'waiting'",
        id.uuid(),
        decided.to.code(),
        decided.by,
        decided.message,
        decided.granted.map(Money::minor),
        decided.credits.map(Credits::micros),
        decided.entry,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Moves a request on; `false` where it is in another state.
pub(crate) async fn step(
    connection: impl PgExecutor<'_>,
    id: RefundRequestId,
    (from, to): (RequestState, RequestState),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refund_requests SET state = $3, updated_at = $4 WHERE id = $1 AND state = $2",
        id.uuid(),
        from.code(),
        to.code(),
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a request about a charge waits or was answered with yes.
pub(crate) async fn is_asked(connection: impl PgExecutor<'_>, wallet: WalletId, seq: i64) -> Result<bool> {
    let asked = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM refund_requests
               WHERE shard = $1 AND wallet_id = $2 AND charge_seq = $3 AND state IN ('waiting', 'approved', 'paid')
           ) AS "asked!""#,
        wallet.shard.as_i16(),
        wallet.number,
        seq
    );
    Ok(asked.fetch_one(connection).await?)
}
