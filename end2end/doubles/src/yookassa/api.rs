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
