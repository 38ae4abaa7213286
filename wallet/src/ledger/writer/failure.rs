//! Why a batch did not happen, and what is known of its commands afterwards.

use crate::error::{Error, Refusal};

/// Why a batch did not happen.
pub(in crate::ledger) enum Failure {
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
    pub(in crate::ledger) const fn commit_state(&self) -> CommitState {
        match self {
            Self::Unknown => CommitState::Unknown,
            Self::Conflict | Self::Broken | Self::Blocked | Self::Failed(_) => CommitState::NotCommitted,
        }
    }
}

/// What is known of commands before they are tried (again).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum CommitState {
    /// They have not happened.
    NotCommitted,
    /// They may have happened: only their keys can tell, under the wallets' locks.
    Unknown,
}

impl CommitState {
    /// Adds what is known from another try: a commit that may have happened is never forgotten.
    pub(in crate::ledger) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotCommitted, Self::NotCommitted) => Self::NotCommitted,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// What a caller is told whose command can't be done now.
    pub(in crate::ledger) const fn refusal(self) -> Refusal {
        match self {
            Self::NotCommitted => Refusal::Unavailable,
            Self::Unknown => Refusal::OutcomeUnknown,
        }
    }
}

/// Tells what an error before the commit means: nothing has happened.
pub(in crate::ledger) fn before_commit(error: Error) -> Failure {
    let cause = match error {
        Error::Internal(cause) => cause,
        // A connection that broke before the commit: nothing has happened, and another connection may work.
        Error::Refused(Refusal::OutcomeUnknown) => return Failure::Broken,
        refused @ Error::Refused(_) => return Failure::Failed(refused),
    };
    let Some(database) = cause.downcast_ref::<sqlx::Error>() else { return Failure::Failed(Error::Internal(cause)) };
    match database {
        sqlx::Error::Database(error) => match error.code().as_deref() {
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
pub(in crate::ledger) fn while_committing(error: sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Database(_) => before_commit(Error::Internal(Box::new(error))),
        error => {
            tracing::warn!(%error, "the outcome of a commit is unknown");
            Failure::Unknown
        }
    }
}
