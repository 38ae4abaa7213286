//! What a subscription is due, as of an instant: pure, one step at a time.
//!
//! The renewal job asks, does the one step, and asks again until nothing is due. Every step is idempotent under the key
//! of its month, so a job that dies between two steps, or two jobs at once, end where one would have ended.
//!
//! Months are counted from the anchor (see [`super::period`]). A payment pays one month or twelve; credits come month
//! by month. Time that passes while no job runs is nobody's fault but ours: months that were paid are all granted and
//! last as long as if they came today. After more than [`LATE_DAYS`] of it, dates are counted anew from where the card
//! is charged: time that passed is not charged afterwards, and nobody pays a whole month for the rest of one.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::period::{Period, billing_date, expiry_after, period, period_at};
use super::subscription::{Subscription, SubscriptionStatus};
use crate::catalog::{BillingDates, Expiry};

/// After the first decline, the card is charged again on these days.
pub(crate) const RETRY_DAYS: [i64; 4] = [1, 3, 5, 7];

/// So many days after the date on which it should have been charged, a card pays for a month that begins then.
pub(crate) const LATE_DAYS: i64 = 3;
/// Where months are the calendar's, a month that begins so late has at least so many days; else it is the next one.
const REST_DAYS: i64 = 15;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing before then; `None`: nothing at all.
    Wait(Option<DateTime<Utc>>),
    /// The credits of a month.
    Grant {
        /// The month, from 0.
        month: u32,
    },
    /// Dates are counted anew: the next month that is paid begins then.
    Move {
        /// The new anchor.
        to: DateTime<Utc>,
    },
    /// The money for the months from one on.
    Charge {
        /// The first month, from 0.
        month: u32,
        /// Which try, from 0; each has a key of its own.
        attempt: u32,
    },
    /// The plan is over.
    End(EndReason),
}

/// Why a plan is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// Its owner wanted it, or its time was set.
    Cancelled,
    /// The card was declined each time.
    Unpaid,
}

/// What is done after a saved method was declined without its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterDecline {
    /// It is charged again later.
    Retry,
    /// Only its owner can pay; it is never charged again for this order.
    AskOwner,
    /// The method is of no use any more: it is removed, and another one is asked for.
    DropMethod,
}

/// Where and how a subscription's dates are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar<Z> {
    /// The time zone.
    pub zone: Z,
    /// How billing dates run.
    pub dates: BillingDates,
}

#[cfg(feature = "postgres")]
impl Calendar<chrono_tz::Tz> {
    /// Gives the calendar of a subscription.
    #[must_use]
    pub(crate) fn of(subscription: &Subscription) -> Self {
        Self { zone: crate::time_zone::named(&subscription.time_zone), dates: subscription.dates }
    }
}

impl<Z: TimeZone> Calendar<Z> {
    /// Gives a month of a subscription; `None` beyond the calendar, and for months before the anchor.
    #[must_use]
    pub(crate) fn month(&self, subscription: &Subscription, month: u32) -> Option<Period> {
        let place = month.checked_sub(subscription.anchor_month)?;
        let found = period(subscription.anchor, &self.zone, self.dates, 1, place)?;
        Some(Period { index: month, ..found })
    }

    /// Gives the month that holds an instant.
    #[must_use]
    pub(crate) fn month_at(&self, subscription: &Subscription, at: DateTime<Utc>) -> Option<Period> {
        let found = period_at(subscription.anchor, &self.zone, self.dates, 1, at)?;
        Some(Period { index: found.index.checked_add(subscription.anchor_month)?, ..found })
    }

    /// Gives the instant at which so many months are over; `None` before the anchor.
    #[must_use]
    pub(crate) fn after(&self, subscription: &Subscription, months: u32) -> Option<DateTime<Utc>> {
        let months = months.checked_sub(subscription.anchor_month)?;
        billing_date(subscription.anchor, &self.zone, self.dates, months)
    }

    /// Gives the end of the first payment's time, were a plan paid at an instant.
    #[must_use]
    pub(crate) fn first_end(&self, at: DateTime<Utc>, months: u32) -> Option<DateTime<Utc>> {
        billing_date(at, &self.zone, self.dates, months)
    }

