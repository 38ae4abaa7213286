//! Ordering credits: the server's price, one order per key, a page to pay it on.

use chrono::TimeDelta;

use super::super::provider::{CheckoutAnswer, CheckoutOrder, Provider};
use super::super::repo::{self, payment::NewPaymentRow, payment::PaymentRow};
use super::super::{Order, PaymentStatus, PaymentView, TopUp};
use super::{Buyer, Contact, Payments};
use crate::catalog::CatalogView;
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::PaymentId;
use crate::idempotency::{IdempotencyKey, RequestHash};

/// How long an order can be paid.
const OPEN_MINUTES: i64 = 60;
/// When the reconciler first looks at an order.
const FIRST_LOOK_SECONDS: i64 = 60;
/// How long a provider has to answer before its answer counts as unknown.
const PROVIDER_PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

impl Payments {
    /// Prices a top-up: the order summary. The price is the catalog's, whatever the caller sends.
    pub async fn order(&self, top_up: &TopUp) -> Result<Order> {
        Ok(price(&*self.catalog.view().await?, top_up)?)
    }

    /// Orders credits and gives the page on which to pay. The same key gives the same order; the same key with
    /// another order is refused. `return_base` is the portal's public address.
    pub async fn start_top_up(
        &self,
        buyer: impl Into<Buyer>,
        top_up: &TopUp,
        key: &str,
        return_base: &str,
    ) -> Result<PaymentView> {
        let buyer = buyer.into();
        if !buyer.may_pay {
            return Err(Refusal::Forbidden { why: "your role or key may not spend money".to_owned() }.into());
        }
        let key = IdempotencyKey::parse(key)?;
        let request = serde_json::to_vec(&(buyer.wallet, top_up))?;
        let hash = RequestHash::of(&request);
        let mut known = repo::payment::by_key(self.db.pool(), buyer.account, key.as_str()).await?;
        if known.is_none() {
            self.add(&buyer, top_up, key.as_str(), &hash, return_base).await?;
            known = repo::payment::by_key(self.db.pool(), buyer.account, key.as_str()).await?;
        }
        let row = known.ok_or_else(|| Error::internal("an order that was just made is gone"))?;
        if row.request_hash != hash.as_bytes() {
            return Err(Refusal::IdempotencyMismatch.into());
        }
        if row.status.is_open() && row.checkout_url.is_none() {
            self.open_checkout(&row).await?;
            return self.view(row.id).await;
        }
        Ok(row.view())
    }

    async fn add(&self, buyer: &Buyer, top_up: &TopUp, key: &str, hash: &RequestHash, return_base: &str) -> Result<()> {
        let order = self.order(top_up).await?;
        let provider = self.provider_for(order.money.currency()).ok_or(Refusal::Unavailable)?;
        let contact = match &buyer.contact {
            Some(contact) => contact.clone(),
            None => self.owner(buyer).await?,
        };
        let now = self.db.now();
        let row = NewPaymentRow {
            id: PaymentId::new(),
            account: buyer.account,
            wallet: buyer.wallet,
            user: buyer.user,
            key,
            request_hash: hash.as_bytes(),
            package: order.package.as_deref(),
            title: &order.title,
            credits: order.credits,
            money: order.money,
            email: &contact.email,
            name: &contact.name,
            locale: &contact.locale,
            provider: provider.name(),
            return_base: return_base.trim_end_matches('/'),
            created_at: now,
            expires_at: now + TimeDelta::minutes(OPEN_MINUTES),
            check_at: now + TimeDelta::seconds(FIRST_LOOK_SECONDS),
        };
        repo::payment::insert(self.db.pool(), &row).await
    }

    async fn owner(&self, buyer: &Buyer) -> Result<Contact> {
        let owner = self.identity.owner(buyer.account).await?;
        Ok(Contact { email: owner.email, name: owner.name, locale: owner.locale })
    }

