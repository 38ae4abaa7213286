//! The SQL of archives: which rows may leave, what of them stays, and their leaving.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::{split, wallet_id};
use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::ledger::model::archive::{ArchiveFile, Span};
use crate::ledger::model::hash::Hash;
use crate::ledger::model::request::EarlierAnswer;
use crate::ledger::model::wallet_state::Entry;

/// Reads the newest archive of a wallet: where its rows in the table go on from.
pub(in crate::ledger) async fn newest(connection: &mut PgConnection, wallet: WalletId) -> Result<Option<Span>> {
    let row = sqlx::query!(
        r#"SELECT to_seq AS "to!", last_hash AS "last_hash!", settled_after AS "settled!", held_after AS "held!",
                  last_at AS "last_at!"
           FROM archived
           WHERE shard = $1 AND wallet_id = $2"#,
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Span::new(row.to, &row.last_hash, row.settled, row.held, row.last_at)).transpose()
}

/// Reads the archive that a row lies in.
pub(in crate::ledger) async fn containing(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Option<Span>> {
    let row = sqlx::query!(
        "SELECT to_seq, last_hash, settled_after, held_after, last_at
         FROM archives
         WHERE shard = $1 AND wallet_id = $2 AND to_seq >= $3
         ORDER BY to_seq
         LIMIT 1",
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Span::new(row.to_seq, &row.last_hash, row.settled_after, row.held_after, row.last_at)).transpose()
}

/// Finds what keys of archived rows did.
pub(in crate::ledger) async fn done(
    connection: &mut PgConnection,
    keys: &[(WalletId, &IdempotencyKey)],
) -> Result<Vec<(WalletId, IdempotencyKey, EarlierAnswer)>> {
    let (shards, numbers) = split(keys.iter().map(|(wallet, _)| *wallet));
    let texts: Vec<String> = keys.iter().map(|(_, key)| key.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"SELECT n.place AS "place!", k.request_hash, k.answer
           FROM unnest($1::smallint[], $2::bigint[], $3::text[])
                WITH ORDINALITY AS n (shard, wallet_id, idem_key, place)
           JOIN archived_keys AS k ON k.shard = n.shard AND k.wallet_id = n.wallet_id AND k.idem_key = n.idem_key"#,
        &shards,
        &numbers,
        &texts
    )
    .fetch_all(connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let place = usize::try_from(row.place).ok().and_then(|place| place.checked_sub(1));
        let Some((wallet, key)) = place.and_then(|place| keys.get(place)) else { continue };
        let request_hash = RequestHash::from_slice(&row.request_hash)
            .ok_or_else(|| Error::internal("an archived request hash is not 16 bytes"))?;
        found.push((
            *wallet,
            (*key).clone(),
            EarlierAnswer { request_hash, entry: serde_json::from_str(&row.answer)? },
        ));
    }
    Ok(found)
}

/// Names wallets after a wallet whose oldest rows in the table are older than `before` and may leave, in the order of
/// their ids.
pub(in crate::ledger) async fn due(
    pool: &PgPool,
    before: DateTime<Utc>,
    after: Option<WalletId>,
    limit: i64,
) -> Result<Vec<WalletId>> {
    let (shard, number) = after.map_or((-1, 0), |wallet| (wallet.shard.as_i16(), wallet.number));
    let rows = sqlx::query!(
        "SELECT w.shard, w.wallet_id
         FROM wallets AS w
         JOIN entries AS e ON e.shard = w.shard AND e.wallet_id = w.wallet_id AND e.seq = w.archived_seq + 1
         WHERE (w.shard, w.wallet_id) > ($2, $3) AND e.seq < w.seq AND e.created_at < $1
           AND NOT EXISTS (
               SELECT FROM open_holds AS h WHERE h.shard = e.shard AND h.wallet_id = e.wallet_id AND h.seq = e.seq
           )
         ORDER BY w.shard, w.wallet_id
         LIMIT $4",
        before,
        shard,
        number,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| wallet_id(row.shard, row.wallet_id)).collect())
}

/// Where a wallet stands.
pub(in crate::ledger) struct Place {
    pub seq: i64,
    pub archived: i64,
}

