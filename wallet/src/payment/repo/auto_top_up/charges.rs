//! The charges of auto top-up: added under the wallet's lock, sent while it is on, ended once.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::AutoTopUpRow;
use crate::error::{Error, Result};
use crate::id::{PaymentId, WalletId};
use crate::money::{Credits, Currency, Money};
use crate::payment::auto_top_up::{AutoTopUpCharge, Outcome, Try};
use crate::payment::model::PaymentStatus;

/// Lists what became of the charges by a consent since an instant, newest first.
pub(crate) async fn tries(pool: &PgPool, of: &AutoTopUpRow, limit: i64) -> Result<Vec<Try>> {
    let rows = sqlx::query!(
        "SELECT status, failure, updated_at
         FROM payments
         WHERE shard = $1
           AND wallet_id = $2
           AND auto_top_up = $3
           AND ($4::timestamptz IS NULL OR created_at > $4)
         ORDER BY created_at DESC, id DESC
         LIMIT $5",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.number,
        of.counts_from,
        limit
    );
    let outcome = |status: &str, failure: Option<String>| match PaymentStatus::from_code(status) {
        Some(PaymentStatus::Succeeded) => Outcome::Paid,
        Some(PaymentStatus::Failed) => Outcome::Declined(failure.unwrap_or_default()),
        Some(PaymentStatus::Held) => Outcome::InReview,
        Some(PaymentStatus::Cancelled | PaymentStatus::Expired) => Outcome::Nothing,
        _ => Outcome::Open,
    };
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows.map(|row| Try { outcome: outcome(&row.status, row.failure), at: row.updated_at }).collect())
}

/// Sums what was charged since the beginning of a day and of a month, tax included. What may still be taken counts:
/// what is open, in review, or was sent to a provider that never named it.
pub(crate) async fn spent(
    connection: &mut PgConnection,
    wallet: WalletId,
    currency: Currency,
    (day_from, month_from): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"SELECT coalesce(sum(minor + tax_minor) FILTER (WHERE created_at >= $4), 0)::bigint AS "day!",
                  coalesce(sum(minor + tax_minor), 0)::bigint AS "month!"
           FROM payments
           WHERE shard = $1
             AND wallet_id = $2
             AND auto_top_up IS NOT NULL
             AND currency = $3
             AND created_at >= $5
             AND (
                 status NOT IN ('failed', 'cancelled', 'expired')
                 OR (status = 'expired' AND charging_at IS NOT NULL AND provider_ref IS NULL)
             )"#,
        wallet.shard.as_i16(),
        wallet.number,
        currency.code(),
        day_from,
        month_from
    );
    let row = row.fetch_one(connection).await?;
    Ok((row.day, row.month))
}

/// Locks a wallet's row where it is as it was read, is on, and nothing is on its way; `false` where it is not.
pub(crate) async fn lock_to_charge(connection: &mut PgConnection, read: &AutoTopUpRow) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT true AS "found!"
           FROM auto_top_ups
           WHERE shard = $1
             AND wallet_id = $2
             AND version = $3
             AND is_on
             AND reason IS NULL
             AND open_payment IS NULL
           FOR NO KEY UPDATE"#,
        read.wallet.shard.as_i16(),
        read.wallet.number,
        read.version
    );
    Ok(found.fetch_optional(connection).await?.is_some())
}

/// Notes a payment that was just made: when it counts, and that it is on its way.
pub(crate) async fn note_charge(
    connection: &mut PgConnection,
    of: &AutoTopUpRow,
    payment: PaymentId,
    (day_from, month_from): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO auto_top_up_charges (payment_id, shard, wallet_id, number, day_from, month_from, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        payment.uuid(),
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.number,
        day_from,
        month_from,
        now
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE auto_top_ups
         SET open_payment = $3,
             asked_at = NULL,
             needed = NULL
         WHERE shard = $1
           AND wallet_id = $2",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        payment.uuid()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that a payment's card is about to be charged; `false` where its owner has switched it off, or agreed to
/// something else, or the payment is over: then it is not.
pub(crate) async fn may_send(pool: &PgPool, payment: PaymentId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payments AS p
         SET charging_at = coalesce(charging_at, $2)
         WHERE p.id = $1
           AND p.status IN ('pending', 'processing', 'unknown')
           AND EXISTS (
               SELECT
               FROM auto_top_ups AS a
               WHERE a.shard = p.shard AND a.wallet_id = p.wallet_id AND a.is_on AND a.number = p.auto_top_up
           )",
        payment.uuid(),
        now
    );
    Ok(done.execute(pool).await?.rows_affected() == 1)
}

/// Notes that the end of a payment was acted on; `false` where somebody else did. It is looked at next at an instant.
pub(crate) async fn end_open(
    connection: &mut PgConnection,
    wallet: WalletId,
    payment: PaymentId,
    next_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE auto_top_ups
         SET open_payment = NULL,
             next_at = $4
         WHERE shard = $1
           AND wallet_id = $2
           AND open_payment = $3",
        wallet.shard.as_i16(),
        wallet.number,
        payment.uuid(),
        next_at
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Lists the last automatic charges of a wallet, newest first.
pub(crate) async fn charges(pool: &PgPool, wallet: WalletId, limit: i64) -> Result<Vec<AutoTopUpCharge>> {
    let rows = sqlx::query!(
        "SELECT id, status, credits, minor, currency, failure, created_at
         FROM payments
         WHERE shard = $1
           AND wallet_id = $2
           AND auto_top_up IS NOT NULL
         ORDER BY created_at DESC, id DESC
         LIMIT $3",
        wallet.shard.as_i16(),
        wallet.number,
        limit
    );
    let charge = |row: (Uuid, String, i64, i64, String, Option<String>, DateTime<Utc>)| {
        let (id, status, credits, minor, currency, failure, at) = row;
        let currency: Currency = currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
        Ok(AutoTopUpCharge {
            payment: PaymentId::from_uuid(id),
            status: PaymentStatus::from_code(&status).ok_or_else(|| Error::internal("an unknown payment state"))?,
            credits: Credits::from_micros(credits),
            money: Money::from_minor(minor, currency),
            failure,
            at,
        })
    };
    let rows = rows.fetch_all(pool).await?.into_iter();
    rows.map(|row| charge((row.id, row.status, row.credits, row.minor, row.currency, row.failure, row.created_at)))
        .collect()
}

/// Finds the open payment that a person makes in place of a declined one.
pub(crate) async fn open_recovery(pool: &PgPool, of: PaymentId) -> Result<Option<PaymentId>> {
    let id = sqlx::query_scalar!(
        "SELECT id FROM payments WHERE recovers = $1 AND status IN ('pending', 'processing', 'unknown')",
        of.uuid()
    );
    Ok(id.fetch_optional(pool).await?.map(PaymentId::from_uuid))
}
