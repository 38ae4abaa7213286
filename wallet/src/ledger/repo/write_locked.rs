//! Writes what a batch decided.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::ledger::model::batch_changes::BatchChanges;
use crate::ledger::model::wallet_state::NewWallet;
use crate::ledger::repo::columns::{Budgets, Entries, Grants, NewGrants, Shares, Wallets};
use crate::ledger::repo::write_if_unchanged::{self, Writes};

/// Stores a batch under its wallets' locks: in the one statement of the short way where it only spends, else in one
/// for each table that it touches. An error where a row that must change is not as it was read under the lock.
pub(in crate::ledger) async fn write(connection: &mut PgConnection, changes: BatchChanges<'_>) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let changes = match Writes::of(changes) {
        Ok(writes) => return Ok(write_if_unchanged::write(connection, &writes).await?),
        Err(changes) => changes,
    };
    update_budgets(connection, &changes).await?;
    update_wallets(connection, &Wallets::of(&changes)).await?;
    let (changed, new) = (Grants::of(&changes, false), NewGrants::of(&changes));
    if !changed.ids.is_empty() {
        update_grants(connection, &changed).await?;
    }
    if !new.base.ids.is_empty() {
        insert_grants(connection, &new).await?;
    }
    let entries = changes.into_entries();
    let shares = Shares::of(&entries);
    insert_entries(connection, &Entries::of(entries)).await?;
    if !shares.seqs.is_empty() {
        insert_shares(connection, &shares).await?;
    }
    Ok(())
}

/// Refuses where not every row was there to be changed.
fn all_changed(what: &str, wanted: usize, changed: u64) -> Result<()> {
    if usize::try_from(changed) == Ok(wanted) {
        return Ok(());
    }
    Err(Error::internal(format!("{changed} of {wanted} {what} of a batch are as they were read")))
}

async fn update_wallets(connection: &mut PgConnection, rows: &Wallets) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE wallets AS w
         SET version = n.version, seq = n.seq, settled = n.settled, held = n.held, debt = n.debt,
             grants_made = n.grants_made, last_refill = n.last_refill, head_hash = n.head_hash, last_at = n.last_at,
             active_at = n.active_at
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[], $11::timestamptz[], $12::timestamptz[],
                     $13::bigint[], $14::bigint[])
              AS n (shard, wallet_id, version, seq, settled, held, debt, grants_made, last_refill, head_hash,
                    last_at, active_at, version_before, seq_before)
         WHERE w.shard = n.shard AND w.wallet_id = n.wallet_id AND w.version = n.version_before
           AND w.seq = n.seq_before",
        &rows.shards,
        &rows.ids,
        &rows.versions,
        &rows.seqs,
        &rows.settled,
        &rows.held,
        &rows.debts,
        &rows.grants_made,
        &rows.last_refills as &[Option<i64>],
        &rows.heads as &[[u8; 32]],
        &rows.last_at,
        &rows.active_at,
        &rows.versions_before,
        &rows.seqs_before
    )
    .execute(connection)
    .await?;
    all_changed("wallets", rows.ids.len(), done.rows_affected())
}

async fn update_grants(connection: &mut PgConnection, rows: &Grants) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE grants AS g
         SET remaining = n.remaining, held = n.held, clawed = n.clawed, open = n.open
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::boolean[])
              AS n (shard, wallet_id, grant_id, remaining, held, clawed, open)
         WHERE g.shard = n.shard AND g.wallet_id = n.wallet_id AND g.grant_id = n.grant_id",
        &rows.shards,
        &rows.wallets,
        &rows.ids,
        &rows.remaining,
        &rows.held,
        &rows.clawed,
        &rows.open
    )
    .execute(connection)
    .await?;
    all_changed("grants", rows.ids.len(), done.rows_affected())
}

