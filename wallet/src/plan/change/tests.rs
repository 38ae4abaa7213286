//! What changes cost and bring, and that no order of them brings credits for nothing.

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::catalog::{BillingDates, Interval};
use crate::id::PaymentId;
use crate::money::Currency;
use crate::plan::due::tests::at;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn terms(interval: Interval, minor: i64, credits: i64) -> Terms {
    let credits = Credits::from_whole(credits).expect("fits");
    Terms { interval, price: Money::from_minor(minor, Currency::USD), credits }
}

const VIP: (i64, i64) = (3_200, 1_500);
const ELITE: (i64, i64) = (5_400, 3_000);

/// VIP, paid from the 1st of November on.
fn vip(interval: Interval) -> Subscription {
    let of = at(utc("2026-11-01T00:00:00Z"), interval);
    let of_now = terms(interval, VIP.0, VIP.1);
    Subscription {
        plan: "vip".to_owned(),
        terms: Some(of_now),
        credits: of_now.credits,
        paid_by: Some(PaymentId::new()),
        ..of
    }
}

fn calendar() -> Calendar<Tz> {
    Calendar { zone: Tz::UTC, dates: BillingDates::Anniversary }
}

fn to(plan: &str, terms: Terms, is_higher: bool) -> ChangeTo<'_> {
    ChangeTo { plan, terms, is_higher, step: Credits::ONE }
}

fn elite(interval: Interval) -> ChangeTo<'static> {
    to("elite", terms(interval, ELITE.0, ELITE.1), true)
}

#[track_caller]
fn proration(of: &Subscription, to: &ChangeTo<'_>, now: &str) -> Proration {
    match change(&calendar(), of, to, utc(now)).expect("a change").start {
        ChangeStart::Now(proration) => proration,
        ChangeStart::NextBilling => panic!("it waits"),
    }
}

#[test]
fn a_higher_plan_costs_the_difference_of_the_days_that_are_left() {
    let found = proration(&vip(Interval::Month), &elite(Interval::Month), "2026-11-20T14:00:00Z");
    assert_eq!(found.paid, DaysLeft { left: 11, all: 30 });
    assert_eq!(found.month, found.paid);
    assert_eq!([found.new_share, found.old_share, found.due].map(Money::minor), [1_980, 1_173, 807]);
    assert_eq!(found.credits, Credits::from_whole(550).expect("fits"));
}

#[test]
fn on_the_first_day_the_whole_difference_is_paid_and_comes() {
    let found = proration(&vip(Interval::Month), &elite(Interval::Month), "2026-11-01T00:00:00Z");
    assert_eq!(found.due.minor(), ELITE.0 - VIP.0);
    assert_eq!(found.credits, Credits::from_whole(ELITE.1 - VIP.1).expect("fits"));
}

#[test]
fn a_year_is_paid_for_its_days_and_brings_the_rest_of_the_month() {
    let found = proration(&vip(Interval::Year), &elite(Interval::Year), "2026-11-20T14:00:00Z");
    assert_eq!((found.paid, found.month), (DaysLeft { left: 346, all: 365 }, DaysLeft { left: 11, all: 30 }));
    assert_eq!(found.due.minor(), (5_400 * 346 + 182) / 365 - (3_200 * 346 + 182) / 365);
    assert_eq!(found.credits, Credits::from_whole(550).expect("fits"));
}

#[test]
fn days_are_those_of_the_accounts_time_zone() {
    let calendar = Calendar { zone: Tz::Europe__Moscow, dates: BillingDates::CalendarMonth };
    let of = Subscription { anchor: utc("2026-10-31T21:00:00Z"), ..vip(Interval::Month) };
    let found = change(&calendar, &of, &elite(Interval::Month), utc("2026-11-19T21:30:00Z")).expect("a change");
    let ChangeStart::Now(found) = found.start else { panic!("it waits") };
    assert_eq!(found.paid, DaysLeft { left: 11, all: 30 }, "the 20th has begun in Moscow");
}

