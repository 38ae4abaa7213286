//! Receipts, invoices, credit notes and monthly statements.
//!
//! Reading order: `details` (who sells and who buys), `model` (documents as callers see them), `rule` (what stands on a
//! document, from the facts of a payment or a refund: pure), `service` (issue what is due, issue an invoice, read).
//! A document is issued after the payment that it is about, by a look that finds payments and refunds without one;
//! it stores every fact that it prints and is never changed. Decision 063 says why.

mod details;
mod model;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
mod rule;
#[cfg(feature = "postgres")]
mod service;

pub use details::{BillingDetails, Party, Seller, SellerTax};
pub use model::{
    Bought, Document, DocumentContent, DocumentKind, DocumentLine, DocumentPage, DocumentSummary, DocumentTax, Month,
    SeriesView, Statement, StatementRow, StatementTotals,
};
#[cfg(feature = "postgres")]
pub use service::{Invoices, Issued};
