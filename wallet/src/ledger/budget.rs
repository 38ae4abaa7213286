//! Ceilings: how much a key, an environment, an end customer or a project may spend in a day, week or month.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::{Core, Stop, Subject};
use crate::error::Refusal;
use crate::money::Credits;

/// What a ceiling counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "scope", content = "subject", rename_all = "snake_case")]
pub enum BudgetScope {
    /// Everything of a project, in all its environments.
    Project,
    /// Everything of one environment: one wallet.
    Environment,
    /// What one API key spends.
    Key(Uuid),
    /// What is spent for one end customer (`metadata.customer_id`).
    Customer(String),
}

/// How often a ceiling starts anew, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// At midnight.
    Day,
    /// On Monday.
    Week,
    /// On the first.
    Month,
}

/// One ceiling and what has been spent under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Its id.
    pub id: Uuid,
    /// What people see, and what a 402 names.
    pub name: String,
    /// What it counts.
    pub scope: BudgetScope,
    /// How often it starts anew.
    pub period: BudgetPeriod,
    /// How much.
    pub ceiling: Credits,
    /// The start of the period that `spent` belongs to.
    pub window: DateTime<Utc>,
    /// What has been spent in it.
    pub spent: Credits,
}

impl BudgetPeriod {
    /// Gives the start of the period around a moment.
    #[must_use]
    pub fn start(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let day = now.date_naive();
        let back = match self {
            Self::Day => 0,
            Self::Week => day.weekday().num_days_from_monday(),
            Self::Month => day.day0(),
        };
        let day = day.checked_sub_signed(TimeDelta::days(i64::from(back))).unwrap_or(day);
        day.and_time(NaiveTime::MIN).and_utc()
    }

    /// Gives the number in storage.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Day => 1,
            Self::Week => 2,
            Self::Month => 3,
        }
    }

    /// Takes the number from storage.
    #[must_use]
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Day),
            2 => Some(Self::Week),
            3 => Some(Self::Month),
            _ => None,
        }
    }
}

impl Budget {
    /// Says whether a spending on behalf of `subject` counts.
    fn counts(&self, subject: &Subject) -> bool {
        match &self.scope {
            BudgetScope::Project | BudgetScope::Environment => true,
            BudgetScope::Key(key) => subject.key == Some(*key),
            BudgetScope::Customer(customer) => subject.customer.as_ref() == Some(customer),
        }
    }

    /// Tells what has been spent in the period around `now`.
    #[must_use]
    pub fn spent_at(&self, now: DateTime<Utc>) -> Credits {
        if self.window == self.period.start(now) { self.spent } else { Credits::ZERO }
    }
}

/// Counts a spending under every ceiling that it falls under, or refuses by the first that is too low.
pub(super) fn spend(core: &mut Core, subject: &Subject, amount: Credits, now: DateTime<Utc>) -> Result<(), Stop> {
    for budget in core.budgets.iter_mut().filter(|budget| budget.counts(subject)) {
        let spent = budget.spent_at(now);
        let after = spent.checked_add(amount).filter(|after| *after <= budget.ceiling);
        let Some(after) = after else {
            let left = budget.ceiling.checked_sub(spent).unwrap_or(Credits::ZERO).max(Credits::ZERO);
            let ceiling = Some(budget.name.clone());
            return Err(Refusal::OutOfCredits { needed: amount, available: left, ceiling }.into());
        };
        budget.window = budget.period.start(now);
        budget.spent = after;
    }
    Ok(())
}

/// Takes back what was counted at `spent_at` and was not spent in the end; a period that is over stays as it is.
pub(super) fn unspend(core: &mut Core, subject: &Subject, amount: Credits, spent_at: DateTime<Utc>) {
    for budget in core.budgets.iter_mut().filter(|budget| budget.counts(subject)) {
        if budget.window == budget.period.start(spent_at) {
            budget.spent = budget.spent.checked_sub(amount).unwrap_or(Credits::ZERO).max(Credits::ZERO);
        }
    }
}
