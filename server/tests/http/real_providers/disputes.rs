//! Payments that the buyer's bank wants back.

use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::catalog::Interval;
use wallet::money::{Credits, Currency, Money};
use wallet::payment::PaymentView;
use wallet::refund::{DisputeState, DisputeView};

use super::doubles::By;
use super::till::{Till, credits, staff};

const CREDITS: i64 = 4_000;

/// Buys the package; gives the payment, and Stripe's name of it.
async fn bought(till: &Till, key: &str) -> (PaymentView, String) {
    let payment = till.pack(By::Stripe.good(), key).await;
    let intent = till.intent(payment.id).await;
    (payment, intent)
}

/// Opens a dispute at the bank; gives its name.
async fn disputed(till: &Till, intent: &str, inquiry: bool) -> String {
    let body = json!({ "reason": "fraudulent", "inquiry": inquiry });
    let dispute: Value = till.doubles.control(&format!("stripe/payment_intents/{intent}/dispute"), body).await;
    dispute["id"].as_str().expect("an id").to_owned()
}

async fn ends(till: &Till, dispute: &str, status: &str) {
    till.doubles.control(&format!("stripe/disputes/{dispute}/close"), json!({ "status": status })).await;
}

/// Looks at a payment on two nodes at once, twice.
async fn look(till: &Till, payment: &PaymentView) -> Vec<DisputeView> {
    for _ in 0..2 {
        let (one, other) = (till.wallet.refunds(), till.node());
        let (one, other) = tokio::join!(one.look_at(payment.id), other.refunds().look_at(payment.id));
        one.expect("looked");
        other.expect("looked");
    }
    till.wallet.refunds().disputes().await.expect("disputes")
}

