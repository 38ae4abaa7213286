//! Silence of ours, and what an account is on meanwhile; later changes of the catalog and of the account.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Problem, Refusal};
use wallet::identity::{Role, Viewer};
use wallet::payment::PaymentStatus;
use wallet::payment::ProviderStatus;
use wallet::plan::{SubscriptionStatus, SubscriptionView};

use crate::people_support::*;
use crate::support::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

async fn on(wallet: &Wallet, viewer: &Viewer) -> SubscriptionView {
    wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan")
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_pays_a_whole_month_for_the_rest_of_one(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let due = on(&wallet, &viewer).await.paid_until;
    let late = due + TimeDelta::days(29);
    wallet.clock().set(late);
    assert_eq!(plan(&wallet, &viewer).await, "basic", "that nobody charged the card is our fault");
    wallet.renew_plans().await.expect("renewed");
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(on(&wallet, &viewer).await.paid_until, at("2026-12-19T14:13:20Z"), "a month from then");
    live_until(&wallet, late + TimeDelta::days(29)).await;
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    assert_eq!(double.books().charged.len(), 1);
    live_until(&wallet, at("2026-12-19T14:13:20Z")).await;
    assert_eq!(double.books().charged.len(), 2);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_counts_while_its_card_is_tried_however_late_the_first_try_was(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    double.books().declines = Some("card_declined".into());
    let late = on(&wallet, &viewer).await.paid_until + TimeDelta::days(20);
    wallet.clock().set(late);
    wallet.renew_plans().await.expect("renewed");
    for day in [0, 2, 4, 6] {
        live_until(&wallet, late + TimeDelta::days(day)).await;
        assert_eq!(on(&wallet, &viewer).await.status, SubscriptionStatus::PastDue);
        assert_eq!(plan(&wallet, &viewer).await, "basic", "day {day}");
    }
    live_until(&wallet, late + TimeDelta::days(8)).await;
    assert_eq!(plan(&wallet, &viewer).await, "starter");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cancelled_plan_ends_on_its_day_whether_the_job_runs_or_not(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    wallet.plans().cancel(&viewer).await.expect("cancelled");
    let end = on(&wallet, &viewer).await.paid_until;
    wallet.clock().set(end - TimeDelta::seconds(1));
    assert_eq!(plan(&wallet, &viewer).await, "basic");
    wallet.clock().set(end);
    assert_eq!(plan(&wallet, &viewer).await, "starter");
    wallet.clock().set(end + TimeDelta::days(40));
    assert_eq!(wallet.renew_plans().await.expect("renewed").ended, 1);
    assert!(double.books().charged.is_empty());
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_for_a_month_that_is_over_pays_the_month_from_now(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    double.books().declines = Some("card_declined".into());
    let due = on(&wallet, &viewer).await.paid_until;
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    // Nobody runs the job, and the owner pays by hand.
    let late = due + TimeDelta::days(40);
    wallet.clock().set(late);
    let order = wallet.payments().pay_plan(&viewer, None, "by-hand", BASE).await.expect("ordered").id;
    double.set(order, ProviderStatus::Paid);
    wallet.payments().check(&viewer, order).await.expect("checked");
    let now = on(&wallet, &viewer).await;
    assert_eq!((now.status, now.paid_until), (SubscriptionStatus::Active, at("2026-12-30T14:13:20Z")));
    assert_eq!(months(&wallet, &viewer).await.len(), 2);
    wallet.renew_plans().await.expect("renewed");
    assert_eq!(double.books().charged.len(), 1, "nothing is due before");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn later_changes_of_account_and_catalog_change_no_date(pool: PgPool) {
    let (wallet, viewer, _) = subscriber(&pool, "monthly-credits", &standard_yearly()).await;
    let before = on(&wallet, &viewer).await;
    let zone = "UPDATE accounts SET time_zone = 'Pacific/Auckland'";
    sqlx::query(zone).execute(&pool).await.expect("moved");
    let dates = r#"UPDATE catalog SET settings = jsonb_set(settings, '{billing_dates}', '"anniversary"'), revision = revision + 1"#;
    sqlx::query(dates).execute(&pool).await.expect("changed");
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    node.catalog().prepare().await.expect("read");
    assert_eq!(on(&node, &viewer).await, before);
    live_until(&node, at("2027-01-15T00:00:00Z")).await;
    let came: Vec<String> =
        months(&node, &viewer).await.iter().map(|row| row.created_at.format("%m-%d %H").to_string()).collect();
    // The free plan's month came when the address was proven, before the plan was paid.
    assert_eq!(came, ["09-21 14", "09-21 14", "10-01 00", "11-01 00", "12-01 00", "01-01 00"]);
    is_right(&node).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_accounts_time_zone_counts_for_the_plan_that_begins_then(pool: PgPool) {
    let wallet = open_with(&pool, "monthly-credits").await;
    let viewer = member(&wallet, ANNA).await;
    for name in ["Europe/Moskow", "Etc/GMT+3", "US/Eastern", ""] {
        let refused = refusal(wallet.identity().set_time_zone(&viewer, name).await);
        assert_eq!(problems(refused), [("time_zone".to_owned(), Problem::Unknown)], "{name}");
    }
    let reader = Viewer { role: Role::Developer, ..viewer.clone() };
    let refused = refusal(wallet.identity().set_time_zone(&reader, "Europe/Moscow").await);
    assert!(matches!(refused, Refusal::Forbidden { .. }));
    for _ in 0..2 {
        wallet.identity().set_time_zone(&viewer, "Europe/Moscow").await.expect("set");
    }
    let log = wallet.identity().audit_log(None, 50).await.expect("a page").rows;
    assert_eq!(log.iter().filter(|row| row.action == "account.time_zone").count(), 1);
    let terms = wallet.payments().plan_terms(&standard_yearly()).await.expect("priced");
    let dates = wallet.plans().first_dates(&terms, "Europe/Moscow").await.expect("counted");
    assert_eq!(dates.next_payment_at, at("2027-08-31T21:00:00Z"));
    assert_eq!(dates.short_month_ends_at, Some(at("2026-09-30T21:00:00Z")));
    let double = Double::new(&wallet);
    let payment = order(&wallet, &viewer, &standard_yearly(), "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    wallet.payments().check(&viewer, payment).await.expect("checked");
    assert_eq!(on(&wallet, &viewer).await.paid_until, dates.next_payment_at);
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_is_due_of_a_free_plan_before_the_address_is_proven(pool: PgPool) {
    let wallet = open_with(&pool, "neuraldraft").await;
    let new = sign_up(&wallet, ANNA).await;
    let due = "SELECT count(*) FROM subscriptions WHERE due_at IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(due).fetch_one(&pool).await.expect("counted"), 0);
    let token = newest_token(&wallet, ANNA).await;
    prove(&wallet, &token).await.expect("verified");
    assert_eq!(sqlx::query_scalar::<_, i64>(due).fetch_one(&pool).await.expect("counted"), 1);
    wallet.renew_plans().await.expect("renewed");
    let viewer = wallet.identity().viewer(new.user).await.expect("a viewer");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(250));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn where_every_plan_costs_money_nobody_gets_one_for_nothing(pool: PgPool) {
    let wallet = open(&pool).await;
    sqlx::query("DELETE FROM plans WHERE code = 'starter'").execute(&pool).await.expect("deleted");
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    node.catalog().prepare().await.expect("read");
    let viewer = member(&node, ANNA).await;
    let summary = node.plans().current(viewer.account).await.expect("read");
    assert_eq!((summary.code.as_str(), summary.rank), ("", -1));
    node.renew_plans().await.expect("renewed");
    assert_eq!(available(&node, viewer.wallet).await, credits(0));
    is_right(&node).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_that_settles_beside_moved_dates_keeps_them(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    wallet.clock().set(on(&wallet, &viewer).await.paid_until);
    // The card is charged, and nobody hears so.
    double.books().swallow_next_charge = true;
    wallet.renew_plans().await.expect("renewed");
    double.books().silent = false;
    let payment = wallet.payments().payments(&viewer, None, 1).await.expect("a page").payments[0].id;
    // Its settlement has read the subscription, and waits for the wallet.
    let mut person = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM wallets WHERE shard = $1 AND wallet_id = $2 FOR UPDATE")
        .bind(viewer.wallet.shard.as_i16())
        .bind(viewer.wallet.number)
        .execute(&mut *person)
        .await
        .expect("locked");
    let settles = tokio::spawn({
        let wallet = wallet.clone();
        async move { wallet.payments().refresh(payment).await }
    });
    until_wait(&pool, 1).await;
    let moved: DateTime<Utc> = sqlx::query_scalar(
        "UPDATE subscriptions SET anchor = anchor + interval '2 days', version = version + 1 WHERE account_id = $1
         RETURNING anchor",
    )
    .bind(viewer.account.uuid())
    .fetch_one(&pool)
    .await
    .expect("moved");
    person.rollback().await.expect("let go");
    assert_eq!(settles.await.expect("no panic").expect("settled").status, PaymentStatus::Succeeded);
    let kept: DateTime<Utc> = sqlx::query_scalar("SELECT anchor FROM subscriptions WHERE account_id = $1")
        .bind(viewer.account.uuid())
        .fetch_one(&pool)
        .await
        .expect("read");
    assert_eq!(kept, moved, "the dates that somebody else has set meanwhile stay");
    is_right(&wallet).await;
}
