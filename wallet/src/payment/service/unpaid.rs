//! Orders about a plan that another order has paid meanwhile.

use sqlx::PgConnection;

use super::super::repo;
use super::order::NewOrder;
use super::{Buyer, Payments};
use crate::error::{Problem, Refusal, Result};
use crate::idempotency::IdempotencyKey;

impl Payments {
    /// Refuses an order about a plan for which another one has paid since its buyer looked, in the transaction that keeps
    /// the account. First it looks for money on its way, then at the plan: what is not on its way any more has come to it.
    /// Where the same order is open, or the key has made it, nothing is refused, since none is added.
    pub(super) async fn must_be_unpaid_in_tx(
        &self,
        tx: &mut PgConnection,
        buyer: &Buyer,
        order: &NewOrder,
        key: &IdempotencyKey,
    ) -> Result<()> {
        let is_of_plan = order.plan.is_some() || order.change.is_some();
        if is_of_plan && repo::payment::by_key(&mut *tx, buyer.account, key.as_str()).await?.is_some() {
            return Ok(());
        }
        match (&order.plan, &order.change) {
            // Two starts of a plan have two subscriptions, which no index joins.
            (Some(part), _) if part.month == 0 => {
                if repo::new_payment::is_plan_under_way(tx, buyer.account, key.as_str()).await? {
                    let message = "A payment for a plan is being confirmed. Wait until it is decided: see your orders.";
                    return Err(Refusal::unprocessable("plan", Problem::Taken, message).into());
                }
                match self.plans.subscription_in_tx(tx, buyer.account).await? {
                    Some(of) if of.is_paid_and_live() => Err(has_plan().into()),
                    _ => Ok(()),
                }
            }
            (Some(part), _) => {
                if repo::new_payment::open_for(&mut *tx, part).await?.is_some() {
                    return Ok(());
                }
                match self.plans.subscription_in_tx(tx, buyer.account).await? {
                    Some(of) if of.id == part.subscription && of.owed() == Some(part.month) => Ok(()),
                    _ => Err(nothing_owed().into()),
                }
            }
            (None, Some(new)) => {
                let same = (new.of.id, new.change.plan.as_str());
                if repo::new_payment::open_change(&mut *tx, same).await?.is_some() {
                    return Ok(());
                }
                match self.plans.subscription_in_tx(tx, buyer.account).await? {
                    Some(of) if of.id == new.of.id && of.version == new.of.version => Ok(()),
                    _ => Err(Refusal::VersionConflict.into()),
                }
            }
            (None, None) => Ok(()),
        }
    }
}

/// Refuses a second paid plan.
pub(super) fn has_plan() -> Refusal {
    let message = "This account already has a paid plan. Change it on the plan's page.";
    Refusal::unprocessable("plan", Problem::Taken, message)
}

/// Refuses to pay a plan that owes nothing.
pub(super) fn nothing_owed() -> Refusal {
    Refusal::unprocessable("plan", Problem::NotAllowed, "Nothing is owed for a plan.")
}
