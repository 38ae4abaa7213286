//! What mails about refunds and disputes say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::stored_credits;
use crate::id::{PaymentId, RefundRequestId};
use crate::money::{Credits, Money};

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStep {
    /// It was sent.
    Asked,
    /// Staff said yes: the money is on its way.
    Approved,
    /// Staff said yes: the credits are back.
    CreditsBack,
    /// Staff said no.
    Refused,
    /// The money went back.
    Paid,
    /// The money did not arrive.
    Failed,
}

/// What the mails about a request say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundMail {
    /// Whom to greet.
    pub name: String,
    /// The request.
    pub request: RefundRequestId,
    /// What people call it: `R-118`.
    pub number: i64,
    /// What it is about.
    pub title: String,
    /// How far it is.
    pub step: RefundStep,
    /// The money that goes back; none where credits do.
    pub money: Option<Money>,
    /// The credits that are taken for it, or given back.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// What staff said.
    pub message: Option<String>,
    /// Until when staff reply.
    pub reply_by: DateTime<Utc>,
}

/// How far a dispute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStep {
    /// It was opened, and credits were frozen.
    Opened,
    /// It was won, and the credits are back.
    Won,
    /// It was lost, and what was spent of them was taken.
    Lost,
}

/// What the mails about a dispute say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeMail {
    /// Whom to greet.
    pub name: String,
    /// The payment.
    pub payment: PaymentId,
    /// What was bought.
    pub title: String,
    /// How far it is.
    pub step: DisputeStep,
    /// How much the bank wants back.
    pub money: Money,
    /// The credits that the step moved.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
}
