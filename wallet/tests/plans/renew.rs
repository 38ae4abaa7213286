//! Months come, are paid for and roll over; also after a silence of ours, and on many nodes.

use chrono::TimeDelta;
use sqlx::PgPool;
use wallet::ledger::EntryKind;
use wallet::notify::Mail;
use wallet::payment::ProviderStatus;

use crate::people_support::*;
use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn a_year_of_renewals_keeps_its_day_and_leaves_what_was_bought(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let bought = wallet.payments().start_top_up(&viewer, &light(), "light", BASE).await.expect("ordered").id;
    double.set(bought, ProviderStatus::Paid);
    wallet.payments().check(&viewer, bought).await.expect("checked");
    mails(&wallet, ANNA).await;

    let report = live_until(&wallet, start() + TimeDelta::days(365)).await;
    assert_eq!((report.paid, report.declined, report.ended, report.failed), (12, 0, 0, 0));
    let came: Vec<String> = months(&wallet, &viewer).await.iter().map(|row| row.created_at.to_rfc3339()).collect();
    let dates = (9..=12).map(|month| (2026, month)).chain((1..=9).map(|month| (2027, month)));
    let dates: Vec<String> = dates.map(|(year, month)| format!("{year}-{month:02}-21T14:13:20+00:00")).collect();
    assert_eq!(came, dates);
    // What is left of a month ends with it; what was bought and the gift stay.
    assert_eq!(rows(&wallet, &viewer, EntryKind::GrantExpired).await.len(), 12);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(450));
    let charged: Vec<String> = double.books().charged.iter().map(|(_, at)| at.to_rfc3339()).collect();
    assert_eq!(charged, dates[1..]);
    let renewed = mails(&wallet, ANNA).await;
    assert_eq!(renewed.iter().filter(|mail| matches!(mail, Mail::PlanRenewed(_))).count(), 12);
    assert_eq!(wallet.plans().periods(viewer.account).await.expect("listed").len(), 13);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_year_paid_at_once_comes_month_by_month_and_rolls_over(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "monthly-credits", &standard_yearly()).await;
    let report = live_until(&wallet, "2027-08-31T00:00:00Z".parse().expect("an instant")).await;
    assert_eq!((report.granted, report.paid), (11, 0));
    let came: Vec<String> =
        months(&wallet, &viewer).await.iter().map(|row| row.created_at.format("%m-%d").to_string()).collect();
    // The first is the free plan's, when the address was proven.
    assert_eq!(
        came,
        [
            "09-21", "09-21", "10-01", "11-01", "12-01", "01-01", "02-01", "03-01", "04-01", "05-01", "06-01", "07-01",
            "08-01"
        ]
    );
    // Each lasts two months, to the end of the day; the oldest goes first.
    wallet.ledger().expire_grants().await.expect("swept");
    let balance = wallet.ledger().balance(viewer.wallet).await.expect("a balance");
    let ends: Vec<String> =
        balance.grants.iter().filter_map(|grant| grant.expires_at).map(|at| at.to_rfc3339()).collect();
    assert_eq!(ends, ["2027-09-02T00:00:00+00:00", "2027-10-02T00:00:00+00:00"]);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(2_000));
    // The year's price is shared by its months, to the last cent.
    let costs = "SELECT coalesce(sum(minor), 0)::bigint FROM billing_periods";
    assert_eq!(sqlx::query_scalar::<_, i64>(costs).fetch_one(&pool).await.expect("summed"), 10_000);
    assert!(double.books().charged.is_empty());
    is_right(&wallet).await;

    live_until(&wallet, "2027-09-02T00:00:00Z".parse().expect("an instant")).await;
    assert_eq!(double.books().charged.len(), 1, "the second year");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_jobs_on_two_nodes_charge_once(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let node = open(&pool).await;
    node.payments().register(std::sync::Arc::new(double.clone()));
    for round in 1..=3 {
        let due = wallet.plans().next_due().await.expect("read").expect("a date");
        wallet.clock().set(due);
        node.clock().set(due);
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..16 {
            let (node, pool) = (if number % 2 == 0 { wallet.clone() } else { node.clone() }, pool.clone());
            tasks.spawn(async move {
                // As if every lease had run out: all of them take the same subscription.
                sqlx::query("UPDATE subscriptions SET due_at = $1").bind(due).execute(&pool).await.expect("due");
                node.renew_plans().await.expect("renewed")
            });
        }
        for report in tasks.join_all().await {
            assert_eq!(report.declined, 0);
        }
        assert_eq!(double.books().charged.len(), round);
        assert_eq!(months(&wallet, &viewer).await.len(), round + 1);
    }
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_silence_of_ours_costs_nobody_anything(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    wallet.clock().advance(TimeDelta::days(200));
    for _ in 0..2 {
        wallet.renew_plans().await.expect("renewed");
    }
    assert_eq!(double.books().charged.len(), 1, "the month of now, not the six that passed");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn months_that_were_paid_come_after_a_silence_all_and_once(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "monthly-credits", &standard_yearly()).await;
    wallet.clock().set("2027-08-31T00:00:00Z".parse().expect("an instant"));
    let report = wallet.renew_plans().await.expect("renewed");
    assert_eq!((report.granted, report.paid), (11, 0));
    assert!(wallet.renew_plans().await.expect("renewed").is_nothing());
    // All of the eleven can still be spent; the first one had its time.
    assert_eq!(available(&wallet, viewer.wallet).await, credits(11_000));
    assert!(double.books().charged.is_empty());
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_free_plan_brings_its_months_to_whoever_has_proven_the_address(pool: PgPool) {
    let wallet = open_with(&pool, "neuraldraft").await;
    let new = sign_up(&wallet, "boris@example.com").await;
    let viewer = member(&wallet, ANNA).await;
    live_until(&wallet, start() + TimeDelta::days(70)).await;
    let came: Vec<String> =
        months(&wallet, &viewer).await.iter().map(|row| row.created_at.format("%m-%d").to_string()).collect();
    assert_eq!(came, ["09-21", "10-21", "11-21"]);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(250), "the rest of a month ends with it");
    let unproven = wallet.identity().viewer(new.user).await.expect("a viewer");
    assert_eq!(available(&wallet, unproven.wallet).await, credits(0));
    is_right(&wallet).await;
}
