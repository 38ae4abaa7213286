//! Commands that wait for their writer: bounded, and fair between wallets.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::error::{Refusal, Result};
use crate::id::WalletId;
use crate::ledger::model::command::Outcome;
use crate::ledger::model::request::WalletRequest;
use crate::ledger::writer::failure::CommitState;

/// How many commands may wait for one writer; the next one hears "unavailable".
pub(in crate::ledger) const CAPACITY: usize = 8192;
/// How many of them may be one wallet's, so that a flood on one wallet leaves room for the others.
pub(in crate::ledger) const WALLET_CAPACITY: usize = 4096;

/// A command that waits, and where its answer goes. Nobody may be there any more to hear it.
pub(in crate::ledger) struct Job {
    pub(in crate::ledger) work: Box<WalletRequest>,
    pub(in crate::ledger) reply: oneshot::Sender<Result<Outcome>>,
    /// What is known of it so far: whether an earlier try may have been committed.
    pub(in crate::ledger) commit_state: CommitState,
}

impl Job {
    /// Makes a job that was not tried yet.
    pub(in crate::ledger) const fn new(work: Box<WalletRequest>, reply: oneshot::Sender<Result<Outcome>>) -> Self {
        Self { work, reply, commit_state: CommitState::NotCommitted }
    }

    /// Answers that it could not be done: that nothing has happened, or that the outcome is unknown.
    pub(in crate::ledger) fn refuse(self) {
        drop(self.reply.send(Err(self.commit_state.refusal().into())));
    }
}

/// The commands of one writer. Wallets take turns, one command each; a wallet's own stay in order.
#[derive(Default)]
pub(in crate::ledger) struct Queue {
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
    pub(in crate::ledger) fn push(&self, job: Job) -> Result<()> {
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
    pub(in crate::ledger) async fn take(&self, cap: usize) -> Option<Vec<Job>> {
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
    pub(in crate::ledger) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Refuses new commands and drops those that wait, whose callers then hear that the outcome is unknown.
    pub(in crate::ledger) fn abandon(&self) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;
    use crate::idempotency::{IdempotencyKey, RequestHash};
    use crate::identity::Actor;
    use crate::ledger::model::command::Command;
    use crate::ledger::model::request::Request;

    fn job(wallet: WalletId, name: usize) -> Job {
        let request = Request {
            command: Command::ExpireGrants,
            key: IdempotencyKey::parse(&format!("k{name}")).expect("a key"),
            request_hash: RequestHash::of(b""),
            actor: Actor::system("test"),
            metadata: serde_json::Value::Null,
            metadata_text: None,
        };
        Job::new(Box::new(WalletRequest { wallet, request }), oneshot::channel().0)
    }

    fn names(jobs: &[Job]) -> Vec<String> {
        jobs.iter().map(|job| job.work.request.key.as_str().to_owned()).collect()
    }

    #[tokio::test]
    async fn wallets_take_turns_and_keep_their_own_order() {
        let (one, two) = (WalletId::new(AccountId::new()), WalletId::new(AccountId::new()));
        let queue = Queue::default();
        for name in 0..3 {
            queue.push(job(one, name)).expect("room");
        }
        queue.push(job(two, 9)).expect("room");
        assert_eq!(names(&queue.take(2).await.expect("jobs")), ["k0", "k9"]);
        assert_eq!(names(&queue.take(9).await.expect("jobs")), ["k1", "k2"]);
    }

    #[tokio::test]
    async fn a_flood_on_one_wallet_leaves_room_for_others() {
        let (flooded, other) = (WalletId::new(AccountId::new()), WalletId::new(AccountId::new()));
        let queue = Queue::default();
        for name in 0..WALLET_CAPACITY {
            queue.push(job(flooded, name)).expect("room");
        }
        assert!(matches!(queue.push(job(flooded, 0)), Err(crate::error::Error::Refused(Refusal::Unavailable))));
        queue.push(job(other, 0)).expect("room");
        // The other one's turn comes at once.
        assert_eq!(names(&queue.take(2).await.expect("jobs")), ["k0", "k0"]);
    }

    #[tokio::test]
    async fn a_closed_queue_gives_what_waits_and_takes_no_more() {
        let wallet = WalletId::new(AccountId::new());
        let queue = Queue::default();
        queue.push(job(wallet, 1)).expect("room");
        queue.close();
        assert!(queue.push(job(wallet, 2)).is_err());
        assert_eq!(names(&queue.take(9).await.expect("jobs")), ["k1"]);
        assert!(queue.take(9).await.is_none());
    }
}
