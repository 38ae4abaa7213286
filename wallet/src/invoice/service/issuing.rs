//! Documents are issued: what is due by a look, an invoice when its buyer asks.
//!
//! One transaction each: it takes the number (which locks the series until the end), notes that the payment or the
//! refund has its document now, and stores it. Two looks at once issue nothing twice, since the second finds it noted;
//! whatever stops halfway has taken no number.

use super::super::details::Seller;
use super::super::model::{Document, DocumentKind};
use super::super::repo::due::{BackRow, PaidRow, Reversal};
use super::super::repo::{self, number::Taken};
use super::super::rule::{self, Back, Draft};
use super::{Invoices, day};
use crate::error::{Error, Refusal, Result};
use crate::id::{DocumentId, PaymentId, RefundId};
use crate::identity::Viewer;
use sqlx::PgConnection;

/// How many of a kind a look issues.
const LOOK_MAX: i64 = 50;
/// How often a number is asked for whose series was changed at the same moment.
const TRIES_MAX: u32 = 5;

/// What a look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// Receipts that were issued.
    pub receipts: u32,
    /// Credit notes and debit notes that were issued.
    pub notes: u32,
    /// What stays for the next look.
    pub failed: u32,
}

impl Issued {
    fn count(&mut self, what: &str, issued: Result<bool>, of: fn(&mut Self) -> &mut u32) {
        match issued {
            Ok(true) => *of(self) = of(self).saturating_add(1),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(what, %error, "a document could not be issued; it is tried again");
                self.failed = self.failed.saturating_add(1);
            }
        }
    }
}

/// Who sells at the moment, and what the platform is called.
struct Sells {
    seller: Option<Seller>,
    product: String,
}

impl Invoices {
    /// Issues what is due: receipts of payments that succeeded, credit notes of money that went back, debit notes where it
    /// did not arrive after all. Safe to call at any time, on any number of nodes.
    pub async fn issue_due(&self) -> Result<Issued> {
        let mut done = Issued::default();
        let due = repo::due::payments(self.db.pool(), None, LOOK_MAX).await?;
        if !due.is_empty() {
            let sells = self.sells().await?;
            for row in due {
                done.count("receipt", self.issue_receipt(row, &sells).await, |done| &mut done.receipts);
            }
        }
        for row in repo::due::reversals(self.db.pool(), LOOK_MAX).await? {
            done.count("debit note", self.issue_debit_note(row).await, |done| &mut done.notes);
        }
        let mut back = repo::due::refunds(self.db.pool(), LOOK_MAX).await?;
        back.extend(repo::due::disputes(self.db.pool(), LOOK_MAX).await?);
        for row in back {
            done.count("credit note", self.issue_credit_note(row).await, |done| &mut done.notes);
        }
        Ok(done)
    }

    async fn sells(&self) -> Result<Sells> {
        let product = self.catalog.view().await?.settings.name.clone();
        Ok(Sells { seller: repo::details::seller(self.db.pool()).await?, product })
    }

    /// Issues the receipt of a payment where it has none yet.
    pub(super) async fn issue_receipt_of(&self, payment: PaymentId) -> Result<()> {
        let Some(row) = repo::due::payments(self.db.pool(), Some(payment), 1).await?.pop() else { return Ok(()) };
        let sells = self.sells().await?;
        self.issue_receipt(row, &sells).await.map(drop)
    }

