//! Which month of a wallet runs, what it costs, and what of it is charged: pure.
//!
//! A month is the calendar's, in the account's time zone. A gauge's value counts from its second until the next gauge's.
//! The values are summed by the second; what is included counts for the whole month, so that much on one day and little on
//! another is as good as the same all the time. What is above it costs its share of the price of a month, rounded up to
//! the catalog's step once, for each item.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};

use super::model::{MeteredWallet, Quantity, THOUSANDTHS, Terms};
use crate::money::Credits;
use crate::time_zone::instant;

/// So many minutes after its end a month is closed: gauges that were on their way still count.
pub(crate) const LATE_MINUTES: i64 = 60;
/// So many seconds a gauge may be ahead of our clock.
pub(crate) const AHEAD_SECONDS: i64 = 60;
/// The most that an item may come to in a month: 1e12 credits, as much as a wallet can hold.
pub(crate) const COST_MAX: Credits = Credits::from_micros(1_000_000_000_000_000_000);

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing before then.
    Wait(DateTime<Utc>),
    /// The running month is over.
    Close,
}

/// What becomes of what is due when a month is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// What is charged.
    pub(crate) charged: Credits,
    /// What goes over to the next month.
    pub(crate) carried: Credits,
}

/// Gives the month that runs for a wallet of which nothing was measured before; `None` beyond the calendar. The one
/// before still runs as long as it would not have been closed.
pub(crate) fn first_month<Z: TimeZone>(now: DateTime<Utc>, zone: &Z) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let at = now.checked_sub_signed(TimeDelta::minutes(LATE_MINUTES))?;
    let local = at.with_timezone(zone).naive_local().date();
    let starts_at = instant(zone, local.with_day(1)?.and_time(NaiveTime::MIN))?;
    Some((starts_at, month_end(starts_at, zone)?))
}

/// Gives the end of the month that begins at an instant: the first day of the next calendar month. Where the account has
/// moved to another zone meanwhile, it is some hours longer or shorter; `None` beyond the calendar.
pub(crate) fn month_end<Z: TimeZone>(starts_at: DateTime<Utc>, zone: &Z) -> Option<DateTime<Utc>> {
    // Zones are at most 26 hours apart: two days later it is that month everywhere.
    let inside = starts_at.with_timezone(zone).naive_local().date().checked_add_days(Days::new(2))?;
    let first = NaiveDate::from_ymd_opt(inside.year(), inside.month(), 1)?;
    instant(zone, first.checked_add_months(Months::new(1))?.and_time(NaiveTime::MIN))
}

/// Tells when a month is closed.
pub(crate) fn closes_at(ends_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    ends_at.checked_add_signed(TimeDelta::minutes(LATE_MINUTES))
}

/// Says what is due of a wallet; `None` beyond the calendar.
pub(crate) fn due(of: &MeteredWallet, now: DateTime<Utc>) -> Option<Due> {
    let closes_at = closes_at(of.ends_at)?;
    Some(if now < closes_at { Due::Wait(closes_at) } else { Due::Close })
}

/// Prices what was used of an item in `seconds` of a month that has `of_month`, rounded up to a step; `None` on
/// overflow.
pub(crate) fn cost(terms: &Terms, used: i64, (seconds, of_month): (i64, i64), step: Credits) -> Option<Credits> {
    let included = i128::from(terms.included).checked_mul(i128::from(THOUSANDTHS))?.checked_mul(i128::from(seconds))?;
    let above = i128::from(used).checked_sub(included)?;
    if above <= 0 || !terms.credits.is_positive() {
        return Some(Credits::ZERO);
    }
    let step = i128::from(step.micros().max(1));
    let price = above.checked_mul(i128::from(terms.credits.micros()))?;
    let per_step = i128::from(THOUSANDTHS).checked_mul(i128::from(of_month))?.checked_mul(step)?;
    let rest = i128::from(price.checked_rem(per_step)? != 0);
    let steps = price.checked_div(per_step)?.checked_add(rest)?;
    Some(Credits::from_micros(i64::try_from(steps.checked_mul(step)?).ok()?))
}

/// Gives what is used of a value in so many seconds more.
pub(crate) fn used_with(used: i64, value: Quantity, seconds: i64) -> Option<i64> {
    used.checked_add(value.thousandths().checked_mul(seconds)?)
}

/// Says whether a whole month of a value costs more than can be charged.
pub(crate) fn is_too_dear(terms: &Terms, value: Quantity) -> bool {
    let price = i128::from(value.thousandths()).checked_mul(i128::from(terms.credits.micros()));
    let most = i128::from(COST_MAX.micros()).checked_mul(i128::from(THOUSANDTHS));
    price.zip(most).is_none_or(|(price, most)| price > most)
}

/// Splits what is due by what a wallet can pay.
pub(crate) fn split(due: Credits, available: Credits) -> Option<Split> {
    let charged = due.min(available).max(Credits::ZERO);
    Some(Split { charged, carried: due.checked_sub(charged)? })
}

#[cfg(all(test, feature = "postgres"))]
mod tests;
