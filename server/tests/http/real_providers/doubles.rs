//! The stand-ins as a test sees them: what they hold, what they are told to do, and their pages.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use chrono::{DateTime, Utc};
use doubles::Options;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wallet::payment::{MethodKind, PayWith};

use crate::stand_in::{read, submit};

/// Stripe's key in these tests.
pub const STRIPE_KEY: &str = "sk_test_4f9a1c7e2b6d8035";
/// What signs Stripe's events.
pub const STRIPE_SECRET: &str = "whsec_7d1e5b90c2f34a68";
/// The shop at YooKassa.
pub const SHOP: &str = "100500";
/// Its key.
pub const YOOKASSA_KEY: &str = "test_9b3c5d7f1a2e4068";

/// Which provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Stripe,
    YooKassa,
}

impl By {
    pub const BOTH: [Self; 2] = [Self::Stripe, Self::YooKassa];

    pub fn name(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::YooKassa => "yookassa",
        }
    }

    /// A card on its page.
    pub fn card(self) -> PayWith {
        PayWith::New { provider: self.name().to_owned(), kind: MethodKind::Card }
    }

    /// A card that pays, at once and later.
    pub fn good(self) -> &'static str {
        match self {
            Self::Stripe => "4242424242424242",
            Self::YooKassa => "2202474301322987",
        }
    }

    /// What the calls begin with that charge a saved card.
    pub fn charges(self) -> &'static str {
        match self {
            Self::Stripe => "/v1/payment_intents",
            Self::YooKassa => "/yookassa/v3/payments",
        }
    }
}

/// Money that the provider took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Our order, as the provider has it.
    pub order: String,
    /// How much, as the provider writes it.
    pub amount: String,
    /// When, by its clock.
    pub at: DateTime<Utc>,
}

/// An event that a provider has sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The path that it was sent to.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Letter {
    /// What it says that happened.
    pub fn kind(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).expect("JSON");
        let kind = if self.path.ends_with("stripe") { &body["type"] } else { &body["event"] };
        kind.as_str().expect("a kind").to_owned()
    }
}

/// Takes events in a site's place, for a test to deliver as it likes.
#[derive(Clone, Debug, Default)]
pub struct PostBox(Arc<Mutex<Vec<Letter>>>);

impl PostBox {
    /// Opens one; gives its address.
    pub async fn open() -> (Self, String) {
        async fn take(State(own): State<PostBox>, uri: Uri, headers: HeaderMap, body: Bytes) {
            own.letters().push(Letter { path: uri.path().to_owned(), headers, body });
        }
        let own = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(take).with_state(own.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (own, url)
    }

    fn letters(&self) -> std::sync::MutexGuard<'_, Vec<Letter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties it.
    pub fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut self.letters())
    }
}

/// The stand-ins.
pub struct Doubles {
    pub url: String,
    pub client: reqwest::Client,
    listener: Option<TcpListener>,
}

