//! The end of a month: written once, with the entry that charges for it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::metered::rule::Split;
use crate::metered::{ItemMonth, MeteredWallet, Terms};
use crate::money::Credits;

/// Lets the next month begin; `false` where another one has closed this one, or a gauge has come, since it was read.
pub(crate) async fn end_month(
    connection: &mut PgConnection,
    of: &MeteredWallet,
    carried: Credits,
    (ends_at, due_at): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE metered_wallets
         SET month = month + 1,
             starts_at = ends_at,
             ends_at = $5,
             carried = $6,
             short_since = NULL,
             due_at = $7,
             version = version + 1,
             updated_at = $8
         WHERE shard = $1
           AND wallet_id = $2
           AND month = $3
           AND version = $4",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        number(of.month)?,
        of.version,
        ends_at,
        carried.micros(),
        due_at,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Writes a month down that was closed, with the entry that charged for it.
pub(crate) async fn insert_month(
    connection: &mut PgConnection,
    of: &MeteredWallet,
    (cost, split): (Credits, Split),
    entry_seq: Option<i64>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metered_months (shard, wallet_id, month, starts_at, ends_at, carried_in, credits, charged,
                                     carried_out, entry_seq, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        number(of.month)?,
        of.starts_at,
        of.ends_at,
        of.carried.micros(),
        cost.micros(),
        split.charged.micros(),
        split.carried.micros(),
        entry_seq,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down what an item of that month came to.
pub(crate) async fn insert_item(connection: &mut PgConnection, of: &MeteredWallet, item: &ItemMonth) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metered_month_items (shard, wallet_id, month, item, name, unit, used, included, monthly_credits,
                                          credits, step, since)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        of.wallet.shard.as_i16(),
        of.wallet.number,
        number(of.month)?,
        item.terms.item,
        item.terms.name,
        item.terms.unit,
        item.used,
        item.terms.included,
        item.terms.credits.micros(),
        item.cost.micros(),
        item.step.micros(),
        item.terms.since
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets the terms of an item for the month that begins; an item that is not offered any more is not metered any more.
pub(crate) async fn renew_terms(
    connection: &mut PgConnection,
    wallet: WalletId,
    item: &str,
    terms: Option<&Terms>,
) -> Result<()> {
    let Some(terms) = terms else {
        sqlx::query!(
            "DELETE FROM metered_terms WHERE shard = $1 AND wallet_id = $2 AND item = $3",
            wallet.shard.as_i16(),
            wallet.number,
            item
        )
        .execute(connection)
        .await?;
        return Ok(());
    };
    sqlx::query!(
        "UPDATE metered_terms
         SET name = $4,
             unit = $5,
             included = $6,
             monthly_credits = $7
         WHERE shard = $1
           AND wallet_id = $2
           AND item = $3",
        wallet.shard.as_i16(),
        wallet.number,
        item,
        terms.name,
        terms.unit,
        terms.included,
        terms.credits.micros()
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn number(month: u32) -> Result<i32> {
    i32::try_from(month).map_err(Error::internal)
}
