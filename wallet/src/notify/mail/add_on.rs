//! Mails about add-ons: paused, on again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::stored_credits;
use crate::money::Credits;

/// What happened to an add-on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum AddOnStep {
    /// Its month could not be deducted.
    Paused {
        /// Why, as a code: `out_of_credits`, `wallet_frozen`, `wallet_inactive`.
        reason: String,
        /// What was available.
        #[serde(with = "stored_credits")]
        available: Credits,
    },
    /// It is on again by itself, and a month was deducted.
    Resumed {
        /// When that month ends.
        until: DateTime<Utc>,
    },
}

impl AddOnStep {
    /// Names the mail that tells of it.
    #[must_use]
    pub(crate) const fn mail_kind(&self) -> &'static str {
        match self {
            Self::Paused { .. } => "add_on_paused",
            Self::Resumed { .. } => "add_on_resumed",
        }
    }
}

/// What the mails about an add-on say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnMail {
    /// Whom to greet.
    pub name: String,
    /// The add-on's name.
    pub add_on: String,
    /// What a month costs.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// What happened.
    #[serde(flatten)]
    pub step: AddOnStep,
}
