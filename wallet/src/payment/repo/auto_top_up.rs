//! Auto top-up as stored: what was agreed to, how each wallet stands, and what was charged.

mod charges;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

pub(crate) use charges::{charges, end_open, lock_to_charge, may_send, note_charge, open_recovery, spent, tries};

use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, PaymentMethodId, Shard, UserId, WalletId};
use crate::money::{Credits, Currency, Money};
use crate::payment::auto_top_up::{AutoTopUpBuys, AutoTopUpTerms, Suspension};

/// How auto top-up of a wallet stands, with what was agreed to last.
#[derive(Clone, Debug)]
pub(crate) struct AutoTopUpRow {
    pub(crate) wallet: WalletId,
    pub(crate) account: AccountId,
    /// The newest consent.
    pub(crate) number: i32,
    pub(crate) terms: AutoTopUpTerms,
    /// Who agreed, and when.
    pub(crate) agreed: (String, DateTime<Utc>),
    pub(crate) is_on: bool,
    pub(crate) reason: Option<Suspension>,
    pub(crate) until: Option<DateTime<Utc>>,
    /// The payment that the owner can make.
    pub(crate) asks_payment: Option<PaymentId>,
    /// When a charge was refused since the last top-up, and what it needed.
    pub(crate) asked: Option<(DateTime<Utc>, Credits)>,
    pub(crate) open_payment: Option<PaymentId>,
    /// Charges until then count no more.
    pub(crate) counts_from: Option<DateTime<Utc>>,
    pub(crate) version: i64,
    pub(crate) time_zone: String,
}

/// Finds how auto top-up of a wallet stands; `None` where nobody ever agreed.
pub(crate) async fn find(pool: &PgPool, wallet: WalletId) -> Result<Option<AutoTopUpRow>> {
    let row = sqlx::query!(
        r#"SELECT a.account_id, a.number, a.is_on, a.reason, a.until, a.asks_payment, a.asked_at, a.needed,
                  a.open_payment, a.counts_from, a.version, c.threshold, c.buys, c.package, c.fill_to, c.currency,
                  c.amount_minor, c.most_minor, c.daily_minor, c.monthly_minor, c.method_id, c.method_label,
                  c.created_at AS agreed_at, coalesce(u.name, '') AS "agreed_by!", accounts.time_zone
           FROM auto_top_ups AS a
           JOIN auto_top_up_consents AS c
               ON c.shard = a.shard AND c.wallet_id = a.wallet_id AND c.number = a.number
           JOIN accounts ON accounts.id = a.account_id
           LEFT JOIN users AS u ON u.id = c.user_id
           WHERE a.shard = $1
             AND a.wallet_id = $2"#,
        wallet.shard.as_i16(),
        wallet.number
    );
    let Some(row) = row.fetch_optional(pool).await? else { return Ok(None) };
    let currency: Currency = row.currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
    let money = |minor| Money::from_minor(minor, currency);
    let buys = match (row.buys.as_str(), row.package, row.amount_minor, row.fill_to) {
        ("package", Some(package), _, _) => AutoTopUpBuys::Package { package },
        ("amount", _, Some(minor), _) => AutoTopUpBuys::Amount { money: money(minor) },
        ("fill_to", _, _, Some(micros)) => AutoTopUpBuys::FillTo { credits: Credits::from_micros(micros) },
        _ => return Err(Error::internal("an unknown kind of auto top-up")),
    };
    let reason = row.reason.as_deref().map(reason_of).transpose()?;
    Ok(Some(AutoTopUpRow {
        wallet,
        account: AccountId::from_uuid(row.account_id),
        number: row.number,
        terms: AutoTopUpTerms {
            threshold: row.threshold.map(Credits::from_micros),
            buys,
            most: money(row.most_minor),
            daily: money(row.daily_minor),
            monthly: money(row.monthly_minor),
            method: PaymentMethodId::from_uuid(row.method_id),
            method_label: row.method_label,
        },
        agreed: (row.agreed_by, row.agreed_at),
        is_on: row.is_on,
        reason,
        until: row.until,
        asks_payment: row.asks_payment.map(PaymentId::from_uuid),
        asked: row.asked_at.zip(row.needed.map(Credits::from_micros)),
        open_payment: row.open_payment.map(PaymentId::from_uuid),
        counts_from: row.counts_from,
        version: row.version,
        time_zone: row.time_zone,
    }))
}

fn reason_of(code: &str) -> Result<Suspension> {
    Suspension::from_code(code).ok_or_else(|| Error::internal("an unknown reason of auto top-up"))
}

