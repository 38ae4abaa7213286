//! Billing dates: pure arithmetic, always from the original anchor, in the account's time zone.
//!
//! The n-th date after an anchor is the anchor's day n months later, or that month's last day where the month is
//! shorter: 31 Jan, 28 (or 29) Feb, 31 Mar. It is never counted from the date before, so it never drifts.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use crate::catalog::BillingDates;
use crate::time_zone::instant;

/// One cycle: from an instant (included) to another (excluded), where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    /// Which cycle it is, from 0.
    pub index: u32,
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

/// Gives the n-th billing date after an anchor; `None` beyond the calendar.
pub(crate) fn billing_date<Z: TimeZone>(
    anchor: DateTime<Utc>,
    zone: &Z,
    dates: BillingDates,
    months: u32,
) -> Option<DateTime<Utc>> {
    if months == 0 {
        return Some(anchor);
    }
    let local = anchor.with_timezone(zone).naive_local();
    let date = match dates {
        BillingDates::Anniversary => local.checked_add_months(Months::new(months))?,
        BillingDates::CalendarMonth => {
            let first = NaiveDate::from_ymd_opt(local.year(), local.month(), 1)?;
            first.checked_add_months(Months::new(months))?.and_hms_opt(0, 0, 0)?
        }
    };
    instant(zone, date)
}

/// Gives the cycle with an index, of cycles that are `every` months long (1, or 12 for a yearly plan).
pub(crate) fn period<Z: TimeZone>(
    anchor: DateTime<Utc>,
    zone: &Z,
    dates: BillingDates,
    every: u32,
    index: u32,
) -> Option<Period> {
    let start = billing_date(anchor, zone, dates, index.checked_mul(every)?)?;
    let end = billing_date(anchor, zone, dates, index.checked_add(1)?.checked_mul(every)?)?;
    Some(Period { index, start, end })
}

/// Finds the cycle that holds an instant; `None` before the anchor and beyond the calendar.
pub(crate) fn period_at<Z: TimeZone>(
    anchor: DateTime<Utc>,
    zone: &Z,
    dates: BillingDates,
    every: u32,
    at: DateTime<Utc>,
) -> Option<Period> {
    if at < anchor || every == 0 {
        return None;
    }
    let (from, to) = (anchor.with_timezone(zone).naive_local(), at.with_timezone(zone).naive_local());
    let months = |date: NaiveDateTime| i64::from(date.year()).checked_mul(12)?.checked_add(i64::from(date.month()));
    let passed = u32::try_from(months(to)?.checked_sub(months(from)?)?).unwrap_or(0);
    // The months between tell the cycle but for one more or less.
    let guess = passed.checked_div(every)?;
    (guess.saturating_sub(1)..=guess.saturating_add(1))
        .filter_map(|index| period(anchor, zone, dates, every, index))
        .find(|period| period.start <= at && at < period.end)
}

/// Gives the end of the day on which credits expire that last a number of months (rollover).
pub(crate) fn expiry_after<Z: TimeZone>(granted: DateTime<Utc>, zone: &Z, months: u32) -> Option<DateTime<Utc>> {
    let local = granted.with_timezone(zone).naive_local().checked_add_months(Months::new(months))?;
    let next_day = local.date().checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0)?;
    instant(zone, next_day)
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;
    use crate::time_zone::ZONES;
    use chrono::TimeDelta;
    use chrono_tz::Tz;
    use proptest::prelude::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_last_of_january_stays_the_last_day() {
        let anchor = utc("2027-01-31T10:00:00Z");
        let dates: Vec<_> = (0..5)
            .filter_map(|months| billing_date(anchor, &Utc, BillingDates::Anniversary, months))
            .map(|date| date.format("%m-%d").to_string())
            .collect();
        assert_eq!(dates, ["01-31", "02-28", "03-31", "04-30", "05-31"]);
        let leap = billing_date(utc("2028-01-31T10:00:00Z"), &Utc, BillingDates::Anniversary, 1);
        assert_eq!(leap, Some(utc("2028-02-29T10:00:00Z")));
    }

    #[test]
    fn a_calendar_month_ends_at_local_midnight() {
        let zone = Tz::Europe__Moscow;
        let first = period(utc("2026-11-21T08:00:00Z"), &zone, BillingDates::CalendarMonth, 1, 0);
        assert_eq!(first.map(|period| period.end), Some(utc("2026-11-30T21:00:00Z")));
    }

    #[test]
    fn a_day_that_is_left_out_and_an_hour_that_comes_twice() {
        // Samoa had no 30 December 2011.
        let samoa = billing_date(utc("2011-11-30T20:00:00Z"), &Tz::Pacific__Apia, BillingDates::Anniversary, 1);
        assert_eq!(samoa, Some(utc("2011-12-30T10:00:00Z")));
        let new_york = billing_date(utc("2026-10-01T05:30:00Z"), &Tz::America__New_York, BillingDates::Anniversary, 1);
        assert_eq!(new_york, Some(utc("2026-11-01T05:30:00Z")), "the first 01:30 of the two");
    }

    proptest! {
        #[test]
        fn cycles_follow_each_other_without_gap_and_keep_the_day(
            zone in 0_usize..ZONES.len(), year in 1971_i32..2090, month in 1_u32..=12, day in 1_u32..=31,
            hour in 0_u32..24, yearly in any::<bool>(), calendar in any::<bool>(),
        ) {
            let zone = ZONES[zone];
            let Some(date) = NaiveDate::from_ymd_opt(year, month, day).and_then(|date| date.and_hms_opt(hour, 30, 0))
            else { return Ok(()) };
            let Some(anchor) = instant(&zone, date) else { return Ok(()) };
            let dates = if calendar { BillingDates::CalendarMonth } else { BillingDates::Anniversary };
            let every = if yearly { 12 } else { 1 };
            let count = if yearly { 10 } else { 120 };
            let mut before = anchor;
            for index in 0..count {
                let period = period(anchor, &zone, dates, every, index).expect("in the calendar");
                prop_assert_eq!(period.start, before);
                prop_assert!(period.end > period.start);
                if !calendar {
                    let wanted = date.checked_add_months(Months::new(every * index)).expect("in the calendar");
                    let local = period.start.with_timezone(&zone).naive_local();
                    // A time that the clocks leave out is the only reason for another one.
                    let is_left_out = zone.from_local_datetime(&wanted).earliest().is_none();
                    prop_assert!(local == wanted || is_left_out, "{} in place of {}", local, wanted);
                    let last = (28..=31).rev().find(|day| wanted.with_day(*day).is_some()).expect("a last day");
                    prop_assert_eq!(wanted.day(), date.day().min(last));
                }
                let long = (period.end - period.start).num_days();
                prop_assert!(long <= if yearly { 366 } else { 31 }, "{} days", long);
                before = period.end;
                for at in [period.start, period.end - TimeDelta::seconds(1)] {
                    prop_assert_eq!(period_at(anchor, &zone, dates, every, at), Some(period));
                }
            }
        }
    }
}
