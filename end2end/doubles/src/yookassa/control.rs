//! What a test may do to a shop that no API call can: the buyer's bank, the shop's settings, its owner.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cards::{self, Later};
use super::error::{ApiError, Result};
use super::payment::{Payment, Status};
use super::refund::{Refund, RefundStatus};
use super::request::NewRefund;
use super::shop::Shop;
use super::{Yookassa, method};

pub(super) fn router() -> Router<Arc<Yookassa>> {
    Router::new()
        .route("/_control/yookassa/shops/{shop}", post(set_shop))
        .route("/_control/yookassa/payments/{id}", post(settle))
        .route("/_control/yookassa/payments/{id}/refund", post(refund))
        .route("/_control/yookassa/refunds/{id}", post(end_refund))
        .route("/_control/yookassa/methods/{id}", post(set_method))
}

/// A shop's settings; what is not given stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopSettings {
    /// Whether it sends receipts after 54-FZ.
    receipts: Option<bool>,
    /// What becomes of its next refunds: `pending`, `succeeded`, `canceled`.
    next_refunds: Option<Vec<String>>,
}

async fn set_shop(
    State(yookassa): State<Arc<Yookassa>>,
    Path(id): Path<String>,
    Json(set): Json<ShopSettings>,
) -> Response {
    let next = set.next_refunds.unwrap_or_default();
    let Some(next) = next.iter().map(|name| RefundStatus::named(name)).collect::<Option<Vec<_>>>() else {
        return wrong("next_refunds: pending, succeeded or canceled");
    };
    yookassa.in_shop(&id, |shop, _| {
        shop.needs_receipts = set.receipts.unwrap_or(shop.needs_receipts);
        shop.next_refunds.extend(next);
        Json(shop.json()).into_response()
    })
}

/// `succeeded`, or the reason of a refusal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    outcome: String,
}

/// Decides a charge of a saved method that is pending.
async fn settle(State(yookassa): State<Arc<Yookassa>>, Path(id): Path<String>, Json(set): Json<Outcome>) -> Response {
    answer(yookassa.where_made(&id, |shop, now| {
        let payment = shop.payment_mut(&id)?;
        if payment.status != Status::Pending || payment.settles_at.is_none() {
            return Err(ApiError::refused("no charge that is still to be decided"));
        }
        match (set.outcome.as_str(), cards::refusal(&set.outcome)) {
            ("succeeded", _) => payment.pay(now),
            (_, Some(refusal)) => payment.cancel(refusal),
            (other, None) => return Err(ApiError::refused(format!("no such outcome: {other}"))),
        }
        shop.notify_of_payment(&id);
        Ok(shop.payment(&id)?.json(&shop.id))
    }))
}

/// The shop's owner refunds in the merchant profile; the body is that of `POST /refunds` without `payment_id`.
async fn refund(
    State(yookassa): State<Arc<Yookassa>>,
    Path(id): Path<String>,
    Json(mut body): Json<Value>,
) -> Response {
    let new = yookassa.new_id("0015");
    answer(yookassa.where_made(&id, |shop, now| {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("payment_id".into(), json!(id));
        }
        shop.create_refund(NewRefund::read(&body)?, new, now)
    }))
}

async fn end_refund(
    State(yookassa): State<Arc<Yookassa>>,
    Path(id): Path<String>,
    Json(set): Json<Outcome>,
) -> Response {
    answer(yookassa.where_made(&id, |shop, _| {
        let named = RefundStatus::named(&set.outcome).filter(|status| *status != RefundStatus::Pending);
        let outcome = named.ok_or_else(|| ApiError::refused("outcome: succeeded or canceled"))?;
        shop.end_refund(&id, outcome)?;
        Ok(shop.refund(&id)?.json())
    }))
}

/// How a saved method behaves from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Behaviour {
    /// `paid`, `pending`, or the reason of a refusal.
    later: String,
    /// How many charges are refused before it is paid with again; all when not given.
    times: Option<u32>,
}

async fn set_method(
    State(yookassa): State<Arc<Yookassa>>,
    Path(id): Path<String>,
    Json(set): Json<Behaviour>,
) -> Response {
    answer(yookassa.where_made(&id, |shop, _| {
        let later = match (set.later.as_str(), cards::refusal(&set.later), set.times) {
            ("paid", ..) => Later::Paid,
            ("pending", ..) => Later::Pending,
            (_, Some(refusal), None) => Later::Refused(refusal),
            (_, Some(refusal), Some(times)) => Later::RefusedTimes(times, refusal),
            (other, None, _) => return Err(ApiError::refused(format!("no such behaviour: {other}"))),
        };
        let method = shop.method_mut(&id)?;
        method.later = later;
        Ok(method.json(""))
    }))
}

fn answer(done: Option<Result<Value>>) -> Response {
    match done {
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "nothing with this id was made" }))).into_response(),
        Some(Ok(body)) => Json(body).into_response(),
        Some(Err(error)) => error.answer("control").into_response(),
    }
}

fn wrong(told: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": told }))).into_response()
}

impl Shop {
    /// Whether it has made the payment, method or refund.
    pub(super) fn has(&self, id: &str) -> bool {
        self.payment(id).is_ok() || self.method(id).is_ok() || self.refund(id).is_ok()
    }

    /// Everything, for a test to look at.
    pub(super) fn snapshot(&self) -> Value {
        json!({
            "receipts": self.needs_receipts,
            "taken": self.taken().json(),
            "payments": self.payments.iter().map(|payment: &Payment| payment.json(&self.id)).collect::<Vec<_>>(),
            "methods": self.methods.iter().map(|method: &method::Method| method.json(&self.id)).collect::<Vec<_>>(),
            "refunds": self.refunds.iter().map(Refund::json).collect::<Vec<_>>(),
        })
    }
}
