//! Another plan for an account that has one: the difference is ordered, or the change waits for the billing date.

use chrono::TimeDelta;

use super::super::repo::payment::PaymentRow;
use super::order::{Made, NewChange, NewOrder, OPEN_MINUTES};
use super::plan::price;
use super::{Buyer, Payments};
use crate::catalog::{CatalogView, Interval, Plan};
use crate::error::{Problem, Refusal, Result};
use crate::id::AccountId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Viewer;
use crate::money::{Credits, Money};
use crate::payment::method::within;
use crate::payment::model::{Changed, PlanChoice};
use crate::plan::{ChangeStart, PlanChange, Subscription};

/// What the owner of a plan agrees to by the words of the form that changes it. Another text gets another name.
pub(super) const CONSENT_CHANGE: &str = "change-1";

impl Payments {
    /// Works out what another plan would cost an account now, and bring; refused where there is none to change, or where
    /// it can't be changed now. A difference so small that nobody takes it makes the change wait for the billing date.
    pub async fn plan_change(&self, account: AccountId, choice: &PlanChoice) -> Result<PlanChange> {
        let of = self.plan_to_change(account).await?;
        Ok(self.change_of(&*self.catalog.view().await?, &of, choice)?)
    }

    /// Lists what each plan would cost an account that is on another one, at an interval; those that it can't have are
    /// left out.
    pub async fn plan_changes(&self, account: AccountId, interval: Interval) -> Result<Vec<PlanChange>> {
        let catalog = self.catalog.view().await?;
        let Some(of) = self.plans.subscription(account).await? else { return Ok(Vec::new()) };
        let Some(currency) = of.terms.map(|terms| terms.price.currency()) else { return Ok(Vec::new()) };
        let change = |plan: &Plan| {
            let choice = PlanChoice { plan: plan.code.clone(), interval, currency, with: None };
            self.change_of(&catalog, &of, &choice).ok()
        };
        Ok(catalog.plans.iter().filter_map(change).collect())
    }

    /// Chooses another plan. A higher one is ordered, for the difference of the days that are left; everything else
    /// begins with the next billing date. `shown` is the amount that its owner saw and agreed to, `None` where nothing
    /// was to be paid now: where it is another one by now, nothing happens. The same key gives the same order.
    pub async fn change_plan(
        &self,
        viewer: &Viewer,
        choice: &PlanChoice,
        shown: Option<Money>,
        key: &str,
        return_base: &str,
    ) -> Result<Changed> {
        let buyer = Buyer::from(viewer);
        buyer.must_pay()?;
        let key = IdempotencyKey::parse(key)?;
        let hash = RequestHash::of(&serde_json::to_vec(&("change plan", choice, shown))?);
        if let Some(known) = self.known(&buyer, &key, &hash).await? {
            return Ok(Changed::Ordered(Box::new(known)));
        }
        let catalog = self.catalog.view().await?;
        let of = self.plan_to_change(buyer.account).await?;
        let change = self.change_of(&catalog, &of, choice)?;
        let proration = match change.start {
            ChangeStart::Now(proration) => Some(proration),
            ChangeStart::NextBilling => None,
        };
        if proration.map(|proration| proration.due) != shown {
            let message = "The amount has changed since this page was shown. Check it and confirm again.";
            return Err(Refusal::unprocessable("shown", Problem::Outdated, message).into());
        }
        let Some(proration) = proration else {
            self.plans.schedule(viewer, &of, (&change, CONSENT_CHANGE)).await?;
            return Ok(Changed::Scheduled(change.next_billing_at));
        };
        let chosen = self.choose(buyer.account, choice.with.as_ref(), proration.due, false).await?;
        // The credits go where the plan's credits go.
        let buyer = Buyer { wallet: of.wallet, ..buyer };
        let order = NewOrder {
            package: None,
            title: catalog.plan(&change.plan).map_or_else(|| change.plan.clone(), |plan| plan.name.clone()),
            credits: proration.credits,
            bonus: Credits::ZERO,
            money: proration.due,
            plan: None,
            change: Some(Box::new(NewChange { of, change, proration })),
            chosen,
            save_method: false,
            open: TimeDelta::minutes(OPEN_MINUTES),
            renews: None,
            made: Made::Asked,
        };
        let payment = self.place(&buyer, &order, (&key, &hash), return_base).await?;
        Ok(Changed::Ordered(Box::new(payment)))
    }

    async fn plan_to_change(&self, account: AccountId) -> Result<Subscription> {
        let none = || Refusal::unprocessable("plan", Problem::NotAllowed, "This account is on no paid plan any more.");
        Ok(self.plans.subscription(account).await?.ok_or_else(none)?)
    }

    fn change_of(&self, catalog: &CatalogView, of: &Subscription, choice: &PlanChoice) -> Result<PlanChange, Refusal> {
        let terms = price(catalog, choice)?;
        let mut change = self.plans.change(catalog, of, &choice.plan, terms)?;
        if let ChangeStart::Now(proration) = change.start {
            let options = self.options(choice.currency, false);
            let takes = options.iter().any(|option| within(option.limits, proration.due).is_ok());
            if !options.is_empty() && !takes {
                change.start = ChangeStart::NextBilling;
            }
        }
        Ok(change)
    }

    /// Gives what a payment has ordered, to be ordered once more; `None` where the plan or the amount is another one by
    /// now.
    pub(super) async fn change_again(&self, row: &PaymentRow, plan: &str) -> Result<Option<Box<NewChange>>> {
        let Some(ordered) = self.plans.ordered_change(row.id).await? else { return Ok(None) };
        let of = self.plan_to_change(row.account).await?;
        let change = self.plans.change(&*self.catalog.view().await?, &of, plan, ordered.terms)?;
        match change.start {
            ChangeStart::Now(proration) if proration.due == row.money && ordered.fits(&of) => {
                Ok(Some(Box::new(NewChange { of, change, proration })))
            }
            _ => Ok(None),
        }
    }
}
