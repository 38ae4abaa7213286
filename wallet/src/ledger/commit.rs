//! Does commands in a transaction that locks and reads first, then decides and writes.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use super::batch::{Batch, Work};
use super::cache::Cache;
use super::command::{Command, Outcome};
use super::detour::Detours;
use super::follow::Followers;
use super::gather::gather;
use super::repo::{load, store, sweep};
use super::service::Rider;
use super::state::Rules;
use crate::clock::Clock;
use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;

/// How often a batch is tried again after a conflict, a deadlock or an unknown outcome.
const MAX_TRIES: u32 = 5;

/// What all writers of a node share.
pub(super) struct Shared {
    pub(super) pool: PgPool,
    pub(super) clock: Clock,
    pub(super) rules: RwLock<Rules>,
    pub(super) followers: Followers,
    pub(super) detours: Detours,
    /// How long a writer reads wallets first after its memory was stale too often.
    pub(super) distrust: Option<Duration>,
}

/// Why a batch did not happen.
pub(super) enum Failure {
    /// Somebody else was quicker: try again.
    Conflict,
    /// The connection broke before the commit: try again on another one.
    Broken,
    /// Somebody else keeps a row that is needed.
    Blocked,
    /// The connection broke while committing: it may have happened.
    Unknown,
    /// It has not happened, and trying again at once is no use.
    Failed(Error),
}

impl Failure {
    /// Tells what is known of the commands afterwards.
    pub(super) const fn known(&self) -> Known {
        match self {
            Self::Unknown => Known::Perhaps,
            Self::Conflict | Self::Broken | Self::Blocked | Self::Failed(_) => Known::NotDone,
        }
    }
}

/// What is known of commands before they are tried (again).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// They have not happened.
    NotDone,
    /// They may have happened: only their keys can tell, under the wallets' locks.
    Perhaps,
}

impl Known {
    /// Adds what is known from another try: a commit that may have happened is never forgotten.
    pub(super) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotDone, Self::NotDone) => Self::NotDone,
            (Self::Perhaps, _) | (_, Self::Perhaps) => Self::Perhaps,
        }
    }

    /// What a caller is told whose command can't be done now.
    pub(super) const fn refusal(self) -> Refusal {
        match self {
            Self::NotDone => Refusal::Unavailable,
            Self::Perhaps => Refusal::OutcomeUnknown,
        }
    }
}

/// How long a transaction waits for a row that somebody else keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as its session says: briefly, since others wait behind it.
    Short,
    /// Two seconds: nobody waits behind it.
    Long,
}

/// Why commands were not done.
enum Undone {
    /// Somebody else keeps a row that is needed; with what is known of earlier tries.
    Blocked(Known),
    /// Each try met something that is there already: one of the wallets can't be written, or is written elsewhere all the
    /// time.
    Contended(Known),
    /// For this reason.
    Failed(Error),
}

impl From<Undone> for Error {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::Blocked(known) | Undone::Contended(known) => known.refusal().into(),
            Undone::Failed(error) => error,
        }
    }
}

/// What came of a command.
pub(super) enum Told {
    /// Its answer.
    Answer(Result<Outcome>),
    /// None yet: somebody else keeps its wallet locked; with what is known of earlier tries.
    Blocked(Known),
}

/// What a transaction did: an answer for each command, and the state after it.
pub(super) struct Done {
    pub(super) answers: Vec<Result<Outcome>>,
    pub(super) batch: Batch,
}

impl Shared {
    /// Does commands in one transaction; where the whole fails, each is tried alone, so that one that the database
    /// does not take disturbs no other.
    pub(super) async fn after_reading(&self, works: &[&Work], cache: &mut Cache, known: Known) -> Vec<Told> {
        for work in works {
            cache.forget(work.wallet);
        }
        match self.try_together(works, cache, known).await {
            Ok(told) => told,
            Err(known) => self.around_the_blocked(works, cache, known).await,
        }
    }

