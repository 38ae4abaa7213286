//! Saved methods, and charges without their owner.

use serde_json::json;
use wallet::payment::{FetchAnswer, MethodAnswer, Provider as _, ProviderStatus, decline};

use super::*;

fn declined(code: &str) -> ProviderStatus {
    ProviderStatus::Declined { code: code.to_owned() }
}

#[tokio::test]
async fn a_saved_card_is_charged_once_however_often_it_is_asked_for() {
    let bench = Bench::start().await;
    let (customer, method) = bench.saved("4242 4242 4242 4242").await;
    assert_eq!(bench.stripe.fetch_method(&method.reference).await, MethodAnswer::Found(method.clone()));
    // Also where the account's customer is not known here: the card knows it.
    for customer in [Some(customer.as_str()), None] {
        let charge = charge(customer, &method.reference, usd(2_900));
        let reference = made(bench.stripe.charge_saved(&charge).await);
        assert_eq!(made(bench.stripe.charge_saved(&charge).await), reference);
        let paid = bench.found(&reference).await;
        assert_eq!((&paid.status, paid.money, paid.order), (&ProviderStatus::Paid, usd(2_900), Some(charge.payment)));
        assert_eq!(paid.method.as_deref(), Some("Visa •• 4242"));
        assert_eq!(found(bench.stripe.find_by_order(charge.payment).await), paid);
    }
    assert_eq!(bench.held("payment_intents").await.len(), 2);
}

#[tokio::test]
async fn a_declined_charge_is_a_payment_with_its_reason() {
    let bench = Bench::start().await;
    let (customer, method) = bench.saved("4242 4242 4242 4242").await;
    let path = format!("stripe/payment_methods/{}/decline", method.reference);
    for (theirs, ours) in [
        ("insufficient_funds", decline::INSUFFICIENT_FUNDS),
        ("lost_card", decline::CARD_LOST),
        ("generic_decline", decline::CARD_DECLINED),
        ("authentication_required", decline::AUTHENTICATION_REQUIRED),
    ] {
        bench.control(&path, json!({ "codes": [theirs] })).await;
        let reference = made(bench.stripe.charge_saved(&charge(Some(&customer), &method.reference, usd(500))).await);
        assert_eq!(bench.found(&reference).await.status, declined(ours), "{theirs}");
    }
    let (customer, asks) = bench.saved("4000 0027 6000 3184").await;
    let reference = made(bench.stripe.charge_saved(&charge(Some(&customer), &asks.reference, usd(500))).await);
    assert_eq!(bench.found(&reference).await.status, declined(decline::AUTHENTICATION_REQUIRED));
}

#[tokio::test]
async fn an_owner_who_was_asked_pays_the_same_order_on_a_page() {
    let bench = Bench::start().await;
    let (customer, asks) = bench.saved("4000 0027 6000 3184").await;
    let charge = charge(Some(&customer), &asks.reference, usd(500));
    made(bench.stripe.charge_saved(&charge).await);
    let page = CheckoutOrder { payment: charge.payment, customer: Some(customer), ..order(usd(500)) };
    let (reference, url) = bench.open(&page).await;
    assert_eq!(found(bench.stripe.find_by_order(charge.payment).await).reference, reference, "what can still be paid");
    assert!(bench.card(&url, "4242 4242 4242 4242").await.is_redirection());
    let paid = found(bench.stripe.find_by_order(charge.payment).await);
    assert_eq!((paid.reference, paid.status), (reference, ProviderStatus::Paid));
}

#[tokio::test]
async fn a_charge_whose_answer_got_lost_is_charged_once() {
    let bench = Bench::start().await;
    let (customer, method) = bench.saved("4242 4242 4242 4242").await;
    for (kind, is_made) in [("lost_answer", true), ("unreadable", true), ("429", false), ("down", false)] {
        let before = bench.held("payment_intents").await.len();
        let charge = charge(Some(&customer), &method.reference, usd(500));
        bench.fault(fault(kind, "/v1/payment_intents")).await;
        let answer = bench.stripe.charge_saved(&charge).await;
        assert!(matches!(answer, ChargeAnswer::Unknown { .. }), "{kind}: {answer:?}");
        let by_order = bench.stripe.find_by_order(charge.payment).await;
        assert_eq!(matches!(by_order, FetchAnswer::Found(_)), is_made, "{kind}: {by_order:?}");
        let reference = made(bench.stripe.charge_saved(&charge).await);
        assert_eq!(found(bench.stripe.find_by_order(charge.payment).await).reference, reference);
        assert_eq!(bench.held("payment_intents").await.len(), before + 1, "{kind}");
    }
}

