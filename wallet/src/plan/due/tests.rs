//! A subscription's life in memory: every step that is due is done at once, and never twice.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::catalog::Interval;
use crate::id::{AccountId, SubscriptionId, WalletId};
use crate::money::{Credits, Currency, Money};
use crate::plan::subscription::Terms;
use crate::time_zone::ZONES;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(crate) fn at(anchor: DateTime<Utc>, interval: Interval) -> Subscription {
    let account = AccountId::new();
    let terms = Terms { interval, price: Money::from_minor(89_000, Currency::RUB), credits: Credits::ONE };
    Subscription {
        id: SubscriptionId::new(),
        account,
        wallet: WalletId::new(account),
        plan: "basic".into(),
        terms: Some(terms),
        credits: Credits::ONE,
        anchor,
        anchor_month: 0,
        time_zone: "UTC".into(),
        dates: BillingDates::Anniversary,
        status: SubscriptionStatus::Active,
        cancel_at_end: false,
        expires_at: None,
        months_paid: terms.months(),
        months_granted: 1,
        paid_by: None,
        paid_from: 0,
        paid_price: Some(terms.price),
        next: None,
        failures: 0,
        failing_since: None,
        next_try_at: None,
        method: None,
        awaits_owner: false,
        version: 0,
    }
}

/// What happened, by month: how often it was granted, and charged.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    granted: BTreeMap<u32, u32>,
    charged: Vec<(u32, u32, DateTime<Utc>)>,
    ended: Option<(EndReason, DateTime<Utc>)>,
}

/// Does everything that is due at an instant; the card pays, or doesn't.
fn run(calendar: &Calendar<Tz>, of: &mut Subscription, now: DateTime<Utc>, pays: bool, story: &mut Story) {
    for _ in 0..40 {
        match calendar.due(of, now) {
            Due::Wait(next) => {
                assert!(next.is_none_or(|next| next > now), "it waits for {next:?} at {now}");
                return;
            }
            Due::Grant { month } => {
                *story.granted.entry(month).or_default() += 1;
                of.months_granted = month + 1;
            }
            Due::Move { to } => {
                assert!(to >= now, "{to} lies behind {now}");
                (of.anchor, of.anchor_month) = (to, of.months_paid);
            }
            Due::Charge { month, attempt } => {
                // Nobody pays before the time that was paid is over, nor for a month of which days have passed through
                // us.
                let period = calendar.month(of, month).expect("a month");
                assert!(period.start <= now && now < period.end, "{period:?} is charged at {now}");
                let late =
                    TimeDelta::days(if of.status == SubscriptionStatus::PastDue { 7 + LATE_DAYS } else { LATE_DAYS });
                assert!(now - period.start <= late, "{period:?} is charged at {now}");
                story.charged.push((month, attempt, now));
                if pays {
                    *story.granted.entry(month).or_default() += 1;
                    of.months_paid = month + of.terms.expect("paid").months();
                    of.months_granted = month + 1;
                    (of.status, of.failures) = (SubscriptionStatus::Active, 0);
                    (of.failing_since, of.next_try_at) = (None, None);
                } else {
                    let since = *of.failing_since.get_or_insert(now);
                    of.status = SubscriptionStatus::PastDue;
                    of.failures += 1;
                    of.next_try_at = next_try(since, now);
                }
            }
            Due::End(reason) => {
                story.ended = Some((reason, now));
                of.status = SubscriptionStatus::Cancelled;
            }
        }
    }
    panic!("no end of steps at {now}: {story:?}");
}

fn monthly(zone: Tz) -> Calendar<Tz> {
    Calendar { zone, dates: BillingDates::Anniversary }
}

#[test]
fn the_thirty_first_is_kept_over_short_months() {
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-01-31T10:00:00Z"), Interval::Month);
    let mut now = of.anchor;
    while now < utc("2028-02-01T00:00:00Z") {
        run(&calendar, &mut of, now, true, &mut story);
        now += TimeDelta::hours(1);
    }
    let days: Vec<String> = story.charged.iter().map(|(_, _, at)| at.format("%m-%d").to_string()).collect();
    assert_eq!(
        days,
        ["02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31", "01-31"]
    );
}

