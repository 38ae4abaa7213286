//! A paid plan becomes another one: at once for the difference, or with the next billing date.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::Interval;
use wallet::error::{Problem, Result};
use wallet::identity::Viewer;
use wallet::ledger::GrantSource;
use wallet::money::{Currency, Money};
use wallet::notify::Mail;
use wallet::payment::{Changed, PaymentStatus, PaymentView, PlanChoice, ProviderStatus};
use wallet::plan::{ChangeStart, PlanChange};

use crate::people_support::*;
use crate::support::*;

fn to(plan: &str) -> PlanChoice {
    PlanChoice { plan: plan.into(), ..basic() }
}

fn dollars(plan: &str, interval: Interval) -> PlanChoice {
    PlanChoice { plan: plan.into(), interval, currency: Currency::USD, with: None }
}

async fn shown(wallet: &Wallet, viewer: &Viewer, choice: &PlanChoice) -> PlanChange {
    wallet.payments().plan_change(viewer.account, choice).await.expect("a change")
}

fn due(change: &PlanChange) -> Option<Money> {
    match change.start {
        ChangeStart::Now(proration) => Some(proration.due),
        ChangeStart::NextBilling => None,
    }
}

async fn confirm(wallet: &Wallet, viewer: &Viewer, choice: &PlanChoice, key: &str) -> Result<Changed> {
    let shown = due(&shown(wallet, viewer, choice).await);
    wallet.payments().change_plan(viewer, choice, shown, key, BASE).await
}

#[track_caller]
fn ordered(changed: Result<Changed>) -> PaymentView {
    match changed.expect("changed") {
        Changed::Ordered(payment) => *payment,
        Changed::Scheduled(at) => panic!("it waits until {at}"),
    }
}

#[track_caller]
fn scheduled(changed: Result<Changed>) -> DateTime<Utc> {
    match changed.expect("changed") {
        Changed::Scheduled(at) => at,
        Changed::Ordered(payment) => panic!("{} is to be paid", payment.id),
    }
}

async fn on(wallet: &Wallet, viewer: &Viewer) -> wallet::plan::SubscriptionView {
    wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan")
}

