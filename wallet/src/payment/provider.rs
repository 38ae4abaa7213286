//! What Scrip needs of whoever takes money; the server implements it for each provider.
//!
//! An answer that did not arrive is an answer too: `Unknown`. It is never taken for yes or no, but asked again by
//! the reconciler, under the same key.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AccountId, PaymentId};
use crate::money::{Currency, Money};

/// What a provider can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// It renews subscriptions by itself.
    pub native_subscriptions: bool,
    /// It has pages where a customer manages cards and plan.
    pub portal: bool,
    /// It tells of disputes by events.
    pub disputes_via_webhook: bool,
    /// It gives back a part of a payment.
    pub partial_refund: bool,
    /// Its events carry a signature.
    pub signed_webhooks: bool,
    /// It keeps cards that may be charged without their owner: what a plan needs that we renew.
    pub saved_methods: bool,
    /// It takes no real money; refused in production mode.
    pub test_only: bool,
    /// The currencies that it takes.
    pub currencies: Vec<Currency>,
}

/// An order to be paid on the provider's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutOrder {
    /// Our payment; the provider keeps it as the order's id.
    pub payment: PaymentId,
    /// Who pays.
    pub account: AccountId,
    /// The address for the provider's own receipt.
    pub email: String,
    /// The language of the page.
    pub locale: String,
    /// What is bought, in words.
    pub title: String,
    /// What it costs.
    pub money: Money,
    /// Where the browser goes after paying.
    pub return_url: String,
    /// Where the browser goes when the person changes their mind.
    pub cancel_url: String,
    /// Until when the page should take money.
    pub expires_at: DateTime<Utc>,
    /// Whether the card is kept, to be charged again without its owner: the owner has agreed to it.
    pub save_method: bool,
    /// Stored before the first call and the same at each repeat.
    pub idempotency_key: String,
}

/// An order to be paid with a card that was kept, without its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCharge {
    /// Our payment; the provider keeps it as the order's id.
    pub payment: PaymentId,
    /// Who pays.
    pub account: AccountId,
    /// The provider's name of the card.
    pub method: String,
    /// The language of the provider's own receipt.
    pub locale: String,
    /// What is bought, in words.
    pub title: String,
    /// What it costs.
    pub money: Money,
    /// Stored before the first call and the same at each repeat.
    pub idempotency_key: String,
}

/// What came of charging a kept card. Whether it paid is learnt from [`Provider::fetch_payment`].
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
        /// Why, as a code: `card_declined`, `insufficient_funds`, …
        code: String,
    },
    /// Called off by the person.
    Cancelled,
    /// Not paid in time.
    Expired,
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
    /// What was given back so far, in the same currency's minor unit.
    pub refunded_minor: i64,
    /// The instrument, for people: `Visa •• 4242`.
    pub method: Option<String>,
    /// The provider's name of the instrument, where it was kept to be charged again.
    pub saved_method: Option<String>,
    /// When the provider made it.
    pub created_at: DateTime<Utc>,
}

/// What came of asking for a payment's state.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A message of a provider whose origin was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEvent {
    /// Stored once under it, however often it comes.
    pub dedupe_key: String,
    /// What it says happened.
    pub kind: String,
    /// The provider's name of the payment that it is about.
    pub object_ref: Option<String>,
    /// When the provider made it.
    pub created_at: DateTime<Utc>,
    /// The whole message, as JSON where it is JSON.
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
    /// No signature, a wrong one, or one too old.
    #[error("the message's signature is missing, wrong or too old")]
    Signature,
    /// From the provider, but not a message that can be read.
    #[error("the message can't be read")]
    Unreadable {
        /// Kept once under it, however often it comes.
        dedupe_key: String,
    },
}

/// Whoever takes money.
#[cfg(feature = "postgres")]
#[async_trait::async_trait]
pub trait Provider: Send + Sync {
    /// Gives the name under which payments are stored: `sandbox`, `stripe`, `yookassa`.
    fn name(&self) -> &'static str;

    /// Says what it can do.
    fn capabilities(&self) -> Capabilities;

    /// Opens a page where an order is paid. A repeat with the same key gives the same page.
    async fn create_checkout(&self, order: &CheckoutOrder) -> CheckoutAnswer;

    /// Charges a kept card. A repeat with the same key charges nothing more.
    async fn charge_saved(&self, charge: &SavedCharge) -> ChargeAnswer;

    /// Asks for the state of a payment.
    async fn fetch_payment(&self, reference: &str) -> FetchAnswer;

    /// Looks for the payment of one of our orders, where the reference never reached us.
    async fn find_by_order(&self, payment: PaymentId) -> FetchAnswer;

    /// Closes a page that was not paid; whether it worked is learnt from [`Provider::fetch_payment`].
    async fn expire_checkout(&self, reference: &str) -> FetchAnswer;

    /// Proves where a message comes from and reads what it is about. Grants nothing. Header names are lower case.
    fn verify_webhook(&self, headers: &[(String, String)], body: &[u8]) -> Result<VerifiedEvent, EventError>;

    /// Reads a message again that was proven when it came and could not be read then; `None` where it still can't.
    fn reread_webhook(&self, dedupe_key: &str, body: &[u8]) -> Option<VerifiedEvent>;
}
