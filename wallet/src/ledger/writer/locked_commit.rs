//! Does commands in a transaction that locks and reads first, then decides and writes.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::ledger::model::command::{Command, Outcome};
use crate::ledger::model::request::WalletRequest;
use crate::ledger::model::tx_hook::TxHook;
use crate::ledger::model::wallet_state::Rules;
use crate::ledger::repo::{expiry, load, write_locked};
use crate::ledger::rules::batch::Batch;
use crate::ledger::writer::blocked_wallets::BlockedWallets;
use crate::ledger::writer::failure::{CommitState, Failure, before_commit, while_committing};
use crate::ledger::writer::load_batch::load_batch;
use crate::ledger::writer::wallet_cache::Cache;
use crate::ledger::writer::watch::Watchers;

/// How often a batch is tried again after a conflict, a deadlock or an unknown outcome.
const MAX_TRIES: u32 = 5;

/// What all writers of a node share.
pub(in crate::ledger) struct Shared {
    pub(in crate::ledger) pool: PgPool,
    pub(in crate::ledger) clock: Clock,
    pub(in crate::ledger) rules: RwLock<Rules>,
    pub(in crate::ledger) watchers: Watchers,
    pub(in crate::ledger) blocked_wallets: BlockedWallets,
    /// How long a writer reads wallets first after its memory was stale too often.
    pub(in crate::ledger) read_first_for: Option<Duration>,
}

/// How long a transaction waits for a row that somebody else keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum LockWait {
    /// As long as its session says: briefly, since others wait behind it.
    Short,
    /// Two seconds: nobody waits behind it.
    Long,
}

/// Why commands were not done.
enum NotDone {
    /// Somebody else keeps a row that is needed; with what is known of earlier tries.
    Blocked(CommitState),
    /// Each try met something that is there already: one of the wallets can't be written, or is written elsewhere all
    /// the time.
    Contended(CommitState),
    /// For this reason.
    Failed(Error),
}

impl From<NotDone> for Error {
    fn from(undone: NotDone) -> Self {
        match undone {
            NotDone::Blocked(commit_state) | NotDone::Contended(commit_state) => commit_state.refusal().into(),
            NotDone::Failed(error) => error,
        }
    }
}

/// What came of a command.
pub(in crate::ledger) enum Progress {
    /// Its answer.
    Answer(Result<Outcome>),
    /// None yet: somebody else keeps its wallet locked; with what is known of earlier tries.
    Blocked(CommitState),
}

/// What a transaction did: an answer for each command, and the state after it.
pub(in crate::ledger) struct CommittedTransaction {
    pub(in crate::ledger) answers: Vec<Result<Outcome>>,
    pub(in crate::ledger) batch: Batch,
}

impl Shared {
    /// Does commands in one transaction; where the whole fails, each is tried alone, so that one that the database
    /// does not take disturbs no other.
    pub(in crate::ledger) async fn after_reading(
        &self,
        works: &[&WalletRequest],
        cache: &mut Cache,
        commit_state: CommitState,
    ) -> Vec<Progress> {
        for work in works {
            cache.forget(work.wallet);
        }
        match self.try_together(works, cache, commit_state).await {
            Ok(progress) => progress,
            Err(commit_state) => self.around_the_blocked(works, cache, commit_state).await,
        }
    }

    /// Does commands in one transaction, or else one by one; the error says what is known of them where somebody else
    /// keeps a wallet locked.
    async fn try_together(
        &self,
        works: &[&WalletRequest],
        cache: &mut Cache,
        commit_state: CommitState,
    ) -> Result<Vec<Progress>, CommitState> {
        match self.commit(works, None, commit_state, LockWait::Short).await {
            Ok(done) => {
                self.tell_watchers(&done.batch);
                cache.keep(done.batch);
                Ok(done.answers.into_iter().map(Progress::Answer).collect())
            }
            Err(NotDone::Blocked(commit_state)) => Err(commit_state),
            // Any other refusal is everybody's answer, and any error the answer of one command alone.
            Err(NotDone::Failed(error @ Error::Refused(_))) => Ok(everybody(works, &error)),
            Err(undone) if works.len() < 2 => Ok(everybody(works, &undone.into())),
            Err(NotDone::Contended(commit_state)) => Ok(self.one_by_one(works, commit_state).await),
            Err(NotDone::Failed(error)) => {
                tracing::warn!(%error, commands = works.len(), "a batch failed; its commands are tried one by one");
                Ok(self.one_by_one(works, commit_state).await)
            }
        }
    }

