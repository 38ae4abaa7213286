//! Documents are read: by their account, and by staff.

use super::super::model::{Document, DocumentPage, DocumentSummary, Month};
use super::super::repo::{self, document::Of};
use super::Invoices;
use crate::error::{Refusal, Result};
use crate::id::{AccountId, DocumentId, PaymentId, RefundRequestId};
use crate::identity::Viewer;

/// The most documents of one page.
const PAGE_MAX: i64 = 200;
/// The most documents of one payment.
const OF_PAYMENT_MAX: i64 = 200;
/// The most months that are listed.
const MONTHS_MAX: usize = 120;

impl Invoices {
    /// Lists the documents of the person's account before one, newest first, and the months that have statements.
    pub async fn documents(&self, viewer: &Viewer, before: Option<DocumentId>, limit: i64) -> Result<DocumentPage> {
        let limit = limit.clamp(1, PAGE_MAX);
        let pool = self.db.pool();
        let wanted = limit.saturating_add(1);
        let mut documents = repo::document::list(pool, Of::Account(viewer.account), before, wanted).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = documents.len() > most;
        documents.truncate(most);
        let next = if has_more { documents.last().map(|document| document.id) } else { None };
        Ok(DocumentPage { documents, next, months: self.months(viewer).await? })
    }

    async fn months(&self, viewer: &Viewer) -> Result<Vec<Month>> {
        let Some((first, newest)) = repo::document::span(self.db.pool(), viewer.account).await? else {
            return Ok(Vec::new());
        };
        let (first, newest) = (Month::of(first), Month::of(newest));
        let next = |month: &Month| Some(Month::of(month.end())).filter(|next| next > month);
        let mut months: Vec<Month> =
            std::iter::successors(Some(first), next).take_while(|month| *month <= newest).collect();
        months.reverse();
        months.truncate(MONTHS_MAX);
        Ok(months)
    }

    /// Gives a document of the person's account.
    pub async fn document(&self, viewer: &Viewer, id: DocumentId) -> Result<Document> {
        let found = self.staff_document(id).await?;
        if found.account == viewer.account { Ok(found) } else { Err(Refusal::not_found("document").into()) }
    }

    /// Gives the receipt of a payment of the person's account. Where the look has not come to it yet, it is issued now.
    pub async fn receipt(&self, viewer: &Viewer, payment: PaymentId) -> Result<Document> {
        let found = self.receipt_of(payment).await?.filter(|found| found.account == viewer.account);
        Ok(found.ok_or_else(|| Refusal::not_found("receipt"))?)
    }

    /// Does the same for a mail, whosever it is; `None` where the payment has not succeeded.
    pub async fn receipt_of(&self, payment: PaymentId) -> Result<Option<Document>> {
        if let Some(known) = repo::document::receipt(self.db.pool(), payment).await? {
            return Ok(Some(known));
        }
        self.issue_receipt_of(payment).await?;
        repo::document::receipt(self.db.pool(), payment).await
    }

    /// Gives the credit note of what a refund request brought; where the look has not come to it yet, it is issued now.
    /// `None` where no money went back for it.
    pub async fn credit_note_of(&self, request: RefundRequestId) -> Result<Option<Document>> {
        let Some(refund) = repo::document::refund_of(self.db.pool(), request).await? else { return Ok(None) };
        if let Some(known) = repo::document::credit_note(self.db.pool(), refund).await? {
            return Ok(Some(known));
        }
        self.issue_due().await?;
        repo::document::credit_note(self.db.pool(), refund).await
    }

    /// Lists the documents about a payment, newest first, for staff.
    pub async fn documents_of(&self, payment: PaymentId) -> Result<Vec<DocumentSummary>> {
        repo::document::list(self.db.pool(), Of::Payment(payment), None, OF_PAYMENT_MAX).await
    }

    /// Gives a document, whosever it is, for staff.
    pub async fn staff_document(&self, id: DocumentId) -> Result<Document> {
        let found = repo::document::by_id(self.db.pool(), id).await?;
        Ok(found.ok_or_else(|| Refusal::not_found("document"))?)
    }

    /// Gives the zone and the language of an account.
    pub(super) async fn zone_and_locale(&self, account: AccountId) -> Result<(String, String)> {
        let found = repo::details::zone_and_locale(self.db.pool(), account).await?;
        Ok(found.ok_or_else(|| Refusal::not_found("account"))?)
    }
}
