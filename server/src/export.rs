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
    let wanted = filter::of(&query, state.wallet.clock().now());
    ledger_csv(state.wallet.clone(), viewer.wallet, wanted)
}