    /// Does commands in one transaction, or else one by one; the error says what is known of them where somebody else
    /// keeps a wallet locked.
    async fn try_together(&self, works: &[&Work], cache: &mut Cache, known: Known) -> Result<Vec<Told>, Known> {
        match self.commit(works, None, known, Patience::Short).await {
            Ok(done) => {
                self.tell_followers(&done.batch);
                cache.keep(done.batch);
                Ok(done.answers.into_iter().map(Told::Answer).collect())
            }
            Err(Undone::Blocked(known)) => Err(known),
            // Any other refusal is everybody's answer.
            Err(Undone::Failed(error @ Error::Refused(_))) => Ok(everybody(works, &error)),
            Err(Undone::Failed(error)) if works.len() < 2 => Ok(everybody(works, &error)),
            Err(Undone::Contended(known)) if works.len() < 2 => Ok(everybody(works, &known.refusal().into())),
            Err(Undone::Contended(known)) => Ok(self.one_by_one(works, known).await),
            Err(Undone::Failed(error)) => {
                tracing::warn!(%error, commands = works.len(), "a batch failed; its commands are tried one by one");
                Ok(self.one_by_one(works, known).await)
            }
        }
    }

    /// Does what can be done while somebody else keeps wallets locked.
    async fn around_the_blocked(&self, works: &[&Work], cache: &mut Cache, known: Known) -> Vec<Told> {
        let blocked = self.find_blocked(works).await;
        let is_free = |work: &Work| {
            blocked.as_ref().is_ok_and(|blocked| {
                !blocked.contains(&work.wallet) && work.other_wallet().is_none_or(|other| !blocked.contains(&other))
            })
        };
        let free: Vec<&Work> = works.iter().copied().filter(|work| is_free(work)).collect();
        let (mut told, rest) = match free.as_slice() {
            [] => (Vec::new(), known),
            free => match self.try_together(free, cache, known).await {
                Ok(told) => (told, known),
                Err(known) => (Vec::new(), known),
            },
        };
        if let Ok(blocked) = &blocked {
            tracing::warn!(wallets = blocked.len(), "somebody keeps wallets locked; their commands wait apart");
            self.detours.note(blocked);
        }
        let mut told = told.drain(..);
        let next = |work: &&Work| if is_free(work) { told.next() } else { None };
        works.iter().map(next).map(|told| told.unwrap_or(Told::Blocked(rest))).collect()
    }

    /// Names the wallets of commands that somebody else keeps locked at this moment.
    async fn find_blocked(&self, works: &[&Work]) -> Result<BTreeSet<WalletId>> {
        let wallets: BTreeSet<WalletId> =
            works.iter().flat_map(|work| [Some(work.wallet), work.other_wallet()]).flatten().collect();
        let all: Vec<WalletId> = wallets.iter().copied().collect();
        let mut transaction = self.pool.begin().await?;
        let free = load::free_wallets(&mut transaction, &all).await?;
        transaction.rollback().await?;
        Ok(free.into_iter().fold(wallets, |mut wallets, free| {
            wallets.remove(&free);
            wallets
        }))
    }

    /// Tries each command alone after all together have failed inside. A wallet that can't be written is tried once, and
    /// its later commands go apart for a while, so that it holds up no other.
    async fn one_by_one(&self, works: &[&Work], known: Known) -> Vec<Told> {
        let mut told = Vec::with_capacity(works.len());
        let (mut blocked, mut contended) = (BTreeSet::new(), BTreeSet::new());
        for work in works {
            if blocked.contains(&work.wallet) {
                told.push(Told::Blocked(known));
                continue;
            }
            if contended.contains(&work.wallet) {
                told.push(Told::Answer(Err(known.refusal().into())));
                continue;
            }
            told.push(match self.try_alone(work, None, known, Patience::Short).await {
                Ok(answer) => Told::Answer(answer),
                Err(Undone::Blocked(known)) => {
                    blocked.insert(work.wallet);
                    Told::Blocked(known)
                }
                Err(undone @ Undone::Contended(_)) => {
                    contended.insert(work.wallet);
                    Told::Answer(Err(undone.into()))
                }
                Err(Undone::Failed(error)) => Told::Answer(Err(error)),
            });
        }
        if !contended.is_empty() {
            tracing::warn!(wallets = contended.len(), "wallets could not be written; their commands wait apart");
        }
        self.detours.note(&blocked);
        self.detours.note(&contended);
        told
    }

