//! What a provider answers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::MethodKind;
use crate::id::{PaymentId, RefundId};
use crate::money::Money;

/// What came of asking for a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerAnswer {
    /// The provider has it under this name.
    Found {
        /// The provider's name of the customer.
        reference: String,
    },
    /// This provider has no customers.
    NotNeeded,
    /// The provider said no.
    Refused {
        /// Why, as a code.
        code: String,
    },
    /// No answer that says yes or no.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// What came of charging a saved method. Whether it paid is learnt from `Provider::fetch_payment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeAnswer {
    /// The provider has made a payment of it: paid, declined or on its way.
    Made {
        /// The provider's name of the payment.
        reference: String,
    },
    /// The provider said no, and has made no payment.
    Refused {
        /// Why, as a code.
        code: String,
    },
    /// No answer that says yes or no.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// What came of asking for a payment page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckoutAnswer {
    /// The page is there.
    Created {
        /// The provider's name of the payment.
        reference: String,
        /// The page.
        redirect_url: String,
        /// Until when it takes money.
        expires_at: DateTime<Utc>,
    },
    /// The provider said no.
    Refused {
        /// Why, as a code.
        code: String,
    },
    /// No answer that says yes or no.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// How the provider sees a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderStatus {
    /// Not paid yet.
    Open,
    /// Being confirmed.
    Processing,
    /// The money was taken.
    Paid,
    /// Declined.
    Declined {
        /// Why, as a code: one of [`decline`](super::decline).
        code: String,
    },
    /// Called off by the person.
    Cancelled,
    /// Not paid in time.
    Expired,
}

/// A method that was saved, as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMethod {
    /// The provider's name of it.
    pub reference: String,
    /// What it is.
    pub kind: MethodKind,
    /// The card's brand, as the provider writes it: `visa`, `mir`.
    pub brand: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// The last month in which the card can be charged: year, and month from 1.
    pub expires: Option<(u16, u8)>,
    /// The method, for people: `Visa •• 4242`.
    pub label: String,
}

/// A payment as the provider has it: the only source of truth for a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderPayment {
    /// The provider's name of the payment.
    pub reference: String,
    /// The order that the provider has it for.
    pub order: Option<PaymentId>,
    /// How far it is.
    pub status: ProviderStatus,
    /// What was asked, before tax.
    pub money: Money,
    /// The tax that the provider added, in the same currency's minor unit.
    #[serde(default)]
    pub tax_minor: i64,
    /// What was given back so far, tax included, in the same currency's minor unit.
    pub refunded_minor: i64,
    /// The instrument, for people: `Visa •• 4242`.
    pub method: Option<String>,
    /// The instrument, where it was saved to be charged again.
    pub saved_method: Option<ProviderMethod>,
    /// When the provider made it.
    pub created_at: DateTime<Utc>,
}

/// What came of asking for a payment's state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::large_enum_variant, reason = "one for an answer of a provider, never many")
)]
pub enum FetchAnswer {
    /// The provider has it.
    Found(ProviderPayment),
    /// The provider is sure that it doesn't have it.
    Missing,
    /// No answer that says yes or no.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// What came of asking how far a method's page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupAnswer {
    /// Not done yet.
    Open,
    /// The method is saved.
    Saved(ProviderMethod),
    /// Declined, called off or expired: nothing was saved.
    Failed {
        /// Why, as a code.
        code: String,
    },
    /// The provider is sure that it doesn't have it.
    Missing,
    /// No answer that says yes or no.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// What came of asking for a saved method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodAnswer {
    /// It can be charged.
    Found(ProviderMethod),
    /// It can't be charged any more: detached, revoked or never there.
    Missing,
    /// No answer that says yes or no.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// How far a refund is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// Given back.
    Succeeded,
    /// It did not arrive; the money is with us again.
    Failed {
        /// Why, as a code.
        code: String,
    },
}

/// A refund as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRefund {
    /// The provider's name of it.
    pub reference: String,
    /// The refund that the provider has it for; `None` for one made at the provider.
    pub refund: Option<RefundId>,
    /// The provider's name of the payment, as `fetch_payment` takes it.
    pub payment_reference: String,
    /// What is given back.
    pub money: Money,
    /// How far it is.
    pub status: RefundStatus,
    /// When the provider made it.
    pub created_at: DateTime<Utc>,
}

/// What came of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The provider has it.
    Found(ProviderRefund),
    /// The provider said no, and gives nothing back.
    Refused {
        /// Why, as a code.
        code: String,
    },
    /// The provider is sure that it doesn't have it.
    Missing,
    /// No answer that says yes or no.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// A payment in the provider's books, to be compared with ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedPayment {
    /// The provider's name of it.
    pub reference: String,
    /// The order that the provider has it for.
    pub order: Option<PaymentId>,
    /// Whether the money was taken.
    pub is_paid: bool,
    /// What was taken, tax included.
    pub total: Money,
    /// What was given back so far, in the same currency's minor unit.
    pub refunded_minor: i64,
    /// When the provider made it.
    pub created_at: DateTime<Utc>,
}

/// One page of the provider's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BooksAnswer {
    /// The page.
    Page {
        /// The payments.
        payments: Vec<BookedPayment>,
        /// The next page's cursor; `None` on the last one.
        next: Option<String>,
    },
    /// No answer.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// What a check of a provider's settings found, for `scrip doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// What was looked at: `key`, `webhook`, `version`, `clock`.
    pub what: String,
    /// What was found, and what to do where it is a problem.
    pub text: String,
    /// Whether payments fail until it is mended.
    pub is_problem: bool,
}

/// What came of asking for the refunds of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundsAnswer {
    /// All of them.
    Found(Vec<ProviderRefund>),
    /// No answer.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}

/// How far a dispute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The bank asks; no money has moved.
    Inquiry,
    /// The bank has its answer, and no money has moved.
    Closed,
    /// The bank has taken the money back until it has decided.
    Open,
    /// The money is with us again.
    Won,
    /// The money stays with the bank.
    Lost,
}

/// A dispute as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderDispute {
    /// The provider's name of it.
    pub reference: String,
    /// How far it is.
    pub status: DisputeStatus,
    /// Why, as the provider's code.
    pub reason: String,
    /// How much the bank wants back.
    pub money: Money,
    /// Until when the provider takes evidence.
    pub evidence_by: Option<DateTime<Utc>>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}

/// What came of asking for the disputes of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisputesAnswer {
    /// All of them.
    Found(Vec<ProviderDispute>),
    /// No answer.
    Unknown {
        /// What happened, for the log.
        detail: String,
    },
}
