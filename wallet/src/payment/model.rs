//! Orders and payments as callers see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::method::PayWith;
use crate::catalog::Interval;
use crate::id::{AccountId, PaymentId, SubscriptionId, WalletId};
use crate::money::{Credits, Currency, Money};

/// Why a payment is called off whose money staff gave back: how it stands in `failure`.
#[cfg(feature = "postgres")]
pub(crate) const RETURNED: &str = "returned";

/// What a person asks to buy: a package, or an amount where the catalog sells any amount. The price is ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// The package's code.
    #[serde(default)]
    pub package: Option<String>,
    /// The amount of credits, where no package is named.
    #[serde(default)]
    pub amount: Option<Credits>,
    /// The currency to pay in.
    pub currency: Currency,
    /// The way to pay; the first one that can where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<PayWith>,
    /// Whether the method is saved for later payments: the buyer has agreed to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub save_method: bool,
}

/// What a person asks for who chooses a plan. The price is ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChoice {
    /// The plan's code.
    pub plan: String,
    /// How often it is to be paid.
    pub interval: Interval,
    /// The currency to pay in.
    pub currency: Currency,
    /// The way to pay; the first one that can where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<PayWith>,
}

/// What became of choosing another plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The difference is to be paid first.
    Ordered(Box<PaymentView>),
    /// It begins with the next billing date.
    Scheduled(DateTime<Utc>),
}

/// What a payment for a plan pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPart {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The plan's code.
    pub plan: String,
    /// How many months: one or twelve.
    pub interval: Interval,
    /// The first of them, from 0; at 0 the plan begins.
    pub month: u32,
}

/// A top-up with the price that will be asked: the order summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The package's code; `None` for an amount of one's own.
    pub package: Option<String>,
    /// What the order is called: the package's name.
    pub title: String,
    /// What the wallet gets.
    pub credits: Credits,
    /// What it gets for nothing beside them.
    #[serde(default)]
    pub bonus: Credits,
    /// What it costs.
    pub money: Money,
}

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The person has not paid yet.
    Pending,
    /// The bank is confirming.
    Processing,
    /// Paid, and the credits are in the wallet.
    Succeeded,
    /// Declined; nothing was charged.
    Failed,
    /// Called off by the person.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// The provider did not say; the reconciler will find out.
    Unknown,
    /// Paid, but amount, currency or order differ from ours, or the plan's months have no place any more (another plan,
    /// a month that was paid, a plan that is over): nothing is granted, staff decide (`scrip payment held`).
    Held,
}

impl PaymentStatus {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Processing,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
        Self::Unknown,
        Self::Held,
    ];

    /// Gives the name kept in storage and shown by the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
            Self::Held => "held",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// Says whether the provider should still be asked.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Processing | Self::Unknown)
    }

    /// Says whether a payment may go from this state to another.
    ///
    /// Money that was taken always wins: a payment that we took for failed, cancelled or expired still succeeds (or
    /// is held) when the provider says that it was paid. Held money is given its credits after all, or given back, by
    /// staff alone. Nothing leaves `Succeeded`; refunds are rows of their own.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Succeeded => false,
            Self::Held => matches!(next, Self::Succeeded | Self::Cancelled),
            Self::Failed | Self::Cancelled | Self::Expired => matches!(next, Self::Succeeded | Self::Held),
            Self::Pending => !matches!(next, Self::Pending),
            Self::Processing => !matches!(next, Self::Pending | Self::Processing),
            Self::Unknown => !matches!(next, Self::Unknown),
        }
    }
}

/// A payment as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentView {
    /// The payment; also the order's number.
    pub id: PaymentId,
    /// The wallet that gets the credits.
    pub wallet: WalletId,
    /// How far it is.
    pub status: PaymentStatus,
    /// The package's code; `None` for an amount of one's own.
    pub package: Option<String>,
    /// What it pays of a plan, where it is for one.
    pub plan: Option<PlanPart>,
    /// The code of the higher plan that it makes of the account's, where it is for that.
    #[serde(default)]
    pub change_to: Option<String>,
    /// Whether auto top-up made it.
    #[serde(default)]
    pub is_automatic: bool,
    /// What was ordered, in words.
    pub title: String,
    /// What the wallet gets.
    pub credits: Credits,
    /// What it gets for nothing beside them.
    #[serde(default)]
    pub bonus: Credits,
    /// What it costs.
    pub money: Money,
    /// The provider's name: `sandbox`, `stripe`, `yookassa`.
    pub provider: String,
    /// The instrument, for people: `Visa •• 4242`; known once it is paid, or where a saved one was chosen.
    pub method: Option<String>,
    /// The tax that the provider added, in the same currency's minor unit.
    #[serde(default)]
    pub tax_minor: i64,
    /// Where to pay, while it is open.
    pub checkout_url: Option<String>,
    /// Why it failed, as a code: `card_declined`, `insufficient_funds`, `provider_unavailable`, …
    pub failure: Option<String>,
    /// When it was ordered.
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    pub updated_at: DateTime<Utc>,
    /// When the credits were added.
    pub settled_at: Option<DateTime<Utc>>,
    /// Until when it can be paid.
    pub expires_at: DateTime<Utc>,
    /// The ledger row of its grant.
    pub entry_seq: Option<i64>,
}

/// Money that was taken and brings nothing, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentInReview {
    /// The payment.
    pub id: PaymentId,
    /// Who paid.
    pub account: AccountId,
    /// Whom to write to.
    pub email: String,
    /// What was ordered, in words.
    pub title: String,
    /// What the order would have brought.
    pub credits: Credits,
    /// What we asked for.
    pub money: Money,
    /// The provider's name.
    pub provider: String,
    /// The provider's name of the payment.
    pub provider_ref: Option<String>,
    /// Why it is in review, as a code: `mismatch`, `already_subscribed`, `month_already_paid`, `subscription_over`,
    /// `plan_changed`.
    pub why: String,
    /// What was asked, and what the provider took.
    pub compared: serde_json::Value,
    /// When it was put in review.
    pub held_at: DateTime<Utc>,
}

/// One page of payments, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentPage {
    /// The payments.
    pub payments: Vec<PaymentView>,
    /// Pass it as `before` for the next page; `None` on the last one.
    pub next: Option<PaymentId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_back() {
        for status in PaymentStatus::ALL {
            assert_eq!(PaymentStatus::from_code(status.code()), Some(status));
        }
    }

    #[test]
    fn taken_money_always_wins_and_nothing_undoes_it() {
        for status in PaymentStatus::ALL {
            assert!(!PaymentStatus::Succeeded.may_become(status));
            assert!(status == PaymentStatus::Succeeded || status.may_become(PaymentStatus::Succeeded));
            assert!(!status.may_become(status), "{status:?} to itself is no change");
        }
    }
}
