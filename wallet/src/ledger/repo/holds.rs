//! The SQL of holds: a hold is its row of the ledger, and open until a row finishes it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{split, wallet_id};
use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::identity::Actor;
use crate::ledger::model::entry::{EntryKind, HoldLine, HoldState};
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::wallet_state::{Hold, Subject};
use crate::money::Credits;

/// Reads holds by their rows, finished or not. Of one whose row is archived the lines and allocations are not at hand: it is
/// finished, and they are in the file.
pub(in crate::ledger) async fn read(
    connection: &mut PgConnection,
    wanted: &[(WalletId, i64)],
) -> Result<Vec<(WalletId, Hold)>> {
    let (shards, numbers) = split(wanted.iter().map(|(wallet, _)| *wallet));
    let seqs: Vec<i64> = wanted.iter().map(|(_, seq)| *seq).collect();
    let rows = sqlx::query!(
        r#"SELECT h.shard, h.wallet_id, h.seq, h.held_change, h.created_at, h.expires_at AS "expires_at!", h.actor_kind,
                h.actor_id, h.actor_name, h.metadata, h.detail, h.grant_id,
                f.seq AS "finished_by?", f.kind AS "finish?", f.amount AS "moved?", f.detail AS "taken?"
         FROM (
             SELECT DISTINCT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS n (shard, wallet_id, seq)
         ) AS n
         JOIN entries AS h ON h.shard = n.shard AND h.wallet_id = n.wallet_id AND h.seq = n.seq AND h.kind = 3
         LEFT JOIN entries AS f ON f.shard = h.shard AND f.wallet_id = h.wallet_id AND f.refers_to = h.seq
                               AND f.kind IN (4, 5, 6)"#,
        &shards,
        &numbers,
        &seqs
    )
    .fetch_all(&mut *connection)
    .await?;
    let parted = rows.iter().filter(|row| row.grant_id.is_none());
    let parted: Vec<_> = parted.map(|row| (wallet_id(row.shard, row.wallet_id), row.seq)).collect();
    let mut several = allocations(connection, &parted).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let wallet = wallet_id(row.shard, row.wallet_id);
        let state = row.finish.map_or(Ok(HoldState::Open), left_by)?;
        // A capture's row tells the lines again, with what was taken of each.
        let is_captured = state == HoldState::Captured;
        let detail = if is_captured { row.taken } else { row.detail };
        let amount = Credits::from_micros(row.held_change);
        let captured = match row.moved.filter(|_| is_captured) {
            Some(moved) => {
                Credits::from_micros(moved).checked_neg().ok_or_else(|| unsound(wallet, row.seq, "amount"))?
            }
            None => Credits::ZERO,
        };
        let lines = lines(detail.as_deref(), (amount, captured)).ok_or_else(|| unsound(wallet, row.seq, "lines"))?;
        let allocations = match row.grant_id {
            Some(grant) => vec![(grant, amount)],
            None => several.remove(&(wallet, row.seq)).unwrap_or_default(),
        };
        if Credits::checked_sum(allocations.iter().map(|(_, pinned)| *pinned)) != Some(amount) {
            return Err(unsound(wallet, row.seq, "shares"));
        }
        let metadata: Value = row.metadata.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let actor = Actor::from_parts(row.actor_kind, row.actor_id, row.actor_name);
        let hold = Hold {
            seq: row.seq,
            amount,
            captured,
            state,
            created_at: row.created_at,
            expires_at: row.expires_at,
            lines: Arc::new(lines),
            allocations,
            subject: Subject::of(&actor, &metadata),
            made_by: Some(actor.side()),
            metadata: Arc::new(metadata),
            finished_by: row.finished_by,
        };
        found.push((wallet, hold));
    }
    if found.len() < wanted.len() {
        found.extend(archived(connection, wanted).await?);
    }
    Ok(found)
}

/// Reads the lines of a hold; `None` where they do not add up to what was set aside, and to what was taken.
fn lines(detail: Option<&str>, (amount, captured): (Credits, Credits)) -> Option<Vec<HoldLine>> {
    let lines = EntryPayload::from_text(detail?)?.into_lines();
    let held = Credits::checked_sum(lines.iter().map(|line| line.receipt.total))?;
    let taken = Credits::checked_sum(lines.iter().map(|line| line.captured))?;
    ((held, taken) == (amount, captured)).then_some(lines)
}

fn unsound(wallet: WalletId, seq: i64, what: &str) -> Error {
    Error::internal(format!("hold {seq} of {wallet}: its {what} are not what its rows say"))
}

fn left_by(finish: i16) -> Result<HoldState> {
    let state = EntryKind::from_code(finish).and_then(HoldState::left_by);
    state.ok_or_else(|| Error::internal("unknown end of a hold"))
}

/// Reads what is kept of holds whose rows are archived.
async fn archived(connection: &mut PgConnection, wanted: &[(WalletId, i64)]) -> Result<Vec<(WalletId, Hold)>> {
    let (shards, numbers) = split(wanted.iter().map(|(wallet, _)| *wallet));
    let seqs: Vec<i64> = wanted.iter().map(|(_, seq)| *seq).collect();
    let rows = sqlx::query!(
        "SELECT h.shard, h.wallet_id, h.seq, h.finish, h.finished_by, h.amount, h.captured, h.created_at, h.expires_at
         FROM (
             SELECT DISTINCT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS n (shard, wallet_id, seq)
         ) AS n
         JOIN archived_holds AS h ON h.shard = n.shard AND h.wallet_id = n.wallet_id AND h.seq = n.seq",
        &shards,
        &numbers,
        &seqs
    )
    .fetch_all(connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let hold = Hold {
            seq: row.seq,
            amount: Credits::from_micros(row.amount),
            captured: Credits::from_micros(row.captured),
            state: left_by(row.finish)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            lines: Arc::default(),
            allocations: Vec::new(),
            subject: Subject::default(),
            made_by: None,
            metadata: Arc::default(),
            finished_by: Some(row.finished_by),
        };
        found.push((wallet_id(row.shard, row.wallet_id), hold));
    }
    Ok(found)
}