/// Adds what an owner agreed to, and switches it on; gives its number. The account must be locked.
pub(crate) async fn agree(
    connection: &mut PgConnection,
    (account, wallet, user): (AccountId, WalletId, UserId),
    terms: &AutoTopUpTerms,
    consent: &str,
    now: DateTime<Utc>,
) -> Result<i32> {
    let (package, amount, fill_to) = match &terms.buys {
        AutoTopUpBuys::Package { package } => (Some(package.as_str()), None, None),
        AutoTopUpBuys::Amount { money } => (None, Some(money.minor()), None),
        AutoTopUpBuys::FillTo { credits } => (None, None, Some(credits.micros())),
    };
    let number = sqlx::query_scalar!(
        "INSERT INTO auto_top_up_consents (shard, wallet_id, number, account_id, user_id, consent, created_at,
                                           threshold, buys, package, fill_to, currency, amount_minor, most_minor,
                                           daily_minor, monthly_minor, method_id, method_label)
         SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
         FROM auto_top_up_consents
         WHERE shard = $1
           AND wallet_id = $2
         RETURNING number",
        wallet.shard.as_i16(),
        wallet.number,
        account.uuid(),
        user.uuid(),
        consent,
        now,
        terms.threshold.map(Credits::micros),
        terms.buys.code(),
        package,
        fill_to,
        terms.most.currency().code(),
        amount,
        terms.most.minor(),
        terms.daily.minor(),
        terms.monthly.minor(),
        terms.method.uuid(),
        terms.method_label
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO auto_top_ups (shard, wallet_id, account_id, number, threshold, method_id, is_on)
         VALUES ($1, $2, $3, $4, $5, $6, true)
         ON CONFLICT ON CONSTRAINT auto_top_ups_pk DO UPDATE
         SET number = excluded.number,
             threshold = excluded.threshold,
             method_id = excluded.method_id,
             is_on = true,
             reason = NULL,
             until = NULL,
             asks_payment = NULL,
             next_at = NULL,
             counts_from = NULL,
             version = auto_top_ups.version + 1",
        wallet.shard.as_i16(),
        wallet.number,
        account.uuid(),
        number,
        terms.threshold.map(Credits::micros),
        terms.method.uuid()
    )
    .execute(connection)
    .await?;
    Ok(number)
}

/// Switches it off, and calls off what is queued: payments whose card was not charged yet. Says whether it was on.
pub(crate) async fn switch_off(
    connection: &mut PgConnection,
    wallet: WalletId,
    failure: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE auto_top_ups
         SET is_on = false,
             reason = NULL,
             until = NULL,
             asks_payment = NULL,
             asked_at = NULL,
             needed = NULL,
             next_at = NULL,
             version = version + 1
         WHERE shard = $1
           AND wallet_id = $2
           AND is_on",
        wallet.shard.as_i16(),
        wallet.number
    )
    .execute(&mut *connection)
    .await?;
    call_off(connection, wallet, failure, now).await?;
    Ok(done.rows_affected() == 1)
}

/// Calls off payments whose card was not charged yet. The wallet's row of auto top-up must be locked.
pub(crate) async fn call_off(
    connection: &mut PgConnection,
    wallet: WalletId,
    failure: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE payments
         SET status = 'cancelled',
             failure = $3,
             updated_at = $4
         WHERE shard = $1
           AND wallet_id = $2
           AND auto_top_up IS NOT NULL
           AND status IN ('pending', 'processing', 'unknown')
           AND charging_at IS NULL",
        wallet.shard.as_i16(),
        wallet.number,
        failure,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes wallets that are to be looked at: below their threshold, with a charge that was refused, with a card that
/// is gone, or with a payment whose end was not acted on. Nobody else gets them before `until`. One small read of those that have it on: charges
/// of other wallets cost it nothing, and charges themselves know nothing of it.
pub(crate) async fn take_due(
    pool: &PgPool,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<WalletId>> {
    let rows = sqlx::query!(
        "WITH due AS (
             SELECT a.shard, a.wallet_id
             FROM auto_top_ups AS a
             JOIN wallets AS w ON w.shard = a.shard AND w.wallet_id = a.wallet_id
             JOIN payment_methods AS m ON m.id = a.method_id
             WHERE (a.is_on OR a.open_payment IS NOT NULL)
               AND (a.next_at IS NULL OR a.next_at <= $1)
               AND (
                   a.open_payment IS NOT NULL
                   OR (a.reason IS NULL AND (
                       a.asked_at IS NOT NULL OR w.settled - w.held < a.threshold OR m.state <> 'active'
                   ))
                   OR (a.reason IS NOT NULL AND a.until <= $1)
               )
             ORDER BY a.next_at NULLS FIRST
             LIMIT $3
             FOR NO KEY UPDATE OF a SKIP LOCKED
         )
         UPDATE auto_top_ups AS a
         SET next_at = $2
         FROM due
         WHERE a.shard = due.shard
           AND a.wallet_id = due.wallet_id
         RETURNING a.shard, a.wallet_id",
        now,
        until,
        limit
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows.map(|row| WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id }).collect())
}

