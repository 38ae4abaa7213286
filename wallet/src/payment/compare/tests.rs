use chrono::TimeDelta;

use super::*;
use crate::money::Currency;

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time") + TimeDelta::hours(hour)
}

fn period() -> ComparedPeriod {
    ComparedPeriod { from: at(0), to: at(24) }
}

fn roubles(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn ours(status: PaymentStatus) -> OurPayment {
    let id = PaymentId::new();
    OurPayment {
        id,
        reference: Some(format!("cs_{id}")),
        status,
        is_returned: false,
        total: roubles(44_900),
        refunded_minor: 0,
        created_at: at(1),
    }
}

fn returned() -> OurPayment {
    OurPayment { is_returned: true, ..ours(PaymentStatus::Cancelled) }
}

/// The provider's side of a payment: under a name of its own, as Stripe has it.
fn paid(order: &OurPayment) -> BookedPayment {
    BookedPayment {
        reference: format!("pi_{}", order.id),
        order: Some(order.id),
        is_paid: true,
        total: order.total,
        refunded_minor: 0,
        created_at: order.created_at,
    }
}

fn kinds(comparison: &Comparison) -> Vec<DifferenceKind> {
    comparison.differences.iter().map(|difference| difference.kind).collect()
}

fn of_one(ours: &OurPayment, theirs: &[BookedPayment]) -> Comparison {
    compare(std::slice::from_ref(ours), theirs, &period())
}

#[test]
fn kinds_are_read_back() {
    for kind in DifferenceKind::ALL {
        assert_eq!(DifferenceKind::from_code(kind.code()), Some(kind));
    }
}

#[test]
fn what_both_have_agrees() {
    let order = ours(PaymentStatus::Succeeded);
    let comparison = of_one(&order, &[paid(&order)]);
    assert_eq!(comparison, Comparison { matched: 1, ..Comparison::default() });
    // Where the order's id is not in the books, the provider's name of it is enough.
    let by_name = BookedPayment { order: None, reference: format!("cs_{}", order.id), ..paid(&order) };
    assert_eq!(of_one(&order, &[by_name]).matched, 1);
}

#[test]
fn money_that_was_taken_and_brought_nothing_differs() {
    use PaymentStatus::{Cancelled, Expired, Failed, Pending, Processing, Unknown};
    for status in [Pending, Processing, Unknown, Failed, Cancelled, Expired] {
        let order = ours(status);
        let comparison = of_one(&order, &[paid(&order)]);
        assert_eq!((kinds(&comparison), comparison.matched), (vec![DifferenceKind::PaidThere], 0), "{status:?}");
        let difference = &comparison.differences[0];
        assert_eq!((difference.payment, difference.theirs), (Some(order.id), Some(roubles(44_900))));
        assert_eq!(difference.reference, Some(format!("pi_{}", order.id)), "what staff look for at the provider");
    }
}

#[test]
fn what_nobody_has_paid_is_no_difference() {
    for status in PaymentStatus::ALL.into_iter().filter(|status| *status != PaymentStatus::Succeeded) {
        let order = ours(status);
        let open = BookedPayment { is_paid: false, ..paid(&order) };
        assert_eq!(of_one(&order, &[open]), Comparison::default(), "{status:?}");
        assert_eq!(of_one(&order, &[]), Comparison::default(), "{status:?}");
    }
}

#[test]
fn credits_without_money_differ() {
    let order = ours(PaymentStatus::Succeeded);
    let unpaid = BookedPayment { is_paid: false, ..paid(&order) };
    assert_eq!(kinds(&of_one(&order, &[unpaid])), [DifferenceKind::NotPaidThere]);
    // In none of its lists: it is asked for before it counts as missing.
    let comparison = of_one(&order, &[]);
    assert_eq!((comparison.unlisted.as_slice(), comparison.differences.len()), ([order.id].as_slice(), 0));
    let mut comparison = comparison;
    comparison.compare_one(&order, &[]);
    assert_eq!(kinds(&comparison), [DifferenceKind::NotPaidThere]);
    assert_eq!(comparison.differences[0].reference, order.reference);
}

#[test]
fn payments_at_the_edge_of_a_period_are_found() {
    // Ordered before the period, paid in it: listed there, and found among all of ours.
    let before = OurPayment { created_at: at(-1), ..ours(PaymentStatus::Succeeded) };
    let listed = BookedPayment { created_at: at(0), ..paid(&before) };
    assert_eq!(of_one(&before, &[listed]).matched, 1);
    // Ordered before it and not listed: it is another period's.
    assert_eq!(of_one(&before, &[]), Comparison::default());
    // Ordered in it, made at the provider after it.
    let late = OurPayment { created_at: at(23), ..ours(PaymentStatus::Succeeded) };
    assert_eq!(of_one(&late, &[]).unlisted, [late.id]);
    let mut comparison = Comparison::default();
    comparison.compare_one(&late, &[&BookedPayment { created_at: at(25), ..paid(&late) }]);
    assert_eq!((comparison.matched, kinds(&comparison)), (1, vec![]));
    // The first instant belongs to it, the one after its end does not.
    let edge = |hour| OurPayment { created_at: at(hour), ..ours(PaymentStatus::Succeeded) };
    assert_eq!((of_one(&edge(0), &[]).unlisted.len(), of_one(&edge(24), &[]).unlisted.len()), (1, 0));
}

#[test]
fn amounts_are_compared_with_their_tax_and_currency() {
    let order = OurPayment { total: roubles(44_900 + 8_980), ..ours(PaymentStatus::Succeeded) };
    assert_eq!(of_one(&order, &[paid(&order)]).matched, 1, "the total with the tax");
    let without = BookedPayment { total: roubles(44_900), ..paid(&order) };
    let comparison = of_one(&order, &[without]);
    assert_eq!(kinds(&comparison), [DifferenceKind::Amount]);
    let difference = &comparison.differences[0];
    assert_eq!((difference.ours, difference.theirs), (Some(roubles(53_880)), Some(roubles(44_900))));
    let dollars = BookedPayment { total: Money::from_minor(53_880, Currency::USD), ..paid(&order) };
    assert_eq!(kinds(&of_one(&order, &[dollars])), [DifferenceKind::Amount], "another currency");
}

#[test]
fn refunds_are_compared_both_ways() {
    let order = ours(PaymentStatus::Succeeded);
    let back = BookedPayment { refunded_minor: 100, ..paid(&order) };
    let comparison = of_one(&order, std::slice::from_ref(&back));
    assert_eq!(kinds(&comparison), [DifferenceKind::RefundedThere]);
    assert_eq!(comparison.differences[0].theirs, Some(roubles(100)));
    let known = OurPayment { refunded_minor: 100, ..order.clone() };
    assert_eq!(of_one(&known, &[back]).matched, 1, "known here, too");
    assert_eq!(kinds(&of_one(&known, &[paid(&known)])), [DifferenceKind::RefundMissing]);
    // Staff noted that the money went back.
    let noted = returned();
    assert_eq!(kinds(&of_one(&noted, &[paid(&noted)])), [DifferenceKind::RefundMissing]);
    let part = BookedPayment { refunded_minor: 1, ..paid(&noted) };
    assert_eq!(kinds(&of_one(&noted, &[part])), [DifferenceKind::RefundMissing]);
    let whole = BookedPayment { refunded_minor: 44_900, ..paid(&noted) };
    assert_eq!(of_one(&noted, &[whole]).matched, 1);
    assert_eq!(of_one(&noted, &[BookedPayment { is_paid: false, ..paid(&noted) }]).matched, 1, "never taken");
}

#[test]
fn orders_that_are_not_known_differ_and_other_money_does_not() {
    let stranger = ours(PaymentStatus::Succeeded);
    let comparison = compare(&[], &[paid(&stranger)], &period());
    assert_eq!(kinds(&comparison), [DifferenceKind::UnknownOrder]);
    assert_eq!((comparison.differences[0].payment, comparison.differences[0].ours), (None, None));
    let unpaid = BookedPayment { is_paid: false, ..paid(&stranger) };
    assert_eq!(compare(&[], &[unpaid], &period()), Comparison::default());
    let other = BookedPayment { order: None, ..paid(&stranger) };
    assert_eq!(compare(&[], &[other], &period()), Comparison { others: 1, ..Comparison::default() });
}

#[test]
fn an_order_that_was_paid_twice_differs_once_for_each_further_payment() {
    let order = ours(PaymentStatus::Succeeded);
    let second = BookedPayment { reference: "pi_again".into(), ..paid(&order) };
    let comparison = of_one(&order, &[paid(&order), second.clone()]);
    assert_eq!((kinds(&comparison), comparison.matched), (vec![DifferenceKind::PaidTwice], 1));
    assert_eq!(comparison.differences[0].reference.as_deref(), Some("pi_again"));
    // The payment that is known by its name is the first one, wherever it stands in the list.
    let named = BookedPayment { reference: format!("cs_{}", order.id), ..paid(&order) };
    let comparison = of_one(&order, &[second.clone(), named]);
    assert_eq!(comparison.differences[0].reference.as_deref(), Some("pi_again"));
    // A try that was declined is no second payment.
    let declined = BookedPayment { is_paid: false, ..second };
    assert_eq!(of_one(&order, &[declined, paid(&order)]), Comparison { matched: 1, ..Comparison::default() });
}

#[test]
fn what_waits_for_staff_neither_agrees_nor_differs() {
    let order = ours(PaymentStatus::Held);
    let other = BookedPayment { total: roubles(1), ..paid(&order) };
    assert_eq!(of_one(&order, &[other]), Comparison { in_review: 1, ..Comparison::default() });
}

#[test]
fn a_difference_is_the_same_one_when_it_is_found_again_and_another_one_with_other_amounts() {
    let order = ours(PaymentStatus::Succeeded);
    let key = |minor| {
        let back = BookedPayment { refunded_minor: minor, ..paid(&order) };
        of_one(&order, &[back]).differences[0].key()
    };
    assert_eq!(key(100), key(100));
    assert_ne!(key(100), key(200));
}

#[test]
fn a_period_of_days_has_both_of_them() {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let period = ComparedPeriod::days(day("2026-11-20"), day("2026-11-21")).expect("a period");
    assert_eq!(period.to - period.from, TimeDelta::days(2));
    assert!(ComparedPeriod::days(day("2026-11-20"), day("2026-11-20")).is_some());
    assert_eq!(ComparedPeriod::days(day("2026-11-21"), day("2026-11-20")), None);
}
