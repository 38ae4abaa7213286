//! The one door: every change of every wallet goes through here.
//!
//! Concurrent commands of many wallets are committed together: while one batch commits, the next one gathers and is
//! decided on top of it ([`pipeline`]), so there is no lingering and no timer, and the processor of the database and
//! ours work at the same time. Each writer serves a range of shards; a batch never mixes shards of two
//! writers, and holds at most [`MAX_BATCH`] commands. Wallets take turns in it, so that a flood on one delays the
//! others by little. An answer is given only after the commit.
//!
//! What a batch costs, whatever its size:
//!
//! - **From memory** (the steady state): the writer remembers the wallets as it left them ([`wallet_cache`]), decides
//!   at once, and writes wallets, grants, budgets, entries and shares in **one statement, one round trip, one flush**.
//!   It succeeds only if no wallet has moved meanwhile. A refusal is never answered from memory.
//! - **After reading** (a wallet that is not remembered, or where another node keeps moving it): two reads more, of
//!   wallets and of open grants, and then the same statement on the same condition.
//! - **Under locks** (a wallet under a budget of its project, one that has moved, or a refusal; a key seen before;
//!   grants, credit-backs, clawbacks, transfers): one transaction of 6 round trips:
//!   1. `BEGIN`
//!   2. lock the wallets' rows in the order of their ids;
//!   3. read their open grants, in a later statement, so that it sees what the lock waited for;
//!   4. find what the keys did before; and only where a command needs it: budgets, holds, past debits, named grants,
//!      one statement each;
//!   5. decide, in memory, in the order of arrival; write, by the same statement as from memory, with new grants by one
//!      for each table;
//!   6. `COMMIT`, and only then answer.
//!
//! Where somebody else keeps a wallet locked, a batch waits a quarter of a second, then goes on without that wallet,
//! whose commands wait apart for up to two seconds ([`blocked_wallets`]).
//!
//! What bounds it is one backend's CPU, about 10–25 µs for each command (rows and their index entries); not the
//! disk, since a batch costs one flush.

pub(super) mod blocked_wallets;
pub(super) mod failure;
pub(super) mod load_batch;
pub(super) mod locked_commit;
pub(super) mod pipeline;
pub(super) mod queue;
pub(super) mod wallet_cache;
pub(super) mod watch;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::db::{self, Db};
use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;
use crate::ledger::model::command::Outcome;
use crate::ledger::model::request::WalletRequest;
use crate::ledger::model::tx_hook::TxHook;
use crate::ledger::writer::blocked_wallets::{BlockedWallets, MAX_BLOCKED};
use crate::ledger::writer::failure::CommitState;
use crate::ledger::writer::locked_commit::{LockWait, Shared};
use crate::ledger::writer::queue::{Job, Queue};
use crate::ledger::writer::watch::Watchers;

/// The most commands in one batch.
pub(super) const MAX_BATCH: usize = 512;
/// How many commands with hooks run at the same time.
const MAX_ALONE: usize = 4;
/// How often the database's clock is read.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);

/// The settings of the writers' sessions. The planner's: statements planned while the tables were small would scan
/// them for ever. The limits: nobody waits for a lock, or keeps one, without end.
const SESSION: [(&str, &str); 9] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_seqscan", "off"),
    ("jit", "off"),
    ("lock_timeout", "250ms"),
    ("statement_timeout", "15s"),
    ("idle_in_transaction_session_timeout", "15s"),
    ("application_name", "scrip writer"),
];

/// How the ledger works on this node.
#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerOptions {
    /// How many writers; as many as cores where nothing is said.
    pub(crate) writers: Option<usize>,
    /// How long a writer reads wallets first after its memory was stale too often; a second where nothing is said.
    pub read_first_for: Option<Duration>,
}

/// The writers of this node.
pub(super) struct Writers {
    pub(super) shared: Arc<Shared>,
    queues: Vec<Arc<Queue>>,
    alone: Arc<Semaphore>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
}

