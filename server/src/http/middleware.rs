//! Middleware: what happens to every request, and what only to some.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::http::drain_body::drain_body;
use crate::http::error_page;
use crate::state::AppState;

/// The header that carries a request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts a time limit and a body limit around everything that is not a stream.
pub fn limited(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .layer(RequestBodyLimitLayer::new(state.settings.request_body_max()))
        .layer(timeout(state.settings.request_timeout()))
}

fn timeout(limit: Duration) -> TimeoutLayer {
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

/// Refuses bodies that are packed: nothing here unpacks one, so that none grows beyond its limit.
pub async fn plain_bodies(request: Request, next: Next) -> Response<Body> {
    if is_encoded(request.headers()) {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, without Content-Encoding.")
            .into_response();
    }
    next.run(request).await
}

/// Says whether a body was packed.
#[must_use]
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    codings.into_iter().any(|coding| !matches!(coding.to_str().map(str::trim), Ok("" | "identity")))
}

/// The layers around pages and files, the outermost first: id, log line, headers, panic guard, pages for
/// empty errors, hearing out, compression.
///
/// They are one stack and not one `layer` after the other: a router keeps what it wraps in a box, and copies every box
/// for every request.
pub fn common(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    // A year of https only. Not for other hosts of the domain: they are not ours to decide about.
    let strict = state.settings.production().then(|| HeaderValue::from_static("max-age=31536000"));
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    router.layer(
        ServiceBuilder::new()
            .map_request(own_request_id)
            .layer(SetRequestIdLayer::new(REQUEST_ID, Naming))
            .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(SetResponseHeaderLayer::if_not_present(header::STRICT_TRANSPORT_SECURITY, strict))
            .layer(header("permissions-policy", "camera=(), microphone=(), geolocation=()"))
            .layer(header("cross-origin-opener-policy", "same-origin"))
            .layer(header("referrer-policy", "same-origin"))
            .layer(header("x-frame-options", "DENY"))
            .layer(header("x-content-type-options", "nosniff"))
            .layer(header("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(error_page::fill))
            .layer(from_fn(drain_body))
            .layer(CompressionLayer::new()),
    )
}

/// Names a request: by the caller's own id where it is short and plain, since it goes into logs and answers, else anew.
#[must_use]
pub fn id_for(request: &Request) -> HeaderValue {
    let plain = |id: &&HeaderValue| {
        (1..=64).contains(&id.len())
            && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
    };
    request.headers().get(REQUEST_ID).filter(plain).cloned().unwrap_or_else(new_id)
}

/// Makes an id. Asking the system for randomness costs more than all else that is done about ids, so it is asked once:
/// the ids are a keyed hash of a count, which tells nothing about how many there were.
fn new_id() -> HeaderValue {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let half = |which: u8| KEY.hash_one((which, count));
    let id = uuid::Builder::from_random_bytes(uuid::Uuid::from_u64_pair(half(0), half(1)).into_bytes()).into_uuid();
    let mut text = uuid::Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static("none"))
}

/// Names requests for the layers.
#[derive(Clone, Copy, Debug)]
struct Naming;

impl MakeRequestId for Naming {
    fn make_request_id<B>(&mut self, _request: &axum::http::Request<B>) -> Option<RequestId> {
        Some(RequestId::new(new_id()))
    }
}

/// Takes a caller's own id away where it can't be used.
fn own_request_id(mut request: Request) -> Request {
    if request.headers().contains_key(REQUEST_ID) {
        let id = id_for(&request);
        request.headers_mut().insert(REQUEST_ID, id);
    }
    request
}

fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().map(RequestId::header_value);
    span_named(id.unwrap_or(&HeaderValue::from_static("none")), request)
}

/// Gives the span of a request with an id: what its log lines begin with.
#[must_use]
pub fn span_named(id: &HeaderValue, request: &Request) -> tracing::Span {
    let id = id.to_str().unwrap_or_default();
    // The path alone: a query may hold a token.
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response<Body> {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = message, "a request panicked");
    (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side. Nothing was charged twice; try again.")
        .into_response()
}
