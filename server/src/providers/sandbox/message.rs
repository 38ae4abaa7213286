//! The sandbox's messages, signed as Standard Webhooks says.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};
use wallet::payment::EventError;

use crate::json;

/// A message whose signature was right.
#[derive(Debug)]
pub struct Message {
    /// Its name: the same at every delivery.
    pub id: String,
    /// What it says happened: `payment.paid`.
    pub kind: String,
    /// The payment page that it is about.
    pub reference: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The whole message.
    pub raw: Value,
}

/// What is sent.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    timestamp: DateTime<Utc>,
    data: Data,
}

#[derive(Debug, Serialize, Deserialize)]
struct Data {
    reference: String,
}

/// A message ready to be sent: its headers and its body.
#[derive(Debug)]
pub struct Signed {
    /// Id, timestamp and signature.
    pub headers: [(&'static str, String); 3],
    /// JSON.
    pub body: String,
}

impl Signed {
    /// Writes and signs a message; `None` where the secret is no secret.
    #[must_use]
    pub fn new(secret: &str, id: &str, kind: &str, reference: &str, at: DateTime<Utc>) -> Option<Self> {
        let body = Body { kind: kind.to_owned(), timestamp: at, data: Data { reference: reference.to_owned() } };
        let body = serde_json::to_string(&body).ok()?;
        // Signed with this machine's clock: its receiver compares with the same.
        let now = Utc::now().timestamp();
        let signature = Webhook::new(secret).ok()?.sign(id, now, body.as_bytes()).ok()?;
        let headers = [
            (HEADER_WEBHOOK_ID, id.to_owned()),
            (HEADER_WEBHOOK_TIMESTAMP, now.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, signature),
        ];
        Some(Self { headers, body })
    }
}

impl Message {
    /// Proves the signature over the raw bytes, then reads them.
    pub fn verify(secret: &str, headers: &[(String, String)], body: &[u8]) -> Result<Self, EventError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
            {
                map.append(name, value);
            }
        }
        let webhook = Webhook::new(secret).map_err(|_| EventError::Signature)?;
        webhook.verify(body, &map).map_err(|_| EventError::Signature)?;
        let id = map.get(HEADER_WEBHOOK_ID).and_then(|id| id.to_str().ok()).ok_or(EventError::Signature)?.to_owned();
        Self::read(&id, body).ok_or(EventError::Unreadable { dedupe_key: id })
    }

    /// Reads the bytes of a message whose signature was right.
    #[must_use]
    pub fn read(id: &str, body: &[u8]) -> Option<Self> {
        let read: Body = json::from_slice(body).ok()?;
        let raw: Value = serde_json::from_slice(body).ok()?;
        let id = id.to_owned();
        Some(Self { id, kind: read.kind, reference: read.data.reference, created_at: read.timestamp, raw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn signed() -> (Vec<(String, String)>, Vec<u8>) {
        let signed = Signed::new(SECRET, "evt_1", "payment.paid", "sbx_1", Utc::now()).expect("a message");
        (signed.headers.map(|(name, value)| (name.to_owned(), value)).to_vec(), signed.body.into_bytes())
    }

    #[test]
    fn a_signed_message_is_read() {
        let (headers, body) = signed();
        let message = Message::verify(SECRET, &headers, &body).expect("right");
        assert_eq!(
            (message.id.as_str(), message.kind.as_str(), message.reference.as_str()),
            ("evt_1", "payment.paid", "sbx_1")
        );
    }

    #[test]
    fn a_signed_message_that_can_not_be_read_tells_its_name() {
        let (mut headers, _) = signed();
        for body in ["", "[]", "{}", r#"["payment.paid","2026-01-01T00:00:00Z",["sbx_1"]]"#, "not JSON"] {
            let now = Utc::now().timestamp();
            headers[1].1 = now.to_string();
            headers[2].1 = Webhook::new(SECRET).expect("a secret").sign("evt_1", now, body.as_bytes()).expect("signed");
            let refused = Message::verify(SECRET, &headers, body.as_bytes()).err();
            assert_eq!(refused, Some(EventError::Unreadable { dedupe_key: "evt_1".to_owned() }), "{body}");
        }
    }

    #[test]
    fn every_other_message_is_refused() {
        let (headers, body) = signed();
        let refused = |headers: &[(String, String)], body: &[u8]| {
            assert_eq!(Message::verify(SECRET, headers, body).err(), Some(EventError::Signature));
        };
        let mut changed = body.clone();
        changed.push(b' ');
        refused(&headers, &changed);
        assert!(Message::verify("whsec_b3RoZXI=", &headers, &body).is_err());
        for missing in 0..3 {
            let mut fewer = headers.clone();
            fewer.remove(missing);
            refused(&fewer, &body);
        }
        let mut old = headers.clone();
        old[1].1 = (Utc::now().timestamp() - 600).to_string();
        refused(&old, &body);
        // Signed, but for another time.
        let late =
            Webhook::new(SECRET).expect("a secret").sign("evt_1", Utc::now().timestamp() - 600, &body).expect("signed");
        old[2].1 = late;
        refused(&old, &body);
    }
}
