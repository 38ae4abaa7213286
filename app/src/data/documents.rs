//! Receipts, invoices and credit notes of the person's account, and to whom they are addressed.

use serde::{Deserialize, Serialize};
use wallet::invoice::{BillingDetails, DocumentPage};

use crate::context::FormOutcome;
use crate::error::AppError;

/// How many documents one page of the list has.
const DOCUMENT_ROWS: i64 = 50;

/// One page of the list, with what stands around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentsPage {
    /// The documents and the months.
    pub page: DocumentPage,
    /// Whether this person may ask for an invoice here: the role may, and staff have said who sells.
    pub may_invoice: bool,
    /// What became of the form.
    pub outcome: FormOutcome,
}

/// The form of billing details.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillingPage {
    /// What is saved.
    pub details: BillingDetails,
    /// Whether this person may change it.
    pub may_pay: bool,
    /// What became of the form.
    pub outcome: FormOutcome,
}

/// Gives one page of the account's documents: those older than `before`, else the newest.
pub async fn load_documents(before: String) -> Result<DocumentsPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let invoices = wallet.invoices();
    let page = invoices.documents(&viewer, before.parse().ok(), DOCUMENT_ROWS).await?;
    let may_invoice = viewer.role.may_pay() && invoices.seller().await?.is_some();
    Ok(DocumentsPage { page, may_invoice, outcome: crate::current_user::outcome("/wallet/documents/") })
}

/// Gives the account's billing details.
pub async fn load_billing_details() -> Result<BillingPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let details = wallet.invoices().billing_details(&viewer).await?;
    let outcome = crate::current_user::outcome("/settings/billing");
    Ok(BillingPage { details, may_pay: viewer.role.may_pay(), outcome })
}