#[test]
fn a_year_that_was_paid_brings_twelve_months_and_is_paid_again() {
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-05-31T10:00:00Z"), Interval::Year);
    for day in 0..=366 {
        run(&calendar, &mut of, utc("2027-05-31T10:00:00Z") + TimeDelta::days(day), true, &mut story);
    }
    assert_eq!(story.granted.len(), 12, "months 1 to 12: the first came with the payment");
    assert_eq!(story.charged, [(12, 0, utc("2028-05-31T10:00:00Z"))]);
}

#[test]
fn a_declined_card_is_charged_on_days_1_3_5_7_and_then_no_more() {
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-03-10T10:00:00Z"), Interval::Month);
    let due = utc("2027-04-10T10:00:00Z");
    for hour in 0..24 * 12 {
        run(&calendar, &mut of, due + TimeDelta::hours(hour), false, &mut story);
    }
    let tries: Vec<(u32, i64)> = story.charged.iter().map(|(_, n, at)| (*n, (*at - due).num_days())).collect();
    assert_eq!(tries, [(0, 0), (1, 1), (2, 3), (3, 5), (4, 7)]);
    assert_eq!(story.ended, Some((EndReason::Unpaid, due + TimeDelta::days(7))));
    assert!(story.granted.is_empty(), "nothing comes that is not paid");
}

#[test]
fn a_recovered_month_comes_once_and_keeps_its_dates() {
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-03-10T10:00:00Z"), Interval::Month);
    run(&calendar, &mut of, utc("2027-04-10T10:00:00Z"), false, &mut story);
    run(&calendar, &mut of, utc("2027-04-13T10:00:00Z"), true, &mut story);
    assert_eq!(story.granted, BTreeMap::from([(1, 1)]));
    assert_eq!(calendar.due(&of, utc("2027-04-13T10:00:00Z")), Due::Wait(Some(utc("2027-05-10T10:00:00Z"))));
}

#[test]
fn after_a_silence_of_ours_one_try_is_made_and_nobody_pays_for_the_silence() {
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-03-10T10:00:00Z"), Interval::Month);
    run(&calendar, &mut of, utc("2028-03-20T10:00:00Z"), true, &mut story);
    assert_eq!(story.charged, [(1, 0, utc("2028-03-20T10:00:00Z"))], "one month, from now on");
    assert_eq!(calendar.due(&of, utc("2028-03-20T10:00:00Z")), Due::Wait(Some(utc("2028-04-20T10:00:00Z"))));
    // Declined before the silence: one more try, then the end.
    let (mut of, mut story) = (at(utc("2027-03-10T10:00:00Z"), Interval::Month), Story::default());
    run(&calendar, &mut of, utc("2027-04-10T10:00:00Z"), false, &mut story);
    run(&calendar, &mut of, utc("2027-04-30T10:00:00Z"), false, &mut story);
    assert_eq!(story.charged.len(), 2);
    assert_eq!(story.ended.map(|(reason, _)| reason), Some(EndReason::Unpaid));
}

#[test]
fn a_silence_at_a_months_end_charges_no_whole_month_for_its_rest() {
    // By the day of the start: 29 days late, the month begins where it is paid.
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-03-10T10:00:00Z"), Interval::Month);
    run(&calendar, &mut of, utc("2027-05-09T10:00:00Z"), true, &mut story);
    run(&calendar, &mut of, utc("2027-05-10T10:00:00Z"), true, &mut story);
    assert_eq!(story.charged, [(1, 0, utc("2027-05-09T10:00:00Z"))]);
    run(&calendar, &mut of, utc("2027-06-09T10:00:00Z"), true, &mut story);
    assert_eq!(story.charged.last(), Some(&(2, 0, utc("2027-06-09T10:00:00Z"))));
    // By the calendar: hardly anything is left of April, so May is the next month that is paid.
    let calendar = Calendar { zone: Tz::Europe__Moscow, dates: BillingDates::CalendarMonth };
    let (mut of, mut story) = (at(utc("2027-03-10T10:00:00Z"), Interval::Month), Story::default());
    run(&calendar, &mut of, utc("2027-04-28T10:00:00Z"), true, &mut story);
    assert!(story.charged.is_empty());
    run(&calendar, &mut of, utc("2027-04-30T21:00:00Z"), true, &mut story);
    assert_eq!(story.charged, [(1, 0, utc("2027-04-30T21:00:00Z"))]);
    // A few days are no silence: the day stays.
    let (mut of, mut story) = (at(utc("2027-03-10T10:00:00Z"), Interval::Month), Story::default());
    let calendar = monthly(Tz::UTC);
    run(&calendar, &mut of, utc("2027-04-13T09:00:00Z"), true, &mut story);
    assert_eq!(calendar.due(&of, utc("2027-04-13T09:00:00Z")), Due::Wait(Some(utc("2027-05-10T10:00:00Z"))));
}

