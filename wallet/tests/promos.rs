//! What payments bring for nothing on PostgreSQL: bonus credits of packages, rewards for invitations; once each, taken
//! back where the money went back.
#![cfg(feature = "postgres")]

mod people_support;

use chrono::TimeDelta;
use people_support::*;
use sqlx::PgPool;
use tokio::task::JoinSet;
use wallet::Wallet;
use wallet::catalog::{Preset, ReferralReward};
use wallet::clock::Clock;
use wallet::error::Refusal;
use wallet::id::{PaymentId, RefundId};
use wallet::identity::{Actor, Viewer};
use wallet::ledger::{Command, GrantSource, GrantView, Receipt, ReleaseReason, Scope, Submission};
use wallet::money::Credits;
use wallet::payment::{PaymentStatus, ProviderStatus, RefundAnswer};

const BASE: &str = "https://scrip.example/";

fn staff() -> Actor {
    Actor::system("test")
}

/// The catalog with a bonus of 10 on the smallest package, and a reward for invitations.
async fn generous(pool: &PgPool, monthly_limit: u16) -> (Wallet, Double) {
    let wallet = Wallet::new(pool.clone(), wallet::Options::for_tests(Clock::fixed(start())));
    let mut preset = Preset::by_name("neuralbox").expect("a preset");
    let light = preset.view.packages.iter_mut().find(|package| package.code == "light").expect("sold");
    light.bonus = credits(10);
    preset.view.settings.referral =
        Some(ReferralReward { credits_referrer: credits(50), credits_invited: credits(20), monthly_limit });
    wallet.catalog().load_preset(&preset).await.expect("loaded");
    let double = Double::new(&wallet);
    (wallet, double)
}

async fn order(wallet: &Wallet, viewer: &Viewer, key: &str) -> PaymentId {
    wallet.payments().start_top_up(viewer, &light(), key, BASE).await.expect("ordered").id
}

/// Buys the small package.
async fn buy(wallet: &Wallet, double: &Double, viewer: &Viewer, key: &str) -> PaymentId {
    let payment = order(wallet, viewer, key).await;
    double.set(payment, ProviderStatus::Paid);
    let paid = wallet.payments().refresh(payment).await.expect("refreshed");
    assert_eq!(paid.status, PaymentStatus::Succeeded);
    payment
}

async fn promos_of(wallet: &Wallet, viewer: &Viewer) -> Vec<GrantView> {
    let mut grants = wallet.ledger().balance(viewer.wallet).await.expect("a balance").grants;
    grants.retain(|grant| grant.source == GrantSource::Promo);
    grants
}

/// What is left of what nobody paid for.
async fn left(wallet: &Wallet, viewer: &Viewer) -> Credits {
    Credits::checked_sum(promos_of(wallet, viewer).await.iter().map(|grant| grant.remaining)).expect("fits")
}

async fn is_right(wallet: &Wallet) {
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
}

async fn spend(wallet: &Wallet, viewer: &Viewer, whole: i64, key: &str) {
    let receipt = Receipt::flat("gpt-5", "GPT-5", credits(whole));
    let key = wallet::idempotency::IdempotencyKey::parse(key).expect("a key");
    let submission = Submission::new(viewer.wallet, key, staff(), Command::Charge { receipt });
    wallet.ledger().submit(submission).await.expect("charged");
}

