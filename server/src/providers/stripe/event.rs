//! Stripe's events: proven over the raw bytes, and read as far as says what to ask Stripe for.
//!
//! What happened is never taken from them: an event may come late, twice, or before another one. So only names are
//! read, and an event of a shape that nobody knew still says what it is about.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stripe_webhook::{Webhook, WebhookError};
use wallet::payment::{EventAbout, EventError, VerifiedEvent};

use crate::config::stripe::KeyMode;

/// The header with the time and the signatures.
const SIGNATURE: &str = "stripe-signature";
/// What of an event's object is for the payer's eyes alone: it is not kept.
const NOT_KEPT: [&str; 2] = ["client_secret", "url"];

/// Proves an event by any of the secrets, and reads it. A time that is further than five minutes from `now` is refused.
pub fn verify(
    secrets: &[SecretString],
    mode: KeyMode,
    now: DateTime<Utc>,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<VerifiedEvent, EventError> {
    let mut signatures = headers.iter().filter(|(name, _)| name == SIGNATURE);
    let (Some((_, signature)), None) = (signatures.next(), signatures.next()) else {
        return Err(EventError::Signature);
    };
    let text = std::str::from_utf8(body).map_err(|_| EventError::Signature)?;
    let is_proven = secrets.iter().any(|secret| {
        let secret = secret.expose_secret();
        match Webhook::construct_event_with_timestamp(text, signature, secret, now.timestamp()) {
            // A shape that the crate does not know: it reads after it has proven.
            Ok(_) | Err(WebhookError::BadParse(_)) => true,
            Err(_) => false,
        }
    });
    if !is_proven {
        return Err(EventError::Signature);
    }
    let (event, is_live) = read(body).ok_or_else(|| EventError::Unreadable { dedupe_key: name_of(body) })?;
    if is_live != (mode == KeyMode::Live) {
        return Err(EventError::OtherMode);
    }
    Ok(event)
}

/// Reads an event that was proven before.
#[must_use]
pub fn reread(dedupe_key: &str, body: &[u8]) -> Option<VerifiedEvent> {
    let (event, _) = read(body)?;
    Some(VerifiedEvent { dedupe_key: dedupe_key.to_owned(), ..event })
}

/// What is read of every event.
#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    livemode: bool,
}

fn read(body: &[u8]) -> Option<(VerifiedEvent, bool)> {
    let mut raw: Value = serde_json::from_slice(body).ok()?;
    let Envelope { id, kind, created, livemode } = Envelope::deserialize(&raw).ok()?;
    let created_at = DateTime::from_timestamp(created, 0)?;
    let (about, object_ref) = subject(&kind, &raw["data"]["object"]);
    if let Some(object) = raw.pointer_mut("/data/object") {
        drop_secrets(object);
    }
    Some((VerifiedEvent { dedupe_key: id, kind, about, object_ref, created_at, raw }, livemode))
}

/// Takes out what is for the payer's eyes alone, however deep it stands: a page of 3-D Secure is in `next_action`.
fn drop_secrets(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !NOT_KEPT.contains(&name.as_str()) && !name.ends_with("_url"));
            fields.values_mut().for_each(drop_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_secrets),
        _ => {}
    }
}

/// Names an event that can't be read: by its id, else by its bytes.
fn name_of(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named = serde_json::from_slice::<Named>(body).ok().map(|named| named.id);
    let is_name = |id: &String| !id.is_empty() && id.len() <= 100 && id.bytes().all(|byte| byte.is_ascii_graphic());
    named.filter(is_name).unwrap_or_else(|| {
        let digest = Sha256::digest(body);
        digest.iter().fold("sha256:".to_owned(), |name, byte| format!("{name}{byte:02x}"))
    })
}

/// Says what Stripe is to be asked for because of an event.
fn subject(kind: &str, object: &Value) -> (EventAbout, Option<String>) {
    let id = reference(&object["id"]);
    let of_payment = || match reference(&object["payment_intent"]) {
        Some(intent) => (EventAbout::Payment, Some(intent)),
        None => (EventAbout::Nothing, id.clone()),
    };
    let begins = |start: &str| kind.starts_with(start);
    if begins("checkout.session.") {
        return match object["mode"].as_str() {
            Some("payment") => (EventAbout::Payment, id),
            Some("setup") => (EventAbout::Setup, id),
            _ => (EventAbout::Nothing, id),
        };
    }
    if begins("payment_intent.") {
        (EventAbout::Payment, id)
    } else if begins("charge.") || begins("refund.") {
        of_payment()
    } else if begins("setup_intent.") {
        (EventAbout::Setup, id)
    } else if begins("payment_method.") {
        (EventAbout::Method, id)
    } else {
        (EventAbout::Nothing, id)
    }
}

/// Reads a name, or the name of what stands there whole.
fn reference(value: &Value) -> Option<String> {
    let name = value.as_str().or_else(|| value["id"].as_str())?;
    (!name.is_empty() && name.len() <= 255).then(|| name.to_owned())
}
