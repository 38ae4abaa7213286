//! Mails about credits: low, gone, soon gone, soon expired, arrived.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::stored_credits;
use crate::money::Credits;

/// What happened to a balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum BalanceStep {
    /// It is below a line.
    Low {
        /// The line.
        #[serde(with = "stored_credits")]
        below: Credits,
        /// Whether it is the owner's own threshold; else a percentage of the last refill.
        is_own: bool,
    },
    /// Nothing is left.
    Empty,
    /// At the pace of the last days, nothing is left within 24 hours.
    RunsOut,
    /// A plan's credits of a month have come.
    Allowance {
        /// How many.
        #[serde(with = "stored_credits")]
        credits: Credits,
        /// When they end.
        expires_at: Option<DateTime<Utc>>,
    },
}

impl BalanceStep {
    /// Names the mail that tells of it.
    #[must_use]
    pub(crate) const fn mail_kind(&self) -> &'static str {
        match self {
            Self::Low { .. } => "balance_low",
            Self::Empty => "balance_empty",
            Self::RunsOut => "balance_runs_out",
            Self::Allowance { .. } => "allowance",
        }
    }
}

/// What the mails about a balance say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceMail {
    /// Whom to greet.
    pub name: String,
    /// What can be spent.
    #[serde(with = "stored_credits")]
    pub available: Credits,
    /// What happened.
    #[serde(flatten)]
    pub step: BalanceStep,
    /// The secret of the link that switches such mails off.
    pub unsubscribe: String,
}

/// Credits that expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiringLine {
    /// What people call them.
    pub label: String,
    /// How many are left.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// When they end.
    pub at: DateTime<Utc>,
}

/// What the mail about credits that expire says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiringMail {
    /// Whom to greet.
    pub name: String,
    /// Within how many days: 30, 7 or 1.
    pub days: i16,
    /// How many in all.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// One by one, the first to end first; not more than a mail can show.
    pub lines: Vec<ExpiringLine>,
    /// The secret of the link that switches such mails off.
    pub unsubscribe: String,
}
