//! Writes a batch of remembered wallets in one statement, one round trip, one commit.
//!
//! It changes a wallet only if its version is still the remembered one; if any has moved, `ledger_require` fails the
//! whole statement and nothing has happened. So it does where a key was used by a row that is archived by now: the
//! table's own unique keys catch the others; and where a hold would time out before the point up to which the sweep is
//! done (its decision waited too long). A batch with new grants takes the longer way.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::{ArchivedKeys, Budgets, Entries, Grants, Shares, Wallets};
use crate::id::{Shard, WalletId};
use crate::ledger::batch::Batch;

/// A decided batch without new grants, as one statement writes it.
pub(in crate::ledger) struct Writes {
    wallets: Wallets,
    grants: Grants,
    entries: Entries,
    shares: Shares,
    archived: ArchivedKeys,
    budgets: Budgets,
}

impl Writes {
    /// Takes the rows out of a batch.
    pub(in crate::ledger) fn take(batch: &mut Batch) -> Self {
        let (archived, budgets) = (ArchivedKeys::of(batch), Budgets::of(batch));
        let entries = batch.take_entries();
        Self {
            archived,
            budgets,
            wallets: Wallets::of(batch),
            grants: Grants::of(batch, false),
            shares: Shares::of(&entries),
            entries: Entries::of(entries),
        }
    }

    /// The wallets, each with its newest row.
    pub(in crate::ledger) fn newest(&self) -> impl Iterator<Item = (WalletId, i64)> {
        let wallets = self.wallets.shards.iter().zip(&self.wallets.ids).zip(&self.wallets.seqs);
        wallets.map(|((shard, number), seq)| (WalletId { shard: Shard::from_i16(*shard), number: *number }, *seq))
    }
}

/// Stores a batch without new grants.
pub(in crate::ledger) async fn store(connection: &mut PgConnection, writes: &Writes) -> Result<(), sqlx::Error> {
    let Writes { wallets: w, grants: g, entries: e, shares: a, archived: k, budgets: b } = writes;
    sqlx::query_file_scalar!(
        "src/ledger/repo/quick.sql",
        &w.shards,
        &w.ids,
        &w.versions_before,
        &w.versions,
        &w.seqs,
        &w.settled,
        &w.held,
        &w.debts,
        &w.last_refills as &[Option<i64>],
        &w.heads,
        &w.last_at,
        &w.active_at,
        &g.shards,
        &g.wallets,
        &g.ids,
        &g.remaining,
        &g.held,
        &g.open,
        &e.shards,
        &e.wallets,
        &e.seqs,
        &e.kinds,
        &e.actor_kinds,
        &e.amounts,
        &e.held_changes,
        &e.settled_after,
        &e.held_after,
        &e.quantities,
        &e.grants as &[Option<i64>],
        &e.refers_to as &[Option<i64>],
        &e.counterparts as &[Option<i64>],
        &e.created_at,
        &e.actor_ids as &[Option<Uuid>],
        &e.actor_names,
        &e.operations as &[Option<String>],
        &e.titles as &[Option<String>],
        &e.categories as &[Option<String>],
        &e.metadata as &[Option<String>],
        &e.details as &[Option<String>],
        &e.expires_at as &[Option<DateTime<Utc>>],
        &e.keys,
        &e.request_hashes,
        &e.hashes,
        &a.shards,
        &a.wallets,
        &a.seqs,
        &a.places,
        &a.grants,
        &a.amounts,
        &a.held_changes,
        &k.shards,
        &k.wallets,
        &k.keys,
        e.first_expiry(),
        &b.shards,
        &b.ids,
        &b.starts,
        &b.ends as &[Option<DateTime<Utc>>],
        &b.spent
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}
