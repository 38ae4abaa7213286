//! Saved methods: kept by consent, charged once, dropped when they are of no use, and never another account's.

use chrono::TimeDelta;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::Problem;
use wallet::id::PaymentMethodId;
use wallet::identity::Viewer;
use wallet::money::{Currency, Money};
use wallet::notify::Mail;
use wallet::payment::{
    EventAbout, MethodAnswer, MethodKind, PayWith, PaymentMethod, PaymentStatus, PaymentView, ProviderMethod,
    ProviderStatus, SetupAnswer, TopUp, VerifiedEvent, decline,
};

use crate::people_support::*;
use crate::support::*;

/// Buys the smallest pack and agrees that the card is kept.
pub async fn save_a_card(wallet: &Wallet, viewer: &Viewer, double: &Double, key: &str) -> PaymentMethod {
    let wanted = TopUp { save_method: true, ..light() };
    let order = wallet.payments().start_top_up(viewer, &wanted, key, BASE).await.expect("ordered").id;
    double.set(order, ProviderStatus::Paid);
    wallet.payments().check(viewer, order).await.expect("checked");
    let methods = wallet.payments().methods(viewer).await.expect("a list");
    methods.into_iter().next().expect("a card")
}

pub async fn buy(wallet: &Wallet, viewer: &Viewer, id: PaymentMethodId, key: &str) -> PaymentView {
    let wanted = TopUp { with: Some(PayWith::Saved(id)), ..light() };
    wallet.payments().start_top_up(viewer, &wanted, key, BASE).await.expect("ordered")
}

