//! Receipts, invoices, credit notes and statements as PDF: to the account whose they are, and to finance staff.

use app::context::Viewer;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use wallet::error::{Error, Refusal, Result};
use wallet::id::{DocumentId, PaymentId};
use wallet::invoice::{Document, Month};

use super::{csv_file, missing, unavailable};
use crate::documents::{PDF, document_file, document_pdf, statement_pdf};
use crate::state::AppState;

type Caller = Option<Extension<Viewer>>;

/// A document of the person's account.
pub async fn document(State(state): State<AppState>, viewer: Caller, Path(file): Path<String>) -> Response {
    let Some(Extension(viewer)) = viewer else { return guest() };
    let found = async { state.wallet.invoices().document(&viewer, named(&file)?).await };
    answer(found.await).await
}

/// The receipt of a payment of the person's account.
pub async fn receipt(State(state): State<AppState>, viewer: Caller, Path(id): Path<String>) -> Response {
    let Some(Extension(viewer)) = viewer else { return guest() };
    let found = async {
        let payment: PaymentId = id.parse().map_err(|_| Refusal::not_found("receipt"))?;
        state.wallet.invoices().receipt(&viewer, payment).await
    };
    answer(found.await).await
}

/// The statement of a month of the person's account.
pub async fn statement(State(state): State<AppState>, viewer: Caller, Path(file): Path<String>) -> Response {
    let Some(Extension(viewer)) = viewer else { return guest() };
    let Some(month) = file.strip_suffix(".pdf").and_then(|month| month.parse::<Month>().ok()) else { return missing() };
    match state.wallet.invoices().statement(&viewer, month).await {
        Ok(statement) => written(format!("statement-{month}.pdf"), move || statement_pdf(&statement)).await,
        Err(error) => refused(&error),
    }
}

/// A document of any account, for finance staff.
pub async fn staff_document(State(state): State<AppState>, viewer: Caller, Path(file): Path<String>) -> Response {
    if !viewer.is_some_and(|Extension(viewer)| viewer.may_review_payments()) {
        return missing();
    }
    let found = async { state.wallet.invoices().staff_document(named(&file)?).await };
    answer(found.await).await
}

/// Reads the name of a file: `{id}.pdf`.
fn named(file: &str) -> Result<DocumentId> {
    let id = file.strip_suffix(".pdf").and_then(|id| id.parse().ok());
    Ok(id.ok_or_else(|| Refusal::not_found("document"))?)
}

async fn answer(found: Result<Document>) -> Response {
    match found {
        Ok(document) => written(document_file(&document), move || document_pdf(&document)).await,
        Err(error) => refused(&error),
    }
}

/// Writes a file beside the requests, since a long one takes a while.
async fn written<E: std::error::Error + Send + Sync + 'static>(
    name: String,
    write: impl FnOnce() -> std::result::Result<Vec<u8>, E> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(write).await {
        Ok(Ok(pdf)) => csv_file(&name, PDF, pdf),
        Ok(Err(error)) => unavailable(&Error::internal(error), "a document can't be written as PDF"),
        Err(error) => unavailable(&Error::internal(error), "a document can't be written as PDF"),
    }
}

fn guest() -> Response {
    (StatusCode::UNAUTHORIZED, "Sign in first.").into_response()
}

fn refused(error: &Error) -> Response {
    match error {
        Error::Refused(Refusal::NotFound { .. }) => missing(),
        Error::Refused(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, refusal.to_string()).into_response()
        }
        Error::Internal(_) => unavailable(error, "a document can't be read"),
    }
}
