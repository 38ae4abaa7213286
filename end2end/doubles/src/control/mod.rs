//! How a test steers the stand-ins: clock, faults, events, requests.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Provider;
use crate::core::Core;
use crate::core::delivery::{DeliveryFault, Order};
use crate::core::faults::Fault;

/// The stand-ins by name.
pub type Providers = Vec<(&'static str, Arc<dyn Provider>)>;

#[derive(Clone)]
struct Control {
    core: Arc<Core>,
    providers: Providers,
}

/// The calls that both providers share.
pub fn router(core: Arc<Core>, providers: Providers) -> Router {
    Router::new()
        .route("/clock", get(clock).post(move_clock))
        .route("/faults", get(faults).post(set_fault).delete(clear_faults))
        .route("/event-faults", get(event_faults).post(set_event_fault).delete(clear_event_faults))
        .route("/events", get(events))
        .route("/events/release", post(release))
        .route("/events/idle", get(idle))
        .route("/events/{id}/redeliver", post(redeliver))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/state", get(state))
        .route("/reset", post(reset))
        .with_state(Control { core, providers })
}

async fn clock(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "now": control.core.clock.now() }))
}

/// A time, or a step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    now: Option<i64>,
    advance: Option<i64>,
}

async fn move_clock(State(control): State<Control>, Json(step): Json<Move>) -> Json<Value> {
    if let Some(now) = step.now {
        control.core.clock.set(now);
    }
    control.core.clock.advance(step.advance.unwrap_or_default());
    control.providers.iter().for_each(|(_, provider)| provider.tick());
    clock(State(control)).await
}

async fn faults(State(control): State<Control>) -> Json<Vec<Fault>> {
    Json(control.core.faults.list())
}

async fn set_fault(State(control): State<Control>, Json(fault): Json<Fault>) -> Json<Vec<Fault>> {
    control.core.faults.set(fault);
    faults(State(control)).await
}

async fn clear_faults(State(control): State<Control>) -> Json<Vec<Fault>> {
    control.core.faults.clear();
    faults(State(control)).await
}

async fn event_faults(State(control): State<Control>) -> Json<Vec<DeliveryFault>> {
    Json(control.core.deliveries.faults())
}

async fn set_event_fault(State(control): State<Control>, Json(fault): Json<DeliveryFault>) -> Json<Vec<DeliveryFault>> {
    control.core.deliveries.set_fault(fault);
    event_faults(State(control)).await
}

async fn clear_event_faults(State(control): State<Control>) -> Json<Vec<DeliveryFault>> {
    control.core.deliveries.clear_faults();
    event_faults(State(control)).await
}

async fn events(State(control): State<Control>) -> Json<Value> {
    let deliveries = &control.core.deliveries;
    let held: Vec<Value> = deliveries.held().iter().map(|(kind, id)| json!({ "kind": kind, "event": id })).collect();
    Json(json!({ "attempts": deliveries.attempts(), "held": held }))
}

/// In which order: `{}` means the order in which they happened.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default)]
    newest_first: bool,
}

async fn release(State(control): State<Control>, order: Option<Json<Release>>) -> Json<Value> {
    let newest_first = order.is_some_and(|Json(order)| order.newest_first);
    let order = if newest_first { Order::NewestFirst } else { Order::OldestFirst };
    Json(json!({ "released": control.core.deliveries.release(order) }))
}

async fn idle(State(control): State<Control>) -> Json<Value> {
    control.core.deliveries.idle().await;
    Json(json!({ "idle": true }))
}

/// How often: once when not given.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default)]
    copies: u32,
}

async fn redeliver(State(control): State<Control>, Path(id): Path<String>, again: Option<Json<Again>>) -> Response {
    let copies = again.map_or(1, |Json(again)| again.copies);
    match control.core.deliveries.redeliver(&id, copies) {
        0 => (StatusCode::NOT_FOUND, Json(json!({ "error": format!("no event {id} was sent") }))).into_response(),
        receivers => Json(json!({ "receivers": receivers })).into_response(),
    }
}

async fn requests(State(control): State<Control>) -> Response {
    Json(control.core.requests.list()).into_response()
}

async fn clear_requests(State(control): State<Control>) -> Json<Value> {
    control.core.requests.clear();
    Json(json!({}))
}

async fn state(State(control): State<Control>) -> Json<Value> {
    let states = control.providers.iter().map(|(name, provider)| ((*name).to_owned(), provider.snapshot()));
    Json(Value::Object(states.collect()))
}

async fn reset(State(control): State<Control>) -> Json<Value> {
    control.providers.iter().for_each(|(_, provider)| provider.reset());
    control.core.reset();
    Json(json!({}))
}
