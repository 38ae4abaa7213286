//! Gauges, and the wallet that they are set for. Whoever sets one, or closes a month, keeps the wallet's row until the
//! transaction ends: a gauge is in a month before that is closed, or it finds it closed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::find;
use crate::error::Result;
use crate::id::WalletId;
use crate::identity::Actor;
use crate::metered::{MeteredWallet, Quantity, Terms};

/// Begins the first month of a wallet of which nothing was measured before.
pub(crate) async fn open(
    connection: &mut PgConnection,
    first: &MeteredWallet,
    due_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metered_wallets (shard, wallet_id, account_id, starts_at, ends_at, due_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT ON CONSTRAINT metered_wallets_pk DO NOTHING",
        first.wallet.shard.as_i16(),
        first.wallet.number,
        first.account.uuid(),
        first.starts_at,
        first.ends_at,
        due_at,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads a wallet for which something is measured, and keeps others from changing it.
pub(crate) async fn lock(connection: &mut PgConnection, wallet: WalletId) -> Result<Option<MeteredWallet>> {
    let locked = sqlx::query_scalar!(
        r#"SELECT true AS "locked!"
           FROM metered_wallets
           WHERE shard = $1
             AND wallet_id = $2
           FOR NO KEY UPDATE"#,
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(&mut *connection)
    .await?;
    match locked {
        Some(_) => find(connection, wallet).await,
        None => Ok(None),
    }
}

/// Sets the terms of an item for the running month, where it has none.
pub(crate) async fn insert_terms(connection: &mut PgConnection, wallet: WalletId, terms: &Terms) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metered_terms (shard, wallet_id, item, name, unit, included, monthly_credits, since)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT ON CONSTRAINT metered_terms_pk DO NOTHING",
        wallet.shard.as_i16(),
        wallet.number,
        terms.item,
        terms.name,
        terms.unit,
        terms.included,
        terms.credits.micros(),
        terms.since
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a gauge to a wallet that is locked. One that is in the running month changes what that comes to: whoever has read
/// it to close it reads it anew.
pub(crate) async fn insert_gauge(
    connection: &mut PgConnection,
    of: &MeteredWallet,
    (item, at, value): (&str, DateTime<Utc>, Quantity),
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "WITH counted AS (
             UPDATE metered_wallets
             SET gauges = gauges + 1,
                 version = version + (ends_at > $4)::integer,
                 updated_at = $7
             WHERE shard = $1
               AND wallet_id = $2
             RETURNING gauges
         )
         INSERT INTO metered_gauges (shard, wallet_id, item, at, number, value, set_by, created_at)
         SELECT $1, $2, $3, $4, counted.gauges, $5, $6, $7
         FROM counted",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        item,
        at,
        value.thousandths(),
        serde_json::to_value(by)?,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}
