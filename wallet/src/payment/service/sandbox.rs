//! The sandbox provider's books, for the server's sandbox provider and its card page.

use chrono::TimeDelta;

use super::super::provider::{BookPeriod, CheckoutOrder, RefundOrder, SavedCharge, SetupOrder};
use super::super::repo;
use super::super::sandbox::{SandboxCheckout, SandboxMethod, SandboxRefund, SandboxState, SandboxStep};
use crate::db::Db;
use crate::error::{Refusal, Result};
use crate::id::PaymentId;
use crate::money::{Currency, Money};

/// How long a page is open where a card is saved.
const SETUP_MINUTES: i64 = 60;
/// How many payments stand on one page of the books.
const BOOKS_PAGE: i64 = 100;

/// The sandbox's payment pages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SandboxBooks {
    db: Db,
}

impl SandboxBooks {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }

    /// Opens a page; the same key gives the page that was opened first.
    pub async fn open(&self, order: &CheckoutOrder) -> Result<SandboxCheckout> {
        repo::sandbox::open(self.db.pool(), &new_reference(), order, self.db.now()).await
    }

    /// Opens a page where a card is saved and nothing is paid; the same key gives the page that was opened first.
    pub async fn open_setup(&self, order: &SetupOrder) -> Result<SandboxCheckout> {
        let page = CheckoutOrder {
            payment: PaymentId::from_uuid(order.method.uuid()),
            account: order.account,
            customer: None,
            kind: None,
            email: order.email.clone(),
            locale: order.locale.clone(),
            title: String::new(),
            money: Money::from_minor(0, Currency::USD),
            return_url: order.return_url.clone(),
            cancel_url: order.cancel_url.clone(),
            expires_at: self.db.now() + TimeDelta::minutes(SETUP_MINUTES),
            save_method: true,
            idempotency_key: format!("setup:{}", order.idempotency_key),
        };
        self.open(&page).await
    }

    /// Finds a card that was kept.
    pub async fn method(&self, reference: &str) -> Result<Option<SandboxMethod>> {
        repo::sandbox::method(self.db.pool(), reference).await
    }

    /// Charges a card that was kept; it pays where no reason to decline is given. The same key gives the charge that
    /// was made first.
    pub async fn charge(&self, charge: &SavedCharge, label: &str, decline: Option<&str>) -> Result<SandboxCheckout> {
        repo::sandbox::charge(self.db.pool(), &new_reference(), charge, (label, decline), self.db.now()).await
    }

    /// Finds a page; one whose time is over and that wasn't paid has expired.
    pub async fn find(&self, reference: &str) -> Result<Option<SandboxCheckout>> {
        let found = repo::sandbox::find(self.db.pool(), reference).await?;
        let over = |page: &SandboxCheckout| page.state == SandboxState::Open && page.expires_at <= self.db.now();
        match found {
            Some(page) if over(&page) => self.advance(reference, &SandboxStep::Expire).await.map(Some),
            found => Ok(found),
        }
    }

    /// Finds the page of an order.
    pub async fn find_by_order(&self, order: PaymentId) -> Result<Option<SandboxCheckout>> {
        repo::sandbox::find_by_order(self.db.pool(), order).await
    }

    /// Lists what was made in a period, oldest first, after the one that the cursor names.
    pub async fn list(&self, period: &BookPeriod) -> Result<Vec<SandboxCheckout>> {
        let within = (period.from, period.to);
        repo::sandbox::list(self.db.pool(), within, period.cursor.as_deref(), BOOKS_PAGE).await
    }

    /// Gives money of a page back; `None` where that is more than is left of it.
    pub async fn refund(&self, order: &RefundOrder) -> Result<Option<SandboxRefund>> {
        repo::sandbox::refund(self.db.pool(), &new_reference(), order, self.db.now()).await
    }

    /// Lists what was given back of a page, or under a refund's name.
    pub async fn refunds(&self, reference: &str) -> Result<Vec<SandboxRefund>> {
        repo::sandbox::refunds(self.db.pool(), reference).await
    }

    /// Says whether a page of the books is followed by another one.
    #[must_use]
    pub fn is_full(page: &[SandboxCheckout]) -> bool {
        i64::try_from(page.len()).is_ok_and(|rows| rows >= BOOKS_PAGE)
    }

    /// Moves a page on. One that is final stays as it is, and is given back so.
    pub async fn advance(&self, reference: &str, step: &SandboxStep) -> Result<SandboxCheckout> {
        let (state, code, method) = match step {
            SandboxStep::Challenge { method } => (SandboxState::Challenge, None, Some(method.as_str())),
            SandboxStep::Process { method } => (SandboxState::Processing, None, Some(method.as_str())),
            SandboxStep::Pay { method } => (SandboxState::Paid, None, Some(method.as_str())),
            SandboxStep::Decline { code, method } => {
                (SandboxState::Declined, Some(code.as_str()), Some(method.as_str()))
            }
            SandboxStep::Cancel => (SandboxState::Cancelled, None, None),
            SandboxStep::Expire => (SandboxState::Expired, None, None),
        };
        repo::sandbox::advance(self.db.pool(), reference, state, (code, method), self.db.now()).await?;
        let page = repo::sandbox::find(self.db.pool(), reference).await?;
        Ok(page.ok_or_else(|| Refusal::not_found("payment page"))?)
    }
}

fn new_reference() -> String {
    let secret: u128 = rand::random();
    format!("sbx_{secret:032x}")
}
