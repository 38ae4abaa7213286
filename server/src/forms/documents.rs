//! Billing details, and invoices that are asked for.

use axum::extract::{Path, State};
use axum::response::Response;
use wallet::error::{FieldError, Problem, Refusal, Result};
use wallet::id::DocumentId;
use wallet::invoice::BillingDetails;

use super::post::Post;
use crate::documents::unprintable;
use crate::state::AppState;

/// Saves to whom the account's documents are addressed.
pub async fn set_billing(State(state): State<AppState>, form: Post) -> Response {
    let saved = async {
        let viewer = form.viewer()?;
        let details = details(&form)?;
        state.wallet.invoices().set_billing_details(&viewer, details).await
    };
    let next = saved.await.map(|_| "/settings/billing?done=saved".to_owned());
    form.answer(next).await
}

/// Reads the fields. What the typeface of documents can't print is refused, so that no invoice is issued with gaps.
fn details(form: &Post) -> Result<BillingDetails> {
    let wrong = ["name", "address", "country", "tax_id"].into_iter().filter_map(|field| {
        let letter = unprintable(form.field(field))?;
        let message = format!("Documents can't be printed with “{letter}”. Use Latin or Cyrillic letters.");
        // Letters that can't be seen are told by the rule of details itself.
        let is_seen = !letter.is_control() && !matches!(letter, '\u{200b}'..='\u{206f}' | '\u{feff}');
        is_seen.then(|| FieldError::new(field, Problem::NotAllowed, message))
    });
    let wrong: Vec<FieldError> = wrong.collect();
    if !wrong.is_empty() {
        return Err(Refusal::Unprocessable { fields: wrong }.into());
    }
    let text = |field: &str| form.field(field).to_owned();
    Ok(BillingDetails {
        name: text("name"),
        address: text("address"),
        country: text("country"),
        tax_id: text("tax_id"),
    })
}

/// Issues the invoice of a receipt.
pub async fn issue_invoice(State(state): State<AppState>, Path(id): Path<String>, form: Post) -> Response {
    let issued = async {
        let viewer = form.viewer()?;
        let id: DocumentId = id.parse().map_err(|_| Refusal::not_found("receipt"))?;
        state.wallet.invoices().issue_invoice(&viewer, id).await
    };
    let next = issued.await.map(|_| "/wallet/documents?done=invoice".to_owned());
    form.answer(next).await
}
