//! The stand-in of Stripe.
//!
//! Reading order: [`model`] (what is kept), [`shop`] (the account), [`charging`] (what an attempt to pay does), then a
//! file for each noun of the API; [`checkout`] is what a buyer does, [`pages`] how it looks; [`render`] makes the
//! JSON; [`routes`] and [`http`] are the API; [`control`] is what a test does in a bank's or the dashboard's place.

pub mod card;
pub mod charging;
pub mod checkout;
pub mod control;
pub mod currency;
pub mod customers;
pub mod disputes;
pub mod endpoints;
pub mod error;
pub mod expand;
pub mod http;
pub mod intents;
pub mod list;
pub mod methods;
pub mod model;
pub mod pages;
pub mod params;
pub mod refunds;
pub mod render;
pub mod routes;
pub mod sessions;
pub mod setups;
pub mod shop;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::any;
use serde_json::{Value, json};

use crate::core::delivery::{Outgoing, Signer};
use crate::core::{Answer, Core, lock};
use crate::{Options, Provider};
use model::{Event, RequestOf};
use shop::Shop;

/// The stand-in: an account, and what both providers share.
#[derive(Debug)]
pub struct Stripe {
    core: Arc<Core>,
    shop: Mutex<Shop>,
    /// A receiver besides the endpoints of the account: its address and its secret.
    receiver: Option<(String, String)>,
    /// Whether a page waits for the events of what it did before it sends the buyer back.
    events_first: AtomicBool,
}

impl Stripe {
    /// Starts with an empty account.
    pub fn new(core: Arc<Core>, options: &Options) -> Arc<Self> {
        let shop = Mutex::new(Shop::new(&core.base_url));
        let receiver = options.stripe_webhook.clone().zip(options.stripe_secret.clone());
        Arc::new(Self { core, shop, receiver, events_first: AtomicBool::new(false) })
    }

    /// Its calls, its pages, and what a test does.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/v1/{*path}", any(http::api))
            .nest("/stripe", pages::router())
            .nest("/_control/stripe", control::router())
            .with_state(self)
    }

    fn request_id(&self) -> String {
        format!("req_{}", self.core.ids.token(14))
    }

    /// Does something with the account at the time of now, and sends the events of it.
    fn act<T>(&self, request: Option<RequestOf>, act: impl FnOnce(&mut Shop) -> T) -> T {
        let mut shop = lock(&self.shop);
        shop.now = self.core.clock.now();
        shop.request = None;
        sessions::expire_due(&mut shop);
        refunds::end_due(&mut shop);
        shop.request = request;
        let done = act(&mut shop);
        // Still locked: events go out in the order in which they happened.
        for event in std::mem::take(&mut shop.outbox) {
            self.send(&shop, &event);
        }
        done
    }

    /// A page's answer, when a test wants it after the events.
    async fn after_page(&self, answer: Answer) -> Answer {
        if self.events_first.load(Ordering::SeqCst) {
            self.core.deliveries.idle().await;
        }
        answer
    }

    fn send(&self, shop: &Shop, event: &Event) {
        let receivers = self.receivers(shop, &event.kind);
        let body = format!("{:#}", render::event(event, receivers.len()));
        self.deliver(&event.id, &event.kind, body.as_bytes(), receivers);
    }

    /// Addresses and secrets of those who want events of a kind.
    fn receivers(&self, shop: &Shop, kind: &str) -> Vec<(String, String)> {
        let wanting = shop.endpoints.newest().filter(|endpoint| endpoints::wants(endpoint, kind));
        let wanting = wanting.map(|endpoint| (endpoint.url.clone(), endpoint.secret.clone()));
        self.receiver.iter().cloned().chain(wanting).collect()
    }

    fn deliver(&self, id: &str, kind: &str, body: &[u8], receivers: Vec<(String, String)>) {
        for (url, secret) in receivers {
            self.core.deliveries.send(Outgoing {
                provider: "stripe",
                event: id.to_owned(),
                kind: kind.to_owned(),
                url,
                body: body.to_vec(),
                signer: Signer::Stripe(secret),
            });
        }
    }
}

impl Provider for Stripe {
    fn tick(&self) {
        self.act(None, |_| ());
    }

    fn reset(&self) {
        *lock(&self.shop) = Shop::new(&self.core.base_url);
        self.events_first.store(false, Ordering::SeqCst);
    }

    fn snapshot(&self) -> Value {
        self.act(None, |shop| {
            let shop = &*shop;
            json!({
                "customers": shop.customers.newest().map(render::customer).collect::<Vec<_>>(),
                "payment_methods": shop.methods.newest().map(render::method).collect::<Vec<_>>(),
                "payment_intents": shop.intents.newest().map(render::intent).collect::<Vec<_>>(),
                "charges": shop.charges.newest().map(|charge| render::charge(shop, charge)).collect::<Vec<_>>(),
                "refunds": shop.refunds.newest().map(render::refund).collect::<Vec<_>>(),
                "setup_intents": shop.setups.newest().map(render::setup_intent).collect::<Vec<_>>(),
                "sessions": shop.sessions.newest().map(|held| render::session(shop, held)).collect::<Vec<_>>(),
                "disputes": shop.disputes.newest().map(|held| render::dispute(shop, held)).collect::<Vec<_>>(),
                "events": shop.events.newest().map(|event| render::event(event, 0)).collect::<Vec<_>>(),
                "webhook_endpoints":
                    shop.endpoints.newest().map(|held| render::endpoint(held, None)).collect::<Vec<_>>(),
            })
        })
    }
}
