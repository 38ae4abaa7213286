//! Months and costs of metered items, at any instant and of any size.

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::time_zone::ZONES;

const DAY: i64 = 24 * 3_600;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn terms(included: i64, credits: &str) -> Terms {
    Terms {
        item: "storage".into(),
        name: "Storage".into(),
        unit: "GB".into(),
        included,
        credits: credits.parse().expect("an amount"),
        since: DateTime::UNIX_EPOCH,
    }
}

fn credits(text: &str) -> Credits {
    text.parse().expect("an amount")
}

#[test]
fn a_month_is_the_calendars_where_the_account_is() {
    let moscow = Tz::Europe__Moscow;
    let november = (utc("2026-10-31T21:00:00Z"), utc("2026-11-30T21:00:00Z"));
    assert_eq!(first_month(utc("2026-11-20T12:00:00Z"), &moscow), Some(november));
    // The month before runs until it would have been closed.
    assert_eq!(first_month(utc("2026-11-30T21:59:59Z"), &moscow), Some(november));
    assert_eq!(first_month(utc("2026-11-30T22:00:00Z"), &moscow).map(|month| month.0), Some(november.1));
    let february = month_end(utc("2028-01-31T21:00:00Z"), &moscow);
    assert_eq!(february, Some(utc("2028-02-29T21:00:00Z")), "a leap year's");
    // Clocks go forward in March: the month has an hour less.
    let berlin = Tz::Europe__Berlin;
    let march = first_month(utc("2027-03-15T00:00:00Z"), &berlin).expect("a month");
    assert_eq!((march.1 - march.0).num_seconds(), 31 * DAY - 3_600);
}

#[test]
fn an_account_that_moves_has_a_month_that_is_some_hours_off() {
    let start = utc("2026-11-30T21:00:00Z");
    assert_eq!(month_end(start, &Tz::UTC), Some(utc("2027-01-01T00:00:00Z")), "not the one of three hours");
    let from_utc = utc("2026-12-01T00:00:00Z");
    assert_eq!(month_end(from_utc, &Tz::Europe__Moscow), Some(utc("2026-12-31T21:00:00Z")));
    assert_eq!(month_end(utc("2026-11-30T10:00:00Z"), &Tz::Pacific__Pago_Pago), Some(utc("2027-01-01T11:00:00Z")));
}

#[test]
fn what_is_above_the_included_costs_its_share_of_a_month() {
    let (month, step) = (30 * DAY, credits("0.01"));
    let whole = (month, month);
    // 18.4 GB all the month, 10 included, 2 for each.
    let storage = terms(10, "2");
    assert_eq!(cost(&storage, 18_400 * month, whole, step), Some(credits("16.8")));
    // 7 accounts for 19 days and 14 hours so far, 5 included, 15 for each.
    let accounts = terms(5, "15");
    let so_far = 19 * DAY + 14 * 3_600;
    assert_eq!(cost(&accounts, 7_000 * so_far, (so_far, month), step), Some(credits("19.59")), "19.583…, rounded up");
    assert_eq!(cost(&accounts, 5_000 * month, whole, step), Some(Credits::ZERO));
    assert_eq!(cost(&accounts, 5_000 * month + 1, whole, step), Some(step), "the smallest step");
    assert_eq!(cost(&accounts, 5_000 * month + 1, whole, Credits::ONE), Some(Credits::ONE));
    // Twenty for a half of the month are as many as ten for all of it.
    assert_eq!(cost(&storage, 20_000 * (month / 2), whole, step), Some(Credits::ZERO));
    assert_eq!(cost(&terms(0, "0"), 1_000 * month, whole, step), Some(Credits::ZERO));
}

#[test]
fn the_most_that_can_be_measured_fits() {
    let (month, most) = (32 * DAY, Quantity::MAX);
    let used = used_with(0, most, month).expect("fits");
    let dear = Terms { credits: credits("1000"), ..terms(0, "0") };
    assert!(!is_too_dear(&dear, most));
    assert_eq!(cost(&dear, used, (month, month), credits("0.000001")), Some(COST_MAX));
    assert!(is_too_dear(&Terms { credits: credits("1000.000001"), ..dear.clone() }, most));
    assert!(is_too_dear(&Terms { credits: Credits::MAX, ..dear }, most));
    let all = Terms { included: i64::MAX, ..terms(0, "1") };
    assert_eq!(cost(&all, used, (month, month), Credits::ONE), Some(Credits::ZERO));
}

#[test]
fn what_a_wallet_lacks_is_carried() {
    let due = credits("12.5");
    for (available, charged, carried) in
        [("20", "12.5", "0"), ("12.5", "12.5", "0"), ("4", "4", "8.5"), ("-3", "0", "12.5")]
    {
        let expected = Split { charged: credits(charged), carried: credits(carried) };
        assert_eq!(split(due, credits(available)), Some(expected), "{available}");
    }
}

proptest! {
    /// Months follow each other without a gap, and each is about a month, wherever the account is and moves.
    #[test]
    fn months_follow_each_other(second in 1_600_000_000_i64..1_900_000_000, zones in prop::collection::vec(0..ZONES.len(), 12)) {
        let now = DateTime::from_timestamp(second, 0).expect("a time");
        let (mut start, mut end) = first_month(now, &ZONES[zones[0]]).expect("a month");
        prop_assert!(start <= now && now < end + TimeDelta::minutes(LATE_MINUTES));
        for zone in zones {
            let days = (end - start).num_hours();
            prop_assert!((27 * 24..=33 * 24).contains(&days), "{start} {end}");
            (start, end) = (end, month_end(end, &ZONES[zone]).expect("a month"));
        }
    }

    /// A cost is the share that fractions give, rounded up, and never less for more.
    #[test]
    fn a_cost_is_the_exact_share_rounded_up(
        used in 0..3_000_000_000_000_i64,
        included in 0..1_000_i64,
        price in 0..10_000_000_i64,
        step in prop::sample::select(vec![1_i64, 10_000, 1_000_000]),
    ) {
        let month = 30 * DAY;
        let of = Terms { credits: Credits::from_micros(price), ..terms(included, "0") };
        let found = cost(&of, used, (month, month), Credits::from_micros(step)).expect("fits").micros();
        prop_assert_eq!(found % step, 0);
        let exact = i128::from((used - included * 1_000 * month).max(0)) * i128::from(price);
        let scale = i128::from(1_000 * month);
        prop_assert!(i128::from(found) * scale >= exact);
        prop_assert!((i128::from(found) - i128::from(step)) * scale < exact || found == 0);
        let more = cost(&of, used + 1, (month, month), Credits::from_micros(step)).expect("fits").micros();
        prop_assert!(more >= found);
    }

    /// Nothing is lost and nothing is made when a month is split.
    #[test]
    fn a_split_adds_up(due in 0..i64::MAX, available in any::<i64>()) {
        let (due, available) = (Credits::from_micros(due), Credits::from_micros(available));
        let split = split(due, available).expect("fits");
        prop_assert_eq!(split.charged.checked_add(split.carried), Some(due));
        prop_assert!(!split.charged.is_negative() && !split.carried.is_negative());
        prop_assert!(split.charged == Credits::ZERO || split.charged <= available);
    }
}
