//! Files for signed-in people: the history with the page's own filters.

use app::context::Viewer;
use app::server_fns::ledger::{HistoryQuery, filter};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};

use crate::api::ledger_csv;
use crate::state::AppState;

/// Gives the route.
pub fn router() -> Router<AppState> {
    Router::new().route("/wallet/history.csv", get(history))
}

async fn history(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    Query(query): Query<HistoryQuery>,
) -> Response {
    let Some(Extension(viewer)) = viewer else {
        return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response();
    };
    let mut wanted = filter::of(&query, state.wallet.clock().now());
    // PostgreSQL's texts hold no NUL, so nothing can match one.
    wanted.text = wanted.text.map(|text| text.replace('\0', "\u{fffd}"));
    wanted.category = wanted.category.map(|text| text.replace('\0', "\u{fffd}"));
    ledger_csv(state.wallet, viewer.wallet, wanted)
}
