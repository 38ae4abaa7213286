//! What Stripe's stand-in keeps. No rules here.

mod checkout;

pub use checkout::{Buyer, LineItem, Session};

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use super::card::{Charging, Decline, Refunding};
use super::params::Metadata;

/// A thing with an id and a time.
pub trait Object {
    /// The name that lists and errors use.
    const NAME: &'static str;
    /// The id.
    fn id(&self) -> &str;
    /// When it was made.
    fn created(&self) -> i64;
    /// Whether a param may name it: not a customer that was deleted.
    fn is_there(&self) -> bool {
        true
    }
}

macro_rules! object {
    ($($type:ident: $name:literal),* $(,)?) => {
        $(impl Object for $type {
            const NAME: &'static str = $name;
            fn id(&self) -> &str {
                &self.id
            }
            fn created(&self) -> i64 {
                self.created
            }
        })*
    };
}

object! {
    PaymentMethod: "PaymentMethod", PaymentIntent: "payment_intent", Charge: "charge",
    Refund: "refund", SetupIntent: "setupintent", Session: "checkout.session", Dispute: "dispute", Event: "event",
    Endpoint: "webhook endpoint",
}

impl Object for Customer {
    const NAME: &'static str = "customer";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn is_there(&self) -> bool {
        !self.deleted
    }
}

/// A customer.
#[derive(Clone, Debug, Default)]
pub struct Customer {
    /// `cus_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// Its address for mails.
    pub email: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// A note.
    pub description: Option<String>,
    /// Its phone.
    pub phone: Option<String>,
    /// Its address, as it came.
    pub address: Option<Value>,
    /// Whether it pays tax.
    pub tax_exempt: Option<String>,
    /// Languages that it reads.
    pub preferred_locales: Vec<String>,
    /// The method that invoices use.
    pub default_payment_method: Option<String>,
    /// The merchant's own texts.
    pub metadata: Metadata,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A card, or money that comes later.
#[derive(Clone, Debug)]
pub enum MethodKind {
    /// A card.
    Card(Card),
    /// A bank's debit: it takes days, and can fail then.
    BankDebit(&'static str),
}

/// A card.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its network.
    pub brand: &'static str,
    /// The last four digits.
    pub last4: String,
    /// The month it ends with.
    pub exp_month: i64,
    /// The year of that.
    pub exp_year: i64,
    /// The same for the same number.
    pub fingerprint: String,
    /// What charges do.
    pub charging: Charging,
    /// What refunds do.
    pub refunding: Refunding,
}

/// A way to pay.
#[derive(Clone, Debug)]
pub struct PaymentMethod {
    /// `pm_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// What it is.
    pub kind: MethodKind,
    /// Whose it is.
    pub customer: Option<String>,
    /// Whether it was used up: detached, or used without a customer.
    pub spent: bool,
    /// `always`, `limited` or `unspecified`.
    pub allow_redisplay: String,
    /// The owner's address for mails.
    pub email: Option<String>,
    /// The owner's name.
    pub name: Option<String>,
    /// The merchant's own texts.
    pub metadata: Metadata,
    /// Reasons that the next charges are refused for, set by a test.
    pub next_declines: VecDeque<Decline>,
}

/// A payment.
#[derive(Clone, Debug, Default)]
pub struct PaymentIntent {
    /// `pi_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// What is to be paid, in minor units.
    pub amount: i64,
    /// In lower case.
    pub currency: String,
    /// `requires_payment_method`, `requires_confirmation`, `requires_action`, `processing`, `succeeded`, `canceled`.
    pub status: &'static str,
    /// Whose it is.
    pub customer: Option<String>,
    /// A note.
    pub description: Option<String>,
    /// The merchant's own texts.
    pub metadata: Metadata,
    /// What pays, or is about to.
    pub payment_method: Option<String>,
    /// Kinds of methods that it takes.
    pub payment_method_types: Vec<String>,
    /// Whether Stripe chooses these.
    pub automatic_methods: bool,
    /// The last attempt.
    pub latest_charge: Option<String>,
    /// Why it failed, in Stripe's shape.
    pub last_payment_error: Option<Value>,
    /// Where the owner goes to prove who they are.
    pub authenticate_at: Option<String>,
    /// Where the owner comes back to.
    pub return_url: Option<String>,
    /// `off_session` or `on_session`.
    pub setup_future_usage: Option<String>,
    /// Who gets Stripe's receipt.
    pub receipt_email: Option<String>,
    /// What the bank shows.
    pub statement_descriptor: Option<String>,
    /// What the bank shows at its end.
    pub statement_descriptor_suffix: Option<String>,
    /// When it was canceled.
    pub canceled_at: Option<i64>,
    /// Why.
    pub cancellation_reason: Option<String>,
    /// The Checkout Session that it belongs to.
    pub session: Option<String>,
    /// For a browser.
    pub client_secret: String,
}

/// One attempt of a payment.
#[derive(Clone, Debug)]
pub struct Charge {
    /// `ch_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// In minor units.
    pub amount: i64,
    /// What of it has gone back.
    pub amount_refunded: i64,
    /// In lower case.
    pub currency: String,
    /// `succeeded`, `pending` or `failed`.
    pub status: &'static str,
    /// The payment.
    pub payment_intent: String,
    /// What paid.
    pub payment_method: String,
    /// Whose it is.
    pub customer: Option<String>,
    /// A note.
    pub description: Option<String>,
    /// The payment's texts.
    pub metadata: Metadata,
    /// Why it failed.
    pub failure: Option<Decline>,
    /// Whether it is or was disputed.
    pub disputed: bool,
    /// Who gets Stripe's receipt.
    pub receipt_email: Option<String>,
    /// Whether the owner proved who they are.
    pub authenticated: bool,
}

/// Money that goes back.
#[derive(Clone, Debug)]
pub struct Refund {
    /// `re_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// In minor units.
    pub amount: i64,
    /// In lower case.
    pub currency: String,
    /// `pending`, `succeeded`, `failed`.
    pub status: &'static str,
    /// The charge.
    pub charge: String,
    /// The payment.
    pub payment_intent: String,
    /// Why, as the merchant says.
    pub reason: Option<String>,
    /// Why it failed.
    pub failure_reason: Option<&'static str>,
    /// The merchant's own texts.
    pub metadata: Metadata,
    /// When it ends by itself, and how.
    pub due: Option<(i64, RefundEnd)>,
}

/// How a refund ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefundEnd {
    /// The money is with the owner.
    Succeeded,
    /// The money came back.
    Failed,
}

