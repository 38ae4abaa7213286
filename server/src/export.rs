//! Files for signed-in people: the history with the page's own filters; price books for admins.

use app::context::Viewer;
use app::server_fns::ledger::{HistoryQuery, filter};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use wallet::catalog::PriceFormat;
use wallet::error::Error;

use crate::api::ledger_csv;
use crate::state::AppState;

/// Gives the route.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/wallet/history.csv", get(history))
        .route("/admin/margins/costs.csv", get(costs))
        .route("/admin/tariffs/{n}/prices.csv", get(prices_csv))
        .route("/admin/tariffs/{n}/prices.toml", get(prices_toml))
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

async fn prices_csv(state: State<AppState>, viewer: Option<Extension<Viewer>>, version: Path<i32>) -> Response {
    prices(state, viewer, version, PriceFormat::Csv).await
}

async fn prices_toml(state: State<AppState>, viewer: Option<Extension<Viewer>>, version: Path<i32>) -> Response {
    prices(state, viewer, version, PriceFormat::Toml).await
}

/// The prices of a version, for admins: what the editor takes back.
async fn prices(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    Path(version): Path<i32>,
    format: PriceFormat,
) -> Response {
    let missing = || (StatusCode::NOT_FOUND, "There is nothing at this address.").into_response();
    if !viewer.is_some_and(|Extension(viewer)| viewer.is_admin()) {
        return missing();
    }
    let (kind, end) = match format {
        PriceFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        PriceFormat::Toml => ("application/toml; charset=utf-8", "toml"),
    };
    match state.wallet.catalog().export_prices(version, format).await {
        Ok(text) => {
            let name = format!("attachment; filename=\"prices-{version}.{end}\"");
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_DISPOSITION, name.as_str()),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, text).into_response()
        }
        Err(Error::Refused(_)) => missing(),
        Err(error) => {
            tracing::error!(%error, version, "a price book can't be written as a file");
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
    let zone = wallet::zone::named(&viewer.time_zone);
    let wanted = filter::of(&query, state.wallet.clock().now(), &zone);
    ledger_csv(state.wallet.clone(), viewer.wallet, wanted)
}
