//! Where the demo's webhooks go: one address takes them, the other fails.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;

use crate::state::AppState;

/// What the address that takes messages ends with.
pub(super) const TAKES: &str = "/dev/webhooks/orders";
/// What the address that fails ends with.
pub(super) const FAILS: &str = "/dev/webhooks/old-crm";

/// Gives the route; none outside the demo, and none in production.
pub fn router(state: &AppState) -> Router<AppState> {
    if state.settings.production() || !state.settings.demo {
        return Router::new();
    }
    Router::new().route("/dev/webhooks/{name}", post(receive))
}

async fn receive(Path(name): Path<String>) -> StatusCode {
    match name.as_str() {
        "orders" => StatusCode::NO_CONTENT,
        _ => StatusCode::NOT_FOUND,
    }
}
