//! One writer's loop: while a batch is on its way to the database, the next one is decided on top of it.
//!
//! A batch flies as one statement that holds only if every wallet is as the writer remembers it. What is decided
//! meanwhile rests on it: where it does not land, both are done again after reading, in their order. Nobody hears an
//! answer before the batch that it rests on is committed.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::sync::oneshot;

use super::batch::{Batch, Work};
use super::cache::Cache;
use super::command::Outcome;
use super::commit::{Failure, Shared, before_commit, while_committing};
use super::queue::{Job, Queue};
use super::repo::quick::{self, Writes};
use super::writer::MAX_BATCH;
use crate::db;
use crate::error::{Error, Result};
use crate::id::WalletId;

/// Commands on their way to one statement.
#[derive(Default)]
struct Open {
    works: Vec<Work>,
    replies: Vec<oneshot::Sender<Result<Outcome>>>,
    /// What was decided from memory: holds once the batch has landed.
    answers: Vec<Option<Result<Outcome>>>,
    batch: Batch,
    /// Wallets of commands that must be decided after reading; later commands of theirs wait behind those.
    slow: HashSet<WalletId>,
}

impl Open {
    /// Adds commands: decides what can be decided from memory. What is refused is decided again after reading.
    fn add(&mut self, jobs: Vec<Job>, shared: &Shared, cache: &mut Cache) {
        let (rules, now) = (shared.rules(), shared.clock.now());
        for Job { work, reply } in jobs {
            let wallet = work.wallet;
            let mut answer = None;
            if !self.slow.contains(&wallet) && cache.lend(&work, &mut self.batch) {
                answer = self.batch.perform(&work, now, &rules).ok().map(Ok);
            }
            if answer.is_none() {
                self.slow.insert(wallet);
                cache.forget(wallet);
            }
            cache.saw(&work);
            self.works.push(work);
            self.replies.push(reply);
            self.answers.push(answer);
        }
    }

    /// Makes what was decided ready to be stored, and remembers the wallets as if it were. `None` where nothing was.
    fn close(&mut self, cache: &mut Cache) -> Option<Writes> {
        let mut batch = std::mem::take(&mut self.batch);
        let writes = (!batch.is_empty()).then(|| Writes::take(&mut batch));
        cache.keep(batch);
        writes
    }

    /// Takes back what was decided from memory: it is decided again after reading.
    fn void(&mut self, cache: &mut Cache) {
        self.batch = Batch::default();
        for (work, answer) in self.works.iter().zip(&mut self.answers) {
            *answer = None;
            cache.forget(work.wallet);
            self.slow.insert(work.wallet);
        }
    }

    /// Does what could not be decided from memory.
    async fn finish(&mut self, shared: &Shared, cache: &mut Cache, unknown: bool) {
        let left = self.works.iter().zip(&mut self.answers).filter(|(_, answer)| answer.is_none());
        let (works, slots): (Vec<&Work>, Vec<_>) = left.unzip();
        if works.is_empty() {
            return;
        }
        for (slot, told) in slots.into_iter().zip(shared.after_reading(&works, cache, unknown).await) {
            *slot = Some(told);
        }
    }

    /// Answers. Nobody listens where the caller went away: what happened has happened.
    fn answer(self) {
        for (reply, answer) in self.replies.into_iter().zip(self.answers) {
            let answer = answer.unwrap_or_else(|| Err(Error::internal("a command without an answer")));
            drop(reply.send(answer));
        }
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
        let (mut cache, mut line, mut next) = (Cache::default(), None, None);
        loop {
            let mut open: Open = match next.take() {
                Some(open) => open,
                None => {
                    let Some(jobs) = queue.0.take(MAX_BATCH).await else { return };
                    let mut open = Open::default();
                    open.add(jobs, &self, &mut cache);
                    open
                }
            };
            let mut unknown = false;
            if let Some(writes) = open.close(&mut cache) {
                // What waits to be decided after reading must be done before anything is decided on top of it.
                let room = if open.slow.is_empty() { MAX_BATCH } else { 0 };
                match self.fly(&mut line, &writes, &queue.0, &mut cache, (&mut next, room)).await {
                    Ok(()) => {
                        cache.note(false);
                        for (wallet, seq) in writes.newest() {
                            self.followers.publish(wallet, seq);
                        }
                    }
                    Err(failure) => {
                        cache.note(matches!(failure, Failure::Conflict));
                        unknown = matches!(failure, Failure::Unknown);
                        open.void(&mut cache);
                        next.iter_mut().for_each(|next| next.void(&mut cache));
                    }
                }
            }
            open.finish(&self, &mut cache, unknown).await;
            open.answer();
        }
    }

    /// Stores a batch, and gathers the next one meanwhile, up to `room` commands.
    async fn fly(
        &self,
        line: &mut Option<PoolConnection<Postgres>>,
        writes: &Writes,
        queue: &Queue,
        cache: &mut Cache,
        (next, room): (&mut Option<Open>, usize),
    ) -> Result<(), Failure> {
        let mut flying = pin!(self.store_quickly(line, writes));
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

/// Closes a queue when its writer ends, and lets whoever waits in it hear so.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
