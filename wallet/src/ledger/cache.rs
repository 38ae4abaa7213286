//! What one writer remembers: wallets as it left them, and which keys it has seen lately.
//!
//! A remembered wallet saves the lock and the reads: the batch is decided at once and written only if the wallet's
//! version has not moved (another node, a payment's own transaction, a freeze). Where batches keep finding that it
//! has moved, the writer stops trusting its memory for a moment.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::batch::{Batch, Work};
use super::command::Command;
use super::state::WalletState;
use crate::id::WalletId;

/// How many wallets one generation remembers; there are two.
const MAX_WALLETS: usize = 20_000;
/// How many keys one generation remembers, each in a few bytes; there are two.
const MAX_KEYS: usize = 500_000;
/// How many open holds of a wallet are remembered; older ones are read when they are finished.
const MAX_HOLDS: usize = 4_096;
/// Of the last 64 batches, how many may find that a wallet has moved.
const MAX_STALE: u32 = 4;
/// How long the writer then reads before every decision.
const DISTRUST: Duration = Duration::from_secs(1);

/// One writer's memory.
pub(super) struct Cache {
    wallets: Generations<HashMap<WalletId, WalletState>>,
    keys: Generations<HashSet<u64>>,
    hasher: RandomState,
    /// A bit for each of the last 64 batches: it found that a wallet had moved.
    stale: u64,
    distrusted_until: Option<Instant>,
}

/// A young and an old generation: what is not used for a whole generation is forgotten.
#[derive(Default)]
struct Generations<T> {
    young: T,
    old: T,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            wallets: Generations::default(),
            keys: Generations::default(),
            hasher: RandomState::new(),
            stale: 0,
            distrusted_until: None,
        }
    }
}

impl Cache {
    /// Puts a command's wallet into a batch, unless it is there; says whether the command can be decided from memory.
    pub(super) fn lend(&mut self, work: &Work, batch: &mut Batch) -> bool {
        if self.is_distrusted() || self.has_seen(work) {
            return false;
        }
        let state = batch.state(work.wallet).or_else(|| self.wallet(work.wallet));
        if !state.is_some_and(|state| is_enough(state, &work.request.command)) {
            return false;
        }
        if !batch.has(work.wallet)
            && let Some(state) = self.forget(work.wallet)
        {
            batch.know(state);
        }
        true
    }

    fn is_distrusted(&mut self) -> bool {
        let distrusted = self.distrusted_until.is_some_and(|until| Instant::now() < until);
        if !distrusted {
            self.distrusted_until = None;
        }
        distrusted
    }

    fn wallet(&self, wallet: WalletId) -> Option<&WalletState> {
        self.wallets.young.get(&wallet).or_else(|| self.wallets.old.get(&wallet))
    }

    /// Says whether the key may have been used lately; then the database must say what it did.
    fn has_seen(&self, work: &Work) -> bool {
        let key = self.key(work);
        self.keys.young.contains(&key) || self.keys.old.contains(&key)
    }

    fn key(&self, work: &Work) -> u64 {
        self.hasher.hash_one((work.wallet, &work.request.key))
    }

    /// Forgets a wallet.
    pub(super) fn forget(&mut self, wallet: WalletId) -> Option<WalletState> {
        let old = self.wallets.old.remove(&wallet);
        self.wallets.young.remove(&wallet).or(old)
    }

    /// Remembers the wallets of a batch. One with ceilings is not remembered: others spend from those too.
    pub(super) fn keep(&mut self, batch: Batch) {
        if self.wallets.young.len() >= MAX_WALLETS {
            self.wallets.old = std::mem::take(&mut self.wallets.young);
        }
        for (id, mut state) in batch.into_states() {
            self.wallets.old.remove(&id);
            if state.core.budgets.is_empty() {
                state.tidy(MAX_HOLDS);
                self.wallets.young.insert(id, state);
            } else {
                self.wallets.young.remove(&id);
            }
        }
    }

    /// Remembers that a key was used.
    pub(super) fn saw(&mut self, work: &Work) {
        if self.keys.young.len() >= MAX_KEYS {
            self.keys.old = std::mem::take(&mut self.keys.young);
        }
        let key = self.key(work);
        self.keys.young.insert(key);
    }

    /// Notes whether a batch from memory found everything as remembered.
    pub(super) fn note(&mut self, stale: bool) {
        self.stale = (self.stale << 1) | u64::from(stale);
        if self.stale.count_ones() > MAX_STALE {
            self.stale = 0;
            self.distrusted_until = Instant::now().checked_add(DISTRUST);
        }
    }
}

/// Says whether a command can be decided by what is remembered of its wallet.
fn is_enough(state: &WalletState, command: &Command) -> bool {
    match command {
        Command::Charge { .. } | Command::Fee { .. } | Command::Hold { .. } => true,
        Command::Adjustment { amount, .. } => !amount.is_positive(),
        Command::Capture { hold, .. } | Command::Release { hold, .. } | Command::ExpireHold { hold } => {
            state.holds.contains_key(hold)
        }
        // "Nothing is due" writes no row that would show whether the memory is stale: it is never said from memory.
        Command::ExpireGrants
        | Command::Grant(_)
        | Command::CreditBack { .. }
        | Command::Clawback { .. }
        | Command::Transfer { .. } => false,
    }
}
