//! The provider against a stand-in of Stripe that listens on this machine.

mod charges;
mod events;
mod pages;
mod refunds;
mod setup;

use chrono::{TimeDelta, Utc};
use doubles::{Options, listen, serve};
use secrecy::SecretString;
use serde_json::{Value, json};
use wallet::clock::Clock;
use wallet::id::{AccountId, PaymentId, PaymentMethodId};
use wallet::money::{Currency, Money};
use wallet::payment::{
    ChargeAnswer, CheckoutAnswer, CheckoutOrder, CustomerAnswer, CustomerOrder, FetchAnswer, Provider as _,
    ProviderMethod, ProviderPayment, SavedCharge, SetupAnswer, SetupOrder,
};

use super::Stripe;
use crate::config::StripeSettings;

/// The webhook secret of these tests.
const SECRET: &str = "whsec_of_these_tests";

/// A stand-in, and the provider that calls it.
struct Bench {
    stripe: Stripe,
    url: String,
    http: reqwest::Client,
}

impl Bench {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut StripeSettings)) -> Self {
        let listener = listen(0).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { serve(listener, &Options::default()).await });
        let mut settings = StripeSettings {
            stripe_secret_key: Some(SecretString::from("sk_test_of_these_tests")),
            stripe_webhook_secret: Some(SecretString::from(SECRET)),
            stripe_api_url: Some(url.clone()),
            ..StripeSettings::default()
        };
        change(&mut settings);
        let keys = settings.keys().expect("keys").expect("set");
        let stripe = Stripe::new(keys, &settings, "https://wallet.example.com", Clock::system()).expect("a provider");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { stripe, url, http }
    }

    /// Steers the stand-in.
    async fn control(&self, path: &str, body: Value) -> Value {
        let call = self.http.post(format!("{}/_control/{path}", self.url)).json(&body);
        let answer = call.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap_or_default());
        answer.json().await.expect("JSON")
    }

    /// Lets a call go wrong.
    async fn fault(&self, fault: Value) {
        self.control("faults", fault).await;
    }

    /// What the stand-in holds of a kind.
    async fn held(&self, kind: &str) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_control/state", self.url)).send().await.expect("an answer");
        let state: Value = answer.json().await.expect("JSON");
        state["stripe"][kind].as_array().cloned().unwrap_or_else(|| panic!("no {kind} in {state}"))
    }

    /// Fills in a page: `{url}/stripe/checkout/{id}`.
    async fn submit(&self, page: &str, fields: &[(&str, &str)]) -> reqwest::StatusCode {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let form = self.http.post(page).header("content-type", "application/x-www-form-urlencoded").body(body);
        form.send().await.expect("an answer").status()
    }

    /// Pays a page with a card, or saves the card there.
    async fn card(&self, page: &str, number: &str) -> reqwest::StatusCode {
        let fields = [("number", number), ("expiry", "12/34"), ("cvc", "123"), ("name", "Ann"), ("action", "pay")];
        self.submit(page, &fields).await
    }

    async fn customer(&self) -> String {
        let order = CustomerOrder {
            account: AccountId::new(),
            email: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            locale: "en".to_owned(),
            idempotency_key: AccountId::new().to_string(),
        };
        match self.stripe.ensure_customer(&order).await {
            CustomerAnswer::Found { reference } => reference,
            other => panic!("{other:?}"),
        }
    }

    /// Opens a page: its reference and its address.
    async fn open(&self, order: &CheckoutOrder) -> (String, String) {
        opened(self.stripe.create_checkout(order).await)
    }

    async fn found(&self, reference: &str) -> ProviderPayment {
        found(self.stripe.fetch_payment(reference).await)
    }

    /// Saves a card: its customer and the method.
    async fn saved(&self, number: &str) -> (String, ProviderMethod) {
        let customer = self.customer().await;
        let (reference, page) = opened(self.stripe.create_setup(&setup(&customer)).await);
        assert_eq!(self.stripe.fetch_setup(&reference).await, SetupAnswer::Open);
        let mut answer = self.card(&page, number).await;
        if self.stripe.fetch_setup(&reference).await == SetupAnswer::Open {
            answer = self.submit(&format!("{page}/authenticate"), &[("action", "complete")]).await;
        }
        assert!(answer.is_redirection(), "{answer}");
        match self.stripe.fetch_setup(&reference).await {
            SetupAnswer::Saved(method) => (customer, method),
            other => panic!("{other:?}"),
        }
    }
}

fn opened(answer: CheckoutAnswer) -> (String, String) {
    match answer {
        CheckoutAnswer::Created { reference, redirect_url, .. } => (reference, redirect_url),
        other => panic!("{other:?}"),
    }
}

fn found(answer: FetchAnswer) -> ProviderPayment {
    match answer {
        FetchAnswer::Found(payment) => payment,
        other => panic!("{other:?}"),
    }
}

fn made(answer: ChargeAnswer) -> String {
    match answer {
        ChargeAnswer::Made { reference } => reference,
        other => panic!("{other:?}"),
    }
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn order(money: Money) -> CheckoutOrder {
    let payment = PaymentId::new();
    CheckoutOrder {
        payment,
        account: AccountId::new(),
        customer: None,
        kind: None,
        email: "ann@example.com".to_owned(),
        locale: "en".to_owned(),
        title: "2,000 credits".to_owned(),
        money,
        return_url: format!("https://wallet.example.com/wallet/orders/{payment}"),
        cancel_url: format!("https://wallet.example.com/wallet/orders/{payment}"),
        expires_at: Utc::now() + TimeDelta::hours(1),
        save_method: false,
        idempotency_key: payment.to_string(),
    }
}

fn setup(customer: &str) -> SetupOrder {
    let method = PaymentMethodId::new();
    SetupOrder {
        method,
        account: AccountId::new(),
        customer: Some(customer.to_owned()),
        email: "ann@example.com".to_owned(),
        locale: "ru".to_owned(),
        return_url: "https://wallet.example.com/wallet/payment".to_owned(),
        cancel_url: "https://wallet.example.com/wallet/payment".to_owned(),
        idempotency_key: method.to_string(),
    }
}

fn charge(customer: Option<&str>, method: &str, money: Money) -> SavedCharge {
    let payment = PaymentId::new();
    SavedCharge {
        payment,
        account: AccountId::new(),
        customer: customer.map(str::to_owned),
        method: method.to_owned(),
        email: "ann@example.com".to_owned(),
        locale: "en".to_owned(),
        title: "Pro, December".to_owned(),
        money,
        idempotency_key: payment.to_string(),
    }
}

/// A fault of calls to an endpoint of Stripe's API.
fn fault(kind: &str, path: &str) -> Value {
    json!({ "kind": kind, "method": "POST", "path": path })
}
