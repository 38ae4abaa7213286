//! Charges whose answer got lost, or that were never made: charged once, and never taken for a declined card.

use chrono::TimeDelta;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::identity::Viewer;
use wallet::notify::Mail;
use wallet::payment::PaymentStatus;
use wallet::plan::SubscriptionStatus;

use crate::people_support::*;
use crate::support::*;

/// Moves the clock in steps of half an hour, with both jobs at each.
async fn work_for(wallet: &Wallet, hours: i64) {
    for _ in 0..hours * 2 {
        wallet.clock().advance(minutes(30));
        wallet.renew_plans().await.expect("renewed");
        wallet.payments().reconcile().await.expect("reconciled");
    }
}

async fn status(wallet: &Wallet, viewer: &Viewer) -> Option<SubscriptionStatus> {
    wallet.plans().paid_plan(viewer.account).await.expect("read").map(|on| on.status)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_that_the_provider_shows_late_is_made_once(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    mails(&wallet, ANNA).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    double.books().hides = true;
    wallet.clock().set(due);
    wallet.renew_plans().await.expect("renewed");
    work_for(&wallet, 18).await;
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(status(&wallet, &viewer).await, Some(SubscriptionStatus::Active));
    double.books().hides = false;
    work_for(&wallet, 1).await;
    assert_eq!(months(&wallet, &viewer).await.len(), 2);
    assert_eq!(double.books().charged.len(), 1);
    let told = mails(&wallet, ANNA).await;
    assert!(matches!(told.as_slice(), [Mail::PlanRenewed(_)]), "{told:?}");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_renewal_that_was_never_tried_is_no_decline(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    mails(&wallet, ANNA).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    // The payment is written down, and the node dies before the card is charged; nobody is there for a day.
    double.books().deaf = true;
    wallet.clock().set(due);
    wallet.renew_plans().await.expect("renewed");
    wallet.clock().set(due + TimeDelta::hours(21));
    let report = wallet.renew_plans().await.expect("renewed");
    assert_eq!((report.declined, status(&wallet, &viewer).await), (0, Some(SubscriptionStatus::Active)));
    double.books().deaf = false;
    wallet.clock().advance(minutes(3));
    let report = wallet.renew_plans().await.expect("renewed");
    assert_eq!((report.paid, report.declined, double.books().charged.len()), (1, 0, 1));
    let told = mails(&wallet, ANNA).await;
    assert!(matches!(told.as_slice(), [Mail::PlanRenewed(_)]), "{told:?}");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_that_turns_up_after_its_payment_was_closed_is_put_aside(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    double.books().hides = true;
    wallet.clock().set(due);
    wallet.renew_plans().await.expect("renewed");
    work_for(&wallet, 21).await;
    assert_eq!(double.books().charged.len(), 2, "after a day without a trace of the first one");
    double.books().hides = false;
    work_for(&wallet, 2).await;
    assert_eq!(months(&wallet, &viewer).await.len(), 2);
    let held = wallet.payments().held().await.expect("listed");
    assert_eq!(held.iter().map(|one| one.why.as_str()).collect::<Vec<_>>(), ["month_already_paid"]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_that_is_cancelled_at_the_last_moment_is_not_charged(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    wallet.clock().set(due);
    // The job has read the plan, and waits where it writes the payment down.
    let mut lock = pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE payments IN EXCLUSIVE MODE").execute(&mut *lock).await.expect("locked");
    let job = tokio::spawn({
        let wallet = wallet.clone();
        async move { wallet.renew_plans().await.expect("renewed") }
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'payments'::regclass";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.expect("asked") == 0 {}
    wallet.plans().cancel(&viewer).await.expect("cancelled");
    lock.rollback().await.expect("unlocked");
    let report = job.await.expect("ran");
    assert_eq!((report.paid, report.ended, double.books().charged.len()), (0, 1, 0));
    let paid = wallet.payments().payments(&viewer, None, 10).await.expect("listed").payments;
    assert_eq!(paid.iter().map(|one| one.status).collect::<Vec<_>>(), [PaymentStatus::Succeeded]);
    is_right(&wallet).await;
}
