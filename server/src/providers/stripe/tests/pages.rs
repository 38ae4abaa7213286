//! Payments on Stripe's page.

use chrono::Utc;
use serde_json::json;
use wallet::id::PaymentId;
use wallet::payment::{BookPeriod, BooksAnswer, CheckoutAnswer, FetchAnswer, Provider as _, ProviderStatus, decline};

use super::*;

#[tokio::test]
async fn a_page_is_paid_and_told_under_both_of_its_names() {
    let bench = Bench::start().await;
    let order = order(usd(1_000));
    let CheckoutAnswer::Created { reference, redirect_url, expires_at } = bench.stripe.create_checkout(&order).await
    else {
        panic!("no page");
    };
    assert!(redirect_url.starts_with(&bench.stripe.page_origins()[0]));
    assert_eq!(expires_at.timestamp(), order.expires_at.timestamp());
    let open = bench.found(&reference).await;
    assert_eq!((open.status, open.money, open.order), (ProviderStatus::Open, usd(1_000), Some(order.payment)));
    assert!(bench.card(&redirect_url, "4242 4242 4242 4242").await.is_redirection());
    let paid = bench.found(&reference).await;
    assert_eq!((&paid.status, paid.money, paid.tax_minor), (&ProviderStatus::Paid, usd(1_000), 0));
    assert_eq!((paid.method.as_deref(), &paid.saved_method), (Some("Visa •• 4242"), &None));
    let intents = bench.held("payment_intents").await;
    let intent = intents[0]["id"].as_str().expect("an id");
    assert_eq!(bench.found(intent).await, paid, "one payment, one name");
    assert_eq!(found(bench.stripe.find_by_order(order.payment).await), paid);
    assert_eq!(bench.open(&order).await.0, reference, "a repeat gives the same page");
    assert_eq!(bench.held("payment_intents").await.len(), 1);
}

#[tokio::test]
async fn a_declined_card_leaves_the_page_open_and_an_expired_page_takes_no_money() {
    let bench = Bench::start().await;
    let (reference, page) = bench.open(&order(usd(1_000))).await;
    assert!(bench.card(&page, "4000 0000 0000 0002").await.is_success(), "the page asks for another card");
    assert_eq!(bench.found(&reference).await.status, ProviderStatus::Open);
    let closed = found(bench.stripe.expire_checkout(&reference).await);
    assert_eq!(closed.status, ProviderStatus::Expired);
    assert!(!bench.card(&page, "4242 4242 4242 4242").await.is_redirection());
    let (reference, page) = bench.open(&order(usd(2_000))).await;
    assert!(bench.card(&page, "4242 4242 4242 4242").await.is_redirection());
    assert_eq!(found(bench.stripe.expire_checkout(&reference).await).status, ProviderStatus::Paid, "too late to close");
}

#[tokio::test]
async fn the_bank_asks_the_owner_and_the_answer_decides() {
    let bench = Bench::start().await;
    for (answer, status) in [("complete", ProviderStatus::Paid), ("fail", ProviderStatus::Open)] {
        let (reference, page) = bench.open(&order(usd(1_000))).await;
        assert!(bench.card(&page, "4000 0025 0000 3155").await.is_redirection());
        assert_eq!(bench.found(&reference).await.status, ProviderStatus::Open);
        bench.submit(&format!("{page}/authenticate"), &[("action", answer)]).await;
        assert_eq!(bench.found(&reference).await.status, status, "{answer}");
    }
}

#[tokio::test]
async fn money_that_comes_in_days_is_on_its_way_and_then_there_or_not() {
    let bench = Bench::start().await;
    for (end, paid) in [("succeeded", true), ("failed", false)] {
        let (reference, page) = bench.open(&order(usd(1_000))).await;
        assert!(bench.submit(&page, &[("action", "later"), ("name", "Ann")]).await.is_redirection());
        assert_eq!(bench.found(&reference).await.status, ProviderStatus::Processing);
        let intents = bench.held("payment_intents").await;
        let waiting = intents.iter().find(|intent| intent["status"] == "processing").expect("one on its way");
        let path = format!("stripe/payment_intents/{}/settle", waiting["id"].as_str().expect("an id"));
        bench.control(&path, json!({ "status": end })).await;
        let status = bench.found(&reference).await.status;
        assert_eq!(matches!(status, ProviderStatus::Paid), paid, "{status:?}");
        assert_eq!(matches!(status, ProviderStatus::Declined { .. }), !paid, "{status:?}");
    }
}

#[tokio::test]
async fn a_card_that_may_be_kept_is_told_with_the_payment_and_offered_again() {
    let bench = Bench::start().await;
    let customer = bench.customer().await;
    let keeping = CheckoutOrder { customer: Some(customer.clone()), save_method: true, ..order(usd(1_000)) };
    let (reference, page) = bench.open(&keeping).await;
    assert!(bench.card(&page, "5555 5555 5555 4444").await.is_redirection());
    let saved = bench.found(&reference).await.saved_method.expect("kept");
    assert_eq!((saved.brand.as_deref(), saved.last4.as_deref()), (Some("mastercard"), Some("4444")));
    assert_eq!((saved.expires, saved.label.as_str()), (Some((2034, 12)), "Mastercard •• 4444"));
    let again = CheckoutOrder { customer: Some(customer), ..order(usd(500)) };
    let (reference, page) = bench.open(&again).await;
    assert!(bench.submit(&page, &[("action", &saved.reference)]).await.is_redirection());
    assert_eq!(bench.found(&reference).await.status, ProviderStatus::Paid);
}

