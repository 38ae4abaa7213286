//! One writer's loop: while a batch is on its way to the database, the next one is decided on top of it.
//!
//! A batch flies as one statement that holds only if every wallet is as it was decided on: remembered, or read just
//! before without a lock. What is decided meanwhile rests on it: where it does not land, both are done again under
//! locks, in their order. Nobody hears an answer before the batch that it rests on is committed.

use std::collections::{BTreeSet, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::sync::oneshot;

use super::batch::{Batch, Work};
use super::cache::{Cache, Lent};
use super::command::Outcome;
use super::commit::{Failure, Known, Shared, before_commit, while_committing};
use super::gather;
use super::queue::{Job, Queue};
use super::repo::quick::{self, Writes};
use super::state::WalletState;
use super::writer::MAX_BATCH;
use crate::db;
use crate::error::Result;
use crate::id::WalletId;

/// Commands on their way to one statement.
#[derive(Default)]
struct Open {
    works: Vec<Work>,
    replies: Vec<oneshot::Sender<Result<Outcome>>>,
    /// What was decided from memory: holds once the batch has landed.
    answers: Vec<Option<Result<Outcome>>>,
    batch: Batch,
    /// Wallets that must be read first, and the places of the commands that wait for that.
    unread: BTreeSet<WalletId>,
    waiting: Vec<usize>,
    /// Wallets of commands that must be decided under a lock; later commands of theirs wait behind those.
    locked: HashSet<WalletId>,
    /// Commands of wallets that somebody else keeps locked: they wait apart ([`super::detour`]).
    detoured: Vec<Job>,
}

impl Open {
    /// Adds commands: decides what can be decided from memory. What is refused is decided again under a lock.
    fn add(&mut self, jobs: Vec<Job>, shared: &Shared, cache: &mut Cache) {
        let (rules, now, detours) = (shared.rules(), shared.clock.now(), shared.detours.now());
        for job in jobs {
            if detours.contains(&job.work.wallet) {
                self.detoured.push(job);
                continue;
            }
            let Job { work, reply } = job;
            let is_locked = self.locked.contains(&work.wallet);
            let lent = if is_locked { Lent::Locked } else { cache.lend(&work, &mut self.batch, now) };
            let answer = match lent {
                Lent::Ready => self.batch.perform(&work, now, &rules).ok().map(Ok),
                Lent::Unread | Lent::Locked => None,
            };
            if lent == Lent::Unread {
                self.unread.insert(work.wallet);
                self.waiting.push(self.works.len());
            } else if answer.is_none() {
                self.locked.insert(work.wallet);
                cache.forget(work.wallet);
            }
            cache.saw(&work);
            self.works.push(work);
            self.replies.push(reply);
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
        match shared.peek(&wallets).await {
            Ok(states) => states.into_iter().for_each(|state| self.batch.know(state)),
            // Whoever locks them will say what is wrong.
            Err(error) => tracing::debug!(%error, "wallets could not be read"),
        }
        let (rules, now) = (shared.rules(), shared.clock.now());
        for place in std::mem::take(&mut self.waiting) {
            let (Some(work), Some(answer)) = (self.works.get(place), self.answers.get_mut(place)) else { continue };
            if !self.locked.contains(&work.wallet) {
                *answer = self.batch.perform(work, now, &rules).ok().map(Ok);
            }
            if answer.is_none() {
                self.locked.insert(work.wallet);
                cache.forget(work.wallet);
            }
        }
    }

    /// Makes what was decided ready to be stored, and remembers the wallets as if it were. `None` where nothing was.
    fn close(&mut self, cache: &mut Cache) -> Option<Writes> {
        if !self.batch.only_spends() {
            tracing::error!("a batch was decided from memory that makes or takes back grants");
            self.void(cache);
        }
        let mut batch = std::mem::take(&mut self.batch);
        let writes = (!batch.is_empty()).then(|| Writes::take(&mut batch));
        cache.keep(batch);
        writes
    }

    /// Takes back what was decided: it is decided again under a lock.
    fn void(&mut self, cache: &mut Cache) {
        self.batch = Batch::default();
        for (work, answer) in self.works.iter().zip(&mut self.answers) {
            if answer.take().is_some() {
                cache.forget(work.wallet);
                self.locked.insert(work.wallet);
            }
        }
    }

    /// Does what must be decided under a lock. What somebody else keeps locked takes a detour.
    async fn finish(&mut self, shared: &Arc<Shared>, cache: &mut Cache, known: Known) {
        let left = self.works.iter().zip(&mut self.answers).filter(|(_, answer)| answer.is_none());
        let (works, slots): (Vec<&Work>, Vec<_>) = left.unzip();
        if !works.is_empty() {
            for (slot, told) in slots.into_iter().zip(shared.after_reading(&works, cache, known).await) {
                *slot = told;
            }
        }
    }

    /// Answers. Nobody listens where the caller went away: what happened has happened.
    fn answer(mut self, shared: &Arc<Shared>, known: Known) {
        for ((work, reply), answer) in self.works.into_iter().zip(self.replies).zip(self.answers) {
            match answer {
                Some(answer) => drop(reply.send(answer)),
                None => self.detoured.push(Job { work, reply }),
            }
        }
        shared.detour(self.detoured, known);
    }
}

impl Shared {
    /// Writes batch after batch until the queue is closed and empty.
    pub(super) async fn write(self: Arc<Self>, queue: Arc<Queue>) {
        // However this ends, nobody may wait for it for ever.
        let queue = Closing(queue);
        if let Err(error) = db::observe_clock(&self.pool, &self.clock).await {
            tracing::warn!(%error, "the database's clock could not be read");
        }
        let (mut cache, mut line, mut next, mut landed) = (Cache::default(), None, None, Landed::default());
        loop {
            let mut open: Open = match next.take() {
                Some(open) => open,
                None => {
                    landed.answer(&self);
                    let Some(jobs) = queue.0.take(MAX_BATCH).await else { return };
                    let mut open = Open::default();
                    open.add(jobs, &self, &mut cache);
                    open
                }
            };
            if open.must_read() {
                landed.answer(&self);
                open.read(&self, &mut cache).await;
            }
            let mut known = Known::NotDone;
            if let Some(writes) = open.close(&mut cache) {
                // What waits for a lock must be done before anything is decided on top of it.
                let room = if open.locked.is_empty() { MAX_BATCH } else { 0 };
                match self.fly(&mut line, &writes, &queue.0, &mut cache, (&mut next, room), &mut landed).await {
                    Ok(()) => {
                        cache.note(false);
                        for (wallet, seq) in writes.newest() {
                            self.followers.publish(wallet, seq);
                        }
                    }
                    Err(failure) => {
                        cache.note(matches!(failure, Failure::Conflict));
                        known = failure.known();
                        open.void(&mut cache);
                        next.iter_mut().for_each(|next| next.void(&mut cache));
                    }
                }
            }
            landed.answer(&self);
            open.finish(&self, &mut cache, known).await;
            landed = Landed(Some((open, known)));
        }
    }

    /// Stores a batch, and meanwhile answers the one before, and gathers the next one, up to `room` commands.
    async fn fly(
        self: &Arc<Self>,
        line: &mut Option<PoolConnection<Postgres>>,
        writes: &Writes,
        queue: &Queue,
        cache: &mut Cache,
        (next, room): (&mut Option<Open>, usize),
        landed: &mut Landed,
    ) -> Result<(), Failure> {
        let mut flying = pin!(self.store_quickly(line, writes));
        // It is on its way before anybody hears of the last one: the database never waits for that.
        let at_once = futures::poll!(flying.as_mut());
        landed.answer(self);
        if let Poll::Ready(stored) = at_once {
            return stored;
        }
        let mut gathers = room > 0;
        loop {
            let left = room.saturating_sub(next.as_ref().map_or(0, |next| next.works.len()));
            tokio::select! {
                biased;
                landed = &mut flying => return landed,
                jobs = queue.take(left), if gathers && left > 0 => match jobs {
                    Some(jobs) => next.get_or_insert_default().add(jobs, self, cache),
                    None => gathers = false,
                }
            }
        }
    }

    /// Reads wallets as they are now.
    async fn peek(&self, wallets: &[WalletId]) -> Result<Vec<WalletState>> {
        let mut connection = self.pool.acquire().await?;
        gather::peek(&mut connection, wallets).await
    }

    /// Writes a batch in one statement, on the writer's own line: its session has everything at hand.
    async fn store_quickly(&self, line: &mut Option<PoolConnection<Postgres>>, writes: &Writes) -> Result<(), Failure> {
        let mut connection = match line.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await.map_err(|error| before_commit(error.into()))?,
        };
        // A line that failed is not used again.
        quick::store(&mut connection, writes).await.map_err(while_committing)?;
        *line = Some(connection);
        Ok(())
    }
}

/// A batch that has happened and whose callers have not heard so.
#[derive(Default)]
struct Landed(Option<(Open, Known)>);

impl Landed {
    fn answer(&mut self, shared: &Arc<Shared>) {
        if let Some((open, known)) = self.0.take() {
            open.answer(shared, known);
        }
    }
}

/// Closes a queue when its writer ends, and lets whoever waits in it hear so. After a panic another writer goes on with it.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.abandon();
        }
    }
}
