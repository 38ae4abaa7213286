//! Checks for `scrip doctor`: key, account, webhook endpoint and clock.

use chrono::{DateTime, Utc};
use miniserde::Deserialize;
use stripe_client_core::{RequestBuilder, StripeMethod};
use wallet::payment::Examined;

use super::Stripe;
use super::api::{Failure, TIMEOUT};
use super::endpoint::{self, Endpoint};
use crate::config::stripe::KeyMode;

/// The most that clocks may differ before events are refused, in seconds.
const SKEW_MAX: i64 = 300;
/// What is worth a word, in seconds.
const SKEW_SEEN: i64 = 30;

/// What of the account is looked at.
#[derive(Deserialize)]
struct Account {
    id: String,
    country: Option<String>,
    charges_enabled: Option<bool>,
}

fn fine(what: &str, text: String) -> Examined {
    Examined { what: what.to_owned(), text, is_problem: false }
}

fn problem(what: &str, text: String) -> Examined {
    Examined { what: what.to_owned(), text, is_problem: true }
}

impl Stripe {
    pub(super) async fn examined(&self) -> Vec<Examined> {
        let mut found = vec![self.examine_key().await];
        found.extend(self.examine_webhook().await);
        found.push(self.examine_clock().await);
        found
    }

    async fn examine_key(&self) -> Examined {
        let mode = match self.mode {
            KeyMode::Test => "a test key",
            KeyMode::Live => "a live key",
        };
        let request = RequestBuilder::new(StripeMethod::Get, "/account");
        match self.api.call::<Account>(request.customize()).await {
            Ok(account) => {
                let country = account.country.as_deref().unwrap_or("no country");
                let text = format!("{mode} of {} ({country})", account.id);
                match account.charges_enabled {
                    Some(false) if self.mode == KeyMode::Live => problem(
                        "key",
                        format!("{text}, which may not take payments yet: finish its activation in Stripe's Dashboard"),
                    ),
                    Some(false) => fine("key", format!("{text}; the account is not activated for real money yet")),
                    _ => fine("key", text),
                }
            }
            Err(Failure::Unknown { status: Some(401), .. }) => {
                problem("key", "Stripe does not know STRIPE_SECRET_KEY: take it anew from its Dashboard".to_owned())
            }
            Err(Failure::Unknown { status: Some(403), .. }) => fine(
                "key",
                format!("{mode}, a restricted one that may not read the account; docs/PAYMENTS.md lists its rights"),
            ),
            Err(failure) => problem("key", failure.detail()),
        }
    }

    async fn examine_webhook(&self) -> Vec<Examined> {
        if !self.webhook_url.starts_with("https://") && self.api.is_stripe() {
            let text = format!("Stripe can't reach {}: run `stripe listen --forward-to` it", self.webhook_url);
            return vec![fine("webhook", text)];
        }
        let endpoints = match self.endpoints().await {
            Ok(endpoints) => endpoints,
            Err(failure) => return vec![fine("webhook", format!("can't be looked at: {}", failure.detail()))],
        };
        let Some(best) = endpoints.iter().find(|one| one.is_of_version()).or(endpoints.first()) else {
            let text = format!("Stripe sends no events to {}: run `scrip payments setup stripe`", self.webhook_url);
            return vec![problem("webhook", text)];
        };
        vec![webhook(best), version(best)]
    }

    async fn examine_clock(&self) -> Examined {
        match self.stripes_time().await {
            Some(theirs) => {
                let ahead = (self.clock.now() - theirs).num_seconds();
                match ahead.abs() {
                    SKEW_MAX.. => problem(
                        "clock",
                        format!(
                            "{ahead} s ahead of Stripe's, so that its events are refused: set the clock of the \
                             database's machine"
                        ),
                    ),
                    SKEW_SEEN.. => {
                        fine("clock", format!("{ahead} s ahead of Stripe's; at {SKEW_MAX} s events are refused"))
                    }
                    _ => fine("clock", "agrees with Stripe's".to_owned()),
                }
            }
            None => fine("clock", "Stripe's time could not be read".to_owned()),
        }
    }

    /// Reads the time of an answer, whatever it says otherwise.
    async fn stripes_time(&self) -> Option<DateTime<Utc>> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().ok()?;
        let answer = client.get(format!("{}/healthcheck", self.api.base())).send().await.ok()?;
        let date = answer.headers().get(reqwest::header::DATE)?.to_str().ok()?;
        DateTime::parse_from_rfc2822(date).ok().map(|time| time.with_timezone(&Utc))
    }
}

fn webhook(endpoint: &Endpoint) -> Examined {
    let missing = endpoint.missing_events();
    if endpoint.status != "enabled" {
        problem("webhook", format!("{} is {}: run `scrip payments setup stripe`", endpoint.id, endpoint.status))
    } else if missing.is_empty() {
        fine("webhook", format!("{} sends to {}", endpoint.id, endpoint.url))
    } else {
        let text = format!("{} does not send {}: run `scrip payments setup stripe`", endpoint.id, missing.join(", "));
        problem("webhook", text)
    }
}

fn version(endpoint: &Endpoint) -> Examined {
    if endpoint.is_of_version() {
        return fine("version", format!("{}, which the code reads", endpoint::version()));
    }
    let theirs = endpoint.api_version.as_deref().unwrap_or("the account's own");
    let text = format!("events come as of {theirs}, not {}: run `scrip payments setup stripe`", endpoint::version());
    problem("version", text)
}
