//! What changes a subscription: each change only where it is still as it was seen, or where the key of a month lets it
//! happen once.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::id::{AccountId, PaymentId, SubscriptionId};
use crate::plan::month::Month;
use crate::plan::repo::NewStart;
use crate::plan::{Subscription, SubscriptionStatus};

/// What came of noting paid months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extended {
    /// They are noted.
    Done,
    /// The subscription is over, or these months are behind it.
    Over,
    /// The subscription has changed since it was read.
    Moved,
}

/// Notes that the months from one on are paid and that one granted, where the subscription is still as it was read: the
/// dates that are written were counted from that. The plan is the one that was paid: it may have been chosen for this
/// billing date. A card that was saved with the payment takes the place of the one before.
pub(crate) async fn extend(
    connection: &mut PgConnection,
    new: &NewStart<'_>,
    month: u32,
    now: DateTime<Utc>,
) -> Result<Extended> {
    let method = new.of.method.as_ref();
    let first = i32::try_from(month).unwrap_or(i32::MAX);
    let months = i32::try_from(new.months).unwrap_or(i32::MAX);
    let done = sqlx::query!(
        "UPDATE subscriptions
         SET status = 'active',
             plan = $15,
             billing = $16,
             minor = $17,
             paid_minor = $17,
             credits = $18,
             next_plan = CASE WHEN (next_plan, next_billing) = ($15, $16) THEN NULL ELSE next_plan END,
             next_billing = CASE WHEN (next_plan, next_billing) = ($15, $16) THEN NULL ELSE next_billing END,
             next_minor = CASE WHEN (next_plan, next_billing) = ($15, $16) THEN NULL ELSE next_minor END,
             next_credits = CASE WHEN (next_plan, next_billing) = ($15, $16) THEN NULL ELSE next_credits END,
             anchor = $12,
             anchor_month = $13,
             expires_at = $5,
             months_paid = $3 + $4::int,
             months_granted = $3 + 1,
             paid_by = $6,
             paid_from = $3,
             failures = 0,
             failing_since = NULL,
             next_try_at = NULL,
             awaits_owner = false,
             provider = coalesce($7, provider),
             method_ref = coalesce($8, method_ref),
             method_label = coalesce($9, method_label),
             due_at = $10,
             version = version + 1,
             updated_at = $11
         WHERE account_id = $1
           AND id = $2
           AND minor IS NOT NULL
           AND months_paid <= $3
           AND version = $14",
        new.of.account.uuid(),
        new.of.id.uuid(),
        first,
        months,
        new.paid_until,
        new.payment.map(PaymentId::uuid),
        method.map(|method| method.provider.as_str()),
        method.map(|method| method.reference.as_str()),
        method.map(|method| method.label.as_str()),
        new.due_at,
        now,
        new.of.anchor,
        i32::try_from(new.of.anchor_month).unwrap_or(i32::MAX),
        new.of.version,
        new.of.plan,
        new.terms.interval.code(),
        new.terms.price.minor(),
        new.terms.credits.micros()
    )
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Extended::Done);
    }
    let goes_on = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM subscriptions
               WHERE account_id = $1 AND id = $2 AND minor IS NOT NULL AND months_paid <= $3
           ) AS "goes_on!""#,
        new.of.account.uuid(),
        new.of.id.uuid(),
        first
    )
    .fetch_one(connection)
    .await?;
    Ok(if goes_on { Extended::Moved } else { Extended::Over })
}