    async fn issue_receipt(&self, row: PaidRow, sells: &Sells) -> Result<bool> {
        let PaidRow { paid, at, time_zone } = row;
        let payment = paid.payment;
        let catalog = self.catalog.view().await?;
        let word = |credits| catalog.settings.unit.word(&paid.locale, credits).to_owned();
        let units = (word(paid.credits), word(paid.bonus));
        let mut tx = self.db.begin().await?;
        let taken = self.take(&mut tx, DocumentKind::Receipt).await?;
        let days = (day(at, &time_zone), day(taken.issued_at, &time_zone));
        let draft = rule::receipt(paid, (sells.seller.as_ref(), &sells.product), units, days);
        let draft = draft.ok_or_else(|| Error::internal("the amounts of a payment are too large"))?;
        if !repo::document::note_payment(&mut tx, payment, taken.issued_at).await? {
            // Issued elsewhere meanwhile: the number is not taken.
            return Ok(false);
        }
        store(&mut tx, &draft, &taken).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn issue_credit_note(&self, row: BackRow) -> Result<bool> {
        let BackRow { back, at, time_zone } = row;
        let mut tx = self.db.begin().await?;
        let taken = self.take(&mut tx, DocumentKind::CreditNote).await?;
        if repo::due::lock(&mut tx, back.payment).await? {
            // A debit note comes first, so that what is left of the payment is right.
            return Ok(false);
        }
        let original = repo::document::original(&mut *tx, back.payment).await?;
        let original = original.ok_or_else(|| Error::internal("a payment without its receipt"))?;
        let credited = repo::document::credited(&mut *tx, back.payment).await?;
        let unit = self.catalog.view().await?.settings.unit.word(&original.locale, back.credits).to_owned();
        let days = (day(at, &time_zone), day(taken.issued_at, &time_zone));
        let draft = rule::credit_note(&original, &back, credited, unit, days);
        let Some(draft) = draft else {
            // Nothing of it is left: that takes no number.
            tx.rollback().await?;
            return self.note_without_document(back.why).await;
        };
        let is_noted = match back.why {
            Back::Refund(id) => repo::document::note_refund(&mut tx, id, taken.issued_at).await?,
            Back::Dispute(id) => repo::document::note_dispute(&mut tx, id, taken.issued_at).await?,
        };
        if !is_noted {
            return Ok(false);
        }
        store(&mut tx, &draft, &taken).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn note_without_document(&self, why: Back) -> Result<bool> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        match why {
            Back::Refund(id) => repo::document::note_refund(&mut tx, id, now).await?,
            Back::Dispute(id) => repo::document::note_dispute(&mut tx, id, now).await?,
        };
        tx.commit().await?;
        Ok(false)
    }

    async fn issue_debit_note(&self, row: Reversal) -> Result<bool> {
        let Reversal { refund, time_zone } = row;
        let Some(note) = repo::document::credit_note(self.db.pool(), refund).await? else {
            return self.note_reversal_without_document(refund).await;
        };
        let mut tx = self.db.begin().await?;
        let taken = self.take(&mut tx, DocumentKind::DebitNote).await?;
        repo::due::lock(&mut tx, note.payment).await?;
        if !repo::document::note_reversal(&mut tx, refund, taken.issued_at).await? {
            return Ok(false);
        }
        let draft = rule::debit_note(&note, Back::Refund(refund), day(taken.issued_at, &time_zone));
        store(&mut tx, &draft, &taken).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn note_reversal_without_document(&self, refund: RefundId) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        repo::document::note_reversal(&mut tx, refund, self.db.now()).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// Issues the invoice of a receipt of the person's account, once: a repeat gives the one that there is.
    ///
    /// Refused by the field's name where the account's billing details lack an address or a country, and where staff have
    /// not said who sells.
    pub async fn issue_invoice(&self, viewer: &Viewer, receipt: DocumentId) -> Result<Document> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not issue invoices".to_owned() }.into());
        }
        let receipt = self.document(viewer, receipt).await?;
        if receipt.kind != DocumentKind::Receipt {
            return Err(Refusal::not_found("receipt").into());
        }
        let known = repo::document::original(self.db.pool(), receipt.payment).await?;
        if let Some(known) = known.filter(|known| known.kind == DocumentKind::Invoice) {
            return Ok(known);
        }
        let mut tx = self.db.begin().await?;
        let taken = self.take(&mut tx, DocumentKind::Invoice).await?;
        let seller = repo::details::seller(&mut *tx).await?;
        let billing = repo::details::billing(&mut *tx, receipt.account).await?;
        let issued_on = day(taken.issued_at, &viewer.time_zone);
        let draft = rule::invoice(&receipt, seller.as_ref(), &billing, issued_on)?;
        let id = DocumentId::new();
        if repo::document::insert(&mut tx, id, &draft, &taken).await? {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        // This one, or the one that was issued at the same moment.
        let issued = repo::document::original(self.db.pool(), receipt.payment).await?;
        issued.ok_or_else(|| Error::internal("an invoice is not where it was stored"))
    }

    async fn take(&self, connection: &mut PgConnection, kind: DocumentKind) -> Result<Taken> {
        for _ in 0..TRIES_MAX {
            if let Some(taken) = repo::number::take(connection, kind, self.db.now()).await? {
                return Ok(taken);
            }
        }
        Err(Refusal::Unavailable.into())
    }
}

async fn store(connection: &mut PgConnection, draft: &Draft, taken: &Taken) -> Result<()> {
    if repo::document::insert(connection, DocumentId::new(), draft, taken).await? {
        return Ok(());
    }
    Err(Error::internal("a document is there already, and what it is about was not noted"))
}
