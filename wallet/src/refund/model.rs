//! Requests, refunds and disputes as callers see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::rule::Assessment;
use crate::id::{AccountId, DisputeId, PaymentId, RefundId, RefundRequestId, WalletId};
use crate::ledger::EntryView;
use crate::money::{Credits, Money};

/// Why somebody wants money or credits back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// Bought by mistake.
    Mistake,
    /// Not needed any more.
    NotNeeded,
    /// The results were not good enough.
    Quality,
    /// The operation failed.
    Failed,
    /// Something else.
    Other,
}

impl RefundReason {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 5] = [Self::Mistake, Self::NotNeeded, Self::Quality, Self::Failed, Self::Other];

    /// Gives the name kept in storage and used in forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mistake => "mistake",
            Self::NotNeeded => "not_needed",
            Self::Quality => "quality",
            Self::Failed => "failed",
            Self::Other => "other",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for staff.
    Waiting,
    /// Its person took it back.
    Withdrawn,
    /// Staff said no.
    Refused,
    /// Staff said yes: the credits are taken, and the money is on its way. Credits for an operation are back.
    Approved,
    /// The money went back.
    Paid,
    /// The money did not arrive: the credits are back, and staff look at it.
    Failed,
}

impl RequestState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Withdrawn, Self::Refused, Self::Approved, Self::Paid, Self::Failed];

    /// Gives the name kept in storage and used in addresses.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Withdrawn => "withdrawn",
            Self::Refused => "refused",
            Self::Approved => "approved",
            Self::Paid => "paid",
            Self::Failed => "failed",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum RefundAbout {
    /// Money for a purchase.
    Payment {
        /// The payment.
        id: PaymentId,
    },
    /// Credits for an operation.
    Charge {
        /// The entry that charged for it.
        seq: i64,
    },
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRefundRequest {
    /// What it is about.
    pub about: RefundAbout,
    /// Why.
    pub reason: RefundReason,
    /// More about it, in the person's words; may be empty.
    pub details: String,
}

/// A request, as its person and staff see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The request.
    pub id: RefundRequestId,
    /// What people call it: `R-118`.
    pub number: i64,
    /// Whose.
    pub account: AccountId,
    /// The wallet that it is about.
    pub wallet: WalletId,
    /// Who sent it: name and address.
    pub sent_by: (String, String),
    /// What it is about.
    pub about: RefundAbout,
    /// The same for people.
    pub title: String,
    /// Why.
    pub reason: RefundReason,
    /// More about it.
    pub details: String,
    /// What the person was shown: money that would go back.
    pub asked: Option<Money>,
    /// The same in credits: taken for the money, or given back for an operation.
    pub asked_credits: Credits,
    /// How far it is.
    pub state: RequestState,
    /// What staff said.
    pub message: Option<String>,
    /// When staff decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// The money that goes back.
    pub granted: Option<Money>,
    /// The credits that were taken for it, or given back.
    pub granted_credits: Option<Credits>,
    /// Until when staff reply.
    pub reply_by: DateTime<Utc>,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// When its state changed last.
    pub updated_at: DateTime<Utc>,
}

/// What a person can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundChoices {
    /// Purchases, newest first, with what the rule says of each.
    pub purchases: Vec<Assessment>,
    /// The charge that was named, and whether credits can be asked back for it.
    pub charge: Option<(EntryView, Result<(), ChargeObstacle>)>,
    /// What the wallet has now.
    pub available: Credits,
    /// The working days until staff reply.
    pub reply_days: u8,
}

/// Why credits can't be asked back for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeObstacle {
    /// It charged for no operation, or nothing.
    NotCharged,
    /// Its credits are back.
    GivenBack,
    /// A request about it waits, or was answered with yes.
    Asked,
    /// It is too long ago.
    TooOld,
}

/// A request with what staff need to decide it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRefundRequest {
    /// The request.
    pub request: RefundRequest,
    /// What the rule says of the account's purchases; the one in question first.
    pub purchases: Vec<Assessment>,
    /// What the wallet has now.
    pub available: Credits,
    /// The refund that came of it.
    pub refund: Option<RefundView>,
}

/// How far money is that goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Its credits are taken, and the provider is to be asked.
    Created,
    /// The provider has it.
    Pending,
    /// It went back.
    Succeeded,
    /// It did not.
    Failed,
}

impl RefundState {
    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Created, Self::Pending, Self::Succeeded, Self::Failed].into_iter().find(|state| state.code() == code)
    }
}

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundView {
    /// The refund.
    pub id: RefundId,
    /// The payment.
    pub payment: PaymentId,
    /// How much, with its share of the tax.
    pub money: Money,
    /// The credits that were taken for it.
    pub credits: Credits,
    /// How far it is.
    pub state: RefundState,
    /// Why it failed, as a code.
    pub failure: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

/// How far a dispute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// The bank asks; no money has moved.
    Inquiry,
    /// The money is with the bank, and the payment's unused credits are frozen.
    Open,
    /// Won: the credits are back.
    Won,
    /// Lost: the credits are taken back.
    Lost,
    /// An inquiry that ended without a dispute.
    Closed,
}

impl DisputeState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Inquiry, Self::Open, Self::Won, Self::Lost, Self::Closed];

    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Closed => "closed",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Says whether it is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Won | Self::Lost | Self::Closed)
    }
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeView {
    /// The dispute.
    pub id: DisputeId,
    /// The payment.
    pub payment: PaymentId,
    /// What was bought.
    pub title: String,
    /// The account's owner: name and address.
    pub owner: (String, String),
    /// The provider.
    pub provider: String,
    /// How far it is.
    pub state: DisputeState,
    /// Why, as the provider's code, or in staff's words.
    pub reason: String,
    /// How much the bank wants back.
    pub money: Money,
    /// The credits that were frozen.
    pub frozen: Credits,
    /// Until when the provider takes evidence.
    pub evidence_by: Option<DateTime<Utc>>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}
