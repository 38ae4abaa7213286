//! Mails about prices: a rise with the reader's own figures; for admins, upstream costs to look at again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Credits;
use crate::tariff::PercentSpan;

/// What the mail about a rise says. Amounts are the reader's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiseMail {
    /// Whom to greet.
    pub name: String,
    /// The announced version.
    pub version: i32,
    /// From when it is in force.
    pub effective_at: DateTime<Utc>,
    /// How many days of charges were rated again.
    pub days: i64,
    /// What they cost at the prices before.
    pub before: Credits,
    /// What they cost at the prices after.
    pub after: Credits,
    /// Charges that would be refused; they are in no amount.
    pub refused: i64,
    /// By operation, the largest difference first.
    pub operations: Vec<RiseLine>,
    /// Empty. Nodes of the version before, which may run beside this one, read no mail without it.
    #[serde(default)]
    pub words: (String, String),
}

/// One operation of the mail about a rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiseLine {
    /// Its name.
    pub name: String,
    /// The least and the most that it costs now.
    pub price_before: Option<(Credits, Credits)>,
    /// The least and the most that it costs then; none where it goes away.
    pub price_after: Option<(Credits, Credits)>,
    /// By how much.
    pub percent: Option<PercentSpan>,
    /// The reader's charges.
    pub charges: i64,
    /// How many of them would be refused.
    #[serde(default)]
    pub refused: i64,
    /// What the others cost at the prices before.
    pub before: Credits,
    /// What they cost at the prices after.
    pub after: Credits,
}

/// What the mail about a withdrawn rise says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawnMail {
    /// Whom to greet.
    pub name: String,
    /// The withdrawn version.
    pub version: i32,
    /// From when it would have been in force.
    pub effective_at: DateTime<Utc>,
}

/// What the mail about due reviews of upstream costs says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewMail {
    /// Whom to greet.
    pub name: String,
    /// The operations whose costs are to be looked at again.
    pub operations: Vec<String>,
    /// The draft that passes drops on, and how many prices it lowers.
    pub draft: Option<(i32, usize)>,
}
