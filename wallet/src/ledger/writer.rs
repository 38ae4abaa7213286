//! The one door: every change of every wallet goes through here.
//!
//! Concurrent commands of many wallets are committed together: while one batch commits, the next one gathers, so
//! there is no lingering and no timer. Each writer serves a range of shards; a batch never mixes shards of two
//! writers. A batch, in one transaction (READ mode):
//!
//! 1. `BEGIN`
//! 2. lock the wallets' rows in the order of their ids;
//! 3. read their open grants, in a later statement, so that it sees what the lock waited for;
//! 4. find what the keys did before;
//! 5. only where a command needs it: ceilings, holds, past debits, named grants, one statement each;
//! 6. decide, in memory, in the order of arrival;
//! 7. write: wallets, grants, entries, and only where there are any: new grants, shares, holds, ceilings;
//! 8. `COMMIT`, and only then answer.
//!
//! That is 8 round trips for a batch of plain charges, whatever its size. A batch holds at most [`MAX_BATCH`]
//! commands. What bounds it is one backend's CPU, about 10–25 µs for each row it writes; not the disk, since a batch
//! costs one flush.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::batch::{Batch, Work};
use super::command::{Command, Outcome};
use super::follow::Followers;
use super::queue::{Job, Queue};
use super::repo::{load, store};
use super::service::Rider;
use super::state::{Core, Grant, Rules, WalletState};
use crate::clock::Clock;
use crate::db::{self, Db};
use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;
use crate::idempotency::IdempotencyKey;

/// The most commands in one batch.
pub(super) const MAX_BATCH: usize = 512;
/// How many commands with riders run at the same time.
const MAX_ALONE: usize = 4;
/// How often a batch is tried again after a conflict, a deadlock or an unknown outcome.
const MAX_TRIES: u32 = 5;

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
    ("lock_timeout", "2s"),
    ("statement_timeout", "15s"),
    ("idle_in_transaction_session_timeout", "15s"),
    ("application_name", "scrip writer"),
];

/// What all writers of a node share.
pub(super) struct Shared {
    pub(super) pool: PgPool,
    pub(super) clock: Clock,
    pub(super) rules: RwLock<Rules>,
    pub(super) followers: Followers,
}

/// The writers of this node.
pub(super) struct Writers {
    pub(super) shared: Arc<Shared>,
    queues: Vec<Arc<Queue>>,
    alone: Arc<Semaphore>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
}

/// Why a batch did not happen.
enum Failure {
    /// Somebody else was quicker: try again.
    Conflict,
    /// The connection broke while committing: it may have happened.
    Unknown,
    /// It has not happened, and trying again at once is no use.
    Failed(Error),
}

/// What a transaction did: an answer for each command, and the state after it.
pub(super) struct Done {
    pub(super) answers: Vec<Result<Outcome>>,
    pub(super) batch: Batch,
}

impl Writers {
    /// Starts the writers and the node's follower poll.
    pub(super) fn start(db: &Db, writers: Option<usize>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let count = writers.unwrap_or(cores).clamp(1, 256);
        let connections = u32::try_from(count.saturating_add(MAX_ALONE)).unwrap_or(u32::MAX);
        let options = db.pool().connect_options().as_ref().clone().options(SESSION);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let shared = Arc::new(Shared {
            pool,
            clock: db.clock().clone(),
            rules: RwLock::default(),
            followers: Followers::default(),
        });
        let stop = CancellationToken::new();
        let queues: Vec<Arc<Queue>> = (0..count).map(|_| Arc::new(Queue::default())).collect();
        let mut tasks: Vec<JoinHandle<()>> =
            queues.iter().map(|queue| tokio::spawn(Arc::clone(&shared).write(Arc::clone(queue)))).collect();
        let (following, pool, stopped) = (Arc::clone(&shared), db.pool().clone(), stop.clone());
        tasks.push(tokio::spawn(async move { following.followers.poll(&pool, &stopped).await }));
        tasks.push(tokio::spawn(keep_time(db.pool().clone(), db.clock().clone(), stop.clone())));
        Self { shared, queues, alone: Arc::new(Semaphore::new(MAX_ALONE)), tasks: Mutex::new(tasks), stop }
    }

