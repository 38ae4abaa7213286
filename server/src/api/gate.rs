//! What happens to every call, in one step: its id, its log lines, the key and its limits, the time limit, panics, the
//! envelope of errors, and the headers that matter when a browser opens an answer.
//!
//! One step before the router and not a stack of layers in it: each layer boxes a future and copies the service behind it
//! for every request, and eleven of them took a quarter of the time that the server spends on a call.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tower::Service as _;
use tracing::Instrument;
use wallet::error::Refusal;

use super::caller::{Caller, bearer};
use super::envelope::{self, Fault};
use super::queries;
use crate::layers::{self, REQUEST_ID};
use crate::state::AppState;
use crate::unread::Unread;

/// What is on every answer, where it has nothing of its own.
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
];

/// Lets a call through, and answers whatever becomes of it.
pub async fn pass(state: AppState, request: Request, calls: Router) -> Response {
    let id = layers::id_for(&request);
    let span = layers::span_named(&id, &request);
    let call = async {
        let response = match AssertUnwindSafe(admit(&state, request, calls)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => envelope::panicked(&*panic),
        };
        if response.status().is_server_error() {
            tracing::error!(status = response.status().as_u16(), "a call failed");
        }
        response
    };
    let mut response = envelope::write(call.instrument(span).await, &id).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    headers.insert(REQUEST_ID, id);
    response
}

/// Answers within the time limit, and hears the caller out first: also one that is not let in.
async fn admit(state: &AppState, mut request: Request, calls: Router) -> Response {
    let unread = Unread::of(&mut request);
    let response = let_in(state, request, calls).await;
    if let Some(unread) = unread {
        unread.hear_out().await;
    }
    response
}

/// Lets in who shows a valid key, within its limits and the time limit.
async fn let_in(state: &AppState, mut request: Request, mut calls: Router) -> Response {
    let Some(secret) = bearer(&request) else {
        return Fault::from(Refusal::Unauthenticated).into_response();
    };
    let access = match state.wallet.identity().authenticate_key(secret).await {
        Ok(access) => access,
        Err(error) => return Fault::from(error).into_response(),
    };
    let standing = state.rates.count(access.id, request.method());
    let mut response = if standing.over {
        Fault::from(Refusal::RateLimited { retry_after_seconds: standing.reset_seconds() }).into_response()
    } else if let Some(fault) = queries::refused(&request) {
        fault.into_response()
    } else {
        request.extensions_mut().insert(Caller(access));
        DefaultBodyLimit::max(state.settings.request_body_max()).apply(&mut request);
        let answer = calls.call(request).map(|Ok(response)| response);
        let answered = tokio::time::timeout(state.settings.request_timeout(), answer).await;
        answered.unwrap_or_else(|_late| Fault::late().into_response())
    };
    standing.write(response.headers_mut());
    response
}
