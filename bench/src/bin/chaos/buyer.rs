//! People who buy credits while everything is killed: on Stripe's page and by a saved card. A form that is not answered is
//! sent again with its key, and an order is looked at until its credits are there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::caller::Board;
use crate::plan::Random;
use crate::seed::{PASSWORD, Payer};
use crate::stripe::{self, Stripe};

/// How long one order may stay without its credits.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The wait before something is tried again.
const PAUSE: Duration = Duration::from_millis(60);
/// The least package, and what it costs.
const PACKAGE: [(&str, &str); 2] = [("package", "bundle-20"), ("currency", "USD")];
/// A card on Stripe's page.
const PAGE: &str = "stripe.card";

/// Somebody who buys.
pub struct Buyer {
    number: usize,
    payer: Payer,
    ports: Arc<Vec<u16>>,
    stripe: Stripe,
    board: Arc<Board>,
    client: reqwest::Client,
    cookies: String,
    turn: usize,
    bought: Vec<String>,
}

impl Buyer {
    /// Makes a buyer; each has a wallet alone.
    pub fn new(number: usize, payer: Payer, ports: Arc<Vec<u16>>, stripe: Stripe, board: Arc<Board>) -> Result<Self> {
        board.join(number);
        let client = stripe::client()?;
        Ok(Self {
            number,
            payer,
            ports,
            stripe,
            board,
            client,
            cookies: String::new(),
            turn: number,
            bought: Vec::new(),
        })
    }

    /// Buys until told to stop; gives the orders whose credits came.
    pub async fn work(mut self, mut random: Random) -> Result<Vec<String>> {
        self.sign_in().await?;
        self.buy(PAGE).await?;
        let saved = self.saved().await?;
        while !self.board.is_stopped() {
            match random.below(8) {
                0 => self.buy(PAGE).await?,
                1 => {
                    let kind = ["lost_answer", "saved_500", "slow"][usize::try_from(random.below(3))?];
                    self.stripe.fault(kind).await?;
                    self.buy(&saved).await?;
                }
                _ => self.buy(&saved).await?,
            }
        }
        Ok(self.bought)
    }

    /// Orders a package, pays it, and waits for its credits.
    async fn buy(&mut self, method: &str) -> Result<()> {
        let key = format!("buy-{}-{}", self.number, self.bought.len());
        let mut fields = PACKAGE.to_vec();
        fields.extend([("method", method), ("idempotency_key", &key), ("save_method", "yes")]);
        if method != PAGE {
            fields.pop();
        }
        let place = self.posted("/wallet/top-up", &fields).await?;
        let back = if place.starts_with(&self.stripe.url) { self.stripe.pay(&place).await? } else { place };
        let (_, order) = back.split_once("/wallet/orders/").with_context(|| format!("{key} was led to {back}"))?;
        let order = order.split(['/', '?']).next().unwrap_or_default().to_owned();
        self.is_paid(&order).await.with_context(|| format!("{key} ({method}), order {order}"))?;
        self.bought.push(order);
        self.board.answered(self.number);
        Ok(())
    }

    /// Looks at an order until its credits are there.
    async fn is_paid(&mut self, order: &str) -> Result<()> {
        let asked_at = Instant::now();
        let mut seen = Value::Null;
        while asked_at.elapsed() < TIMEOUT {
            let address = format!("{}/api/v2/payments/{order}", self.node());
            match self.client.get(address).bearer_auth(&self.payer.key).send().await {
                Ok(answer) if answer.status().is_success() => {
                    seen = answer.json().await?;
                    match seen["status"].as_str() {
                        Some("succeeded") => return Ok(()),
                        Some("pending" | "processing" | "unknown") => {}
                        _ => break,
                    }
                }
                Ok(answer) if !answer.status().is_server_error() => bail!("the order is answered {}", answer.status()),
                _ => self.turn += 1,
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("its credits did not come: {seen}")
    }

    /// Signs in; the session outlives every node.
    async fn sign_in(&mut self) -> Result<()> {
        let email = self.payer.email.clone();
        self.posted("/sign-in", &[("email", &email), ("password", PASSWORD)]).await?;
        Ok(())
    }

    /// Reads the saved card from the page where it is chosen.
    async fn saved(&mut self) -> Result<String> {
        let asked_at = Instant::now();
        loop {
            let page = self.client.get(format!("{}/wallet/top-up", self.node())).header("cookie", &self.cookies);
            if let Ok(answer) = page.send().await
                && let Ok(page) = answer.text().await
                && let Some((_, rest)) = page.split_once("\"saved.")
                && let Some((id, _)) = rest.split_once('"')
            {
                return Ok(format!("saved.{id}"));
            }
            ensure!(asked_at.elapsed() < TIMEOUT, "the page offers no saved card");
            self.turn += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Posts a form until it is answered; gives where it leads.
    async fn posted(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<String> {
        let asked_at = Instant::now();
        loop {
            let form = self.client.post(format!("{}{path}", self.node())).header("content-type", stripe::FORM);
            let form = form.header("sec-fetch-site", "same-origin").header("cookie", &self.cookies);
            match form.body(stripe::form(fields)).send().await {
                Ok(answer) => {
                    self.board.met(&format!("{} for a form", answer.status().as_u16()));
                    self.keep_cookies(&answer);
                    match stripe::place(&answer) {
                        // A form that was refused leads back to its page.
                        Some(place) if place.contains(path) => bail!("the form was refused: {place}"),
                        Some(place) => return Ok(place),
                        None if answer.status().is_server_error() => {}
                        None => bail!("{path} was answered {}", answer.status()),
                    }
                }
                Err(_) => self.board.met("no answer to a form"),
            }
            ensure!(asked_at.elapsed() < TIMEOUT, "{path} was not answered in {} s", TIMEOUT.as_secs());
            self.turn += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn keep_cookies(&mut self, answer: &reqwest::Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            if let Some(pair) = cookie.to_str().ok().and_then(|cookie| cookie.split(';').next()) {
                self.cookies = format!("{}{pair}; ", self.cookies);
            }
        }
    }

    fn node(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[self.turn % self.ports.len()])
    }
}
