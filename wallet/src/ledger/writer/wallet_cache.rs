//! What one writer remembers: wallets as it left them, and which keys it has seen lately.
//!
//! A remembered wallet saves the lock and the reads: the batch is decided at once and written only if the wallet's
//! version has not moved (another node, a payment's own transaction, a freeze). Where batches keep finding that it
//! has moved, the writer stops trusting its memory for a moment and reads wallets before each decision, without a lock;
//! where even that is too late too often, it locks them first.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::id::WalletId;
use crate::ledger::model::command::Command;
use crate::ledger::model::request::WalletRequest;
use crate::ledger::model::wallet_state::WalletState;
use crate::ledger::rules::batch::Batch;

/// How many wallets one generation remembers; there are two.
const MAX_WALLETS: usize = 20_000;
/// How many keys one generation remembers, each in a few bytes; there are two.
const MAX_KEYS: usize = 500_000;
/// How many open holds of a wallet are remembered; older ones are read when they are finished.
const MAX_HOLDS: usize = 4_096;
/// Of the last 64 batches, how many may find that a remembered wallet has moved.
const MAX_STALE: u32 = 4;
/// The same for wallets that were read just before.
const MAX_LATE: u32 = 24;
/// How long the writer is then more careful, where nothing else is asked for.
pub(in crate::ledger) const READ_FIRST_FOR: Duration = Duration::from_secs(1);

/// What a writer relies on while it decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CacheMode {
    /// Wallets as it left them.
    #[default]
    Optimistic,
    /// Wallets as they were a moment ago.
    ReadFirst,
    /// Wallets that are locked.
    Lock,
}

/// How a command can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum Access {
    /// At once: its wallet is in the batch.
    Cached,
    /// When its wallet has been read.
    NeedsRead,
    /// Under its wallet's lock.
    NeedsLock,
}

/// One writer's memory.
pub(in crate::ledger) struct Cache {
    wallets: Generations<HashMap<WalletId, Box<WalletState>>>,
    keys: Generations<HashSet<u64>>,
    hasher: RandomState,
    /// A bit for each of the last 64 batches: it found that a wallet had moved.
    stale: u64,
    mode: CacheMode,
    /// When it trusts its memory again.
    careful_until: Option<Instant>,
    /// How long it is careful.
    read_first_for: Duration,
}

/// A young and an old generation: what is not used for a whole generation is forgotten.
#[derive(Default)]
struct Generations<T> {
    young: T,
    old: T,
}

impl Cache {
    /// Starts empty; `read_first_for` is how long it is careful after its memory was stale too often.
    pub(in crate::ledger) fn new(read_first_for: Duration) -> Self {
        Self {
            wallets: Generations::default(),
            keys: Generations::default(),
            hasher: RandomState::new(),
            stale: 0,
            mode: CacheMode::default(),
            careful_until: None,
            read_first_for,
        }
    }

    /// Says how a command can be decided whose wallet is about to be read for commands before it. Its memory of that
    /// wallet is not asked, even where it is trusted again by now: the command waits behind those.
    pub(in crate::ledger) fn access_behind(&mut self, work: &WalletRequest, was_seen: bool) -> Access {
        let can_wait = self.mode() != CacheMode::Lock && !was_seen && spends(&work.request.command);
        if can_wait { Access::NeedsRead } else { Access::NeedsLock }
    }

    /// Puts a command's wallet into a batch, unless it is there; says how the command can be decided. Where its key may
    /// have been used lately, the database must say what it did.
    pub(in crate::ledger) fn access(
        &mut self,
        work: &WalletRequest,
        was_seen: bool,
        batch: &mut Batch,
        now: DateTime<Utc>,
    ) -> Access {
        let command = &work.request.command;
        let mode = self.mode();
        let is_enough = |state: &WalletState| state.core.counts_at(now) && is_enough(state, command);
        if mode == CacheMode::Lock || was_seen {
            return Access::NeedsLock;
        }
        if let Some(state) = batch.state(work.wallet) {
            return if is_enough(state) { Access::Cached } else { Access::NeedsLock };
        }
        match self.wallet(work.wallet).filter(|_| mode == CacheMode::Optimistic) {
            Some(state) if !is_enough(state) => Access::NeedsLock,
            Some(_) => {
                if let Some(state) = self.forget(work.wallet) {
                    batch.know(state);
                }
                Access::Cached
            }
            None if spends(command) => Access::NeedsRead,
            None => Access::NeedsLock,
        }
    }

