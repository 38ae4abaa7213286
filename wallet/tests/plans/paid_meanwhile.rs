//! Two orders about a plan at once: the one that waits for the account finds out that the other has paid.

use std::future::Future;

use chrono::TimeDelta;
use sqlx::{PgPool, Postgres, Transaction};
use wallet::error::{Problem, Refusal, Result};
use wallet::identity::Viewer;
use wallet::money::Money;
use wallet::payment::{Changed, PayWith, PaymentStatus, PlanChoice, decline};
use wallet::plan::{ChangeStart, SubscriptionStatus};

use crate::methods::{buyer, save_a_card};
use crate::people_support::*;
use crate::support::*;

/// Runs an order and, once that waits for the account, another one; the first pays before the second has the account.
async fn both<T: Send + 'static>(
    pool: &PgPool,
    viewer: &Viewer,
    early: impl Future<Output = Result<T>> + Send + 'static,
    late: impl Future<Output = Result<T>> + Send + 'static,
) -> (Result<T>, Result<T>) {
    let first = keep(pool.clone(), viewer.account.uuid()).await;
    let early = tokio::spawn(early);
    until_wait(pool, 1).await;
    let between = tokio::spawn(keep(pool.clone(), viewer.account.uuid()));
    until_wait(pool, 2).await;
    let late = tokio::spawn(late);
    until_wait(pool, 3).await;
    first.commit().await.expect("let go");
    let early = early.await.expect("ran");
    between.await.expect("ran").commit().await.expect("let go");
    (early, late.await.expect("ran"))
}

/// Keeps the account as an order does.
async fn keep(pool: PgPool, account: uuid::Uuid) -> Transaction<'static, Postgres> {
    let mut tx = pool.begin().await.expect("begun");
    let lock = "SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    sqlx::query(lock).bind(account).execute(&mut *tx).await.expect("locked");
    tx
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_that_begins_while_another_start_waits_is_not_paid_a_second_time(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let card = save_a_card(&wallet, &viewer, &double, "saving").await;
    let choice = PlanChoice { with: Some(PayWith::Saved(card.id)), ..basic() };
    let start = |key: &'static str| {
        let (wallet, viewer, choice) = (wallet.clone(), viewer.clone(), choice.clone());
        async move { wallet.payments().start_plan(&viewer, &choice, key, BASE).await }
    };
    let (early, late) = both(&pool, &viewer, start("early"), start("late")).await;
    assert_eq!(early.expect("ordered").status, PaymentStatus::Succeeded);
    assert_eq!(problems(refusal(late)), [("plan".to_owned(), Problem::Taken)]);
    assert_eq!(double.books().charged.len(), 1);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_month_that_is_paid_while_another_order_for_it_waits_is_not_paid_a_second_time(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let card = wallet.payments().methods(&viewer).await.expect("a list").remove(0);
    double.books().declines = Some(decline::INSUFFICIENT_FUNDS.into());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    double.books().declines = None;
    let charged = double.books().charged.len();
    let pay = |key: &'static str| {
        let (wallet, viewer, with) = (wallet.clone(), viewer.clone(), PayWith::Saved(card.id));
        async move { wallet.payments().pay_plan(&viewer, Some(&with), key, BASE).await }
    };
    let (early, late) = both(&pool, &viewer, pay("early"), pay("late")).await;
    assert_eq!(early.expect("ordered").status, PaymentStatus::Succeeded);
    assert_eq!(problems(refusal(late)), [("plan".to_owned(), Problem::NotAllowed)]);
    assert_eq!(double.books().charged.len(), charged + 1);
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!(on.status, SubscriptionStatus::Active);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_higher_plan_that_is_paid_while_another_order_for_it_waits_is_not_paid_a_second_time(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let card = wallet.payments().methods(&viewer).await.expect("a list").remove(0);
    let choice = PlanChoice { plan: "vip".into(), with: Some(PayWith::Saved(card.id)), ..basic() };
    let shown = wallet.payments().plan_change(viewer.account, &choice).await.expect("a change");
    let due: Option<Money> = match shown.start {
        ChangeStart::Now(proration) => Some(proration.due),
        ChangeStart::NextBilling => None,
    };
    let charged = double.books().charged.len();
    let change = |key: &'static str| {
        let (wallet, viewer, choice) = (wallet.clone(), viewer.clone(), choice.clone());
        async move { wallet.payments().change_plan(&viewer, &choice, due, key, BASE).await }
    };
    let (early, late) = both(&pool, &viewer, change("early"), change("late")).await;
    let early = early.expect("changed");
    assert!(matches!(&early, Changed::Ordered(payment) if payment.status == PaymentStatus::Succeeded), "{early:?}");
    assert!(matches!(refusal(late), Refusal::VersionConflict));
    assert_eq!(double.books().charged.len(), charged + 1);
    assert_eq!(plan(&wallet, &viewer).await, "vip");
    is_right(&wallet).await;
}
