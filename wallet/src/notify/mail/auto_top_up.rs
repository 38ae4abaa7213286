//! Mails about auto top-up: charged, declined, stopped, at its limit.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::stored_credits;
use crate::id::PaymentId;
use crate::money::{Credits, Money};

/// What the mail about an automatic charge says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpMail {
    /// Whom to greet.
    pub name: String,
    /// The order.
    pub payment: PaymentId,
    /// The credits that it brought.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// What it cost, without tax.
    pub money: Money,
    /// The card, as people know it.
    pub method: Option<String>,
}

/// What happened to auto top-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
pub enum TopUpTrouble {
    /// The card was declined, and is charged again.
    Declined {
        /// When.
        next_try_at: DateTime<Utc>,
    },
    /// It has stopped until its owner acts.
    Stopped {
        /// Why, as a code: `declines`, `asks_owner`, `revoked`, `card_gone`, `card_expired`, `price_changed`,
        /// `provider_off`, `in_review`, `dispute`.
        reason: String,
    },
    /// A limit is reached.
    Limit {
        /// Whether it is the day's; else the month's.
        is_daily: bool,
        /// The limit.
        limit: Money,
        /// When it goes on.
        until: DateTime<Utc>,
    },
}

impl TopUpTrouble {
    /// Names the mail that tells of it.
    #[must_use]
    pub(crate) const fn mail_kind(&self) -> &'static str {
        match self {
            Self::Declined { .. } => "auto_top_up_failed",
            Self::Stopped { .. } => "auto_top_up_stopped",
            Self::Limit { .. } => "auto_top_up_limit",
        }
    }
}

/// What the mails say about auto top-up that is in trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpTroubleMail {
    /// Whom to greet.
    pub name: String,
    /// What happened.
    #[serde(flatten)]
    pub trouble: TopUpTrouble,
    /// The order that was declined, where it is about one.
    pub payment: Option<PaymentId>,
    /// What a charge costs at most.
    pub money: Money,
    /// The card, as people know it.
    pub method: String,
}
