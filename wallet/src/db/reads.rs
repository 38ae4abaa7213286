//! Long reads: a connection pool of their own, a share of it for each account, and a time limit for each statement.
//!
//! What anybody may ask, however much it reads (sums, searches, files, the past), never takes a connection that a
//! charge, a sign-in or a page needs. An account has a fixed number of turns at the same time and a queue of bounded
//! length; beyond it the caller hears 429 with the seconds after which to come again. Turns of all accounts are served
//! in the order in which they were asked for, and an account waits with no more of them than its share: so a new one
//! waits for one turn of each of the others at most.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Refusal, Result};
use crate::id::AccountId;

/// After how many seconds a caller that found no place may come again.
const RETRY_SECONDS: u32 = 2;

/// How much long reads may take of this node and of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Connections of all accounts together.
    pub connections: u32,
    /// Reads of one account at the same time.
    pub of_account: usize,
    /// Reads of one account that wait for their turn; further ones are refused.
    pub queue: usize,
    /// How long a read waits for its turn.
    pub wait: Duration,
    /// How long one statement may take.
    pub statement: Duration,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            connections: 4,
            of_account: 1,
            queue: 20,
            wait: Duration::from_secs(10),
            statement: Duration::from_secs(5),
        }
    }
}

/// The pool of long reads. Cheap to clone.
#[derive(Clone)]
pub struct LongReads {
    pool: PgPool,
    limits: ReadLimits,
    shares: Arc<Mutex<HashMap<AccountId, Share>>>,
}

impl fmt::Debug for LongReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongReads").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// One account's share.
struct Share {
    turns: Arc<Semaphore>,
    /// How many reads and files are under way or wait.
    entered: usize,
}

impl LongReads {
    /// Makes a pool beside another one, to the same database.
    #[doc(hidden)]
    #[must_use]
    pub fn beside(pool: &PgPool, limits: ReadLimits) -> Self {
        let statement = format!("{}ms", limits.statement.as_millis());
        let session = [
            ("statement_timeout", statement.as_str()),
            ("idle_in_transaction_session_timeout", "15s"),
            // One read must not take a second core from charges.
            ("max_parallel_workers_per_gather", "0"),
            // Compiling takes longer than what it saves.
            ("jit", "off"),
            ("application_name", "scrip reads"),
        ];
        let options = pool.connect_options().as_ref().clone().options(session);
        let pool = PgPoolOptions::new()
            .max_connections(limits.connections)
            .acquire_timeout(limits.wait)
            .connect_lazy_with(options);
        Self { pool, limits, shares: Arc::default() }
    }

    fn shares(&self) -> MutexGuard<'_, HashMap<AccountId, Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place in an account's queue; refuses (429) where it is full.
    pub fn enter(&self, account: AccountId) -> Result<ReadPlace> {
        let most = self.limits.of_account.saturating_add(self.limits.queue);
        let mut shares = self.shares();
        let share = shares
            .entry(account)
            .or_insert_with(|| Share { turns: Arc::new(Semaphore::new(self.limits.of_account)), entered: 0 });
        if share.entered >= most {
            return Err(Refusal::RateLimited { retry_after_seconds: RETRY_SECONDS }.into());
        }
        share.entered = share.entered.saturating_add(1);
        let turns = Arc::clone(&share.turns);
        Ok(ReadPlace(Arc::new(Entered { reads: self.clone(), account, turns })))
    }

    /// Waits for a turn of an account, and opens a transaction for it.
    pub async fn begin(&self, account: AccountId) -> Result<ReadTurn> {
        self.enter(account)?.turn().await
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn leave(&self, account: AccountId) {
        let mut shares = self.shares();
        let Some(share) = shares.get_mut(&account) else { return };
        share.entered = share.entered.saturating_sub(1);
        if share.entered == 0 {
            shares.remove(&account);
        }
    }
}

/// What counts in an account's share, until the last that needs it is dropped.
#[derive(Debug)]
struct Entered {
    reads: LongReads,
    account: AccountId,
    turns: Arc<Semaphore>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.reads.leave(self.account);
    }
}

/// A place in an account's queue, kept until it is dropped: a file that is written in parts takes a turn for each.
#[derive(Debug)]
pub struct ReadPlace(Arc<Entered>);

impl ReadPlace {
    /// Waits for a turn, and opens a transaction for it.
    pub async fn turn(&self) -> Result<ReadTurn> {
        let late = || Error::from(Refusal::RateLimited { retry_after_seconds: RETRY_SECONDS });
        let LongReads { pool, limits, .. } = &self.0.reads;
        let turn = tokio::time::timeout(limits.wait, Arc::clone(&self.0.turns).acquire_owned());
        let turn = turn.await.map_err(|_| late())?.map_err(|_| Refusal::Unavailable)?;
        let transaction = super::begin(pool).await.map_err(|error| match error {
            // The pool is full of others' reads: this one was no mistake, and may come again.
            Error::Refused(Refusal::Unavailable) => late(),
            error => error,
        })?;
        Ok(ReadTurn { transaction: Some(transaction), held: Some((turn, Arc::clone(&self.0))) })
    }
}

/// A turn: an open transaction on a connection of the pool.
///
/// One that is given up while a statement runs (a caller that hangs up) keeps the account's turn until the database is
/// done with the statement: whoever asks and hangs up again and again has no more than its share.
pub struct ReadTurn {
    transaction: Option<Transaction<'static, Postgres>>,
    held: Option<(OwnedSemaphorePermit, Arc<Entered>)>,
}

impl fmt::Debug for ReadTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadTurn").finish_non_exhaustive()
    }
}

impl ReadTurn {
    /// Gives the connection.
    pub fn connection(&mut self) -> Result<&mut PgConnection> {
        match &mut self.transaction {
            Some(transaction) => Ok(&mut *transaction),
            None => Err(Error::internal("a read that is over")),
        }
    }

    /// Ends the read.
    pub async fn end(mut self) -> Result<()> {
        match self.transaction.take() {
            Some(transaction) => Ok(transaction.commit().await?),
            None => Ok(()),
        }
    }
}

impl Drop for ReadTurn {
    fn drop(&mut self) {
        let Some(transaction) = self.transaction.take() else { return };
        let held = self.held.take();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            // Waits for the answer of what is under way first.
            drop(transaction.rollback().await);
            drop(held);
        });
    }
}
