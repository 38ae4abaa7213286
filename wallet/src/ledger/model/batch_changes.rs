//! The changes of a batch, checked before anything is stored: rows and wallets belong together.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{Shard, WalletId};
use crate::idempotency::IdempotencyKey;
use crate::ledger::model::budget::Budget;
use crate::ledger::model::hash::Hash;
use crate::ledger::model::wallet_state::{Core, Entry, Grant, WalletState};
use crate::money::Credits;

/// What a batch changes, checked: the only thing that can be stored.
///
/// It exists only where each row belongs to a wallet that is written with it, and where the rows of each wallet lead
/// from the state that it was decided on to the state that is written: numbers, sums and hash.
#[derive(Debug)]
pub(crate) struct BatchChanges<'a> {
    wallets: &'a HashMap<WalletId, Box<BatchWallet>>,
    entries: Vec<Entry>,
}

/// A wallet of a batch.
#[derive(Debug)]
pub(in crate::ledger) struct BatchWallet {
    /// As it was decided on.
    pub(in crate::ledger) before: Core,
    /// As it is after the commands so far.
    pub(in crate::ledger) state: Box<WalletState>,
    /// The keys of the batch's own commands: the place of their row.
    pub(in crate::ledger) own: HashMap<IdempotencyKey, usize>,
}

impl BatchWallet {
    pub(in crate::ledger) fn new(state: Box<WalletState>) -> Self {
        Self { before: state.core.clone(), state, own: HashMap::new() }
    }
}

/// A grant that a batch changed or made.
#[derive(Debug)]
pub(crate) struct ChangedGrant<'a> {
    /// The wallet.
    pub wallet: WalletId,
    /// The grant as it is now.
    pub grant: &'a Grant,
    /// Whether it is new.
    pub is_new: bool,
}

/// Where a wallet's rows have led so far.
struct Reached {
    seq: i64,
    settled: Credits,
    held: Credits,
    head: Hash,
}

impl Reached {
    const fn of(core: &Core) -> Self {
        Self { seq: core.seq, settled: core.settled, held: core.held, head: core.head }
    }

    /// Goes on by one row; `false` where the row does not follow.
    fn go_on(&mut self, entry: &Entry) -> bool {
        let view = &entry.view;
        let follows = self.seq.checked_add(1) == Some(view.seq)
            && self.settled.checked_add(view.amount) == Some(view.settled_after)
            && self.held.checked_add(view.held_change) == Some(view.held_after);
        *self = Self { seq: view.seq, settled: view.settled_after, held: view.held_after, head: entry.hash };
        follows
    }

    fn is(&self, core: &Core) -> bool {
        (self.seq, self.settled, self.held, self.head) == (core.seq, core.settled, core.held, core.head)
    }
}

impl<'a> BatchChanges<'a> {
    /// Checks that rows and wallets belong together.
    pub(in crate::ledger) fn check(
        wallets: &'a HashMap<WalletId, Box<BatchWallet>>,
        entries: Vec<Entry>,
    ) -> Result<Self> {
        let mut reached: HashMap<WalletId, Reached> =
            changed(wallets).map(|(before, _)| (before.id, Reached::of(before))).collect();
        for entry in &entries {
            let (wallet, seq) = (entry.view.wallet, entry.view.seq);
            let follows = reached.get_mut(&wallet).map(|reached| reached.go_on(entry));
            match follows {
                Some(true) => {}
                Some(false) => return Err(inconsistent(wallet, &format!("row {seq} does not follow"))),
                None => return Err(inconsistent(wallet, &format!("row {seq} without its wallet"))),
            }
        }
        for (_, now) in changed(wallets) {
            if !reached.get(&now.id).is_some_and(|reached| reached.is(now)) {
                return Err(inconsistent(now.id, "the rows do not lead to the wallet"));
            }
        }
        Ok(Self { wallets, entries })
    }

    /// Says whether there is nothing to store.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Gives the rows to store, in order.
    #[must_use]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Gives the rows up, in order.
    #[must_use]
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Gives the wallets that changed: as they were and as they are.
    pub(crate) fn wallets(&self) -> impl Iterator<Item = (&Core, &Core)> {
        changed(self.wallets)
    }

