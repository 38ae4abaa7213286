//! Months of add-ons, at any instant.

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::add_on::{AddOnPause, AddOnState, PauseReason};
use crate::id::{AccountId, AddOnId, WalletId};
use crate::money::Credits;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Switched on at an instant, its first month deducted.
fn switched_on(at: DateTime<Utc>, zone: &Tz) -> AddOnSubscription {
    let account = AccountId::new();
    let month = month_from(at, zone, 0).expect("a month");
    AddOnSubscription {
        id: AddOnId::new(),
        account,
        wallet: WalletId::new(account),
        code: "voice".into(),
        name: "Voice".into(),
        credits: Credits::ONE,
        time_zone: zone.name().into(),
        anchor: at,
        anchor_month: 0,
        months: 1,
        paid_until: month.ends_at,
        state: StoredState::On,
        cancel_at_end: false,
        pause: None,
        short_since: None,
        version: 1,
    }
}

/// As it is once a month was deducted.
fn deducted(of: &AddOnSubscription, month: &Month) -> AddOnSubscription {
    let (anchor, anchor_month) = month.anchor;
    let months = month.index + 1;
    AddOnSubscription { months, paid_until: month.ends_at, anchor, anchor_month, state: StoredState::On, ..of.clone() }
}

fn month_of(due: Option<Due>) -> Month {
    match due {
        Some(Due::Deduct(month)) => month,
        other => panic!("not a month: {other:?}"),
    }
}

#[test]
fn months_keep_the_day_of_the_first() {
    let zone = Tz::Europe__Moscow;
    let mut of = switched_on(utc("2027-01-31T10:00:00Z"), &zone);
    let mut days = Vec::new();
    for _ in 0..4 {
        days.push(of.paid_until.format("%m-%d").to_string());
        assert_eq!(due(&of, &zone, of.paid_until - TimeDelta::microseconds(1)), Some(Due::Wait(of.paid_until)));
        let month = month_of(due(&of, &zone, of.paid_until));
        assert_eq!((month.index, month.starts_at), (of.months, of.paid_until));
        of = deducted(&of, &month);
    }
    assert_eq!(days, ["02-28", "03-31", "04-30", "05-31"]);
}

#[test]
fn an_end_and_a_pause_are_due_at_their_instants() {
    let zone = Tz::UTC;
    let on = switched_on(utc("2026-11-20T00:00:00Z"), &zone);
    let ending = AddOnSubscription { cancel_at_end: true, ..on.clone() };
    let (end, before) = (on.paid_until, on.paid_until - TimeDelta::seconds(1));
    assert_eq!((ending.state_at(before), ending.state_at(end)), (AddOnState::Ending, AddOnState::Off));
    assert_eq!((due(&ending, &zone, before), due(&ending, &zone, end)), (Some(Due::Wait(end)), Some(Due::End)));
    let pause = AddOnPause { reason: PauseReason::OutOfCredits, at: end, available: Credits::ZERO };
    let paused = AddOnSubscription { state: StoredState::Paused, pause: Some(pause), ..on.clone() };
    let later = end + TimeDelta::days(40);
    let month = month_of(due(&paused, &zone, later));
    assert_eq!((month.index, month.starts_at, month.anchor), (1, later, (later, 1)), "it begins when it resumes");
    let off = AddOnSubscription { state: StoredState::Off, ..on };
    assert_eq!(due(&off, &zone, later), Some(Due::Nothing));
}

#[test]
fn days_in_which_nobody_looked_are_not_charged() {
    let zone = Tz::UTC;
    let of = switched_on(utc("2026-11-20T00:00:00Z"), &zone);
    let late = of.paid_until + TimeDelta::days(LATE_DAYS);
    let month = month_of(due(&of, &zone, late));
    assert_eq!((month.starts_at, month.ends_at), (utc("2026-12-20T00:00:00Z"), utc("2027-01-20T00:00:00Z")));
    let later = late + TimeDelta::seconds(1);
    let month = month_of(due(&of, &zone, later));
    assert_eq!((month.index, month.starts_at, month.anchor), (1, later, (later, 1)));
    let next = month_of(due(&deducted(&of, &month), &zone, month.ends_at));
    assert_eq!((next.index, next.starts_at), (2, month.ends_at));
}

#[test]
fn it_waits_a_day_for_credits_on_their_way() {
    let now = utc("2026-11-20T00:00:00Z");
    assert_eq!(after_short(None, false, now), Short::Pause);
    assert_eq!(after_short(None, true, now), Short::Wait(now + TimeDelta::seconds(COMING_SECONDS)));
    let almost = now - TimeDelta::hours(COMING_HOURS) + TimeDelta::seconds(1);
    assert!(matches!(after_short(Some(almost), true, now), Short::Wait(_)));
    assert_eq!(after_short(Some(now - TimeDelta::hours(COMING_HOURS)), true, now), Short::Pause);
}

proptest! {
    #[test]
    fn months_follow_each_other_and_none_is_charged_twice(
        zone in 0_usize..crate::time_zone::ZONES.len(),
        start in 1_700_000_000_i64..2_000_000_000,
        waits in proptest::collection::vec(0_i64..4_000_000, 1..24),
    ) {
        let zone = crate::time_zone::ZONES[zone];
        let mut now = DateTime::from_timestamp(start, 0).expect("an instant");
        let mut of = switched_on(now, &zone);
        let mut charged = vec![(now, of.paid_until)];
        for wait in waits {
            now += TimeDelta::seconds(wait);
            while let Some(Due::Deduct(month)) = due(&of, &zone, now) {
                prop_assert_eq!(month.index, of.months);
                prop_assert!(month.starts_at >= of.paid_until && month.starts_at <= now);
                prop_assert!(month.ends_at > now, "a month that is over is never charged");
                charged.push((month.starts_at, month.ends_at));
                of = deducted(&of, &month);
            }
            prop_assert!(charged.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{:?}", charged);
        }
    }
}
