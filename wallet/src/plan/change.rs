//! A paid plan becomes another one: at once, for the difference of the days that are left, or with the next billing date.
//! Pure.
//!
//! Only a higher plan begins at once, and only where it costs more and brings more: its owner pays for the days that are
//! left, and gets the credits of the days that are left of the month. Everything else waits for the billing date, when the
//! next time is paid anyway. So no order of changes brings credits that nobody paid for.

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::due::Calendar;
use super::subscription::{Subscription, SubscriptionStatus, Terms};
use crate::error::{Problem, Refusal};
use crate::money::{Credits, Money};

/// A change is paid before the paid time or the month ends: so close to it none begins at once.
const LAST_MINUTES: i64 = 60;

/// Some days of a period, the day of now included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaysLeft {
    /// How many are left, at least 1.
    pub left: u32,
    /// How many there are.
    pub all: u32,
}

impl DaysLeft {
    /// Counts the days between two dates of which `today` is one; `None` where none is left.
    fn of(from: NaiveDate, to: NaiveDate, today: NaiveDate) -> Option<Self> {
        let days = |from: NaiveDate| u32::try_from(to.signed_duration_since(from).num_days()).ok();
        Some(Self { left: days(today.max(from))?, all: days(from)? }).filter(|days| days.left > 0)
    }

    /// Gives the share of a number that falls on the days that are left, rounded to the nearest, half away from zero.
    fn share(self, whole: i64) -> Option<i64> {
        let (left, all) = (i128::from(self.left), i128::from(self.all));
        let twice = i128::from(whole).checked_mul(left)?.checked_mul(2)?.checked_add(all)?;
        i64::try_from(twice.checked_div(all.checked_mul(2)?)?).ok()
    }

    /// Gives the same of an amount of credits, rounded down to a step.
    fn credits(self, whole: Credits, step: Credits) -> Option<Credits> {
        let share = i128::from(whole.micros()).checked_mul(i128::from(self.left))?.checked_div(i128::from(self.all))?;
        let step = i128::from(step.micros().max(1));
        let steps = share.checked_div(step)?.checked_mul(step)?;
        Some(Credits::from_micros(i64::try_from(steps).ok()?))
    }
}

/// What is paid and what comes when a plan becomes a higher one at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proration {
    /// The days of the paid time.
    pub paid: DaysLeft,
    /// The days of the month that runs.
    pub month: DaysLeft,
    /// The new plan's price for the days that are left.
    pub new_share: Money,
    /// The price of the plan until now for the same days, which is paid.
    pub old_share: Money,
    /// What is to be paid: the difference.
    pub due: Money,
    /// What comes at once.
    pub credits: Credits,
}

/// When a change begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStart {
    /// At once, for this.
    Now(Proration),
    /// With the next billing date; nothing is paid until then.
    NextBilling,
}

/// A change of a plan, with its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChange {
    /// The code of the plan until now.
    pub from_plan: String,
    /// What was agreed for it.
    pub from: Terms,
    /// The code of the plan that it becomes.
    pub plan: String,
    /// What is paid for that one from the next billing date on.
    pub terms: Terms,
    /// When it begins.
    pub start: ChangeStart,
    /// The next billing date.
    pub next_billing_at: DateTime<Utc>,
}

/// The plan that another one becomes.
pub(crate) struct ChangeTo<'a> {
    pub(crate) plan: &'a str,
    pub(crate) terms: Terms,
    /// Whether it ranks above the plan of now.
    pub(crate) is_higher: bool,
    /// Credits come in steps of so many.
    pub(crate) step: Credits,
}

/// Works out what a change of a paid plan costs and brings, or says why there can be none.
pub(crate) fn change<Z: TimeZone>(
    calendar: &Calendar<Z>,
    of: &Subscription,
    to: &ChangeTo<'_>,
    now: DateTime<Utc>,
) -> Result<PlanChange, Refusal> {
    let not_allowed = |message: &str| Refusal::unprocessable("plan", Problem::NotAllowed, message);
    let from = of.terms.filter(|_| of.is_paid_and_live());
    let from = from.ok_or_else(|| not_allowed("This account is on no paid plan any more."))?;
    if of.paid_by.is_none() {
        return Err(not_allowed("This plan was agreed with us. Write to us to change it."));
    }
    if of.cancel_at_end {
        return Err(not_allowed("This plan ends with the time that is paid. Resume it first."));
    }
    if of.status == SubscriptionStatus::PastDue {
        return Err(not_allowed("The last payment of this plan is due. Pay it first."));
    }
    if from.price.currency() != to.terms.price.currency() {
        let message = format!("This plan is paid in {}. Choose that currency.", from.price.currency());
        return Err(Refusal::unprocessable("currency", Problem::NotAllowed, message));
    }
    if of.plan == to.plan && from.interval == to.terms.interval {
        return Err(not_allowed("This is the plan of now."));
    }
    let billing = calendar.after(of, of.months_paid).filter(|date| *date > now).ok_or(Refusal::VersionConflict)?;
    let start = prorate(calendar, of, (&from, to), billing, now).map_or(ChangeStart::NextBilling, ChangeStart::Now);
    Ok(PlanChange {
        from_plan: of.plan.clone(),
        from,
        plan: to.plan.to_owned(),
        terms: to.terms,
        start,
        next_billing_at: billing,
    })
}

/// Works out the difference of a higher plan; `None` where it does not begin at once.
fn prorate<Z: TimeZone>(
    calendar: &Calendar<Z>,
    of: &Subscription,
    (from, to): (&Terms, &ChangeTo<'_>),
    billing: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Proration> {
    let is_more = to.terms.price.minor() > from.price.minor() && to.terms.credits > from.credits;
    if !to.is_higher || !is_more || to.terms.interval != from.interval {
        return None;
    }
    let month = calendar.month(of, of.months_granted.checked_sub(1)?)?;
    let last = now.checked_add_signed(TimeDelta::minutes(LAST_MINUTES))?;
    if last >= billing || last >= month.end || now < month.start {
        return None;
    }
    let date = |at: DateTime<Utc>| at.with_timezone(&calendar.zone).date_naive();
    let paid_from = calendar.after(of, of.paid_from.max(of.anchor_month))?;
    let paid = DaysLeft::of(date(paid_from), date(billing), date(now))?;
    let in_month = DaysLeft::of(date(month.start), date(month.end), date(now))?;
    let currency = from.price.currency();
    let (new, old) = (paid.share(to.terms.price.minor())?, paid.share(from.price.minor())?);
    let due = new.checked_sub(old).filter(|due| *due > 0)?;
    let credits = in_month.credits(to.terms.credits.checked_sub(from.credits)?, to.step)?;
    let [new_share, old_share, due] = [new, old, due].map(|minor| Money::from_minor(minor, currency));
    credits.is_positive().then_some(Proration { paid, month: in_month, new_share, old_share, due, credits })
}

#[cfg(all(test, feature = "postgres"))]
mod tests;
