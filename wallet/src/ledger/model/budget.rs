//! Budgets: how much a key, an environment, an end customer or a project may spend in a day, week or month.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AccountId, WalletId};
use crate::ledger::model::wallet_state::Subject;
use crate::money::Credits;
use crate::time_zone::instant;

/// What a budget counts.
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

/// How often a budget starts anew, in the account's time zone.
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

/// A day, a week or a month: from an instant (included) to another (excluded), where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

impl Window {
    /// Takes a period from storage; one without an end is over.
    #[cfg(feature = "postgres")]
    pub(in crate::ledger) fn stored(start: DateTime<Utc>, end: Option<DateTime<Utc>>) -> Self {
        Self { start, end: end.unwrap_or(start) }
    }

    /// Gives the end for storage.
    #[cfg(feature = "postgres")]
    pub(in crate::ledger) fn stored_end(&self) -> Option<DateTime<Utc>> {
        (self.end > self.start).then_some(self.end)
    }

    /// Says whether an instant lies in it.
    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
    }
}

/// One budget and what has been spent under it.
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
    /// The period that `spent` belongs to.
    pub window: Window,
    /// What has been spent in it.
    pub spent: Credits,
}

/// A budget to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBudget {
    /// What people see, and what a 402 names.
    pub name: String,
    /// What it counts.
    pub scope: BudgetScope,
    /// How often it starts anew.
    pub period: BudgetPeriod,
    /// How much.
    pub ceiling: Credits,
}

/// A wallet whose spending waits for its owner, who has not been asked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// The wallet.
    pub wallet: WalletId,
    /// Whose it is.
    pub account: AccountId,
    /// When the owner was last seen to want it.
    pub active_at: DateTime<Utc>,
}

impl BudgetPeriod {
    /// Gives the period around a moment, in a time zone.
    #[must_use]
    pub fn window<Z: TimeZone>(self, at: DateTime<Utc>, zone: &Z) -> Window {
        let today = at.with_timezone(zone).date_naive();
        // Where the clocks go back over midnight, an instant of the old day lies in the new one's period.
        let days = [Some(today), today.succ_opt()];
        let windows = days.into_iter().flatten().filter_map(|day| self.around(day, zone));
        windows.into_iter().find(|window| window.contains(at)).unwrap_or(Window { start: at, end: at })
    }

    /// Gives the period that a day lies in.
    fn around<Z: TimeZone>(self, day: NaiveDate, zone: &Z) -> Option<Window> {
        let (first, next) = match self {
            Self::Day => (day, day.succ_opt()?),
            Self::Week => {
                let monday = day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))?;
                (monday, monday.checked_add_days(Days::new(7))?)
            }
            Self::Month => {
                let first = day.with_day(1)?;
                (first, first.checked_add_months(Months::new(1))?)
            }
        };
        let begins = |day: NaiveDate| instant(zone, day.and_time(NaiveTime::MIN));
        Some(Window { start: begins(first)?, end: begins(next)? })
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
    pub(crate) const fn from_code(code: i16) -> Option<Self> {
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
    pub(crate) fn counts(&self, subject: &Subject) -> bool {
        match &self.scope {
            BudgetScope::Project | BudgetScope::Environment => true,
            BudgetScope::Key(key) => subject.key == Some(*key),
            BudgetScope::Customer(customer) => subject.customer.as_ref() == Some(customer),
        }
    }

    /// Moves on to the period around a moment: what was spent in an earlier one counts no more. Whoever reads a
    /// budget does this, so that decisions need no calendar.
    ///
    /// A period that has begun ends when it was to end: another time zone counts from the next one on.
    #[doc(hidden)]
    #[must_use]
    pub fn into_period<Z: TimeZone>(self, at: DateTime<Utc>, zone: &Z) -> Self {
        if self.window.contains(at) {
            return self;
        }
        let window = self.period.window(at, zone);
        let spent = if window.contains(self.window.start) { self.spent } else { Credits::ZERO };
        Self { window, spent, ..self }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;
    use crate::time_zone::ZONES;
    use chrono_tz::Tz;
    use proptest::prelude::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn periods_begin_at_local_midnight() {
        let at = utc("2026-11-30T22:30:00Z");
        let month = BudgetPeriod::Month.window(at, &Tz::Europe__Moscow);
        assert_eq!((month.start, month.end), (utc("2026-11-30T21:00:00Z"), utc("2026-12-31T21:00:00Z")));
        assert_eq!(BudgetPeriod::Month.window(at, &Utc).start, utc("2026-11-01T00:00:00Z"));
        // A Tuesday in Moscow, still Monday in New York.
        let week = BudgetPeriod::Week.window(at, &Tz::America__New_York);
        assert_eq!(week.start, utc("2026-11-30T05:00:00Z"));
        // The day on which New York's clocks go back has 25 hours.
        let long = BudgetPeriod::Day.window(utc("2026-11-01T12:00:00Z"), &Tz::America__New_York);
        assert_eq!((long.end - long.start).num_hours(), 25);
        // Samoa had no 30 December 2011.
        let day = BudgetPeriod::Day.window(utc("2011-12-30T09:59:59Z"), &Tz::Pacific__Apia);
        assert_eq!(day.end, utc("2011-12-30T10:00:00Z"));
    }

    fn spent_in(window: Window) -> Budget {
        Budget {
            id: Uuid::nil(),
            name: "Month".to_owned(),
            scope: BudgetScope::Environment,
            period: BudgetPeriod::Month,
            ceiling: Credits::ONE,
            window,
            spent: Credits::ONE,
        }
    }

    #[test]
    fn a_period_that_has_begun_ends_as_it_was_to_end() {
        let moscow = BudgetPeriod::Month.window(utc("2026-11-15T12:00:00Z"), &Tz::Europe__Moscow);
        let same = spent_in(moscow).into_period(utc("2026-11-30T20:59:59Z"), &Utc);
        assert_eq!((same.window, same.spent), (moscow, Credits::ONE));
        // The next one is of the new zone.
        let next = spent_in(moscow).into_period(utc("2026-12-01T00:00:00Z"), &Utc);
        assert_eq!((next.window.start, next.spent), (utc("2026-12-01T00:00:00Z"), Credits::ZERO));
    }

    proptest! {
        #[test]
        fn every_instant_lies_in_one_period_and_periods_follow_each_other(
            zone in 0_usize..ZONES.len(), period in 1_i16..=3, seconds in 0_i64..4_000_000_000,
        ) {
            let (zone, period) = (ZONES[zone], BudgetPeriod::from_code(period).expect("a period"));
            let at = DateTime::from_timestamp(seconds, 0).expect("an instant");
            let window = period.window(at, &zone);
            prop_assert!(window.contains(at), "{:?} is not in {:?}", at, window);
            prop_assert_eq!(period.window(window.start, &zone), window);
            let next = period.window(window.end, &zone);
            prop_assert_eq!(next.start, window.end);
            let hours = (window.end - window.start).num_hours();
            let (least, most) = match period {
                BudgetPeriod::Day => (22, 26),
                BudgetPeriod::Week => (6 * 24 - 2, 7 * 24 + 2),
                BudgetPeriod::Month => (27 * 24, 31 * 24 + 2),
            };
            prop_assert!((least..=most).contains(&hours), "{} hours", hours);
        }
    }
}