impl Writers {
    /// Starts the writers and the node's follower poll.
    pub(super) fn start(db: &Db, options: &LedgerOptions) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let count = options.writers.unwrap_or(cores).clamp(1, 256);
        // Each writer keeps one and takes a second one while it reads.
        let connections =
            u32::try_from(count.saturating_mul(2).saturating_add(MAX_ALONE + MAX_BLOCKED)).unwrap_or(u32::MAX);
        let session = db.pool().connect_options().as_ref().clone().options(SESSION);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(2))
            .test_before_acquire(false)
            .connect_lazy_with(session);
        let shared = Arc::new(Shared {
            pool,
            clock: db.clock().clone(),
            rules: RwLock::default(),
            watchers: Watchers::default(),
            blocked_wallets: BlockedWallets::default(),
            read_first_for: options.read_first_for,
        });
        let stop = CancellationToken::new();
        let queues: Vec<Arc<Queue>> = (0..count).map(|_| Arc::new(Queue::default())).collect();
        let mut tasks: Vec<JoinHandle<()>> =
            queues.iter().map(|queue| tokio::spawn(keep_writing(Arc::clone(&shared), Arc::clone(queue)))).collect();
        let (watching, pool, stopped) = (Arc::clone(&shared), db.pool().clone(), stop.clone());
        tasks.push(tokio::spawn(async move { watching.watchers.poll(&pool, &stopped).await }));
        tasks.push(tokio::spawn(keep_time(db.pool().clone(), db.clock().clone(), stop.clone())));
        Self { shared, queues, alone: Arc::new(Semaphore::new(MAX_ALONE)), tasks: Mutex::new(tasks), stop }
    }

    /// Queues a command and waits for its answer; whoever stops waiting changes nothing.
    pub(super) async fn submit(&self, work: Box<WalletRequest>) -> Result<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.queue(work.wallet)?.push(Job::new(work, reply))?;
        answer.await.unwrap_or_else(|_| Err(Refusal::OutcomeUnknown.into()))
    }

    /// Does a command in a transaction of its own together with its hook.
    pub(super) async fn submit_alone(&self, work: Box<WalletRequest>, hook: Arc<dyn TxHook>) -> Result<Outcome> {
        if self.stop.is_cancelled() {
            return Err(Refusal::Unavailable.into());
        }
        let (shared, alone) = (Arc::clone(&self.shared), Arc::clone(&self.alone));
        let task = tokio::spawn(async move {
            let _turn = alone.acquire_owned().await.map_err(|_| Refusal::Unavailable)?;
            shared.alone(&work, Some(hook.as_ref()), CommitState::NotCommitted, LockWait::Long).await
        });
        task.await.unwrap_or_else(|cause| Err(Error::internal(cause)))
    }

    /// Finishes what is queued, then closes the connections.
    pub(super) async fn shutdown(&self) {
        self.stop.cancel();
        self.alone.close();
        for queue in &self.queues {
            queue.close();
        }
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a ledger writer ended badly");
            }
        }
        self.shared.pool.close().await;
    }

    /// Finds the writer of a wallet: each serves a range of shards.
    fn queue(&self, wallet: WalletId) -> Result<&Arc<Queue>> {
        let shard = usize::try_from(wallet.shard.as_i16()).map_err(|_| Refusal::not_found("wallet"))?;
        let place = shard.min(255).saturating_mul(self.queues.len()) / 256;
        self.queues.get(place).ok_or_else(|| Refusal::not_found("wallet").into())
    }
}

impl Drop for Writers {
    /// Lets the writers end when the last handle is gone.
    fn drop(&mut self) {
        self.stop.cancel();
        for queue in &self.queues {
            queue.close();
        }
    }
}

/// Lets one writer after another serve a queue until it is closed and empty.
async fn keep_writing(shared: Arc<Shared>, queue: Arc<Queue>) {
    one_after_another(|| Arc::clone(&shared).write(Arc::clone(&queue))).await;
}

/// Runs a task to its end; where one breaks, a new one takes its place. Whoever waited for an answer of the broken one
/// hears that the outcome is unknown.
async fn one_after_another<Task>(task: impl Fn() -> Task)
where
    Task: Future<Output = ()> + Send + 'static,
{
    while let Err(error) = tokio::spawn(task()).await {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "a ledger writer broke; another one takes its place");
    }
}

/// Follows the database's clock, and the deployment's demo offset, until stopped.
async fn keep_time(pool: PgPool, clock: Clock, stop: CancellationToken) {
    if clock.is_fixed() {
        return;
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(OBSERVE_EVERY) => {}
        }
        // A database that is away is told about where it matters; the process's own count goes on meanwhile.
        drop(db::observe_clock(&pool, &clock).await);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_writer_that_breaks_is_replaced() {
        let begun = Arc::new(AtomicU32::new(0));
        let writer = || {
            let begun = Arc::clone(&begun);
            async move { assert!(begun.fetch_add(1, Ordering::SeqCst) > 1, "breaks twice") }
        };
        one_after_another(writer).await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