    /// Says what is due.
    #[must_use]
    pub(crate) fn due(&self, subscription: &Subscription, now: DateTime<Utc>) -> Due {
        let due = match (subscription.status, &subscription.terms) {
            (SubscriptionStatus::Cancelled, _) => None,
            (_, None) => self.due_free(subscription, now),
            (_, Some(_)) => self.due_paid(subscription, now),
        };
        due.unwrap_or(Due::Wait(None))
    }

    /// A plan that costs nothing brings the credits of the month of now, and of no month that passed without them.
    fn due_free(&self, subscription: &Subscription, now: DateTime<Utc>) -> Option<Due> {
        let end = subscription.expires_at;
        if end.is_some_and(|end| end <= now) {
            return Some(Due::End(EndReason::Cancelled));
        }
        if !subscription.credits.is_positive() {
            return Some(Due::Wait(end));
        }
        if now < subscription.anchor {
            return Some(Due::Wait(Some(subscription.anchor)));
        }
        let month = self.month_at(subscription, now)?;
        if subscription.months_granted <= month.index {
            return Some(Due::Grant { month: month.index });
        }
        Some(Due::Wait(Some(end.map_or(month.end, |end| end.min(month.end)))))
    }

    fn due_paid(&self, subscription: &Subscription, now: DateTime<Utc>) -> Option<Due> {
        let paid_until = self.after(subscription, subscription.months_paid)?;
        if subscription.months_granted < subscription.months_paid {
            let starts = self.after(subscription, subscription.months_granted)?;
            return Some(match starts <= now {
                true => Due::Grant { month: subscription.months_granted },
                false => Due::Wait(Some(starts)),
            });
        }
        if now < paid_until {
            return Some(Due::Wait(Some(paid_until)));
        }
        if subscription.cancel_at_end {
            return Some(Due::End(EndReason::Cancelled));
        }
        let day = match (subscription.status, subscription.next_try_at) {
            (SubscriptionStatus::PastDue, None) => return Some(Due::End(EndReason::Unpaid)),
            (SubscriptionStatus::PastDue, Some(at)) if now < at => return Some(Due::Wait(Some(at))),
            (SubscriptionStatus::PastDue, Some(_)) if subscription.awaits_owner => {
                return Some(Due::End(EndReason::Unpaid));
            }
            (SubscriptionStatus::PastDue, Some(at)) => at.max(paid_until),
            _ => paid_until,
        };
        if now.signed_duration_since(day) > TimeDelta::days(LATE_DAYS) {
            return Some(Due::Move { to: self.begin(now)? });
        }
        Some(Due::Charge { month: subscription.months_paid, attempt: subscription.failures })
    }

    /// Gives the instant at which a month begins whose day has passed through us: now, or on the calendar's next first
    /// day where hardly anything is left before it.
    #[must_use]
    pub(crate) fn begin(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.dates == BillingDates::Anniversary {
            return Some(now);
        }
        let next = billing_date(now, &self.zone, self.dates, 1)?;
        Some(if next.signed_duration_since(now) < TimeDelta::days(REST_DAYS) { next } else { now })
    }

    /// Gives the end of a month's credits by the catalog's rule; `None`: they don't end.
    #[must_use]
    pub(crate) fn expiry(
        &self,
        subscription: &Subscription,
        month: &Period,
        rule: Expiry,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        match rule {
            Expiry::Never | Expiry::NeverWhileActive => None,
            Expiry::PeriodEnd if now < month.end => Some(month.end),
            Expiry::PeriodEnd => self.month_at(subscription, now).map(|current| current.end),
            Expiry::Months(months) => {
                let months = u32::from(months);
                expiry_after(month.start, &self.zone, months)
                    .filter(|at| now < month.end && *at > now)
                    .or_else(|| expiry_after(now, &self.zone, months))
            }
        }
    }
}

/// Gives the next day on which a declined card is charged again; `None` after the last one. After a long silence of
/// ours the days that passed are left out: the card is not charged several times at once.
#[must_use]
pub(crate) fn next_try(failing_since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    RETRY_DAYS
        .into_iter()
        .filter_map(|days| failing_since.checked_add_signed(TimeDelta::days(days)))
        .find(|at| *at > now)
}

/// Gives the day on which a plan ends whose owner alone can pay: the day of the last try.
#[must_use]
pub(crate) fn last_day(failing_since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    failing_since.checked_add_signed(TimeDelta::days(RETRY_DAYS.into_iter().max().unwrap_or_default()))
}

#[cfg(all(test, feature = "postgres"))]
pub(crate) mod tests;