    /// Does what can be done while somebody else keeps wallets locked.
    async fn around_the_blocked(
        &self,
        works: &[&WalletRequest],
        cache: &mut Cache,
        commit_state: CommitState,
    ) -> Vec<Progress> {
        let blocked = self.find_blocked(works).await;
        let is_free = |work: &WalletRequest| {
            blocked.as_ref().is_ok_and(|blocked| {
                !blocked.contains(&work.wallet) && work.other_wallet().is_none_or(|other| !blocked.contains(&other))
            })
        };
        let free: Vec<&WalletRequest> = works.iter().copied().filter(|work| is_free(work)).collect();
        let (mut progress, rest) = match free.as_slice() {
            [] => (Vec::new(), commit_state),
            free => match self.try_together(free, cache, commit_state).await {
                Ok(progress) => (progress, commit_state),
                Err(commit_state) => (Vec::new(), commit_state),
            },
        };
        if let Ok(blocked) = &blocked {
            tracing::warn!(wallets = blocked.len(), "somebody keeps wallets locked; their commands wait apart");
            self.blocked_wallets.note(blocked);
        }
        let mut progress = progress.drain(..);
        let next = |work: &&WalletRequest| if is_free(work) { progress.next() } else { None };
        works.iter().map(next).map(|progress| progress.unwrap_or(Progress::Blocked(rest))).collect()
    }

    /// Names the wallets of commands that somebody else keeps locked at this moment.
    async fn find_blocked(&self, works: &[&WalletRequest]) -> Result<BTreeSet<WalletId>> {
        let wallets: BTreeSet<WalletId> =
            works.iter().flat_map(|work| [Some(work.wallet), work.other_wallet()]).flatten().collect();
        let all: Vec<WalletId> = wallets.iter().copied().collect();
        #[expect(clippy::disallowed_methods, reason = "nothing gives up a writer")]
        let mut transaction = self.pool.begin().await?;
        let free = load::free_wallets(&mut transaction, &all).await?;
        transaction.rollback().await?;
        Ok(free.into_iter().fold(wallets, |mut wallets, free| {
            wallets.remove(&free);
            wallets
        }))
    }

    /// Tries each command alone after all together have failed inside. A wallet that can't be written is tried once;
    /// its other commands go apart, now and for a while, so that it holds up no other.
    async fn one_by_one(&self, works: &[&WalletRequest], commit_state: CommitState) -> Vec<Progress> {
        let mut progress = Vec::with_capacity(works.len());
        let mut apart = BTreeSet::new();
        for work in works {
            if apart.contains(&work.wallet) {
                progress.push(Progress::Blocked(commit_state));
                continue;
            }
            let done = self.try_alone(work, None, commit_state, LockWait::Short).await;
            // A transfer that fails does not tell which of its two wallets it was.
            let is_known = work.other_wallet().is_none();
            if is_known && !matches!(done, Ok(_) | Err(NotDone::Failed(Error::Refused(_)))) {
                apart.insert(work.wallet);
            }
            progress.push(match done {
                Ok(answer) => Progress::Answer(answer),
                Err(NotDone::Blocked(commit_state)) => Progress::Blocked(commit_state),
                Err(undone) => Progress::Answer(Err(undone.into())),
            });
        }
        if !apart.is_empty() {
            tracing::warn!(wallets = apart.len(), "wallets could not be written; their commands wait apart");
            self.blocked_wallets.note(&apart);
        }
        progress
    }

    /// Does one command in a transaction of its own, together with its hook.
    pub(in crate::ledger) async fn alone(
        &self,
        work: &WalletRequest,
        hook: Option<&dyn TxHook>,
        commit_state: CommitState,
        lock_wait: LockWait,
    ) -> Result<Outcome> {
        self.try_alone(work, hook, commit_state, lock_wait).await.unwrap_or_else(|undone| Err(undone.into()))
    }

    /// Does the same, and tells apart why it was not done.
    async fn try_alone(
        &self,
        work: &WalletRequest,
        hook: Option<&dyn TxHook>,
        commit_state: CommitState,
        lock_wait: LockWait,
    ) -> Result<Result<Outcome>, NotDone> {
        let done = self.commit(&[work], hook, commit_state, lock_wait).await?;
        self.tell_watchers(&done.batch);
        Ok(done.answers.into_iter().next().unwrap_or_else(|| Err(Error::internal("a command without an answer"))))
    }

