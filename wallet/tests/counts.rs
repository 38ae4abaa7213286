//! Limits of how many there may be hold however many are asked for at once.
#![cfg(feature = "postgres")]

mod people_support;

use people_support::*;
use sqlx::PgPool;
use wallet::identity::{Environment, NewKey};
use wallet::ledger::{BudgetPeriod, BudgetScope, NewBudget};

#[sqlx::test(migrations = "../migrations")]
async fn of_fifty_keys_at_once_an_account_gets_what_is_left_of_a_hundred(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let new = NewKey { name: "k".into(), environment: Environment::Production, scopes: Vec::new(), ceiling: None };
    for _ in 0..90 {
        wallet.identity().create_key(&anna, &new).await.expect("a key");
    }
    let all = (0..50).map(|_| wallet.identity().create_key(&anna, &new));
    let made = futures::future::join_all(all).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 10);
    assert_eq!(wallet.identity().keys(&anna).await.expect("keys").len(), 100);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_fifty_budgets_at_once_a_project_gets_what_is_left_of_a_hundred(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let budget = |number: usize| NewBudget {
        name: "b".into(),
        scope: BudgetScope::Customer(format!("customer {number}")),
        period: BudgetPeriod::Day,
        ceiling: credits(1),
    };
    let before = wallet.ledger().budgets(anna.wallet).await.expect("budgets").len();
    for number in before..90 {
        wallet.ledger().set_budget(anna.wallet, budget(number)).await.expect("set");
    }
    // Half of them for the project's other wallet, whose row is another one.
    let wallets = [anna.wallet, anna.preview_wallet];
    let all = (0..50).map(|number| wallet.ledger().set_budget(wallets[number % 2], budget(1_000 + number)));
    let made = futures::future::join_all(all).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 10);
}