#[tokio::test]
async fn a_fault_that_stripe_keeps_is_resolved_by_asking() {
    let bench = Bench::start().await;
    let (customer, method) = bench.saved("4242 4242 4242 4242").await;
    for done in [true, false] {
        let charge = charge(Some(&customer), &method.reference, usd(500));
        bench
            .fault(json!({ "kind": "saved_500", "method": "POST", "path": "/v1/payment_intents", "done": done }))
            .await;
        for _ in 0..2 {
            assert!(matches!(bench.stripe.charge_saved(&charge).await, ChargeAnswer::Unknown { .. }));
        }
        match bench.stripe.find_by_order(charge.payment).await {
            FetchAnswer::Found(payment) => assert!(done && payment.status == ProviderStatus::Paid),
            answer => assert_eq!((answer, done), (FetchAnswer::Missing, false)),
        }
    }
}

#[tokio::test]
async fn a_method_that_is_gone_is_missing_and_refused() {
    let bench = Bench::start().await;
    let (customer, method) = bench.saved("4242 4242 4242 4242").await;
    for _ in 0..2 {
        assert_eq!(bench.stripe.detach_method(&method.reference).await, MethodAnswer::Missing);
    }
    assert_eq!(bench.stripe.fetch_method(&method.reference).await, MethodAnswer::Missing);
    for customer in [None, Some(customer.as_str())] {
        let charge = charge(customer, &method.reference, usd(500));
        let answer = bench.stripe.charge_saved(&charge).await;
        assert!(matches!(answer, ChargeAnswer::Refused { .. }), "{answer:?}");
    }
    for reference in ["pm_none", "card_1", "pm_a/detach"] {
        assert_eq!(bench.stripe.fetch_method(reference).await, MethodAnswer::Missing, "{reference}");
        assert_eq!(bench.stripe.detach_method(reference).await, MethodAnswer::Missing, "{reference}");
    }
    assert_eq!(bench.held("payment_intents").await.len(), 0);
}

#[tokio::test]
async fn a_card_that_its_network_replaced_is_told_anew() {
    let bench = Bench::start().await;
    let (_, method) = bench.saved("4242 4242 4242 4242").await;
    let path = format!("stripe/payment_methods/{}/replace", method.reference);
    bench.control(&path, json!({ "last4": "0007", "exp_month": 3, "exp_year": 2036 })).await;
    let MethodAnswer::Found(replaced) = bench.stripe.fetch_method(&method.reference).await else { panic!("gone") };
    assert_eq!((replaced.last4.as_deref(), replaced.expires), (Some("0007"), Some((2036, 3))));
}

#[tokio::test]
async fn an_account_has_one_customer_even_where_answers_get_lost() {
    let bench = Bench::start().await;
    let order = CustomerOrder {
        account: AccountId::new(),
        email: "bob@example.com".to_owned(),
        name: "Bob".to_owned(),
        locale: "ru".to_owned(),
        idempotency_key: "customer-of-bob".to_owned(),
    };
    bench.fault(json!({ "kind": "saved_500", "method": "POST", "path": "/v1/customers", "done": true })).await;
    assert!(matches!(bench.stripe.ensure_customer(&order).await, CustomerAnswer::Unknown { .. }));
    let first = bench.stripe.ensure_customer(&order).await;
    assert!(matches!(first, CustomerAnswer::Found { .. }), "{first:?}");
    let renamed = CustomerOrder { name: "Robert".to_owned(), idempotency_key: "another".to_owned(), ..order.clone() };
    assert_eq!(bench.stripe.ensure_customer(&renamed).await, first);
    let other = CustomerOrder { account: AccountId::new(), idempotency_key: "of-another".to_owned(), ..order };
    assert_ne!(bench.stripe.ensure_customer(&other).await, first, "two accounts with one address");
    assert_eq!(bench.held("customers").await.len(), 2);
}
