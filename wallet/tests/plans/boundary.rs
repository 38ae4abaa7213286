//! Boundaries that customers feel do not wait for a job: nobody runs one here.

use chrono::TimeDelta;
use serde_json::{Map, Value};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::Interval;
use wallet::error::{Refusal, Result};
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Actor;
use wallet::ledger::{HoldState, Outcome};
use wallet::money::Currency;
use wallet::payment::PlanChoice;
use wallet::payment::ProviderStatus;
use wallet::tariff::{ChargeRequest, HoldRequest, LineRequest};

use crate::people_support::*;
use crate::support::*;

/// An operation whose better option needs a plan.
const GATED: &str = "video_clip";

fn line(operation: &str, count: i64) -> LineRequest {
    LineRequest { operation: operation.to_owned(), params: Map::new(), count }
}

async fn charge_ranked(wallet: &Wallet, id: WalletId, key: &str, line: LineRequest, plan_rank: i32) -> Result<Outcome> {
    let request = ChargeRequest { wallet: id, plan_rank, line, quote: None, metadata: Value::Null };
    let key = IdempotencyKey::parse(key).expect("a key");
    wallet.tariffs().charge(request, Actor::system("test"), key).await
}

/// Charges for so many messages at one credit, on whatever plan.
async fn messages(wallet: &Wallet, id: WalletId, key: &str, count: i64) -> Result<Outcome> {
    charge_ranked(wallet, id, key, line("message", count), 0).await
}

fn yearly() -> PlanChoice {
    PlanChoice { plan: "standard".into(), interval: Interval::Year, currency: Currency::USD, with: None }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_months_of_a_paid_year_come_when_they_are_needed(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "monthly-credits", &yearly()).await;
    let all = available(&wallet, viewer.wallet).await;
    messages(&wallet, viewer.wallet, "all", all.micros() / 1_000_000).await.expect("charged");
    assert!(matches!(refusal(messages(&wallet, viewer.wallet, "more", 1).await), Refusal::OutOfCredits { .. }));

    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    wallet.clock().set(due - TimeDelta::microseconds(1));
    assert!(matches!(refusal(messages(&wallet, viewer.wallet, "early", 1).await), Refusal::OutOfCredits { .. }));
    // From the very instant on, whoever asks, and all at once.
    wallet.clock().set(due);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (wallet, id) = (wallet.clone(), viewer.wallet);
        tasks.spawn(async move { messages(&wallet, id, &format!("m{number}"), 2).await });
    }
    for charged in tasks.join_all().await {
        charged.expect("charged");
    }
    assert_eq!(months(&wallet, &viewer).await.len(), 3, "the free one, and two that are paid");
    assert_eq!(available(&wallet, viewer.wallet).await, credits(1_000 - 32));
    assert!(double.books().charged.is_empty());
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_renewal_is_paid_by_the_call_that_needs_it(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    let price = wallet.tariffs().quote("gpt-5", &Map::new(), 1).await.expect("a quote").credits;
    let calls = |whole: i64| whole * 1_000_000 / price.micros();
    let spend =
        async |key: &str, whole: i64| charge_ranked(&wallet, viewer.wallet, key, line("gpt-5", calls(whole)), 0).await;
    spend("all", 350).await.expect("charged");
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    wallet.clock().set(due);
    let hold = HoldRequest {
        wallet: viewer.wallet,
        plan_rank: 0,
        lines: vec![(line("gpt-5", calls(100)), None)],
        expires_in: Some(60),
        metadata: Value::Null,
    };
    let key = IdempotencyKey::parse("held").expect("a key");
    let held = wallet.tariffs().hold(hold, Actor::system("test"), key).await.expect("held").seq();
    assert_eq!(double.books().charged.len(), 1);
    spend("rest", 200).await.expect("charged");
    assert!(matches!(refusal(spend("none", 10).await), Refusal::OutOfCredits { .. }));

    // What a hold kept is there again from the instant on at which it times out.
    wallet.clock().advance(TimeDelta::seconds(60));
    assert_eq!(wallet.ledger().hold(viewer.wallet, held).await.expect("a hold").state, HoldState::Expired);
    assert!(wallet.ledger().open_holds(viewer.wallet).await.expect("holds").is_empty());
    spend("back", 100).await.expect("charged");
    assert_eq!(double.books().charged.len(), 1);
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_that_is_declined_is_not_asked_by_every_call(pool: PgPool) {
    let (wallet, viewer, double) = subscriber(&pool, "neuralbox", &basic()).await;
    double.books().declines = Some("insufficient_funds".to_owned());
    let due = wallet.plans().next_due().await.expect("read").expect("a date");
    wallet.clock().set(due);
    for number in 0..5 {
        let charged = charge_ranked(&wallet, viewer.wallet, &format!("c{number}"), line("gpt-5", 1_000), 0).await;
        assert!(matches!(refusal(charged), Refusal::OutOfCredits { .. }));
    }
    assert_eq!(double.books().charged.len(), 1, "one try of the renewal");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_account_has_its_months_credits_at_once(pool: PgPool) {
    let wallet = open_with(&pool, "monthly-credits").await;
    let new = sign_up(&wallet, ANNA).await;
    // Nothing before the address is proven, however often somebody asks.
    assert!(matches!(refusal(messages(&wallet, new.wallet, "early", 1).await), Refusal::OutOfCredits { .. }));
    let token = newest_token(&wallet, ANNA).await;
    prove(&wallet, &token).await.expect("verified");
    assert_eq!(available(&wallet, new.wallet).await, credits(100));
    messages(&wallet, new.wallet, "first", 100).await.expect("charged");
    assert!(matches!(refusal(messages(&wallet, new.wallet, "next", 1).await), Refusal::OutOfCredits { .. }));
    wallet.renew_plans().await.expect("renewed");
    assert_eq!(available(&wallet, new.wallet).await, credits(0), "the job finds it done");
    wallet.clock().advance(TimeDelta::days(32));
    messages(&wallet, new.wallet, "later", 100).await.expect("charged");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_that_was_just_paid_opens_its_gates(pool: PgPool) {
    let wallet = open_with(&pool, "neuraldraft").await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    let gated = || {
        let params: Value = serde_json::json!({ "tier": "premium" });
        LineRequest { params: params.as_object().expect("json").clone(), ..line(GATED, 1) }
    };
    // As a key knows it that was read before the payment.
    let rank = wallet.plans().current(viewer.account).await.expect("a plan").rank;
    let refused = refusal(charge_ranked(&wallet, viewer.wallet, "g1", gated(), rank).await);
    assert!(matches!(refused, Refusal::PlanRequired { .. }), "{refused:?}");
    let choice = PlanChoice { plan: "build".into(), interval: Interval::Month, currency: Currency::USD, with: None };
    let payment = order(&wallet, &viewer, &choice, "form").await.id;
    double.set(payment, ProviderStatus::Paid);
    wallet.payments().check(&viewer, payment).await.expect("checked");
    charge_ranked(&wallet, viewer.wallet, "g1", gated(), rank).await.expect("charged");
}
