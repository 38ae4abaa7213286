//! Answers that a layer gave without a word: they get a page that says what happened and what to do.
//!
//! Sessions answer a blank 500 when the database does not answer, the time limit a blank 503, the guard against other
//! sites' pages a blank 403.

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
pub struct Words {
    /// The head.
    title: &'static str,
    /// What happened, and what to do.
    note: &'static str,
}

impl Words {
    /// Writes them as the beginning of a page.
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
    pub fn words(self, language: &str) -> Words {
        let (title, note) = match (self, language) {
            (Self::OutOfReach, "ru") => (
                "Сейчас не получается",
                "База данных не отвечает или всё заняло слишком много времени. Вы по-прежнему вошли. Попробуйте ещё раз через \
                 минуту: второй раз ничего не спишется.",
            ),
            (Self::OutOfReach, _) => (
                "Not available at the moment",
                "The database does not answer, or everything took too long. You are still signed in. Try again in a minute: \
                 nothing is charged twice.",
            ),
            (Self::SignedOut, "ru") => (
                "Вы больше не вошли",
                "Сеанс закончился, и форма не отправлена. Всё, что вы ввели, сохранено на этой странице: войдите и отправьте её ещё раз.",
            ),
            (Self::SignedOut, _) => (
                "You are signed out",
                "Your session has ended, and the form was not taken. What you typed is kept on this page: sign in, then send it again.",
            ),
            (Self::OtherOrigin, "ru") => (
                "Форма пришла с другого сайта",
                "Такие формы не принимаются. Откройте страницу здесь и отправьте форму с неё.",
            ),
            (Self::OtherOrigin, _) => (
                "This form came from another site",
                "Such forms are not taken. Open the page here, and send the form from it.",
            ),
            (Self::TooLarge, "ru") => ("Слишком много данных", "Вернитесь назад и отправьте меньше."),
            (Self::TooLarge, _) => ("This is too large", "Go back, and send less."),
            (Self::TooMany, "ru") => (
                "Слишком много запросов",
                "За эту минуту их было слишком много. Подождите минуту и попробуйте ещё раз: второй раз ничего не спишется.",
            ),
            (Self::TooMany, _) => (
                "Too many requests",
                "There were too many within this minute. Wait a minute, then try again: nothing is charged twice.",
            ),
            (Self::Other(_), "ru") => ("Не получилось", "Вернитесь назад и попробуйте ещё раз."),
            (Self::Other(_), _) => ("This did not work", "Go back, and try again."),
        };
        Words { title, note }
    }
}

/// Whether an answer is a layer's word that the database was not reached.
#[must_use]
pub fn is_out_of_reach(response: &Response) -> bool {
    is_blank(response) && Cause::of(response.status()) == Cause::OutOfReach
}

/// Whether an answer is a layer's word that it was one too many.
#[must_use]
pub fn is_too_many(response: &Response) -> bool {
    is_blank(response) && Cause::of(response.status()) == Cause::TooMany
}

/// Whether an answer that should say something says nothing.
fn is_blank(response: &Response) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error()) && response.body().size_hint().exact() == Some(0)
}

/// Gives words to answers without any: a page for people, a line for programs.
pub async fn speak(request: Request, next: Next) -> Response {
    let is_head = *request.method() == Method::HEAD;
    let (language, for_people) = (locale_of(request.headers()), wants_page(request.headers()));
    let response = next.run(request).await;
    if is_head || !is_blank(&response) {
        return response;
    }
    let cause = Cause::of(response.status());
    let (mut parts, _) = response.into_parts();
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        parts.headers.remove(name);
    }
    let mut spoken = if for_people {
        page(language, cause, &cause.words(language).html())
    } else {
        let Words { title, note } = cause.words("en");
        (cause.status(), format!("{}: {title}. {note}", cause.code())).into_response()
    };
    // What the layer said besides, such as the cookie that it takes back.
    for (name, value) in &parts.headers {
        spoken.headers_mut().append(name, value.clone());
    }
    spoken
}

/// Answers with a plain page.
#[must_use]
pub fn page(language: &str, cause: Cause, html: &str) -> Response {
    let title = cause.words(language).title;
    let mut response = (cause.status(), Html(html_page::narrow(language, title, html))).into_response();
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
