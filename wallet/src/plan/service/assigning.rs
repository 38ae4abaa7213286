//! Plans that were agreed with an account and are not paid here: staff put the account on one, and end it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::Plans;
use crate::catalog::Interval;
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, SubscriptionId};
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::{HookError, Outcome, RefusingHook};
use crate::money::{Credits, Money};
use crate::plan::due::Calendar;
use crate::plan::month::{Month, PlanTaken, beyond, dates};
use crate::plan::ports::PlanStep;
use crate::plan::repo::{self, NewStart};
use crate::plan::{Subscription, SubscriptionStatus, SubscriptionView, Terms};

/// The most months that a plan is assigned for.
const MONTHS_MAX: u32 = 60;

/// A plan that was agreed with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The plan's code: a custom one, or any other that the catalog has.
    pub plan: String,
    /// How many months it runs, from now on: 1 to 60.
    pub months: u32,
    /// What was agreed to be paid for a month, elsewhere.
    pub price: Money,
    /// The credits of each month.
    pub credits: Credits,
}

/// Puts the account on the plan, in the transaction of its first month's credits.
struct Assigned {
    of: Subscription,
    terms: Terms,
    month: Month,
    months: u32,
    paid_until: DateTime<Utc>,
    by: String,
    audit: NewAudit,
    plans: Plans,
    now: DateTime<Utc>,
}

#[async_trait]
impl RefusingHook for Assigned {
    type Refusal = PlanTaken;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<PlanTaken>> {
        if !self.month.record_in_tx(connection, outcome.seq(), self.now).await? {
            return Ok(());
        }
        let new = NewStart {
            of: &self.of,
            terms: &self.terms,
            payment: None,
            assigned_by: Some(&self.by),
            months: self.months,
            paid_until: self.paid_until,
            due_at: self.month.ends_at,
        };
        if !repo::start(connection, &new, self.now).await? {
            return Err(HookError::Refused(PlanTaken::OtherPlan));
        }
        self.plans.note_in_tx(connection, &self.of, PlanStep::Assigned(self.paid_until)).await?;
        Ok(identity::audit_in_tx(connection, &self.audit, self.now).await?)
    }
}

impl Plans {
    /// Puts an account on a plan that was agreed with it, from now on and for so many months; it ends with them. The
    /// credits come month by month. Refused where the account is on a paid plan, so a repeat changes nothing.
    pub async fn assign(
        &self,
        by: &Actor,
        account: AccountId,
        plan: &Assignment,
        note: &str,
    ) -> Result<SubscriptionView> {
        let note = identity::note(note)?;
        let (catalog, now) = (self.catalog.view().await?, self.db.now());
        let wrong = |field, problem, message: &str| Refusal::unprocessable(field, problem, message);
        if catalog.plan(&plan.plan).is_none() {
            return Err(wrong("plan", Problem::Unknown, "There is no such plan.").into());
        }
        if !(1..=MONTHS_MAX).contains(&plan.months) {
            return Err(wrong("months", Problem::NotAllowed, "A plan is assigned for 1 to 60 months.").into());
        }
        if plan.price.minor() <= 0 || !plan.credits.is_positive() {
            return Err(wrong("price", Problem::TooSmall, "Price and credits are more than zero.").into());
        }
        let found = self.subscription(account).await?;
        let found =
            found.ok_or_else(|| wrong("account", Problem::NotAllowed, "This account has no plan to change."))?;
        if found.is_paid_and_live() {
            return Err(taken().into());
        }
        let terms = Terms { interval: Interval::Month, price: plan.price, credits: plan.credits };
        let of = Subscription {
            id: SubscriptionId::new(),
            plan: plan.plan.clone(),
            terms: Some(terms),
            credits: terms.credits,
            anchor: now,
            anchor_month: 0,
            dates: dates(&catalog),
            status: SubscriptionStatus::Active,
            months_paid: plan.months,
            months_granted: 1,
            paid_by: None,
            paid_from: 0,
            paid_price: Some(terms.price),
            ..found
        };
        let paid_until = Calendar::of(&of).after(&of, plan.months).ok_or_else(beyond)?;
        let month = Month::of(&catalog, &of, 0, None, now)?;
        let audit = NewAudit {
            actor: by.clone(),
            action: "subscription.assigned".to_owned(),
            subject: format!("account {account}"),
            before: json!({ "plan": found.plan }),
            after: json!({ "note": note, "plan": plan.plan, "months": plan.months, "price": plan.price,
                           "credits": plan.credits.to_string(), "until": paid_until }),
        };
        let (submission, by) = (month.submission(), by.name().to_owned());
        let (months, plans) = (plan.months, self.clone());
        let hook = Assigned { of, terms, month, months, paid_until, by, audit, plans, now };
        match self.ledger.submit_with(submission, hook).await {
            Ok(_) => {}
            Err(HookError::Refused(_)) => return Err(taken().into()),
            Err(HookError::Failed(error)) => return Err(error),
        }
        self.paid_plan(account).await?.ok_or_else(|| Refusal::VersionConflict.into())
    }

    /// Ends the paid plan of an account at once: it goes down to the plan that costs nothing; the credits that came stay.
    /// Nothing is given back by this.
    pub async fn end_now(&self, by: &Actor, account: AccountId, note: &str) -> Result<()> {
        let note = identity::note(note)?;
        let of = self.subscription(account).await?.filter(Subscription::is_paid_and_live).ok_or_else(|| {
            Refusal::unprocessable("account", Problem::NotAllowed, "This account is on no paid plan.")
        })?;
        let mut tx = self.db.begin().await?;
        if !self.end_in_tx(&mut tx, &of).await? {
            return Err(Refusal::VersionConflict.into());
        }
        let audit = NewAudit {
            actor: by.clone(),
            action: "subscription.ended".to_owned(),
            subject: format!("account {account}"),
            before: json!({ "plan": of.plan, "subscription": of.id, "paid_until": of.expires_at }),
            after: json!({ "note": note }),
        };
        identity::audit_in_tx(&mut tx, &audit, self.db.now()).await?;
        self.note_in_tx(&mut tx, &of, PlanStep::EndedByStaff).await?;
        Ok(tx.commit().await?)
    }
}

fn taken() -> Refusal {
    let message = "This account is on a paid plan. End that one first.";
    Refusal::unprocessable("account", Problem::Taken, message)
}
