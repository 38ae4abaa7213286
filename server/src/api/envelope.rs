//! Errors: one envelope for every status, written in one place.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use wallet::error::{Error, FieldError, Refusal, TopUpHintState};

use super::amount::Amount;
use crate::json as strict;

/// What a call answers when it does not do what it was asked.
#[derive(Clone, Debug)]
pub struct Fault {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// JSON: amounts in it stay exact.
    detail: Box<RawValue>,
    retry_after: Option<u32>,
}

/// The result of a call.
pub type Answer<T> = Result<T, Fault>;

/// The envelope of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorInner,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorInner {
    /// For programs: `out_of_credits`, `invalid_request`, …
    #[schema(example = "out_of_credits")]
    pub code: String,
    /// For people: what to do.
    pub message: String,
    /// What else there is to know: the fields that are wrong; of `out_of_credits` what is `needed` and `available`, the
    /// budget that stopped it (`ceiling`), and where the wallet has auto top-up what that does about it: `auto_top_up`
    /// is `pending` (credits that cover the charge are being bought), `waiting` (the card is tried again later),
    /// `suspended` or `too_small` (a top-up would not cover it), with `retry_after_seconds` where a repeat of the same
    /// key is worthwhile.
    #[schema(value_type = Object)]
    pub detail: Box<RawValue>,
    /// Names this request in our logs.
    pub request_id: String,
}

/// What went wrong with one of many.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorPart {
    /// For programs: `out_of_credits`, `invalid_request`, …
    code: String,
    /// For people: what to do.
    message: String,
    /// What else there is to know.
    #[schema(value_type = Object)]
    detail: Box<RawValue>,
}

impl Fault {
    /// Makes a fault with a code of the contract.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: raw(&json!({})), retry_after: None }
    }

    /// Adds what else there is to know.
    #[must_use]
    pub fn with_detail(mut self, detail: &impl Serialize) -> Self {
        self.detail = raw(detail);
        self
    }

    /// A field of the request is missing or malformed.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let detail = json!({ "fields": [{ "field": field, "message": message }] });
        let text = if field.is_empty() { message } else { format!("{field}: {message}") };
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", text).with_detail(&detail)
    }

    /// It took too long, and may have been done.
    pub fn late() -> Self {
        let message = "This took too long. Try again with the same Idempotency-Key.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", message)
    }

    /// Something broke inside; logged here, once, and not told.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a call failed inside");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. Try again with the same Idempotency-Key; nothing is done twice.",
        )
    }
}

impl Fault {
    /// What a call answers whose write is done, but not what it would tell of it: the same key tells.
    #[must_use]
    pub fn after_write(self) -> Self {
        tracing::warn!(code = self.code, "a write is done, and its answer could not be read");
        Refusal::OutcomeUnknown.into()
    }

    /// The status that it is answered with.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Says whether it refuses access.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.code == "forbidden"
    }

    /// Writes it as a part of an answer.
    #[must_use]
    pub fn into_part(self) -> ErrorPart {
        ErrorPart { code: self.code.to_owned(), message: self.message, detail: self.detail }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Internal(cause) => Self::internal(&cause),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(mut refusal: Refusal) -> Self {
        if let Refusal::Invalid { fields } | Refusal::Unprocessable { fields } = &mut refusal {
            fields.iter_mut().for_each(|error| error.field = strict::path(&error.field));
        }
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fault = Self::new(status, refusal.code(), sentence(&refusal.to_string()));
        match refusal {
            Refusal::Invalid { fields } | Refusal::Unprocessable { fields } => {
                fault.with_detail(&json!({ "fields": fields.iter().map(field).collect::<Vec<_>>() }))
            }
            Refusal::OutOfCredits { needed, available, limited, ceiling, auto_top_up } => {
                let retry_after = auto_top_up.and_then(|hint| hint.retry_after_seconds);
                let fault = fault.with_detail(&OutOfCredits {
                    needed: needed.into(),
                    available: available.into(),
                    limited: limited.is_positive().then(|| limited.into()),
                    ceiling,
                    auto_top_up: auto_top_up.map(|hint| hint.state),
                    retry_after_seconds: retry_after,
                });
                Self { retry_after, ..fault }
            }
            Refusal::PlanRequired { plan } => fault.with_detail(&json!({ "plan": plan })),
            Refusal::RateLimited { retry_after_seconds } => Self { retry_after: Some(retry_after_seconds), ..fault },
            Refusal::Unavailable | Refusal::OutcomeUnknown => Self { retry_after: Some(1), ..fault },
            _ => fault,
        }
    }
}

#[derive(Serialize)]
struct OutOfCredits {
    needed: Amount,
    available: Amount,
    /// What the wallet has besides that is limited to other operations; missing where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited: Option<Amount>,
    ceiling: Option<String>,
    /// What auto top-up does about it; missing where the wallet has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_top_up: Option<TopUpHintState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u32>,
}

fn field(error: &FieldError) -> Value {
    json!({ "field": error.field, "problem": error.problem, "message": error.message })
}

/// Writes a detail; what can't be written is left out.
fn raw(body: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(body).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let text: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

impl IntoResponse for Fault {
    /// Leaves the body to [`write()`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the envelope of every error, also of those that no handler has seen (wrong methods, bodies); leaves other
/// answers.
///
/// `id` names the request in our logs.
pub async fn write(response: Response, id: &HeaderValue) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let fault = match parts.extensions.remove::<Fault>() {
        Some(fault) => fault,
        None => {
            // A text from a layer; short by nature.
            let text = to_bytes(body, 1_000).await.unwrap_or_default();
            unseen(status, &String::from_utf8_lossy(&text))
        }
    };
    let request_id = id.to_str().unwrap_or_default().to_owned();
    let body = ErrorBody {
        error: ErrorInner { code: fault.code.to_owned(), message: fault.message, detail: fault.detail, request_id },
    };
    let text = serde_json::to_string(&body).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(text))
}

fn unseen(status: StatusCode, text: &str) -> Fault {
    let (code, message) = match status {
        StatusCode::NOT_FOUND => ("not_found", "There is no such call."),
        StatusCode::METHOD_NOT_ALLOWED => ("invalid_request", "This call has another method."),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "The body is too large."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported_media_type", "Send Content-Type: application/json."),
        status if status.is_server_error() => ("internal", "Something went wrong on our side. Try again."),
        _ => ("invalid_request", text),
    };
    Fault::new(status, code, message)
}

/// Answers calls that do not exist.
pub async fn no_such_call(method: Method, uri: Uri) -> Fault {
    Fault::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("There is no call {method} {}. See /api/openapi.json.", uri.path()),
    )
}

/// Answers calls with another method.
pub async fn no_such_method(method: Method, uri: Uri) -> Fault {
    Fault::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        format!("{} does not take {method}. See /api/openapi.json.", uri.path()),
    )
}

/// Turns a panic into an opaque 500.
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Fault::internal(&text).into_response()
}
