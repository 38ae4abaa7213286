//! Code of other concepts that runs in the transaction of a row.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sqlx::PgConnection;

use crate::error::{Error, Result};
use crate::ledger::model::command::Outcome;

/// Something that must happen in the same transaction as an entry: a payment settles together with its grant.
///
/// The wallet's row is locked while it runs, so it must be short and may only use the given connection. The caller
/// must hold no locks that the hook takes: it would wait for itself. It also runs when the command is a replay
/// (`outcome.replayed`), and an error of it undoes the command.
#[async_trait]
pub trait TxHook: Send + Sync {
    /// Runs after the entry was written and before the commit.
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()>;
}

/// A [`TxHook`] of a concept with rules of its own, by which it may undo the command: `Ledger::submit_with` gives the
/// refusal to whoever submitted it.
#[async_trait]
pub(crate) trait RefusingHook: Send + Sync {
    /// Why it undoes the command.
    type Refusal: Send;

    /// Runs after the entry was written and before the commit.
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Self::Refusal>>;
}

/// Why a command with a hook was not done.
#[derive(Debug)]
pub(crate) enum HookError<R> {
    /// The hook's own rules are against it: nothing has happened.
    Refused(R),
    /// The command was refused, or something broke.
    Failed(Error),
}

impl<R> HookError<R> {
    /// Gives the same with another concept's word for the refusal.
    pub(crate) fn map<S>(self, name: impl FnOnce(R) -> S) -> HookError<S> {
        match self {
            Self::Refused(refusal) => HookError::Refused(name(refusal)),
            Self::Failed(error) => HookError::Failed(error),
        }
    }
}

impl<R> From<Error> for HookError<R> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<R> From<sqlx::Error> for HookError<R> {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Runs a hook for the writer, which knows errors alone, and keeps what it refused.
pub(in crate::ledger) struct KeepsRefusal<H: RefusingHook> {
    hook: H,
    refusal: Mutex<Option<H::Refusal>>,
}

impl<H: RefusingHook> KeepsRefusal<H> {
    pub(in crate::ledger) const fn new(hook: H) -> Self {
        Self { hook, refusal: Mutex::new(None) }
    }

    /// Tells what became of a command: the hook's refusal where that was the reason. A commit whose outcome is not
    /// known stays so, whatever a later try was refused for.
    pub(in crate::ledger) fn told(&self, done: Result<Outcome>) -> Result<Outcome, HookError<H::Refusal>> {
        done.map_err(|error| match (error, self.set(None)) {
            (Error::Internal(_), Some(refusal)) => HookError::Refused(refusal),
            (error, _) => HookError::Failed(error),
        })
    }

    fn set(&self, refusal: Option<H::Refusal>) -> Option<H::Refusal> {
        std::mem::replace(&mut *self.refusal.lock().unwrap_or_else(PoisonError::into_inner), refusal)
    }
}

#[async_trait]
impl<H: RefusingHook> TxHook for KeepsRefusal<H> {
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()> {
        self.set(None);
        match self.hook.run(connection, outcome).await {
            Ok(()) => Ok(()),
            Err(HookError::Failed(error)) => Err(error),
            Err(HookError::Refused(refusal)) => {
                self.set(Some(refusal));
                Err(Error::internal("the hook of the command undid it"))
            }
        }
    }
}
