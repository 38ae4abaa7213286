//! Plans that renew, on PostgreSQL: begun once, paid once a period, granted once a month, whoever runs and whatever fails.
#![cfg(feature = "postgres")]

mod people_support;

use chrono::{DateTime, TimeDelta, Utc};
use people_support::*;
use sqlx::PgPool;
use wallet::catalog::Interval;
use wallet::error::{Problem, Refusal};
use wallet::id::PaymentId;
use wallet::identity::Viewer;
use wallet::ledger::{EntryFilter, EntryKind, EntryView, GrantSource, Page, Scope};
use wallet::money::{Currency, Money};
use wallet::notify::Mail;
use wallet::payment::provider::ProviderStatus;
use wallet::payment::{PaymentStatus, PaymentView, PlanChoice};
use wallet::plan::SubscriptionStatus;
use wallet::{Renewed, Wallet};

const BASE: &str = "https://scrip.example";
const ANNA: &str = "anna@example.com";

fn basic() -> PlanChoice {
    PlanChoice { plan: "basic".into(), interval: Interval::Month, currency: Currency::RUB }
}

fn standard_yearly() -> PlanChoice {
    PlanChoice { plan: "standard".into(), interval: Interval::Year, currency: Currency::USD }
}

async fn order(wallet: &Wallet, viewer: &Viewer, choice: &PlanChoice, key: &str) -> PaymentView {
    wallet.payments().start_plan(viewer, choice, key, BASE).await.expect("ordered")
}