    fn mode(&mut self) -> CacheMode {
        if self.careful_until.is_some_and(|until| Instant::now() >= until) {
            (self.careful_until, self.mode) = (None, CacheMode::Optimistic);
        }
        self.mode
    }

    /// Ends the time in which it is careful.
    #[cfg(test)]
    pub(in crate::ledger) fn trust_again(&mut self) {
        self.careful_until = Some(Instant::now());
    }

    fn wallet(&self, wallet: WalletId) -> Option<&WalletState> {
        self.wallets.young.get(&wallet).or_else(|| self.wallets.old.get(&wallet)).map(|state| &**state)
    }

    /// Forgets a wallet.
    pub(in crate::ledger) fn forget(&mut self, wallet: WalletId) -> Option<Box<WalletState>> {
        let old = self.wallets.old.remove(&wallet);
        self.wallets.young.remove(&wallet).or(old)
    }

    /// Remembers the wallets of a batch. One with a budget of its project is not remembered: other wallets spend from
    /// that too.
    pub(in crate::ledger) fn keep(&mut self, batch: Batch) {
        if self.wallets.young.len() >= MAX_WALLETS {
            self.wallets.old = std::mem::take(&mut self.wallets.young);
        }
        for mut state in batch.into_states() {
            let id = state.core.id;
            self.wallets.old.remove(&id);
            if state.core.shares_budgets() {
                self.wallets.young.remove(&id);
            } else {
                state.tidy(MAX_HOLDS);
                self.wallets.young.insert(id, state);
            }
        }
    }

    /// Remembers that a key is used; says whether it may have been used before.
    pub(in crate::ledger) fn saw(&mut self, work: &WalletRequest) -> bool {
        if self.keys.young.len() >= MAX_KEYS {
            self.keys.old = std::mem::take(&mut self.keys.young);
        }
        let key = self.hasher.hash_one((work.wallet, &work.request.key));
        !self.keys.young.insert(key) || self.keys.old.contains(&key)
    }

    /// Notes whether a batch found everything as it was decided on.
    pub(in crate::ledger) fn note(&mut self, stale: bool) {
        self.stale = (self.stale << 1) | u64::from(stale);
        let (most, next) = match self.mode {
            CacheMode::Optimistic => (MAX_STALE, CacheMode::ReadFirst),
            CacheMode::ReadFirst | CacheMode::Lock => (MAX_LATE, CacheMode::Lock),
        };
        if self.stale.count_ones() > most {
            (self.stale, self.mode) = (0, next);
            self.careful_until = Instant::now().checked_add(self.read_first_for);
        }
    }
}

/// Says whether a command needs to know nothing but its wallet's numbers and open grants.
fn spends(command: &Command) -> bool {
    match command {
        Command::Charge { .. } | Command::Fee { .. } | Command::Hold { .. } => true,
        Command::Adjustment { amount, .. } => !amount.is_positive(),
        _ => false,
    }
}

/// Says whether a command can be decided by what is remembered of its wallet.
fn is_enough(state: &WalletState, command: &Command) -> bool {
    match command {
        Command::Capture { hold, .. } | Command::Release { hold, .. } | Command::ExpireHold { hold } => {
            state.holds.contains_key(hold)
        }
        // "Nothing is due" (an expiry) writes no row that would show whether the memory is stale: it is never said
        // from memory.
        command => spends(command),
    }
}