    /// Does one command in a transaction of its own, together with its rider.
    pub(super) async fn alone(
        &self,
        work: &Work,
        rider: Option<&dyn Rider>,
        known: Known,
        patience: Patience,
    ) -> Result<Outcome> {
        self.try_alone(work, rider, known, patience).await.unwrap_or_else(|undone| Err(undone.into()))
    }

    /// Does the same, and tells apart why it was not done.
    async fn try_alone(
        &self,
        work: &Work,
        rider: Option<&dyn Rider>,
        known: Known,
        patience: Patience,
    ) -> Result<Result<Outcome>, Undone> {
        let done = self.commit(&[work], rider, known, patience).await?;
        self.tell_followers(&done.batch);
        Ok(done.answers.into_iter().next().unwrap_or_else(|| Err(Error::internal("a command without an answer"))))
    }

    /// Does commands in one transaction, and tries again where that can help.
    async fn commit(
        &self,
        works: &[&Work],
        rider: Option<&dyn Rider>,
        known: Known,
        patience: Patience,
    ) -> Result<Done, Undone> {
        let (mut known, mut contended) = (known, false);
        for attempt in 1..=MAX_TRIES {
            match self.attempt(works, rider, patience).await {
                Ok(done) => return Ok(done),
                Err(Failure::Conflict) => contended = true,
                Err(Failure::Broken) => contended = false,
                Err(Failure::Unknown) => (known, contended) = (Known::Perhaps, false),
                Err(Failure::Blocked) => return Err(Undone::Blocked(known)),
                Err(Failure::Failed(error)) if known == Known::Perhaps => {
                    tracing::warn!(%error, "a command whose outcome is not known could not be looked up");
                    return Err(Undone::Failed(known.refusal().into()));
                }
                Err(Failure::Failed(error)) => return Err(Undone::Failed(error)),
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(if contended { Undone::Contended(known) } else { Undone::Failed(known.refusal().into()) })
    }

    /// Does commands in one transaction, once.
    async fn attempt(&self, works: &[&Work], rider: Option<&dyn Rider>, patience: Patience) -> Result<Done, Failure> {
        let mut transaction = self.pool.begin().await.map_err(|error| before_commit(error.into()))?;
        if patience == Patience::Long {
            load::wait_longer(&mut transaction).await.map_err(|error| before_commit(error.into()))?;
        }
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

/// Gives all commands of a batch the same answer.
fn everybody(works: &[&Work], error: &Error) -> Vec<Told> {
    works.iter().map(|_| Told::Answer(Err(again(error)))).collect()
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
        Error::Refused(Refusal::OutcomeUnknown) => return Failure::Broken,
        refused @ Error::Refused(_) => return Failure::Failed(refused),
    };
    let Some(database) = cause.downcast_ref::<sqlx::Error>() else { return Failure::Failed(Error::Internal(cause)) };
    match database {
        sqlx::Error::Database(told) => match told.code().as_deref() {
            // Serialization failure, deadlock, and a key that another node has just used.
            Some("40001" | "40P01" | "23505") => Failure::Conflict,
            // Lock timeout.
            Some("55P03") => Failure::Blocked,
            // Too many connections, disk full, the server stops or starts, read-only.
            Some("53300" | "53100" | "57P01" | "57P02" | "57P03" | "25006") => {
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
    let places_holds = works.iter().any(|work| matches!(work.request.command, Command::Hold { .. }));
    // The statement that stores would refuse the whole batch for one such hold.
    let swept_until = if places_holds { sweep::point(&mut *connection).await? } else { None };
    let (now, rules) = (clock.now(), Rules { swept_until, ..*rules });
    let answers = works.iter().map(|work| batch.perform(work, now, &rules)).collect();
    store::store(connection, batch.take_changes()?).await?;
    Ok(Done { answers, batch })
}
