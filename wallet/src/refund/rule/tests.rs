use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::money::Currency;

const POLICY: RefundPolicy = RefundPolicy { days: 30, max_used_percent: 25, automatic_up_to: None };

fn bought_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole).expect("fits")
}

/// A package of 1 000 credits for $36.00, of which so much is unused.
fn pack(unused: i64) -> Purchase {
    Purchase {
        payment: PaymentId::new(),
        title: "Pro".into(),
        method: None,
        total: Money::from_minor(3_600, Currency::USD),
        tax_minor: 600,
        refunded_minor: 0,
        granted: credits(1_000),
        unused: credits(unused),
        bonus_used: Credits::ZERO,
        taken_back: Credits::ZERO,
        bought_at: bought_at(),
        is_plan: false,
        is_disputed: false,
        is_blocked: false,
    }
}

fn at(days: i64, purchase: Purchase) -> Assessment {
    assess(Some(&POLICY), purchase, bought_at() + TimeDelta::days(days))
}

#[test]
fn what_is_unused_goes_back_with_its_share_of_the_tax() {
    // Mockup 13b: 820 of 1,000 left on day 13, $29.52 back.
    let assessed = at(12, pack(820));
    let wanted = Offer { money: Money::from_minor(2_952, Currency::USD), tax_minor: 492, credits: credits(820) };
    assert_eq!((assessed.day, assessed.used_percent, assessed.verdict), (13, 18, Ok(wanted)));
}

#[test]
fn each_part_of_the_rule_says_no_by_its_name() {
    let until = bought_at() + TimeDelta::days(30);
    let says = |assessed: Assessment| assessed.verdict.expect_err("not refundable");
    assert!(at(29, pack(1_000)).verdict.is_ok());
    assert_eq!(says(at(30, pack(1_000))), Obstacle::Ended { at: until });
    assert!(at(1, pack(750)).verdict.is_ok());
    assert_eq!(says(at(1, Purchase { unused: credits(749), ..pack(0) })), Obstacle::TooMuchUsed { percent: 26 });
    assert_eq!(says(at(1, Purchase { is_plan: true, ..pack(1_000) })), Obstacle::PlanCredits);
    assert_eq!(says(at(1, Purchase { is_disputed: true, ..pack(1_000) })), Obstacle::Disputed);
    assert_eq!(says(at(1, Purchase { is_blocked: true, ..pack(1_000) })), Obstacle::Blocked);
    let refunded = Purchase { refunded_minor: 3_600, taken_back: credits(1_000), ..pack(0) };
    assert_eq!(says(at(1, refunded)), Obstacle::Refunded);
    // Its unused part was given back, and the rest is spent.
    let partly = Purchase { refunded_minor: 2_952, taken_back: credits(820), ..pack(0) };
    assert_eq!(says(at(1, partly)), Obstacle::NothingLeft);
    assert_eq!(says(assess(None, pack(1_000), bought_at())), Obstacle::NoRule);
}

#[test]
fn what_came_for_nothing_and_is_spent_lowers_the_money() {
    let spent = |bonus| Purchase { bonus_used: credits(bonus), ..pack(1_000) };
    let assessed = at(1, spent(250));
    let wanted = Offer { money: Money::from_minor(2_700, Currency::USD), tax_minor: 450, credits: credits(750) };
    assert_eq!((assessed.used_percent, assessed.verdict), (25, Ok(wanted)));
    assert_eq!(at(1, spent(251)).verdict, Err(Obstacle::TooMuchUsed { percent: 26 }));
    // Spent is both a part of the bonus and a part of the purchase.
    let both = Purchase { bonus_used: credits(50), ..pack(900) };
    assert_eq!(at(1, both).verdict.expect("an offer").credits, credits(850));
}

#[test]
fn staff_may_send_any_part_of_what_is_left() {
    let assessed = at(40, pack(100));
    assert_eq!((assessed.verdict.clone().is_err(), assessed.most_minor), (true, 3_600));
    // A quarter of the money stands for 250 credits, of which 100 are left.
    assert_eq!(offer_of(&assessed, 900).expect("an offer").credits, credits(100));
    assert_eq!(offer_of(&assessed, 36).expect("an offer").credits, credits(10));
    for wrong in [0, -1, 3_601, i64::MAX, i64::MIN] {
        assert_eq!(offer_of(&assessed, wrong), None, "{wrong}");
    }
}

#[test]
fn what_went_back_elsewhere_takes_its_share_and_a_dispute_what_is_left_of_it() {
    let half_gone = Purchase { refunded_minor: 1_800, taken_back: credits(500), ..pack(100) };
    assert_eq!(mirrored(&half_gone, 900).expect("an offer").credits, credits(250), "used or not");
    assert_eq!(mirrored(&half_gone, 1_800).expect("an offer").credits, credits(500));
    for wrong in [0, -1, 1_801] {
        assert_eq!(mirrored(&half_gone, wrong), None, "{wrong}");
    }
    assert_eq!(disputed(&half_gone, 3_600), credits(500), "the bank asks for all, half is back already");
    assert_eq!(disputed(&Purchase { refunded_minor: 3_600, ..half_gone }, 3_600), Credits::ZERO);
}

proptest! {
    #[test]
    fn parts_never_add_up_to_more_than_was_paid_or_brought(
        minor in 1..1_000_000_i64, granted in 1..1_000_000_000_000_i64, left in 0..=100_u8, part in 1..=100_u8,
    ) {
        let unused = Credits::from_micros(granted / 100 * i64::from(left));
        let total = Money::from_minor(minor, Currency::USD);
        let purchase = Purchase { total, tax_minor: minor / 6, granted: Credits::from_micros(granted), unused, ..pack(0) };
        let assessed = at(1, purchase.clone());
        if let Ok(offer) = assessed.verdict {
            prop_assert!(offer.money.minor() <= minor && offer.credits == unused && offer.tax_minor <= purchase.tax_minor);
            prop_assert_eq!(offer_of(&assessed, offer.money.minor()), Some(offer));
        }
        if let Some(offer) = offer_of(&assessed, minor * i64::from(part) / 100) {
            prop_assert!(!offer.credits.is_negative() && offer.credits <= unused);
            prop_assert!(offer.tax_minor <= offer.money.minor());
        }
    }
}