fn days(count: i64) -> TimeDelta {
    TimeDelta::days(count)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_higher_plan_begins_when_its_difference_is_paid(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let before = on(&wallet, &viewer).await;
    mails(&wallet, ANNA).await;
    wallet.clock().advance(days(10));
    let payment = ordered(confirm(&wallet, &viewer, &to("vip"), "up").await);
    // 20 of 30 days: 2 990 less 890 roubles, 1 500 less 300 tokens.
    assert_eq!((payment.money, payment.credits), (roubles(199_333 - 59_333), credits(800)));
    assert_eq!(payment.change_to.as_deref(), Some("vip"));
    assert_eq!(plan(&wallet, &viewer).await, "basic", "nothing before it is paid");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));

    double.set(payment.id, ProviderStatus::Paid);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let (wallet, viewer, double) = (wallet.clone(), viewer.clone(), double.clone());
        tasks.spawn(async move {
            match number % 3 {
                0 => drop(wallet.payments().check(&viewer, payment.id).await.expect("checked")),
                1 => {
                    let event = double.event(payment.id, number);
                    wallet.payments().ingest_event("double", &event).await.expect("kept");
                }
                _ => drop(wallet.payments().reconcile().await.expect("reconciled")),
            }
        });
    }
    tasks.join_all().await;
    let now = on(&wallet, &viewer).await;
    assert_eq!((now.plan.as_str(), now.terms.price, now.terms.credits), ("vip", roubles(299_000), credits(1_500)));
    assert_eq!((now.id, now.paid_until, now.method), (before.id, before.paid_until, before.method));
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_150));
    let balance = wallet.ledger().balance(viewer.wallet).await.expect("a balance");
    let grant = balance.grants.iter().find(|grant| grant.cost == Some(payment.money)).expect("a grant");
    assert_eq!((grant.source, grant.label.as_str()), (GrantSource::Allowance, "VIP"));
    assert_eq!(grant.expires_at, Some(before.paid_until), "it ends with the month that it belongs to");
    let told = mails(&wallet, ANNA).await;
    assert!(matches!(told.as_slice(), [Mail::PlanChanged(mail)] if mail.plan == "VIP"), "{told:?}");
    is_right(&wallet).await;

    // The next month is paid and comes at the new terms.
    live_until(&wallet, before.paid_until).await;
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_550));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_change_that_fails_leaves_the_plan(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let before = on(&wallet, &viewer).await;
    for (key, status) in [
        ("declined", ProviderStatus::Declined { code: "insufficient_funds".into() }),
        ("left", ProviderStatus::Cancelled),
        ("late", ProviderStatus::Expired),
    ] {
        let payment = ordered(confirm(&wallet, &viewer, &to("pro"), key).await);
        double.set(payment.id, status);
        let seen = wallet.payments().check(&viewer, payment.id).await.expect("checked");
        assert!(!seen.status.is_open() && seen.status != PaymentStatus::Succeeded, "{seen:?}");
    }
    assert_eq!(on(&wallet, &viewer).await, before);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_tabs_make_one_order_and_two_plans_are_not_both_brought(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let first = ordered(confirm(&wallet, &viewer, &to("pro"), "tab-1").await);
    assert_eq!(ordered(confirm(&wallet, &viewer, &to("pro"), "tab-1").await).id, first.id, "the same form");
    assert_eq!(ordered(confirm(&wallet, &viewer, &to("pro"), "tab-2").await).id, first.id, "another tab");
    let other = ordered(confirm(&wallet, &viewer, &to("elite"), "tab-3").await);
    let third = ordered(confirm(&wallet, &viewer, &to("vip"), "tab-4").await);
    double.set(first.id, ProviderStatus::Paid);
    double.set(other.id, ProviderStatus::Paid);
    let check = |id| {
        let (wallet, viewer) = (wallet.clone(), viewer.clone());
        tokio::spawn(async move { wallet.payments().check(&viewer, id).await.expect("checked") })
    };
    let (one, two) = (check(first.id), check(other.id));
    let seen = [one.await.expect("ran"), two.await.expect("ran")];
    let mut ends: Vec<_> = seen.iter().map(|payment| (payment.status.code(), payment.failure.as_deref())).collect();
    ends.sort_unstable();
    assert_eq!(ends, [("held", Some("plan_changed")), ("succeeded", None)], "staff give the second one back");
    let third = wallet.payments().check(&viewer, third.id).await.expect("checked");
    assert_eq!(third.status, PaymentStatus::Expired, "its page takes no money any more");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lower_plan_begins_with_the_next_billing_date(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &to("vip")).await;
    let before = on(&wallet, &viewer).await;
    for key in ["once", "twice"] {
        assert_eq!(scheduled(confirm(&wallet, &viewer, &basic(), key).await), before.paid_until);
    }
    let waits = on(&wallet, &viewer).await;
    assert_eq!((waits.plan.as_str(), waits.next.map(|next| next.plan)), ("vip", Some("basic".to_owned())));
    let log = wallet.identity().audit_log(None, 20).await.expect("a page").rows;
    assert_eq!(log.iter().filter(|row| row.action == "subscription.change_scheduled").count(), 1);
    live_until(&wallet, before.paid_until).await;
    let now = on(&wallet, &viewer).await;
    assert_eq!((now.plan.as_str(), now.terms.price, now.next), ("basic", roubles(89_000), None));
    assert_eq!(now.id, before.id, "its months go on");
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350), "300 of this month, and the 50 of the start");
    is_right(&wallet).await;
    live_until(&wallet, before.paid_until + days(62)).await;
    assert_eq!((plan(&wallet, &viewer).await.as_str(), double.books().charged.len()), ("basic", 3));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_change_that_waits_is_dropped_by_its_owner_a_rise_or_the_end(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &to("vip")).await;
    let next = async || on(&wallet, &viewer).await.next.map(|next| next.plan);
    scheduled(confirm(&wallet, &viewer, &basic(), "a").await);
    for _ in 0..2 {
        wallet.plans().keep(&viewer).await.expect("kept");
    }
    assert_eq!(next().await, None);
    scheduled(confirm(&wallet, &viewer, &basic(), "b").await);
    scheduled(confirm(&wallet, &viewer, &to("pro"), "c").await);
    assert_eq!(next().await.as_deref(), Some("pro"), "the last word counts");
    let payment = ordered(confirm(&wallet, &viewer, &to("elite"), "d").await);
    double.set(payment.id, ProviderStatus::Paid);
    wallet.payments().check(&viewer, payment.id).await.expect("checked");
    assert_eq!((plan(&wallet, &viewer).await.as_str(), next().await), ("elite", None));
    scheduled(confirm(&wallet, &viewer, &basic(), "e").await);
    wallet.plans().cancel(&viewer).await.expect("cancelled");
    let refused = confirm_refused(&wallet, &viewer, &basic()).await;
    assert_eq!(refused, [("plan".to_owned(), Problem::NotAllowed)]);
    wallet.plans().resume(&viewer).await.expect("resumed");
    assert_eq!(next().await, None, "what was cancelled goes on as it was");
    is_right(&wallet).await;
}

