//! A plan begins, is changed of mind about, and is refused.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use wallet::catalog::Interval;
use wallet::error::{Problem, Refusal};
use wallet::id::PaymentId;
use wallet::identity::Viewer;
use wallet::ledger::GrantSource;
use wallet::money::Currency;
use wallet::notify::Mail;
use wallet::payment::ProviderStatus;
use wallet::payment::{PaymentStatus, PlanChoice};
use wallet::plan::SubscriptionStatus;

use crate::people_support::*;
use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_begins_once_whoever_finds_out_first(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let payment = order(&wallet, &viewer, &basic(), "form").await;
    assert_eq!((payment.credits, payment.money), (credits(300), roubles(89_000)));
    assert_eq!(order(&wallet, &viewer, &basic(), "form").await.id, payment.id, "the same form, the same order");
    double.set(payment.id, ProviderStatus::Paid);
    wallet.clock().advance(minutes(2));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let (wallet, viewer, double) = (wallet.clone(), viewer.clone(), double.clone());
        tasks.spawn(async move {
            match number % 4 {
                0 => drop(wallet.payments().check(&viewer, payment.id).await.expect("checked")),
                1 => {
                    let event = double.event(payment.id, number);
                    wallet.payments().ingest_event("double", &event).await.expect("kept");
                }
                2 => drop(wallet.payments().reconcile().await.expect("reconciled")),
                _ => drop(wallet.renew_plans().await.expect("renewed")),
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    assert_eq!(months(&wallet, &viewer).await.len(), 1);
    let balance = wallet.ledger().balance(viewer.wallet).await.expect("a balance");
    let grant = balance.grants.iter().find(|grant| grant.source == GrantSource::Allowance).expect("a grant");
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!(
        (grant.label.as_str(), grant.cost, grant.expires_at),
        ("Basic", Some(roubles(89_000)), Some(on.paid_until))
    );
    assert_eq!(on.paid_until, "2026-10-21T14:15:20Z".parse::<DateTime<Utc>>().expect("an instant"));
    assert_eq!(
        (on.plan.as_str(), on.status, on.method.as_deref()),
        ("basic", SubscriptionStatus::Active, Some("Visa •• 4242"))
    );
    assert_eq!(plan(&wallet, &viewer).await, "basic");
    let mails = mails(&wallet, ANNA).await;
    assert!(matches!(mails.as_slice(), [Mail::PlanStarted(mail)] if mail.credits == credits(300)), "{mails:?}");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_has_one_paid_plan(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let first = order(&wallet, &viewer, &basic(), "tab-1").await.id;
    let second = order(&wallet, &viewer, &basic(), "tab-2").await.id;
    assert_ne!(first, second);
    double.set(first, ProviderStatus::Paid);
    double.set(second, ProviderStatus::Paid);
    let check = |id: PaymentId| {
        let (wallet, viewer) = (wallet.clone(), viewer.clone());
        tokio::spawn(async move { wallet.payments().check(&viewer, id).await.expect("checked") })
    };
    let (one, two) = (check(first), check(second));
    let seen = [one.await.expect("ran"), two.await.expect("ran")];
    let mut ends: Vec<_> = seen.iter().map(|payment| (payment.status.code(), payment.failure.as_deref())).collect();
    ends.sort_unstable();
    assert_eq!(ends, [("held", Some("already_subscribed")), ("succeeded", None)]);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    let log = wallet.identity().audit_log(None, 10).await.expect("a page").rows;
    assert_eq!(log.iter().filter(|row| row.action == "payment.held").count(), 1);
    let refused = wallet.payments().start_plan(&viewer, &basic(), "tab-3", BASE).await;
    assert_eq!(problems(refusal(refused)), [("plan".to_owned(), Problem::Taken)]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_second_order_of_a_plan_closes_when_one_is_paid(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let first = order(&wallet, &viewer, &basic(), "tab-1").await.id;
    let second = order(&wallet, &viewer, &basic(), "tab-2").await.id;
    double.set(first, ProviderStatus::Paid);
    wallet.payments().check(&viewer, first).await.expect("checked");
    let page = double.books().pages[&reference(second)].status.clone();
    assert_eq!(page, ProviderStatus::Expired, "its page takes no money any more");
    assert_eq!(wallet.payments().check(&viewer, second).await.expect("checked").status, PaymentStatus::Expired);

    // A provider that was silent then is told at the next look.
    let third = {
        let other = member(&wallet, "bob@example.com").await;
        let (one, two) =
            (order(&wallet, &other, &basic(), "a").await.id, order(&wallet, &other, &basic(), "b").await.id);
        double.set(one, ProviderStatus::Paid);
        let held = double.books().pages.remove(&reference(two)).expect("a page");
        wallet.payments().check(&other, one).await.expect("checked");
        double.books().pages.insert(reference(two), held);
        wallet.payments().check(&other, two).await.expect("checked")
    };
    assert_eq!(third.status, PaymentStatus::Expired);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cancelled_plan_ends_with_what_was_paid_and_can_go_on_before(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    mails(&wallet, ANNA).await;
    for _ in 0..2 {
        wallet.plans().cancel(&viewer).await.expect("cancelled");
    }
    wallet.plans().resume(&viewer).await.expect("resumed");
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due).await;
    assert_eq!(double.books().charged.len(), 1, "resumed: it renews");
    wallet.plans().cancel(&viewer).await.expect("cancelled");
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert!(on.cancel_at_end && on.next_credits_at.is_none());
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350), "what was paid stays");
    let report = live_until(&wallet, on.paid_until).await;
    assert_eq!((report.ended, double.books().charged.len()), (1, 1));
    assert_eq!(plan(&wallet, &viewer).await, "starter");
    assert!(matches!(mails(&wallet, ANNA).await.last(), Some(Mail::PlanEnded(mail)) if !mail.is_unpaid));
    let refused = refusal(wallet.plans().resume(&viewer).await);
    assert_eq!(problems(refused), [("plan".to_owned(), Problem::NotAllowed)]);
    let other = Viewer { role: wallet::identity::Role::Viewer, ..viewer.clone() };
    assert!(matches!(refusal(wallet.plans().cancel(&other).await), Refusal::Forbidden { .. }));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn wrong_choices_are_refused_at_their_field(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    for (choice, field, problem) in [
        (PlanChoice { plan: "nonsense".into(), ..basic() }, "plan", Problem::Unknown),
        (PlanChoice { plan: "starter".into(), ..basic() }, "plan", Problem::NotAllowed),
        (PlanChoice { interval: Interval::Year, ..basic() }, "interval", Problem::NotAllowed),
        (PlanChoice { currency: Currency::USD, ..basic() }, "currency", Problem::NotAllowed),
    ] {
        let refused = wallet.payments().start_plan(&viewer, &choice, "k", BASE).await;
        assert_eq!(problems(refusal(refused)), [(field.to_owned(), problem)]);
    }
    let no_provider = refusal(wallet.payments().start_plan(&viewer, &basic(), "k", BASE).await);
    assert_eq!(problems(no_provider), [("method".to_owned(), Problem::NotAllowed)]);
}
