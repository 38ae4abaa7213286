//! Mails about plans: begun, renewed, a declined card, over.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::stored_credits;
use crate::catalog::{Expiry, Interval};
use crate::id::PaymentId;
use crate::money::{Credits, Money};

/// What the mails about a paid plan say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanMail {
    /// Whom to greet.
    pub name: String,
    /// The plan's name.
    pub plan: String,
    /// The credits of a month.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// What was paid.
    pub money: Money,
    /// Until when it is paid: the next billing date.
    pub until: DateTime<Utc>,
    /// How often it is paid.
    pub interval: Interval,
    /// The order.
    pub payment: PaymentId,
}

/// What the mails about a plan that is in trouble say, or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTroubleMail {
    /// Whom to greet.
    pub name: String,
    /// The plan's name.
    pub plan: String,
    /// What was to be paid.
    pub money: Money,
    /// The card, as people know it.
    pub method: Option<String>,
    /// When the card is charged again; `None` where it is not any more.
    pub next_try_at: Option<DateTime<Utc>>,
    /// The plan that the account is on now, where the plan is over.
    pub down_to: Option<String>,
    /// Whether it is over because nobody paid.
    pub is_unpaid: bool,
    /// How often the card was declined.
    #[serde(default)]
    pub tries: u32,
    /// When a month's credits expire.
    #[serde(default)]
    pub expiry: Option<Expiry>,
}
