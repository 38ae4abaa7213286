//! `/dev/mail`: what was mailed, for development.

use std::fmt::Write;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use uuid::Uuid;

use super::folder::Folder;
use crate::html_page::{self, POLICY, escape};
use crate::state::AppState;

/// Gives the routes; none in production, and none when mails really leave.
pub fn router(state: &AppState) -> Router<AppState> {
    if state.settings.production() || state.settings.mail.mail_url.is_some() {
        return Router::new();
    }
    Router::new()
        .route("/dev/mail", get(list))
        .route("/dev/mail/{id}", get(one))
        .route("/dev/mail/{id}/html", get(html))
}

fn folder(state: &AppState) -> Folder {
    Folder::new(state.settings.mail_dir())
}

async fn list(State(state): State<AppState>) -> Response {
    let mails = match folder(&state).list().await {
        Ok(mails) => mails,
        Err(error) => return broken(&error),
    };
    let mut page = "<h1>Mails</h1><p class=\"muted\">What would have been sent; newest first.</p>".to_owned();
    if mails.is_empty() {
        page.push_str("<p>No mail yet.</p>");
    }
    for mail in mails {
        let _ = write!(
            page,
            "<section class=\"panel\"><a href=\"/dev/mail/{}\">{}</a><p class=\"muted\">{} · {}</p></section>",
            mail.id,
            escape(&mail.subject),
            escape(&mail.to),
            mail.sent_at.format("%Y-%m-%d %H:%M:%S UTC")
        );
    }
    shown(&page)
}

async fn one(State(state): State<AppState>, Path(id): Path<Uuid>) -> Response {
    match folder(&state).read(id).await {
        Ok(Some(mail)) => shown(&format!(
            "<h1>{}</h1><p class=\"muted\">To {}</p><div class=\"panel\">{}</div>\
             <p><a href=\"/dev/mail/{id}/html\">As HTML</a> · <a href=\"/dev/mail\">All mails</a></p>",
            escape(&mail.subject),
            escape(&mail.to),
            linked(&mail.text),
        )),
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such mail.").into_response(),
        Err(error) => broken(&error),
    }
}

async fn html(State(state): State<AppState>, Path(id): Path<Uuid>) -> Response {
    match folder(&state).read(id).await {
        // Mails style themselves; they run nothing.
        Ok(Some(mail)) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'";
            ([(header::CONTENT_SECURITY_POLICY, policy)], Html(mail.html)).into_response()
        }
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such mail.").into_response(),
        Err(error) => broken(&error),
    }
}

/// Writes a mail's text with its links to click.
fn linked(text: &str) -> String {
    let mut page = String::new();
    for line in text.lines() {
        for (at, word) in line.split(' ').enumerate() {
            if at > 0 {
                page.push(' ');
            }
            let word = escape(word);
            if word.starts_with("http://") || word.starts_with("https://") {
                let _ = write!(page, "<a href=\"{word}\">{word}</a>");
            } else {
                page.push_str(&word);
            }
        }
        page.push_str("<br>");
    }
    page
}

fn shown(body: &str) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
    (headers, Html(html_page::page("en", "Mails of development", body))).into_response()
}

fn broken(error: &anyhow::Error) -> Response {
    tracing::error!(%error, "the mail folder can't be read");
    (StatusCode::INTERNAL_SERVER_ERROR, "The mail folder can't be read.").into_response()
}