/// Reads where a wallet stands.
pub(in crate::ledger) async fn place(connection: &mut PgConnection, wallet: WalletId) -> Result<Option<Place>> {
    Ok(sqlx::query_as!(
        Place,
        "SELECT seq, archived_seq AS archived FROM wallets WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(connection)
    .await?)
}

/// Locks a wallet, counts its version up so that writers forget it, and says up to which row it is archived from now
/// on. `false` where its rows have gone on meanwhile.
pub(in crate::ledger) async fn advance(
    connection: &mut PgConnection,
    wallet: WalletId,
    from: i64,
    to: i64,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE wallets SET archived_seq = $4, version = version + 1
         WHERE shard = $1 AND wallet_id = $2 AND archived_seq = $3::bigint - 1 AND seq > $4",
        wallet.shard.as_i16(),
        wallet.number,
        from,
        to
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes the record of an archive; `false` where its last row is not the table's, or a checkpoint is not on the rows.
pub(in crate::ledger) async fn record(
    connection: &mut PgConnection,
    (wallet, from, to): (WalletId, i64, i64),
    (previous, last): (&Hash, &Hash),
    file: &ArchiveFile,
    now: DateTime<Utc>,
) -> Result<bool> {
    let bytes = i64::try_from(file.bytes).map_err(Error::internal)?;
    let done = sqlx::query!(
        "INSERT INTO archives (shard, wallet_id, to_seq, from_seq, previous_hash, last_hash, settled_after, held_after,
                               last_at, file, sha256, bytes, archived_at)
         SELECT shard, wallet_id, seq, $4, $5, hash, settled_after, held_after, created_at, $7, $8, $9, $10
         FROM entries
         WHERE shard = $1 AND wallet_id = $2 AND seq = $3 AND hash = $6
           AND NOT EXISTS (
               SELECT FROM signed_heads AS s
               JOIN entries AS e USING (shard, wallet_id, seq)
               WHERE s.shard = $1 AND s.wallet_id = $2 AND s.seq BETWEEN $4 AND $3 AND s.hash <> e.hash
           )",
        wallet.shard.as_i16(),
        wallet.number,
        to,
        from,
        &previous.as_bytes()[..],
        &last.as_bytes()[..],
        file.name,
        &file.sha256.as_bytes()[..],
        bytes,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps what the keys of rows did.
pub(in crate::ledger) async fn keep_keys(
    connection: &mut PgConnection,
    wallet: WalletId,
    rows: &[Entry],
) -> Result<()> {
    let keys: Vec<String> = rows.iter().map(|row| row.key.as_str().to_owned()).collect();
    let seqs: Vec<i64> = rows.iter().map(|row| row.view.seq).collect();
    let hashes: Vec<Vec<u8>> = rows.iter().map(|row| row.request_hash.as_bytes().to_vec()).collect();
    let mut answers = Vec::with_capacity(rows.len());
    for row in rows {
        let mut view = row.view.clone();
        view.metadata = row.metadata.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        answers.push(serde_json::to_string(&view)?);
    }
    sqlx::query!(
        "INSERT INTO archived_keys (shard, wallet_id, idem_key, seq, request_hash, answer)
         SELECT $1, $2, n.idem_key, n.seq, n.request_hash, n.answer
         FROM unnest($3::text[], $4::bigint[], $5::bytea[], $6::text[]) AS n (idem_key, seq, request_hash, answer)",
        wallet.shard.as_i16(),
        wallet.number,
        &keys,
        &seqs,
        &hashes,
        &answers
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps the sums of rows: what they changed in each grant, and what they moved, by kind.
pub(in crate::ledger) async fn keep_sums(
    connection: &mut PgConnection,
    (wallet, from, to): (WalletId, i64, i64),
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO archived_shares AS kept (shard, wallet_id, grant_id, seq, amount, held_change)
         SELECT shard, wallet_id, grant_id, $4, sum(amount)::bigint, sum(held_change)::bigint
         FROM (
             SELECT shard, wallet_id, seq, grant_id, amount, held_change FROM entries WHERE grant_id IS NOT NULL
             UNION ALL
             SELECT shard, wallet_id, seq, grant_id, amount, held_change FROM allocations
         ) AS s
         WHERE shard = $1 AND wallet_id = $2 AND seq BETWEEN $3 AND $4
         GROUP BY shard, wallet_id, grant_id
         ON CONFLICT ON CONSTRAINT archived_shares_pkey
         DO UPDATE SET amount = kept.amount + excluded.amount, held_change = kept.held_change + excluded.held_change",
        wallet.shard.as_i16(),
        wallet.number,
        from,
        to
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE archived_shares SET seq = $3 WHERE shard = $1 AND wallet_id = $2 AND seq <> $3",
        wallet.shard.as_i16(),
        wallet.number,
        to
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO archived_sums AS kept (shard, wallet_id, kind, rows, added, taken)
         SELECT shard, wallet_id, kind, count(*), sum(greatest(amount, 0))::bigint, sum(greatest(-amount, 0))::bigint
         FROM entries
         WHERE shard = $1 AND wallet_id = $2 AND seq BETWEEN $3 AND $4
         GROUP BY shard, wallet_id, kind
         ON CONFLICT ON CONSTRAINT archived_sums_pkey
         DO UPDATE SET rows = kept.rows + excluded.rows, added = kept.added + excluded.added,
                       taken = kept.taken + excluded.taken",
        wallet.shard.as_i16(),
        wallet.number,
        from,
        to
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes rows that a record covers; gives how many.
pub(in crate::ledger) async fn remove(
    connection: &mut PgConnection,
    (wallet, from, to): (WalletId, i64, i64),
) -> Result<u64> {
    sqlx::query!(
        "DELETE FROM allocations WHERE shard = $1 AND wallet_id = $2 AND seq BETWEEN $3 AND $4",
        wallet.shard.as_i16(),
        wallet.number,
        from,
        to
    )
    .execute(&mut *connection)
    .await?;
    let done = sqlx::query!(
        "DELETE FROM entries WHERE shard = $1 AND wallet_id = $2 AND seq BETWEEN $3 AND $4",
        wallet.shard.as_i16(),
        wallet.number,
        from,
        to
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