#[test]
fn everything_but_more_for_more_waits_for_the_billing_date() {
    let (of, now) = (vip(Interval::Month), utc("2026-11-20T14:00:00Z"));
    let month = |minor, credits| terms(Interval::Month, minor, credits);
    let waits = [
        to("basic", month(990, 300), false),
        to("vip", terms(Interval::Year, 32_000, 1_500), false),
        to("elite", terms(Interval::Year, 54_000, 3_000), true),
        to("gold", month(3_200, 3_000), true),
        to("gold", month(5_000, 1_500), true),
        to("gold", month(3_201, 1_501), true),
    ];
    for to in &waits {
        let found = change(&calendar(), &of, to, now).expect("a change");
        assert_eq!(found.start, ChangeStart::NextBilling, "{} {:?}", to.plan, to.terms);
        assert_eq!(found.next_billing_at, utc("2026-12-01T00:00:00Z"));
    }
    for late in ["2026-11-30T23:00:00Z", "2026-11-30T23:59:59Z"] {
        let found = change(&calendar(), &of, &elite(Interval::Month), utc(late)).expect("a change");
        assert_eq!(found.start, ChangeStart::NextBilling, "an order could be paid after the billing date");
    }
}

#[test]
fn a_change_that_can_not_be_says_why() {
    let (good, now) = (vip(Interval::Month), utc("2026-11-20T14:00:00Z"));
    let mut rubles = elite(Interval::Month);
    rubles.terms.price = Money::from_minor(100_000, Currency::RUB);
    let same = to("vip", terms(Interval::Month, VIP.0, VIP.1), false);
    let cases = [
        (Subscription { cancel_at_end: true, ..good.clone() }, elite(Interval::Month), "Resume"),
        (Subscription { status: SubscriptionStatus::PastDue, ..good.clone() }, elite(Interval::Month), "Pay it"),
        (Subscription { paid_by: None, ..good.clone() }, elite(Interval::Month), "agreed"),
        (Subscription { terms: None, ..good.clone() }, elite(Interval::Month), "no paid plan"),
        (good.clone(), rubles, "USD"),
        (good, same, "plan of now"),
    ];
    for (of, to, words) in cases {
        let refusal = change(&calendar(), &of, &to, now).expect_err("refused");
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

proptest! {
    /// Up and up again costs never less, and brings never more, than going there at once on the first day would.
    #[test]
    fn steps_never_bring_more_for_less(
        prices in prop::array::uniform3(1_i64..100_000),
        amounts in prop::array::uniform3(1_i64..100_000),
        days in prop::array::uniform2(0_i64..29),
    ) {
        let (mut prices, mut amounts, mut days) = (prices, amounts, days);
        prices.sort_unstable();
        amounts.sort_unstable();
        days.sort_unstable();
        prop_assume!(prices[0] < prices[1] && prices[1] < prices[2] && amounts[0] < amounts[1] && amounts[1] < amounts[2]);
        let month = |place: usize| terms(Interval::Month, prices[place], amounts[place]);
        let mut of = vip(Interval::Month);
        let (mut paid, mut came) = (0, 0);
        (of.terms, of.credits) = (Some(month(0)), month(0).credits);
        for (place, day) in [(1, days[0]), (2, days[1])] {
            let now = utc("2026-11-01T00:00:00Z") + TimeDelta::days(day);
            let found = change(&calendar(), &of, &to("up", month(place), true), now).expect("a change");
            let ChangeStart::Now(found) = found.start else { continue };
            // At most half a cent is lost by rounding each share.
            let exact = (prices[place] - of.terms.expect("terms").price.minor()) * i64::from(found.paid.left);
            prop_assert!((found.due.minor() * 30 - exact).abs() <= 30);
            paid += found.due.minor();
            came += found.credits.micros();
            (of.plan, of.terms, of.credits) = ("up".to_owned() + &place.to_string(), Some(month(place)), month(place).credits);
        }
        prop_assert!(paid <= prices[2] - prices[0] + 2);
        prop_assert!(came <= (amounts[2] - amounts[0]) * 1_000_000);
    }
}