#[tokio::test]
async fn tax_comes_on_top_and_is_told_apart() {
    let bench = Bench::start_with(|settings| settings.stripe_automatic_tax = true).await;
    let (reference, page) = bench.open(&order(usd(1_000))).await;
    assert!(bench.card(&page, "4242 4242 4242 4242").await.is_redirection());
    let paid = bench.found(&reference).await;
    assert_eq!((paid.money, paid.tax_minor), (usd(1_000), 200));
}

#[tokio::test]
async fn amounts_go_in_the_currencys_own_decimals() {
    let bench = Bench::start().await;
    for (text, code) in [("500", "JPY"), ("12.340", "KWD"), ("449", "RUB")] {
        let money = Money::parse(text, code.parse().expect("a currency")).expect("an amount");
        let (reference, page) = bench.open(&order(money)).await;
        assert!(bench.card(&page, "4242 4242 4242 4242").await.is_redirection());
        assert_eq!(bench.found(&reference).await.money, money);
    }
    let odd = Money::parse("12.345", "KWD".parse().expect("a currency")).expect("an amount");
    let refused = CheckoutAnswer::Refused { code: decline::AMOUNT_NOT_TAKEN.to_owned() };
    assert_eq!(bench.stripe.create_checkout(&order(odd)).await, refused);
    assert_eq!(bench.stripe.create_checkout(&order(usd(49))).await, refused, "below Stripe's least");
}

#[tokio::test]
async fn a_page_whose_answer_got_lost_is_found_and_never_made_twice() {
    let bench = Bench::start().await;
    let lost = order(usd(1_000));
    for kind in ["lost_answer", "unreadable"] {
        bench.fault(fault(kind, "/v1/checkout/sessions")).await;
        assert!(matches!(bench.stripe.create_checkout(&lost).await, CheckoutAnswer::Unknown { .. }), "{kind}");
    }
    let by_order = found(bench.stripe.find_by_order(lost.payment).await);
    assert_eq!(bench.open(&lost).await.0, by_order.reference);
    // A fault that Stripe keeps and repeats, after it has made the page.
    let kept = order(usd(1_000));
    bench.fault(json!({ "kind": "saved_500", "method": "POST", "path": "/v1/checkout/sessions", "done": true })).await;
    let (reference, _) = bench.open(&kept).await;
    assert_eq!(found(bench.stripe.find_by_order(kept.payment).await).reference, reference);
    // And one where it has not: neither yes nor no.
    let none = order(usd(1_000));
    bench.fault(fault("saved_500", "/v1/checkout/sessions")).await;
    for _ in 0..2 {
        assert!(matches!(bench.stripe.create_checkout(&none).await, CheckoutAnswer::Unknown { .. }));
    }
    assert_eq!(bench.stripe.find_by_order(none.payment).await, FetchAnswer::Missing);
    assert_eq!(bench.held("sessions").await.len(), 2);
}

#[tokio::test]
async fn what_stripe_does_not_have_is_missing_and_what_it_does_not_say_is_unknown() {
    let bench = Bench::start().await;
    for reference in ["cs_test_none", "pi_none", "sbx_1", "", "cs_a/../b", "pi_?x=1"] {
        assert_eq!(bench.stripe.fetch_payment(reference).await, FetchAnswer::Missing, "{reference}");
    }
    assert_eq!(bench.stripe.find_by_order(PaymentId::new()).await, FetchAnswer::Missing);
    let (reference, _) = bench.open(&order(usd(1_000))).await;
    for kind in ["429", "down", "unreadable", "lost_answer"] {
        bench.fault(json!({ "kind": kind, "method": "GET", "path": "/v1/checkout/sessions" })).await;
        let answer = bench.stripe.fetch_payment(&reference).await;
        assert!(matches!(answer, FetchAnswer::Unknown { .. }), "{kind}: {answer:?}");
    }
    assert_eq!(bench.found(&reference).await.status, ProviderStatus::Open);
}

#[tokio::test]
async fn the_books_tell_each_payment_of_a_period_page_by_page() {
    let bench = Bench::start().await;
    let mut orders = Vec::new();
    for _ in 0..2 {
        let order = order(usd(1_000));
        let (_, page) = bench.open(&order).await;
        assert!(bench.card(&page, "4242 4242 4242 4242").await.is_redirection());
        orders.push(order.payment);
    }
    let (from, to) = (Utc::now() - chrono::TimeDelta::hours(1), Utc::now() + chrono::TimeDelta::hours(1));
    let period = BookPeriod { from, to, cursor: None };
    let Some(BooksAnswer::Page { payments, next }) = bench.stripe.list_payments(&period).await else {
        panic!("no books");
    };
    assert_eq!(next, None);
    let mut told: Vec<PaymentId> = payments.iter().filter_map(|payment| payment.order).collect();
    told.sort();
    assert_eq!(told, orders);
    assert!(payments.iter().all(|payment| payment.is_paid && payment.total == usd(1_000)));
    let after = BookPeriod { cursor: Some(payments[0].reference.clone()), ..period };
    let Some(BooksAnswer::Page { payments: rest, .. }) = bench.stripe.list_payments(&after).await else {
        panic!("no books");
    };
    assert_eq!(rest, payments[1..]);
}
