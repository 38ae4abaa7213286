//! Writes a batch of remembered wallets in one statement, one round trip, one commit.
//!
//! It changes a wallet only if its version and newest row are still the remembered ones, and demands that as many rows
//! are added as the wallets count on by; if not, `ledger_require` fails the whole statement and nothing has happened.
//! It fails as well where a key was used by a row that is archived by now (the table's own unique keys catch the
//! others), and where a hold would time out before the point up to which the sweep is done (its decision waited too
//! long). A batch with new grants takes the longer way.
//!
//! Most batches only spend, each row from one grant: they have a statement of their own, without the parts that they
//! have no rows for. To start a part costs PostgreSQL as much as to write two or three rows.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::id::{Shard, WalletId};
use crate::ledger::model::batch_changes::BatchChanges;
use crate::ledger::repo::columns::{ArchivedKeys, Budgets, Entries, Grants, Shares, Wallets};

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
    /// Takes the rows out of a batch; gives it back where it makes grants or takes some back.
    pub(in crate::ledger) fn of(changes: BatchChanges<'_>) -> Result<Self, BatchChanges<'_>> {
        if !changes.only_spends() {
            return Err(changes);
        }
        let (archived, budgets) = (ArchivedKeys::of(&changes), Budgets::of(&changes));
        let (wallets, grants) = (Wallets::of(&changes), Grants::of(&changes, false));
        let entries = changes.into_entries();
        let shares = Shares::of(&entries);
        Ok(Self { archived, budgets, wallets, grants, shares, entries: Entries::of(entries) })
    }

    /// The wallets, each with its newest row.
    pub(in crate::ledger) fn newest(&self) -> impl Iterator<Item = (WalletId, i64)> {
        let wallets = self.wallets.shards.iter().zip(&self.wallets.ids).zip(&self.wallets.seqs);
        wallets.map(|((shard, number), seq)| (WalletId { shard: Shard::from_i16(*shard), number: *number }, *seq))
    }
}

/// Fills in a statement: wallets, grants and entries, which each batch has, and what more there is.
macro_rules! statement {
    ($file:tt, $writes:ident $(, $more:expr)*) => {
        sqlx::query_file_scalar!(
            $file,
            &$writes.wallets.shards,
            &$writes.wallets.ids,
            &$writes.wallets.versions_before,
            &$writes.wallets.seqs_before,
            &$writes.wallets.versions,
            &$writes.wallets.seqs,
            &$writes.wallets.settled,
            &$writes.wallets.held,
            &$writes.wallets.debts,
            &$writes.wallets.last_refills as &[Option<i64>],
            &$writes.wallets.heads as &[[u8; 32]],
            &$writes.wallets.last_at,
            &$writes.wallets.active_at,
            &$writes.grants.shards,
            &$writes.grants.wallets,
            &$writes.grants.ids,
            &$writes.grants.remaining,
            &$writes.grants.held,
            &$writes.grants.open,
            &$writes.entries.shards,
            &$writes.entries.wallets,
            &$writes.entries.seqs,
            &$writes.entries.kinds,
            &$writes.entries.actor_kinds,
            &$writes.entries.amounts,
            &$writes.entries.held_changes,
            &$writes.entries.settled_after,
            &$writes.entries.held_after,
            &$writes.entries.quantities,
            &$writes.entries.grants as &[Option<i64>],
            &$writes.entries.refers_to as &[Option<i64>],
            &$writes.entries.counterparts as &[Option<i64>],
            &$writes.entries.created_at,
            &$writes.entries.actor_ids as &[Option<Uuid>],
            &$writes.entries.actor_names,
            &$writes.entries.operations as &[Option<String>],
            &$writes.entries.titles as &[Option<String>],
            &$writes.entries.categories as &[Option<String>],
            &$writes.entries.metadata as &[Option<String>],
            &$writes.entries.details as &[Option<String>],
            &$writes.entries.expires_at as &[Option<DateTime<Utc>>],
            &$writes.entries.keys,
            &$writes.entries.request_hashes as &[[u8; 16]],
            &$writes.entries.hashes as &[[u8; 32]]
            $(, $more)*
        )
    };
}

/// Stores a batch without new grants.
pub(in crate::ledger) async fn write(connection: &mut PgConnection, writes: &Writes) -> Result<(), sqlx::Error> {
    let first_expiry = writes.entries.first_expiry();
    let Writes { shares: a, archived: k, budgets: b, .. } = writes;
    if a.seqs.is_empty() && k.keys.is_empty() && b.ids.is_empty() && first_expiry.is_none() {
        statement!("src/ledger/repo/spend.sql", writes).fetch_one(connection).await?;
        return Ok(());
    }
    statement!(
        "src/ledger/repo/write_if_unchanged.sql",
        writes,
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
        first_expiry,
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

#[cfg(test)]
mod tests {
    /// The parts that both statements have are the same text.
    #[test]
    fn the_short_statement_is_the_beginning_of_the_long_one() {
        let rows = |text: &'static str| text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>();
        let (short, long) = (rows(include_str!("spend.sql")), rows(include_str!("write_if_unchanged.sql")));
        let end = short.iter().position(|line| line.starts_with("SELECT")).expect("it ends");
        let (parts, demands) = short.split_at(end - 1);
        assert_eq!(Some(parts), long.get(..parts.len()));
        // What it demands is demanded there, too; the last line of each closes what is open.
        let demanded = demands.iter().skip(1).rev().skip(1);
        assert!(demanded.clone().count() == 3 && demanded.clone().all(|line| long.contains(line)), "{demands:?}");
    }
}
