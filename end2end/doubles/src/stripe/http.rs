//! The API over HTTP: key, params, idempotency, events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderName;
use serde_json::Value;

use super::error::{StripeDialect, StripeError};
use super::expand::expand;
use super::model::RequestOf;
use super::params::{self, Params, Read};
use super::{Stripe, routes};
use crate::core::idempotency::IdempotencyKey;
use crate::core::requests::Logged;
use crate::core::{Answer, Call};

/// Keys are at most so long.
const KEY_MAX: usize = 255;

/// Answers a call.
pub async fn api(State(stripe): State<Arc<Stripe>>, call: Call) -> Answer {
    let core = &stripe.core;
    let request = stripe.request_id();
    let form = if call.method == "POST" { call.text() } else { call.query.clone() };
    let tree = params::tree(&form);
    let key = call.header("idempotency-key").filter(|_| call.method == "POST").map(str::to_owned);
    let logged = Logged::of("stripe", &call, tree.clone(), core.clock.now());
    let guard = key.as_ref().map(|key| IdempotencyKey {
        scope: format!("stripe {}", secret_key(&call).unwrap_or_default()),
        key: key.clone(),
        fingerprint: format!("{} {} {tree}", call.method, call.path),
    });
    let of = RequestOf { id: Some(request.clone()), idempotency_key: key };
    let act = || match perform(&stripe, &call, &form, of) {
        Ok(json) => Answer::json(200, &json),
        Err(error) => error.answer(),
    };
    let answer = core.answer(&StripeDialect, &call, guard.as_ref(), logged, act).await;
    let mut answer = answer.with(HeaderName::from_static("request-id"), &request);
    if let Some(version) = call.header("stripe-version") {
        answer = answer.with(HeaderName::from_static("stripe-version"), version);
    }
    match guard {
        Some(guard) => answer.with(HeaderName::from_static("idempotency-key"), &guard.key),
        None => answer,
    }
}

fn perform(stripe: &Stripe, call: &Call, form: &str, of: RequestOf) -> Read<Value> {
    check_key(call)?;
    if of.idempotency_key.as_ref().is_some_and(|key| key.len() > KEY_MAX) {
        let message = format!("Idempotency keys are at most {KEY_MAX} characters long.");
        return Err(StripeError::invalid("idempotency_key", message));
    }
    let is_form = call.header("content-type").is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if call.method == "POST" && !call.body.is_empty() && !is_form {
        let message = "Invalid request: the Content-Type must be application/x-www-form-urlencoded.";
        return Err(StripeError { param: None, ..StripeError::invalid("body", message) });
    }
    let mut params = Params::of(form);
    let paths = params.texts("expand")?.unwrap_or_default();
    let path = call.path.strip_prefix("/v1/").unwrap_or_default();
    stripe.act(Some(of), |shop| {
        let mut json = routes::call(shop, &call.method, path, params)?;
        expand(shop, &mut json, &paths)?;
        Ok(json)
    })
}

/// The key of `Authorization: Bearer`, or the user of `Basic`.
fn secret_key(call: &Call) -> Option<String> {
    let header = call.header("authorization")?;
    if let Some(key) = header.strip_prefix("Bearer ") {
        return Some(key.trim().to_owned());
    }
    None
}

fn check_key(call: &Call) -> Read<()> {
    let Some(key) = secret_key(call) else {
        return Err(StripeError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer \
             auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ));
    };
    if ["sk_test_", "rk_test_"].iter().any(|prefix| key.len() > prefix.len() && key.starts_with(prefix)) {
        return Ok(());
    }
    let shown: String = key.chars().take(8).collect();
    Err(StripeError::unauthorized(format!("Invalid API Key provided: {shown}***")))
}
