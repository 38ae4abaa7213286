//! The SQL of rebuilding a wallet from its rows.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::ledger::model::hash::Hash;
use crate::money::Credits;

/// The numbers of a wallet that follow from its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ledger) struct WalletNumbers {
    pub seq: i64,
    pub settled: Credits,
    pub held: Credits,
    pub debt: Credits,
    pub grants_made: i64,
    pub head: Hash,
    pub last_at: DateTime<Utc>,
}

/// The numbers of a grant that follow from rows, and what never changes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) struct GrantNumbers {
    pub id: i64,
    /// The row that brought it.
    pub seq: i64,
    pub granted: Credits,
    pub remaining: Credits,
    pub held: Credits,
    pub clawed: Credits,
}

/// Reads a wallet's numbers.
pub(in crate::ledger) async fn wallet(
    connection: &mut PgConnection,
    wallet: WalletId,
) -> Result<Option<WalletNumbers>> {
    let row = sqlx::query!(
        "SELECT seq, settled, held, debt, grants_made, head_hash, last_at
         FROM wallets
         WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(WalletNumbers {
        seq: row.seq,
        settled: Credits::from_micros(row.settled),
        held: Credits::from_micros(row.held),
        debt: Credits::from_micros(row.debt),
        grants_made: row.grants_made,
        head: Hash::from_slice(&row.head_hash).ok_or_else(|| Error::internal("a head hash is not 32 bytes"))?,
        last_at: row.last_at,
    }))
}

/// Reads the numbers of all grants of a wallet, open or not.
pub(in crate::ledger) async fn grants(connection: &mut PgConnection, wallet: WalletId) -> Result<Vec<GrantNumbers>> {
    let rows = sqlx::query!(
        "SELECT grant_id, seq, granted, remaining, held, clawed
         FROM grants
         WHERE shard = $1 AND wallet_id = $2
         ORDER BY grant_id",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(connection)
    .await?;
    let grants = rows.into_iter().map(|row| GrantNumbers {
        id: row.grant_id,
        seq: row.seq,
        granted: Credits::from_micros(row.granted),
        remaining: Credits::from_micros(row.remaining),
        held: Credits::from_micros(row.held),
        clawed: Credits::from_micros(row.clawed),
    });
    Ok(grants.collect())
}

/// Reads what archived rows left in each grant: what it had, held or not, and what of that was held.
pub(in crate::ledger) async fn archived_shares(
    connection: &mut PgConnection,
    wallet: WalletId,
) -> Result<Vec<(i64, Credits, Credits)>> {
    let rows = sqlx::query!(
        "SELECT grant_id, amount, held_change FROM archived_shares WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(connection)
    .await?;
    let share = |row: (i64, i64, i64)| (row.0, Credits::from_micros(row.1), Credits::from_micros(row.2));
    Ok(rows.into_iter().map(|row| share((row.grant_id, row.amount, row.held_change))).collect())
}

/// Sets a wallet's numbers. Its version moves on, so that no writer relies on what it remembers.
pub(in crate::ledger) async fn set_wallet(
    connection: &mut PgConnection,
    wallet: WalletId,
    to: &WalletNumbers,
) -> Result<()> {
    sqlx::query!(
        "UPDATE wallets
         SET version = version + 1, seq = $3, settled = $4, held = $5, debt = $6, grants_made = $7, head_hash = $8,
             last_at = $9
         WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number,
        to.seq,
        to.settled.micros(),
        to.held.micros(),
        to.debt.micros(),
        to.grants_made,
        to.head.as_bytes(),
        to.last_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets a grant's numbers.
pub(in crate::ledger) async fn set_grant(
    connection: &mut PgConnection,
    wallet: WalletId,
    to: &GrantNumbers,
) -> Result<()> {
    sqlx::query!(
        "UPDATE grants
         SET remaining = $4::bigint, held = $5::bigint, clawed = $6, open = ($4::bigint > 0 OR $5::bigint > 0)
         WHERE shard = $1 AND wallet_id = $2 AND grant_id = $3",
        wallet.shard.as_i16(),
        wallet.number,
        to.id,
        to.remaining.micros(),
        to.held.micros(),
        to.clawed.micros()
    )
    .execute(connection)
    .await?;
    Ok(())
}