/// A method being saved.
#[derive(Clone, Debug, Default)]
pub struct SetupIntent {
    /// `seti_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// `requires_payment_method`, `requires_confirmation`, `requires_action`, `succeeded`, `canceled`.
    pub status: &'static str,
    /// Whose it is.
    pub customer: Option<String>,
    /// A note.
    pub description: Option<String>,
    /// The merchant's own texts.
    pub metadata: Metadata,
    /// What is saved.
    pub payment_method: Option<String>,
    /// Kinds of methods that it takes.
    pub payment_method_types: Vec<String>,
    /// `off_session` or `on_session`.
    pub usage: String,
    /// Why it failed, in Stripe's shape.
    pub last_setup_error: Option<Value>,
    /// The Checkout Session that it belongs to.
    pub session: Option<String>,
    /// For a browser.
    pub client_secret: String,
}

/// A charge that its owner's bank takes back.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// `du_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// In minor units.
    pub amount: i64,
    /// In lower case.
    pub currency: String,
    /// `needs_response`, `won`, `lost`, `warning_needs_response`, `warning_closed`.
    pub status: String,
    /// `fraudulent`, `product_not_received`, ...
    pub reason: String,
    /// The charge.
    pub charge: String,
    /// The payment.
    pub payment_intent: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// `evt_...`
    pub id: String,
    /// When it happened.
    pub created: i64,
    /// `charge.refunded`
    pub kind: String,
    /// The object as it was then.
    pub object: Value,
    /// What changed, and what it was.
    pub previous: Option<Value>,
    /// The call that made it.
    pub request: Option<RequestOf>,
    /// Whether it says that money is real: never, but a test can say so.
    pub livemode: bool,
}

/// The call that something came from.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RequestOf {
    /// `req_...`
    pub id: Option<String>,
    /// Its key.
    pub idempotency_key: Option<String>,
}

/// A receiver of events.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `we_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// Where events go.
    pub url: String,
    /// What signs them.
    pub secret: String,
    /// Kinds, or `*`.
    pub enabled_events: Vec<String>,
    /// `enabled` or `disabled`.
    pub status: &'static str,
    /// A note.
    pub description: Option<String>,
    /// The version that it was made with.
    pub api_version: Option<String>,
    /// The merchant's own texts.
    pub metadata: Metadata,
}
