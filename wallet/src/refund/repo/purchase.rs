//! What was bought, with what is left of it.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::money;
use crate::error::Result;
use crate::id::{AccountId, PaymentId, Shard, WalletId};
use crate::money::Credits;
use crate::refund::rule::Purchase;

/// A purchase as stored.
#[derive(Clone, Debug)]
pub(crate) struct PurchaseRow {
    pub(crate) purchase: Purchase,
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    /// The grant that the payment brought.
    pub(crate) grant: i64,
    pub(crate) provider: String,
    pub(crate) provider_ref: Option<String>,
}

/// Lists an account's purchases, newest first; or the one of a payment, whosever it is.
pub(crate) async fn list(
    connection: impl PgExecutor<'_>,
    (account, payment): (Option<AccountId>, Option<PaymentId>),
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PurchaseRow>> {
    let rows = sqlx::query!(
        r#"SELECT p.id, p.account_id, p.shard, p.wallet_id, p.title, p.method_label, p.minor, p.tax_minor, p.currency,
                  p.provider, p.provider_ref, p.settled_at AS "settled_at!",
                  (p.subscription_id IS NOT NULL OR p.change_of IS NOT NULL) AS "is_plan!",
                  g.grant_id, g.granted, g.clawed,
                  coalesce((
                      SELECT sum(b.granted - b.remaining - b.clawed)
                      FROM promo_grants AS n
                      JOIN grants AS b ON b.shard = n.shard AND b.wallet_id = n.wallet_id AND b.seq = n.entry_seq
                      WHERE n.payment_id = p.id AND n.kind IN ('bonus', 'invited')
                  ), 0)::bigint AS "bonus_used!",
                  CASE WHEN g.expires_at <= $3 THEN 0 ELSE g.remaining END AS "unused!",
                  (w.frozen IS NOT NULL OR w.debt > 0) AS "is_blocked!",
                  coalesce((
                      SELECT sum(r.minor) FROM refunds AS r WHERE r.payment_id = p.id AND r.state <> 'failed'
                  ), 0)::bigint AS "refunded!",
                  EXISTS (
                      SELECT FROM disputes AS d WHERE d.payment_id = p.id AND d.state IN ('open', 'lost')
                  ) AS "is_disputed!"
           FROM payments AS p
           JOIN grants AS g ON g.shard = p.shard AND g.wallet_id = p.wallet_id AND g.seq = p.entry_seq
           JOIN wallets AS w ON w.shard = p.shard AND w.wallet_id = p.wallet_id
           WHERE p.status = 'succeeded'
             AND ($1::uuid IS NULL OR p.account_id = $1)
             AND ($2::uuid IS NULL OR p.id = $2)
           ORDER BY p.created_at DESC, p.id DESC
           LIMIT $4"#,
        account.map(AccountId::uuid),
        payment.map(PaymentId::uuid),
        now,
        limit
    )
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| {
        let total = row.minor.checked_add(row.tax_minor);
        let total = total.ok_or_else(|| crate::error::Error::internal("a payment's total is too large"))?;
        Ok(PurchaseRow {
            purchase: Purchase {
                payment: PaymentId::from_uuid(row.id),
                title: row.title,
                method: row.method_label,
                total: money(total, &row.currency)?,
                tax_minor: row.tax_minor,
                refunded_minor: row.refunded,
                granted: Credits::from_micros(row.granted),
                unused: Credits::from_micros(row.unused),
                taken_back: Credits::from_micros(row.clawed),
                bonus_used: Credits::from_micros(row.bonus_used),
                bought_at: row.settled_at,
                is_plan: row.is_plan,
                is_disputed: row.is_disputed,
                is_blocked: row.is_blocked,
            },
            account: AccountId::from_uuid(row.account_id),
            wallet: WalletId { shard: Shard::from_i16(row.shard), number: row.wallet_id },
            grant: row.grant_id,
            provider: row.provider,
            provider_ref: row.provider_ref,
        })
    });
    read.collect()
}

/// Takes payments whose books are to be looked at, oldest first; two takers take different ones. One that is not looked
/// at after all comes again in a while.
pub(crate) async fn take_due(
    connection: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PaymentId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE payments
         SET books_due_at = $1 + interval '2 minutes'
         WHERE id IN (
             SELECT id
             FROM payments
             WHERE books_due_at <= $1
             ORDER BY books_due_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         RETURNING id",
        now,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(PaymentId::from_uuid).collect())
}

/// Tells since when a payment's books are to be looked at.
pub(crate) async fn due(connection: impl PgExecutor<'_>, payment: PaymentId) -> Result<Option<DateTime<Utc>>> {
    let due = sqlx::query_scalar!("SELECT books_due_at FROM payments WHERE id = $1", payment.uuid());
    Ok(due.fetch_optional(connection).await?.flatten())
}

/// Notes that a payment's books were looked at, unless a message has come since they were due.
pub(crate) async fn looked_at(
    connection: impl PgExecutor<'_>,
    payment: PaymentId,
    due: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!("UPDATE payments SET books_due_at = NULL WHERE id = $1 AND books_due_at = $2", payment.uuid(), due)
        .execute(connection)
        .await?;
    Ok(())
}

/// Says whether a payment is taken back: all of its money went back, is on its way or is with its buyer's bank, or
/// nothing is left of its credits since they went with its money.
pub(crate) async fn is_taken_back(connection: impl PgExecutor<'_>, payment: PaymentId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT (
               coalesce((SELECT sum(minor) FROM refunds WHERE payment_id = p.id AND state <> 'failed'), 0)
               + coalesce((SELECT sum(minor) FROM disputes WHERE payment_id = p.id AND state IN ('open', 'lost')), 0)
               >= p.minor + p.tax_minor
               OR coalesce(g.clawed > 0 AND g.remaining = 0 AND g.held = 0, false)
           ) AS "back!"
           FROM payments AS p
           LEFT JOIN grants AS g ON g.shard = p.shard AND g.wallet_id = p.wallet_id AND g.seq = p.entry_seq
           WHERE p.id = $1"#,
        payment.uuid()
    );
    Ok(found.fetch_optional(connection).await?.unwrap_or(false))
}

/// Lets a payment's books be looked at once more.
pub(crate) async fn look_again(connection: impl PgExecutor<'_>, payment: PaymentId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE payments SET books_due_at = $2 WHERE id = $1", payment.uuid(), now)
        .execute(connection)
        .await?;
    Ok(())
}
