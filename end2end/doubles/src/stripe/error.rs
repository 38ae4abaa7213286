//! How Stripe says no.

use serde_json::{Map, Value, json};

use crate::core::{Answer, Dialect, Refusal};

/// An error in Stripe's shape.
#[derive(Clone, Debug)]
pub struct StripeError {
    /// The status.
    pub status: u16,
    /// `invalid_request_error`, `card_error`, ...
    pub kind: &'static str,
    /// The code, for programs.
    pub code: Option<String>,
    /// The param that it is about.
    pub param: Option<String>,
    /// The text, for people.
    pub message: String,
    /// What else belongs to it: `decline_code`, `payment_intent`, ...
    pub more: Map<String, Value>,
    /// Whether the call had begun, so that the answer is kept under its key.
    pub kept: bool,
}

impl StripeError {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, param: None, message: message.into(), more: Map::new(), kept: false }
    }

    /// A param that can't be taken.
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::new(400, "invalid_request_error", message) }
    }

    /// A param that Stripe does not know.
    pub fn unknown(param: &str) -> Self {
        Self::invalid(param, format!("Received unknown parameter: {param}")).code("parameter_unknown")
    }

    /// A param that must come.
    pub fn missing(param: &str) -> Self {
        Self::invalid(param, format!("Missing required param: {param}.")).code("parameter_missing")
    }

    /// A state that does not allow the call.
    pub fn state(code: &str, message: impl Into<String>) -> Self {
        Self { kept: true, ..Self::new(400, "invalid_request_error", message) }.code(code)
    }

    /// An object that is not there: 404 when the path names it, else 400.
    pub fn no_such(status: u16, what: &str, id: &str, param: &str) -> Self {
        let error = Self::new(status, "invalid_request_error", format!("No such {what}: '{id}'"));
        Self { param: Some(param.to_owned()), ..error }.code("resource_missing")
    }

    /// No such path.
    pub fn no_route(method: &str, path: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("Unrecognized request URL ({method}: {path})."))
    }

    /// A key that opens nothing.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "invalid_request_error", message)
    }

    /// A card that was refused.
    pub fn card(code: &str, decline_code: Option<&str>, message: impl Into<String>) -> Self {
        let mut error = Self { kept: true, ..Self::new(402, "card_error", message) }.code(code);
        if let Some(decline_code) = decline_code {
            error.more.insert("decline_code".into(), json!(decline_code));
        }
        error
    }

    /// The same with a code.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    /// The same with another object in it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// What is inside `error`.
    pub fn body(&self) -> Value {
        let mut body = self.more.clone();
        body.insert("type".into(), json!(self.kind));
        body.insert("message".into(), json!(self.message));
        if let Some(code) = &self.code {
            body.insert("code".into(), json!(code));
            body.insert(
                "doc_url".into(),
                json!(format!("https://docs.stripe.com/error-codes/{}", code.replace('_', "-"))),
            );
        }
        if let Some(param) = &self.param {
            body.insert("param".into(), json!(param));
        }
        Value::Object(body)
    }

    /// The answer.
    pub fn answer(&self) -> Answer {
        let answer = Answer::json(self.status, &json!({ "error": self.body() }));
        if self.kept { answer } else { answer.not_kept() }
    }
}

/// Stripe's words for what happens before a call is looked at.
#[derive(Clone, Copy, Debug)]
pub struct StripeDialect;

impl Dialect for StripeDialect {
    fn refuse(&self, refusal: Refusal) -> Answer {
        let error = match refusal {
            Refusal::Down => StripeError::new(503, "api_error", "Service unavailable."),
            Refusal::TooManyRequests => {
                StripeError::new(429, "invalid_request_error", "Request rate limit exceeded.").code("rate_limit")
            }
            Refusal::Internal => {
                let error = StripeError::new(500, "api_error", "An unknown error occurred.");
                StripeError { kept: true, ..error }
            }
            Refusal::InFlight(key) => StripeError::new(
                409,
                "idempotency_error",
                format!("There is currently another in-progress request using this Idempotent Key: {key}"),
            )
            .code("idempotency_key_in_use"),
            Refusal::OtherParams(key) => StripeError::new(
                400,
                "idempotency_error",
                format!(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                     Try using a key other than '{key}' if you meant to execute a different request."
                ),
            ),
        };
        error.answer()
    }

    fn replayed(&self, answer: Answer) -> Answer {
        answer.with(axum::http::HeaderName::from_static("idempotent-replayed"), "true")
    }
}