    /// Asks the provider for the page; safe to repeat, since the provider sees the same key.
    async fn open_checkout(&self, row: &PaymentRow) -> Result<()> {
        let provider = self.provider(&row.provider).ok_or(Refusal::Unavailable)?;
        let back = format!("{}/wallet/orders/{}", row.return_base, row.id);
        let order = CheckoutOrder {
            payment: row.id,
            account: row.account,
            email: row.email.clone(),
            locale: row.locale.clone(),
            title: row.title.clone(),
            money: row.money,
            return_url: back.clone(),
            cancel_url: back,
            expires_at: row.expires_at,
            idempotency_key: row.id.to_string(),
        };
        let now = self.db.now();
        let pool = self.db.pool();
        match ask(&*provider, &order).await {
            CheckoutAnswer::Created { reference, redirect_url, expires_at } => {
                repo::payment::set_checkout(pool, row.id, (&reference, &redirect_url), expires_at, now).await
            }
            CheckoutAnswer::Refused { code } => {
                let step = (row.status, PaymentStatus::Failed);
                repo::payment::set_status(pool, row.id, step, Some(&code), now).await.map(drop)
            }
            CheckoutAnswer::Unknown { detail } => {
                tracing::warn!(payment = %row.id, provider = provider.name(), detail, "no answer about a checkout");
                let step = (row.status, PaymentStatus::Unknown);
                repo::payment::set_status(pool, row.id, step, Some("provider_unavailable"), now).await.map(drop)
            }
        }
    }

    pub(super) async fn view(&self, id: PaymentId) -> Result<PaymentView> {
        let row = repo::payment::by_id(self.db.pool(), id).await?;
        Ok(row.ok_or_else(|| Refusal::not_found("payment"))?.view())
    }
}

async fn ask(provider: &dyn Provider, order: &CheckoutOrder) -> CheckoutAnswer {
    match tokio::time::timeout(PROVIDER_PATIENCE, provider.create_checkout(order)).await {
        Ok(answer) => answer,
        Err(_) => CheckoutAnswer::Unknown { detail: "no answer in time".to_owned() },
    }
}

/// Prices a top-up from the catalog.
fn price(catalog: &CatalogView, top_up: &TopUp) -> Result<Order, Refusal> {
    let settings = &catalog.settings;
    if !settings.currencies.contains(&top_up.currency) {
        let message = "This currency isn't taken here.";
        return Err(Refusal::unprocessable("currency", Problem::NotAllowed, message));
    }
    match (&top_up.package, top_up.amount) {
        (Some(code), None) => {
            let unknown = || Refusal::unprocessable("package", Problem::Unknown, "There is no such package.");
            let package = catalog.package(code).filter(|_| settings.top_up.packages).ok_or_else(unknown)?;
            let money = package.price(top_up.currency).ok_or_else(|| {
                Refusal::unprocessable("currency", Problem::NotAllowed, "This package has no price in that currency.")
            })?;
            let (package, title, credits) = (Some(package.code.clone()), package.name.clone(), package.credits);
            Ok(Order { package, title, credits, money })
        }
        (None, Some(amount)) => {
            let Some(free) = &settings.top_up.free_amount else {
                return Err(Refusal::unprocessable("amount", Problem::NotAllowed, "Choose one of the packages."));
            };
            if amount < free.min {
                let message = format!("The least amount is {}.", free.min);
                return Err(Refusal::unprocessable("amount", Problem::TooSmall, message));
            }
            if amount > free.max {
                let message = format!("The most at once is {}.", free.max);
                return Err(Refusal::unprocessable("amount", Problem::TooLarge, message));
            }
            let step = settings.rounding_step.micros().max(1);
            if amount.micros().checked_rem(step) != Some(0) {
                let message = format!("Enter a multiple of {}.", settings.rounding_step);
                return Err(Refusal::unprocessable("amount", Problem::TooPrecise, message));
            }
            let money = free.price(amount, top_up.currency).ok_or_else(|| {
                Refusal::unprocessable("currency", Problem::NotAllowed, "There is no price in that currency.")
            })?;
            let title = format!("{amount} {}", settings.unit.word("en", amount));
            Ok(Order { package: None, title, credits: amount, money })
        }
        _ => Err(Refusal::invalid("package", Problem::Required, "Choose a package, or enter an amount.")),
    }
}
