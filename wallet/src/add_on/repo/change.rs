//! What changes an add-on: each change only where it is as it was read.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::add_on::{AddOnPause, AddOnSubscription};
use crate::error::Result;
use crate::id::UserId;

/// Adds an add-on that was just switched on; `false` where the wallet has it, or where the form was sent before.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    new: &AddOnSubscription,
    (user, request_key): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO add_on_subscriptions (shard, wallet_id, id, account_id, code, name, credits, user_id, request_key,
                                           time_zone, anchor, months, paid_until, due_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $12, $13, $13)
         ON CONFLICT DO NOTHING",
        new.wallet.shard.as_i16(),
        new.wallet.number,
        new.id.uuid(),
        new.account.uuid(),
        new.code,
        new.name,
        new.credits.micros(),
        user.uuid(),
        request_key,
        new.time_zone,
        new.anchor,
        new.paid_until,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Sets when it is looked at next, and since when credits are waited for.
pub(crate) async fn wait(
    pool: &PgPool,
    of: &AddOnSubscription,
    due_at: DateTime<Utc>,
    short_since: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE add_on_subscriptions
         SET due_at = $5,
             short_since = $6
         WHERE shard = $1
           AND wallet_id = $2
           AND id = $3
           AND version = $4
           AND state <> 'off'",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.id.uuid(),
        of.version,
        due_at,
        short_since
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Pauses it: it is looked at again as soon as there are enough credits.
pub(crate) async fn pause(connection: &mut PgConnection, of: &AddOnSubscription, pause: &AddOnPause) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE add_on_subscriptions
         SET state = 'paused',
             pause_reason = $5,
             paused_at = $6,
             pause_available = $7,
             short_since = NULL,
             due_at = $6,
             version = version + 1,
             updated_at = $6
         WHERE shard = $1
           AND wallet_id = $2
           AND id = $3
           AND version = $4
           AND state = 'on'",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.id.uuid(),
        of.version,
        pause.reason.code(),
        pause.at,
        pause.available.micros()
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Lets it end with the month that was deducted.
pub(crate) async fn set_cancel(
    connection: &mut PgConnection,
    of: &AddOnSubscription,
    now: DateTime<Utc>,
) -> Result<bool> {
    // Where its month is over already, say while it waits for credits, it ends with the next look.
    set_ending(connection, of, true, now).await
}

/// Lets one that was to end go on.
pub(crate) async fn keep(connection: &mut PgConnection, of: &AddOnSubscription, now: DateTime<Utc>) -> Result<bool> {
    set_ending(connection, of, false, now).await
}

async fn set_ending(
    connection: &mut PgConnection,
    of: &AddOnSubscription,
    cancel_at_end: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE add_on_subscriptions
         SET cancel_at_end = $5,
             due_at = paid_until,
             version = version + 1,
             updated_at = $6
         WHERE shard = $1
           AND wallet_id = $2
           AND id = $3
           AND version = $4
           AND state = 'on'",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.id.uuid(),
        of.version,
        cancel_at_end,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Switches it off.
pub(crate) async fn end(connection: &mut PgConnection, of: &AddOnSubscription, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE add_on_subscriptions
         SET state = 'off',
             pause_reason = NULL,
             paused_at = NULL,
             pause_available = NULL,
             short_since = NULL,
             due_at = NULL,
             version = version + 1,
             updated_at = $5
         WHERE shard = $1
           AND wallet_id = $2
           AND id = $3
           AND version = $4
           AND state <> 'off'",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        of.id.uuid(),
        of.version,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}
