//! A batch as columns: what `unnest` turns back into rows, so that one statement writes them all.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::id::WalletId;
use crate::ledger::model::batch_changes::BatchChanges;
use crate::ledger::model::grant_limit::GrantLimit;
use crate::ledger::model::wallet_state::{Core, Entry};
use crate::money::Credits;

/// The wallets of a batch, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Wallets {
    pub(crate) shards: Vec<i16>,
    pub ids: Vec<i64>,
    pub(crate) versions_before: Vec<i64>,
    pub(crate) seqs_before: Vec<i64>,
    pub versions: Vec<i64>,
    pub(crate) seqs: Vec<i64>,
    pub settled: Vec<i64>,
    pub held: Vec<i64>,
    pub(crate) debts: Vec<i64>,
    pub grants_made: Vec<i64>,
    pub(crate) last_refills: Vec<Option<i64>>,
    pub heads: Vec<[u8; 32]>,
    pub last_at: Vec<DateTime<Utc>>,
    pub active_at: Vec<DateTime<Utc>>,
}

impl Wallets {
    pub(in crate::ledger) fn of(changes: &BatchChanges<'_>) -> Self {
        let mut rows: Vec<(&Core, &Core)> = changes.wallets().collect();
        rows.sort_by_key(|(before, _)| before.id);
        let mut to = Self::default();
        for (before, now) in rows {
            to.shards.push(now.id.shard.as_i16());
            to.ids.push(now.id.number);
            to.versions_before.push(before.version);
            to.seqs_before.push(before.seq);
            to.versions.push(now.version);
            to.seqs.push(now.seq);
            to.settled.push(now.settled.micros());
            to.held.push(now.held.micros());
            to.debts.push(now.debt.micros());
            to.grants_made.push(now.grants_made);
            to.last_refills.push(now.last_refill.map(Credits::micros));
            to.heads.push(*now.head.as_bytes());
            to.last_at.push(now.last_at);
            to.active_at.push(now.active_at);
        }
        to
    }
}

/// The keys of rows whose wallets have archives, as arrays: these may have been used before, out of sight.
#[derive(Default)]
pub(in crate::ledger) struct ArchivedKeys {
    pub(crate) shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub keys: Vec<String>,
}

impl ArchivedKeys {
    pub(in crate::ledger) fn of(changes: &BatchChanges<'_>) -> Self {
        let mut to = Self::default();
        let archived: HashSet<WalletId> =
            changes.wallets().filter(|(_, now)| now.archived > 0).map(|(_, now)| now.id).collect();
        for entry in changes.entries().iter().filter(|entry| archived.contains(&entry.view.wallet)) {
            to.shards.push(entry.view.wallet.shard.as_i16());
            to.wallets.push(entry.view.wallet.number);
            to.keys.push(entry.key.as_str().to_owned());
        }
        to
    }
}

/// Budgets under which something was spent, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Budgets {
    pub(crate) shards: Vec<i16>,
    pub ids: Vec<Uuid>,
    pub(crate) starts: Vec<DateTime<Utc>>,
    pub ends: Vec<Option<DateTime<Utc>>>,
    pub spent: Vec<i64>,
}

impl Budgets {
    pub(in crate::ledger) fn of(changes: &BatchChanges<'_>) -> Self {
        let mut to = Self::default();
        for ((shard, id), budget) in changes.budgets() {
            to.shards.push(shard.as_i16());
            to.ids.push(id);
            to.starts.push(budget.window.start);
            to.ends.push(budget.window.stored_end());
            to.spent.push(budget.spent.micros());
        }
        to
    }
}

/// The changing numbers of grants, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Grants {
    pub(crate) shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub ids: Vec<i64>,
    pub remaining: Vec<i64>,
    pub held: Vec<i64>,
    pub clawed: Vec<i64>,
    pub open: Vec<bool>,
}

impl Grants {
    pub(in crate::ledger) fn of(changes: &BatchChanges<'_>, new: bool) -> Self {
        let mut to = Self::default();
        for changed in changes.grants().filter(|changed| changed.is_new == new) {
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

/// New grants, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct NewGrants {
    pub base: Grants,
    pub(crate) seqs: Vec<i64>,
    pub(crate) sources: Vec<i16>,
    pub labels: Vec<String>,
    pub granted: Vec<i64>,
    pub(crate) priorities: Vec<i16>,
    pub effective_at: Vec<DateTime<Utc>>,
    pub expires_at: Vec<Option<DateTime<Utc>>>,
    pub(crate) cost_minors: Vec<Option<i64>>,
    pub(crate) cost_currencies: Vec<Option<String>>,
    pub references: Vec<Option<String>>,
    pub(crate) limits: Vec<Option<String>>,
}

impl NewGrants {
    pub(in crate::ledger) fn of(changes: &BatchChanges<'_>) -> Self {
        let mut to = Self { base: Grants::of(changes, true), ..Self::default() };
        for changed in changes.grants().filter(|changed| changed.is_new) {
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
            to.limits.push(terms.limit.as_ref().and_then(GrantLimit::to_text));
        }
        to
    }
}

/// Rows of the ledger, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Entries {
    pub(crate) shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub(crate) seqs: Vec<i64>,
    pub kinds: Vec<i16>,
    pub(crate) actor_kinds: Vec<i16>,
    pub(crate) amounts: Vec<i64>,
    pub(crate) held_changes: Vec<i64>,
    pub settled_after: Vec<i64>,
    pub held_after: Vec<i64>,
    pub quantities: Vec<i64>,
    pub grants: Vec<Option<i64>>,
    pub refers_to: Vec<Option<i64>>,
    pub(crate) counterparts: Vec<Option<i64>>,
    pub created_at: Vec<DateTime<Utc>>,
    pub(crate) actor_ids: Vec<Option<Uuid>>,
    pub(crate) actor_names: Vec<String>,
    pub operations: Vec<Option<String>>,
    pub(crate) titles: Vec<Option<String>>,
    pub categories: Vec<Option<String>>,
    pub metadata: Vec<Option<String>>,
    pub(crate) details: Vec<Option<String>>,
    pub expires_at: Vec<Option<DateTime<Utc>>>,
    pub keys: Vec<String>,
    pub(crate) request_hashes: Vec<[u8; 16]>,
    pub(crate) hashes: Vec<[u8; 32]>,
}

impl Entries {
    /// Tells when the first of the holds among them times out.
    pub(in crate::ledger) fn first_expiry(&self) -> Option<DateTime<Utc>> {
        self.expires_at.iter().flatten().min().copied()
    }

    pub(in crate::ledger) fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut to = Self::default();
        for entry in entries {
            let view = entry.view;
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
            to.operations.push(view.operation);
            to.titles.push(view.title);
            to.categories.push(view.category);
            to.metadata.push(entry.metadata.as_deref().map(str::to_owned));
            to.details.push(entry.detail);
            to.expires_at.push(entry.expires_at);
            to.keys.push(entry.key.into());
            to.request_hashes.push(*entry.request_hash.as_bytes());
            to.hashes.push(*entry.hash.as_bytes());
        }
        to
    }
}

/// The shares of rows that touch several grants, as arrays.
#[derive(Default)]
pub(in crate::ledger) struct Shares {
    pub(crate) shards: Vec<i16>,
    pub wallets: Vec<i64>,
    pub(crate) seqs: Vec<i64>,
    pub places: Vec<i16>,
    pub grants: Vec<i64>,
    pub(crate) amounts: Vec<i64>,
    pub(crate) held_changes: Vec<i64>,
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
