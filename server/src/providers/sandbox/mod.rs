//! The sandbox: a provider that takes no money. Its own card page, books and events, as separate from the rest of
//! Scrip as a real provider's; refused in production.

mod card;
pub mod html;
mod words;

use axum::Router;

use crate::state::AppState;

/// Gives the sandbox's pages; none in production.
pub fn router(state: &AppState) -> Router<AppState> {
    if state.settings.production() {
        return Router::new();
    }
    Router::new().route("/sandbox/sandbox.css", axum::routing::get(style))
}

async fn style() -> impl axum::response::IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "text/css; charset=utf-8")], html::style())
}
