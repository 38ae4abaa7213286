//! An add-on of a wallet: as its owner sees it, and as it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, AddOnId, WalletId};
use crate::money::Credits;

/// How an add-on of a wallet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddOnState {
    /// It is off.
    Off,
    /// It is on, and is deducted every month.
    On,
    /// It is on until the month that was deducted ends.
    Ending,
    /// It is off until its month can be deducted: by itself, as soon as there are enough credits.
    Paused,
}

impl AddOnState {
    /// Gives the name in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Ending => "ending",
            Self::Paused => "paused",
        }
    }

    /// Says whether the feature may be used now.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::On | Self::Ending)
    }
}

/// Why an add-on is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// The wallet had too little for the month.
    OutOfCredits,
    /// The wallet was frozen.
    WalletFrozen,
    /// The wallet waited for its owner to confirm that it is still in use.
    WalletInactive,
}

impl PauseReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OutOfCredits, Self::WalletFrozen, Self::WalletInactive];

    /// Gives the name in the API and in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OutOfCredits => "out_of_credits",
            Self::WalletFrozen => "wallet_frozen",
            Self::WalletInactive => "wallet_inactive",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Why and since when an add-on is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnPause {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub at: DateTime<Utc>,
    /// What was available then.
    pub available: Credits,
}

/// An add-on that a wallet has or could have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnView {
    /// The name in the API: `voice-cloning`.
    pub code: String,
    /// The name for people.
    pub name: String,
    /// One line about it.
    pub summary: Option<String>,
    /// Whether it can be switched on anew: the catalog has it.
    pub is_offered: bool,
    /// What a month costs: what was agreed while it is on or paused, else what the catalog says.
    pub monthly_credits: Credits,
    /// How it stands.
    pub state: AddOnState,
    /// While it is on, the next deduction; while it ends, its end; else the deduction after the first, were it switched
    /// on now.
    pub next_at: DateTime<Utc>,
    /// Why it is paused.
    pub pause: Option<AddOnPause>,
}

/// Whether a stored add-on goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredState {
    On,
    Paused,
    Off,
}

impl StoredState {
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "on" => Some(Self::On),
            "paused" => Some(Self::Paused),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// An add-on of a wallet as stored, from being switched on to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddOnSubscription {
    pub(crate) id: AddOnId,
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) code: String,
    pub(crate) name: String,
    /// The credits of each month, as agreed.
    pub(crate) credits: Credits,
    /// The IANA time zone in which its dates are counted: the account's, as it was when it was switched on.
    pub(crate) time_zone: String,
    /// Where its months are counted from, and which of them begins there.
    pub(crate) anchor: DateTime<Utc>,
    pub(crate) anchor_month: u32,
    /// How many months were deducted.
    pub(crate) months: u32,
    /// When the last of them ends.
    pub(crate) paid_until: DateTime<Utc>,
    pub(crate) state: StoredState,
    pub(crate) cancel_at_end: bool,
    pub(crate) pause: Option<AddOnPause>,
    /// Since when credits that are on their way are waited for.
    pub(crate) short_since: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub(crate) version: i64,
}

impl AddOnSubscription {
    /// Says how it stands at an instant: over from the instant of its end, whoever has acted on that.
    pub(crate) fn state_at(&self, now: DateTime<Utc>) -> AddOnState {
        match (self.state, self.cancel_at_end) {
            (StoredState::Off, _) => AddOnState::Off,
            (StoredState::Paused, _) => AddOnState::Paused,
            (StoredState::On, true) if self.paid_until <= now => AddOnState::Off,
            (StoredState::On, true) => AddOnState::Ending,
            (StoredState::On, false) => AddOnState::On,
        }
    }
}
