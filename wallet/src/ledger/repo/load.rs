//! Reads wallets for a decision: lock first, then read in later statements, which see what the lock waited for.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{EntryRow, GrantRow, split, wallet_id};
use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::ledger::model::budget::{Budget, BudgetPeriod, BudgetScope, Window};
use crate::ledger::model::entry::{EntryKind, EntryView, HoldLine};
use crate::ledger::model::entry_payload::lines_of;
use crate::ledger::model::hash::Hash;
use crate::ledger::model::request::EarlierAnswer;
use crate::ledger::model::wallet_state::{Allocation, Core, Grant, PastDebit, Subject};
use crate::money::Credits;

/// A wallet as it was read, and what else must be read of it.
pub(in crate::ledger) struct Found {
    pub core: Core,
    pub project: Uuid,
    pub(crate) budgeted: bool,
}

/// A row of `wallets`.
struct WalletRow {
    shard: i16,
    wallet_id: i64,
    account_id: Uuid,
    project_id: Uuid,
    version: i64,
    seq: i64,
    settled: i64,
    held: i64,
    debt: i64,
    grants_made: i64,
    archived_seq: i64,
    last_refill: Option<i64>,
    head_hash: Vec<u8>,
    frozen: Option<String>,
    budgeted: bool,
    last_at: DateTime<Utc>,
    active_at: DateTime<Utc>,
}

impl TryFrom<WalletRow> for Found {
    type Error = Error;

    fn try_from(row: WalletRow) -> Result<Self> {
        let head = Hash::from_slice(&row.head_hash).ok_or_else(|| Error::internal("a head hash is not 32 bytes"))?;
        Ok(Self {
            core: Core {
                id: wallet_id(row.shard, row.wallet_id),
                account: row.account_id,
                version: row.version,
                seq: row.seq,
                settled: Credits::from_micros(row.settled),
                held: Credits::from_micros(row.held),
                debt: Credits::from_micros(row.debt),
                head,
                last_at: row.last_at,
                grants_made: row.grants_made,
                archived: row.archived_seq,
                last_refill: row.last_refill.map(Credits::from_micros),
                frozen: row.frozen.map(Arc::from),
                active_at: row.active_at,
                grants: Vec::new(),
                budgets: Vec::new(),
            },
            project: row.project_id,
            budgeted: row.budgeted,
        })
    }
}

/// Selects wallets by the arrays `$1` and `$2` of their ids; the text goes on after the join.
macro_rules! select_wallets {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            WalletRow,
            "SELECT w.shard, w.wallet_id, w.account_id, w.project_id, w.version, w.seq, w.settled, w.held, w.debt,
                    w.grants_made, w.archived_seq, w.last_refill, w.head_hash, w.frozen, w.budgeted, w.last_at,
                    w.active_at
             FROM unnest($1::smallint[], $2::bigint[]) AS n (shard, wallet_id)
             JOIN wallets AS w ON w.shard = n.shard AND w.wallet_id = n.wallet_id
             " + $tail
            $(, $argument)*
        )
    };
}

/// Locks wallets in the order of their ids.
pub(in crate::ledger) async fn lock_wallets(connection: &mut PgConnection, wallets: &[WalletId]) -> Result<Vec<Found>> {
    let (shards, numbers) = split(wallets.iter().copied());
    let rows = select_wallets!(
        "ORDER BY w.shard, w.wallet_id
         FOR UPDATE OF w",
        &shards,
        &numbers
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Found::try_from).collect()
}

/// Names those of some wallets that nobody else keeps locked.
pub(in crate::ledger) async fn free_wallets(
    connection: &mut PgConnection,
    wallets: &[WalletId],
) -> Result<Vec<WalletId>, sqlx::Error> {
    let (shards, numbers) = split(wallets.iter().copied());
    let rows = sqlx::query!(
        "SELECT w.shard, w.wallet_id
         FROM unnest($1::smallint[], $2::bigint[]) AS n (shard, wallet_id)
         JOIN wallets AS w ON w.shard = n.shard AND w.wallet_id = n.wallet_id
         ORDER BY w.shard, w.wallet_id
         FOR UPDATE OF w SKIP LOCKED",
        &shards,
        &numbers
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| wallet_id(row.shard, row.wallet_id)).collect())
}

/// Lets a transaction wait longer for rows than its session does: two seconds.
pub(in crate::ledger) async fn wait_longer(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SET LOCAL lock_timeout = '2s'").execute(connection).await?;
    Ok(())
}

