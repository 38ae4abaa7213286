//! API v3: who calls, under which key, and what it is about.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::any;
use serde_json::{Value, json};

use super::error::{ApiError, Result};
use super::payment::Time;
use super::request::{self, Capture, NewMethod, NewPayment, NewRefund};
use super::shop::Shop;
use super::{NAME, Yookassa, auth};
use crate::core::idempotency::{Begun, IdempotencyKey};
use crate::core::requests::Logged;
use crate::core::{Answer, Call, Dialect, Refusal};

const ROOT: &str = "/yookassa/v3/";
const KEY_HEADER: &str = "idempotence-key";
const KEY_MAX: usize = 64;
/// Milliseconds after which a call that is still being done may be repeated.
const RETRY_AFTER: u32 = 1800;

pub(super) fn router() -> Router<Arc<Yookassa>> {
    Router::new().route("/yookassa/v3/{*call}", any(handle))
}

/// A call that passed: whose it is, its key and its body.
struct Checked {
    shop: String,
    key: Option<IdempotencyKey>,
    body: Value,
}

async fn handle(State(yookassa): State<Arc<Yookassa>>, call: Call) -> Answer {
    let checked = yookassa.check(&call);
    let key = checked.as_ref().ok().and_then(|checked| checked.key.clone());
    let logged = Logged::of(NAME, &call, params(&call), yookassa.core.clock.now());
    let act = || match &checked {
        Ok(checked) => yookassa.once(&call, checked),
        Err(error) => error.answer(&yookassa.error_id()),
    };
    yookassa.core.answer(&*yookassa, &call, key.as_ref(), logged, act).await
}

impl Yookassa {
    fn check(&self, call: &Call) -> Result<Checked> {
        let (shop, secret) = auth::credentials(call.header("authorization"))?;
        if !self.knows(&shop, &secret) {
            return Err(ApiError::unauthorized());
        }
        if call.method != "POST" {
            return Ok(Checked { shop, key: None, body: Value::Null });
        }
        let key = key(call)?;
        let body = body(call)?;
        let fingerprint = format!("{} {} {body}", call.method, call.path);
        let key = IdempotencyKey { scope: format!("{NAME} {shop}"), key, fingerprint };
        Ok(Checked { shop, key: Some(key), body })
    }

    /// Does a call once per key, also when its first answer was lost in a 500.
    fn once(&self, call: &Call, checked: &Checked) -> Answer {
        let Some(key) = &checked.key else { return self.act(call, checked) };
        match self.done.begin(key, self.core.clock.now()) {
            Begun::Replay(answer) => answer,
            Begun::OtherParams => self.refuse(Refusal::OtherParams(key.key.clone())),
            Begun::InFlight => self.refuse(Refusal::InFlight(key.key.clone())),
            Begun::New => {
                let answer = self.act(call, checked);
                self.done.end(key, &answer);
                answer
            }
        }
    }

    fn act(&self, call: &Call, checked: &Checked) -> Answer {
        let query: Vec<(String, String)> = form_urlencoded::parse(call.query.as_bytes()).into_owned().collect();
        let path: Vec<&str> = call.path.strip_prefix(ROOT).unwrap_or_default().split('/').collect();
        let parts = (call.method.as_str(), path.as_slice());
        let done = self.in_shop(&checked.shop, |shop, now| self.dispatch(parts, &query, &checked.body, shop, now));
        match done {
            Ok(body) => Answer::json(200, &body),
            Err(error) => error.answer(&self.error_id()),
        }
    }

    fn dispatch(
        &self,
        call: (&str, &[&str]),
        query: &[(String, String)],
        body: &Value,
        shop: &mut Shop,
        now: Time,
    ) -> Result<Value> {
        match call {
            ("GET", ["payments"]) => return shop.list_payments(query),
            ("GET", ["refunds"]) => return shop.list_refunds(query),
            _ => {}
        }
        if let Some((name, _)) = query.first() {
            return Err(ApiError::invalid(name, format!("Unknown parameter {name}")));
        }
        match call {
            ("GET", ["me"]) => Ok(shop.json()),
            ("POST", ["payments"]) => shop.create_payment(NewPayment::read(body)?, self.new_id("000f"), now),
            ("GET", ["payments", id]) => Ok(shop.payment(id)?.json(&shop.id)),
            ("POST", ["payments", id, "capture"]) => shop.capture(id, &Capture::read(body)?, now),
            ("POST", ["payments", id, "cancel"]) => {
                request::nothing(body)?;
                shop.cancel(id)
            }
            ("POST", ["refunds"]) => shop.create_refund(NewRefund::read(body)?, self.new_id("0015"), now),
            ("GET", ["refunds", id]) => Ok(shop.refund(id)?.json()),
            ("POST", ["payment_methods"]) => shop.create_method(NewMethod::read(body)?, self.new_id("000f")),
            ("GET", ["payment_methods", id]) => Ok(shop.method(id)?.json(&shop.id)),
            _ => Err(ApiError::not_found("Resource", "path")),
        }
    }
}

impl Dialect for Yookassa {
    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::OtherParams(_) => {
                ApiError::invalid("Idempotence-Key", "Idempotence key duplicated").answer(&self.error_id())
            }
            Refusal::InFlight(_) => {
                let told = "Request accepted, but not processed yet. Retry the request with the same Idempotence-Key";
                let body = json!({"type": "processing", "description": told, "retry_after": RETRY_AFTER});
                Answer::json(202, &body).not_kept()
            }
            Refusal::TooManyRequests => self.fault(429, "too_many_requests", "Too many requests"),
            // The outcome is unknown until the same call with the same key brings it: the key keeps no 500.
            Refusal::Internal => self.fault(500, "internal_server_error", "Internal server error"),
            Refusal::Down => self.fault(503, "internal_server_error", "Service unavailable"),
        }
    }
}

