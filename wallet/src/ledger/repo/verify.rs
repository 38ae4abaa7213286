//! Runs the invariants, and reads ledgers for the proof of their chains.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use sqlx::PgConnection;
use uuid::Uuid;

use super::invariants::Invariant;
use super::{EntryRow, wallet_id};
use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::ledger::model::entry::EntryView;
use crate::ledger::model::hash::Hash;
use crate::ledger::model::wallet_state::{Allocation, Entry};
use crate::money::Credits;

/// Runs one invariant; gives what was found, at most `limit` rows for each wallet, so that no wallet hides another.
pub(in crate::ledger) async fn run(
    connection: &mut PgConnection,
    invariant: &Invariant,
    wallet: Option<WalletId>,
    limit: usize,
) -> Result<Vec<(Option<WalletId>, String)>> {
    // Not a checked query: the invariants are a list, all of the same form.
    let mut rows = sqlx::query_as(invariant.sql)
        .bind(wallet.map(|wallet| wallet.shard.as_i16()))
        .bind(wallet.map(|wallet| wallet.number))
        .fetch(connection);
    let (mut found, mut told) = (Vec::new(), HashMap::new());
    while let Some(row) = rows.try_next().await? {
        let (shard, number, what): (Option<i16>, Option<i64>, String) = row;
        let wallet = shard.zip(number).map(|(shard, number)| wallet_id(shard, number));
        let told: &mut usize = told.entry(wallet).or_default();
        if *told < limit {
            *told = told.saturating_add(1);
            found.push((wallet, what));
        }
    }
    Ok(found)
}

/// Names the wallets after a wallet, in the order of their ids.
pub(in crate::ledger) async fn wallets_after(
    connection: &mut PgConnection,
    after: Option<WalletId>,
    limit: i64,
) -> Result<Vec<WalletId>> {
    let (shard, number) = after.map_or((-1, 0), |wallet| (wallet.shard.as_i16(), wallet.number));
    let rows = sqlx::query!(
        "SELECT shard, wallet_id FROM wallets
         WHERE (shard, wallet_id) > ($1, $2)
         ORDER BY shard, wallet_id
         LIMIT $3",
        shard,
        number,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| wallet_id(row.shard, row.wallet_id)).collect())
}

/// A row with everything that its hash covers.
struct ChainRow {
    seq: i64,
    kind: i16,
    actor_kind: i16,
    amount: i64,
    held_change: i64,
    settled_after: i64,
    held_after: i64,
    quantity: i64,
    grant_id: Option<i64>,
    refers_to: Option<i64>,
    counterpart: Option<i64>,
    created_at: DateTime<Utc>,
    actor_id: Option<Uuid>,
    actor_name: String,
    operation: Option<String>,
    title: Option<String>,
    category: Option<String>,
    metadata: Option<String>,
    detail: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    idem_key: String,
    request_hash: Vec<u8>,
    hash: Vec<u8>,
}

/// Reads rows of a wallet after a `seq` with everything that their hashes cover.
pub(in crate::ledger) async fn chain_after(
    connection: &mut PgConnection,
    wallet: WalletId,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>> {
    let rows = sqlx::query_as!(
        ChainRow,
        "SELECT seq, kind, actor_kind, amount, held_change, settled_after, held_after, quantity, grant_id, refers_to,
                counterpart, created_at, actor_id, actor_name, operation, title, category, metadata, detail,
                CASE WHEN isfinite(expires_at) THEN expires_at END AS expires_at,
                idem_key, request_hash, hash
         FROM entries
         WHERE shard = $1 AND wallet_id = $2 AND seq > $3
         ORDER BY seq
         LIMIT $4",
        wallet.shard.as_i16(),
        wallet.number,
        after,
        limit
    )
    .fetch_all(&mut *connection)
    .await?;
    let last = rows.last().map_or(after, |row| row.seq);
    let shares = sqlx::query!(
        "SELECT seq, grant_id, amount, held_change
         FROM allocations
         WHERE shard = $1 AND wallet_id = $2 AND seq > $3 AND seq <= $4
         ORDER BY seq, place",
        wallet.shard.as_i16(),
        wallet.number,
        after,
        last
    )
    .fetch_all(connection)
    .await?;
    let mut by_row: HashMap<i64, Vec<Allocation>> = HashMap::new();
    for share in shares {
        let held = Credits::from_micros(share.held_change);
        let share_of = Allocation { grant: share.grant_id, amount: Credits::from_micros(share.amount), held };
        by_row.entry(share.seq).or_default().push(share_of);
    }
    rows.into_iter().map(|row| entry(wallet, row, &mut by_row)).collect()
}

fn entry(wallet: WalletId, row: ChainRow, shares: &mut HashMap<i64, Vec<Allocation>>) -> Result<Entry> {
    let (seq, metadata) = (row.seq, row.metadata);
    let allocations = match row.grant_id {
        Some(grant) => {
            let (amount, held) = (Credits::from_micros(row.amount), Credits::from_micros(row.held_change));
            vec![Allocation { grant, amount, held }]
        }
        None => shares.remove(&seq).unwrap_or_default(),
    };
    let view = EntryView::try_from(EntryRow {
        shard: wallet.shard.as_i16(),
        wallet_id: wallet.number,
        seq,
        kind: row.kind,
        actor_kind: row.actor_kind,
        amount: row.amount,
        held_change: row.held_change,
        settled_after: row.settled_after,
        held_after: row.held_after,
        quantity: row.quantity,
        refers_to: row.refers_to,
        created_at: row.created_at,
        actor_id: row.actor_id,
        actor_name: row.actor_name,
        operation: row.operation,
        title: row.title,
        category: row.category,
        // The proof is about the text, not about what it means.
        metadata: None,
    })?;
    Ok(Entry {
        view,
        metadata: metadata.map(Into::into),
        detail: row.detail,
        allocations,
        key: IdempotencyKey::stored(row.idem_key),
        request_hash: RequestHash::from_slice(&row.request_hash)
            .ok_or_else(|| Error::internal("an entry's request hash is not 16 bytes"))?,
        counterpart: row.counterpart.map(|number| WalletId { number, ..wallet }),
        expires_at: row.expires_at,
        hash: Hash::from_slice(&row.hash).ok_or_else(|| Error::internal("a hash is not 32 bytes"))?,
    })
}
