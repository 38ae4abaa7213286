//! Layers: what happens to every request, and what only to some.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::state::AppState;
use crate::unread::hear_out;

/// The header that carries a request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts a time limit and a body limit around everything that is not a stream.
pub fn limited(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    let body_max = usize::try_from(state.settings.web.request_body_max).unwrap_or(usize::MAX);
    router.layer(RequestBodyLimitLayer::new(body_max)).layer(timeout(state.settings.request_timeout()))
}

/// A time limit alone: the API counts bodies itself, to answer in its own envelope.
#[must_use]
pub fn timeout(limit: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limit)
}

/// Refuses writes that another site's page sends with the reader's cookie (`Sec-Fetch-Site`, else `Origin`).
///
/// Calls of servers and of `curl` carry neither header and pass; they carry no cookie either.
pub fn same_origin(state: &AppState) -> CsrfLayer {
    let layer = CsrfLayer::new();
    // Behind a proxy that rewrites `Host`, the public address still counts as our own.
    layer.clone().add_trusted_origin(state.settings.public_url()).unwrap_or(layer)
}

/// The layers around pages and files, the outermost first: id, log line, headers, panic guard, hearing out, compression.
///
/// They are one stack and not one `layer` after the other: a router keeps what it wraps in a box, and copies every box
/// for every request.
pub fn common(router: Router<AppState>) -> Router<AppState> {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    router.layer(
        ServiceBuilder::new()
            .map_request(own_request_id)
            .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
            .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(header("permissions-policy", "camera=(), microphone=(), geolocation=()"))
            .layer(header("cross-origin-opener-policy", "same-origin"))
            .layer(header("referrer-policy", "same-origin"))
            .layer(header("x-frame-options", "DENY"))
            .layer(header("x-content-type-options", "nosniff"))
            .layer(header("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(hear_out))
            .layer(CompressionLayer::new()),
    )
}

/// The layers around the API, where programs make many small calls.
///
/// Id, log line, and the headers that matter when a browser opens an answer; its panics have an envelope of their own, and
/// its answers are too small to be worth compressing.
pub fn of_api(router: Router<AppState>) -> Router<AppState> {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    router.layer(
        ServiceBuilder::new()
            .map_request(own_request_id)
            .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(header("x-content-type-options", "nosniff"))
            .layer(header("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")),
    )
}

/// Keeps a caller's request id only where it is short and plain; it goes into logs and answers.
fn own_request_id(mut request: Request) -> Request {
    let plain = |id: &HeaderValue| {
        (1..=64).contains(&id.len())
            && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
    };
    if !request.headers().get(REQUEST_ID).is_none_or(plain) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// Gives the id of a request.
#[must_use]
pub fn request_id(request: &Request) -> String {
    request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn span(request: &Request) -> tracing::Span {
    // The path alone: a query may hold a token.
    tracing::info_span!("request", id = request_id(request), method = %request.method(), path = request.uri().path())
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response<Body> {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(message, "a request panicked");
    (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side. Nothing was charged twice; try again.")
        .into_response()
}
