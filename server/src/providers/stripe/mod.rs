//! Stripe: Checkout pages, off-session charges of saved methods, refunds and events.
//!
//! Scrip renews plans itself, so of Stripe's subscriptions, invoices and portal nothing is used. A payment that was
//! made on a page has the name of its Checkout session (`cs_…`), one without a page that of its payment intent
//! (`pi_…`); both names are understood. Reading order: `config::stripe`, `api` (calls, and what their failures mean),
//! `currency`, `checkout`, `charge`, `payment`, `find`, `refund`, `books`, `event`, `endpoint`, `examine`; `provider`
//! puts them together.

mod api;
mod books;
mod charge;
mod checkout;
mod currency;
mod decline;
mod dispute;
mod endpoint;
mod event;
mod examine;
mod find;
mod method;
mod payment;
mod provider;
mod refund;
#[cfg(test)]
mod tests;

use secrecy::SecretString;
use wallet::clock::Clock;

use crate::config::stripe::{KeyMode, Keys, StripeSettings};
use api::Api;
pub use endpoint::WebhookSetup;

/// The name under which its payments are stored.
pub const NAME: &str = "stripe";
/// Where Stripe's hosted pages are.
const PAGES: &str = "https://checkout.stripe.com";

/// The key of metadata that holds our payment.
const ORDER: &str = "order";
/// The key of metadata that holds our saved method.
const METHOD: &str = "method";
/// The key of metadata that holds our refund.
const REFUND: &str = "refund";
/// The key of metadata that holds our account.
const ACCOUNT: &str = "account";

/// The Stripe provider.
pub struct Stripe {
    api: Api,
    mode: KeyMode,
    webhook_secrets: Vec<SecretString>,
    automatic_tax: bool,
    page_origin: String,
    webhook_url: String,
    clock: Clock,
}

impl std::fmt::Debug for Stripe {
    /// Tells no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe").field("mode", &self.mode).field("api", &self.api).finish_non_exhaustive()
    }
}

impl Stripe {
    /// Makes the provider; `public_url` is where Stripe and browsers reach us, without a slash at the end.
    pub fn new(keys: Keys, settings: &StripeSettings, public_url: &str, clock: Clock) -> anyhow::Result<Self> {
        let api = Api::new(&keys.secret, settings.stripe_api_url.as_deref())?;
        Ok(Self {
            page_origin: settings.stripe_api_url.clone().unwrap_or_else(|| PAGES.to_owned()),
            api,
            mode: keys.mode,
            webhook_secrets: keys.webhook,
            automatic_tax: settings.stripe_automatic_tax,
            webhook_url: format!("{public_url}/webhooks/{NAME}"),
            clock,
        })
    }

    /// Says whether the keys move real money.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.mode == KeyMode::Live
    }
}