async fn confirm_refused(wallet: &Wallet, viewer: &Viewer, choice: &PlanChoice) -> Vec<(String, Problem)> {
    problems(refusal(wallet.payments().change_plan(viewer, choice, None, "refused", BASE).await))
}

#[sqlx::test(migrations = "../migrations")]
async fn up_down_and_up_again_brings_nothing_for_nothing(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let mut paid = 89_000;
    let mut came = credits(350);
    for round in 0..3 {
        wallet.clock().advance(days(3));
        let up = ordered(confirm(&wallet, &viewer, &to("elite"), &format!("up-{round}")).await);
        double.set(up.id, ProviderStatus::Paid);
        wallet.payments().check(&viewer, up.id).await.expect("checked");
        paid += up.money.minor();
        came = came.checked_add(up.credits).expect("fits");
        assert_eq!(available(&wallet, viewer.wallet).await, came);
        scheduled(confirm(&wallet, &viewer, &basic(), &format!("down-{round}")).await);
        let billing = on(&wallet, &viewer).await.paid_until;
        live_until(&wallet, billing).await;
        paid += 89_000;
        // What was not used of the month has ended with it.
        came = credits(350);
        assert_eq!((plan(&wallet, &viewer).await.as_str(), available(&wallet, viewer.wallet).await), ("basic", came));
        is_right(&wallet).await;
    }
    let taken = "SELECT sum(minor)::bigint FROM payments WHERE status = 'succeeded'";
    let taken: i64 = sqlx::query_scalar(taken).fetch_one(&pool).await.expect("summed");
    assert_eq!(taken, paid);
    // Each rise of a month costs at least what its tokens cost by the higher plan's rate, less half a kopeck.
    let rises: Vec<(i64, i64)> = sqlx::query_as("SELECT minor, credits FROM payments WHERE change_of IS NOT NULL")
        .fetch_all(&pool)
        .await
        .expect("read");
    assert!(rises.iter().all(|(minor, micros)| minor * 2_700 >= (micros / 1_000_000) * 410_000 - 2_700), "{rises:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_yearly_plan_rises_within_its_year_and_its_months_come_at_the_new_terms(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "monthly-credits", &standard_yearly()).await;
    wallet.clock().advance(days(100));
    wallet.renew_plans().await.expect("renewed");
    let change = shown(&wallet, &viewer, &dollars("team", Interval::Year)).await;
    let ChangeStart::Now(proration) = change.start else { panic!("it waits") };
    assert!(proration.paid.all > 340 && proration.month.all >= 30, "{proration:?}");
    let payment = ordered(confirm(&wallet, &viewer, &dollars("team", Interval::Year), "up").await);
    double.set(payment.id, ProviderStatus::Paid);
    wallet.payments().check(&viewer, payment.id).await.expect("checked");
    is_right(&wallet).await;
    let end = on(&wallet, &viewer).await.paid_until;
    live_until(&wallet, end - days(1)).await;
    assert!(double.books().charged.is_empty());
    is_right(&wallet).await;
    // The first payment's money stays the cost of all twelve months.
    let costs = "SELECT sum(minor)::bigint FROM billing_periods WHERE paid_by IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(costs).fetch_one(&pool).await.expect("summed"), 10_000);
    let last = months(&wallet, &viewer).await.last().map(|row| row.amount);
    assert_eq!(last, Some(credits(5_000)));
    live_until(&wallet, end).await;
    let year: i64 = sqlx::query_scalar("SELECT minor FROM payments ORDER BY created_at DESC LIMIT 1")
        .fetch_one(&pool)
        .await
        .expect("read");
    assert_eq!((double.books().charged.len(), year), (1, 45_000));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn another_interval_begins_with_the_next_payment(pool: PgPool) {
    let monthly = dollars("standard", Interval::Month);
    let (wallet, viewer, double) = subscriber(&pool, "monthly-credits", &monthly).await;
    let before = on(&wallet, &viewer).await;
    assert_eq!(scheduled(confirm(&wallet, &viewer, &standard_yearly(), "y").await), before.paid_until);
    live_until(&wallet, before.paid_until).await;
    let now = on(&wallet, &viewer).await;
    assert_eq!(
        (now.terms.interval, now.terms.price.minor(), double.books().charged.len()),
        (Interval::Year, 10_000, 1)
    );
    assert!(now.paid_until > before.paid_until + days(360));
    is_right(&wallet).await;
    scheduled(confirm(&wallet, &viewer, &monthly, "m").await);
    live_until(&wallet, now.paid_until).await;
    assert_eq!(on(&wallet, &viewer).await.terms.interval, Interval::Month);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_not_shown_is_not_ordered(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let change = async |choice: &PlanChoice, shown: Option<Money>| {
        problems(refusal(wallet.payments().change_plan(&viewer, choice, shown, "k", BASE).await))
    };
    let outdated = [("shown".to_owned(), Problem::Outdated)];
    let seen = due(&shown(&wallet, &viewer, &to("vip")).await).expect("a difference");
    wallet.clock().advance(days(1));
    for shown in [None, Some(seen), Some(roubles(1)), Some(Money::from_minor(seen.minor(), Currency::USD))] {
        assert_eq!(change(&to("vip"), shown).await, outdated, "{shown:?}");
    }
    assert_eq!(change(&to("nothing"), None).await, [("plan".to_owned(), Problem::Unknown)]);
    assert_eq!(change(&to("starter"), None).await, [("plan".to_owned(), Problem::NotAllowed)]);
    assert_eq!(change(&basic(), None).await, [("plan".to_owned(), Problem::NotAllowed)]);
    let yearly = PlanChoice { interval: Interval::Year, ..to("vip") };
    assert_eq!(change(&yearly, None).await, [("interval".to_owned(), Problem::NotAllowed)]);
    assert_eq!(double.books().pages.len(), 1, "nothing was ordered");

    let other = member(&wallet, "bob@example.com").await;
    let refused = wallet.payments().change_plan(&other, &to("vip"), Some(seen), "k", BASE).await;
    assert_eq!(problems(refusal(refused)), [("plan".to_owned(), Problem::NotAllowed)], "no paid plan to change");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_that_comes_after_the_billing_date_is_put_aside(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let before = on(&wallet, &viewer).await;
    wallet.clock().set(before.paid_until - TimeDelta::hours(20));
    let payment = ordered(confirm(&wallet, &viewer, &to("vip"), "late").await);
    double.set(payment.id, ProviderStatus::Processing);
    wallet.payments().check(&viewer, payment.id).await.expect("checked");
    live_until(&wallet, before.paid_until).await;
    double.set(payment.id, ProviderStatus::Paid);
    let seen = wallet.payments().check(&viewer, payment.id).await.expect("checked");
    assert_eq!((seen.status, seen.failure.as_deref()), (PaymentStatus::Held, Some("plan_changed")));
    assert_eq!((plan(&wallet, &viewer).await.as_str(), double.books().charged.len()), ("basic", 1));
    let at = wallet.clock().now();
    let late = shown(&wallet, &viewer, &to("vip")).await;
    assert!(due(&late).is_some() && late.next_billing_at > at);
    wallet.clock().set(late.next_billing_at - TimeDelta::minutes(30));
    assert_eq!(due(&shown(&wallet, &viewer, &to("vip")).await), None, "too late to pay before the date");
    is_right(&wallet).await;
}

/// The double takes no less than this.
#[sqlx::test(migrations = "../migrations")]
async fn a_difference_that_nobody_takes_waits_for_the_billing_date(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    double.books().least = Some(100_000);
    let change = shown(&wallet, &viewer, &to("pro")).await;
    assert_eq!(due(&change), None, "800 roubles at most");
    scheduled(confirm(&wallet, &viewer, &to("pro"), "small").await);
    assert_eq!(due(&shown(&wallet, &viewer, &to("vip")).await), Some(roubles(210_000)));
    is_right(&wallet).await;
}
