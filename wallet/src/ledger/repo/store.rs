//! Writes what a batch decided.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::NewWallet;
use crate::ledger::batch::Batch;
use crate::ledger::detail::Detail;
use crate::ledger::state::{Core, Entry};
use crate::money::Credits;

/// Stores a batch: one statement for each table that it touches.
pub(in crate::ledger) async fn store(connection: &mut PgConnection, batch: &Batch) -> Result<(), sqlx::Error> {
    if batch.is_empty() {
        return Ok(());
    }
    update_wallets(connection, &Wallets::of(batch)).await?;
    let (changed, new) = (Grants::of(batch, false), NewGrants::of(batch));
    if !changed.ids.is_empty() {
        update_grants(connection, &changed).await?;
    }
    if !new.base.ids.is_empty() {
        insert_grants(connection, &new).await?;
    }
    let entries = Entries::of(batch.entries());
    insert_entries(connection, &entries).await?;
    let shares = Shares::of(batch.entries());
    if !shares.seqs.is_empty() {
        insert_shares(connection, &shares).await?;
    }
    let (placed, finished) = (Holds::of(batch, true), Holds::of(batch, false));
    if !placed.seqs.is_empty() {
        insert_holds(connection, &placed).await?;
    }
    if !finished.seqs.is_empty() {
        finish_holds(connection, &finished).await?;
    }
    update_budgets(connection, batch).await
}

/// The wallets of a batch, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Wallets {
    pub shards: Vec<i16>,
    pub ids: Vec<i64>,
    pub versions_before: Vec<i64>,
    pub versions: Vec<i64>,
    pub seqs: Vec<i64>,
    pub settled: Vec<i64>,
    pub held: Vec<i64>,
    pub debts: Vec<i64>,
    pub grants_made: Vec<i64>,
    pub last_refills: Vec<Option<i64>>,
    pub heads: Vec<Vec<u8>>,
    pub last_at: Vec<DateTime<Utc>>,
    pub active_at: Vec<DateTime<Utc>>,
}

impl Wallets {
    pub(in crate::ledger) fn of(batch: &Batch) -> Self {
        let mut rows: Vec<(&Core, &Core)> = batch.wallets().collect();
        rows.sort_by_key(|(before, _)| before.id);
        let mut to = Self::default();
        for (before, now) in rows {
            to.shards.push(now.id.shard.as_i16());
            to.ids.push(now.id.number);
            to.versions_before.push(before.version);
            to.versions.push(now.version);
            to.seqs.push(now.seq);
            to.settled.push(now.settled.micros());
            to.held.push(now.held.micros());
            to.debts.push(now.debt.micros());
            to.grants_made.push(now.grants_made);
            to.last_refills.push(now.last_refill.map(Credits::micros));
            to.heads.push(now.head.as_bytes().to_vec());
            to.last_at.push(now.last_at);
            to.active_at.push(now.active_at);
        }
        to
    }
}

async fn update_wallets(connection: &mut PgConnection, rows: &Wallets) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE wallets AS w
         SET version = n.version, seq = n.seq, settled = n.settled, held = n.held, debt = n.debt,
             grants_made = n.grants_made, last_refill = n.last_refill, head_hash = n.head_hash, last_at = n.last_at,
             active_at = n.active_at
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[], $11::timestamptz[], $12::timestamptz[])
              AS n (shard, wallet_id, version, seq, settled, held, debt, grants_made, last_refill, head_hash,
                    last_at, active_at)
         WHERE w.shard = n.shard AND w.wallet_id = n.wallet_id",
        &rows.shards,
        &rows.ids,
        &rows.versions,
        &rows.seqs,
        &rows.settled,
        &rows.held,
        &rows.debts,
        &rows.grants_made,
        &rows.last_refills as &[Option<i64>],
        &rows.heads,
        &rows.last_at,
        &rows.active_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The changing numbers of grants, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Grants {
    pub shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub ids: Vec<i64>,
    pub remaining: Vec<i64>,
    pub held: Vec<i64>,
    pub clawed: Vec<i64>,
    pub open: Vec<bool>,
}

impl Grants {
    pub(in crate::ledger) fn of(batch: &Batch, new: bool) -> Self {
        let mut to = Self::default();
        for changed in batch.grants().filter(|changed| changed.is_new == new) {
            to.shards.push(changed.wallet.shard.as_i16());
            to.wallets.push(changed.wallet.number);
            to.ids.push(changed.grant.id);
            to.remaining.push(changed.grant.remaining.micros());
            to.held.push(changed.grant.held.micros());
            to.clawed.push(changed.grant.clawed.micros());
            to.open.push(changed.grant.is_open());
        }
        to
    }
}