/// Reads wallets without a lock: whatever is decided by that may be written only if they have not moved since.
pub(in crate::ledger) async fn peek_wallets(connection: &mut PgConnection, wallets: &[WalletId]) -> Result<Vec<Found>> {
    let (shards, numbers) = split(wallets.iter().copied());
    let rows = select_wallets!("", &shards, &numbers).fetch_all(connection).await?;
    rows.into_iter().map(Found::try_from).collect()
}

/// Reads the open grants of wallets.
pub(in crate::ledger) async fn open_grants(
    connection: &mut PgConnection,
    wallets: &[WalletId],
) -> Result<Vec<(WalletId, Grant)>> {
    let (shards, numbers) = split(wallets.iter().copied());
    let rows = sqlx::query_as!(
        GrantRow,
        "SELECT g.shard, g.wallet_id, g.grant_id, g.seq, g.source, g.label, g.granted, g.remaining, g.held, g.clawed,
                g.priority, g.effective_at, g.expires_at, g.cost_minor, g.cost_currency, g.reference,
                g.limited_to
         FROM unnest($1::smallint[], $2::bigint[]) AS n (shard, wallet_id)
         JOIN grants AS g ON g.shard = n.shard AND g.wallet_id = n.wallet_id AND g.open
         ORDER BY g.shard, g.wallet_id, g.grant_id",
        &shards,
        &numbers
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(GrantRow::grant).collect()
}

/// Reads grants by number, open or not.
pub(in crate::ledger) async fn grants(
    connection: &mut PgConnection,
    wanted: &[(WalletId, i64)],
) -> Result<Vec<(WalletId, Grant)>> {
    let (shards, numbers) = split(wanted.iter().map(|(wallet, _)| *wallet));
    let ids: Vec<i64> = wanted.iter().map(|(_, id)| *id).collect();
    let rows = sqlx::query_as!(
        GrantRow,
        "SELECT DISTINCT g.shard, g.wallet_id, g.grant_id, g.seq, g.source, g.label, g.granted, g.remaining, g.held,
                g.clawed, g.priority, g.effective_at, g.expires_at, g.cost_minor, g.cost_currency, g.reference,
                g.limited_to
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS n (shard, wallet_id, grant_id)
         JOIN grants AS g ON g.shard = n.shard AND g.wallet_id = n.wallet_id AND g.grant_id = n.grant_id",
        &shards,
        &numbers,
        &ids
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(GrantRow::grant).collect()
}

/// Finds what keys did before.
pub(in crate::ledger) async fn done(
    connection: &mut PgConnection,
    keys: &[(WalletId, &IdempotencyKey)],
) -> Result<Vec<(WalletId, IdempotencyKey, EarlierAnswer)>> {
    let (shards, numbers) = split(keys.iter().map(|(wallet, _)| *wallet));
    let texts: Vec<String> = keys.iter().map(|(_, key)| key.as_str().to_owned()).collect();
    let rows = sqlx::query_file!("src/ledger/repo/earlier_answers.sql", &shards, &numbers, &texts)
        .fetch_all(connection)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let place = usize::try_from(row.place).ok().and_then(|place| place.checked_sub(1));
        let Some((wallet, key)) = place.and_then(|place| keys.get(place)) else { continue };
        let request_hash = RequestHash::from_slice(&row.request_hash)
            .ok_or_else(|| Error::internal("an entry's request hash is not 16 bytes"))?;
        let entry = EntryView::try_from(EntryRow {
            shard: row.shard,
            wallet_id: row.wallet_id,
            seq: row.seq,
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
            metadata: row.metadata,
        })?;
        found.push((*wallet, (*key).clone(), EarlierAnswer { request_hash, entry }));
    }
    Ok(found)
}

/// Reads debits by their rows, with their shares and whether they were paid back.
pub(in crate::ledger) async fn debits(
    connection: &mut PgConnection,
    wanted: &[(WalletId, i64)],
) -> Result<Vec<(WalletId, PastDebit)>> {
    let mut found = Vec::with_capacity(wanted.len());
    for (wallet, seq) in wanted {
        let Some(entry) = super::read::entry(&mut *connection, *wallet, *seq).await? else { continue };
        let credited_by = sqlx::query_scalar!(
            "SELECT seq FROM entries WHERE shard = $1 AND wallet_id = $2 AND refers_to = $3 AND kind IN (8, 9) AND (kind = 8 OR amount > 0) LIMIT 1",
            wallet.shard.as_i16(),
            wallet.number,
            seq
        )
        .fetch_optional(&mut *connection)
        .await?;
        let allocations = shares(&mut *connection, *wallet, *seq).await?;
        let counted = counted(&mut *connection, &entry).await?;
        let lines = lines(&mut *connection, &entry).await?;
        found.push((*wallet, PastDebit { entry, allocations, lines, credited_by, counted }));
    }
    Ok(found)
}

/// Reads how much of what a capture took.
async fn lines(connection: &mut PgConnection, debit: &EntryView) -> Result<Vec<HoldLine>> {
    if debit.kind != EntryKind::Capture {
        return Ok(Vec::new());
    }
    let proof = super::read::proof(connection, debit.wallet, debit.seq).await?;
    Ok(lines_of(proof.and_then(|proof| proof.detail).as_deref()))
}

/// Tells on whose behalf and when budgets counted a debit: a capture was counted when its hold was placed.
async fn counted(connection: &mut PgConnection, debit: &EntryView) -> Result<(Subject, DateTime<Utc>)> {
    let hold = match debit.refers_to.filter(|_| debit.kind == EntryKind::Capture) {
        Some(hold) => super::read::entry(connection, debit.wallet, hold).await?,
        None => None,
    };
    let counted = hold.as_ref().unwrap_or(debit);
    Ok((Subject::of(&counted.actor, &counted.metadata), counted.created_at))
}

/// Reads the shares of one row, in their order.
pub(in crate::ledger) async fn shares(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Vec<Allocation>> {
    let rows = sqlx::query!(
        r#"SELECT 1::smallint AS "place!", grant_id AS "grant_id!", amount AS "amount!", held_change AS "held!"
           FROM entries
           WHERE shard = $1 AND wallet_id = $2 AND seq = $3 AND grant_id IS NOT NULL
           UNION ALL
           SELECT place, grant_id, amount, held_change
           FROM allocations
           WHERE shard = $1 AND wallet_id = $2 AND seq = $3
           ORDER BY 1"#,
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_all(connection)
    .await?;
    let share = |(grant, amount, held)| Allocation {
        grant,
        amount: Credits::from_micros(amount),
        held: Credits::from_micros(held),
    };
    Ok(rows.into_iter().map(|row| share((row.grant_id, row.amount, row.held))).collect())
}

/// Locks and reads the budgets of projects, in the order of their ids, as they were left: the period of now is the
/// caller's to find.
pub(in crate::ledger) async fn lock_budgets(
    connection: &mut PgConnection,
    projects: &[(i16, Uuid)],
) -> Result<Vec<(Uuid, Option<i64>, Budget)>> {
    let (shards, ids): (Vec<i16>, Vec<Uuid>) = projects.iter().copied().unzip();
    let rows = sqlx::query!(
        "SELECT b.budget_id, b.project_id, b.wallet_id, b.name, b.scope, b.subject, b.period, b.ceiling,
                b.window_start, b.window_end, b.spent
         FROM unnest($1::smallint[], $2::uuid[]) AS n (shard, project_id)
         JOIN budgets AS b ON b.shard = n.shard AND b.project_id = n.project_id
         ORDER BY b.shard, b.budget_id
         FOR UPDATE OF b",
        &shards,
        &ids
    )
    .fetch_all(connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let budget = Budget {
            id: row.budget_id,
            name: row.name,
            scope: scope(&row.scope, row.subject)?,
            period: BudgetPeriod::from_code(row.period).ok_or_else(|| Error::internal("unknown period"))?,
            ceiling: Credits::from_micros(row.ceiling),
            window: Window::stored(row.window_start, row.window_end),
            spent: Credits::from_micros(row.spent),
        };
        found.push((row.project_id, row.wallet_id, budget));
    }
    Ok(found)
}

/// Reads what a budget counts.
pub(in crate::ledger) fn scope(scope: &str, subject: Option<String>) -> Result<BudgetScope> {
    let unknown = || Error::internal("unknown scope of a budget");
    match (scope, subject) {
        ("project", None) => Ok(BudgetScope::Project),
        ("environment", None) => Ok(BudgetScope::Environment),
        ("key", Some(key)) => Ok(BudgetScope::Key(key.parse().map_err(|_| unknown())?)),
        ("customer", Some(customer)) => Ok(BudgetScope::Customer(customer)),
        _ => Err(unknown()),
    }
}