impl Doubles {
    /// Takes a port; nothing is served yet.
    pub async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = doubles::listen(0).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { url, client: client.build().expect("a client"), listener: Some(listener) }
    }

    /// Serves; events go to a site, a post box, or nowhere.
    pub fn serve(&mut self, events: Option<&str>) {
        let listener = self.listener.take().expect("not served yet");
        let to = |name: &str| events.map(|url| format!("{url}/webhooks/{name}"));
        let options = Options {
            stripe_webhook: to("stripe"),
            stripe_secret: Some(STRIPE_SECRET.to_owned()),
            yookassa_webhook: to("yookassa"),
            ..Options::default()
        };
        tokio::spawn(async move { doubles::serve(listener, &options).await.expect("served") });
    }

    /// The settings that lead here, or to a wire in front.
    pub fn flags_at(url: &str) -> Vec<String> {
        let yookassa = format!("{url}/yookassa/v3");
        let flags = [
            "--stripe-secret-key",
            STRIPE_KEY,
            "--stripe-webhook-secret",
            STRIPE_SECRET,
            "--stripe-api-url",
            url,
            "--yookassa-shop-id",
            SHOP,
            "--yookassa-secret-key",
            YOOKASSA_KEY,
            "--yookassa-api-url",
            &yookassa,
        ];
        flags.map(str::to_owned).to_vec()
    }

    /// Steers them.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        let call = self.client.post(format!("{}/_control/{path}", self.url)).json(&body);
        read(call.send().await.expect("an answer")).await
    }

    /// Lets the next call of some go wrong.
    pub async fn fault(&self, kind: &str, path: &str, more: Value) {
        let mut fault = json!({ "kind": kind, "method": "POST", "path": path });
        let more = more.as_object().cloned().unwrap_or_default();
        fault.as_object_mut().expect("an object").extend(more);
        self.control("faults", fault).await;
    }

    /// Takes back what is still to go wrong.
    pub async fn mend(&self) {
        self.client.delete(format!("{}/_control/faults", self.url)).send().await.expect("an answer");
    }

    /// Looks at them.
    pub async fn look(&self, path: &str) -> Value {
        read(self.client.get(format!("{}/_control/{path}", self.url)).send().await.expect("an answer")).await
    }

    /// What a provider holds of a kind, as it lists it.
    pub async fn held(&self, by: By, kind: &str) -> Vec<Value> {
        let state = self.look("state").await;
        let of = match by {
            By::Stripe => &state["stripe"][kind],
            By::YooKassa => &state["yookassa"][SHOP][kind],
        };
        of.as_array().cloned().unwrap_or_default()
    }

    /// Deletes the customers at Stripe, as somebody may in its Dashboard.
    pub async fn delete_customers(&self) {
        for customer in self.held(By::Stripe, "customers").await {
            let id = customer["id"].as_str().expect("an id");
            let call = self.client.delete(format!("{}/v1/customers/{id}", self.url)).bearer_auth(STRIPE_KEY);
            read(call.send().await.expect("an answer")).await;
        }
    }

    /// All money that a provider took, oldest first.
    pub async fn taken(&self, by: By) -> Vec<Taken> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut taken: Vec<Taken> = match by {
            By::Stripe => {
                let charges = self.held(by, "charges").await.into_iter().rev();
                let paid = charges.filter(|charge| charge["status"] == "succeeded");
                let one = |charge: Value| Taken {
                    order: text(&charge["metadata"]["order"]),
                    amount: format!("{} {}", charge["amount"], text(&charge["currency"])),
                    at: DateTime::from_timestamp(charge["created"].as_i64().expect("a time"), 0).expect("a time"),
                };
                paid.map(one).collect()
            }
            By::YooKassa => {
                let payments = self.held(by, "payments").await.into_iter();
                let paid = payments.filter(|payment| payment["status"] == "succeeded");
                let one = |payment: Value| Taken {
                    order: text(&payment["metadata"]["order"]),
                    amount: format!("{} {}", text(&payment["amount"]["value"]), text(&payment["amount"]["currency"])),
                    at: text(&payment["captured_at"]).parse().expect("a time"),
                };
                paid.map(one).collect()
            }
        };
        taken.sort_by_key(|one| one.at);
        taken
    }

    /// How often a provider took money for an order.
    pub async fn takings(&self, by: By, order: impl ToString) -> usize {
        let order = order.to_string();
        self.taken(by).await.into_iter().filter(|taken| taken.order == order).count()
    }

    /// Waits until each event was delivered.
    pub async fn told(&self) {
        self.look("events/idle").await;
    }

    /// Gives a card on a provider's page; gives where the browser is led, `None` where it was refused.
    pub async fn pay(&self, by: By, page: &str, number: &str) -> Option<String> {
        match by {
            By::Stripe => {
                let fields =
                    [("number", number), ("expiry", "12/60"), ("cvc", "123"), ("name", "Ann"), ("action", "pay")];
                submit(&self.client, page, &fields).await
            }
            By::YooKassa => {
                let fields = [("method", "bank_card"), ("number", number), ("expiry", "12/60"), ("csc", "123")];
                submit(&self.client, page, &fields).await
            }
        }
    }

    /// Gives a card of Stripe's whose bank asks, and answers the bank.
    pub async fn pay_with_bank(&self, page: &str, number: &str) -> Option<String> {
        self.pay(By::Stripe, page, number).await.filter(|place| place.ends_with("/authenticate"))?;
        submit(&self.client, &format!("{page}/authenticate"), &[("action", "complete")]).await
    }
}
