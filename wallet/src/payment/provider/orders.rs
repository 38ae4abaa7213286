//! What a provider is asked to do.

use chrono::{DateTime, Utc};

use super::MethodKind;
use crate::id::{AccountId, PaymentId, PaymentMethodId, RefundId};
use crate::money::Money;

/// The account that a provider keeps saved methods for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerOrder {
    /// Who pays.
    pub account: AccountId,
    /// The address for the provider's own receipts.
    pub email: String,
    /// The payer's name.
    pub name: String,
    /// The language of the provider's pages and receipts.
    pub locale: String,
    /// The same at each repeat.
    pub idempotency_key: String,
}

/// An order to be paid on the provider's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutOrder {
    /// Our payment; the provider keeps it as the order's id.
    pub payment: PaymentId,
    /// Who pays.
    pub account: AccountId,
    /// The provider's name of the payer, where it has customers.
    pub customer: Option<String>,
    /// How the buyer wants to pay; `None` leaves it to the provider's page.
    pub kind: Option<MethodKind>,
    /// The address for the provider's own receipt.
    pub email: String,
    /// The language of the page.
    pub locale: String,
    /// What is bought, in words.
    pub title: String,
    /// What it costs, before a tax that the provider adds.
    pub money: Money,
    /// Where the browser goes after paying.
    pub return_url: String,
    /// Where the browser goes when the person changes their mind.
    pub cancel_url: String,
    /// Until when the page should take money.
    pub expires_at: DateTime<Utc>,
    /// Whether the method is saved, to be charged again without its owner: the owner has agreed to it.
    pub save_method: bool,
    /// Stored before the first call and the same at each repeat.
    pub idempotency_key: String,
}

/// An order to be paid with a saved method, without its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCharge {
    /// Our payment; the provider keeps it as the order's id.
    pub payment: PaymentId,
    /// Who pays.
    pub account: AccountId,
    /// The provider's name of the payer, where it has customers.
    pub customer: Option<String>,
    /// The provider's name of the method.
    pub method: String,
    /// The address for the provider's own receipt.
    pub email: String,
    /// The language of the provider's own receipt.
    pub locale: String,
    /// What is bought, in words.
    pub title: String,
    /// What it costs, before a tax that the provider adds.
    pub money: Money,
    /// Stored before the first call and the same at each repeat.
    pub idempotency_key: String,
}

/// A method to be saved on the provider's page, without a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupOrder {
    /// Our name of the method that will be saved; the provider keeps it as the order's id.
    pub method: PaymentMethodId,
    /// Whose it will be.
    pub account: AccountId,
    /// The provider's name of the payer, where it has customers.
    pub customer: Option<String>,
    /// The address of the payer.
    pub email: String,
    /// The language of the page.
    pub locale: String,
    /// Where the browser goes afterwards.
    pub return_url: String,
    /// Where the browser goes when the person changes their mind.
    pub cancel_url: String,
    /// Stored before the first call and the same at each repeat.
    pub idempotency_key: String,
}

/// Money to be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    /// Our refund; the provider keeps it as the refund's id.
    pub refund: RefundId,
    /// Our payment.
    pub payment: PaymentId,
    /// The provider's name of the payment.
    pub reference: String,
    /// What is given back: the whole or a part, with its share of a tax that the provider added.
    pub money: Money,
    /// What was bought, in words.
    pub title: String,
    /// The address for the provider's own receipt.
    pub email: String,
    /// Stored before the first call and the same at each repeat.
    pub idempotency_key: String,
}

/// A period of the provider's books to be compared with ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookPeriod {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}