pub async fn buyer(pool: &PgPool) -> (Wallet, Viewer, Double) {
    let wallet = open(pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    (wallet, viewer, double)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_is_kept_only_with_consent_and_then_pays_at_once(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let order = wallet.payments().start_top_up(&viewer, &light(), "plain", BASE).await.expect("ordered").id;
    double.set(order, ProviderStatus::Paid);
    wallet.payments().check(&viewer, order).await.expect("checked");
    assert_eq!(wallet.payments().methods(&viewer).await.expect("a list"), []);

    let card = save_a_card(&wallet, &viewer, &double, "saving").await;
    assert_eq!((card.label.as_str(), card.is_default, card.pays_plan), ("Visa •• 4242", true, false));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (wallet, viewer) = (wallet.clone(), viewer.clone());
        tasks.spawn(async move { buy(&wallet, &viewer, card.id, "saved").await });
    }
    let paid = tasks.join_all().await;
    assert!(paid.iter().all(|other| other.id == paid[0].id));
    let seen = wallet.payments().check(&viewer, paid[0].id).await.expect("checked");
    assert_eq!((seen.status, seen.method.as_deref()), (PaymentStatus::Succeeded, Some("Visa •• 4242")));
    assert_eq!(seen.checkout_url, None, "there is no page");
    assert_eq!(double.books().charged.len(), 1);
    assert_eq!(available(&wallet, viewer.wallet).await, credits(350));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bank_that_asks_for_the_owner_gets_a_page_for_the_same_order(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let card = save_a_card(&wallet, &viewer, &double, "saving").await;
    double.books().declines = Some(decline::AUTHENTICATION_REQUIRED.into());
    let first = buy(&wallet, &viewer, card.id, "asked").await;
    assert!(first.checkout_url.is_some() && first.status == PaymentStatus::Pending, "{first:?}");
    let again = buy(&wallet, &viewer, card.id, "asked").await;
    assert_eq!(again.id, first.id, "the same form leads to the same page");
    assert_eq!(double.books().charged.len(), 1, "it is not charged twice");
    double.set(first.id, ProviderStatus::Paid);
    wallet.payments().check(&viewer, first.id).await.expect("checked");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(250));
    assert_eq!(wallet.payments().methods(&viewer).await.expect("a list").len(), 1, "the card stays");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lost_answer_is_asked_for_and_never_charged_anew(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let card = save_a_card(&wallet, &viewer, &double, "saving").await;
    double.books().swallow_next_charge = true;
    let lost = buy(&wallet, &viewer, card.id, "lost").await;
    assert_eq!(lost.status, PaymentStatus::Unknown);
    assert!(!wallet.payments().options(Currency::RUB, false)[0].is_answering, "it is shown as silent");
    double.books().silent = false;
    let found = buy(&wallet, &viewer, card.id, "lost").await;
    assert_eq!((found.id, found.status), (lost.id, PaymentStatus::Succeeded));
    assert_eq!(double.books().charged.len(), 1);
    assert!(wallet.payments().options(Currency::RUB, false)[0].is_answering);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_is_lost_leaves_the_list(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let card = save_a_card(&wallet, &viewer, &double, "saving").await;
    double.books().declines = Some(decline::CARD_LOST.into());
    let refused = buy(&wallet, &viewer, card.id, "lost").await;
    assert_eq!((refused.status, refused.failure.as_deref()), (PaymentStatus::Failed, Some(decline::CARD_LOST)));
    assert_eq!(wallet.payments().methods(&viewer).await.expect("a list"), []);
    let wanted = TopUp { with: Some(PayWith::Saved(card.id)), ..light() };
    let gone = refusal(wallet.payments().start_top_up(&viewer, &wanted, "again", BASE).await);
    assert_eq!(problems(gone), [("method".to_owned(), Problem::Unknown)]);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_provider_does_not_take_is_refused_before_there_is_an_order(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let asked = |with: Option<&str>| TopUp { with: with.map(|text| text.parse().expect("a choice")), ..light() };
    let unset = refusal(wallet.payments().start_top_up(&viewer, &light(), "none", BASE).await);
    assert_eq!(problems(unset), [("method".to_owned(), Problem::NotAllowed)]);
    let double = Double::new(&wallet);
    for (with, least, problem) in [
        (Some("stripe.card"), None, Problem::NotAllowed),
        (Some("double.yoo_money"), None, Problem::NotAllowed),
        (Some("double.card"), Some(44_901), Problem::TooSmall),
        (None, Some(44_901), Problem::TooSmall),
    ] {
        double.books().least = least;
        let refused = refusal(wallet.payments().start_top_up(&viewer, &asked(with), "form", BASE).await);
        assert_eq!(problems(refused), [("method".to_owned(), problem)], "{with:?}");
    }
    double.books().least = Some(44_900);
    wallet.payments().start_top_up(&viewer, &asked(Some("double.card")), "form", BASE).await.expect("ordered");
    assert_eq!(wallet.payments().payments(&viewer, None, 10).await.expect("a list").payments.len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn another_accounts_card_is_no_card(pool: PgPool) {
    let (wallet, anna, double) = buyer(&pool).await;
    let card = save_a_card(&wallet, &anna, &double, "saving").await;
    let boris = member(&wallet, "boris@example.com").await;
    let payments = wallet.payments();
    let wanted = TopUp { with: Some(PayWith::Saved(card.id)), ..light() };
    let refused = refusal(payments.start_top_up(&boris, &wanted, "theft", BASE).await);
    assert_eq!(problems(refused), [("method".to_owned(), Problem::Unknown)]);
    for refused in [
        refusal(payments.method(&boris, card.id).await),
        refusal(payments.set_default_method(&boris, card.id).await),
        refusal(payments.set_plan_method(&boris, card.id).await),
        refusal(payments.remove_method(&boris, card.id).await),
        refusal(payments.check_setup(&boris, card.id).await),
    ] {
        assert_eq!(refused.code(), "not_found");
    }
    assert_eq!(double.books().charged, []);
    assert_eq!(payments.methods(&anna).await.expect("a list").len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_is_added_without_a_payment_and_stands_in_the_list_once(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let payments = wallet.payments();
    let add = |key: &'static str| payments.add_method(&viewer, ("double", MethodKind::Card), key, BASE);
    let page = add("form-1").await.expect("a page");
    assert_eq!((add("form-1").await.expect("the same"), page.is_saved), (page.clone(), false));
    let reference = format!("set_{}", page.id);
    double.books().setups.insert(reference.clone(), SetupAnswer::Saved(card("card_new")));
    // The event comes before the browser.
    let event = VerifiedEvent {
        dedupe_key: "evt".into(),
        kind: "setup.done".into(),
        about: EventAbout::Setup,
        object_ref: Some(reference),
        created_at: start(),
        raw: serde_json::json!({}),
    };
    assert!(payments.ingest_event("double", &event).await.expect("stored"));
    wallet.clock().set(start() + minutes(5));
    payments.reconcile().await.expect("worked on");
    assert!(payments.check_setup(&viewer, page.id).await.expect("read").is_saved);
    // The same card once more: its provider gives the same name.
    let again = add("form-2").await.expect("a page");
    double.books().setups.insert(format!("set_{}", again.id), SetupAnswer::Saved(card("card_new")));
    let seen = payments.check_setup(&viewer, again.id).await.expect("read");
    assert_eq!((seen.is_saved, seen.failure.as_deref()), (false, Some("saved_before")));
    assert_eq!(payments.methods(&viewer).await.expect("a list").len(), 1);
    // A page that was left is given up.
    let left = add("form-3").await.expect("a page");
    wallet.clock().set(start() + TimeDelta::days(3));
    payments.reconcile().await.expect("worked on");
    let seen = payments.check_setup(&viewer, left.id).await.expect("read");
    assert_eq!((seen.is_saved, seen.url), (false, None));
    let elsewhere = refusal(payments.add_method(&viewer, ("stripe", MethodKind::Card), "form-4", BASE).await);
    assert_eq!(problems(elsewhere), [("method".to_owned(), Problem::NotAllowed)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_provider_tells_of_a_card_is_taken_over(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let reference = double.books().pages.values().find_map(|page| page.saved_method.clone()).expect("a card").reference;
    let event = |number: u32| VerifiedEvent {
        dedupe_key: format!("evt_{number}"),
        kind: "method.updated".into(),
        about: EventAbout::Method,
        object_ref: Some(reference.clone()),
        created_at: start(),
        raw: serde_json::json!({}),
    };
    let renewed = ProviderMethod {
        last4: Some("0005".into()),
        expires: Some((2026, 10)),
        label: "Visa •• 0005".into(),
        ..card(&reference)
    };
    double.books().methods.insert(reference.clone(), MethodAnswer::Found(renewed));
    assert!(wallet.payments().ingest_event("double", &event(1)).await.expect("stored"));
    wallet.clock().set(start() + minutes(5));
    wallet.payments().reconcile().await.expect("worked on");
    let seen = wallet.payments().methods(&viewer).await.expect("a list").remove(0);
    assert_eq!((seen.label.as_str(), seen.expires, seen.pays_plan), ("Visa •• 0005", Some((2026, 10)), true));
    let on = wallet.plans().paid_plan(viewer.account).await.expect("read").expect("a plan");
    assert_eq!(on.method.as_deref(), Some("Visa •• 0005"));
    // The month in which it ends: its owner is told once.
    mails(&wallet, ANNA).await;
    let october = "2026-10-03T08:00:00Z".parse().expect("a day");
    wallet.clock().set(october);
    assert_eq!(wallet.payments().tell_of_expiring_cards().await.expect("told"), 1);
    assert_eq!(wallet.payments().tell_of_expiring_cards().await.expect("told"), 0);
    let told = mails(&wallet, ANNA).await;
    assert!(told.iter().any(|mail| matches!(mail, Mail::CardExpires(card) if card.pays_plan)), "{told:?}");
    double.books().methods.insert(reference.clone(), MethodAnswer::Missing);
    assert!(wallet.payments().ingest_event("double", &event(2)).await.expect("stored"));
    wallet.clock().set(october + minutes(5));
    wallet.payments().reconcile().await.expect("worked on");
    assert_eq!(wallet.payments().methods(&viewer).await.expect("a list"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_tax_that_a_provider_adds_changes_no_credits(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    let order = wallet.payments().start_top_up(&viewer, &light(), "taxed", BASE).await.expect("ordered").id;
    double.books().pages.get_mut(&reference(order)).expect("a page").tax_minor = 8_980;
    double.set(order, ProviderStatus::Paid);
    let paid = wallet.payments().check(&viewer, order).await.expect("checked");
    assert_eq!((paid.status, paid.tax_minor), (PaymentStatus::Succeeded, 8_980));
    assert_eq!((paid.money, paid.credits), (Money::from_minor(44_900, Currency::RUB), credits(100)));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_whose_page_is_looked_at_by_two_is_saved(pool: PgPool) {
    let (wallet, viewer, double) = buyer(&pool).await;
    for round in 0..8 {
        let key = format!("form-{round}");
        let page = wallet.payments().add_method(&viewer, ("double", MethodKind::Card), &key, BASE).await;
        let page = page.expect("a page").id;
        let saved = SetupAnswer::Saved(card(&format!("card_{round}")));
        double.books().setups.insert(format!("set_{page}"), saved);
        let look = || wallet.payments().check_setup(&viewer, page);
        let looks = tokio::join!(look(), look(), look(), look());
        for seen in [looks.0, looks.1, looks.2, looks.3] {
            assert!(seen.expect("looked").is_saved);
        }
    }
    assert_eq!(wallet.payments().methods(&viewer).await.expect("a list").len(), 8);
}