async fn insert_grants(connection: &mut PgConnection, rows: &NewGrants) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO grants (shard, wallet_id, grant_id, remaining, held, clawed, open, seq, source, label, granted,
                             priority, effective_at, expires_at, cost_minor, cost_currency, reference, limited_to)
         SELECT *
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::boolean[], $8::bigint[], $9::smallint[], $10::text[], $11::bigint[], $12::smallint[],
                     $13::timestamptz[], $14::timestamptz[], $15::bigint[], $16::text[], $17::text[], $18::text[])",
        &rows.base.shards,
        &rows.base.wallets,
        &rows.base.ids,
        &rows.base.remaining,
        &rows.base.held,
        &rows.base.clawed,
        &rows.base.open,
        &rows.seqs,
        &rows.sources,
        &rows.labels,
        &rows.granted,
        &rows.priorities,
        &rows.effective_at,
        &rows.expires_at as &[Option<DateTime<Utc>>],
        &rows.cost_minors as &[Option<i64>],
        &rows.cost_currencies as &[Option<String>],
        &rows.references as &[Option<String>],
        &rows.limits as &[Option<String>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_entries(connection: &mut PgConnection, rows: &Entries) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO entries (shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after,
                              quantity, grant_id, refers_to, counterpart, created_at, actor_id, actor_name, operation,
                              title, category, metadata, detail, expires_at, idem_key, request_hash, hash)
         SELECT *
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::smallint[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                     $13::bigint[], $14::timestamptz[], $15::uuid[], $16::text[], $17::text[], $18::text[],
                     $19::text[], $20::text[], $21::text[], $22::timestamptz[], $23::text[], $24::bytea[],
                     $25::bytea[])",
        &rows.shards,
        &rows.wallets,
        &rows.seqs,
        &rows.kinds,
        &rows.actor_kinds,
        &rows.amounts,
        &rows.held_changes,
        &rows.settled_after,
        &rows.held_after,
        &rows.quantities,
        &rows.grants as &[Option<i64>],
        &rows.refers_to as &[Option<i64>],
        &rows.counterparts as &[Option<i64>],
        &rows.created_at,
        &rows.actor_ids as &[Option<Uuid>],
        &rows.actor_names,
        &rows.operations as &[Option<String>],
        &rows.titles as &[Option<String>],
        &rows.categories as &[Option<String>],
        &rows.metadata as &[Option<String>],
        &rows.details as &[Option<String>],
        &rows.expires_at as &[Option<DateTime<Utc>>],
        &rows.keys,
        &rows.request_hashes as &[[u8; 16]],
        &rows.hashes as &[[u8; 32]]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_shares(connection: &mut PgConnection, rows: &Shares) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO allocations (shard, wallet_id, seq, place, grant_id, amount, held_change)
         SELECT *
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[],
                     $7::bigint[])",
        &rows.shards,
        &rows.wallets,
        &rows.seqs,
        &rows.places,
        &rows.grants,
        &rows.amounts,
        &rows.held_changes
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn update_budgets(connection: &mut PgConnection, changes: &BatchChanges<'_>) -> Result<()> {
    let Budgets { shards, ids, starts, ends, spent } = Budgets::of(changes);
    if ids.is_empty() {
        return Ok(());
    }
    let done = sqlx::query!(
        "UPDATE budgets AS b
         SET window_start = n.window_start, window_end = n.window_end, spent = n.spent
         FROM unnest($1::smallint[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::bigint[])
              AS n (shard, budget_id, window_start, window_end, spent)
         WHERE b.shard = n.shard AND b.budget_id = n.budget_id",
        &shards,
        &ids,
        &starts,
        &ends as &[Option<DateTime<Utc>>],
        &spent
    )
    .execute(connection)
    .await?;
    all_changed("budgets", ids.len(), done.rows_affected())
}

/// Makes a wallet.
pub(in crate::ledger) async fn create_wallet(
    connection: &mut PgConnection,
    id: WalletId,
    wallet: &NewWallet,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO wallets (shard, wallet_id, account_id, project_id, environment, budgeted, last_at, active_at,
                              created_at)
         VALUES ($1, $2, $3, $4, $5,
                 EXISTS (SELECT FROM budgets WHERE shard = $1 AND project_id = $4 AND wallet_id IS NULL),
                 $6, $6, $6)",
        id.shard.as_i16(),
        id.number,
        wallet.account.uuid(),
        wallet.project.uuid(),
        wallet.environment.code(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}