#[test]
fn a_cancelled_year_still_brings_its_months() {
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-03-10T10:00:00Z"), Interval::Year);
    of.cancel_at_end = true;
    for day in 0..400 {
        run(&calendar, &mut of, utc("2027-03-10T10:00:00Z") + TimeDelta::days(day), true, &mut story);
    }
    assert_eq!((story.granted.len(), story.charged.len()), (11, 0));
    assert_eq!(story.ended, Some((EndReason::Cancelled, utc("2028-03-10T10:00:00Z"))));
}

#[test]
fn credits_that_come_late_through_us_last_as_long_as_others() {
    let calendar = monthly(Tz::Europe__Moscow);
    let of = at(utc("2027-01-31T10:00:00Z"), Interval::Year);
    let month = calendar.month(&of, 1).expect("a month");
    let (soon, late) = (month.start + TimeDelta::minutes(1), month.end + TimeDelta::days(40));
    assert_eq!(calendar.expiry(&of, &month, Expiry::PeriodEnd, soon), Some(utc("2027-03-31T10:00:00Z")));
    assert_eq!(calendar.expiry(&of, &month, Expiry::PeriodEnd, late), Some(utc("2027-05-31T10:00:00Z")));
    // Two months of rollover, to the end of the day in Moscow.
    assert_eq!(calendar.expiry(&of, &month, Expiry::Months(2), soon), Some(utc("2027-04-28T21:00:00Z")));
    assert_eq!(calendar.expiry(&of, &month, Expiry::Months(2), late), Some(utc("2027-07-10T21:00:00Z")));
    assert_eq!(calendar.expiry(&of, &month, Expiry::Never, late), None);
}

#[test]
fn a_plan_that_costs_nothing_brings_the_month_of_now() {
    let (calendar, mut story) = (monthly(Tz::UTC), Story::default());
    let mut of = at(utc("2027-03-10T10:00:00Z"), Interval::Month);
    (of.terms, of.months_paid, of.months_granted) = (None, 0, 0);
    for now in [0, 3, 31, 200] {
        run(&calendar, &mut of, utc("2027-03-10T10:00:00Z") + TimeDelta::days(now), true, &mut story);
    }
    assert_eq!(story.granted, BTreeMap::from([(0, 1), (1, 1), (6, 1)]));
    of.credits = Credits::ZERO;
    assert_eq!(calendar.due(&of, utc("2030-03-10T10:00:00Z")), Due::Wait(None));
}

proptest! {
    #[test]
    fn whenever_the_job_runs_no_month_is_granted_or_charged_twice(
        zone in 0_usize..ZONES.len(), day in 0_i64..1_500, hour in 0_i64..24, yearly in any::<bool>(),
        calendar_month in any::<bool>(), runs in prop::collection::vec((0_i64..60 * 24 * 60, any::<bool>()), 1..60),
    ) {
        let dates = if calendar_month { BillingDates::CalendarMonth } else { BillingDates::Anniversary };
        let calendar = Calendar { zone: ZONES[zone], dates };
        let interval = if yearly { Interval::Year } else { Interval::Month };
        let mut of = at(utc("2027-01-01T00:00:00Z") + TimeDelta::days(day) + TimeDelta::hours(hour), interval);
        let (mut now, mut story) = (of.anchor, Story::default());
        for (minutes, pays) in runs {
            now += TimeDelta::minutes(minutes);
            run(&calendar, &mut of, now, pays, &mut story);
            let before = (of.clone(), story.charged.len(), story.granted.len());
            run(&calendar, &mut of, now, pays, &mut story);
            prop_assert_eq!(before, (of.clone(), story.charged.len(), story.granted.len()), "a second run does nothing");
        }
        prop_assert!(story.granted.values().all(|times| *times == 1), "{:?}", story);
        let mut tries: Vec<_> = story.charged.iter().map(|(month, attempt, _)| (*month, *attempt)).collect();
        let made = tries.len();
        tries.dedup();
        prop_assert_eq!(made, tries.len());
    }
}
