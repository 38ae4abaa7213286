//! Messages of providers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a message is about: what is asked of the provider because of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventAbout {
    /// A payment; the reference is one that `fetch_payment` takes.
    #[default]
    Payment,
    /// A page where a method is saved; the reference is one that `fetch_setup` takes.
    Setup,
    /// A saved method; the reference is one that `fetch_method` takes.
    Method,
    /// Nothing that we act on; it is kept.
    Nothing,
}

impl EventAbout {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Payment, Self::Setup, Self::Method, Self::Nothing];

    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Setup => "setup",
            Self::Method => "method",
            Self::Nothing => "nothing",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|about| about.code() == code)
    }
}

/// A message of a provider whose origin was proven, or which is only a hint to ask the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEvent {
    /// Stored once under it, however often it comes.
    pub dedupe_key: String,
    /// What it says happened.
    pub kind: String,
    /// What it is about.
    pub about: EventAbout,
    /// The provider's name of what it is about.
    pub object_ref: Option<String>,
    /// When the provider says that it happened.
    pub created_at: DateTime<Utc>,
    /// The message.
    pub raw: serde_json::Value,
}

/// A message that could not be read when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadEvent {
    /// Its row.
    pub id: Uuid,
    /// Who sent it.
    pub provider: String,
    /// The provider's name of it.
    pub dedupe_key: String,
    /// The message as it came.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// No signature, a wrong one, one too old, or a sender that is not the provider's.
    #[error("the message's signature is missing, wrong or too old")]
    Signature,
    /// From the provider's other mode: a test message with live keys, or a live one with test keys.
    #[error("the message is of the provider's other mode (test or live)")]
    OtherMode,
    /// From the provider, but not a message that can be read.
    #[error("the message can't be read")]
    Unreadable {
        /// Kept once under it, however often it comes.
        dedupe_key: String,
    },
}
