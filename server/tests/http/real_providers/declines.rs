//! Renewals that are declined: tried again on their days, or left to the card's owner.

use chrono::TimeDelta;
use serde_json::json;
use sqlx::PgPool;
use wallet::payment::PaymentStatus;
use wallet::plan::SubscriptionStatus;

use super::doubles::By;
use super::till::{BASE, Till};

async fn status(till: &Till) -> Option<SubscriptionStatus> {
    till.wallet.plans().paid_plan(till.viewer.account).await.expect("read").map(|plan| plan.status)
}

/// Lets the saved card be declined twice.
async fn declined_twice(till: &Till, by: By) {
    match by {
        By::Stripe => {
            let card =
                till.doubles.held(by, "payment_methods").await.remove(0)["id"].as_str().expect("an id").to_owned();
            let codes = json!({ "codes": ["insufficient_funds", "insufficient_funds"] });
            till.doubles.control(&format!("stripe/payment_methods/{card}/decline"), codes).await;
        }
        By::YooKassa => {
            let card = till.doubles.held(by, "methods").await.remove(0)["id"].as_str().expect("an id").to_owned();
            let behaviour = json!({ "later": "insufficient_funds", "times": 2 });
            till.doubles.control(&format!("yookassa/methods/{card}"), behaviour).await;
        }
    }
}

async fn recovers_on_the_third_try(pool: &PgPool, by: By) {
    let till = Till::open(pool).await;
    till.subscribe(by, by.good()).await;
    declined_twice(&till, by).await;
    let due = till.wallet.plans().next_due().await.expect("read").expect("a date");
    let report = till.live_until(due + TimeDelta::hours(47)).await;
    assert_eq!((report.paid, report.declined), (0, 2), "{by:?}");
    assert_eq!(status(&till).await, Some(SubscriptionStatus::PastDue));
    assert_eq!(till.settled().await, "50", "the month has ended, nothing new came");
    let report = till.live_until(due + TimeDelta::days(4)).await;
    assert_eq!((report.paid, report.declined), (1, 0), "{by:?}");
    assert_eq!(status(&till).await, Some(SubscriptionStatus::Active));
    assert_eq!(till.settled().await, "350", "the month that was missed came once");
    let taken = till.doubles.taken(by).await;
    assert_eq!(taken.len(), 2, "{by:?}");
    assert_eq!((taken[1].at.timestamp() - due.timestamp()) / 3_600, 72, "on the third day");
    let all = till.wallet.payments().payments(&till.viewer, None, 10).await.expect("payments").payments;
    let states: Vec<PaymentStatus> = all.iter().map(|payment| payment.status).collect();
    let (paid, failed) = (PaymentStatus::Succeeded, PaymentStatus::Failed);
    assert_eq!(states, [paid, failed, failed, paid], "each try is a payment");
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_at_stripe_pays_on_the_third_try(pool: PgPool) {
    recovers_on_the_third_try(&pool, By::Stripe).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_at_yookassa_pays_on_the_third_try(pool: PgPool) {
    recovers_on_the_third_try(&pool, By::YooKassa).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bank_that_asks_is_answered_by_the_owner_with_one_charge(pool: PgPool) {
    let till = Till::open(&pool).await;
    // Asked on the page at first, and again at each charge without its owner.
    till.subscribe(By::Stripe, "4000002760003184").await;
    let due = till.wallet.plans().next_due().await.expect("read").expect("a date");
    let report = till.live_until(due + TimeDelta::days(5)).await;
    assert_eq!((report.paid, report.declined), (0, 1), "the card is not tried again without its owner");
    let tried = till.doubles.held(By::Stripe, "payment_intents").await.len();
    assert_eq!(tried, 2, "the first month's, and one try");
    let plan = till.wallet.plans().paid_plan(till.viewer.account).await.expect("read").expect("a plan");
    assert_eq!(plan.status, SubscriptionStatus::PastDue);
    assert_eq!(till.doubles.taken(By::Stripe).await.len(), 1);

    // Two tabs: one order, one page, one charge.
    let payments = till.wallet.payments();
    let first = payments.pay_plan(&till.viewer, None, "tab-1", BASE).await.expect("ordered");
    let second = payments.pay_plan(&till.viewer, None, "tab-2", BASE).await.expect("ordered");
    assert_eq!(first.id, second.id);
    till.doubles.pay_with_bank(Till::page(&first), "4000002760003184").await.expect("paid");
    assert_eq!(till.doubles.pay(By::Stripe, Till::page(&second), By::Stripe.good()).await, None, "the page is done");
    till.is_paid(first.id).await;
    assert_eq!(status(&till).await, Some(SubscriptionStatus::Active));
    assert_eq!(till.settled().await, "350");
    assert_eq!(till.doubles.takings(By::Stripe, first.id).await, 1);
    let report = till.live_until(due + TimeDelta::days(20)).await;
    assert_eq!((report.paid, report.declined), (0, 0), "nothing is owed any more");
    till.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_is_gone_is_dropped_and_never_charged_again(pool: PgPool) {
    let till = Till::open(&pool).await;
    till.subscribe(By::YooKassa, "5555555555554659").await;
    let due = till.wallet.plans().next_due().await.expect("read").expect("a date");
    let report = till.live_until(due + TimeDelta::days(6)).await;
    assert_eq!((report.paid, report.declined), (0, 1));
    let tries = till.doubles.held(By::YooKassa, "payments").await.len();
    assert_eq!(tries, 2, "the first month's, and one try: the consent was taken back");
    assert_eq!(till.wallet.payments().methods(&till.viewer).await.expect("methods"), []);
    till.is_right().await;
}