#[sqlx::test(migrations = "../migrations")]
async fn an_inquiry_freezes_nothing_and_a_dispute_that_is_won_gives_all_back(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let (asked, intent) = bought(&till, "one").await;
    let before = till.holds().await;
    let inquiry = disputed(&till, &intent, true).await;
    assert_eq!(look(&till, &asked).await[0].state, DisputeState::Inquiry);
    assert_eq!(till.holds().await, before, "nothing is frozen");
    ends(&till, &inquiry, "warning_closed").await;
    assert_eq!(look(&till, &asked).await[0].state, DisputeState::Closed);

    let (payment, intent) = bought(&till, "two").await;
    let both = till.holds().await;
    let dispute = disputed(&till, &intent, false).await;
    let found = look(&till, &payment).await.into_iter().find(|one| one.payment == payment.id).expect("a dispute");
    assert_eq!(
        (found.state, found.frozen, found.money),
        (DisputeState::Open, credits(CREDITS), Money::from_minor(2_000, Currency::USD))
    );
    assert_eq!(till.holds().await, both.checked_sub(credits(CREDITS)).expect("fits"));
    ends(&till, &dispute, "won").await;
    look(&till, &payment).await;
    assert_eq!(till.holds().await, both);
    assert_eq!(till.told("dispute.").await, ["dispute.opened", "dispute.won"], "an inquiry is no news");
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_that_is_lost_takes_what_was_spent_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let (payment, intent) = bought(&till, "one").await;
    let before = till.holds().await;
    // All but a thousand is spent.
    till.spend(before.checked_sub(credits(1_000)).expect("fits"), "c").await.expect("spent");
    let dispute = disputed(&till, &intent, false).await;
    let found = look(&till, &payment).await.remove(0);
    assert_eq!((found.state, found.frozen), (DisputeState::Open, credits(1_000)));
    assert_eq!(till.holds().await, Credits::ZERO);
    ends(&till, &dispute, "lost").await;
    assert_eq!(look(&till, &payment).await.remove(0).state, DisputeState::Lost);
    assert_eq!(till.holds().await, credits(-3_000), "what was spent of it");
    assert_eq!(till.told("dispute.").await, ["dispute.opened", "dispute.lost"]);
    assert!(till.spend(credits(1), "more").await.is_err());
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_full_refund_and_then_a_dispute_take_the_credits_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let (payment, intent) = bought(&till, "one").await;
    let before = till.holds().await;
    till.doubles.control(&format!("stripe/payment_intents/{intent}/refund"), json!({})).await;
    look(&till, &payment).await;
    let after = before.checked_sub(credits(CREDITS)).expect("fits");
    assert_eq!(till.holds().await, after);
    let dispute = disputed(&till, &intent, false).await;
    look(&till, &payment).await;
    assert_eq!(till.holds().await, after, "nothing more is frozen");
    ends(&till, &dispute, "lost").await;
    look(&till, &payment).await;
    assert_eq!(till.holds().await, after, "and nothing more is taken");
    assert_eq!(till.told("refund.").await, ["refund.succeeded"], "made in the dashboard");
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_whose_events_came_late_is_lost_at_once(pool: PgPool) {
    let till = Till::open_refunding(&pool).await;
    let (payment, intent) = bought(&till, "one").await;
    let before = till.holds().await;
    let dispute = disputed(&till, &intent, false).await;
    ends(&till, &dispute, "lost").await;
    assert_eq!(look(&till, &payment).await.remove(0).state, DisputeState::Lost);
    assert_eq!(till.holds().await, before.checked_sub(credits(CREDITS)).expect("fits"));
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn at_yookassa_staff_open_and_end_a_dispute(pool: PgPool) {
    let till = Till::open(&pool).await;
    let order = till.order(By::YooKassa.card(), "one", false).await;
    till.doubles.pay(By::YooKassa, Till::page(&order), By::YooKassa.good()).await.expect("paid");
    till.is_paid(order.id).await;
    let before = till.holds().await;
    let by = staff();
    let refunds = till.wallet.refunds();
    assert!(refunds.open_dispute(&by, order.id, " ").await.is_err(), "a reason is needed");
    let node = till.node();
    let (one, other) = tokio::join!(
        refunds.open_dispute(&by, order.id, "Chargeback letter of 29 November"),
        node.refunds().open_dispute(&by, order.id, "Chargeback letter of 29 November"),
    );
    let opened: Vec<DisputeView> = [one, other].into_iter().filter_map(Result::ok).collect();
    assert_eq!(opened[0].state, DisputeState::Open);
    assert_eq!(till.holds().await, before.checked_sub(credits(100)).expect("fits"), "once");
    let ended = refunds.end_dispute(&by, opened[0].id, true).await.expect("won");
    assert_eq!(ended.state, DisputeState::Won);
    assert_eq!(refunds.end_dispute(&by, opened[0].id, false).await.expect("over").state, DisputeState::Won);
    assert_eq!(till.holds().await, before);
    till.is_sound().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_whose_payment_went_back_ends(pool: PgPool) {
    let till = Till::open(&pool).await;
    till.subscribe_to(By::Stripe, ("basic", Interval::Month, Currency::RUB), By::Stripe.good()).await;
    let payments = till.wallet.payments().payments(&till.viewer, None, 1).await.expect("payments").payments;
    let intent = till.doubles.held(By::Stripe, "payment_intents").await.remove(0);
    let intent = intent["id"].as_str().expect("an id");
    let plan = || till.wallet.plans().paid_plan(till.viewer.account);
    till.doubles.control(&format!("stripe/payment_intents/{intent}/refund"), json!({ "amount": 100 })).await;
    look(&till, &payments[0]).await;
    assert!(plan().await.expect("read").is_some(), "a part of it does not end the plan");
    till.doubles.control(&format!("stripe/payment_intents/{intent}/refund"), json!({})).await;
    look(&till, &payments[0]).await;
    let over = plan().await.expect("read");
    assert!(over.is_none(), "it ends with all of it: {over:?}");
    assert_eq!(till.holds().await, credits(50), "the plan's credits went, the gift stays");
    let due = till.wallet.clock().now() + chrono::TimeDelta::days(40);
    till.live_until(due).await;
    assert_eq!(till.doubles.taken(By::Stripe).await.len(), 1, "and is not renewed");
    till.is_sound().await;
}
