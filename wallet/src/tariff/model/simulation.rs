//! Simulation: what the charges of the last weeks would have cost under a draft.
//!
//! It says who would pay more and who less, and which charges would fail. It can't say how people would react.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::id::AccountId;
use crate::money::Credits;

/// What a simulation found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// The draft.
    pub version: i32,
    /// The draft's revision that was simulated; a later edit makes the simulation stale.
    pub revision: i64,
    /// From when charges were rated again.
    pub from: DateTime<Utc>,
    /// Until when; the moment of the simulation.
    pub to: DateTime<Utc>,
    /// How many debits were rated again, those included that would be refused.
    pub charges: i64,
    /// How many could not be: captured in part, or without a receipt.
    pub left_out: i64,
    /// How many accounts paid them.
    pub accounts: i64,
    /// What they cost.
    pub before: Credits,
    /// What they would have cost: nothing where they would be refused.
    pub after: Credits,
    /// By operation, the largest first.
    pub operations: Vec<OperationImpact>,
    /// The accounts that would save most. What would be refused is on nobody's bill, neither before nor after.
    pub winners: Vec<AccountImpact>,
    /// The accounts that would pay most more.
    pub losers: Vec<AccountImpact>,
    /// How many accounts would pay less.
    pub less: i64,
    /// How many the same.
    pub same: i64,
    /// How many more.
    pub more: i64,
    /// How many accounts by change of their bill: under −20 %, to −10 %, to −5 %, to 0, 0, to 5 %, to 10 %, to 20 %,
    /// over 20 %.
    pub histogram: [i64; 9],
    /// Charges that would be refused under the draft.
    pub failing: Vec<Failing>,
    /// Operations of the draft that nobody used: nothing is known of them.
    pub unused: i64,
}

/// One operation, rated again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationImpact {
    /// Which one.
    pub operation: String,
    /// How many debits.
    pub charges: i64,
    /// How many of them would be refused.
    #[serde(default)]
    pub refused: i64,
    /// What they cost.
    pub before: Credits,
    /// What they would have cost.
    pub after: Credits,
}

/// One account, rated again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountImpact {
    /// Which one.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// How many debits it paid that were rated again.
    #[serde(default)]
    pub charges: i64,
    /// What its debits cost.
    pub before: Credits,
    /// What they would have cost.
    pub after: Credits,
}

/// Charges of one operation that would be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Which one.
    pub operation: String,
    /// How many debits.
    pub charges: i64,
    /// Of how many accounts.
    #[serde(default)]
    pub accounts: i64,
    /// What they cost.
    #[serde(default)]
    pub before: Credits,
    /// Why, as the first of them would hear it.
    pub reason: String,
    /// The same as facts, for readers of any language.
    #[serde(default)]
    pub why: Option<Refusal>,
}

/// How far a simulation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Pages of the ledger that were read.
    pub done: i64,
    /// Pages to read; 0 where that is not known yet.
    pub total: i64,
    /// Charges that were rated on them.
    pub charges: i64,
}

impl Progress {
    /// Gives the part that is done, 0 to 100; `None` where it is not known yet.
    #[must_use]
    pub fn percent(&self) -> Option<i64> {
        self.done.checked_mul(100)?.checked_div(self.total)
    }
}

/// Where a simulation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// On its way, or in the queue.
    Running,
    /// What it found is kept with the draft.
    Finished,
    /// Something went wrong inside.
    Failed,
    /// It was taken up several times and never came to its end.
    GivenUp,
}

impl RunState {
    /// Gives the name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

impl FromStr for RunState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Running, Self::Finished, Self::Failed, Self::GivenUp];
        all.into_iter().find(|state| state.code() == text).ok_or(())
    }
}

/// A simulation that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationRun {
    /// The draft's revision that it is about.
    pub revision: i64,
    /// Where it stands.
    pub state: RunState,
    /// How far it has come.
    pub progress: Progress,
    /// Who asked for it.
    pub started_by: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// When it came to its end, good or bad.
    pub finished_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_is_done_is_whole_and_known_only_with_the_whole() {
        let at = |done, total| Progress { done, total, charges: 0 }.percent();
        assert_eq!((at(0, 0), at(0, 7), at(1, 3), at(7, 7)), (None, Some(0), Some(33), Some(100)));
    }

    #[test]
    fn states_read_back() {
        for state in [RunState::Running, RunState::Finished, RunState::Failed, RunState::GivenUp] {
            assert_eq!(state.code().parse(), Ok(state));
        }
        assert_eq!("".parse::<RunState>(), Err(()));
    }
}
