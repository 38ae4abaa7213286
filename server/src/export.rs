//! Files for signed-in people: the history with the page's own filters, documents as PDF; payments and price books for
//! staff.

mod documents;
mod payments;

use app::context::Viewer;
use app::data::ledger::{HistoryQuery, filter};
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use wallet::catalog::PriceFormat;
use wallet::error::{Error, Refusal};
use wallet::tariff::AccountImpact;

use crate::api::{BOM, CsvRows, csv_text, harmless, ledger_csv};
use crate::json;
use crate::state::AppState;

/// Gives the route.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/wallet/history.csv", get(history))
        .route("/wallet/documents/{id}", get(documents::document))
        .route("/wallet/orders/{id}/receipt.pdf", get(documents::receipt))
        .route("/wallet/statements/{month}", get(documents::statement))
        .route("/admin/documents/{id}", get(documents::staff_document))
        .route("/admin/payments.csv", get(payments::file))
        .route("/admin/margins/costs.csv", get(costs))
        .route("/admin/tariffs/{n}/prices.csv", get(prices_csv))
        .route("/admin/tariffs/{n}/prices.toml", get(prices_toml))
        .route("/admin/tariffs/{n}/rehearsal.csv", get(simulation))
}

/// The upstream costs that are known, for admins: what the page of margins takes back.
async fn costs(State(state): State<AppState>, viewer: Option<Extension<Viewer>>) -> Response {
    if !viewer.is_some_and(|Extension(viewer)| viewer.is_admin()) {
        return missing();
    }
    match state.wallet.catalog().export_costs().await {
        Ok(sheet) => csv_file("upstream-costs.csv", "text/csv; charset=utf-8", for_excel(&sheet)),
        Err(error) => unavailable(&error, "the upstream costs can't be written"),
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
    if !viewer.is_some_and(|Extension(viewer)| viewer.is_admin()) {
        return missing();
    }
    let (kind, end) = match format {
        PriceFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        PriceFormat::Toml => ("application/toml; charset=utf-8", "toml"),
    };
    match state.wallet.catalog().export_prices(version, format).await {
        Ok(text) if format == PriceFormat::Csv => csv_file(&format!("prices-{version}.{end}"), kind, for_excel(&text)),
        Ok(text) => csv_file(&format!("prices-{version}.{end}"), kind, text),
        Err(Error::Refused(_)) => missing(),
        Err(error) => unavailable(&error, "a price book can't be written as a file"),
    }
}

/// What every customer would have paid under a simulated version, for admins.
async fn simulation(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    Path(version): Path<i32>,
) -> Response {
    if !viewer.is_some_and(|Extension(viewer)| viewer.is_admin()) {
        return missing();
    }
    let sheet = state.wallet.tariffs().simulated_accounts(version).await.and_then(|impacts| impact_csv(&impacts));
    match sheet {
        Ok(sheet) => {
            let sheet = for_excel(&sheet);
            csv_file(&format!("rehearsal-{version}.csv"), "text/csv; charset=utf-8", sheet)
        }
        Err(error) => unavailable(&error, "a simulation can't be written as a file"),
    }
}

fn impact_csv(impacts: &[AccountImpact]) -> Result<Bytes, Error> {
    let row = |impact: &AccountImpact| {
        [
            impact.account.to_string(),
            harmless(&impact.name),
            impact.charges.to_string(),
            impact.before.to_string(),
            impact.after.to_string(),
            impact.after.checked_sub(impact.before).unwrap_or_default().to_string(),
        ]
    };
    let head = ["account", "name", "charges", "before", "after", "change"].map(str::to_owned);
    csv_text(std::iter::once(head).chain(impacts.iter().map(row)))
}

/// Puts a byte order mark before a sheet that Excel would misread without one: where it has letters beyond ASCII.
/// Whoever imports the sheet again takes the mark.
fn for_excel(sheet: &(impl AsRef<[u8]> + ?Sized)) -> Bytes {
    let sheet = sheet.as_ref();
    let mark = if sheet.is_ascii() { "" } else { BOM };
    [mark.as_bytes(), sheet].concat().into()
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing at this address.").into_response()
}

fn unavailable(error: &Error, what: &str) -> Response {
    tracing::error!(%error, "{what}");
    (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.").into_response()
}

/// Answers with a file to keep.
fn csv_file(name: &str, kind: &str, text: impl Into<Body>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text.into()).into_response()
}

async fn history(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(Extension(viewer)) = viewer else {
        return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response();
    };
    let query: HistoryQuery = match json::from_query(query.as_deref().unwrap_or_default()) {
        Ok(query) => query,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{}: {}", error.field, error.message)).into_response(),
    };
    let zone = wallet::time_zone::named(&viewer.time_zone);
    let wanted = filter::of(&query, state.wallet.clock().now(), &zone);
    match ledger_csv(&state.wallet, viewer.wallet, CsvRows { filter: wanted, before: None }, BOM).await {
        Ok(file) => file,
        Err(Error::Refused(Refusal::RateLimited { retry_after_seconds })) => {
            let text = "Too many files at once. Try again in a moment.";
            let after = [(header::RETRY_AFTER, retry_after_seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, after, text).into_response()
        }
        Err(error) => unavailable(&error, "a history can't be written as a file"),
    }
}
