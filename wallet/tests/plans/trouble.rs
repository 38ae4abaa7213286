//! Declines, lost answers, money on the way, and what is wrong and found.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wallet::error::Problem;
use wallet::id::PaymentId;
use wallet::money::{Currency, Money};
use wallet::notify::Mail;
use wallet::payment::ProviderStatus;
use wallet::plan::SubscriptionStatus;

use crate::people_support::*;
use crate::support::*;

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
    let none = refusal(wallet.payments().pay_plan(&viewer, None, "pay-0", BASE).await);
    assert_eq!(problems(none), [("plan".to_owned(), Problem::NotAllowed)]);
    double.books().declines = Some("card_declined".into());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    // Two tabs: one order.
    let first = wallet.payments().pay_plan(&viewer, None, "pay-1", BASE).await.expect("ordered");
    let second = wallet.payments().pay_plan(&viewer, None, "pay-2", BASE).await.expect("ordered");
    assert_eq!(first.id, second.id);
    double.set(first.id, ProviderStatus::Paid);
    double.books().pages.get_mut(&reference(first.id)).expect("a page").saved_method = Some(card("card_new"));
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
    ("subscription_is_paid_as_it_says", "UPDATE subscriptions SET paid_by = gen_random_uuid() WHERE minor > 0"),
    ("subscription_is_paid_as_it_says", "UPDATE subscriptions SET paid_minor = paid_minor + 1 WHERE minor > 0"),
    ("higher_plan_is_paid_for", "UPDATE subscriptions SET minor = minor + 1 WHERE minor > 0"),
    ("higher_plan_is_paid_for", "UPDATE plan_changes SET plan = 'elite'"),
    (
        "payment_is_credited_once",
        "UPDATE payments SET status = 'failed', entry_seq = NULL, settled_at = NULL WHERE change_of IS NOT NULL",
    ),
    ("money_in_is_the_price_of_credits", "UPDATE payments SET minor = minor + 1 WHERE change_of IS NOT NULL"),
];

#[sqlx::test(migrations = "../migrations")]
async fn what_is_wrong_with_plans_is_found(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due).await;
    let raised = raise(&wallet, &viewer, "vip", "up").await.id;
    double.set(raised, ProviderStatus::Paid);
    wallet.payments().check(&viewer, raised).await.expect("checked");
    is_right(&wallet).await;
    all_are_found(&wallet, &pool, CANARIES).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sandbox_keeps_cards_and_charges_them_once_a_key(pool: PgPool) {
    use wallet::payment::{CheckoutOrder, SavedCharge};
    use wallet::payment::{SandboxState, SandboxStep};
    let wallet = open(&pool).await;
    let books = wallet.payments().sandbox();
    let viewer = member(&wallet, ANNA).await;
    let order = CheckoutOrder {
        payment: PaymentId::new(),
        account: viewer.account,
        customer: None,
        kind: None,
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
        customer: None,
        email: ANNA.into(),
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
