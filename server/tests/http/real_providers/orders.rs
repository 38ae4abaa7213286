//! The events of one payment in every order, each with its job: what is asked of the provider decides, not what came
//! first.

use axum::body::Bytes;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::doubles::{By, Letter};
use super::shop::Shop;

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = shorter.into_iter().flat_map(|order| {
        (0..count).map(move |place| {
            let mut longer = order.clone();
            longer.insert(place, count - 1);
            longer
        })
    });
    longer.collect()
}

/// The event of a kind.
fn of_kind<'a>(letters: &'a [Letter], kind: &str) -> &'a Letter {
    let kinds = || letters.iter().map(Letter::kind).collect::<Vec<_>>();
    letters.iter().find(|letter| letter.kind() == kind).unwrap_or_else(|| panic!("no {kind} in {:?}", kinds()))
}

/// Five events of a paid order.
fn five(by: By, letters: &[Letter]) -> [Letter; 5] {
    match by {
        By::Stripe => [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded",
            "checkout.session.completed",
            "checkout.session.completed",
        ]
        .map(|kind| of_kind(letters, kind).clone()),
        By::YooKassa => {
            let paid = of_kind(letters, "payment.succeeded");
            // YooKassa signs nothing, so that anybody near can say anything about a payment.
            let told = |event: &str, status: &str| {
                let mut body: Value = serde_json::from_slice(&paid.body).expect("JSON");
                body["event"] = json!(event);
                body["object"]["status"] = json!(status);
                Letter { body: Bytes::from(body.to_string()), ..paid.clone() }
            };
            [
                paid.clone(),
                paid.clone(),
                told("payment.canceled", "canceled"),
                told("payment.waiting_for_capture", "waiting_for_capture"),
                told("payment.disputed", "succeeded"),
            ]
        }
    }
}

async fn every_order_is_the_same(pool: PgPool, by: By) {
    let shop = Shop::open(pool).await;
    let all = orders(5);
    assert_eq!(all.len(), 120);
    for (number, order) in all.iter().enumerate() {
        let (_, letters) = shop.paid(by, &format!("form-{number}")).await;
        let letters = five(by, &letters);
        for (place, letter) in order.iter().enumerate() {
            assert_eq!(shop.deliver(&letters[*letter]).await, StatusCode::OK);
            shop.process().await;
            if place == 0 {
                assert_eq!(shop.settled().await, (150 + 100 * number).to_string(), "{order:?}: any of them is enough");
            }
        }
        assert_eq!(shop.settled().await, (150 + 100 * number).to_string(), "{order:?}");
    }
    shop.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_events_of_stripe_in_every_order_are_one_grant(pool: PgPool) {
    every_order_is_the_same(pool, By::Stripe).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_events_of_yookassa_in_every_order_are_one_grant(pool: PgPool) {
    every_order_is_the_same(pool, By::YooKassa).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_that_went_back_before_any_event_brings_nothing_in_every_order(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let kinds = ["checkout.session.completed", "payment_intent.succeeded", "charge.refunded", "refund.created"];
    for (number, order) in orders(4).iter().enumerate() {
        let (paid, letters) = shop.paid(By::Stripe, &format!("form-{number}")).await;
        let intent: Value = serde_json::from_slice(&of_kind(&letters, "payment_intent.succeeded").body).expect("JSON");
        let intent = intent["data"]["object"]["id"].as_str().expect("an id").to_owned();
        shop.doubles.control(&format!("stripe/payment_intents/{intent}/refund"), json!({})).await;
        shop.doubles.told().await;
        let letters: Vec<Letter> = letters.into_iter().chain(shop.post_box.take()).collect();
        for kind in order {
            assert_eq!(shop.deliver(of_kind(&letters, kinds[*kind])).await, StatusCode::OK);
            shop.process().await;
        }
        assert_eq!(shop.settled().await, "50", "{order:?}");
        let held = shop.site.wallet().payments().held().await.expect("held");
        assert_eq!(held.len(), number + 1, "{order:?}: staff see it");
        assert!(held.iter().any(|one| one.id == paid.id));
    }
    shop.is_right().await;
}
