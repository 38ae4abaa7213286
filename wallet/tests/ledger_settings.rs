//! The catalog's settings reach the decisions of every node; a forgotten wallet asks its owner once; ceilings follow
//! the account's calendar.
#![cfg(feature = "postgres")]

mod people_support;

use std::time::Duration;

use chrono::{Months, TimeDelta};
use people_support::*;
use sqlx::PgPool;
use wallet::catalog::Preset;
use wallet::clock::Clock;
use wallet::error::Result;
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::ledger::{
    BudgetPeriod, BudgetScope, Command, GrantSource, NewBudget, NewGrant, Outcome, Receipt, Submission,
};
use wallet::notify::Mail;
use wallet::{Options, Wallet};

/// The preset with an inactivity rule: 12 months.
fn preset() -> Preset {
    Preset::by_name("neuralinka").expect("a preset")
}

fn node(pool: &PgPool) -> Wallet {
    Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())))
}

async fn submit(wallet: &Wallet, id: WalletId, name: &str, command: Command) -> Result<Outcome> {
    let key = IdempotencyKey::parse(name).expect("a key");
    wallet.ledger().submit(Submission::new(id, key, Actor::system("test"), command)).await
}

async fn charge(wallet: &Wallet, id: WalletId, name: &str) -> Result<Outcome> {
    let receipt = Receipt::flat("gpt-5", "GPT-5", credits(1));
    submit(wallet, id, name, Command::Charge { receipt }).await
}

async fn fill(wallet: &Wallet, id: WalletId) {
    let new = NewGrant::new(credits(100), GrantSource::TopUp, "Light");
    submit(wallet, id, "fill", Command::Grant(new)).await.expect("granted");
}

/// Waits until a node sees that a wallet waits for its owner, or not; a second is promised.
async fn sees(wallet: &Wallet, id: WalletId, inactive: bool) {
    let looking = async {
        while wallet.ledger().balance(id).await.expect("a balance").inactive != inactive {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), looking).await.expect("seen within a second");
}

/// A person with credits whom nobody has seen for twelve months, by the clocks of these nodes.
async fn forgotten(one: &Wallet, others: &[&Wallet]) -> Viewer {
    let viewer = member(one, "anna@example.com").await;
    fill(one, viewer.wallet).await;
    let year = one.clock().now() + Months::new(12) - one.clock().now();
    for wallet in others.iter().chain([&one]) {
        wallet.clock().advance(year);
    }
    viewer
}

#[sqlx::test(migrations = "../migrations")]
async fn settings_reach_every_node_within_a_second(pool: PgPool) {
    let (one, two) = (node(&pool), node(&pool));
    one.catalog().load_preset(&preset()).await.expect("loaded");
    let viewer = forgotten(&one, &[&two]).await;
    let id = viewer.wallet;
    // At once where the preset was loaded, soon elsewhere, and at the start of a node.
    assert_eq!(refusal(charge(&one, id, "c").await).code(), "wallet_inactive");
    sees(&two, id, true).await;
    assert_eq!(refusal(charge(&two, id, "c").await).code(), "wallet_inactive");
    let three = node(&pool);
    three.clock().set(one.clock().now());
    three.catalog().prepare().await.expect("prepared");
    assert_eq!(refusal(charge(&three, id, "c").await).code(), "wallet_inactive");

    // A change of the settings, made by nobody here, is followed.
    change_inactivity(&pool, None).await;
    sees(&two, id, false).await;
    sees(&one, id, false).await;
    charge(&two, id, "c").await.expect("charged");
    for wallet in [one, two, three] {
        wallet.shutdown().await;
    }
}

async fn change_inactivity(pool: &PgPool, months: Option<u16>) {
    let sql = "UPDATE catalog
               SET settings = jsonb_set(settings::jsonb, '{inactivity_months}', $1), revision = revision + 1";
    let months = months.map_or(serde_json::Value::Null, Into::into);
    let done = sqlx::query(sql).bind(months).execute(pool).await.expect("changed");
    assert_eq!(done.rows_affected(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_owner_is_asked_once_and_one_word_lets_spending_go_on(pool: PgPool) {
    let (one, two) = (node(&pool), node(&pool));
    one.catalog().load_preset(&preset()).await.expect("loaded");
    two.catalog().prepare().await.expect("prepared");
    assert_eq!(one.ask_inactive().await.expect("asked"), 0);
    let viewer = forgotten(&one, &[&two]).await;
    mails(&one, "anna@example.com").await;
    // Two nodes, and again: one mail for the one wallet that has credits.
    let (first, second) = tokio::join!(one.ask_inactive(), two.ask_inactive());
    assert_eq!(first.expect("asked") + second.expect("asked"), 1);
    assert_eq!(one.ask_inactive().await.expect("asked"), 0);
    assert_eq!(mails(&one, "anna@example.com").await, [Mail::Inactive { name: "Anna".into() }]);

    one.confirm_activity(&viewer).await.expect("confirmed");
    assert!(!one.ledger().balance(viewer.wallet).await.expect("a balance").inactive);
    charge(&one, viewer.wallet, "c").await.expect("charged");
    // Another silent year, another question.
    for wallet in [&one, &two] {
        wallet.clock().advance(TimeDelta::days(366));
    }
    assert_eq!(two.ask_inactive().await.expect("asked"), 1);
    one.shutdown().await;
    two.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn budgets_follow_the_accounts_calendar(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, "anna@example.com").await;
    let id = viewer.wallet;
    fill(&wallet, id).await;
    let zoned = "UPDATE accounts SET time_zone = 'Europe/Moscow' WHERE id = $1";
    sqlx::query(zoned).bind(viewer.account.uuid()).execute(&pool).await.expect("moved");
    // A quarter to midnight in Moscow, on the last of a month.
    wallet.clock().set("2026-11-30T20:45:00Z".parse().expect("an instant"));
    for (period, ceiling) in [(BudgetPeriod::Day, 1), (BudgetPeriod::Month, 2)] {
        let scope = BudgetScope::Environment;
        let budget = NewBudget { name: format!("{period:?}"), scope, period, ceiling: credits(ceiling) };
        wallet.ledger().set_budget(id, budget).await.expect("a budget");
    }
    charge(&wallet, id, "c1").await.expect("charged");
    assert_eq!(refusal(charge(&wallet, id, "c2").await).code(), "out_of_credits");
    wallet.clock().set("2026-11-30T21:00:00Z".parse().expect("an instant"));
    charge(&wallet, id, "c2").await.expect("a new day in Moscow, not yet in UTC");
    let budgets = wallet.ledger().budgets(id).await.expect("budgets");
    for budget in &budgets {
        assert_eq!(budget.spent, credits(1), "{budget:?}");
        assert_eq!(budget.window.start, wallet.clock().now(), "{budget:?}");
    }
    assert_eq!(budgets[1].window.end.to_rfc3339(), "2026-12-31T21:00:00+00:00");
    wallet.shutdown().await;
}
