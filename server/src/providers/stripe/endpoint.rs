//! The webhook endpoint at Stripe: made or updated by `scrip payments setup stripe`.

use anyhow::{anyhow, bail};
use miniserde::Deserialize;
use secrecy::SecretString;
use serde::Serialize;
use stripe_client_core::{ApiVersion, RequestBuilder, StripeMethod, VERSION};

use super::Stripe;
use super::api::{Failure, is_id};

/// The events that are acted on.
pub const EVENTS: [&str; 23] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
];
/// The most endpoints that Stripe tells at once; an account has sixteen at most.
const ENDPOINTS_MAX: u8 = 100;

/// Gives the version in whose shapes Stripe's answers and events are read.
#[must_use]
pub fn version() -> &'static str {
    static READ: ApiVersion = VERSION;
    READ.as_str()
}

/// An endpoint as Stripe has it.
#[derive(Deserialize)]
pub struct Endpoint {
    /// Stripe's name of it.
    pub id: String,
    /// Where events are sent.
    pub url: String,
    /// `enabled` or `disabled`.
    pub status: String,
    /// The version in whose shapes events are written.
    pub api_version: Option<String>,
    /// What is sent; `*` is everything.
    pub enabled_events: Vec<String>,
    /// Signs the events; told when the endpoint is made, and never again.
    pub secret: Option<String>,
}

impl Endpoint {
    /// Says whether its events are of the version that the code reads.
    #[must_use]
    pub fn is_of_version(&self) -> bool {
        self.api_version.as_deref() == Some(version())
    }

    /// Lists the events that are acted on and not sent.
    #[must_use]
    pub fn missing_events(&self) -> Vec<&'static str> {
        let is_sent = |event: &&str| self.enabled_events.iter().any(|sent| sent == "*" || sent == event);
        EVENTS.into_iter().filter(|event| !is_sent(event)).collect()
    }
}

#[derive(Deserialize)]
struct Endpoints {
    data: Vec<Endpoint>,
}

#[derive(Deserialize)]
struct Removed {
    deleted: bool,
}

#[derive(Serialize)]
struct Page {
    limit: u8,
}

#[derive(Serialize)]
struct NewEndpoint<'a> {
    url: &'a str,
    enabled_events: [&'static str; EVENTS.len()],
    api_version: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct EndpointChange {
    enabled_events: [&'static str; EVENTS.len()],
    disabled: bool,
}

/// What came of setting the endpoint up.
#[derive(Debug)]
pub struct WebhookSetup {
    /// Stripe's name of the endpoint.
    pub id: String,
    /// Where events are sent.
    pub url: String,
    /// The version that the code reads.
    pub version: &'static str,
    /// Signs its events; only where it was made just now.
    pub secret: Option<SecretString>,
    /// Endpoints of other versions that send to the same address still.
    pub older: Vec<String>,
    /// Those that were removed.
    pub removed: Vec<String>,
}

/// Says in words why the endpoint can't be set up.
fn plain(failure: Failure) -> anyhow::Error {
    anyhow!("{} (a restricted key needs the right to write webhook endpoints)", failure.detail())
}

impl Stripe {
    /// Lists the endpoints that send to this deployment.
    pub(super) async fn endpoints(&self) -> Result<Vec<Endpoint>, Failure> {
        let request = RequestBuilder::new(StripeMethod::Get, "/webhook_endpoints");
        let request = request.query(&Page { limit: ENDPOINTS_MAX }).customize();
        let Endpoints { mut data } = self.api.call(request).await?;
        data.retain(|endpoint| endpoint.url == self.webhook_url);
        Ok(data)
    }

    /// Makes the endpoint, or brings it to what the code needs. An endpoint's version can't be changed: for another one
    /// a second endpoint is made, and the older one stays until its removal is asked for, when the new secret is known.
    pub async fn set_up_webhook(&self, removes_older: bool) -> anyhow::Result<WebhookSetup> {
        if !self.webhook_url.starts_with("https://") && self.api.is_stripe() {
            bail!(
                "Stripe sends events to https addresses only, not to {}: set PUBLIC_URL to the address that browsers \
                 use. On a machine that Stripe can't reach, run `stripe listen --forward-to {}` and set \
                 STRIPE_WEBHOOK_SECRET to the secret that it prints",
                self.webhook_url,
                self.webhook_url
            );
        }
        let (ours, older): (Vec<_>, Vec<_>) =
            self.endpoints().await.map_err(plain)?.into_iter().partition(Endpoint::is_of_version);
        let made = match ours.into_iter().next() {
            Some(endpoint) => self.update(&endpoint).await.map_err(plain)?,
            None => self.create().await.map_err(plain)?,
        };
        let mut setup = WebhookSetup {
            id: made.id,
            url: made.url,
            version: version(),
            secret: made.secret.map(SecretString::from),
            older: Vec::new(),
            removed: Vec::new(),
        };
        for endpoint in older {
            if removes_older && setup.secret.is_none() && self.remove(&endpoint.id).await.map_err(plain)? {
                setup.removed.push(endpoint.id);
            } else {
                setup.older.push(endpoint.id);
            }
        }
        Ok(setup)
    }

    async fn create(&self) -> Result<Endpoint, Failure> {
        let new = NewEndpoint {
            url: &self.webhook_url,
            enabled_events: EVENTS,
            api_version: version(),
            description: "Scrip",
        };
        self.api.call(RequestBuilder::new(StripeMethod::Post, "/webhook_endpoints").form(&new).customize()).await
    }

    async fn update(&self, endpoint: &Endpoint) -> Result<Endpoint, Failure> {
        let change = EndpointChange { enabled_events: EVENTS, disabled: false };
        let path = path(&endpoint.id)?;
        self.api.call(RequestBuilder::new(StripeMethod::Post, path).form(&change).customize()).await
    }

    async fn remove(&self, id: &str) -> Result<bool, Failure> {
        let request = RequestBuilder::new(StripeMethod::Delete, path(id)?);
        self.api.call::<Removed>(request.customize()).await.map(|removed| removed.deleted)
    }
}

fn path(id: &str) -> Result<String, Failure> {
    if is_id(id, "we_") { Ok(format!("/webhook_endpoints/{id}")) } else { Err(Failure::Missing) }
}
