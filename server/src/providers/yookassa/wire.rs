//! What YooKassa answers, as far as it is read. Unknown fields and unknown words are no fault of an answer.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::amount::Amount;

/// Our name of what an object is for, in its metadata: a payment's order.
pub const ORDER: &str = "order";
/// The same of a saved method.
pub const METHOD: &str = "method";
/// The same of a refund.
pub const REFUND: &str = "refund";

/// Our notes on an object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Metadata(HashMap<String, Value>);

impl Metadata {
    /// Reads one of our ids; whoever else writes to the shop may note anything.
    #[must_use]
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.as_str()?.parse().ok()
    }
}

/// A page on which the owner confirms. Who has its address can pay there, so it is never printed.
#[derive(Clone, Deserialize)]
pub struct Confirmation {
    /// Its address.
    pub confirmation_url: Option<String>,
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation").finish_non_exhaustive()
    }
}

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Not paid yet, or not decided.
    Pending,
    /// Set aside at the bank, not taken.
    WaitingForCapture,
    /// Taken.
    Succeeded,
    /// Over, nothing was taken.
    Canceled,
}

/// Why a payment or a refund is over.
#[derive(Clone, Debug, Deserialize)]
pub struct Cancellation {
    /// The reason, as a code.
    #[serde(default)]
    pub reason: String,
}

/// A payment.
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentObject {
    /// Its name.
    pub id: String,
    /// How far it is.
    pub status: PaymentState,
    /// What was asked.
    pub amount: Amount,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Our notes.
    #[serde(default)]
    pub metadata: Metadata,
    /// Where its buyer confirms, while that is to be done.
    pub confirmation: Option<Confirmation>,
    /// What it is paid with.
    pub payment_method: Option<MethodObject>,
    /// Why it is over.
    pub cancellation_details: Option<Cancellation>,
    /// What was given back.
    pub refunded_amount: Option<Amount>,
    /// Whether it is one of a test shop.
    pub test: Option<bool>,
}

/// How far a saved method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodState {
    /// Its owner is still to confirm.
    Pending,
    /// It can be charged.
    Active,
    /// It can't be charged, or not any more.
    Inactive,
    /// A state that this code does not know.
    #[serde(other)]
    Other,
}

/// A bank card, never its whole number.
#[derive(Clone, Debug, Deserialize)]
pub struct CardObject {
    /// The last digits.
    pub last4: Option<String>,
    /// Two digits.
    pub expiry_month: Option<String>,
    /// Four digits.
    pub expiry_year: Option<String>,
    /// `Mir`, `Visa`, `MasterCard`.
    pub card_type: Option<String>,
}

/// A method, saved or not.
#[derive(Clone, Debug, Deserialize)]
pub struct MethodObject {
    /// Its name, under which it is charged if it was saved.
    pub id: Option<String>,
    /// What it is: `bank_card`, `yoo_money`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be charged without its owner.
    #[serde(default)]
    pub saved: bool,
    /// How far it is, where it was saved by itself.
    pub status: Option<MethodState>,
    /// What it is, in words.
    pub title: Option<String>,
    /// The card, where it is one.
    pub card: Option<CardObject>,
    /// The wallet's number, where it is one.
    pub account_number: Option<String>,
    /// Where its owner confirms, while that is to be done.
    pub confirmation: Option<Confirmation>,
}

/// How far a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// On its way.
    Pending,
    /// Given back.
    Succeeded,
    /// Over, nothing was given back.
    Canceled,
}

/// A refund.
#[derive(Clone, Debug, Deserialize)]
pub struct RefundObject {
    /// Its name.
    pub id: String,
    /// The payment's name.
    pub payment_id: String,
    /// How far it is.
    pub status: RefundState,
    /// What is given back.
    pub amount: Amount,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Our notes.
    #[serde(default)]
    pub metadata: Metadata,
    /// Why it is over.
    pub cancellation_details: Option<Cancellation>,
}

/// One page of a list, newest first.
#[derive(Clone, Debug, Deserialize)]
pub struct ListObject<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last one.
    pub next_cursor: Option<String>,
}

/// The shop's settings, as `GET /me` tells them.
#[derive(Clone, Debug, Deserialize)]
pub struct ShopObject {
    /// The shop's number.
    pub account_id: String,
    /// `enabled` where it may take payments.
    pub status: String,
    /// Whether it is a test shop.
    #[serde(default)]
    pub test: bool,
    /// Whether it sends receipts.
    pub fiscalization: Option<FiscalizationObject>,
    /// What it may be paid with.
    #[serde(default)]
    pub payment_methods: Vec<String>,
}

/// The shop's settings of receipts.
#[derive(Clone, Debug, Deserialize)]
pub struct FiscalizationObject {
    /// Whether they are sent by YooKassa.
    #[serde(default)]
    pub enabled: bool,
}
