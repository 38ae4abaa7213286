//! What a decision says: rows and the state after them, or why there is none.

use crate::error::Refusal;
use crate::ledger::model::wallet_state::{Core, Entry, Hold};

/// What a command changes: nothing of it has happened yet.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The rows: the ones before the command's own, its own, and what follows from it.
    pub entries: Vec<Entry>,
    /// Which row is the command's own; `None` where there was nothing to do.
    pub own: Option<usize>,
    /// The wallet's numbers and grants after it.
    pub core: Core,
    /// The holds that are new or changed.
    pub holds: Vec<Hold>,
    /// The debits that were paid back, with the row that did it.
    pub(crate) credited: Option<(i64, i64)>,
}

/// Why there is no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecideError {
    /// A rule says no.
    Refused(Refusal),
    /// The wallet's numbers contradict each other: nothing may be written.
    Inconsistent(&'static str),
}

impl From<Refusal> for DecideError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
