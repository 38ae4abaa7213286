//! The card that a plan is charged with: replaced, refused by its bank, removed, and never charged against its owner's will.

use chrono::TimeDelta;
use sqlx::PgPool;
use wallet::error::Problem;
use wallet::notify::Mail;
use wallet::payment::{PayWith, PaymentStatus, PlanChoice, ProviderStatus, decline};
use wallet::plan::SubscriptionStatus;

use crate::methods::{buy, buyer, save_a_card};
use crate::people_support::*;
use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn the_plans_card_is_replaced_before_it_is_removed(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let payments = wallet.payments();
    let first = payments.methods(&viewer).await.expect("a list").remove(0);
    assert!(first.pays_plan && first.is_default);
    let refused = refusal(payments.remove_method(&viewer, first.id).await);
    assert_eq!(problems(refused), [("method".to_owned(), Problem::Taken)]);
    wallet.clock().set(start() + minutes(1));
    let second = save_a_card(&wallet, &viewer, &double, "another").await;
    assert_ne!(second.id, first.id);
    payments.set_plan_method(&viewer, second.id).await.expect("chosen");
    payments.set_plan_method(&viewer, second.id).await.expect("a repeat");
    payments.set_default_method(&viewer, first.id).await.expect("put first");
    let methods = payments.methods(&viewer).await.expect("a list");
    assert_eq!(
        methods.iter().map(|method| (method.id, method.pays_plan)).collect::<Vec<_>>(),
        [(first.id, false), (second.id, true)]
    );
    payments.remove_method(&viewer, first.id).await.expect("removed");
    payments.remove_method(&viewer, first.id).await.expect("a repeat");
    assert_eq!(double.books().detached.len(), 1, "its provider forgets it");
    let left = payments.methods(&viewer).await.expect("a list");
    assert_eq!(left.iter().map(|method| (method.id, method.is_default)).collect::<Vec<_>>(), [(second.id, true)]);
    // The plan is renewed with the other card.
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    let charged: Vec<String> = double.books().charged.iter().map(|(card, _)| card.clone()).collect();
    assert_eq!(charged.len(), 1);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_renewal_that_needs_its_owner_is_never_tried_again_by_itself(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    mails(&wallet, ANNA).await;
    double.books().declines = Some(decline::AUTHENTICATION_REQUIRED.into());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::days(5)).await;
    assert_eq!(double.books().charged.len(), 1);
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!((on.status, on.awaits_owner), (SubscriptionStatus::PastDue, true));
    assert_eq!(on.next_try_at, Some(due + TimeDelta::days(7)), "the plan waits for its owner so long");
    let told = mails(&wallet, ANNA).await;
    assert!(
        matches!(told.as_slice(), [Mail::PlanUnpaid(mail)] if mail.awaits_owner && mail.next_try_at == on.next_try_at),
        "{told:?}"
    );
    // Its owner pays on a page, where the bank can ask.
    let order = wallet.payments().pay_plan(&viewer, None, "by-hand", BASE).await.expect("ordered");
    assert!(order.checkout_url.is_some());
    double.set(order.id, ProviderStatus::Paid);
    wallet.payments().check(&viewer, order.id).await.expect("checked");
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!((on.status, on.awaits_owner), (SubscriptionStatus::Active, false));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_whose_owner_does_not_come_ends_on_the_seventh_day(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    double.books().declines = Some(decline::CARD_EXPIRED.into());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    let report = live_until(&wallet, due + TimeDelta::days(30)).await;
    assert_eq!((report.declined, report.ended, double.books().charged.len()), (1, 1, 1));
    assert_eq!(wallet.payments().methods(&viewer).await.expect("a list"), [], "the card is of no use");
    assert_eq!(plan(&wallet, &viewer).await, "starter");
    assert!(matches!(mails(&wallet, ANNA).await.last(), Some(Mail::PlanEnded(mail)) if mail.is_unpaid));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn another_saved_card_pays_what_is_owed_at_once(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    wallet.clock().set(start() + minutes(1));
    let second = save_a_card(&wallet, &viewer, &double, "another").await;
    double.books().declines = Some(decline::CARD_LOST.into());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    double.books().declines = None;
    wallet.payments().set_plan_method(&viewer, second.id).await.expect("chosen");
    live_until(&wallet, due + TimeDelta::hours(2)).await;
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!((on.status, double.books().charged.len()), (SubscriptionStatus::Active, 2));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_whose_payment_is_on_its_way_is_not_paid_a_second_time(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let card = save_a_card(&wallet, &viewer, &double, "saving").await;
    let choice = PlanChoice { with: Some(PayWith::Saved(card.id)), ..basic() };
    double.books().swallow_next_charge = true;
    let lost = order(&wallet, &viewer, &choice, "first-tab").await;
    assert_eq!(lost.status, PaymentStatus::Unknown);
    let second = refusal(wallet.payments().start_plan(&viewer, &choice, "second-tab", BASE).await);
    assert_eq!(problems(second), [("plan".to_owned(), Problem::Taken)]);
    double.books().silent = false;
    assert_eq!(order(&wallet, &viewer, &choice, "first-tab").await.status, PaymentStatus::Succeeded);
    assert_eq!(double.books().charged.len(), 1);
    is_right(&wallet).await;
    // At once from eight tabs: one of them pays.
    let boris = member(&wallet, "boris@example.com").await;
    let card = save_a_card(&wallet, &boris, &double, "saving").await;
    let choice = PlanChoice { with: Some(PayWith::Saved(card.id)), ..basic() };
    let mut tabs = tokio::task::JoinSet::new();
    for tab in 0..8 {
        let (wallet, boris, choice) = (wallet.clone(), boris.clone(), choice.clone());
        tabs.spawn(
            async move { wallet.payments().start_plan(&boris, &choice, &format!("tab-{tab}"), BASE).await.is_ok() },
        );
    }
    assert_eq!(tabs.join_all().await.into_iter().filter(|is_ordered| *is_ordered).count(), 1);
    assert_eq!(double.books().charged.len(), 2);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_was_removed_is_never_charged_by_the_plan(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let payments = wallet.payments();
    let card = payments.methods(&viewer).await.expect("a list").remove(0);
    // A plan that ends needs no card; then it goes on after all.
    wallet.plans().cancel(&viewer).await.expect("cancelled");
    assert!(!payments.method(&viewer, card.id).await.expect("a card").pays_plan);
    payments.remove_method(&viewer, card.id).await.expect("removed");
    wallet.plans().resume(&viewer).await.expect("resumed");
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::days(1)).await;
    assert_eq!(double.books().charged, []);
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!((on.status, on.awaits_owner, on.method), (SubscriptionStatus::PastDue, true, None));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_a_top_up_finds_lost_is_the_plans_no_more(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let card = wallet.payments().methods(&viewer).await.expect("a list").remove(0);
    double.books().declines = Some(decline::PERMISSION_REVOKED.into());
    assert_eq!(buy(&wallet, &viewer, card.id, "revoked").await.status, PaymentStatus::Failed);
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!(on.method, None);
    double.books().declines = None;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + TimeDelta::days(1)).await;
    assert_eq!(double.books().charged.len(), 1, "the top-up alone has tried it");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_renewal_under_way_leaves_the_card_that_was_chosen_meanwhile(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let first = wallet.payments().methods(&viewer).await.expect("a list").remove(0);
    wallet.clock().set(start() + minutes(1));
    let second = save_a_card(&wallet, &viewer, &double, "another").await;
    // The charge of the first card is made, its answer gets lost.
    double.books().swallow_next_charge = true;
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&wallet, due + minutes(1)).await;
    double.books().silent = false;
    wallet.payments().set_plan_method(&viewer, second.id).await.expect("chosen");
    wallet.payments().remove_method(&viewer, first.id).await.expect("removed");
    live_until(&wallet, due + TimeDelta::hours(1)).await;
    assert_eq!(double.books().charged.len(), 1, "what the first card has paid is not charged again");
    let methods = wallet.payments().methods(&viewer).await.expect("a list");
    assert_eq!(methods.iter().map(|method| (method.id, method.pays_plan)).collect::<Vec<_>>(), [(second.id, true)]);
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!(on.status, SubscriptionStatus::Active);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_whose_provider_was_switched_off_waits_for_its_owner(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    wallet.clock().set(start() + minutes(1));
    let second = save_a_card(&wallet, &viewer, &double, "another").await;
    // The same database, and a process to which the provider's keys were not given.
    let other = wallet::Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    let gone = refusal(other.payments().set_plan_method(&viewer, second.id).await);
    assert_eq!(problems(gone), [("method".to_owned(), Problem::NotAllowed)]);
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    live_until(&other, due + TimeDelta::hours(1)).await;
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!((on.status, on.awaits_owner), (SubscriptionStatus::PastDue, true));
    assert!(on.method.is_some(), "the card is not at fault");
    live_until(&other, due + TimeDelta::days(8)).await;
    assert_eq!(plan(&wallet, &viewer).await, "starter");
    assert_eq!(double.books().charged, []);
    is_right(&wallet).await;
}
