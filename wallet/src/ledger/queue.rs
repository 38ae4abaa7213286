//! Commands that wait for their writer: bounded, and fair between wallets.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::batch::Work;
use super::command::Outcome;
use crate::error::{Refusal, Result};
use crate::id::WalletId;

/// How many commands may wait for one writer; the next one hears "unavailable".
pub(super) const CAPACITY: usize = 8192;
/// How many of them may be one wallet's, so that a flood on one wallet leaves room for the others.
pub(super) const WALLET_CAPACITY: usize = 4096;

/// A command that waits, and where its answer goes. Nobody may be there any more to hear it.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Result<Outcome>>,
}

/// The commands of one writer. Wallets take turns, one command each; a wallet's own stay in order.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    waiting: HashMap<WalletId, VecDeque<Job>>,
    turns: VecDeque<WalletId>,
    total: usize,
    closed: bool,
}

impl Queue {
    /// Adds a command, or refuses: full, or stopping.
    pub(super) fn push(&self, job: Job) -> Result<()> {
        let mut state = self.lock();
        let wallet = job.work.wallet;
        let mine = state.waiting.get(&wallet).map_or(0, VecDeque::len);
        if state.closed || state.total >= CAPACITY || mine >= WALLET_CAPACITY {
            return Err(Refusal::Unavailable.into());
        }
        state.total += 1;
        if mine == 0 {
            state.turns.push_back(wallet);
        }
        state.waiting.entry(wallet).or_default().push_back(job);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Takes what waits, at most `cap`; waits while there is nothing. `None` once closed and empty.
    pub(super) async fn take(&self, cap: usize) -> Option<Vec<Job>> {
        loop {
            let woken = self.wake.notified();
            {
                let mut state = self.lock();
                if state.total > 0 {
                    return Some(state.take(cap));
                }
                if state.closed {
                    return None;
                }
            }
            woken.await;
        }
    }

    /// Refuses new commands; those that wait are still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Refuses new commands and drops those that wait, whose callers then hear that the outcome is not known.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        state.turns.clear();
        state.total = 0;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, cap: usize) -> Vec<Job> {
        let mut jobs = Vec::with_capacity(self.total.min(cap));
        while jobs.len() < cap {
            let Some(wallet) = self.turns.pop_front() else { break };
            let Some(waiting) = self.waiting.get_mut(&wallet) else { continue };
            if let Some(job) = waiting.pop_front() {
                jobs.push(job);
                self.total = self.total.saturating_sub(1);
            }
            if waiting.is_empty() {
                self.waiting.remove(&wallet);
            } else {
                self.turns.push_back(wallet);
            }
        }
        jobs
    }
}