async fn update_grants(connection: &mut PgConnection, rows: &Grants) -> Result<(), sqlx::Error> {
    sqlx::query!(
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
    Ok(())
}

/// New grants, as arrays.
#[derive(Default)]
struct NewGrants {
    base: Grants,
    seqs: Vec<i64>,
    sources: Vec<i16>,
    labels: Vec<String>,
    granted: Vec<i64>,
    priorities: Vec<i16>,
    effective_at: Vec<DateTime<Utc>>,
    expires_at: Vec<Option<DateTime<Utc>>>,
    cost_minors: Vec<Option<i64>>,
    cost_currencies: Vec<Option<String>>,
    references: Vec<Option<String>>,
}

impl NewGrants {
    fn of(batch: &Batch) -> Self {
        let mut to = Self { base: Grants::of(batch, true), ..Self::default() };
        for changed in batch.grants().filter(|changed| changed.is_new) {
            let terms = &changed.grant.terms;
            to.seqs.push(terms.seq);
            to.sources.push(terms.source.code());
            to.labels.push(terms.label.clone());
            to.granted.push(terms.granted.micros());
            to.priorities.push(terms.priority);
            to.effective_at.push(terms.effective_at);
            to.expires_at.push(terms.expires_at);
            to.cost_minors.push(terms.cost.map(|cost| cost.minor()));
            to.cost_currencies.push(terms.cost.map(|cost| cost.currency().code().to_owned()));
            to.references.push(terms.reference.clone());
        }
        to
    }
}

async fn insert_grants(connection: &mut PgConnection, rows: &NewGrants) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO grants (shard, wallet_id, grant_id, remaining, held, clawed, open, seq, source, label, granted,
                             priority, effective_at, expires_at, cost_minor, cost_currency, reference)
         SELECT *
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::boolean[], $8::bigint[], $9::smallint[], $10::text[], $11::bigint[], $12::smallint[],
                     $13::timestamptz[], $14::timestamptz[], $15::bigint[], $16::text[], $17::text[])",
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
        &rows.references as &[Option<String>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Rows of the ledger, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Entries {
    pub shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub seqs: Vec<i64>,
    pub kinds: Vec<i16>,
    pub actor_kinds: Vec<i16>,
    pub amounts: Vec<i64>,
    pub held_changes: Vec<i64>,
    pub settled_after: Vec<i64>,
    pub held_after: Vec<i64>,
    pub quantities: Vec<i64>,
    pub grants: Vec<Option<i64>>,
    pub refers_to: Vec<Option<i64>>,
    pub counterparts: Vec<Option<i64>>,
    pub created_at: Vec<DateTime<Utc>>,
    pub actor_ids: Vec<Option<Uuid>>,
    pub actor_names: Vec<String>,
    pub operations: Vec<Option<String>>,
    pub titles: Vec<Option<String>>,
    pub categories: Vec<Option<String>>,
    pub metadata: Vec<Option<String>>,
    pub details: Vec<Option<String>>,
    pub keys: Vec<String>,
    pub request_hashes: Vec<Vec<u8>>,
    pub hashes: Vec<Vec<u8>>,
}

impl Entries {
    pub(in crate::ledger) fn of(entries: &[Entry]) -> Self {
        let mut to = Self::default();
        for entry in entries {
            let view = &entry.view;
            to.shards.push(view.wallet.shard.as_i16());
            to.wallets.push(view.wallet.number);
            to.seqs.push(view.seq);
            to.kinds.push(view.kind.code());
            to.actor_kinds.push(view.actor.code());
            to.amounts.push(view.amount.micros());
            to.held_changes.push(view.held_change.micros());
            to.settled_after.push(view.settled_after.micros());
            to.held_after.push(view.held_after.micros());
            to.quantities.push(view.quantity);
            to.grants.push(match entry.allocations.as_slice() {
                [only] => Some(only.grant),
                _ => None,
            });
            to.refers_to.push(view.refers_to);
            to.counterparts.push(entry.counterpart.map(|wallet| wallet.number));
            to.created_at.push(view.created_at);
            to.actor_ids.push(view.actor.uuid());
            to.actor_names.push(view.actor.name().to_owned());
            to.operations.push(view.operation.clone());
            to.titles.push(view.title.clone());
            to.categories.push(view.category.clone());
            to.metadata.push(entry.metadata.as_deref().map(str::to_owned));
            to.details.push(entry.detail.clone());
            to.keys.push(entry.key.as_str().to_owned());
            to.request_hashes.push(entry.request_hash.as_bytes().to_vec());
            to.hashes.push(entry.hash.as_bytes().to_vec());
        }
        to
    }
}

async fn insert_entries(connection: &mut PgConnection, rows: &Entries) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO entries (shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after,
                              quantity, grant_id, refers_to, counterpart, created_at, actor_id, actor_name, operation,
                              title, category, metadata, detail, idem_key, request_hash, hash)
         SELECT *
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::smallint[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                     $13::bigint[], $14::timestamptz[], $15::uuid[], $16::text[], $17::text[], $18::text[],
                     $19::text[], $20::text[], $21::text[], $22::text[], $23::bytea[], $24::bytea[])",
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
        &rows.keys,
        &rows.request_hashes,
        &rows.hashes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The shares of rows that touch several grants, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Shares {
    pub shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub seqs: Vec<i64>,
    pub places: Vec<i16>,
    pub grants: Vec<i64>,
    pub amounts: Vec<i64>,
    pub held_changes: Vec<i64>,
}

impl Shares {
    pub(in crate::ledger) fn of(entries: &[Entry]) -> Self {
        let mut to = Self::default();
        for entry in entries.iter().filter(|entry| entry.allocations.len() > 1) {
            for (place, share) in (1_i16..).zip(&entry.allocations) {
                to.shards.push(entry.view.wallet.shard.as_i16());
                to.wallets.push(entry.view.wallet.number);
                to.seqs.push(entry.view.seq);
                to.places.push(place);
                to.grants.push(share.grant);
                to.amounts.push(share.amount.micros());
                to.held_changes.push(share.held.micros());
            }
        }
        to
    }
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

/// Holds, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Holds {
    pub shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub seqs: Vec<i64>,
    pub states: Vec<i16>,
    pub amounts: Vec<i64>,
    pub captured: Vec<i64>,
    pub created_at: Vec<DateTime<Utc>>,
    pub expires_at: Vec<DateTime<Utc>>,
    pub lines: Vec<String>,
    /// Arrays as text: `unnest` would flatten arrays of arrays.
    pub pin_grants: Vec<String>,
    pub pin_amounts: Vec<String>,
    pub keys: Vec<Option<Uuid>>,
    pub customers: Vec<Option<String>>,
    pub finished_by: Vec<Option<i64>>,
}

impl Holds {
    pub(in crate::ledger) fn of(batch: &Batch, new: bool) -> Self {
        let mut to = Self::default();
        for (wallet, hold, _) in batch.holds().filter(|(_, _, is_new)| *is_new == new) {
            to.shards.push(wallet.shard.as_i16());
            to.wallets.push(wallet.number);
            to.seqs.push(hold.seq);
            to.states.push(hold.state.code());
            to.amounts.push(hold.amount.micros());
            to.captured.push(hold.captured.micros());
            to.created_at.push(hold.created_at);
            to.expires_at.push(hold.expires_at);
            to.lines.push(Detail::lines(&hold.lines).to_text().unwrap_or_default());
            to.pin_grants.push(array(hold.pins.iter().map(|(grant, _)| *grant)));
            to.pin_amounts.push(array(hold.pins.iter().map(|(_, amount)| amount.micros())));
            to.keys.push(hold.subject.key);
            to.customers.push(hold.subject.customer.clone());
            to.finished_by.push(hold.finished_by);
        }
        to
    }
}

/// Writes an array as PostgreSQL reads it from text.
fn array(numbers: impl Iterator<Item = i64>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("{{{}}}", numbers.join(","))
}

async fn insert_holds(connection: &mut PgConnection, rows: &Holds) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO holds (shard, wallet_id, seq, state, amount, captured, created_at, expires_at, lines, pin_grants,
                            pin_amounts, actor_key, customer, finished_by)
         SELECT n.shard, n.wallet_id, n.seq, n.state, n.amount, n.captured, n.created_at, n.expires_at, n.lines,
                n.pin_grants::bigint[], n.pin_amounts::bigint[], n.actor_key, n.customer, n.finished_by
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[],
                     $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::uuid[],
                     $13::text[], $14::bigint[])
              AS n (shard, wallet_id, seq, state, amount, captured, created_at, expires_at, lines, pin_grants,
                    pin_amounts, actor_key, customer, finished_by)",
        &rows.shards,
        &rows.wallets,
        &rows.seqs,
        &rows.states,
        &rows.amounts,
        &rows.captured,
        &rows.created_at,
        &rows.expires_at,
        &rows.lines,
        &rows.pin_grants,
        &rows.pin_amounts,
        &rows.keys as &[Option<Uuid>],
        &rows.customers as &[Option<String>],
        &rows.finished_by as &[Option<i64>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn finish_holds(connection: &mut PgConnection, rows: &Holds) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE holds AS h
         SET state = n.state, captured = n.captured, lines = n.lines, finished_by = n.finished_by
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::text[],
                     $7::bigint[])
              AS n (shard, wallet_id, seq, state, captured, lines, finished_by)
         WHERE h.shard = n.shard AND h.wallet_id = n.wallet_id AND h.seq = n.seq",
        &rows.shards,
        &rows.wallets,
        &rows.seqs,
        &rows.states,
        &rows.captured,
        &rows.lines,
        &rows.finished_by as &[Option<i64>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn update_budgets(connection: &mut PgConnection, batch: &Batch) -> Result<(), sqlx::Error> {
    for (before, now) in batch.wallets() {
        for budget in now.budgets.iter().filter(|budget| !before.budgets.contains(budget)) {
            sqlx::query!(
                "UPDATE budgets SET window_start = $3, spent = $4 WHERE shard = $1 AND budget_id = $2",
                now.id.shard.as_i16(),
                budget.id,
                budget.window,
                budget.spent.micros()
            )
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
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
