//! `/metrics`: what a monitor reads, as `OpenMetrics` text, by whoever knows `METRICS_TOKEN`.
//!
//! Figures are read from the database when they are asked for, so that every node tells the same.

use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use wallet::payment::PaymentFigures;

use crate::state::AppState;

/// What the text is, by the `OpenMetrics` specification.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Gives the route, where a token is set.
pub fn router(state: &AppState) -> Router<AppState> {
    let Some(token) = &state.metrics_token else { return Router::new() };
    let expected = SecretString::from(format!("Bearer {}", token.expose_secret()));
    let metrics = async move |State(state): State<AppState>, headers: HeaderMap| {
        let shown = headers.get(AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
        if !bool::from(shown.ct_eq(expected.expose_secret().as_bytes())) {
            return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
        }
        answer(&state).await
    };
    Router::new().route("/metrics", get(metrics))
}

async fn answer(state: &AppState) -> Response {
    let told = async {
        let refunds = state.wallet.refunds();
        let waits = (refunds.count_waiting().await?, refunds.count_open_disputes().await?);
        text(&state.wallet.payments().figures().await?, waits, state.wallet.clock().now())
    };
    match told.await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")], text).into_response(),
        Err(error) => {
            tracing::warn!(%error, "no metrics");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Provider {
    provider: String,
}

type ByProvider = Family<Provider, Gauge>;

/// Writes the figures down.
fn text(figures: &PaymentFigures, (requests, disputes): (i64, i64), now: DateTime<Utc>) -> anyhow::Result<String> {
    let mut registry = Registry::with_prefix("scrip");
    let gauge: Gauge = Gauge::default();
    gauge.set(requests);
    registry.register("refund_requests_waiting", "Refund requests that wait for staff", gauge);
    let gauge: Gauge = Gauge::default();
    gauge.set(disputes);
    registry.register("disputes_open", "Disputes that the bank has not decided", gauge);
    let gauge: Gauge = Gauge::default();
    gauge.set(figures.in_review);
    registry.register("payments_in_review", "Payments that wait for staff", gauge);
    let gauge: Gauge = Gauge::default();
    gauge.set(figures.open);
    registry.register("payments_open", "Orders whose outcome is not known yet", gauge);
    let age = figures.oldest_open.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(age);
    registry.register("payments_oldest_open_seconds", "Age of the oldest of them", gauge);
    let (differences, compared, is_current) = (ByProvider::default(), ByProvider::default(), ByProvider::default());
    for run in &figures.reconciliations {
        let provider = Provider { provider: run.provider.clone() };
        differences.get_or_create(&provider).set(run.differences);
        compared.get_or_create(&provider).set(run.began_at.timestamp());
        is_current.get_or_create(&provider).set(i64::from(run.problem.is_none()));
    }
    registry.register(
        "payment_differences",
        "Payments that differ from the provider's books, by the newest reconciliation",
        differences,
    );
    registry.register("reconciliation_time_seconds", "When the newest reconciliation began, since 1970", compared);
    registry.register("reconciliation_done", "1 where it compared, 0 where the provider did not answer", is_current);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
