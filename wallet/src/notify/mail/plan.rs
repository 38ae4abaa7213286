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

/// What the mail about a card says that expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardMail {
    /// Whom to greet.
    pub name: String,
    /// The card, as people know it.
    pub method: String,
    /// The last month in which it can be charged: year, and month from 1.
    pub expires: Option<(u16, u8)>,
    /// Whether the account's plan is paid with it.
    pub pays_plan: bool,
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
    /// Whether only the reader can pay, until `next_try_at`: the bank asks for them, or the card is of no use any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_owner: bool,
    /// How often the card was declined.
    #[serde(default)]
    pub tries: u32,
    /// When a month's credits expire.
    #[serde(default)]
    pub expiry: Option<Expiry>,
}