/// Sets when a wallet is looked at next, and forgets the refused charge that was seen, where it is as it was read.
pub(crate) async fn rest(pool: &PgPool, read: &AutoTopUpRow, next_at: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!(
        "UPDATE auto_top_ups
         SET next_at = CASE WHEN asked_at IS NOT DISTINCT FROM $4 THEN $5::timestamptz END,
             asked_at = CASE WHEN asked_at IS DISTINCT FROM $4 THEN asked_at END,
             needed = CASE WHEN asked_at IS DISTINCT FROM $4 THEN needed END
         WHERE shard = $1
           AND wallet_id = $2
           AND version = $3",
        read.wallet.shard.as_i16(),
        read.wallet.number,
        read.version,
        read.asked.map(|(at, _)| at),
        next_at
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Sets when a wallet is looked at next, and leaves everything else.
pub(crate) async fn wait(pool: &PgPool, wallet: WalletId, next_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE auto_top_ups SET next_at = $3 WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        next_at
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that a charge was refused, so that the wallet is looked at now.
pub(crate) async fn ask(pool: &PgPool, wallet: WalletId, needed: Credits, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE auto_top_ups
         SET asked_at = $4,
             needed = $3,
             next_at = NULL
         WHERE shard = $1
           AND wallet_id = $2
           AND is_on
           AND open_payment IS NULL
           AND (needed IS NULL OR needed <> $3)",
        wallet.shard.as_i16(),
        wallet.number,
        needed.micros(),
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Suspends it, where it is as it was read; `false` where it is not. What was asked for before counts no more.
pub(crate) async fn suspend(
    connection: &mut PgConnection,
    read: &AutoTopUpRow,
    (reason, until): (Suspension, Option<DateTime<Utc>>),
    asks_payment: Option<PaymentId>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE auto_top_ups
         SET reason = $4,
             until = $5,
             asks_payment = $6,
             asked_at = NULL,
             needed = NULL,
             next_at = NULL,
             version = version + 1
         WHERE shard = $1
           AND wallet_id = $2
           AND version = $3
           AND is_on",
        read.wallet.shard.as_i16(),
        read.wallet.number,
        read.version,
        reason.code(),
        until,
        asks_payment.map(PaymentId::uuid)
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Lets it go on after a reason, where that is still why it is suspended; declines of before count no more, unless it
/// was a limit. `payment` is
/// the one that its owner has made, where the bank had asked for that.
pub(crate) async fn resume(
    connection: &mut PgConnection,
    wallet: WalletId,
    reason: Suspension,
    payment: Option<PaymentId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE auto_top_ups
         SET reason = NULL,
             until = NULL,
             asks_payment = NULL,
             next_at = NULL,
             counts_from = CASE WHEN $3 IN ('daily_limit', 'monthly_limit') THEN counts_from ELSE $5::timestamptz END,
             version = version + 1
         WHERE shard = $1
           AND wallet_id = $2
           AND reason = $3::text
           AND ($4::uuid IS NULL OR asks_payment = $4)",
        wallet.shard.as_i16(),
        wallet.number,
        reason.code(),
        payment.map(PaymentId::uuid),
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Says whether a card is one that auto top-up of an account charges, which must be locked.
pub(crate) async fn uses(connection: &mut PgConnection, account: AccountId, method: PaymentMethodId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM auto_top_ups WHERE account_id = $1 AND method_id = $2 AND is_on
           ) AS "found!""#,
        account.uuid(),
        method.uuid()
    );
    Ok(found.fetch_one(connection).await?)
}

/// Lists wallets of an account whose auto top-up is on and not suspended, which must be locked.
pub(crate) async fn running(connection: &mut PgConnection, account: AccountId) -> Result<Vec<WalletId>> {
    let rows = sqlx::query!(
        "SELECT shard, wallet_id
         FROM auto_top_ups
         WHERE account_id = $1
           AND is_on
           AND (reason IS NULL OR until IS NOT NULL)
         ORDER BY shard, wallet_id",
        account.uuid()
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows.map(|row| WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id }).collect())
}

/// Lists wallets of an account whose auto top-up is suspended for a reason.
pub(crate) async fn suspended(
    connection: &mut PgConnection,
    account: AccountId,
    reason: Suspension,
) -> Result<Vec<WalletId>> {
    let rows = sqlx::query!(
        "SELECT shard, wallet_id
         FROM auto_top_ups
         WHERE account_id = $1
           AND reason = $2
         ORDER BY shard, wallet_id",
        account.uuid(),
        reason.code()
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows.map(|row| WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id }).collect())
}

/// Lists the cards that auto top-up of an account charges.
pub(crate) async fn methods(pool: &PgPool, account: AccountId) -> Result<Vec<PaymentMethodId>> {
    let ids = sqlx::query_scalar!("SELECT method_id FROM auto_top_ups WHERE account_id = $1 AND is_on", account.uuid());
    Ok(ids.fetch_all(pool).await?.into_iter().map(PaymentMethodId::from_uuid).collect())
}
