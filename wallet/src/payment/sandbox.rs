//! The sandbox provider's own books: what a real provider keeps on its side. It takes no real money.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{PaymentId, RefundId};
use crate::money::Money;

/// How far a payment page of the sandbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxState {
    /// Waits for a card.
    Open,
    /// Waits for the bank's confirmation (3-D Secure).
    Challenge,
    /// The bank takes its time.
    Processing,
    /// The money was taken.
    Paid,
    /// The bank said no.
    Declined,
    /// Called off.
    Cancelled,
    /// Not paid in time.
    Expired,
}

impl SandboxState {
    const ALL: [Self; 7] =
        [Self::Open, Self::Challenge, Self::Processing, Self::Paid, Self::Declined, Self::Cancelled, Self::Expired];

    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Challenge => "challenge",
            Self::Processing => "processing",
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Says whether nothing more can happen to the page.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Declined | Self::Cancelled | Self::Expired)
    }
}

/// What happens to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SandboxStep {
    /// The bank wants a confirmation first.
    Challenge {
        /// The card, for people: `Visa •• 3184`.
        method: String,
    },
    /// The bank takes its time.
    Process {
        /// The card, for people.
        method: String,
    },
    /// The money is taken.
    Pay {
        /// The card, for people.
        method: String,
    },
    /// The bank says no.
    Decline {
        /// Why, as a code: `card_declined`, `insufficient_funds`, …
        code: String,
        /// The card, for people.
        method: String,
    },
    /// The person changes their mind.
    Cancel,
    /// Nobody paid in time, or the shop closed the page.
    Expire,
}

/// One payment page of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxCheckout {
    /// The sandbox's name of the payment: `sbx_…`.
    pub reference: String,
    /// The shop's order.
    pub order: PaymentId,
    /// What is bought, in words; empty where a card is only saved.
    pub title: String,
    /// What it costs; nothing where a card is only saved.
    pub money: Money,
    /// The language of the page.
    pub locale: String,
    /// How far it is.
    pub state: SandboxState,
    /// Why the bank said no, as a code.
    pub decline_code: Option<String>,
    /// The card, for people.
    pub method: Option<String>,
    /// Whether the card is kept to be charged again.
    pub save_method: bool,
    /// The sandbox's name of the card that was kept, or that was charged without a page.
    pub method_ref: Option<String>,
    /// Where the browser goes after paying; empty where there was no page.
    pub return_url: String,
    /// Where the browser goes when the person changes their mind.
    pub cancel_url: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Until when it can be paid.
    pub expires_at: DateTime<Utc>,
    /// What was given back of it, in the minor unit.
    pub refunded_minor: i64,
}

/// Money that the sandbox has given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxRefund {
    /// The sandbox's name of it.
    pub reference: String,
    /// The shop's refund; `None` for one that was made at the sandbox.
    pub refund: Option<RefundId>,
    /// The page that was paid.
    pub checkout: String,
    /// How much.
    pub money: Money,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A card that the sandbox keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxMethod {
    /// The card, for people.
    pub label: String,
    /// How often it was charged without its owner.
    pub charges: i64,
}
