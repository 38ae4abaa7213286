//! Files for signed-in people: the history with the page's own filters.

use app::context::Viewer;
use app::server_fns::ledger::{HistoryQuery, filter};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};

use crate::api::ledger_csv;
use crate::state::AppState;

/// Gives the route.
pub fn router() -> Router<AppState> {
    Router::new().route("/wallet/history.csv", get(history)).route("/admin/margins/costs.csv", get(costs))
}

/// The upstream costs that are known, for admins: what the page of margins takes back.
async fn costs(State(state): State<AppState>, viewer: Option<Extension<Viewer>>) -> Response {
    if !viewer.is_some_and(|Extension(viewer)| viewer.is_admin()) {
        return (StatusCode::NOT_FOUND, "There is nothing at this address.").into_response();
    }
    match state.wallet.catalog().export_costs().await {
        Ok(sheet) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"upstream-costs.csv\""),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, sheet).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the upstream costs can't be written");
            (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.").into_response()
        }
    }
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