    /// Does commands in one transaction, and tries again where that can help.
    async fn commit(
        &self,
        works: &[&WalletRequest],
        hook: Option<&dyn TxHook>,
        commit_state: CommitState,
        lock_wait: LockWait,
    ) -> Result<CommittedTransaction, NotDone> {
        let (mut commit_state, mut contended) = (commit_state, false);
        for attempt in 1..=MAX_TRIES {
            match self.attempt(works, hook, lock_wait).await {
                Ok(done) => return Ok(done),
                Err(Failure::Conflict) => contended = true,
                Err(Failure::Broken) => contended = false,
                Err(Failure::Unknown) => (commit_state, contended) = (CommitState::Unknown, false),
                Err(Failure::Blocked) => return Err(NotDone::Blocked(commit_state)),
                Err(Failure::Failed(error)) if commit_state == CommitState::Unknown => {
                    tracing::warn!(%error, "a command whose outcome is unknown could not be looked up");
                    return Err(NotDone::Failed(commit_state.refusal().into()));
                }
                Err(Failure::Failed(error)) => return Err(NotDone::Failed(error)),
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(if contended { NotDone::Contended(commit_state) } else { NotDone::Failed(commit_state.refusal().into()) })
    }

    /// Does commands in one transaction, once.
    async fn attempt(
        &self,
        works: &[&WalletRequest],
        hook: Option<&dyn TxHook>,
        lock_wait: LockWait,
    ) -> Result<CommittedTransaction, Failure> {
        #[expect(clippy::disallowed_methods, reason = "nothing gives up a writer")]
        let mut transaction = self.pool.begin().await.map_err(|error| before_commit(error.into()))?;
        if lock_wait == LockWait::Long {
            load::wait_longer(&mut transaction).await.map_err(|error| before_commit(error.into()))?;
        }
        let rules = self.rules();
        let done = transact(&mut transaction, works, &self.clock, &rules).await.map_err(before_commit)?;
        if let (Some(hook), Some(Ok(outcome))) = (hook, done.answers.first()) {
            hook.run(&mut transaction, outcome).await.map_err(before_commit)?;
        }
        transaction.commit().await.map_err(while_committing)?;
        Ok(done)
    }

    /// Tells watchers what was committed.
    fn tell_watchers(&self, batch: &Batch) {
        for (_, now) in batch.wallets() {
            self.watchers.publish(now.id, now.seq);
        }
    }

    /// Gives the catalog's settings.
    pub(in crate::ledger) fn rules(&self) -> Rules {
        *self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits longer after each try, and not as long as another node that waits for the same.
fn pause(attempt: u32) -> Duration {
    let jitter = u64::from(std::process::id() % 7);
    Duration::from_millis(u64::from(attempt).saturating_mul(5).saturating_add(jitter))
}

/// Gives all commands of a batch the same answer.
fn everybody(works: &[&WalletRequest], error: &Error) -> Vec<Progress> {
    works.iter().map(|_| Progress::Answer(Err(again(error)))).collect()
}

/// Repeats an error for another command of the same batch.
fn again(error: &Error) -> Error {
    match error {
        Error::Refused(refusal) => Error::Refused(refusal.clone()),
        Error::Internal(cause) => Error::internal(cause.to_string()),
    }
}

/// Does commands in the given transaction: locks, reads, decides, writes.
pub(in crate::ledger) async fn transact(
    connection: &mut PgConnection,
    works: &[&WalletRequest],
    clock: &Clock,
    rules: &Rules,
) -> Result<CommittedTransaction> {
    let mut batch = load_batch(connection, works, clock).await?;
    let places_holds = works.iter().any(|work| matches!(work.request.command, Command::Hold { .. }));
    // The statement that stores would refuse the whole batch for one such hold.
    let swept_until = if places_holds { expiry::point(&mut *connection).await? } else { None };
    let (now, rules) = (clock.now(), Rules { swept_until, ..*rules });
    let answers = works.iter().map(|work| batch.perform(work, now, &rules)).collect();
    write_locked::write(connection, batch.take_changes()?).await?;
    Ok(CommittedTransaction { answers, batch })
}