/// Somebody on a plan, with the double behind the payments.
async fn subscriber(pool: &PgPool, preset: &str, choice: &PlanChoice) -> (Wallet, Viewer, Double) {
    let wallet = open_with(pool, preset).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let payment = order(&wallet, &viewer, choice, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    assert_eq!(wallet.payments().check(&viewer, payment).await.expect("checked").status, PaymentStatus::Succeeded);
    (wallet, viewer, double)
}

/// Moves the clock to an instant, from one due date to the next, and runs the job at each.
async fn live_until(wallet: &Wallet, until: DateTime<Utc>) -> Renewed {
    let mut report = wallet.renew_plans().await.expect("renewed");
    while let Some(due) = wallet.plans().next_due().await.expect("read").filter(|due| *due <= until) {
        wallet.clock().set(due);
        report.add(&wallet.renew_plans().await.expect("renewed"));
    }
    wallet.clock().set(until);
    report.add(&wallet.renew_plans().await.expect("renewed"));
    report
}

async fn rows(wallet: &Wallet, viewer: &Viewer, kind: EntryKind) -> Vec<EntryView> {
    let filter = EntryFilter { kinds: vec![kind], ..EntryFilter::default() };
    let mut rows =
        wallet.ledger().entries(viewer.wallet, &filter, Page { before: None, limit: 200 }).await.expect("rows").entries;
    rows.reverse();
    rows
}

/// The rows of months that a plan brought.
async fn months(wallet: &Wallet, viewer: &Viewer) -> Vec<EntryView> {
    let granted = rows(wallet, viewer, EntryKind::Grant).await;
    granted.into_iter().filter(|row| row.category.as_deref() == Some("allowance")).collect()
}

async fn is_right(wallet: &Wallet) {
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
}

async fn plan(wallet: &Wallet, viewer: &Viewer) -> String {
    wallet.plans().current(viewer.account).await.expect("a plan").code
}

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
    assert!(matches!(mails.as_slice(), [Mail::PlanStarted(mail)] if mail.credits == "300 токенов"), "{mails:?}");
    is_right(&wallet).await;
}

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
    assert_eq!(
        came,
        ["09-21", "10-01", "11-01", "12-01", "01-01", "02-01", "03-01", "04-01", "05-01", "06-01", "07-01", "08-01"]
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
async fn a_declined_card_is_tried_on_four_days_and_then_the_plan_ends(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    mails(&wallet, ANNA).await;
    double.books().declines = Some("insufficient_funds".into());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!((on.status, on.next_try_at), (SubscriptionStatus::PastDue, Some(due + TimeDelta::days(1))));
    assert_eq!(plan(&wallet, &viewer).await, "basic", "it counts while the card is tried");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50), "the month's rest ended, nothing new came");

    let report = live_until(&wallet, due + TimeDelta::days(30)).await;
    assert_eq!((report.paid, report.declined, report.ended), (0, 4, 1));
    let days: Vec<i64> = double.books().charged.iter().map(|(_, at)| (*at - due).num_days()).collect();
    assert_eq!(days, [0, 1, 3, 5, 7]);
    assert_eq!(plan(&wallet, &viewer).await, "starter");
    assert_eq!(wallet.plans().paid_plan(viewer.account).await.expect("read"), None);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(50));
    let mails = mails(&wallet, ANNA).await;
    let unpaid = mails.iter().filter(|mail| matches!(mail, Mail::PlanUnpaid(_))).count();
    assert_eq!((unpaid, mails.len()), (4, 5), "{mails:?}");
    assert!(
        matches!(mails.last(), Some(Mail::PlanEnded(mail)) if mail.is_unpaid && mail.down_to.as_deref() == Some("Starter"))
    );
    is_right(&wallet).await;
    // A new start is a new subscription.
    double.books().declines = None;
    let again = order(&wallet, &viewer, &basic(), "again").await.id;
    double.set(again, ProviderStatus::Paid);
    wallet.payments().check(&viewer, again).await.expect("checked");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn another_card_pays_what_is_owed_once(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let none = refusal(wallet.payments().pay_plan(&viewer, "pay-0", BASE).await);
    assert_eq!(problems(none), [("plan".to_owned(), Problem::NotAllowed)]);
    double.books().declines = Some("card_declined".into());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    // Two tabs: one order.
    let first = wallet.payments().pay_plan(&viewer, "pay-1", BASE).await.expect("ordered");
    let second = wallet.payments().pay_plan(&viewer, "pay-2", BASE).await.expect("ordered");
    assert_eq!(first.id, second.id);
    double.set(first.id, ProviderStatus::Paid);
    double.books().pages.get_mut(&reference(first.id)).expect("a page").saved_method = Some("card_new".into());
    // The job finds the open order on its day, and takes its money rather than charging the old card.
    let report = live_until(&wallet, due + TimeDelta::days(2)).await;
    assert_eq!((report.declined, double.books().charged.len()), (0, 1));
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!((on.status, on.next_try_at), (SubscriptionStatus::Active, None));
    assert_eq!(on.paid_until, "2026-11-21T14:13:20Z".parse::<DateTime<Utc>>().expect("an instant"), "its own day");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    // The next month is charged to the new card.
    double.books().declines = None;
    live_until(&wallet, on.paid_until).await;
    assert_eq!(double.books().charged.last().map(|(card, _)| card.clone()), Some("card_new".to_owned()));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_answer_that_got_lost_is_no_reason_to_charge_again(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    // Charged, but the answer gets lost, and then nobody answers for an hour and a half.
    double.books().swallow_next_charge = true;
    wallet.clock().set(due);
    wallet.renew_plans().await.expect("renewed");
    assert_eq!(double.books().charged.len(), 1);
    for _ in 0..9 {
        wallet.clock().advance(minutes(10));
        assert!(wallet.renew_plans().await.expect("renewed").is_nothing());
        wallet.payments().reconcile().await.expect("reconciled");
    }
    assert_eq!(
        wallet.plans().paid_plan(viewer.account).await.expect("read").map(|on| on.status),
        Some(SubscriptionStatus::Active)
    );
    double.books().silent = false;
    live_until(&wallet, due + TimeDelta::hours(3)).await;
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(months(&wallet, &viewer).await.len(), 2);
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
async fn a_plan_does_not_end_while_its_money_is_on_the_way(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    double.books().swallow_next_charge = true;
    wallet.clock().set(due);
    wallet.renew_plans().await.expect("renewed");
    // The answer is not there, and the owner cancels: the month was paid, so it is given, and the plan ends with it.
    wallet.plans().cancel(&viewer).await.expect("cancelled");
    wallet.clock().advance(minutes(5));
    assert_eq!(wallet.renew_plans().await.expect("renewed").ended, 0);
    double.books().silent = false;
    let report = live_until(&wallet, due + TimeDelta::days(1)).await;
    assert_eq!((report.ended, months(&wallet, &viewer).await.len()), (0, 2));
    assert_eq!(live_until(&wallet, due + TimeDelta::days(31)).await.ended, 1);
    assert_eq!(double.books().charged.len(), 1);
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
    let unproven = wallet.identity().viewer(new.user.id).await.expect("a viewer");
    assert_eq!(available(&wallet, unproven.wallet).await, credits(0));
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
    assert_eq!(no_provider, Refusal::Unavailable);
}

const CANARIES: &[(&str, &str)] = &[
    ("month_is_granted_once", "DELETE FROM billing_periods WHERE month = 1"),
    ("month_is_granted_once", "UPDATE billing_periods SET entry_seq = entry_seq + 100"),
    ("month_is_granted_once", "UPDATE billing_periods SET credits = credits + 1"),
    ("month_is_granted_once", "UPDATE grants SET reference = NULL WHERE source = 1"),
    ("plan_payment_is_its_months", "UPDATE billing_periods SET minor = minor + 1"),
    ("plan_payment_is_its_months", "UPDATE billing_periods SET paid_by = gen_random_uuid()"),
    ("plan_payment_is_its_months", "UPDATE billing_periods SET month = month + 50"),
    (
        "plan_payment_is_its_months",
        "UPDATE payments SET status = 'failed', entry_seq = NULL, settled_at = NULL WHERE plan IS NOT NULL",
    ),
    ("subscription_is_paid_as_it_says", "UPDATE subscriptions SET months_paid = months_paid + 1 WHERE minor > 0"),
    ("subscription_is_paid_as_it_says", "UPDATE subscriptions SET months_granted = 1 WHERE minor > 0"),
    ("subscription_is_paid_as_it_says", "UPDATE subscriptions SET paid_by = NULL WHERE minor > 0"),
];

#[sqlx::test(migrations = "../migrations")]
async fn what_is_wrong_with_plans_is_found(pool: PgPool) {
    let (wallet, _, _) = subscriber(&pool, "neuralbox", &basic()).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due).await;
    is_right(&wallet).await;
    for (invariant, plant) in CANARIES {
        let mut transaction = pool.begin().await.expect("a transaction");
        let plant = format!("SET LOCAL session_replication_role = replica; {plant}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(plant.clone())).execute(&mut *transaction).await.expect(&plant);
        let breaches = wallet.verify_in_tx(&mut transaction, Scope::Everything).await.expect("verified");
        assert!(
            breaches.iter().any(|breach| breach.invariant == *invariant),
            "{invariant} missed {plant}: {breaches:?}"
        );
        transaction.rollback().await.expect("rolled back");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sandbox_keeps_cards_and_charges_them_once_a_key(pool: PgPool) {
    use wallet::payment::provider::{CheckoutOrder, SavedCharge};
    use wallet::payment::sandbox::{SandboxState, SandboxStep};
    let wallet = open(&pool).await;
    let books = wallet.payments().sandbox();
    let viewer = member(&wallet, ANNA).await;
    let order = CheckoutOrder {
        payment: PaymentId::new(),
        account: viewer.account,
        email: ANNA.into(),
        locale: "en".into(),
        title: "Basic".into(),
        money: Money::from_minor(89_000, Currency::RUB),
        return_url: "https://scrip.example/back".into(),
        cancel_url: "https://scrip.example/back".into(),
        expires_at: start() + minutes(60),
        save_method: true,
        idempotency_key: "one".into(),
    };
    let page = books.open(&order).await.expect("a page");
    assert_eq!(page.method_ref, None, "nothing is kept before it is paid");
    let pay = SandboxStep::Pay { method: "Visa •• 4242".into() };
    let paid = books.advance(&page.reference, &pay).await.expect("a step");
    let card = paid.method_ref.expect("a card");
    let charge = SavedCharge {
        payment: PaymentId::new(),
        account: viewer.account,
        method: card.clone(),
        locale: "en".into(),
        title: "Basic".into(),
        money: order.money,
        idempotency_key: "two".into(),
    };
    let first = books.charge(&charge, "Visa •• 4242", None).await.expect("charged");
    assert_eq!(books.charge(&charge, "Visa •• 4242", Some("late")).await.expect("found"), first);
    assert_eq!((first.state, first.method_ref.as_deref()), (SandboxState::Paid, Some(card.as_str())));
    let declined = SavedCharge { idempotency_key: "three".into(), payment: PaymentId::new(), ..charge };
    let declined = books.charge(&declined, "Visa •• 4242", Some("card_declined")).await.expect("declined");
    assert_eq!((declined.state, declined.decline_code.as_deref()), (SandboxState::Declined, Some("card_declined")));
    let known = books.method(&card).await.expect("read").expect("kept");
    assert_eq!((known.label.as_str(), known.charges), ("Visa •• 4242", 2));
    assert_eq!(books.method("sbm_none").await.expect("read"), None);
}
