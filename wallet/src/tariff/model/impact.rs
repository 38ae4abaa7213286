//! What an announced version means to one account: its own charges of the last days, rated again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::AccountId;
use crate::money::Credits;
use crate::tariff::model::simulation::OperationImpact;

/// What an announced version means to one account. Only operations whose price changes count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Whose charges.
    pub account: AccountId,
    /// How many there were that would go on.
    pub charges: i64,
    /// What these cost at the prices before.
    pub before: Credits,
    /// What they cost at the prices after.
    pub after: Credits,
    /// Charges that would be refused: an operation or option goes away, or needs a higher plan than the account's.
    pub refused: i64,
    /// Whether anything that the account uses goes up or away.
    pub rises: bool,
    /// By operation, the largest difference first.
    pub operations: Vec<OperationImpact>,
}

impl Impact {
    /// Gives how much more the charges would have cost (below zero: less).
    #[must_use]
    pub fn difference(&self) -> Credits {
        self.after.checked_sub(self.before).unwrap_or_default()
    }
}

/// A coming rise, for the banner of somebody whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiseNotice {
    /// The announced version.
    pub version: i32,
    /// From when it is in force.
    pub effective_at: DateTime<Utc>,
    /// How many days were rated again.
    pub days: i64,
    /// What they cost at the prices before.
    pub before: Credits,
    /// What they cost at the prices after.
    pub after: Credits,
    /// Charges that would be refused.
    pub refused: i64,
}
