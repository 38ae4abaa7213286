//! Forms that can't be taken now, because the session has ended or the database does not answer: what was typed is kept
//! on a page that sends it again.

use std::collections::BTreeMap;
use std::fmt::Write;

use app::i18n::{Locale, td_string};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::post::{Post, SECRET};
use super::{page_of, referring_page};
use crate::auth::SignedOut;
use crate::http::error_page::{self, Cause};
use crate::http::html_page::escape;
use crate::http::locale::locale_of;
use crate::http::redirect::next_page;
use crate::state::AppState;

/// Keeps what a form holds until it is answered, and shows it again where it was turned away.
pub async fn keep(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !is_form(&request) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let mut whole = Request::from_parts(parts.clone(), body);
    DefaultBodyLimit::max(state.settings.request_body_max()).apply(&mut whole);
    let read = Bytes::from_request(whole, &state);
    let body = match tokio::time::timeout(state.settings.request_timeout(), read).await {
        Ok(Ok(body)) => body,
        // Empty: it gets the page of its status.
        Ok(Err(rejected)) if rejected.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        Ok(Err(_)) => return (StatusCode::BAD_REQUEST, "The form did not arrive whole.").into_response(),
        Err(_late) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let response = next.run(Request::from_parts(parts.clone(), Body::from(body.clone()))).await;
    let cause = match response.extensions().get::<SignedOut>() {
        Some(SignedOut) => Cause::SignedOut,
        None if error_page::is_out_of_reach(&response) => Cause::OutOfReach,
        None if error_page::is_too_many(&response) => Cause::TooMany,
        None => return response,
    };
    let retry_after = response.headers().get(header::RETRY_AFTER).cloned();
    let mut kept = again(&state, parts, body, cause).await;
    if let Some(after) = retry_after {
        kept.headers_mut().insert(header::RETRY_AFTER, after);
    }
    kept
}

/// Whether a request is a form of a page.
fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let is_form =
        ["application/x-www-form-urlencoded", "multipart/form-data"].into_iter().any(|form| kind.starts_with(form));
    *request.method() == Method::POST && is_form
}

/// Answers with a page that holds the form.
async fn again(state: &AppState, parts: Parts, body: Bytes, cause: Cause) -> Response {
    let (path, page) = (parts.uri.path().to_owned(), shown_on(&parts));
    let locale = locale_of(&parts.headers);
    let fields = match Post::from_request(Request::from_parts(parts, Body::from(body)), state).await {
        Ok(form) => form.into_fields(),
        Err(refused) => return refused,
    };
    let mut html = cause.message(locale).html();
    if cause == Cause::SignedOut {
        let next: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
        let label = td_string!(locale, error_page.sign_in);
        // Beside this page, which then still holds what was typed.
        let _ = write!(html, "<p><a href=\"/sign-in?next={next}\" target=\"_blank\" rel=\"noopener\">{label}</a></p>");
    }
    html.push_str(&form(locale, &path, &page, &fields));
    let mut response = error_page::page(locale, cause, &html);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Writes the form, with nothing to see but its button.
fn form(locale: Locale, path: &str, page: &str, fields: &BTreeMap<String, String>) -> String {
    if fields.keys().any(|name| SECRET.contains(&name.as_str())) {
        let label = td_string!(locale, error_page.back);
        return format!("<p><a href=\"{}\">{label}</a></p>", escape(page));
    }
    let mut html = format!("<form method=\"post\" action=\"{}\">", escape(path));
    for (name, value) in fields {
        // A text area keeps line ends; the one after its tag is not part of the text.
        let _ = write!(html, "<textarea name=\"{}\" hidden>\n{}</textarea>", escape(name), escape(value));
    }
    let label = td_string!(locale, error_page.send_again);
    let _ = write!(html, "<button>{label}</button></form>");
    html
}

/// The page that the form was on: the one that the browser names, where it is one of ours, else the one that holds it.
fn shown_on(parts: &Parts) -> String {
    let path = parts.uri.path();
    referring_page(&parts.headers).or_else(|| page_of(path)).unwrap_or_else(|| next_page(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_was_typed_is_in_the_form_as_text_and_nothing_else() {
        let html = form(Locale::en, "/developers/keys", "/developers/keys", &fields(&[("name", "a\"><script>")]));
        assert!(html.contains("action=\"/developers/keys\""), "{html}");
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
    }

    #[test]
    fn a_secret_is_never_written_into_a_page() {
        let html = form(Locale::ru, "/sign-in", "/sign-in", &fields(&[("email", "a@b.cc"), ("password", "hush hush")]));
        assert!(!html.contains("hush") && !html.contains("<form"), "{html}");
    }
}