    /// Gives the grants that changed or are new.
    pub(crate) fn grants(&self) -> impl Iterator<Item = ChangedGrant<'_>> {
        self.wallets().flat_map(|(before, now)| {
            now.grants.iter().filter_map(|grant| {
                let is_new = grant.id > before.grants_made;
                let changed = is_new || before.grant(grant.id) != Some(grant);
                changed.then_some(ChangedGrant { wallet: now.id, grant, is_new })
            })
        })
    }

    /// Gives the budgets under which something was spent or given back, each once; a budget of a project is known to
    /// each of its wallets, with the same numbers.
    #[must_use]
    pub(crate) fn budgets(&self) -> BTreeMap<(Shard, Uuid), &Budget> {
        let changed = self.wallets().flat_map(|(before, now)| {
            let moved = now.budgets.iter().filter(|budget| !before.budgets.contains(budget));
            moved.map(|budget| ((now.id.shard, budget.id), budget))
        });
        changed.collect()
    }

    /// Says whether the batch makes no grants and takes none back: then one statement can write it.
    #[must_use]
    pub(crate) fn only_spends(&self) -> bool {
        self.wallets().all(|(before, now)| {
            let clawed = |grant: &Grant| before.grant(grant.id).is_none_or(|before| before.clawed != grant.clawed);
            now.grants_made == before.grants_made && !now.grants.iter().any(clawed)
        })
    }
}

fn inconsistent(wallet: WalletId, what: &str) -> Error {
    Error::internal(format!("a batch is not stored: {wallet}: {what}"))
}

/// Gives the wallets that changed: as they were and as they are.
pub(in crate::ledger) fn changed(
    wallets: &HashMap<WalletId, Box<BatchWallet>>,
) -> impl Iterator<Item = (&Core, &Core)> {
    let pairs = wallets.values().map(|wallet| (&wallet.before, &wallet.state.core));
    pairs.filter(|(before, now)| now.version != before.version)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::id::AccountId;
    use crate::idempotency::RequestHash;
    use crate::identity::Actor;
    use crate::ledger::model::command::{Command, NewGrant};
    use crate::ledger::model::entry::GrantSource;
    use crate::ledger::model::request::Request;
    use crate::ledger::model::request::WalletRequest;
    use crate::ledger::model::wallet_state::Rules;
    use crate::ledger::rules::batch::Batch;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
    }

    fn empty() -> WalletState {
        let core = Core {
            id: WalletId::new(AccountId::new()),
            account: Uuid::now_v7(),
            version: 0,
            seq: 0,
            settled: Credits::ZERO,
            held: Credits::ZERO,
            debt: Credits::ZERO,
            head: Hash::default(),
            last_at: now(),
            grants_made: 0,
            archived: 0,
            last_refill: None,
            frozen: None,
            active_at: now(),
            grants: Vec::new(),
            budgets: Vec::new(),
        };
        WalletState { core, holds: BTreeMap::new(), debits: BTreeMap::new() }
    }

    /// A wallet before and after two grants, and their rows.
    fn two_grants() -> (HashMap<WalletId, Box<BatchWallet>>, Vec<Entry>) {
        let state = Box::new(empty());
        let (id, before) = (state.core.id, state.core.clone());
        let mut batch = Batch::default();
        batch.know(state);
        for key in ["one", "two"] {
            let request = Request {
                command: Command::Grant(NewGrant::new(Credits::ONE, GrantSource::TopUp, "Light")),
                key: IdempotencyKey::parse(key).expect("a key"),
                request_hash: RequestHash::of(key.as_bytes()),
                actor: Actor::system("test"),
                metadata: serde_json::Value::Null,
                metadata_text: None,
            };
            batch.perform(&WalletRequest { wallet: id, request }, now(), &Rules::default()).expect("granted");
        }
        let entries = batch.entries().to_vec();
        let state = batch.into_states().next().expect("the wallet");
        let wallet = BatchWallet { before, ..BatchWallet::new(state) };
        (HashMap::from([(id, Box::new(wallet))]), entries)
    }

    #[test]
    fn what_a_batch_decided_belongs_together() {
        let (wallets, entries) = two_grants();
        let changes = BatchChanges::check(&wallets, entries).expect("consistent");
        assert_eq!((changes.wallets().count(), changes.entries().len(), changes.grants().count()), (1, 2, 2));
    }

    #[test]
    fn rows_without_their_wallet_are_not_stored() {
        let (mut wallets, entries) = two_grants();
        // The wallet is taken for what it was before its rows.
        for wallet in wallets.values_mut() {
            wallet.state.core = wallet.before.clone();
        }
        assert!(BatchChanges::check(&wallets, entries).is_err());
    }

    #[test]
    fn a_wallet_without_its_rows_is_not_stored() {
        let (wallets, entries) = two_grants();
        for left in [Vec::new(), entries[..1].to_vec(), entries[1..].to_vec()] {
            assert!(BatchChanges::check(&wallets, left).is_err());
        }
    }

    #[test]
    fn rows_that_do_not_follow_are_not_stored() {
        let (wallets, entries) = two_grants();
        let (one, two) = (entries[0].clone(), entries[1].clone());
        let mut other = two.clone();
        other.view.settled_after = Credits::ZERO;
        for wrong in
            [vec![two.clone(), one.clone()], vec![one.clone(), one.clone()], vec![one, two.clone(), two, other]]
        {
            assert!(BatchChanges::check(&wallets, wrong).is_err());
        }
    }
}