/// Counts the dates of a paid plan anew, from where its next month is to be paid; nothing where it has changed since.
pub(crate) async fn move_anchor(pool: &PgPool, of: &Subscription, to: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE subscriptions
         SET anchor = $4,
             anchor_month = months_paid,
             expires_at = $4,
             version = version + 1,
             updated_at = $5
         WHERE account_id = $1
           AND id = $2
           AND version = $3",
        of.account.uuid(),
        of.id.uuid(),
        of.version,
        to,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Lets a plan that costs nothing be looked at by the job.
pub(crate) async fn begin_free(connection: &mut PgConnection, account: AccountId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE subscriptions SET due_at = $2 WHERE account_id = $1 AND minor IS NULL AND due_at IS NULL",
        account.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that a month's credits have come.
pub(crate) async fn set_granted(connection: &mut PgConnection, month: &Month, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE subscriptions
         SET months_granted = $3 + 1,
             version = version + 1,
             updated_at = $4
         WHERE account_id = $1
           AND id = $2
           AND months_granted <= $3",
        month.account.uuid(),
        month.subscription.uuid(),
        i32::try_from(month.index).unwrap_or(i32::MAX),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a decline at a billing date leads to.
pub(crate) struct Declined {
    /// When the first one was.
    pub(crate) failing_since: DateTime<Utc>,
    /// When the card is charged again, or the plan ends where only its owner can pay.
    pub(crate) next_try_at: Option<DateTime<Utc>>,
    /// Whether only its owner can pay.
    pub(crate) awaits_owner: bool,
    /// Whether the card is of no use any more.
    pub(crate) drops_method: bool,
}

/// Counts a decline; `false` where it was counted before, or the subscription has changed since.
pub(crate) async fn decline(
    connection: &mut PgConnection,
    of: &Subscription,
    declined: &Declined,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE subscriptions
         SET status = 'past_due',
             failures = failures + 1,
             failing_since = $4::timestamptz,
             next_try_at = $5::timestamptz,
             due_at = coalesce($5::timestamptz, $6::timestamptz),
             awaits_owner = $7,
             provider = CASE WHEN $8 THEN NULL ELSE provider END,
             method_ref = CASE WHEN $8 THEN NULL ELSE method_ref END,
             method_label = CASE WHEN $8 THEN NULL ELSE method_label END,
             version = version + 1,
             updated_at = $6::timestamptz
         WHERE account_id = $1
           AND id = $2
           AND version = $3",
        of.account.uuid(),
        of.id.uuid(),
        of.version,
        declined.failing_since,
        declined.next_try_at,
        now,
        declined.awaits_owner,
        declined.drops_method
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes an account down to another plan, which costs nothing, or to none; `false` where the subscription has changed
/// since.
pub(crate) async fn end(
    connection: &mut PgConnection,
    of: &Subscription,
    down_to: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let status = if down_to.is_some() { SubscriptionStatus::Active } else { SubscriptionStatus::Cancelled };
    let done = sqlx::query!(
        "UPDATE subscriptions
         SET id = CASE WHEN $4::text IS NULL THEN id ELSE $7::uuid END,
             plan = coalesce($4::text, plan),
             status = $5,
             anchor = CASE WHEN $4::text IS NULL THEN anchor ELSE $6::timestamptz END,
             anchor_month = 0,
             time_zone = NULL,
             billing_dates = NULL,
             expires_at = CASE WHEN $4::text IS NULL THEN expires_at END,
             shard = NULL,
             wallet_id = NULL,
             billing = NULL,
             minor = NULL,
             paid_minor = NULL,
             currency = NULL,
             credits = NULL,
             next_plan = NULL,
             next_billing = NULL,
             next_minor = NULL,
             next_credits = NULL,
             assigned_by = NULL,
             cancel_at_end = false,
             months_paid = 0,
             months_granted = 0,
             paid_by = NULL,
             paid_from = 0,
             failures = 0,
             failing_since = NULL,
             next_try_at = NULL,
             awaits_owner = false,
             provider = NULL,
             method_ref = NULL,
             method_label = NULL,
             due_at = CASE WHEN $4::text IS NULL THEN NULL ELSE $6::timestamptz END,
             version = version + 1,
             updated_at = $6::timestamptz
         WHERE account_id = $1
           AND id = $2
           AND version = $3",
        of.account.uuid(),
        of.id.uuid(),
        of.version,
        down_to,
        status.code(),
        now,
        SubscriptionId::new().uuid()
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets a paid plan end with the time that is paid, whatever it was to become, or go on; `false` where there is none that goes on, or it is so
/// already.
pub(crate) async fn set_cancel(
    connection: &mut PgConnection,
    of: &Subscription,
    cancel: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE subscriptions
         SET cancel_at_end = $4,
             next_plan = CASE WHEN $4 THEN NULL ELSE next_plan END,
             next_billing = CASE WHEN $4 THEN NULL ELSE next_billing END,
             next_minor = CASE WHEN $4 THEN NULL ELSE next_minor END,
             next_credits = CASE WHEN $4 THEN NULL ELSE next_credits END,
             due_at = CASE WHEN status = 'past_due' THEN $5 ELSE due_at END,
             version = version + 1,
             updated_at = $5
         WHERE account_id = $1
           AND id = $2
           AND version = $3
           AND cancel_at_end <> $4",
        of.account.uuid(),
        of.id.uuid(),
        of.version,
        cancel,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
