//! Turns empty error responses into a page or one line of text, which say what happened and what to do.
//!
//! Sessions answer an empty 500 when the database does not answer, the time limit an empty 503, the guard against other
//! sites' pages an empty 403.

use app::i18n::{I18nLocaleTrait as _, Locale, td_string};
use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::http::html_page::{self, POLICY, escape};
use crate::http::locale::locale_of;

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The database does not answer, or everything took too long.
    OutOfReach,
    /// Nobody is signed in any more.
    SignedOut,
    /// Another site's page has sent a form.
    OtherOrigin,
    /// What was sent is too large.
    TooLarge,
    /// Too many requests came within a minute.
    TooMany,
    /// Something else that the status says.
    Other(StatusCode),
}

/// What a page says.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// The head.
    title: &'static str,
    /// What happened, and what to do.
    note: &'static str,
}

impl Message {
    /// Writes it as the beginning of a page.
    #[must_use]
    pub fn html(self) -> String {
        format!("<h1>{}</h1><p>{}</p>", escape(self.title), escape(self.note))
    }
}

impl Cause {
    /// Reads what an answer's status means.
    const fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE => Self::OutOfReach,
            StatusCode::FORBIDDEN => Self::OtherOrigin,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany,
            status => Self::Other(status),
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::OutOfReach => StatusCode::SERVICE_UNAVAILABLE,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::OtherOrigin => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Other(status) => status,
        }
    }

    /// The code of the REST contract.
    const fn code(self) -> &'static str {
        match self {
            Self::OutOfReach => "unavailable",
            Self::SignedOut => "unauthenticated",
            Self::OtherOrigin => "origin_rejected",
            Self::TooLarge => "too_large",
            Self::TooMany => "rate_limited",
            Self::Other(_) => "invalid_request",
        }
    }

    /// What to say in a language.
    #[must_use]
    pub fn message(self, locale: Locale) -> Message {
        let (title, note) = match self {
            Self::OutOfReach => {
                (td_string!(locale, error_page.unavailable), td_string!(locale, error_page.unavailable_note))
            }
            Self::SignedOut => {
                (td_string!(locale, error_page.signed_out), td_string!(locale, error_page.signed_out_note))
            }
            Self::OtherOrigin => {
                (td_string!(locale, error_page.other_origin), td_string!(locale, error_page.other_origin_note))
            }
            Self::TooLarge => (td_string!(locale, error_page.too_large), td_string!(locale, error_page.too_large_note)),
            Self::TooMany => (td_string!(locale, error_page.too_many), td_string!(locale, error_page.too_many_note)),
            Self::Other(_) => (td_string!(locale, error_page.other), td_string!(locale, error_page.other_note)),
        };
        Message { title, note }
    }
}

/// Whether a response is a layer's empty error: the database was not reached.
#[must_use]
pub fn is_out_of_reach(response: &Response) -> bool {
    is_empty_error(response) && Cause::of(response.status()) == Cause::OutOfReach
}

/// Whether a response is a layer's empty error: one request too many.
#[must_use]
pub fn is_too_many(response: &Response) -> bool {
    is_empty_error(response) && Cause::of(response.status()) == Cause::TooMany
}

/// Whether an error has no body.
fn is_empty_error(response: &Response) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error()) && response.body().size_hint().exact() == Some(0)
}

/// Fills empty error responses: a page for browsers, a line of text for programs.
pub async fn fill(request: Request, next: Next) -> Response {
    let is_head = *request.method() == Method::HEAD;
    let (locale, is_browser) = (locale_of(request.headers()), wants_page(request.headers()));
    let response = next.run(request).await;
    if is_head || !is_empty_error(&response) {
        return response;
    }
    let cause = Cause::of(response.status());
    let (mut parts, _) = response.into_parts();
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        parts.headers.remove(name);
    }
    let mut filled = if is_browser {
        page(locale, cause, &cause.message(locale).html())
    } else {
        let Message { title, note } = cause.message(Locale::en);
        (cause.status(), format!("{}: {title}. {note}", cause.code())).into_response()
    };
    // What the layer said besides, such as the cookie that it takes back.
    for (name, value) in &parts.headers {
        filled.headers_mut().append(name, value.clone());
    }
    filled
}

/// Answers with a plain page.
#[must_use]
pub fn page(locale: Locale, cause: Cause, html: &str) -> Response {
    let title = cause.message(locale).title;
    let mut response = (cause.status(), Html(html_page::narrow(locale.as_str(), title, html))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if cause == Cause::OutOfReach {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}