/// Somebody who came by a code.
async fn invited(wallet: &Wallet, email: &str, code: &str) -> Viewer {
    let new = sign_up_with(wallet, wallet::identity::SignUp { referral: code.into(), ..form(email) }).await;
    let token = newest_token(wallet, email).await;
    prove(wallet, &token).await.expect("verified");
    wallet.identity().viewer(new.user).await.expect("a viewer")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bonus_comes_once_whoever_finds_out(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let payment = order(&wallet, &anna, "form").await;
    let view = wallet.payments().payment(&anna, payment).await.expect("an order");
    assert_eq!((view.credits, view.bonus), (credits(100), credits(10)));
    double.set(payment, ProviderStatus::Paid);
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    node.payments().register(std::sync::Arc::new(double.clone()));
    let mut tasks = JoinSet::new();
    for number in 0..30 {
        let wallet = if number % 2 == 0 { wallet.clone() } else { node.clone() };
        tasks.spawn(async move {
            match number % 3 {
                2 => drop(wallet.promos().run_due().await.expect("looked")),
                _ => drop(wallet.payments().refresh(payment).await.expect("refreshed")),
            }
        });
    }
    tasks.join_all().await;
    wallet.promos().run_due().await.expect("looked");
    let promos = promos_of(&wallet, &anna).await;
    assert_eq!(promos.len(), 1);
    assert_eq!((promos[0].granted, promos[0].cost, promos[0].label.as_str()), (credits(10), None, "Light bonus"));
    assert_eq!(available(&wallet, anna.wallet).await, credits(160), "50 of the free plan, 100 bought, 10 for nothing");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bonus_is_what_the_order_said_and_a_lost_step_is_repeated(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let payment = order(&wallet, &anna, "form").await;
    // The catalog has none by now.
    let none = "UPDATE packages SET bonus = 0; UPDATE catalog SET revision = revision + 1";
    sqlx::raw_sql(none).execute(&pool).await.expect("changed");
    wallet.catalog().prepare().await.expect("read");
    // The process dies between the payment and its bonus: as if the step had never run.
    sqlx::raw_sql(
        "CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'dies'; END $$;
                   CREATE TRIGGER dies BEFORE UPDATE OF entry_seq ON promo_grants FOR EACH ROW EXECUTE FUNCTION dies()",
    )
    .execute(&pool)
    .await
    .expect("planted");
    double.set(payment, ProviderStatus::Paid);
    let paid = wallet.payments().refresh(payment).await.expect("refreshed");
    assert_eq!((paid.status, promos_of(&wallet, &anna).await.len()), (PaymentStatus::Succeeded, 0));
    is_right(&wallet).await;
    wallet.clock().advance(TimeDelta::minutes(2));
    assert_eq!(wallet.promos().run_due().await.expect("looked").failed, 1);
    sqlx::raw_sql("DROP TRIGGER dies ON promo_grants").execute(&pool).await.expect("mended");
    wallet.clock().advance(TimeDelta::minutes(2));
    assert_eq!(wallet.promos().run_due().await.expect("looked").payments, 1);
    assert_eq!(left(&wallet, &anna).await, credits(10));
    assert_eq!(wallet.promos().run_due().await.expect("looked").payments, 0, "nothing is due");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_takes_the_unused_bonus_and_a_failed_one_gives_it_back(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let payment = buy(&wallet, &double, &anna, "form").await;
    double.books().refund = Some(RefundAnswer::Unknown { detail: "silent".into() });
    // A part of the money, and the bonus stays.
    let part = RefundId::new();
    wallet.refunds().refund(&staff(), part, payment, Some(roubles(10_000)), "a gesture").await.expect("refunded");
    wallet.refunds().send(part).await.expect("sent");
    assert_eq!(left(&wallet, &anna).await, credits(10));
    let rest = RefundId::new();
    wallet.refunds().refund(&staff(), rest, payment, Some(roubles(34_900)), "all of it").await.expect("refunded");
    wallet.refunds().send(rest).await.expect("asked");
    assert_eq!(left(&wallet, &anna).await, Credits::ZERO);
    assert_eq!(available(&wallet, anna.wallet).await, credits(50), "what the free plan gave");
    is_right(&wallet).await;
    // The provider says no after all: both come back. And no again, to the second try.
    double.books().refund = None;
    wallet.refunds().send(rest).await.expect("failed");
    assert_eq!(left(&wallet, &anna).await, credits(10));
    let again = RefundId::new();
    wallet.refunds().refund(&staff(), again, payment, Some(roubles(34_900)), "once more").await.expect("refunded");
    for _ in 0..3 {
        wallet.refunds().send(again).await.expect("failed");
        wallet.promos().run_due().await.expect("looked");
    }
    assert_eq!(left(&wallet, &anna).await, credits(10));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_spent_bonus_counts_as_used_and_is_not_taken(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let payment = buy(&wallet, &double, &anna, "form").await;
    // The allowance goes first, then the bonus.
    spend(&wallet, &anna, 54, "spent").await;
    assert_eq!(left(&wallet, &anna).await, credits(6));
    double.books().refund = Some(RefundAnswer::Unknown { detail: "silent".into() });
    let all = RefundId::new();
    wallet.refunds().refund(&staff(), all, payment, Some(roubles(44_900)), "all of it").await.expect("refunded");
    wallet.refunds().send(all).await.expect("asked");
    assert_eq!(available(&wallet, anna.wallet).await, Credits::ZERO, "never below zero");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bonus_that_is_set_aside_goes_when_it_comes_back(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let payment = buy(&wallet, &double, &anna, "form").await;
    let submit = async |name: &str, command| {
        let key = wallet::idempotency::IdempotencyKey::parse(name).expect("a key");
        wallet.ledger().submit(Submission::new(anna.wallet, key, staff(), command)).await.expect("done").seq()
    };
    let lines = vec![Receipt::flat("gpt-5", "GPT-5", credits(54))];
    let hold = submit("held", Command::Hold { lines, expires_in: None }).await;
    double.books().refund = Some(RefundAnswer::Unknown { detail: "silent".into() });
    let all = RefundId::new();
    wallet.refunds().refund(&staff(), all, payment, Some(roubles(44_900)), "all of it").await.expect("refunded");
    wallet.refunds().send(all).await.expect("asked: a job of the customer keeps no money waiting");
    assert_eq!(left(&wallet, &anna).await, credits(6));
    submit("released", Command::Release { hold, reason: ReleaseReason::Cancelled }).await;
    wallet.clock().advance(TimeDelta::minutes(11));
    assert_eq!(wallet.promos().run_due().await.expect("looked").payments, 1);
    assert_eq!(left(&wallet, &anna).await, Credits::ZERO);
    wallet.clock().advance(TimeDelta::minutes(11));
    assert_eq!(wallet.promos().run_due().await.expect("looked").payments, 0, "nothing is due");
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bonus_is_not_given_for_money_that_went_back_before_it(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let payment = buy(&wallet, &double, &anna, "form").await;
    // As if the process had died before the step, and staff were faster than the job.
    let undone = "DELETE FROM promo_grants; INSERT INTO promo_grants
        SELECT id, 'bonus', account_id, shard, wallet_id, bonus, 'Light bonus', 20, NULL, 'given', NULL, NULL, 0,
               created_at, created_at, created_at FROM payments";
    let given = promos_of(&wallet, &anna).await;
    let void = Command::Void { grant: given[0].id, amount: given[0].remaining, reason: "as if never given".into() };
    let key = wallet::idempotency::IdempotencyKey::parse("void").expect("a key");
    wallet.ledger().submit(Submission::new(anna.wallet, key, staff(), void)).await.expect("taken");
    sqlx::raw_sql(undone).execute(&pool).await.expect("undone");
    double.books().refund = Some(RefundAnswer::Unknown { detail: "silent".into() });
    let all = RefundId::new();
    wallet.refunds().refund(&staff(), all, payment, Some(roubles(44_900)), "all of it").await.expect("refunded");
    wallet.refunds().send(all).await.expect("asked");
    let waiting = "SELECT count(*) FROM promo_grants WHERE entry_seq IS NOT NULL OR due_at IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.expect("read"), 0);
    assert_eq!(left(&wallet, &anna).await, Credits::ZERO);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_invitation_is_rewarded_once_with_the_first_payment(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    assert_eq!(wallet.promos().invitations(anna.account).await.expect("read").expect("on").code, None);
    let code = wallet.promos().make_referral_code(anna.account).await.expect("made");
    assert_eq!(wallet.promos().make_referral_code(anna.account).await.expect("the same"), code);
    let boris = invited(&wallet, "boris@example.com", &code).await;
    assert_eq!((left(&wallet, &anna).await, left(&wallet, &boris).await), (Credits::ZERO, Credits::ZERO));
    // Two orders are paid at once, on two nodes, found by many.
    let orders = [order(&wallet, &boris, "a").await, order(&wallet, &boris, "b").await];
    let node = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet.clock().clone()));
    node.payments().register(std::sync::Arc::new(double.clone()));
    let mut tasks = JoinSet::new();
    for number in 0..20_usize {
        let payment = orders[number % 2];
        double.set(payment, ProviderStatus::Paid);
        let wallet = if number % 3 == 0 { wallet.clone() } else { node.clone() };
        tasks.spawn(async move { wallet.payments().refresh(payment).await.expect("refreshed") });
    }
    tasks.join_all().await;
    wallet.promos().run_due().await.expect("looked");
    let of = |grants: Vec<GrantView>| -> Vec<(String, Credits)> {
        let mut of: Vec<_> = grants.into_iter().map(|grant| (grant.label, grant.granted)).collect();
        of.sort();
        of
    };
    assert_eq!(of(promos_of(&wallet, &anna).await), [("Referral reward".to_owned(), credits(50))]);
    let bonus = || ("Light bonus".to_owned(), credits(10));
    assert_eq!(of(promos_of(&wallet, &boris).await), [bonus(), bonus(), ("Welcome reward".to_owned(), credits(20))]);
    let told = wallet.promos().invitations(anna.account).await.expect("read").expect("on");
    assert_eq!((told.signed_up, told.rewarded, told.rewarded_this_month), (1, 1, 1));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_is_rewarded_for_inviting_themselves_or_too_many(pool: PgPool) {
    let (wallet, double) = generous(&pool, 1).await;
    let anna = member(&wallet, "anna@gmail.com").await;
    let code = wallet.promos().make_referral_code(anna.account).await.expect("made");
    // The same mailbox by another spelling, a code that nobody has, and one that is none.
    let own = invited(&wallet, "an.na+2@gmail.com", &code).await;
    let lost = invited(&wallet, "lost@example.com", "ZZZZZZZZ").await;
    let odd = invited(&wallet, "odd@example.com", "\u{0}' OR 1=1").await;
    for viewer in [&own, &lost, &odd] {
        buy(&wallet, &double, viewer, "form").await;
        assert_eq!(left(&wallet, viewer).await, credits(10), "the bonus alone");
    }
    assert_eq!(left(&wallet, &anna).await, Credits::ZERO);
    let (first, second) =
        (invited(&wallet, "first@example.com", &code).await, invited(&wallet, "second@example.com", &code).await);
    buy(&wallet, &double, &first, "form").await;
    buy(&wallet, &double, &second, "form").await;
    assert_eq!((left(&wallet, &first).await, left(&wallet, &second).await), (credits(30), credits(10)));
    assert_eq!(left(&wallet, &anna).await, credits(50));
    // Whoever was refused stays so; the next month has room again, by its calendar.
    let third = invited(&wallet, "third@example.com", &code).await;
    wallet.clock().set(start() + TimeDelta::days(32));
    buy(&wallet, &double, &second, "again").await;
    buy(&wallet, &double, &third, "form").await;
    assert_eq!((left(&wallet, &second).await, left(&wallet, &third).await), (credits(20), credits(30)));
    assert_eq!(left(&wallet, &anna).await, credits(100));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_an_invitation_brought_goes_with_its_money(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let code = wallet.promos().make_referral_code(anna.account).await.expect("made");
    let boris = invited(&wallet, "boris@example.com", &code).await;
    let payment = buy(&wallet, &double, &boris, "form").await;
    assert_eq!((left(&wallet, &anna).await, left(&wallet, &boris).await), (credits(50), credits(30)));
    double.books().refund = Some(RefundAnswer::Unknown { detail: "silent".into() });
    let all = RefundId::new();
    wallet.refunds().refund(&staff(), all, payment, Some(roubles(44_900)), "all of it").await.expect("refunded");
    wallet.refunds().send(all).await.expect("asked");
    assert_eq!((left(&wallet, &anna).await, left(&wallet, &boris).await), (Credits::ZERO, Credits::ZERO));
    // It was the first payment, and stays so: another one brings no second reward.
    buy(&wallet, &double, &boris, "again").await;
    assert_eq!((left(&wallet, &anna).await, left(&wallet, &boris).await), (Credits::ZERO, credits(10)));
    is_right(&wallet).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_reward_in_the_catalog_nothing_is_promised(pool: PgPool) {
    let wallet = open(&pool).await;
    let double = Double::new(&wallet);
    let anna = member(&wallet, "anna@example.com").await;
    assert_eq!(wallet.promos().invitations(anna.account).await.expect("read"), None);
    let none = wallet.promos().make_referral_code(anna.account).await;
    assert!(matches!(refusal(none), Refusal::NotFound { .. }));
    buy(&wallet, &double, &anna, "form").await;
    assert_eq!(promos_of(&wallet, &anna).await, []);
    is_right(&wallet).await;
}

const CANARIES: &[(&str, &str)] = &[
    ("bonus_is_of_its_payment", "UPDATE payments SET bonus = bonus + 1"),
    ("bonus_is_of_its_payment", "UPDATE promo_grants SET credits = credits + 1 WHERE kind = 'bonus'"),
    ("bonus_is_of_its_payment", "DELETE FROM promo_grants WHERE kind = 'bonus'"),
    ("bonus_is_of_its_payment", "UPDATE promo_grants SET payment_id = gen_random_uuid() WHERE kind = 'referrer'"),
    ("promotion_is_granted_once", "UPDATE promo_grants SET entry_seq = 99"),
    ("promotion_is_granted_once", "UPDATE promo_grants SET entry_seq = NULL, due_at = now()"),
    ("promotion_is_granted_once", "UPDATE grants SET granted = granted + 1 WHERE source = 3"),
    ("promotion_is_granted_once", "UPDATE grants SET cost_minor = 1, cost_currency = 'RUB' WHERE source = 3"),
    ("promotion_is_granted_once", "DELETE FROM promo_grants WHERE kind = 'invited'"),
    ("invitation_is_rewarded_once", "DELETE FROM referrals"),
    ("invitation_is_rewarded_once", "UPDATE referrals SET invited_id = gen_random_uuid()"),
    ("invitation_is_rewarded_once", "UPDATE referrals SET state = 'refused', why = 'limit'"),
    ("invitation_is_rewarded_once", "DELETE FROM promo_grants WHERE kind <> 'bonus'"),
];

#[sqlx::test(migrations = "../migrations")]
async fn planted_faults_of_promotions_are_found(pool: PgPool) {
    let (wallet, double) = generous(&pool, 20).await;
    let anna = member(&wallet, "anna@example.com").await;
    let code = wallet.promos().make_referral_code(anna.account).await.expect("made");
    let boris = invited(&wallet, "boris@example.com", &code).await;
    buy(&wallet, &double, &boris, "form").await;
    is_right(&wallet).await;
    all_are_found(&wallet, &pool, CANARIES).await;
}
