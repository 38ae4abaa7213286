//! What payments bring for nothing: rows that are granted, and taken back, by steps of their own.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, Shard, WalletId};
use crate::money::Credits;

/// What a payment brings for nothing, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromoKind {
    /// The bonus of its package.
    Bonus,
    /// The reward of who invited.
    Referrer,
    /// The reward of who was invited.
    Invited,
}

impl PromoKind {
    /// Gives the name kept in storage.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Bonus => "bonus",
            Self::Referrer => "referrer",
            Self::Invited => "invited",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Bonus, Self::Referrer, Self::Invited].into_iter().find(|kind| kind.code() == code)
    }
}

/// Credits that a payment brings for nothing.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub(crate) payment: PaymentId,
    pub(crate) kind: PromoKind,
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) credits: Credits,
    pub(crate) label: String,
    pub(crate) priority: i16,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// Such credits as stored.
#[derive(Clone, Debug)]
pub(crate) struct PromoGrantRow {
    pub(crate) owed: Owed,
    /// Whether they are to be in the wallet.
    pub(crate) is_wanted: bool,
    pub(crate) entry_seq: Option<i64>,
    pub(crate) taken_seq: Option<i64>,
    pub(crate) turns: i32,
}

/// Writes down what a payment brings, in its transaction; what is there stays.
pub(crate) async fn insert(connection: &mut PgConnection, owed: &Owed, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO promo_grants (payment_id, kind, account_id, shard, wallet_id, credits, label, priority, expires_at,
                                   due_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10)
         ON CONFLICT ON CONSTRAINT promo_grants_pk DO NOTHING",
        owed.payment.uuid(),
        owed.kind.code(),
        owed.account.uuid(),
        owed.wallet.shard.as_i16(),
        owed.wallet.number,
        owed.credits.micros(),
        owed.label,
        owed.priority,
        owed.expires_at,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Says whether what a payment brought is to be in the wallet or not; nothing happens where that was said before.
pub(crate) async fn want(
    connection: &mut PgConnection,
    payment: PaymentId,
    is_wanted: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE promo_grants
         SET wanted = $2,
             due_at = $3,
             updated_at = $3
         WHERE payment_id = $1
           AND wanted <> $2",
        payment.uuid(),
        word(is_wanted),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads what of a payment is to be given or taken.
pub(crate) async fn due_of(pool: &PgPool, payment: PaymentId) -> Result<Vec<PromoGrantRow>> {
    let rows = sqlx::query!(
        "SELECT payment_id, kind, account_id, shard, wallet_id, credits, label, priority, expires_at, wanted, entry_seq,
                taken_seq, turns
         FROM promo_grants
         WHERE payment_id = $1
           AND due_at IS NOT NULL
         ORDER BY kind",
        payment.uuid()
    )
    .fetch_all(pool)
    .await?;
    let read = rows.into_iter().map(|row| {
        let kind = PromoKind::from_code(&row.kind).ok_or_else(|| Error::internal("an unknown kind of promotion"))?;
        Ok(PromoGrantRow {
            owed: Owed {
                payment: PaymentId::from_uuid(row.payment_id),
                kind,
                account: AccountId::from_uuid(row.account_id),
                wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
                credits: Credits::from_micros(row.credits),
                label: row.label,
                priority: row.priority,
                expires_at: row.expires_at,
            },
            is_wanted: row.wanted == word(true),
            entry_seq: row.entry_seq,
            taken_seq: row.taken_seq,
            turns: row.turns,
        })
    });
    read.collect()
}

/// Takes payments of which something is to be given or taken, oldest first; another node takes others.
pub(crate) async fn take_due(
    pool: &PgPool,
    now: DateTime<Utc>,
    again: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PaymentId>> {
    let mut ids = sqlx::query_scalar!(
        "UPDATE promo_grants AS p
         SET due_at = $2
         FROM (
             SELECT payment_id, kind
             FROM promo_grants
             WHERE due_at <= $1
             ORDER BY due_at
             LIMIT $3
             FOR UPDATE SKIP LOCKED
         ) AS due
         WHERE p.payment_id = due.payment_id
           AND p.kind = due.kind
         RETURNING p.payment_id",
        now,
        again,
        limit
    )
    .fetch_all(pool)
    .await?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids.into_iter().map(PaymentId::from_uuid).collect())
}

/// Notes the entry that granted it; `false` where another one did.
pub(crate) async fn set_given(
    connection: &mut PgConnection,
    of: &PromoGrantRow,
    seq: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE promo_grants
         SET entry_seq = $3,
             due_at = CASE WHEN wanted = 'given' THEN NULL ELSE $4::timestamptz END,
             updated_at = $4
         WHERE payment_id = $1
           AND kind = $2
           AND entry_seq IS NULL",
        of.owed.payment.uuid(),
        of.owed.kind.code(),
        seq,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Notes the entry that took what was unused; `false` where it was taken before, or came back since.
pub(crate) async fn set_taken(
    connection: &mut PgConnection,
    of: &PromoGrantRow,
    seq: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE promo_grants
         SET taken_seq = $3,
             due_at = CASE WHEN wanted = 'taken' THEN NULL ELSE $4::timestamptz END,
             updated_at = $4
         WHERE payment_id = $1
           AND kind = $2
           AND taken_seq IS NULL
           AND turns = $5",
        of.owed.payment.uuid(),
        of.owed.kind.code(),
        seq,
        now,
        of.turns
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Notes that what was taken came back; `false` where it did before.
pub(crate) async fn set_back(connection: &mut PgConnection, of: &PromoGrantRow, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE promo_grants
         SET taken_seq = NULL,
             turns = turns + 1,
             due_at = CASE WHEN wanted = 'given' THEN NULL ELSE $4::timestamptz END,
             updated_at = $4
         WHERE payment_id = $1
           AND kind = $2
           AND taken_seq = $3",
        of.owed.payment.uuid(),
        of.owed.kind.code(),
        of.taken_seq,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Notes that nothing is to be done, where it is still as it was read.
pub(crate) async fn set_done(pool: &PgPool, of: &PromoGrantRow) -> Result<()> {
    sqlx::query!(
        "UPDATE promo_grants
         SET due_at = NULL
         WHERE payment_id = $1
           AND kind = $2
           AND wanted = $3
           AND entry_seq IS NOT DISTINCT FROM $4
           AND taken_seq IS NOT DISTINCT FROM $5",
        of.owed.payment.uuid(),
        of.owed.kind.code(),
        word(of.is_wanted),
        of.entry_seq,
        of.taken_seq
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts a step off, where it is still as it was read.
pub(crate) async fn put_off(pool: &PgPool, of: &PromoGrantRow, due_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE promo_grants
         SET due_at = $4
         WHERE payment_id = $1
           AND kind = $2
           AND wanted = $3
           AND due_at IS NOT NULL",
        of.owed.payment.uuid(),
        of.owed.kind.code(),
        word(of.is_wanted),
        due_at
    )
    .execute(pool)
    .await?;
    Ok(())
}

const fn word(is_wanted: bool) -> &'static str {
    if is_wanted { "given" } else { "taken" }
}
