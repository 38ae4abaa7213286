//! What endpoints are told besides ledger entries and prices: noted as data in the transaction of what it tells of, and
//! queued by the relay, for each endpoint that listens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
#[cfg(feature = "postgres")]
use sqlx::PgConnection;

use super::EventKind;
#[cfg(feature = "postgres")]
use super::repo::notice;
#[cfg(feature = "postgres")]
use crate::error::Result;
#[cfg(feature = "postgres")]
use crate::id::WalletId;
use crate::id::{PaymentId, RefundRequestId, SubscriptionId};
use crate::money::{Credits, Money};
use crate::notify::mail::stored_credits;

/// Something that endpoints of a wallet are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Notice {
    /// Auto top-up.
    AutoTopUp(AutoTopUpNotice),
    /// An add-on.
    AddOn(AddOnNotice),
    /// Credits that expire soon.
    Grant(GrantNotice),
    /// A payment.
    Payment(PaymentNotice),
    /// A refund, or a request for one.
    Refund(RefundNotice),
    /// A dispute.
    Dispute(DisputeNotice),
    /// A plan.
    Subscription(SubscriptionNotice),
}

/// What endpoints are told of credits that expire in 30, 7 or 1 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantNotice {
    /// The grant's number within its wallet.
    pub grant: i64,
    /// What people see.
    pub label: String,
    /// What is left of it.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Within how many days that is: 30, 7 or 1.
    pub days: i16,
}

/// What endpoints are told of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentNotice {
    /// What happened.
    pub event: EventKind,
    /// The payment.
    pub payment: PaymentId,
    /// What was ordered.
    pub title: String,
    /// The credits that it brings, or would have brought.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// What it costs, without tax.
    pub money: Money,
    /// Why it failed or is in review, as a code.
    pub reason: Option<String>,
}

/// What endpoints are told of a refund, or of a request for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundNotice {
    /// What happened.
    pub event: EventKind,
    /// The request, where there was one.
    pub request: Option<RefundRequestId>,
    /// The payment, where money goes back.
    pub payment: Option<PaymentId>,
    /// The money that goes back; `None` where credits do.
    pub money: Option<Money>,
    /// The credits that are taken for it, or given back.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// Why it failed, as a code.
    pub reason: Option<String>,
}

/// What endpoints are told of a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeNotice {
    /// What happened.
    pub event: EventKind,
    /// The payment.
    pub payment: PaymentId,
    /// How much the bank wants back.
    pub money: Money,
    /// The credits that the step moved.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
}

/// What endpoints are told of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionNotice {
    /// What happened.
    pub event: EventKind,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The plan's code.
    pub plan: String,
    /// Until when it is paid, or when it ends; for a plan that is past due, when the card is charged again.
    pub until: Option<DateTime<Utc>>,
    /// Why it is past due or over, as a code.
    pub reason: Option<String>,
}

/// What endpoints are told of an add-on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnNotice {
    /// What happened.
    pub event: EventKind,
    /// The add-on's name in the API.
    pub add_on: String,
    /// Its name for people.
    pub name: String,
    /// What a month costs.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// Until when it is on at least: where the month that was deducted ends.
    pub until: Option<DateTime<Utc>>,
    /// Why it is paused, as a code.
    pub reason: Option<String>,
    /// What was available when it was paused.
    #[serde(with = "stored_credits::optional")]
    pub available: Option<Credits>,
}

/// What endpoints are told of auto top-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpNotice {
    /// What happened.
    pub event: EventKind,
    /// The payment, where it is about one.
    pub payment: Option<PaymentId>,
    /// The credits that it brings.
    #[serde(with = "stored_credits::optional")]
    pub credits: Option<Credits>,
    /// What it costs, without tax.
    pub money: Option<Money>,
    /// Why it failed or has stopped, as a code.
    pub reason: Option<String>,
    /// When it is tried again, or goes on by itself.
    pub until: Option<DateTime<Utc>>,
}

impl Notice {
    /// Names the event.
    #[must_use]
    pub const fn event(&self) -> EventKind {
        match self {
            Self::AutoTopUp(notice) => notice.event,
            Self::AddOn(notice) => notice.event,
            Self::Grant(_) => EventKind::GrantExpiring,
            Self::Payment(notice) => notice.event,
            Self::Refund(notice) => notice.event,
            Self::Dispute(notice) => notice.event,
            Self::Subscription(notice) => notice.event,
        }
    }
}

/// Notes something for a wallet's endpoints, in the caller's transaction.
#[cfg(feature = "postgres")]
pub(crate) async fn note_in_tx(
    connection: &mut PgConnection,
    wallet: WalletId,
    told: &Notice,
    now: DateTime<Utc>,
) -> Result<()> {
    notice::insert(connection, wallet, (told.event(), &serde_json::to_value(told)?), now).await
}
