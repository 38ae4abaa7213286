//! Notifications: hints that something has changed, to which the answer is a question. They are not signed, and have
//! no name of their own.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wallet::payment::{EventAbout, EventError, VerifiedEvent};

use crate::config::yookassa::Mode;

/// The longest word that is taken from a notification for its name.
const WORD_MAX: usize = 80;

/// Reads a notification whose sender is YooKassa.
pub fn read(body: &[u8], mode: Mode) -> Result<VerifiedEvent, EventError> {
    let unreadable = || EventError::Unreadable { dedupe_key: name_of_bytes(body) };
    let raw: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let is_other = |test: bool| test != (mode == Mode::Test);
    if raw["object"]["test"].as_bool().is_some_and(is_other) {
        return Err(EventError::OtherMode);
    }
    event(raw).ok_or_else(unreadable)
}

/// Reads a notification that was kept; `None` where it still can't be read.
#[must_use]
pub fn reread(dedupe_key: &str, body: &[u8]) -> Option<VerifiedEvent> {
    let event = event(serde_json::from_slice(body).ok()?)?;
    Some(VerifiedEvent { dedupe_key: dedupe_key.to_owned(), ..event })
}

fn event(raw: Value) -> Option<VerifiedEvent> {
    let word = |value: &Value| value.as_str().filter(|word| (1..=WORD_MAX).contains(&word.len())).map(str::to_owned);
    if raw["type"] != "notification" {
        return None;
    }
    let object = &raw["object"];
    let (kind, id) = (word(&raw["event"])?, word(&object["id"])?);
    let (about, object_ref) = match kind.split_once('.').map_or(kind.as_str(), |(of, _)| of) {
        "payment" => (EventAbout::Payment, Some(id.clone())),
        // What was given back is asked of the payment.
        "refund" => (EventAbout::Payment, Some(word(&object["payment_id"])?)),
        "payment_method" => (EventAbout::Setup, Some(id.clone())),
        _ => (EventAbout::Nothing, None),
    };
    let state = word(&object["status"]).unwrap_or_default();
    let created_at = ["captured_at", "created_at"].iter().find_map(|field| instant(&object[field]));
    Some(VerifiedEvent {
        dedupe_key: format!("{kind}:{id}:{state}"),
        kind,
        about,
        object_ref,
        created_at: created_at.unwrap_or_else(Utc::now),
        raw,
    })
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|instant| instant.to_utc())
}

fn name_of_bytes(body: &[u8]) -> String {
    let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("unread:{digest}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bytes(event: &str, object: &Value) -> Vec<u8> {
        json!({ "type": "notification", "event": event, "object": object }).to_string().into_bytes()
    }

    #[test]
    fn a_notification_says_what_to_ask_about() {
        let payment = json!({ "id": "2d-1", "status": "succeeded", "test": true, "created_at": "2026-11-29T20:00:00Z",
                              "captured_at": "2026-11-29T20:01:00.500Z" });
        let read_test = |event: &str, object: &Value| read(&bytes(event, object), Mode::Test).expect("a notification");
        let paid = read_test("payment.succeeded", &payment);
        assert_eq!((paid.about, paid.object_ref.as_deref()), (EventAbout::Payment, Some("2d-1")));
        assert_eq!(paid.dedupe_key, "payment.succeeded:2d-1:succeeded");
        assert_eq!(paid.created_at.to_rfc3339(), "2026-11-29T20:01:00.500+00:00");
        let refund = json!({ "id": "r-1", "payment_id": "2d-1", "status": "succeeded" });
        let refunded = read_test("refund.succeeded", &refund);
        assert_eq!((refunded.about, refunded.object_ref.as_deref()), (EventAbout::Payment, Some("2d-1")));
        let second = json!({ "id": "r-2", "payment_id": "2d-1", "status": "succeeded" });
        assert_ne!(read_test("refund.succeeded", &second).dedupe_key, refunded.dedupe_key, "two refunds are two");
        let method = read_test("payment_method.active", &json!({ "id": "m-1", "status": "active" }));
        assert_eq!((method.about, method.object_ref.as_deref()), (EventAbout::Setup, Some("m-1")));
        let other = read_test("deal.closed", &json!({ "id": "d-1" }));
        assert_eq!((other.about, other.object_ref), (EventAbout::Nothing, None));
    }

    #[test]
    fn the_other_modes_and_unreadable_ones_are_told_apart() {
        let object = json!({ "id": "2d-1", "status": "succeeded", "test": true });
        assert_eq!(read(&bytes("payment.succeeded", &object), Mode::Live), Err(EventError::OtherMode));
        let live = json!({ "id": "2d-1", "status": "succeeded", "test": false });
        assert_eq!(read(&bytes("payment.succeeded", &live), Mode::Test), Err(EventError::OtherMode));
        let long = json!({ "id": "x".repeat(81) });
        for body in [
            Vec::new(),
            b"[]".to_vec(),
            b"\xff".to_vec(),
            b"{\"type\":\"event\",\"event\":\"payment.succeeded\",\"object\":{\"id\":\"1\"}}".to_vec(),
            bytes("payment.succeeded", &json!({})),
            bytes("payment.succeeded", &long),
            bytes("refund.succeeded", &json!({ "id": "r-1" })),
        ] {
            let Err(EventError::Unreadable { dedupe_key }) = read(&body, Mode::Live) else { panic!("it was read") };
            assert!(dedupe_key.starts_with("unread:"), "{dedupe_key}");
            assert!(reread(&dedupe_key, &body).is_none());
        }
        let again = reread("unread:1", &bytes("payment.succeeded", &object)).expect("readable");
        assert_eq!((again.dedupe_key.as_str(), again.object_ref.as_deref()), ("unread:1", Some("2d-1")));
    }
}
