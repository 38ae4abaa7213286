//! The way around a wallet that somebody else keeps locked: a session that hangs, or a person at the database.
//!
//! A batch waits for such a wallet only briefly; then it goes on without it, and the wallet's commands wait in
//! transactions of their own, where nobody waits behind them: one after another, in their order. Only a few wallets can
//! be waited for at the same time, each by one task: a command of another one is refused at once. The wallet's later
//! commands go the same way until one of them got through, or [`REMEMBERED`] is over.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Refusal};
use crate::id::WalletId;
use crate::ledger::writer::locked_commit::{LockWait, Shared};
use crate::ledger::writer::queue::Job;

/// How many wallets' commands may wait apart at the same time.
pub(in crate::ledger) const MAX_BLOCKED: usize = 4;
/// How long a wallet that was found locked is kept out of batches.
const REMEMBERED: Duration = Duration::from_secs(5);

/// The wallets that were found locked by somebody else, and the commands that wait for them.
#[derive(Default)]
pub(in crate::ledger) struct BlockedWallets {
    found: Mutex<HashMap<WalletId, Instant>>,
    waiting: Mutex<HashMap<WalletId, VecDeque<Job>>>,
}

impl BlockedWallets {
    /// Names the wallets that are to be kept out of batches now.
    pub(in crate::ledger) fn now(&self) -> HashSet<WalletId> {
        let mut wallets = lock(&self.found);
        if !wallets.is_empty() {
            let now = Instant::now();
            wallets.retain(|_, until| *until > now);
        }
        wallets.keys().copied().collect()
    }

    /// Keeps wallets out of batches for a while.
    pub(in crate::ledger) fn note(&self, found: &BTreeSet<WalletId>) {
        let Some(until) = Instant::now().checked_add(REMEMBERED) else { return };
        lock(&self.found).extend(found.iter().map(|wallet| (*wallet, until)));
    }

    fn forget(&self, wallet: WalletId) {
        lock(&self.found).remove(&wallet);
    }

    /// Adds a command behind those that wait for its wallet; says whether it is the first, so that a task must be
    /// started for them. Gives it back where too many wallets are waited for already.
    fn wait(&self, job: Job) -> Result<bool, Box<Job>> {
        let mut waiting = lock(&self.waiting);
        let (wallet, wallets) = (job.work.wallet, waiting.len());
        match waiting.get_mut(&wallet) {
            Some(jobs) => jobs.push_back(job),
            None if wallets >= MAX_BLOCKED => return Err(Box::new(job)),
            None => {
                waiting.insert(wallet, VecDeque::from([job]));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the next command of a wallet; the last one gone, nobody waits for it any more.
    fn next(&self, wallet: WalletId) -> Option<Job> {
        let mut waiting = lock(&self.waiting);
        let job = waiting.get_mut(&wallet)?.pop_front();
        if job.is_none() {
            waiting.remove(&wallet);
        }
        job
    }

    /// Takes all that wait for a wallet.
    fn leave(&self, wallet: WalletId) -> VecDeque<Job> {
        lock(&self.waiting).remove(&wallet).unwrap_or_default()
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Lets commands wait apart for their wallets, each wallet's in their order.
    pub(in crate::ledger) fn set_aside_blocked(self: &Arc<Self>, jobs: Vec<Job>) {
        for job in jobs {
            let wallet = job.work.wallet;
            match self.blocked_wallets.wait(job) {
                Ok(true) => {
                    let shared = Arc::clone(self);
                    tokio::spawn(async move { shared.wait_apart(wallet).await });
                }
                Ok(false) => {}
                Err(job) => job.refuse(),
            }
        }
    }

    /// Does a wallet's commands one by one; the first that the wallet is not free for speaks for all behind it.
    async fn wait_apart(self: Arc<Self>, wallet: WalletId) {
        // However this task ends, whoever still waits must hear so.
        let leaving = Leaving(&self.blocked_wallets, wallet);
        loop {
            let Some(Job { work, reply, commit_state }) = self.blocked_wallets.next(wallet) else {
                std::mem::forget(leaving);
                return;
            };
            let answer = self.alone(&work, None, commit_state, LockWait::Long).await;
            let is_blocked = matches!(&answer, Err(Error::Refused(Refusal::Unavailable | Refusal::OutcomeUnknown)));
            drop(reply.send(answer));
            if is_blocked {
                return;
            }
            self.blocked_wallets.forget(wallet);
        }
    }
}

/// Refuses whoever still waits for a wallet when its task ends.
struct Leaving<'a>(&'a BlockedWallets, WalletId);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1).into_iter().for_each(Job::refuse);
    }
}
