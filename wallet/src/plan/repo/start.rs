//! A paid plan that begins.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::Result;
use crate::id::PaymentId;
use crate::plan::{Subscription, Terms};

/// A paid plan that begins.
pub(crate) struct NewStart<'a> {
    pub(crate) of: &'a Subscription,
    pub(crate) terms: &'a Terms,
    /// The payment that paid it; `None` where staff put the account on it.
    pub(crate) payment: Option<PaymentId>,
    /// Who put the account on it, where nothing was paid here: it ends with its time.
    pub(crate) assigned_by: Option<&'a str>,
    /// How many months are paid.
    pub(crate) months: u32,
    /// When the time that is paid ends.
    pub(crate) paid_until: DateTime<Utc>,
    /// When the job looks next.
    pub(crate) due_at: DateTime<Utc>,
}

/// Puts an account on a paid plan, its first month granted; `false` where it is on one already.
pub(crate) async fn start(connection: &mut PgConnection, new: &NewStart<'_>, now: DateTime<Utc>) -> Result<bool> {
    let method = new.of.method.as_ref();
    let done = sqlx::query!(
        "INSERT INTO subscriptions AS s (account_id, id, plan, status, anchor, expires_at, shard, wallet_id, billing,
                                         minor, currency, credits, months_paid, months_granted, paid_by, provider,
                                         method_ref, method_label, due_at, created_at, updated_at, time_zone,
                                         billing_dates, paid_minor, assigned_by, cancel_at_end)
         VALUES ($1, $2, $3, 'active', $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $16, $17, $18, $18, $19,
                 $20, $9, $21::text, $21::text IS NOT NULL)
         ON CONFLICT ON CONSTRAINT subscriptions_pk DO UPDATE
         SET id = excluded.id,
             plan = excluded.plan,
             status = excluded.status,
             anchor = excluded.anchor,
             anchor_month = 0,
             time_zone = excluded.time_zone,
             billing_dates = excluded.billing_dates,
             expires_at = excluded.expires_at,
             shard = excluded.shard,
             wallet_id = excluded.wallet_id,
             billing = excluded.billing,
             minor = excluded.minor,
             currency = excluded.currency,
             credits = excluded.credits,
             paid_minor = excluded.paid_minor,
             next_plan = NULL,
             next_billing = NULL,
             next_minor = NULL,
             next_credits = NULL,
             assigned_by = excluded.assigned_by,
             cancel_at_end = excluded.cancel_at_end,
             months_paid = excluded.months_paid,
             months_granted = excluded.months_granted,
             paid_by = excluded.paid_by,
             paid_from = 0,
             failures = 0,
             failing_since = NULL,
             next_try_at = NULL,
             awaits_owner = false,
             provider = excluded.provider,
             method_ref = excluded.method_ref,
             method_label = excluded.method_label,
             due_at = excluded.due_at,
             version = s.version + 1,
             updated_at = excluded.updated_at
         WHERE s.minor IS NULL",
        new.of.account.uuid(),
        new.of.id.uuid(),
        new.of.plan,
        new.of.anchor,
        new.paid_until,
        new.of.wallet.shard.as_i16(),
        new.of.wallet.number,
        new.terms.interval.code(),
        new.terms.price.minor(),
        new.terms.price.currency().code(),
        new.terms.credits.micros(),
        i32::try_from(new.months).unwrap_or(i32::MAX),
        new.payment.map(PaymentId::uuid),
        method.map(|method| method.provider.as_str()),
        method.map(|method| method.reference.as_str()),
        method.map(|method| method.label.as_str()),
        new.due_at,
        now,
        new.of.time_zone,
        new.of.dates.code(),
        new.assigned_by
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
