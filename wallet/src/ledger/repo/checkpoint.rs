//! The SQL of checkpoints.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::ledger::model::hash::Hash;
use crate::ledger::repo::{split, wallet_id};

/// Reads the newest rows of wallets that have no checkpoint there, at most `limit`.
pub(in crate::ledger) async fn unsigned(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<(WalletId, i64, Hash)>> {
    let rows = sqlx::query!(
        "SELECT w.shard, w.wallet_id, w.seq, w.head_hash
         FROM wallets AS w
         WHERE w.seq > 0
           AND NOT EXISTS (
               SELECT FROM signed_heads AS s
               WHERE s.shard = w.shard AND s.wallet_id = w.wallet_id AND s.seq = w.seq
           )
         ORDER BY w.shard, w.wallet_id
         LIMIT $1",
        limit
    )
    .fetch_all(connection)
    .await?;
    let broken = || Error::internal("a hash is not 32 bytes");
    rows.into_iter()
        .map(|row| {
            let hash = Hash::from_slice(&row.head_hash).ok_or_else(broken)?;
            Ok((wallet_id(row.shard, row.wallet_id), row.seq, hash))
        })
        .collect()
}

/// One signature of each wallet, as columns.
pub(in crate::ledger) struct Signed {
    pub heads: Vec<(WalletId, i64, Hash)>,
    pub signatures: Vec<Vec<u8>>,
    pub(crate) signed_at: DateTime<Utc>,
    pub(crate) key_id: String,
}

/// Keeps checkpoints.
pub(in crate::ledger) async fn keep(connection: &mut PgConnection, signed: &Signed) -> Result<()> {
    let (shards, numbers) = split(signed.heads.iter().map(|(wallet, ..)| *wallet));
    let seqs: Vec<i64> = signed.heads.iter().map(|(_, seq, _)| *seq).collect();
    let hashes: Vec<Vec<u8>> = signed.heads.iter().map(|(.., hash)| hash.as_bytes().to_vec()).collect();
    sqlx::query!(
        "INSERT INTO signed_heads (shard, wallet_id, seq, hash, signed_at, key_id, signature)
         SELECT n.shard, n.wallet_id, n.seq, n.hash, $5, $6, n.signature
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bytea[], $7::bytea[])
              AS n (shard, wallet_id, seq, hash, signature)
         ON CONFLICT DO NOTHING",
        &shards,
        &numbers,
        &seqs,
        &hashes,
        signed.signed_at,
        signed.key_id,
        &signed.signatures
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads the hash of a row.
pub(in crate::ledger) async fn hash_of(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Option<Hash>> {
    let hash = sqlx::query_scalar!(
        "SELECT hash FROM entries WHERE shard = $1 AND wallet_id = $2 AND seq = $3",
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_optional(connection)
    .await?;
    Ok(hash.and_then(|hash| Hash::from_slice(&hash)))
}
