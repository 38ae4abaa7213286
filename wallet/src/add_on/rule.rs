//! What is due of an add-on, as of an instant: pure, one step at a time.
//!
//! An add-on costs a set number of credits a month (source 004), whole from the first month on: it is deducted at once
//! when it is switched on, and then on the same day of each month, counted from the first (31 Jan, 28 Feb, 31 Mar) in
//! the account's time zone. No part of a month is ever charged, so none is given back: who switches it off keeps it
//! until the month ends. Time in which it was paused costs nothing: the month begins when it resumes.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::model::{AddOnSubscription, StoredState};
use crate::catalog::BillingDates;
use crate::plan::due::LATE_DAYS;
use crate::plan::period::billing_date;

/// For so many hours an add-on stays on whose credits are on their way.
const COMING_HOURS: i64 = 24;
/// When it is looked at again meanwhile, in seconds.
const COMING_SECONDS: i64 = 5;

/// One month of an add-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Month {
    /// Which one, from 0.
    pub(crate) index: u32,
    /// Its first instant.
    pub(crate) starts_at: DateTime<Utc>,
    /// The first instant after it.
    pub(crate) ends_at: DateTime<Utc>,
    /// Where dates are counted from with this month, and which month begins there.
    pub(crate) anchor: (DateTime<Utc>, u32),
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing before then.
    Wait(DateTime<Utc>),
    /// The credits of a month.
    Deduct(Month),
    /// It is over.
    End,
    /// It was over before.
    Nothing,
}

/// What is done about a month for which there are too few credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    /// It stays on until then: credits are on their way.
    Wait(DateTime<Utc>),
    /// It pauses.
    Pause,
}

/// Gives a month that begins at an instant, from which the later ones are counted; `None` beyond the calendar.
pub(crate) fn month_from<Z: TimeZone>(start: DateTime<Utc>, zone: &Z, index: u32) -> Option<Month> {
    let ends_at = billing_date(start, zone, BillingDates::Anniversary, 1)?;
    Some(Month { index, starts_at: start, ends_at, anchor: (start, index) })
}

/// Says what is due; `None` beyond the calendar.
pub(crate) fn due<Z: TimeZone>(of: &AddOnSubscription, zone: &Z, now: DateTime<Utc>) -> Option<Due> {
    match of.state {
        StoredState::Off => return Some(Due::Nothing),
        StoredState::Paused => return Some(Due::Deduct(month_from(now, zone, of.months)?)),
        StoredState::On => {}
    }
    if now < of.paid_until {
        return Some(Due::Wait(of.paid_until));
    }
    if of.cancel_at_end {
        return Some(Due::End);
    }
    // Days in which nobody looked are ours: they are not charged afterwards.
    if now.signed_duration_since(of.paid_until) > TimeDelta::days(LATE_DAYS) {
        return Some(Due::Deduct(month_from(now, zone, of.months)?));
    }
    let place = of.months.checked_sub(of.anchor_month)?.checked_add(1)?;
    let ends_at = billing_date(of.anchor, zone, BillingDates::Anniversary, place)?;
    let anchor = (of.anchor, of.anchor_month);
    Some(Due::Deduct(Month { index: of.months, starts_at: of.paid_until, ends_at, anchor }))
}

/// Says what is done where credits are too few: it waits for those that are on their way (a card that auto top-up
/// charges, a plan that renews), though not for longer than a day; else it pauses.
pub(crate) fn after_short(short_since: Option<DateTime<Utc>>, is_coming: bool, now: DateTime<Utc>) -> Short {
    let waited = now.signed_duration_since(short_since.unwrap_or(now));
    if is_coming && waited < TimeDelta::hours(COMING_HOURS) {
        return Short::Wait(now + TimeDelta::seconds(COMING_SECONDS));
    }
    Short::Pause
}

#[cfg(all(test, feature = "postgres"))]
mod tests;
