//! Reads for people and programs.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::{EntryRow, GrantRow, in_burn_order, split, wallet_id};
use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::model::entry::{AllocationView, EntryFilter, EntryView};
use crate::ledger::model::wallet_state::{Allocation, Grant};

/// A wallet's numbers.
pub(in crate::ledger) struct WalletRow {
    pub seq: i64,
    pub held: i64,
    pub debt: i64,
    pub last_refill: Option<i64>,
    pub frozen: Option<String>,
    pub last_at: DateTime<Utc>,
    pub active_at: DateTime<Utc>,
}

/// Reads a wallet's numbers.
pub(in crate::ledger) async fn wallet(executor: impl PgExecutor<'_>, wallet: WalletId) -> Result<Option<WalletRow>> {
    Ok(sqlx::query_as!(
        WalletRow,
        "SELECT seq, held, debt, last_refill, frozen, last_at, active_at FROM wallets
         WHERE shard = $1 AND wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_optional(executor)
    .await?)
}

/// Reads the open grants of one wallet, in burn order.
pub(in crate::ledger) async fn open_grants(executor: impl PgExecutor<'_>, wallet: WalletId) -> Result<Vec<Grant>> {
    let rows = sqlx::query_as!(
        GrantRow,
        "SELECT shard, wallet_id, grant_id, seq, source, label, granted, remaining, held, clawed, priority,
                effective_at, expires_at, cost_minor, cost_currency, reference, limited_to
         FROM grants
         WHERE shard = $1 AND wallet_id = $2 AND open
         ORDER BY grant_id",
        wallet.shard.as_i16(),
        wallet.number
    )
    .fetch_all(executor)
    .await?;
    in_burn_order(rows)
}

/// Names the other wallet of a wallet's project.
pub(in crate::ledger) async fn other_environment(
    executor: impl PgExecutor<'_>,
    wallet: WalletId,
) -> Result<Option<WalletId>> {
    let found = sqlx::query_scalar!(
        "SELECT o.wallet_id
         FROM wallets AS w
         JOIN wallets AS o ON o.shard = w.shard AND o.project_id = w.project_id AND o.environment <> w.environment
         WHERE w.shard = $1 AND w.wallet_id = $2",
        wallet.shard.as_i16(),
        wallet.number
    );
    Ok(found.fetch_optional(executor).await?.map(|number| WalletId { number, ..wallet }))
}

/// Reads one row.
pub(in crate::ledger) async fn entry(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Option<EntryView>> {
    sqlx::query_as!(
        EntryRow,
        "SELECT shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after, quantity,
                refers_to, created_at, actor_id, actor_name, operation, title, category, metadata
         FROM entries
         WHERE shard = $1 AND wallet_id = $2 AND seq = $3",
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_optional(connection)
    .await?
    .map(EntryView::try_from)
    .transpose()
}

/// What proves one row.
pub(in crate::ledger) struct Proof {
    pub detail: Option<String>,
    pub idem_key: String,
    pub hash: String,
}

/// Reads what proves one row.
pub(in crate::ledger) async fn proof(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Option<Proof>> {
    Ok(sqlx::query_as!(
        Proof,
        r#"SELECT detail, idem_key, encode(hash, 'hex') AS "hash!"
           FROM entries
           WHERE shard = $1 AND wallet_id = $2 AND seq = $3"#,
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_optional(connection)
    .await?)
}

/// Reads a row and those that answer it, oldest first: a hold and its capture, a charge and its credit-back.
pub(in crate::ledger) async fn story(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Vec<EntryView>> {
    let rows = sqlx::query_as!(
        EntryRow,
        "WITH answers AS (
             SELECT seq FROM entries
             WHERE shard = $1 AND wallet_id = $2 AND refers_to = $3 AND kind IN (4, 5, 6)
             UNION ALL
             SELECT seq FROM entries
             WHERE shard = $1 AND wallet_id = $2 AND refers_to = $3 AND kind = 8
         )
         SELECT shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after, quantity,
                refers_to, created_at, actor_id, actor_name, operation, title, category, metadata
         FROM entries
         WHERE shard = $1 AND wallet_id = $2
           AND (seq = $3
                OR seq IN (SELECT seq FROM answers)
                OR (kind = 8 AND refers_to IN (SELECT seq FROM answers)))
         ORDER BY seq",
        wallet.shard.as_i16(),
        wallet.number,
        seq
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(EntryView::try_from).collect()
}

/// Reads the shares of one row with their grants.
pub(in crate::ledger) async fn allocations(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
) -> Result<Vec<AllocationView>> {
    let shares = super::load::shares(&mut *connection, wallet, seq).await?;
    let wanted: Vec<(WalletId, i64)> = shares.iter().map(|share| (wallet, share.grant)).collect();
    let grants = super::load::grants(connection, &wanted).await?;
    let view = |share: &Allocation| {
        let terms = grants.iter().find(|(_, grant)| grant.id == share.grant).map(|(_, grant)| &grant.terms);
        AllocationView {
            grant_id: share.grant,
            label: terms.map(|terms| terms.label.clone()).unwrap_or_default(),
            source: terms.map(|terms| terms.source),
            amount: share.amount,
            held_change: share.held,
            expires_at: terms.and_then(|terms| terms.expires_at),
        }
    };
    Ok(shares.iter().map(view).collect())
}

/// Reads the rows after a `seq`, oldest first.
pub(in crate::ledger) async fn entries_after(
    executor: impl PgExecutor<'_>,
    wallet: WalletId,
    seq: i64,
    limit: i64,
) -> Result<Vec<EntryView>> {
    let rows = sqlx::query_as!(
        EntryRow,
        "SELECT shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after, quantity,
                refers_to, created_at, actor_id, actor_name, operation, title, category, metadata
         FROM entries
         WHERE shard = $1 AND wallet_id = $2 AND seq > $3
         ORDER BY seq
         LIMIT $4",
        wallet.shard.as_i16(),
        wallet.number,
        seq,
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(EntryView::try_from).collect()
}

/// Reads one page of rows that match, newest first, of those from one place on and before another.
pub(in crate::ledger) async fn entries(
    executor: impl PgExecutor<'_>,
    wallet: WalletId,
    filter: &EntryFilter,
    (from, before): (i64, i64),
    limit: i64,
) -> Result<Vec<EntryView>> {
    let kinds: Vec<i16> = filter.kinds.iter().map(|kind| kind.code()).collect();
    let (meta_key, meta_value) = filter.metadata.clone().unzip();
    let text = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(like);
    let rows = sqlx::query_file_as!(
        EntryRow,
        "src/ledger/repo/entries.sql",
        wallet.shard.as_i16(),
        wallet.number,
        before,
        &kinds,
        filter.operation,
        filter.category,
        filter.from,
        filter.to,
        text,
        meta_key,
        meta_value,
        limit,
        from
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(EntryView::try_from).collect()
}

/// Makes a pattern that finds a text anywhere, taken literally.
fn like(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Reads the newest `seq` of wallets.
pub(in crate::ledger) async fn newest_seqs(
    executor: impl PgExecutor<'_>,
    wallets: &[WalletId],
) -> Result<Vec<(WalletId, i64)>> {
    let (shards, numbers) = split(wallets.iter().copied());
    let rows = sqlx::query!(
        "SELECT w.shard, w.wallet_id, w.seq
         FROM unnest($1::smallint[], $2::bigint[]) AS n (shard, wallet_id)
         JOIN wallets AS w ON w.shard = n.shard AND w.wallet_id = n.wallet_id",
        &shards,
        &numbers
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (wallet_id(row.shard, row.wallet_id), row.seq)).collect())
}
