//! What banks, card networks and the dashboard do, done by a test.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::StripeError;
use super::model::RefundEnd;
use super::params::Read;
use super::refunds::NewRefund;
use super::shop::Shop;
use super::{Stripe, card, checkout, disputes, expand, methods, refunds, sessions};

type Act = State<Arc<Stripe>>;

/// The calls, under `/_control/stripe`.
pub fn router() -> Router<Arc<Stripe>> {
    Router::new()
        .route("/payment_intents/{id}/settle", post(settle_payment))
        .route("/payment_intents/{id}/refund", post(refund))
        .route("/payment_intents/{id}/dispute", post(dispute))
        .route("/refunds/{id}/settle", post(settle_refund))
        .route("/disputes/{id}/close", post(close_dispute))
        .route("/payment_methods/{id}/replace", post(replace))
        .route("/payment_methods/{id}/decline", post(decline))
        .route("/payment_methods/{id}/detach", post(detach))
        .route("/customers/{id}/payment_methods", post(add_card))
        .route("/checkout/{id}/expire", post(expire))
        .route("/events", post(emit))
        .route("/deliver", post(deliver))
        .route("/events_first", post(events_first))
}

/// Stripe's errors in their own shape; what is done is the object as it is now.
fn answer(done: Read<Value>) -> Response {
    match done {
        Ok(json) => Json(json).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(json!({ "error": error.body() }))).into_response()
        }
    }
}

/// `succeeded` or `failed`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    Succeeded,
    Failed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    status: End,
}

async fn settle_payment(State(stripe): Act, Path(id): Path<String>, Json(settle): Json<Settle>) -> Response {
    let succeeds = matches!(settle.status, End::Succeeded);
    answer(stripe.act(None, |shop| checkout::end_later(shop, &id, succeeds)))
}

async fn settle_refund(State(stripe): Act, Path(id): Path<String>, Json(settle): Json<Settle>) -> Response {
    let end = match settle.status {
        End::Succeeded => RefundEnd::Succeeded,
        End::Failed => RefundEnd::Failed,
    };
    answer(stripe.act(None, |shop| refunds::end(shop, &id, end)))
}

/// All that is left when no amount is given.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DashboardRefund {
    amount: Option<i64>,
    reason: Option<String>,
}

async fn refund(State(stripe): Act, Path(id): Path<String>, asked: Option<Json<DashboardRefund>>) -> Response {
    let DashboardRefund { amount, reason } = asked.map(|Json(asked)| asked).unwrap_or_default();
    answer(stripe.act(None, |shop| {
        let charge = charge_of(shop, &id)?;
        refunds::make(shop, NewRefund { charge, amount, reason, ..NewRefund::default() })
    }))
}

fn charge_of(shop: &Shop, intent: &str) -> Read<String> {
    let intent = shop.intents.of_path(intent)?;
    let charge = intent.latest_charge.clone();
    charge.ok_or_else(|| StripeError::invalid("id", "This PaymentIntent has no charge."))
}

/// `fraudulent`, and not only a question, when nothing is said.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewDispute {
    reason: Option<String>,
    inquiry: bool,
}

async fn dispute(State(stripe): Act, Path(id): Path<String>, asked: Option<Json<NewDispute>>) -> Response {
    let NewDispute { reason, inquiry } = asked.map(|Json(asked)| asked).unwrap_or_default();
    let reason = reason.unwrap_or_else(|| "fraudulent".to_owned());
    answer(stripe.act(None, |shop| {
        let charge = charge_of(shop, &id)?;
        disputes::open(shop, &charge, &reason, inquiry)
    }))
}

/// `won`, `lost` or `warning_closed`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    status: String,
}

