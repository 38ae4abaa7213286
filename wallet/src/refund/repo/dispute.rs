//! Disputes.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::money;
use crate::error::{Error, Result};
use crate::id::{AccountId, DisputeId, PaymentId};
use crate::money::{Credits, Money};
use crate::refund::model::{DisputeState, DisputeView};

/// A dispute as stored.
#[derive(Clone, Debug)]
pub(crate) struct DisputeRow {
    pub(crate) view: DisputeView,
    pub(crate) provider_ref: Option<String>,
    pub(crate) frozen_seq: Option<i64>,
}

/// A dispute to store.
pub(crate) struct NewRow<'a> {
    pub(crate) id: DisputeId,
    pub(crate) payment: PaymentId,
    pub(crate) provider_ref: Option<&'a str>,
    pub(crate) state: DisputeState,
    pub(crate) reason: &'a str,
    pub(crate) money: Money,
    pub(crate) evidence_by: Option<DateTime<Utc>>,
    pub(crate) by: &'a str,
}

/// Stores a dispute; `false` where it is there.
pub(crate) async fn insert(connection: impl PgExecutor<'_>, new: &NewRow<'_>, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO disputes (id, payment_id, provider_ref, state, reason, minor, currency, evidence_by, opened_by,
             created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         ON CONFLICT DO NOTHING",
        new.id.uuid(),
        new.payment.uuid(),
        new.provider_ref,
        new.state.code(),
        new.reason,
        new.money.minor(),
        new.money.currency().code(),
        new.evidence_by,
        new.by,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

struct Raw {
    id: Uuid,
    payment_id: Uuid,
    provider_ref: Option<String>,
    state: String,
    reason: String,
    minor: i64,
    currency: String,
    evidence_by: Option<DateTime<Utc>>,
    frozen: i64,
    frozen_seq: Option<i64>,
    created_at: DateTime<Utc>,
    title: String,
    provider: String,
    email: String,
    name: String,
}

impl TryFrom<Raw> for DisputeRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            view: DisputeView {
                id: DisputeId::from_uuid(raw.id),
                payment: PaymentId::from_uuid(raw.payment_id),
                title: raw.title,
                owner: (raw.name, raw.email),
                provider: raw.provider,
                state: DisputeState::from_code(&raw.state).ok_or_else(|| Error::internal("an unknown state"))?,
                reason: raw.reason,
                money: money(raw.minor, &raw.currency)?,
                frozen: Credits::from_micros(raw.frozen),
                evidence_by: raw.evidence_by,
                created_at: raw.created_at,
            },
            provider_ref: raw.provider_ref,
            frozen_seq: raw.frozen_seq,
        })
    }
}

/// Lists disputes: the one of an id, all of a payment, or all; open ones first, by their deadline.
pub(crate) async fn list(
    pool: &PgPool,
    (id, payment): (Option<DisputeId>, Option<PaymentId>),
    limit: i64,
) -> Result<Vec<DisputeRow>> {
    let rows = sqlx::query_as!(
        Raw,
        "SELECT d.id, d.payment_id, d.provider_ref, d.state, d.reason, d.minor, d.currency, d.evidence_by, d.frozen,
                d.frozen_seq, d.created_at, p.title, p.provider, p.email, p.name
         FROM disputes AS d
         JOIN payments AS p ON p.id = d.payment_id
         WHERE ($1::uuid IS NULL OR d.id = $1)
           AND ($2::uuid IS NULL OR d.payment_id = $2)
         ORDER BY d.state <> 'open', d.evidence_by NULLS LAST, d.created_at DESC, d.id
         LIMIT $3",
        id.map(DisputeId::uuid),
        payment.map(PaymentId::uuid),
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(DisputeRow::try_from).collect()
}

/// Counts those that are open.
pub(crate) async fn count_open(pool: &PgPool) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM disputes WHERE state = 'open'"#);
    Ok(count.fetch_one(pool).await?)
}

/// Says whether a payment of an account is disputed.
pub(crate) async fn is_open(executor: impl PgExecutor<'_>, account: AccountId) -> Result<bool> {
    let open = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM disputes AS d
               JOIN payments AS p ON p.id = d.payment_id
               WHERE p.account_id = $1 AND d.state = 'open'
           ) AS "open!""#,
        account.uuid()
    );
    Ok(open.fetch_one(executor).await?)
}

/// What a step of a dispute did to the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// Nothing.
    Nothing,
    /// So many credits were frozen, by an entry.
    Frozen(Credits, i64),
    /// They were given back.
    Restored(i64),
    /// What was spent of them was taken.
    Lost(i64),
}

/// Moves a dispute on; `false` where it is in another state.
pub(crate) async fn step(
    connection: impl PgExecutor<'_>,
    id: DisputeId,
    (from, to): (DisputeState, DisputeState),
    moved: Moved,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (frozen, restored, lost) = match moved {
        Moved::Nothing => (None, None, None),
        Moved::Frozen(credits, seq) => (Some((credits.micros(), seq)), None, None),
        Moved::Restored(seq) => (None, Some(seq), None),
        Moved::Lost(seq) => (None, None, Some(seq)),
    };
    let done = sqlx::query!(
        "UPDATE disputes
         SET state = $3, frozen = coalesce($4, frozen), frozen_seq = coalesce($5, frozen_seq),
             restored_seq = coalesce($6, restored_seq), lost_seq = coalesce($7, lost_seq), updated_at = $8
         WHERE id = $1
           AND state = $2",
        id.uuid(),
        from.code(),
        to.code(),
        frozen.map(|(credits, _)| credits),
        frozen.map(|(_, seq)| seq),
        restored,
        lost,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
