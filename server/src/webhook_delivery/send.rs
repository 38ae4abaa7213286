//! One message: signed by Standard Webhooks, sent with limits on everything.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, header};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};
use wallet::notify::webhook::{Outgoing, Sent};

use crate::state::AppState;
use crate::webhook_address::{AddressRules, PublicResolver, check};

/// How long an endpoint has to answer, to the last byte that is read.
const ANSWER: Duration = Duration::from_secs(15);
/// How long it has to take the connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read; the rest is not.
const READ_MAX: usize = 64 * 1024;
/// Letters of an answer that are kept.
const NOTE_MAX: usize = 500;

/// Sends messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    rules: AddressRules,
}

impl Sender {
    /// Makes a client that goes nowhere but to public addresses, and follows no redirects.
    pub fn new(state: &AppState) -> anyhow::Result<Self> {
        let rules = AddressRules::of(&state.settings);
        let client = Client::builder()
            .dns_resolver(PublicResolver { rules })
            .redirect(Policy::none())
            // A proxy would look names up by itself.
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .user_agent(concat!("Scrip-Webhooks/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, rules })
    }

    /// Sends a message, once; whatever happens is an answer.
    pub async fn send(&self, message: &Outgoing) -> Sent {
        let begun = Instant::now();
        let (status, retry_after, note) = match self.try_send(message).await {
            Ok((status, retry_after, note)) => (Some(status), retry_after, note),
            Err(note) => (None, None, note),
        };
        let millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        Sent { status, note, millis, retry_after }
    }

    async fn try_send(&self, message: &Outgoing) -> Result<(u16, Option<u32>, String), String> {
        // Literal addresses never reach the resolver: checked here, each time.
        let url = check(&message.url, self.rules).map_err(|error| error.message)?;
        let id = format!("msg_{}", message.message.simple());
        // Receivers compare with their own clock, so the real time, whatever the demo's clock says.
        let timestamp = Utc::now().timestamp();
        let sign = |secret: &String| {
            Webhook::new(secret).and_then(|webhook| webhook.sign(&id, timestamp, message.payload.as_bytes())).ok()
        };
        let signatures: Vec<String> = message.secrets.iter().filter_map(sign).collect();
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, &id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signatures.join(" "))
            .body(message.payload.clone());
        let response = request.send().await.map_err(|error| told(&error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok());
        let retry_after = retry_after.and_then(|wait| seconds_of(wait, Utc::now()));
        Ok((status, retry_after, beginning(response).await))
    }
}

/// Reads `Retry-After`: seconds, or a date.
fn seconds_of(text: &str, now: DateTime<Utc>) -> Option<u32> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u32::MAX));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    u32::try_from(date.signed_duration_since(now).num_seconds()).ok()
}

/// Reads the beginning of an answer, as text to show. An answer that never ends is left.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < READ_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(chunk.get(..READ_MAX.min(chunk.len())).unwrap_or_default()),
            Ok(None) | Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(NOTE_MAX).collect()
}

/// Says why there was no answer; nothing of our side is told.
fn told(error: &reqwest::Error) -> String {
    // A name or a connection that takes too long is both: what matters then is that nobody was reached.
    let words = if error.is_connect() {
        "The endpoint could not be reached: no such name, no public address, or nothing listens there."
    } else if error.is_timeout() {
        "There was no answer within 15 seconds."
    } else {
        "The connection broke before there was an answer."
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use reqwest::dns::{Name, Resolve, Resolving};

    use super::*;

    /// Names that are never found out, as where a machine's name server is away.
    struct Away;

    impl Resolve for Away {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(pending())
        }
    }

    fn client() -> reqwest::ClientBuilder {
        rustls::crypto::ring::default_provider().install_default().ok();
        Client::builder().no_proxy()
    }

    async fn failure(client: reqwest::ClientBuilder, url: &str) -> String {
        let client = client.build().expect("a client");
        told(&client.post(url).send().await.expect_err("nobody answers"))
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        assert_eq!(seconds_of(" 120 ", now), Some(120));
        assert_eq!(seconds_of("99999999999", now), Some(u32::MAX));
        let date = (now + chrono::TimeDelta::minutes(5)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert_eq!(seconds_of(&date, now), Some(300), "{date}");
        assert_eq!(seconds_of("Wed, 21 Oct 2015 07:28:00 GMT", now), None, "it is over");
        for text in ["", "soon", "-5", "1.5"] {
            assert_eq!(seconds_of(text, now), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_server_that_is_away_is_an_endpoint_that_was_not_reached() {
        let client = client().dns_resolver(Away).connect_timeout(Duration::from_millis(20));
        let words = failure(client, "https://hooks.example/").await;
        assert!(words.starts_with("The endpoint could not be reached"), "{words}");
    }

    #[tokio::test]
    async fn an_endpoint_that_takes_the_message_and_says_nothing_has_not_answered() {
        let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}/", silent.local_addr().expect("its address"));
        let words = failure(client().timeout(Duration::from_millis(20)), &url).await;
        assert_eq!(words, "There was no answer within 15 seconds.");
    }
}
