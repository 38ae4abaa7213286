//! What Scrip needs of whoever takes money; the server implements it for each provider.
//!
//! An answer that did not arrive is an answer too: `Unknown`. It is never taken for yes or no, but asked again by
//! the reconciler, under the same key.

mod answers;
pub mod decline;
mod events;
mod orders;

use serde::{Deserialize, Serialize};

pub use answers::{
    BookedPayment, BooksAnswer, ChargeAnswer, CheckoutAnswer, CustomerAnswer, DisputeStatus, DisputesAnswer, Examined,
    FetchAnswer, MethodAnswer, ProviderDispute, ProviderMethod, ProviderPayment, ProviderRefund, ProviderStatus,
    RefundAnswer, RefundStatus, RefundsAnswer, SetupAnswer,
};
pub use events::{EventAbout, EventError, UnreadEvent, VerifiedEvent};
pub use orders::{BookPeriod, CheckoutOrder, CustomerOrder, RefundOrder, SavedCharge, SetupOrder};

#[cfg(feature = "postgres")]
use crate::id::PaymentId;
use crate::money::Currency;

/// A way to pay that a buyer chooses on our page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    /// A bank card, and what the provider's card page offers with it (Google Pay, Apple Pay, Link).
    Card,
    /// A wallet of `YooMoney`.
    YooMoney,
}

impl MethodKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Card, Self::YooMoney];

    /// Gives the name kept in storage and used in forms and the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::YooMoney => "yoo_money",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What a provider can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The ways to pay that it offers.
    pub kinds: Vec<MethodKind>,
    /// It keeps customers, whom it must know before a method is saved.
    pub customers: bool,
    /// It saves methods that may be charged without their owner: what a plan needs that we renew.
    pub saved_methods: bool,
    /// It saves a method without a payment.
    pub setup: bool,
    /// It tells of disputes by events.
    pub disputes_via_webhook: bool,
    /// It gives back a part of a payment.
    pub partial_refund: bool,
    /// Its events carry a signature.
    pub signed_webhooks: bool,
    /// It takes no real money: the sandbox, or a provider's test mode. Refused in production where nothing else is said.
    pub test_only: bool,
    /// The currencies that it takes; none named means all.
    pub currencies: Vec<Currency>,
}

impl Capabilities {
    /// Says whether it takes a currency.
    #[must_use]
    pub fn takes(&self, currency: Currency) -> bool {
        self.currencies.is_empty() || self.currencies.contains(&currency)
    }
}

/// The amounts that a provider takes in a currency, in its minor unit, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountLimits {
    /// The least; `None` where there is no limit.
    pub min: Option<i64>,
    /// The most; `None` where there is no limit.
    pub max: Option<i64>,
}

/// Whoever takes money.
#[cfg(feature = "postgres")]
#[async_trait::async_trait]
pub trait Provider: Send + Sync {
    /// Gives the name under which payments are stored: `sandbox`, `stripe`, `yookassa`.
    fn name(&self) -> &'static str;

    /// Says what it can do.
    fn capabilities(&self) -> Capabilities;

    /// Gives the amounts that it takes in a currency.
    fn limits(&self, _currency: Currency) -> AmountLimits {
        AmountLimits::default()
    }

    /// Lists the origins of its pages (`https://checkout.stripe.com`), to which our forms may lead.
    fn page_origins(&self) -> Vec<String> {
        Vec::new()
    }

    /// Makes the customer of an account, or finds it. A repeat with the same key gives the same customer.
    async fn ensure_customer(&self, _order: &CustomerOrder) -> CustomerAnswer {
        CustomerAnswer::NotNeeded
    }

    /// Opens a page where an order is paid. A repeat with the same key gives the same page.
    async fn create_checkout(&self, order: &CheckoutOrder) -> CheckoutAnswer;

    /// Charges a saved method. A repeat with the same key charges nothing more.
    async fn charge_saved(&self, charge: &SavedCharge) -> ChargeAnswer;

    /// Asks for the state of a payment.
    async fn fetch_payment(&self, reference: &str) -> FetchAnswer;

    /// Looks for the payment of one of our orders, where the reference never reached us.
    async fn find_by_order(&self, payment: PaymentId) -> FetchAnswer;

    /// Closes a page that was not paid; whether it worked is learnt from [`Provider::fetch_payment`].
    async fn expire_checkout(&self, reference: &str) -> FetchAnswer;

    /// Opens a page where a method is saved without a payment. A repeat with the same key gives the same page.
    async fn create_setup(&self, _order: &SetupOrder) -> CheckoutAnswer {
        CheckoutAnswer::Refused { code: "not_supported".to_owned() }
    }

    /// Asks how far such a page is.
    async fn fetch_setup(&self, _reference: &str) -> SetupAnswer {
        SetupAnswer::Missing
    }

    /// Asks for a saved method.
    async fn fetch_method(&self, _reference: &str) -> MethodAnswer {
        MethodAnswer::Missing
    }

    /// Lets the provider forget a saved method; whether it worked is learnt from the answer: `Missing` is done.
    async fn detach_method(&self, _reference: &str) -> MethodAnswer {
        MethodAnswer::Missing
    }

    /// Gives money back. A repeat with the same key gives nothing more.
    async fn refund(&self, _order: &RefundOrder) -> RefundAnswer {
        RefundAnswer::Refused { code: "not_supported".to_owned() }
    }

    /// Asks for a refund.
    async fn fetch_refund(&self, _reference: &str) -> RefundAnswer {
        RefundAnswer::Missing
    }

    /// Lists all refunds of a payment, also those that were made at the provider.
    async fn refunds_of(&self, _reference: &str) -> RefundsAnswer {
        RefundsAnswer::Found(Vec::new())
    }

    /// Lists the disputes of a payment.
    async fn disputes_of(&self, _reference: &str) -> DisputesAnswer {
        DisputesAnswer::Found(Vec::new())
    }

    /// Reads a page of the provider's books; `None` where it has none to read.
    async fn list_payments(&self, _period: &BookPeriod) -> Option<BooksAnswer> {
        None
    }

    /// Proves where a message comes from and reads what it is about. Grants nothing. Header names are lower case;
    /// `sender` is the address that it came from, as far as trusted proxies tell it.
    fn verify_webhook(
        &self,
        headers: &[(String, String)],
        sender: std::net::IpAddr,
        body: &[u8],
    ) -> Result<VerifiedEvent, EventError>;

    /// Reads a message again that was proven when it came and could not be read then; `None` where it still can't.
    fn reread_webhook(&self, dedupe_key: &str, body: &[u8]) -> Option<VerifiedEvent>;

    /// Checks key, account, webhook and clock by asking the provider, for `scrip doctor`.
    async fn examine(&self) -> Vec<Examined> {
        Vec::new()
    }
}
