//! API v3 over HTTP: one call, one answer, and what an answer that did not come means.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, header};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::yookassa::Credentials;

/// How long a call may take; the wallet waits a little longer for all calls of one question.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// The largest answer that is read: a page of a hundred payments is a tenth of it.
const READ_MAX: usize = 4 * 1024 * 1024;
/// The header of the key that makes a repeat the same call.
const KEY: &str = "Idempotence-Key";
/// The longest key.
const KEY_MAX: usize = 64;
/// Letters of a fault that are logged.
const NOTE_MAX: usize = 300;

/// What came of a call.
#[derive(Debug)]
pub enum Answer<T> {
    /// It was done.
    Done(T),
    /// There is nothing of that name.
    Missing,
    /// It was refused; nothing was done.
    Refused(Fault),
    /// Neither yes nor no.
    Unknown(String),
}

impl<T> Answer<T> {
    /// Turns what was answered into something else.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Done(done) => Answer::Done(with(done)),
            Self::Missing => Answer::Missing,
            Self::Refused(fault) => Answer::Refused(fault),
            Self::Unknown(detail) => Answer::Unknown(detail),
        }
    }
}

/// Why a call was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// `invalid_request`, `forbidden`, …
    #[serde(default)]
    pub code: String,
    /// In words, for the log.
    #[serde(default)]
    pub description: String,
    /// Which part of the call is wrong: `amount.value`.
    #[serde(default)]
    pub parameter: Option<String>,
}

impl Fault {
    /// Says whether the key was used before with another body: something was done under it, and not this.
    #[must_use]
    pub fn is_about_key(&self) -> bool {
        let named = self.parameter.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(KEY));
        named || self.description.to_ascii_lowercase().contains("idempotence key duplicated")
    }

    /// Says whether the shop may not save and charge methods: its manager at YooKassa has not allowed it.
    fn is_about_autopayments(&self) -> bool {
        self.description.to_ascii_lowercase().contains("recurring payment")
    }

    fn words(&self) -> String {
        let text = format!("{} {}", self.code, self.description);
        text.chars().filter(|letter| !letter.is_control()).take(NOTE_MAX).collect()
    }
}

/// The API of one shop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    url: String,
    credentials: Credentials,
}

impl Api {
    /// Takes the API's address and who calls. `is_near` is a stand-in on this machine, to which no proxy leads.
    pub fn new(url: String, is_near: bool, credentials: Credentials) -> anyhow::Result<Self> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .user_agent(concat!("Scrip/", env!("CARGO_PKG_VERSION")));
        let client = if is_near { client.no_proxy() } else { client.https_only(true) };
        Ok(Self { client: client.build()?, url, credentials })
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Answer<T> {
        self.get_at(path, query).await.0
    }

    /// Asks for something; also gives the time of YooKassa's clock.
    pub async fn get_at<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> (Answer<T>, Option<DateTime<Utc>>) {
        let Some(mut url) = self.address(path) else { return (Answer::Missing, None) };
        if !query.is_empty() {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            url = format!("{url}?{query}");
        }
        self.call(self.client.get(url)).await
    }

    /// Does something, once for each key.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], key: &str, body: &impl Serialize) -> Answer<T> {
        let Some(url) = self.address(path) else { return Answer::Missing };
        self.call(self.client.post(url).header(KEY, key).json(body)).await.0
    }

    /// Gives the address of a call; `None` for names that YooKassa gives to nothing.
    fn address(&self, path: &[&str]) -> Option<String> {
        let is_name = |part: &&str| {
            (1..=64).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        path.iter().all(is_name).then(|| format!("{}/{}", self.url, path.join("/")))
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> (Answer<T>, Option<DateTime<Utc>>) {
        let Credentials { shop, key } = &self.credentials;
        let response = match request.basic_auth(shop, Some(key.expose_secret())).send().await {
            Ok(response) => response,
            Err(error) => return (Answer::Unknown(told(&error)), None),
        };
        let status = response.status().as_u16();
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc());
        let answer = match whole(response).await {
            Ok(body) => judge(status, &body),
            Err(detail) => Answer::Unknown(detail),
        };
        if let Answer::Refused(fault) = &answer {
            tracing::warn!(status, parameter = fault.parameter, fault = fault.words(), "YooKassa refused a call");
        }
        (answer, date)
    }
}