    /// Queues a command and waits for its answer; whoever stops waiting changes nothing.
    pub(super) async fn submit(&self, work: Work) -> Result<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.queue(work.wallet)?.push(Job { work, reply })?;
        answer.await.unwrap_or_else(|_| Err(Refusal::OutcomeUnknown.into()))
    }

    /// Does a command in a transaction of its own together with its rider.
    pub(super) async fn submit_alone(&self, work: Work, rider: Arc<dyn Rider>) -> Result<Outcome> {
        if self.stop.is_cancelled() {
            return Err(Refusal::Unavailable.into());
        }
        let (shared, alone) = (Arc::clone(&self.shared), Arc::clone(&self.alone));
        let task = tokio::spawn(async move {
            let _turn = alone.acquire_owned().await.map_err(|_| Refusal::Unavailable)?;
            shared.ride(&work, rider.as_ref()).await
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

impl Shared {
    /// Writes batch after batch until the queue is closed and empty.
    async fn write(self: Arc<Self>, queue: Arc<Queue>) {
        if let Err(error) = db::observe_clock(&self.pool, &self.clock).await {
            tracing::warn!(%error, "the database's clock could not be read");
        }
        while let Some(jobs) = queue.take(MAX_BATCH).await {
            self.run(jobs).await;
        }
    }

    /// Does a batch and answers; where the whole fails, each command is tried alone, so that one that the database
    /// does not take disturbs no other.
    async fn run(&self, jobs: Vec<Job>) {
        let (works, replies): (Vec<Work>, Vec<_>) = jobs.into_iter().map(|job| (job.work, job.reply)).unzip();
        let answers = match self.commit(&works).await {
            Ok(answers) => answers,
            Err(Error::Internal(error)) if works.len() > 1 => {
                tracing::warn!(%error, commands = works.len(), "a batch failed; its commands are tried one by one");
                let mut answers = Vec::with_capacity(works.len());
                for work in &works {
                    answers.push(self.one(work).await);
                }
                answers
            }
            Err(error) => works.iter().map(|_| Err(again(&error))).collect(),
        };
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Nobody listens where the caller went away: what happened has happened.
            drop(reply.send(answer));
        }
    }

    /// Does one command in a transaction of its own.
    async fn one(&self, work: &Work) -> Result<Outcome> {
        let answers = self.commit(std::slice::from_ref(work)).await?;
        answers.into_iter().next().unwrap_or_else(|| Err(Error::internal("a command without an answer")))
    }

    /// Does a batch, and tries again where that can help.
    async fn commit(&self, works: &[Work]) -> Result<Vec<Result<Outcome>>> {
        let mut unknown = false;
        for attempt in 1..=MAX_TRIES {
            match self.attempt(works, None).await {
                Ok(done) => return Ok(self.publish(done)),
                Err(Failure::Conflict) => {}
                // The keys tell, under the wallets' locks, what has happened.
                Err(Failure::Unknown) => unknown = true,
                Err(Failure::Failed(Error::Refused(Refusal::Unavailable))) if unknown => {}
                Err(Failure::Failed(error)) => return Err(error),
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(if unknown { Refusal::OutcomeUnknown.into() } else { Refusal::Unavailable.into() })
    }

    /// Does a command together with its rider.
    async fn ride(&self, work: &Work, rider: &dyn Rider) -> Result<Outcome> {
        let mut unknown = false;
        for attempt in 1..=MAX_TRIES {
            match self.attempt(std::slice::from_ref(work), Some(rider)).await {
                Ok(done) => {
                    let first = self.publish(done).into_iter().next();
                    return first.unwrap_or_else(|| Err(Error::internal("a command without an answer")));
                }
                Err(Failure::Conflict) => {}
                Err(Failure::Unknown) => unknown = true,
                Err(Failure::Failed(Error::Refused(Refusal::Unavailable))) if unknown => {}
                Err(Failure::Failed(error)) => return Err(error),
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(if unknown { Refusal::OutcomeUnknown.into() } else { Refusal::Unavailable.into() })
    }

    /// Does commands in one transaction, once.
    async fn attempt(&self, works: &[Work], rider: Option<&dyn Rider>) -> Result<Done, Failure> {
        let mut transaction = self.pool.begin().await.map_err(|error| before_commit(error.into()))?;
        let rules = self.rules();
        let done = transact(&mut transaction, works, &self.clock, &rules).await.map_err(before_commit)?;
        if let (Some(rider), Some(Ok(outcome))) = (rider, done.answers.first()) {
            rider.ride(&mut transaction, outcome).await.map_err(before_commit)?;
        }
        transaction.commit().await.map_err(while_committing)?;
        Ok(done)
    }

    /// Tells followers what was committed, and gives the answers.
    fn publish(&self, done: Done) -> Vec<Result<Outcome>> {
        for (_, now) in done.batch.wallets() {
            self.followers.publish(now.id, now.seq);
        }
        done.answers
    }

    /// Gives the catalog's settings.
    pub(super) fn rules(&self) -> Rules {
        *self.rules.read().unwrap_or_else(PoisonError::into_inner)
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

/// Waits longer after each try, and not as long as another node that waits for the same.
fn pause(attempt: u32) -> Duration {
    let jitter = u64::from(std::process::id() % 7);
    Duration::from_millis(u64::from(attempt).saturating_mul(5).saturating_add(jitter))
}

/// Repeats an error for another command of the same batch.
fn again(error: &Error) -> Error {
    match error {
        Error::Refused(refusal) => Error::Refused(refusal.clone()),
        Error::Internal(cause) => Error::internal(cause.to_string()),
    }
}

/// Tells what an error before the commit means: nothing has happened.
fn before_commit(error: Error) -> Failure {
    let Error::Internal(cause) = error else { return Failure::Failed(error) };
    let Some(database) = cause.downcast_ref::<sqlx::Error>() else { return Failure::Failed(Error::Internal(cause)) };
    match database {
        sqlx::Error::Database(told) => match told.code().as_deref() {
            // Serialization failure, deadlock, and a key that another node has just used.
            Some("40001" | "40P01" | "23505") => Failure::Conflict,
            // Lock timeout, too many connections, the server stops or starts, read-only, disk full.
            Some("55P03" | "53300" | "53100" | "57P01" | "57P02" | "57P03" | "25006") => {
                tracing::warn!(error = %database, "the ledger is not available");
                Failure::Failed(Refusal::Unavailable.into())
            }
            _ => Failure::Failed(Error::Internal(cause)),
        },
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Protocol(_) => {
            tracing::warn!(error = %database, "the ledger is not available");
            Failure::Failed(Refusal::Unavailable.into())
        }
        _ => Failure::Failed(Error::Internal(cause)),
    }
}

/// Tells what an error of the commit itself means: unless the server said no, it may have happened.
fn while_committing(error: sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Database(_) => before_commit(Error::Internal(Box::new(error))),
        error => {
            tracing::warn!(%error, "the outcome of a commit is not known");
            Failure::Unknown
        }
    }
}

/// Does commands in the given transaction: locks, reads, decides, writes.
pub(super) async fn transact(
    connection: &mut PgConnection,
    works: &[Work],
    clock: &Clock,
    rules: &Rules,
) -> Result<Done> {
    let mut batch = load_batch(connection, works).await?;
    let now = clock.now();
    let answers = works.iter().map(|work| batch.perform(work, now, rules)).collect();
    store::store(connection, &batch).await?;
    Ok(Done { answers, batch })
}

/// Locks and reads everything that the commands' decisions look at.
async fn load_batch(connection: &mut PgConnection, works: &[Work]) -> Result<Batch> {
    let wallets: BTreeSet<WalletId> =
        works.iter().flat_map(|work| [Some(work.wallet), work.other_wallet()]).flatten().collect();
    let wallets: Vec<WalletId> = wallets.into_iter().collect();
    let locked = load::lock_wallets(connection, &wallets).await?;
    let mut states: HashMap<WalletId, WalletState> = HashMap::with_capacity(locked.len());
    let budgeted: BTreeSet<_> = locked
        .iter()
        .filter(|wallet| wallet.budgeted)
        .map(|wallet| (wallet.core.id.shard.as_i16(), wallet.project))
        .collect();
    let projects: HashMap<WalletId, uuid::Uuid> =
        locked.iter().map(|wallet| (wallet.core.id, wallet.project)).collect();
    for wallet in locked {
        let state = WalletState { core: wallet.core, holds: Default::default(), debits: Default::default() };
        states.insert(state.core.id, state);
    }
    for (wallet, grant) in load::open_grants(connection, &wallets).await? {
        add_grant(&mut states, wallet, grant);
    }
    if !budgeted.is_empty() {
        let budgeted: Vec<_> = budgeted.into_iter().collect();
        for (project, wallet, budget) in load::lock_budgets(connection, &budgeted).await? {
            let concerned = |core: &Core| {
                projects.get(&core.id) == Some(&project) && wallet.is_none_or(|number| number == core.id.number)
            };
            for state in states.values_mut().filter(|state| concerned(&state.core)) {
                state.core.budgets.push(budget.clone());
            }
        }
    }
    let keys: Vec<(WalletId, &IdempotencyKey)> = works.iter().map(|work| (work.wallet, &work.request.key)).collect();
    let done = load::done(connection, &keys).await?;
    load_named(connection, works, &mut states).await?;
    let mut batch = Batch::default();
    states.into_values().for_each(|state| batch.know(state));
    for (wallet, key, done) in done {
        batch.know_done(wallet, key, done);
    }
    Ok(batch)
}

/// Reads what commands name: holds, past debits and the grants that these come back to.
async fn load_named(
    connection: &mut PgConnection,
    works: &[Work],
    states: &mut HashMap<WalletId, WalletState>,
) -> Result<()> {
    let mut holds = Vec::new();
    let mut debits = Vec::new();
    let mut grants = Vec::new();
    for work in works.iter().filter(|work| states.contains_key(&work.wallet)) {
        match &work.request.command {
            Command::Capture { hold, .. } | Command::Release { hold, .. } | Command::ExpireHold { hold } => {
                holds.push((work.wallet, *hold));
            }
            Command::CreditBack { charge, .. } => debits.push((work.wallet, *charge)),
            Command::Clawback { grant: Some(grant), .. } => grants.push((work.wallet, *grant)),
            _ => {}
        }
    }
    if !holds.is_empty() {
        for (wallet, hold) in load::holds(connection, &holds).await? {
            if let Some(state) = states.get_mut(&wallet) {
                state.holds.insert(hold.seq, hold);
            }
        }
    }
    if !debits.is_empty() {
        for (wallet, debit) in load::debits(connection, &debits).await? {
            grants.extend(debit.allocations.iter().map(|share| (wallet, share.grant)));
            if let Some(state) = states.get_mut(&wallet) {
                state.debits.insert(debit.entry.seq, debit);
            }
        }
    }
    if !grants.is_empty() {
        for (wallet, grant) in load::grants(connection, &grants).await? {
            add_grant(states, wallet, grant);
        }
    }
    Ok(())
}

/// Adds a grant in its place of the burn order, unless it is there.
fn add_grant(states: &mut HashMap<WalletId, WalletState>, wallet: WalletId, grant: Grant) {
    let Some(state) = states.get_mut(&wallet) else { return };
    let grants = &mut state.core.grants;
    if grants.iter().any(|known| known.id == grant.id) {
        return;
    }
    let place = grants.partition_point(|known| known.burn_key() <= grant.burn_key());
    grants.insert(place, grant);
}
