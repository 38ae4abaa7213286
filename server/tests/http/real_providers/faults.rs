//! Answers that get lost, can't be read, are refused or come late: one charge in the end, found without a second key.

use std::collections::HashMap;
use std::time::Instant;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::payment::PaymentStatus;

use super::doubles::By;
use super::till::Till;
use crate::support::TIMEOUT;

/// Says that each key came with one body only: a repeat is the same call, byte by byte.
async fn repeats_are_the_same(till: &Till) {
    let mut bodies: HashMap<String, Value> = HashMap::new();
    let mut repeats = 0;
    for request in till.doubles.look("requests").await.as_array().expect("requests") {
        let Some(key) = request["idempotency_key"].as_str() else { continue };
        let name = format!("{} {key}", request["path"]);
        match bodies.insert(name, request["body"].clone()) {
            Some(before) => {
                assert_eq!(before, request["body"], "another call under the key {key}");
                repeats += 1;
            }
            None => assert!(key.len() >= 8, "{key}"),
        }
    }
    assert!(repeats > 0, "nothing was repeated");
}

async fn charges_once_whatever_is_lost(pool: &PgPool, by: By) {
    let till = Till::open(pool).await;
    let card = till.saved(by, by.good()).await;
    for (number, (kind, more)) in [
        ("lost_answer", json!({})),
        ("unreadable", json!({})),
        ("saved_500", json!({ "done": true })),
        ("429", json!({ "times": 2 })),
        ("down", json!({ "times": 2 })),
    ]
    .into_iter()
    .enumerate()
    {
        let before = till.doubles.taken(by).await.len();
        let key = format!("form-{number}");
        till.doubles.mend().await;
        till.doubles.fault(kind, by.charges(), more).await;
        let mut order = till.order(card.clone(), &key, false).await;
        // The buyer submits once more, from two tabs, and the reconciler looks.
        for _ in 0..4 {
            let (one, other) =
                tokio::join!(till.order(card.clone(), &key, false), till.order(card.clone(), &key, false));
            assert_eq!((one.id, other.id), (order.id, order.id), "one order");
            till.reconcile().await;
        }
        order = till.seen(order.id).await;
        assert_eq!(order.status, PaymentStatus::Succeeded, "{by:?} {kind}: {order:?}");
        assert_eq!(till.doubles.takings(by, order.id).await, 1, "{by:?} {kind}");
        assert_eq!(till.doubles.taken(by).await.len(), before + 1, "{by:?} {kind}");
    }
    assert_eq!(till.settled().await, "650");
    repeats_are_the_same(&till).await;
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn stripe_charges_once_whatever_is_lost(pool: PgPool) {
    charges_once_whatever_is_lost(&pool, By::Stripe).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn yookassa_charges_once_whatever_is_lost(pool: PgPool) {
    charges_once_whatever_is_lost(&pool, By::YooKassa).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_fault_that_stripe_keeps_charges_nothing_and_the_order_ends(pool: PgPool) {
    let till = Till::open(&pool).await;
    let card = till.saved(By::Stripe, By::Stripe.good()).await;
    till.doubles.fault("saved_500", By::Stripe.charges(), json!({ "done": false })).await;
    let order = till.order(card.clone(), "form", false).await;
    for _ in 0..3 {
        till.order(card.clone(), "form", false).await;
        till.reconcile().await;
    }
    assert_eq!(till.seen(order.id).await.status, PaymentStatus::Unknown, "neither yes nor no");
    till.wallet.clock().advance(TimeDelta::hours(2));
    till.reconcile().await;
    assert_eq!(till.seen(order.id).await.status, PaymentStatus::Expired);
    assert_eq!(till.doubles.takings(By::Stripe, order.id).await, 0, "no second key was tried");
    assert_eq!(till.settled().await, "150");
    let again = till.order(card, "another-form", false).await;
    assert_eq!((again.status, till.doubles.takings(By::Stripe, again.id).await), (PaymentStatus::Succeeded, 1));
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_that_takes_longer_than_anybody_waits_is_found(pool: PgPool) {
    let till = Till::open(&pool).await;
    let (stripe, yookassa) =
        (till.saved(By::Stripe, By::Stripe.good()).await, till.saved(By::YooKassa, By::YooKassa.good()).await);
    for by in By::BOTH {
        till.doubles.fault("slow", by.charges(), json!({ "ms": 10_400 })).await;
    }
    // Ten seconds are the longest wait for either provider's answer.
    let (one, other) = tokio::join!(till.order(stripe, "slow", false), till.order(yookassa, "slow-2", false));
    let asked = Instant::now();
    for (by, order) in [(By::Stripe, one), (By::YooKassa, other)] {
        assert_eq!(order.status, PaymentStatus::Unknown, "{by:?}: nobody knows yet");
        while till.seen(order.id).await.status != PaymentStatus::Succeeded {
            assert!(asked.elapsed() < TIMEOUT, "{by:?}: it is never found");
            till.reconcile().await;
        }
        assert_eq!(till.doubles.takings(by, order.id).await, 1, "{by:?}");
    }
    assert_eq!(till.settled().await, "450");
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_whose_answer_is_lost_is_opened_once(pool: PgPool) {
    let till = Till::open(&pool).await;
    for (by, path, pages) in
        [(By::Stripe, "/v1/checkout/sessions", "sessions"), (By::YooKassa, "/yookassa/v3/payments", "payments")]
    {
        for (number, kind) in ["lost_answer", "unreadable", "429"].into_iter().enumerate() {
            let key = format!("{by:?}-{number}");
            till.doubles.fault(kind, path, json!({})).await;
            assert_eq!(till.order(by.card(), &key, false).await.checkout_url, None, "{by:?} {kind}");
            let order = till.order(by.card(), &key, false).await;
            till.doubles.pay(by, Till::page(&order), by.good()).await.expect("paid");
            till.is_paid(order.id).await;
            assert_eq!(till.doubles.held(by, pages).await.len(), number + 1, "{by:?} {kind}: one page");
        }
    }
    repeats_are_the_same(&till).await;
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_renewal_whose_answers_are_lost_for_hours_is_charged_once(pool: PgPool) {
    let till = Till::open(&pool).await;
    till.subscribe(By::Stripe, By::Stripe.good()).await;
    // Stripe's clock stays where orders are made: the month passes here alone.
    let due = till.wallet.plans().next_due().await.expect("read").expect("a date");
    till.wallet.clock().set(due);
    till.doubles.fault("lost_answer", By::Stripe.charges(), json!({ "times": 2 })).await;
    till.doubles.control("faults", json!({ "kind": "down", "method": "GET", "path": "/v1/", "times": 5 })).await;
    let mut paid = 0;
    for _ in 0..8 {
        paid += till.wallet.renew_plans().await.expect("renewed").paid;
        till.wallet.clock().advance(TimeDelta::minutes(61));
    }
    assert_eq!(paid, 1);
    assert_eq!(till.doubles.taken(By::Stripe).await.len(), 2, "the first month, and this one");
    assert_eq!(till.settled().await, "350");
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_customer_that_was_deleted_at_stripe_is_made_anew(pool: PgPool) {
    let till = Till::open(&pool).await;
    till.saved(By::Stripe, By::Stripe.good()).await;
    till.doubles.delete_customers().await;
    let failed = till.order(By::Stripe.card(), "gone", false).await;
    assert_eq!((failed.status, failed.failure.as_deref()), (PaymentStatus::Failed, Some("customer_gone")));
    let saved = till.wallet.payments().methods(&till.viewer).await.expect("methods");
    assert_eq!(saved, [], "the card went with its customer");
    for key in ["again", "and-again"] {
        let order = till.order(By::Stripe.card(), key, false).await;
        till.doubles.pay(By::Stripe, Till::page(&order), By::Stripe.good()).await.expect("paid");
        till.is_paid(order.id).await;
    }
    let customers = till.doubles.held(By::Stripe, "customers").await;
    assert_eq!(customers.iter().filter(|customer| customer["deleted"] != true).count(), 1);
    till.is_right().await;
}
