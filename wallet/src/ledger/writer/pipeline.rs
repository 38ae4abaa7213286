//! One writer's loop: while a batch is on its way to the database, the next one is decided on top of it.
//!
//! A batch is written by one statement that holds only if every wallet is as it was decided on: remembered, or read
//! just before without a lock. What is decided meanwhile rests on it: where it is not committed, both are done again
//! under locks, in their order. Nobody hears an answer before the batch that it rests on is committed.

use std::collections::{BTreeSet, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use chrono::{DateTime, Utc};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use crate::db;
use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::model::command::Outcome;
use crate::ledger::model::request::WalletRequest;
use crate::ledger::model::wallet_state::{Rules, WalletState};
use crate::ledger::repo::write_if_unchanged::{self, Writes};
use crate::ledger::rules::batch::Batch;
use crate::ledger::writer::failure::{CommitState, Failure, before_commit, while_committing};
use crate::ledger::writer::locked_commit::{Progress, Shared};
use crate::ledger::writer::queue::{Job, Queue};
use crate::ledger::writer::wallet_cache::{Access, Cache, READ_FIRST_FOR};
use crate::ledger::writer::{MAX_BATCH, load_batch};

/// Commands on their way to one statement.
#[derive(Default)]
struct PendingBatch {
    jobs: Vec<Job>,
    /// What was decided from memory, job by job: holds once the batch has committed.
    answers: Vec<Option<Result<Outcome>>>,
    batch: Batch,
    /// Wallets that must be read first, and the places of the commands that wait for that.
    unread: BTreeSet<WalletId>,
    waiting: Vec<usize>,
    /// Wallets of commands that must be decided under a lock; later commands of theirs wait behind those.
    locked: HashSet<WalletId>,
    /// Commands of wallets that somebody else keeps locked: they wait apart
    /// ([`crate::ledger::writer::blocked_wallets`]).
    set_aside: Vec<Job>,
}

/// What commands are decided by at one moment.
struct Moment {
    rules: Rules,
    now: DateTime<Utc>,
    /// Wallets that are kept out of batches.
    blocked_wallets: HashSet<WalletId>,
}

impl PendingBatch {
    /// Adds commands: decides what can be decided from memory. What is refused is decided again under a lock.
    fn add(&mut self, jobs: Vec<Job>, moment: &Moment, cache: &mut Cache) {
        for job in jobs {
            if moment.blocked_wallets.contains(&job.work.wallet) {
                self.set_aside.push(job);
                continue;
            }
            let (work, place) = (&job.work, self.jobs.len());
            let was_seen = cache.saw(work);
            let access = if self.locked.contains(&work.wallet) {
                Access::NeedsLock
            } else if self.unread.contains(&work.wallet) {
                cache.access_behind(work, was_seen)
            } else {
                cache.access(work, was_seen, &mut self.batch, moment.now)
            };
            let answer = match access {
                Access::Cached => self.batch.perform(work, moment.now, &moment.rules).ok().map(Ok),
                Access::NeedsRead | Access::NeedsLock => None,
            };
            if access == Access::NeedsRead {
                self.unread.insert(work.wallet);
                self.waiting.push(place);
            } else if answer.is_none() {
                self.locked.insert(work.wallet);
                cache.forget(work.wallet);
            }
            self.jobs.push(job);
            self.answers.push(answer);
        }
    }

    /// Says whether wallets must be read before the commands can be decided.
    fn must_read(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Reads the wallets that are not remembered, and decides what waited for that.
    async fn read(&mut self, shared: &Shared, cache: &mut Cache) {
        let wallets: Vec<WalletId> = std::mem::take(&mut self.unread).into_iter().collect();
        let states = shared.peek(&wallets).await.unwrap_or_else(|error| {
            // Whoever locks them will say what is wrong.
            tracing::debug!(%error, "wallets could not be read");
            Vec::new()
        });
        self.decide_waiting(states, &shared.moment(), cache);
    }

    /// Decides what waited for wallets, as they were read.
    fn decide_waiting(&mut self, states: Vec<WalletState>, moment: &Moment, cache: &mut Cache) {
        states.into_iter().for_each(|state| self.batch.know(Box::new(state)));
        for place in std::mem::take(&mut self.waiting) {
            let (Some(Job { work, .. }), Some(answer)) = (self.jobs.get(place), self.answers.get_mut(place)) else {
                continue;
            };
            if !self.locked.contains(&work.wallet) {
                *answer = self.batch.perform(work, moment.now, &moment.rules).ok().map(Ok);
            }
            if answer.is_none() {
                self.locked.insert(work.wallet);
                cache.forget(work.wallet);
            }
        }
    }

    /// Makes what was decided ready to be stored, and remembers the wallets as if it were. `None` where nothing was.
    /// What can't be stored like that is taken back.
    fn close(&mut self, cache: &mut Cache) -> Option<Writes> {
        let mut batch = std::mem::take(&mut self.batch);
        let writes = match batch.take_changes() {
            Ok(changes) if changes.is_empty() => None,
            Ok(changes) => Some(Writes::of(changes).map_err(|_| "it makes or takes back grants".to_owned())),
            Err(error) => Some(Err(error.to_string())),
        };
        match writes.transpose() {
            Ok(writes) => {
                cache.keep(batch);
                writes
            }
            Err(why) => {
                tracing::error!(why, "what was decided from memory can't be stored; it is decided again under locks");
                self.void(cache, CommitState::NotCommitted);
                None
            }
        }
    }

    /// Takes back what was decided: it is decided again under a lock. `commit_state` is what came of storing it.
    fn void(&mut self, cache: &mut Cache, commit_state: CommitState) {
        self.batch = Batch::default();
        for (job, answer) in self.jobs.iter_mut().zip(&mut self.answers) {
            if answer.take().is_some() {
                job.commit_state = job.commit_state.or(commit_state);
                cache.forget(job.work.wallet);
                self.locked.insert(job.work.wallet);
            }
        }
    }

    /// Does what must be decided under a lock. What somebody else keeps locked is set aside.
    async fn finish(&mut self, shared: &Arc<Shared>, cache: &mut Cache) {
        let left = self.jobs.iter_mut().zip(&mut self.answers).filter(|(_, answer)| answer.is_none());
        let (mut jobs, slots): (Vec<&mut Job>, Vec<_>) = left.unzip();
        if jobs.is_empty() {
            return;
        }
        let works: Vec<&WalletRequest> = jobs.iter().map(|job| &*job.work).collect();
        let commit_state =
            jobs.iter().fold(CommitState::NotCommitted, |commit_state, job| commit_state.or(job.commit_state));
        let told = shared.after_reading(&works, cache, commit_state).await;
        for ((job, slot), told) in jobs.iter_mut().zip(slots).zip(told) {
            match told {
                Progress::Answer(answer) => *slot = Some(answer),
                Progress::Blocked(commit_state) => job.commit_state = job.commit_state.or(commit_state),
            }
        }
    }

    /// Answers. Nobody listens where the caller went away: what happened has happened.
    fn answer(mut self, shared: &Arc<Shared>) {
        for (job, answer) in self.jobs.into_iter().zip(self.answers) {
            match answer {
                Some(answer) => drop(job.reply.send(answer)),
                None => self.set_aside.push(job),
            }
        }
        shared.set_aside_blocked(self.set_aside);
    }
}

impl Shared {
    /// Writes batch after batch until the queue is closed and empty.
    pub(in crate::ledger) async fn write(self: Arc<Self>, queue: Arc<Queue>) {
        // However this ends, nobody may wait for it for ever.
        let queue = Closing(queue);
        if let Err(error) = db::observe_clock(&self.pool, &self.clock).await {
            tracing::warn!(%error, "the database's clock could not be read");
        }
        let mut cache = Cache::new(self.read_first_for.unwrap_or(READ_FIRST_FOR));
        let (mut line, mut next, mut committed) = (None, None, CommittedBatch::default());
        loop {
            let mut pending: PendingBatch = match next.take() {
                Some(pending) => pending,
                None => {
                    committed.answer(&self);
                    let Some(jobs) = queue.0.take(MAX_BATCH).await else { return };
                    let mut pending = PendingBatch::default();
                    pending.add(jobs, &self.moment(), &mut cache);
                    pending
                }
            };
            if pending.must_read() {
                committed.answer(&self);
                pending.read(&self, &mut cache).await;
            }
            if let Some(writes) = pending.close(&mut cache) {
                // What waits for a lock must be done before anything is decided on top of it.
                let room = if pending.locked.is_empty() { MAX_BATCH } else { 0 };
                match self
                    .write_while_next_fills(&mut line, &writes, &queue.0, &mut cache, (&mut next, room), &mut committed)
                    .await
                {
                    Ok(()) => {
                        cache.note(false);
                        for (wallet, seq) in writes.newest() {
                            self.watchers.publish(wallet, seq);
                        }
                    }
                    Err(failure) => {
                        cache.note(matches!(failure, Failure::Conflict));
                        pending.void(&mut cache, failure.commit_state());
                        next.iter_mut().for_each(|next| next.void(&mut cache, CommitState::NotCommitted));
                    }
                }
            }
            committed.answer(&self);
            pending.finish(&self, &mut cache).await;
            committed = CommittedBatch(Some(pending));
        }
    }

    /// Stores a batch, and meanwhile answers the one before, and gathers the next one, up to `room` commands.
    async fn write_while_next_fills(
        self: &Arc<Self>,
        line: &mut Option<PoolConnection<Postgres>>,
        writes: &Writes,
        queue: &Queue,
        cache: &mut Cache,
        (next, room): (&mut Option<PendingBatch>, usize),
        committed: &mut CommittedBatch,
    ) -> Result<(), Failure> {
        let mut writing = pin!(self.write_if_unchanged(line, writes));
        // It is on its way before anybody hears of the last one: the database never waits for that.
        let at_once = futures::poll!(writing.as_mut());
        committed.answer(self);
        if let Poll::Ready(stored) = at_once {
            return stored;
        }
        let mut gathers = room > 0;
        loop {
            let left = room.saturating_sub(next.as_ref().map_or(0, |next| next.jobs.len()));
            tokio::select! {
                biased;
                committed = &mut writing => return committed,
                jobs = queue.take(left), if gathers && left > 0 => match jobs {
                    Some(jobs) => next.get_or_insert_default().add(jobs, &self.moment(), cache),
                    None => gathers = false,
                }
            }
        }
    }

    /// Gives what commands are decided by now.
    fn moment(&self) -> Moment {
        Moment { rules: self.rules(), now: self.clock.now(), blocked_wallets: self.blocked_wallets.now() }
    }

    /// Reads wallets as they are now.
    async fn peek(&self, wallets: &[WalletId]) -> Result<Vec<WalletState>> {
        let mut connection = self.pool.acquire().await?;
        load_batch::peek(&mut connection, wallets).await
    }

    /// Writes a batch in one statement, on the writer's own line: its session has everything at hand.
    async fn write_if_unchanged(
        &self,
        line: &mut Option<PoolConnection<Postgres>>,
        writes: &Writes,
    ) -> Result<(), Failure> {
        let mut connection = match line.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await.map_err(|error| before_commit(error.into()))?,
        };
        // A line that failed is not used again.
        write_if_unchanged::write(&mut connection, writes).await.map_err(while_committing)?;
        *line = Some(connection);
        Ok(())
    }
}

/// A batch that has happened and whose callers have not heard so.
#[derive(Default)]
struct CommittedBatch(Option<PendingBatch>);

impl CommittedBatch {
    fn answer(&mut self, shared: &Arc<Shared>) {
        if let Some(pending) = self.0.take() {
            pending.answer(shared);
        }
    }
}

/// Closes a queue when its writer ends, and lets whoever waits in it hear so. After a panic another writer goes on with
/// it.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.abandon();
        }
    }
}

#[cfg(test)]
mod tests;
