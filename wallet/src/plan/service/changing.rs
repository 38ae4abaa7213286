//! A plan that becomes another one: what it costs, when it begins, and what stays as it is.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::Plans;
use crate::catalog::{BurnClass, CatalogView};
use crate::error::{Refusal, Result};
use crate::id::PaymentId;
use crate::identity::{self, NewAudit, Viewer};
use crate::ledger::{GrantSource, HookError, NewGrant};
use crate::money::{Credits, Money};
use crate::plan::change::{ChangeTo, change};
use crate::plan::due::Calendar;
use crate::plan::month::PlanTaken;
use crate::plan::repo::{self, plan_change::OrderedChange};
use crate::plan::{NextPlan, PlanChange, Proration, Subscription, Terms};

/// A higher plan that was paid, ready for the ledger.
pub(crate) struct Raise {
    pub(crate) ordered: OrderedChange,
    /// The plan's name.
    pub(crate) name: String,
    /// When it is paid next.
    pub(crate) paid_until: DateTime<Utc>,
    priority: i16,
    expires_at: Option<DateTime<Utc>>,
}

impl Raise {
    /// Gives the grant of the credits that it brings.
    pub(crate) fn grant(&self, credits: Credits, cost: Money) -> NewGrant {
        let mut grant = NewGrant::new(credits, GrantSource::Allowance, self.name.clone());
        grant.priority = self.priority;
        grant.expires_at = self.expires_at;
        grant.cost = Some(cost);
        grant.reference = Some(format!("payment:{}", self.ordered.payment));
        grant
    }
}

impl Plans {
    /// Works out what another plan would cost an account and bring; refused where there is none to change, or where it
    /// can't be changed now.
    pub(crate) fn change(
        &self,
        catalog: &CatalogView,
        of: &Subscription,
        plan: &str,
        terms: Terms,
    ) -> Result<PlanChange, Refusal> {
        let rank = |code: &str| catalog.plan(code).map(|plan| plan.rank);
        let step = catalog.settings.rounding_step;
        let to = ChangeTo { plan, terms, is_higher: rank(plan) > rank(&of.plan), step };
        change(&Calendar::of(of), of, &to, self.db.now())
    }

    /// Lets a plan become another one with its next billing date, as was shown to its owner. A repeat changes nothing.
    pub(crate) async fn schedule(
        &self,
        viewer: &Viewer,
        of: &Subscription,
        (change, consent): (&PlanChange, &str),
    ) -> Result<()> {
        let next = NextPlan { plan: change.plan.clone(), terms: change.terms };
        if of.next.as_ref() == Some(&next) {
            return Ok(());
        }
        let said =
            json!({ "plan": next.plan, "terms": next.terms, "from": change.next_billing_at, "consent": consent });
        self.set_next(viewer, of, Some(&next), ("subscription.change_scheduled", said)).await
    }

    /// Lets a plan stay what it is that was to become another one. A repeat changes nothing.
    pub async fn keep(&self, viewer: &Viewer) -> Result<()> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not change the plan".to_owned() }.into());
        }
        match self.subscription(viewer.account).await?.filter(|of| of.next.is_some()) {
            Some(of) => {
                let said = json!({ "plan": of.plan, "terms": of.terms });
                self.set_next(viewer, &of, None, ("subscription.change_dropped", said)).await
            }
            None => Ok(()),
        }
    }

    async fn set_next(
        &self,
        viewer: &Viewer,
        of: &Subscription,
        next: Option<&NextPlan>,
        (action, after): (&str, serde_json::Value),
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if !repo::plan_change::set_next(&mut tx, of, next, self.db.now()).await? {
            return Err(Refusal::VersionConflict.into());
        }
        let audit = NewAudit {
            actor: viewer.actor(),
            action: action.to_owned(),
            subject: format!("subscription {}", of.id),
            before: json!({ "next": of.next }),
            after,
        };
        identity::audit_in_tx(&mut tx, &audit, self.db.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Works out what a paid change brings: the end of its credits is that of the month that runs. The inner error says
    /// why there is no place for it any more.
    pub(crate) async fn raise(&self, ordered: OrderedChange) -> Result<Result<Raise, PlanTaken>> {
        let (catalog, now) = (self.catalog.view().await?, self.db.now());
        let of = self.subscription(ordered.account).await?.filter(|of| of.id == ordered.subscription);
        let Some(of) = of else { return Ok(Err(PlanTaken::Changed)) };
        let calendar = Calendar::of(&of);
        let month = calendar.month(&of, ordered.month);
        let (Some(month), Some(paid_until)) = (month, calendar.after(&of, of.months_paid)) else {
            return Ok(Err(PlanTaken::Changed));
        };
        let name = catalog.plan(&ordered.plan).map_or_else(|| ordered.plan.clone(), |plan| plan.name.clone());
        Ok(Ok(Raise {
            name,
            paid_until,
            priority: catalog.settings.burn_order.priority(BurnClass::Allowance),
            expires_at: calendar.expiry(&of, &month, catalog.settings.allowance_expiry, now),
            ordered,
        }))
    }

    /// Makes the higher plan, in the transaction of the credits that it brings. A plan that is not as it was when the
    /// change was ordered refuses it, which undoes the grant.
    pub(crate) async fn raise_in_tx(
        connection: &mut PgConnection,
        ordered: &OrderedChange,
        now: DateTime<Utc>,
    ) -> Result<(), HookError<PlanTaken>> {
        match repo::plan_change::raise(connection, ordered, now).await? {
            true => Ok(()),
            false => Err(HookError::Refused(PlanTaken::Changed)),
        }
    }

    /// Keeps what was shown and agreed to when a change was ordered, in the transaction that makes its payment.
    pub(crate) async fn note_change_in_tx(
        connection: &mut PgConnection,
        payment: PaymentId,
        of: &Subscription,
        said: (&PlanChange, &Proration, &str),
        now: DateTime<Utc>,
    ) -> Result<()> {
        repo::plan_change::insert(connection, payment, of, said, now).await
    }

    /// Reads what was ordered with a payment.
    pub(crate) async fn ordered_change(&self, payment: PaymentId) -> Result<Option<OrderedChange>> {
        repo::plan_change::ordered(self.db.pool(), payment).await
    }

    /// Says whether a change that was ordered can still be made.
    pub(crate) async fn still_fits(&self, ordered: &OrderedChange) -> Result<bool> {
        Ok(self.subscription(ordered.account).await?.is_some_and(|of| ordered.fits(&of)))
    }
}
