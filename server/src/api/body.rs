//! Bodies and queries: read strictly, refused with the field's path.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wallet::idempotency::RequestHash;

use super::envelope::Fault;
use super::metadata::nesting;
use crate::json::{self, ReadError};

/// The most levels of lists and objects in a body: those of what callers may send along, and the body's own around it.
const NESTING_MAX: usize = wallet::ledger::NESTING_MAX + 4;

/// A JSON body: unknown fields refused, wrong ones named.
#[derive(Debug)]
pub struct Body<T> {
    /// What was sent.
    pub value: T,
    path: String,
    bytes: Bytes,
}

impl<T> Body<T> {
    /// What identifies it: a repeat of an idempotency key must bring the same. The spelling of the JSON does not count.
    pub fn hash(&self) -> Result<RequestHash, Fault> {
        let canonical = json::canonical(&self.bytes);
        let canonical = canonical.ok_or_else(|| Fault::invalid("", "The body can't be told apart from others."))?;
        Ok(RequestHash::of(format!("{}\n{canonical}", self.path).as_bytes()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        if !is_json(request.headers()) {
            return Err(Fault::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body as JSON, with Content-Type: application/json.",
            ));
        }
        let path = request.uri().path().to_owned();
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is too large.")
            }
            _ => Fault::invalid("", "The body did not arrive whole."),
        })?;
        if nesting(&bytes) > NESTING_MAX {
            let message = format!("At most {NESTING_MAX} levels of lists and objects inside each other.");
            return Err(Fault::invalid("", message));
        }
        let value = json::from_slice(&bytes)?;
        Ok(Self { value, path, bytes })
    }
}

/// Refuses a body that is encoded: nothing here unpacks one, so that none grows beyond its limit.
pub fn encoded() -> Fault {
    Fault::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Send the body as it is, without Content-Encoding.",
    )
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::invalid(&error.field, error.message)
    }
}

/// A query: unknown and malformed parameters refused.
#[derive(Debug)]
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        Ok(Self(json::from_query(parts.uri.query().unwrap_or_default())?))
    }
}

/// A part of the path; one that can't be a name of anything is simply not found.
#[derive(Debug)]
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|_| Fault::new(StatusCode::NOT_FOUND, "not_found", "There is nothing with this name."))
    }
}

/// How many bytes most answers have room in.
const ROOM: usize = 2_048;

/// A JSON answer. Like axum's, but an error is an error of the contract.
#[derive(Debug)]
pub struct Out<T>(pub T);

impl<T: Serialize> IntoResponse for Out<T> {
    fn into_response(self) -> Response {
        let mut bytes = Vec::with_capacity(ROOM);
        match serde_json::to_writer(&mut bytes, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], bytes)
                .into_response(),
            Err(error) => Fault::internal(&error).into_response(),
        }
    }
}
