//! Stripe's stand-in, which nobody kills: it charges whether or not a node lives to hear of it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use doubles::Options;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The key of the account.
pub const KEY: &str = "sk_test_of_a_run_with_faults";
/// What signs its events.
pub const SECRET: &str = "whsec_of_a_run_with_faults";

/// The stand-in.
#[derive(Clone, Debug)]
pub struct Stripe {
    /// Its address.
    pub url: String,
    client: reqwest::Client,
}

impl Stripe {
    /// Takes a port, for nodes to be started with its address; nothing is served yet.
    pub async fn new() -> Result<(Self, TcpListener)> {
        // More than one library of TLS is linked: one must be chosen, though all of this stays on one machine.
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = doubles::listen(0).await?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok((Self { url, client: client()? }, listener))
    }

    /// Serves; events go to a node, again and again until it takes them.
    pub fn serve(listener: TcpListener, port: u16) {
        let options = Options {
            stripe_webhook: Some(format!("http://127.0.0.1:{port}/webhooks/stripe")),
            stripe_secret: Some(SECRET.to_owned()),
            ..Options::default()
        };
        tokio::spawn(async move { doubles::serve(listener, &options).await });
    }

    /// Lets the next charge go wrong in some way; the money is taken in each of them.
    pub async fn fault(&self, kind: &str) -> Result<()> {
        let fault = json!({ "kind": kind, "method": "POST", "path": "/v1/payment_intents", "ms": 400, "done": true });
        let set = self.client.post(format!("{}/_control/faults", self.url)).json(&fault).send().await?;
        ensure!(set.status().is_success(), "no fault was set: {}", set.status());
        Ok(())
    }

    /// Pays on the page of an order; gives where the browser is led.
    pub async fn pay(&self, page: &str) -> Result<String> {
        let card =
            [("number", "4242424242424242"), ("expiry", "12/60"), ("cvc", "123"), ("name", "Ann"), ("action", "pay")];
        let paid = self.client.post(page).header("content-type", FORM).body(form(&card)).send().await?;
        place(&paid).with_context(|| format!("the page did not take the card: {}", paid.status()))
    }

    /// Counts how often money was taken for each order.
    pub async fn taken(&self) -> Result<BTreeMap<String, usize>> {
        let state: Value = self.client.get(format!("{}/_control/state", self.url)).send().await?.json().await?;
        let Some(charges) = state["stripe"]["charges"].as_array() else { bail!("the stand-in tells no charges") };
        let mut taken = BTreeMap::new();
        for charge in charges.iter().filter(|charge| charge["status"] == "succeeded") {
            let order = charge["metadata"]["order"].as_str().context("a charge without an order")?;
            *taken.entry(order.to_owned()).or_default() += 1;
        }
        Ok(taken)
    }
}

/// What a form's body is.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A client that follows no redirect.
pub fn client() -> Result<reqwest::Client> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    Ok(client.timeout(crate::ANSWER_LIMIT).build()?)
}

/// Writes a form down.
pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Where an answer leads.
pub fn place(answer: &reqwest::Response) -> Option<String> {
    let place = answer.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
    place.filter(|_| answer.status() == reqwest::StatusCode::SEE_OTHER)
}
