//! What happens to every call, in one step: its id, its log lines, the key and its limits, the time limit, panics, the
//! envelope of errors, and the headers that matter when a browser opens an answer.
//!
//! One step before the router and not a stack of layers in it: each layer boxes a future and copies the service behind
//! it for every request, and eleven of them took a quarter of the time that the server spends on a call.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tower::Service as _;
use tracing::Instrument;
use wallet::error::{Error, Refusal};
use wallet::identity::{KeyAccess, ServiceKeyText};

use super::body;
use super::caller::{Caller, ServiceCaller, bearer};
use super::envelope::{self, Fault};
use super::queries;
use crate::http::by_address;
use crate::http::drain_body::Unread;
use crate::http::middleware::{self, REQUEST_ID};
use crate::rate_limit::{Subject, is_write};
use crate::state::AppState;

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
    let id = middleware::id_for(&request);
    let span = middleware::span_named(&id, &request);
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
async fn let_in(state: &AppState, mut request: Request, calls: Router) -> Response {
    let address = by_address::address_of(request.extensions(), request.headers(), state);
    let secret = bearer(&request).unwrap_or_default();
    if ServiceKeyText::parse(secret).is_some() {
        return Box::pin(let_in_platform(state, address, request, calls)).await;
    }
    let access = match access(state, secret, address).await {
        Ok(access) => access,
        Err(fault) => return fault.into_response(),
    };
    let standing = state.rates.count(access.id, request.method());
    let of_account = state.subjects.count(Subject::Account(access.account), is_write(request.method()));
    let mut response = if standing.over {
        Fault::from(Refusal::RateLimited { retry_after_seconds: standing.reset_seconds() }).into_response()
    } else if let Err(many) = of_account {
        Fault::from(Refusal::from(many)).into_response()
    } else if let Some(fault) = queries::refused(&request) {
        fault.into_response()
    } else {
        let asked = Asked::of(&request);
        request.extensions_mut().insert(Caller(Arc::clone(&access)));
        let response = answered(state, request, calls).await;
        if let Some(path) = asked.refused(&response) {
            state.wallet.identity().note_refused_key(&access, &path);
        }
        response
    };
    standing.write(response.headers_mut());
    response
}

/// Finds out who calls. A wrong key counts for its address; a right one is heard whatever else comes from there.
async fn access(state: &AppState, secret: &str, address: Option<IpAddr>) -> Result<Arc<KeyAccess>, Fault> {
    match state.wallet.identity().authenticate_key(secret).await {
        Err(Error::Refused(Refusal::Unauthenticated)) => Err(note_wrong_key(state, address)),
        found => Ok(found?),
    }
}

/// Counts a wrong key of an address, and gives what its caller hears.
fn note_wrong_key(state: &AppState, address: Option<IpAddr>) -> Fault {
    let counted = address.map(|address| state.subjects.count(Subject::WrongKeys(address), false));
    match counted {
        Some(Err(many)) => Refusal::from(many).into(),
        _ => Refusal::Unauthenticated.into(),
    }
}

/// Lets in who shows a valid service key. It has no limit of its own: calls count for the customer's key that they
/// name, and for its account. Wrong ones count for their address.
async fn let_in_platform(state: &AppState, address: Option<IpAddr>, mut request: Request, calls: Router) -> Response {
    let secret = bearer(&request).unwrap_or_default();
    let access = match state.wallet.identity().authenticate_service_key(secret).await {
        Ok(access) => access,
        Err(Error::Refused(Refusal::Unauthenticated)) => return note_wrong_key(state, address).into_response(),
        Err(error) => return Fault::from(error).into_response(),
    };
    if let Some(fault) = queries::refused(&request) {
        return fault.into_response();
    }
    let asked = Asked::of(&request);
    request.extensions_mut().insert(ServiceCaller(Arc::clone(&access)));
    let response = answered(state, request, calls).await;
    if let Some(path) = asked.refused(&response) {
        state.wallet.identity().note_refused_service_key(&access, &path);
    }
    response
}

/// What a call asks for, for the audit log.
struct Asked {
    method: Method,
    uri: Uri,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self { method: request.method().clone(), uri: request.uri().clone() }
    }

    /// Names it where the answer is that its key may not do it.
    fn refused(&self, response: &Response) -> Option<String> {
        let is_forbidden = response.extensions().get::<Fault>().is_some_and(Fault::is_forbidden);
        is_forbidden.then(|| format!("{} {}", self.method, self.uri.path()))
    }
}

/// Answers within the time limit. A packed body is refused before the call, which may read none.
async fn answered(state: &AppState, mut request: Request, mut calls: Router) -> Response {
    if middleware::is_encoded(request.headers()) {
        return body::packed().into_response();
    }
    DefaultBodyLimit::max(state.settings.request_body_max()).apply(&mut request);
    let answer = calls.call(request).map(|Ok(response)| response);
    let answered = tokio::time::timeout(state.settings.request_timeout(), answer).await;
    answered.unwrap_or_else(|_late| Fault::late().into_response())
}
