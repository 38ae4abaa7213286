//! Ordering credits: the server's price, one order per key, a page to pay it on.

use chrono::TimeDelta;

use super::order::{Made, NewOrder, OPEN_MINUTES};
use super::{Buyer, Payments};
use crate::error::Result;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::payment::model::{Order, PaymentView, TopUp};
use crate::payment::price::price;

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
        let Order { package, title, credits, bonus, money } = self.order(top_up).await?;
        let chosen = self.choose(buyer.account, top_up.with.as_ref(), money, false).await?;
        let saves = chosen.method.is_none() && chosen.provider.capabilities().saved_methods;
        let save_method = top_up.save_method && saves;
        let open = TimeDelta::minutes(OPEN_MINUTES);
        let order = NewOrder {
            package,
            title,
            credits,
            bonus,
            money,
            plan: None,
            change: None,
            chosen,
            save_method,
            open,
            renews: None,
            made: Made::Asked,
        };
        self.place(&buyer, &order, (&key, &hash), return_base).await
    }
}