/// Makes the key of a call: one for each operation and endpoint, and never longer than YooKassa takes.
#[must_use]
pub fn key(operation: &str, endpoint: &str) -> String {
    let plain = format!("{operation}:{endpoint}");
    if plain.len() <= KEY_MAX && plain.is_ascii() {
        return plain;
    }
    Sha256::digest(plain.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Says what an answer means.
///
/// 200 is done, also where what was made is declined. 4xx is a no, but for those that say nothing about the call: a
/// wrong key, too many calls. All else (202 while the first call with a key runs, 5xx, an unreadable 200) may have been
/// done.
fn judge<T: DeserializeOwned>(status: u16, body: &[u8]) -> Answer<T> {
    let fault = || serde_json::from_slice::<Fault>(body).unwrap_or_default();
    match status {
        200 => match serde_json::from_slice(body) {
            Ok(done) => Answer::Done(done),
            Err(error) => Answer::Unknown(format!("the answer can't be read: {error}")),
        },
        401 | 403 => {
            let fault = fault();
            if status == 403 && fault.is_about_autopayments() {
                tracing::error!(
                    fault = fault.words(),
                    "YooKassa doesn't let this shop save methods: ask its manager, or set YOOKASSA_AUTOPAYMENTS=false"
                );
                return Answer::Refused(fault);
            }
            tracing::error!(
                status,
                fault = fault.words(),
                "YooKassa doesn't accept the shop's key: check YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY"
            );
            Answer::Unknown(format!("{status}: {}", fault.words()))
        }
        404 => Answer::Missing,
        408 | 409 | 425 | 429 => Answer::Unknown(format!("{status}: {}", fault().words())),
        400..=499 => Answer::Refused(fault()),
        _ => Answer::Unknown(format!("{status}: {}", fault().words())),
    }
}

/// Reads an answer to its end, which must come.
async fn whole(mut response: Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > READ_MAX {
            return Err("the answer is too large".to_owned());
        }
    }
    Ok(bytes)
}

fn told(error: &reqwest::Error) -> String {
    let words = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke before the answer's end"
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn judged(status: u16, body: &str) -> Answer<Value> {
        judge(status, body.as_bytes())
    }

    #[test]
    fn only_200_is_a_yes_and_only_a_refusal_is_a_no() {
        assert!(matches!(judged(200, "{}"), Answer::Done(_)));
        assert!(matches!(judged(404, "{}"), Answer::Missing));
        for status in [400, 405, 410, 415, 422] {
            assert!(matches!(judged(status, "{}"), Answer::Refused(_)), "{status}");
        }
        for status in [202, 204, 301, 401, 403, 408, 409, 429, 500, 502, 503] {
            assert!(matches!(judged(status, r#"{"code":"x"}"#), Answer::Unknown(_)), "{status}");
        }
        for unreadable in ["", "<html>", "{\"id\":"] {
            assert!(matches!(judged(200, unreadable), Answer::Unknown(_)), "{unreadable}");
        }
    }

    #[test]
    fn a_shop_that_may_not_save_methods_is_told_so() {
        let fault = r#"{"code":"forbidden","description":"This store can't make recurring payments. Contact"}"#;
        assert!(matches!(judged(403, fault), Answer::Refused(_)));
    }

    #[test]
    fn a_key_that_was_used_with_another_body_says_that_something_was_done() {
        let fault = |body: &str| serde_json::from_str::<Fault>(body).expect("a fault");
        assert!(fault(r#"{"code":"invalid_request","parameter":"Idempotence-Key"}"#).is_about_key());
        assert!(fault(r#"{"description":"Idempotence key duplicated"}"#).is_about_key());
        assert!(!fault(r#"{"code":"invalid_request","parameter":"amount.value"}"#).is_about_key());
    }

    #[test]
    fn keys_fit_and_differ_by_operation_and_endpoint() {
        let id = "0192f7a0-0000-7000-8000-000000000001";
        assert_eq!(key(id, "payments"), format!("{id}:payments"));
        let long = "x".repeat(80);
        assert_eq!(key(&long, "payments").len(), 64);
        assert_ne!(key(&long, "payments"), key(&long, "refunds"));
    }

    #[test]
    fn no_other_address_is_reached_by_a_name_and_no_secret_is_printed() {
        let credentials = Credentials { shop: "1".to_owned(), key: "test_hidden-from-logs".to_owned().into() };
        let api = Api::new("http://127.0.0.1:1/v3".to_owned(), true, credentials).expect("a client");
        assert_eq!(api.address(&["payments", "2d-000f"]).as_deref(), Some("http://127.0.0.1:1/v3/payments/2d-000f"));
        for wrong in ["", "../me", "a/b", "a?b", "ä", &"x".repeat(65)] {
            assert_eq!(api.address(&["payments", wrong]), None, "{wrong}");
        }
        assert!(!format!("{api:?}").contains("hidden-from-logs"));
    }
}