/// Reads from which grant how much was set aside, of holds that several grants had a share in.
async fn allocations(
    connection: &mut PgConnection,
    holds: &[(WalletId, i64)],
) -> Result<HashMap<(WalletId, i64), Vec<(i64, Credits)>>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::with_capacity(holds.len());
    if holds.is_empty() {
        return Ok(found);
    }
    let (shards, numbers) = split(holds.iter().map(|(wallet, _)| *wallet));
    let seqs: Vec<i64> = holds.iter().map(|(_, seq)| *seq).collect();
    let rows = sqlx::query!(
        "SELECT a.shard, a.wallet_id, a.seq, a.grant_id, a.held_change
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS n (shard, wallet_id, seq)
         JOIN allocations AS a ON a.shard = n.shard AND a.wallet_id = n.wallet_id AND a.seq = n.seq
         ORDER BY a.shard, a.wallet_id, a.seq, a.place",
        &shards,
        &numbers,
        &seqs
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let pin = (row.grant_id, Credits::from_micros(row.held_change));
        found.entry((wallet_id(row.shard, row.wallet_id), row.seq)).or_default().push(pin);
    }
    Ok(found)
}

/// Names the first hold after one row and up to another that is still open.
pub(in crate::ledger) async fn first_open(
    connection: &mut PgConnection,
    wallet: WalletId,
    after: i64,
    to: i64,
) -> Result<Option<i64>> {
    let seq = sqlx::query_scalar!(
        r#"SELECT seq AS "seq!"
         FROM open_holds
         WHERE shard = $1 AND wallet_id = $2 AND seq > $3 AND seq <= $4
         ORDER BY seq
         LIMIT 1"#,
        wallet.shard.as_i16(),
        wallet.number,
        after,
        to
    );
    Ok(seq.fetch_optional(connection).await?)
}

/// Names the holds that were placed after the row `from` and open right after the row `seq`, with their amounts.
pub(in crate::ledger) async fn open_at(
    connection: &mut PgConnection,
    wallet: WalletId,
    (from, seq): (i64, i64),
) -> Result<Vec<(i64, Credits)>> {
    let rows = sqlx::query!(
        r#"SELECT h.seq AS "seq!", h.held_change AS "amount!"
         FROM entries AS h
         WHERE h.shard = $1 AND h.wallet_id = $2 AND h.seq > $4 AND h.seq <= $3 AND h.kind = 3
           AND NOT EXISTS (
               SELECT FROM entries AS f
               WHERE f.shard = h.shard AND f.wallet_id = h.wallet_id AND f.refers_to = h.seq AND f.kind IN (4, 5, 6)
                 AND f.seq <= $3
           )
         UNION ALL
         SELECT seq, amount
         FROM archived_holds
         WHERE shard = $1 AND wallet_id = $2 AND seq <= $3 AND finished_by > $3
         ORDER BY 1"#,
        wallet.shard.as_i16(),
        wallet.number,
        seq,
        from
    );
    let rows = rows.fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.seq, Credits::from_micros(row.amount))).collect())
}

/// Tells how much of which grant holds keep whose time was over at an instant. Of one whose row is archived the row
/// that finished it since tells the same.
pub(in crate::ledger) async fn timed_out(
    connection: &mut PgConnection,
    wallet: WalletId,
    holds: &[i64],
    at: DateTime<Utc>,
) -> Result<Vec<(i64, Credits)>> {
    let rows = sqlx::query!(
        r#"SELECT grant_id AS "grant_id!", sum(held)::bigint AS "held!"
         FROM (
             SELECT s.grant_id, s.held_change AS held
             FROM entries AS h
             JOIN row_shares AS s ON s.shard = h.shard AND s.wallet_id = h.wallet_id AND s.seq = h.seq
             WHERE h.shard = $1 AND h.wallet_id = $2 AND h.seq = ANY ($3) AND h.kind = 3 AND h.expires_at <= $4
             UNION ALL
             SELECT s.grant_id, -s.held_change
             FROM archived_holds AS k
             JOIN row_shares AS s ON s.shard = k.shard AND s.wallet_id = k.wallet_id AND s.seq = k.finished_by
             WHERE k.shard = $1 AND k.wallet_id = $2 AND k.seq = ANY ($3) AND k.expires_at <= $4
         ) AS kept
         GROUP BY grant_id"#,
        wallet.shard.as_i16(),
        wallet.number,
        holds,
        at
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.grant_id, Credits::from_micros(row.held))).collect())
}

/// Keeps what has become of the holds among rows that leave.
pub(in crate::ledger) async fn keep(
    connection: &mut PgConnection,
    (wallet, from, to): (WalletId, i64, i64),
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO archived_holds (shard, wallet_id, seq, finish, finished_by, amount, captured, created_at, expires_at)
         SELECT h.shard, h.wallet_id, h.seq, f.kind, f.seq, h.held_change, -f.amount, h.created_at, h.expires_at
         FROM entries AS h
         JOIN entries AS f ON f.shard = h.shard AND f.wallet_id = h.wallet_id AND f.refers_to = h.seq
                          AND f.kind IN (4, 5, 6)
         WHERE h.shard = $1 AND h.wallet_id = $2 AND h.seq BETWEEN $3 AND $4 AND h.kind = 3",
        wallet.shard.as_i16(),
        wallet.number,
        from,
        to
    )
    .execute(connection)
    .await?;
    Ok(())
}
