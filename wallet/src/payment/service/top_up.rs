//! Ordering credits: the server's price, one order per key, a page to pay it on.

use chrono::TimeDelta;

use super::order::{NewOrder, OPEN_MINUTES};
use super::{Buyer, Payments};
use crate::catalog::CatalogView;
use crate::error::{Problem, Refusal, Result};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::payment::model::{Order, PaymentView, TopUp};

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
        buyer.must_pay()?;
        let key = IdempotencyKey::parse(key)?;
        let hash = RequestHash::of(&serde_json::to_vec(&(buyer.wallet, top_up))?);
        if let Some(known) = self.known(&buyer, &key, &hash).await? {
            return Ok(known);
        }
        let Order { package, title, credits, money } = self.order(top_up).await?;
        let chosen = self.choose(buyer.account, top_up.with.as_ref(), money, false).await?;
        let saves = chosen.method.is_none() && chosen.provider.capabilities().saved_methods;
        let save_method = top_up.save_method && saves;
        let open = TimeDelta::minutes(OPEN_MINUTES);
        let order = NewOrder {
            package,
            title,
            credits,
            money,
            plan: None,
            change: None,
            chosen,
            save_method,
            open,
            renews: None,
        };
        self.place(&buyer, &order, (&key, &hash), return_base).await
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
                let message = format!("The minimum is {}.", free.min);
                return Err(Refusal::unprocessable("amount", Problem::TooSmall, message));
            }
            if amount > free.max {
                let message = format!("The maximum is {}.", free.max);
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
        (Some(_), Some(_)) => {
            let message = "Choose a package or enter an amount, not both.";
            Err(Refusal::unprocessable("amount", Problem::NotAllowed, message))
        }
        (None, None) => {
            Err(Refusal::unprocessable("package", Problem::Required, "Choose a package, or enter an amount."))
        }
    }
}
