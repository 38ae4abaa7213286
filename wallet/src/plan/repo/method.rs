//! The saved method that a subscription is charged with.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::Result;
use crate::id::AccountId;
use crate::plan::{SavedMethod, Subscription};

/// Lets a subscription be charged with another method; one that owes something is due at once. `false` where it has
/// changed since it was read.
pub(crate) async fn set_method(
    connection: &mut PgConnection,
    of: &Subscription,
    method: Option<&SavedMethod>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE subscriptions
         SET provider = $4,
             method_ref = $5,
             method_label = $6,
             awaits_owner = false,
             next_try_at = CASE WHEN next_try_at IS NULL THEN NULL ELSE least(next_try_at, $7::timestamptz) END,
             due_at = CASE WHEN status = 'past_due' THEN $7::timestamptz ELSE due_at END,
             version = version + 1,
             updated_at = $7::timestamptz
         WHERE account_id = $1
           AND id = $2
           AND version = $3",
        of.account.uuid(),
        of.id.uuid(),
        of.version,
        method.map(|method| method.provider.as_str()),
        method.map(|method| method.reference.as_str()),
        method.map(|method| method.label.as_str()),
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a method away from an account's subscription where it is charged with that one.
pub(crate) async fn forget_method(
    connection: &mut PgConnection,
    account: AccountId,
    (provider, reference): (&str, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE subscriptions
         SET provider = NULL,
             method_ref = NULL,
             method_label = NULL,
             version = version + 1,
             updated_at = $4
         WHERE account_id = $1
           AND provider = $2
           AND method_ref = $3",
        account.uuid(),
        provider,
        reference,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Says whether an account's paid plan is charged with a method, and keeps it so until the transaction ends.
pub(crate) async fn is_charged(
    connection: &mut PgConnection,
    account: AccountId,
    (provider, reference): (&str, &str),
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT (minor IS NOT NULL AND NOT cancel_at_end AND provider = $2 AND method_ref = $3) AS is_charged
           FROM subscriptions
           WHERE account_id = $1
           FOR UPDATE"#,
        account.uuid(),
        provider,
        reference
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.flatten().unwrap_or(false))
}
