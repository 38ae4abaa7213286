//! Does commands in a transaction that locks and reads first, then decides and writes.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use super::batch::{Batch, Work};
use super::cache::Cache;
use super::command::Outcome;
use super::follow::Followers;
use super::gather::gather;
use super::repo::store;
use super::service::Rider;
use super::state::Rules;
use crate::clock::Clock;
use crate::error::{Error, Refusal, Result};

/// How often a batch is tried again after a conflict, a deadlock or an unknown outcome.
const MAX_TRIES: u32 = 5;

/// What all writers of a node share.
pub(super) struct Shared {
    pub(super) pool: PgPool,
    pub(super) clock: Clock,
    pub(super) rules: RwLock<Rules>,
    pub(super) followers: Followers,
}

/// Why a batch did not happen.
pub(super) enum Failure {
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

impl Shared {
    /// Does commands in one transaction; where the whole fails, each is tried alone, so that one that the database
    /// does not take disturbs no other. `unknown` says that they may have happened before.
    pub(super) async fn after_reading(
        &self,
        works: &[&Work],
        cache: &mut Cache,
        unknown: bool,
    ) -> Vec<Result<Outcome>> {
        for work in works {
            cache.forget(work.wallet);
        }
        match self.commit(works, None, unknown).await {
            Ok(done) => {
                self.tell_followers(&done.batch);
                cache.keep(done.batch);
                done.answers
            }
            Err(Error::Internal(error)) if works.len() > 1 => {
                tracing::warn!(%error, commands = works.len(), "a batch failed; its commands are tried one by one");
                let mut answers = Vec::with_capacity(works.len());
                for work in works {
                    answers.push(self.alone(work, None, unknown).await);
                }
                answers
            }
            Err(error) => works.iter().map(|_| Err(again(&error))).collect(),
        }
    }

    /// Does one command in a transaction of its own, together with its rider.
    pub(super) async fn alone(&self, work: &Work, rider: Option<&dyn Rider>, unknown: bool) -> Result<Outcome> {
        let done = self.commit(&[work], rider, unknown).await?;
        self.tell_followers(&done.batch);
        done.answers.into_iter().next().unwrap_or_else(|| Err(Error::internal("a command without an answer")))
    }

    /// Does commands in one transaction, and tries again where that can help. `unknown` says that they may have
    /// happened before: then the keys tell, under the wallets' locks.
    async fn commit(&self, works: &[&Work], rider: Option<&dyn Rider>, unknown: bool) -> Result<Done> {
        let mut unknown = unknown;
        for attempt in 1..=MAX_TRIES {
            match self.attempt(works, rider).await {
                Ok(done) => return Ok(done),
                Err(Failure::Conflict) => {}
                Err(Failure::Unknown) => unknown = true,
                Err(Failure::Failed(error)) if unknown => {
                    tracing::warn!(%error, "a command whose outcome is not known could not be looked up");
                    return Err(Refusal::OutcomeUnknown.into());
                }
                Err(Failure::Failed(error)) => return Err(error),
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(if unknown { Refusal::OutcomeUnknown.into() } else { Refusal::Unavailable.into() })
    }

    /// Does commands in one transaction, once.
    async fn attempt(&self, works: &[&Work], rider: Option<&dyn Rider>) -> Result<Done, Failure> {
        let mut transaction = self.pool.begin().await.map_err(|error| before_commit(error.into()))?;
        let rules = self.rules();
        let done = transact(&mut transaction, works, &self.clock, &rules).await.map_err(before_commit)?;
        if let (Some(rider), Some(Ok(outcome))) = (rider, done.answers.first()) {
            rider.ride(&mut transaction, outcome).await.map_err(before_commit)?;
        }
        transaction.commit().await.map_err(while_committing)?;
        Ok(done)
    }

    /// Tells followers what was committed.
    fn tell_followers(&self, batch: &Batch) {
        for (_, now) in batch.wallets() {
            self.followers.publish(now.id, now.seq);
        }
    }

    /// Gives the catalog's settings.
    pub(super) fn rules(&self) -> Rules {
        *self.rules.read().unwrap_or_else(PoisonError::into_inner)
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
pub(super) fn before_commit(error: Error) -> Failure {
    let cause = match error {
        Error::Internal(cause) => cause,
        // A connection that broke before the commit: nothing has happened, and another connection may work.
        Error::Refused(Refusal::OutcomeUnknown) => return Failure::Conflict,
        refused @ Error::Refused(_) => return Failure::Failed(refused),
    };
    let Some(database) = cause.downcast_ref::<sqlx::Error>() else { return Failure::Failed(Error::Internal(cause)) };
    match database {
        sqlx::Error::Database(told) => match told.code().as_deref() {
            // Serialization failure, deadlock, and a key that another node has just used.
            Some("40001" | "40P01" | "23505") => Failure::Conflict,
            // Lock timeout, too many connections, disk full, the server stops or starts, read-only.
            Some("55P03" | "53300" | "53100" | "57P01" | "57P02" | "57P03" | "25006") => {
                tracing::warn!(error = %database, "the ledger is not available");
                Failure::Failed(Refusal::Unavailable.into())
            }
            _ => Failure::Failed(Error::Internal(cause)),
        },
        _ => Failure::Failed(Error::Internal(cause)),
    }
}

/// Tells what an error of the commit itself means: unless the server said no, it may have happened.
pub(super) fn while_committing(error: sqlx::Error) -> Failure {
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
    works: &[&Work],
    clock: &Clock,
    rules: &Rules,
) -> Result<Done> {
    let mut batch = gather(connection, works, clock).await?;
    let now = clock.now();
    let answers = works.iter().map(|work| batch.perform(work, now, rules)).collect();
    store::store(connection, &mut batch).await?;
    Ok(Done { answers, batch })
}
