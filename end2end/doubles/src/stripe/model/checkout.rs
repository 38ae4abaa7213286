//! What is kept of hosted pages.

use serde_json::Value;

use crate::stripe::params::Metadata;

/// A line of a Checkout Session.
#[derive(Clone, Debug)]
pub struct LineItem {
    /// `li_...`
    pub id: String,
    /// What is bought.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// In minor units.
    pub unit_amount: i64,
    /// How many.
    pub quantity: i64,
    /// Whether tax is inside the amount.
    pub tax_inclusive: bool,
    /// `price_...`
    pub price: String,
    /// `prod_...`
    pub product: String,
}

/// A hosted page.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// `cs_test_...`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// When nobody can pay any more.
    pub expires_at: i64,
    /// `payment` or `setup`.
    pub mode: String,
    /// `open`, `complete` or `expired`.
    pub status: &'static str,
    /// `unpaid`, `paid` or `no_payment_required`.
    pub payment_status: &'static str,
    /// In lower case.
    pub currency: Option<String>,
    /// What is bought.
    pub line_items: Vec<LineItem>,
    /// Tax, once it is known.
    pub amount_tax: i64,
    /// Whether tax is added.
    pub automatic_tax: bool,
    /// Whose it is.
    pub customer: Option<String>,
    /// `always` or `if_required`.
    pub customer_creation: Option<String>,
    /// An address for mails, given by the merchant.
    pub customer_email: Option<String>,
    /// What the buyer typed.
    pub buyer: Option<Buyer>,
    /// The merchant's order.
    pub client_reference_id: Option<String>,
    /// The merchant's own texts.
    pub metadata: Metadata,
    /// The merchant's own texts for the payment, or for the saved method.
    pub intent_metadata: Metadata,
    /// A note for it.
    pub intent_description: Option<String>,
    /// Whether the method is kept.
    pub setup_future_usage: Option<String>,
    /// Who gets Stripe's receipt.
    pub receipt_email: Option<String>,
    /// What the bank shows.
    pub statement_descriptor: Option<String>,
    /// What the bank shows at its end.
    pub statement_descriptor_suffix: Option<String>,
    /// Whether a card that is kept is shown again: the merchant's choice.
    pub allow_redisplay: Option<String>,
    /// Kinds of methods that it takes; empty when Stripe chooses.
    pub payment_method_types: Vec<String>,
    /// Where the buyer comes back to.
    pub success_url: String,
    /// Where the buyer goes who does not pay.
    pub cancel_url: Option<String>,
    /// The page's language.
    pub locale: Option<String>,
    /// The word on the button.
    pub submit_type: Option<String>,
    /// Whether the billing address is asked for.
    pub billing_address_collection: Option<String>,
    /// Whether the terms must be agreed to.
    pub terms_required: bool,
    /// Consent, saved methods, texts: given back as they came.
    pub echoed: serde_json::Map<String, Value>,
    /// The payment, once it was tried.
    pub payment_intent: Option<String>,
    /// The method being saved.
    pub setup_intent: Option<String>,
    /// The method that waits for 3-D Secure.
    pub waiting_method: Option<String>,
}

/// What a buyer typed on a hosted page.
#[derive(Clone, Debug, Default)]
pub struct Buyer {
    /// An address for mails.
    pub email: Option<String>,
    /// A name.
    pub name: Option<String>,
}