async fn close_dispute(State(stripe): Act, Path(id): Path<String>, Json(close): Json<Close>) -> Response {
    answer(stripe.act(None, |shop| disputes::close(shop, &id, &close.status)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    last4: String,
    exp_month: i64,
    exp_year: i64,
}

async fn replace(State(stripe): Act, Path(id): Path<String>, Json(new): Json<Replacement>) -> Response {
    answer(stripe.act(None, |shop| methods::replaced_by_network(shop, &id, &new.last4, new.exp_month, new.exp_year)))
}

/// Decline codes for the next charges, one each: `["insufficient_funds", "insufficient_funds"]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declines {
    codes: Vec<String>,
}

async fn decline(State(stripe): Act, Path(id): Path<String>, Json(declines): Json<Declines>) -> Response {
    answer(stripe.act(None, |shop| {
        let known = |code: &String| {
            card::decline(code).ok_or_else(|| StripeError::invalid("codes", format!("No such decline code: {code}")))
        };
        let declines: Vec<card::Decline> = declines.codes.iter().map(known).collect::<Read<_>>()?;
        let method = shop.methods.known(&id)?;
        method.next_declines = declines.into();
        Ok(super::render::method(method))
    }))
}

async fn detach(State(stripe): Act, Path(id): Path<String>) -> Response {
    answer(stripe.act(None, |shop| methods::detach_from(shop, &id)))
}

/// A card that a customer has, without a page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCard {
    number: String,
    #[serde(default = "december")]
    exp_month: i64,
    #[serde(default = "far_away")]
    exp_year: i64,
}

fn december() -> i64 {
    12
}

fn far_away() -> i64 {
    2060
}

async fn add_card(State(stripe): Act, Path(id): Path<String>, Json(new): Json<NewCard>) -> Response {
    answer(stripe.act(None, |shop| {
        shop.customers.of_path(&id)?;
        let card = card::by_number(&new.number)
            .ok_or_else(|| StripeError::invalid("number", "No test card has this number."))?;
        let kind = methods::card_of(card, new.exp_month, new.exp_year);
        let method =
            methods::add(shop, methods::NewMethod { kind, email: None, name: None, allow_redisplay: "always".into() });
        methods::attach_to(shop, &method, &id)?;
        shop.methods.of_path(&method).map(super::render::method)
    }))
}

async fn expire(State(stripe): Act, Path(id): Path<String>) -> Response {
    answer(stripe.act(None, |shop| {
        checkout::open_session(shop, &id)?;
        sessions::expire_now(shop, &id)
    }))
}

/// An event of any kind about any object, also one that nobody knows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emit {
    kind: String,
    /// The object's id, or the object.
    object: Value,
    #[serde(default)]
    livemode: bool,
}

async fn emit(State(stripe): Act, Json(emit): Json<Emit>) -> Response {
    answer(stripe.act(None, |shop| {
        let object = match emit.object.as_str() {
            Some(id) => expand::object(shop, id).ok_or_else(|| StripeError::no_such(404, "object", id, "object"))?,
            None => emit.object,
        };
        shop.emit(&emit.kind, object);
        let Some(event) = shop.outbox.last_mut() else { return Ok(json!({ "event": null })) };
        event.livemode = emit.livemode;
        let id = event.id.clone();
        shop.events.known(&id)?.livemode = emit.livemode;
        Ok(json!({ "event": id }))
    }))
}

/// A body as it is to be sent, signed: for events that nobody can read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    body: String,
}

async fn deliver(State(stripe): Act, Json(raw): Json<Raw>) -> Response {
    let id = stripe.act(None, |shop| {
        let id = shop.id("evt");
        stripe.deliver(&id, "raw", raw.body.as_bytes(), stripe.receivers(shop, "raw"));
        id
    });
    answer(Ok(json!({ "event": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsFirst {
    enabled: bool,
}

async fn events_first(State(stripe): Act, Json(set): Json<EventsFirst>) -> Response {
    stripe.events_first.store(set.enabled, std::sync::atomic::Ordering::SeqCst);
    answer(Ok(json!({ "enabled": set.enabled })))
}