impl Yookassa {
    fn fault(&self, status: u16, code: &str, description: &str) -> Answer {
        let body = json!({"type": "error", "id": self.error_id(), "code": code, "description": description});
        Answer::json(status, &body).not_kept()
    }
}

/// The key, which each POST must have.
fn key(call: &Call) -> Result<String> {
    let fault = |told: &str| ApiError::invalid("Idempotence-Key", told);
    match call.header(KEY_HEADER) {
        None | Some("") => {
            Err(fault("Idempotence key is missing. Send the value in accordance with the documentation"))
        }
        Some(key) if key.chars().count() > KEY_MAX => {
            Err(fault("Idempotence key is too long. Send the value in accordance with the documentation"))
        }
        Some(key) => Ok(key.to_owned()),
    }
}

/// The body: JSON that says so, or nothing.
fn body(call: &Call) -> Result<Value> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = call.header("content-type").unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ApiError::invalid("Content-Type", "Content-Type must be application/json"));
    }
    serde_json::from_slice(&call.body).map_err(|_| ApiError::refused("Body can't be parsed as JSON"))
}

/// What a call asks for, for the log: the body, or the query as an object.
fn params(call: &Call) -> Value {
    if call.method == "POST" {
        return serde_json::from_slice(&call.body).unwrap_or_default();
    }
    form_urlencoded::parse(call.query.as_bytes()).map(|(name, value)| (name.into_owned(), json!(value))).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::Options;
    use crate::core::Core;
    use crate::core::faults::Fault;

    /// A call of the shop 100500 with the key `test_key`.
    fn call(method: &str, path: &str, key: Option<&'static str>, body: &Value) -> Call {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Basic MTAwNTAwOnRlc3Rfa2V5"));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            headers.insert(KEY_HEADER, HeaderValue::from_static(key));
        }
        Call {
            method: method.into(),
            path: format!("/yookassa/v3{path}"),
            query: String::new(),
            body: if body.is_null() { Bytes::new() } else { body.to_string().into() },
            headers,
            cutter: Default::default(),
        }
    }

    fn asked(value: &str) -> Value {
        json!({
            "amount": {"value": value, "currency": "RUB"},
            "confirmation": {"type": "redirect", "return_url": "http://127.0.0.1:3000/"},
        })
    }

    fn yookassa() -> Arc<Yookassa> {
        let core = Core::new("http://127.0.0.1:1".into(), None).unwrap();
        Yookassa::new(Arc::new(core), &Options::default())
    }

    async fn answered(yookassa: &Arc<Yookassa>, call: Call) -> (u16, Value) {
        let answer = handle(State(yookassa.clone()), call).await;
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap())
    }

    #[tokio::test]
    async fn a_key_is_one_payment_for_a_day_of_the_clock() {
        let yookassa = yookassa();
        let pay = |value| call("POST", "/payments", Some("k1"), &asked(value));
        let (status, first) = answered(&yookassa, pay("5.00")).await;
        assert_eq!(status, 200);
        yookassa.core.clock.advance(24 * 3600 - 60);
        assert_eq!(answered(&yookassa, pay("5.00")).await.1["id"], first["id"]);
        let (status, refused) = answered(&yookassa, pay("6.00")).await;
        assert_eq!((status, &refused["code"]), (400, &json!("invalid_request")));
        assert_eq!(refused["parameter"], "Idempotence-Key");
        yookassa.core.clock.advance(60);
        assert_ne!(answered(&yookassa, pay("5.00")).await.1["id"], first["id"]);
    }

    #[tokio::test]
    async fn after_a_500_the_same_key_brings_what_was_done_once() {
        for done in [true, false] {
            let yookassa = yookassa();
            let fault: Fault = serde_json::from_value(json!({"kind": "saved_500", "done": done})).unwrap();
            yookassa.core.faults.set(fault);
            let pay = || call("POST", "/payments", Some("k1"), &asked("5.00"));
            assert_eq!(answered(&yookassa, pay()).await.0, 500);
            let (status, payment) = answered(&yookassa, pay()).await;
            assert_eq!((status, &payment["status"]), (200, &json!("pending")));
            let (_, listed) = answered(&yookassa, call("GET", "/payments", None, &Value::Null)).await;
            assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        }
    }

    #[tokio::test]
    async fn each_post_needs_a_key_of_at_most_64_characters() {
        let yookassa = yookassa();
        let long = "k123456789k123456789k123456789k123456789k123456789k123456789k1234";
        for key in [None, Some(""), Some(long)] {
            let (status, refused) = answered(&yookassa, call("POST", "/payments", key, &asked("5.00"))).await;
            assert_eq!((status, &refused["parameter"]), (400, &json!("Idempotence-Key")));
        }
        let good = call("POST", "/payments", long.get(1..), &asked("5.00"));
        assert_eq!(answered(&yookassa, good).await.0, 200);
    }

    #[tokio::test]
    async fn another_key_of_the_shop_is_refused() {
        let yookassa = yookassa();
        assert_eq!(answered(&yookassa, call("GET", "/me", None, &Value::Null)).await.0, 200);
        let mut wrong = call("GET", "/me", None, &Value::Null);
        wrong.headers.insert("authorization", HeaderValue::from_static("Basic MTAwNTAwOnRlc3Rfa2V6"));
        let (status, refused) = answered(&yookassa, wrong).await;
        assert_eq!((status, &refused["code"]), (401, &json!("invalid_credentials")));
    }
}
