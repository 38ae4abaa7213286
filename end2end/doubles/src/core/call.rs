//! A request to an API, and its answer, before either provider reads or writes them.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::core::listener::Cutter;

/// Bytes that a request may have.
const BODY_MAX: usize = 1024 * 1024;

/// A request, read whole. An extractor of axum.
#[derive(Clone, Debug)]
pub struct Call {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, as it came.
    pub query: String,
    /// The body, as it came.
    pub body: Bytes,
    /// The headers.
    pub headers: HeaderMap,
    /// Cuts the connection that it came by.
    pub cutter: Cutter,
}

impl Call {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; what is no text is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let cutter = parts.extensions.get::<ConnectInfo<Cutter>>().map(|info| info.0.clone()).unwrap_or_default();
        Ok(Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body: axum::body::to_bytes(body, BODY_MAX).await.unwrap_or_default(),
            headers: parts.headers,
            cutter,
        })
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers besides the content type.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the body is.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// Whether it is kept under the idempotency key, and given again.
    pub kept: bool,
}

impl Answer {
    /// JSON that is kept under the idempotency key.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", format!("{body:#}"))
    }

    /// A page.
    pub fn html(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// A redirect by GET.
    pub fn redirect(url: &str) -> Self {
        Self::new(303, "text/plain", String::new()).with(header::LOCATION, url)
    }

    fn new(status: u16, content_type: &'static str, body: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: Vec::new(), content_type, body: body.into_bytes(), kept: true }
    }

    /// The same, not kept: the call did not begin.
    #[must_use]
    pub fn not_kept(mut self) -> Self {
        self.kept = false;
        self
    }

    /// The same with a header; text that no header can carry is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        response.headers_mut().extend(self.headers);
        response
    }
}
