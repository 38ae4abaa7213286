//! Ceilings, freezes, inactivity, and the past.
#![cfg(feature = "postgres")]

mod ledger_support;

use ledger_support::*;
use serde_json::json;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Refusal, Result};
use wallet::id::{AccountId, KeyId, ProjectId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::{
    BudgetPeriod, BudgetScope, CaptureAmount, Command, EntryFilter, Environment, GrantSource, NewBudget, NewGrant,
    NewWallet, Outcome, Page, Rules, Scope,
};
use wallet::money::Credits;

async fn cap(wallet: &Wallet, id: WalletId, name: &str, scope: BudgetScope, period: BudgetPeriod, whole: i64) {
    let budget = NewBudget { name: name.into(), scope, period, ceiling: credits(whole) };
    wallet.ledger().set_budget(id, budget).await.expect("a budget");
}

/// A refusal that names a ceiling, and what was left under it.
fn stopped_by(answer: Result<Outcome>) -> (String, Credits) {
    match refusal(answer) {
        Refusal::OutOfCredits { ceiling: Some(ceiling), available, .. } => (ceiling, available),
        other => panic!("no ceiling: {other:?}"),
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn ceilings_stop_in_the_same_step(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1000).await;
    let key_id = KeyId::new();
    cap(&wallet, id, "Bot, a day", BudgetScope::Key(key_id.uuid()), BudgetPeriod::Day, 10).await;
    cap(&wallet, id, "Acme, a month", BudgetScope::Customer("acme".into()), BudgetPeriod::Month, 20).await;
    cap(&wallet, id, "All", BudgetScope::Environment, BudgetPeriod::Week, 100).await;

    let by_key = async |name: &str, whole| {
        let mut envelope = envelope(id, name, charge_of(whole));
        envelope.actor = Actor::Key { id: key_id, name: "bot".into() };
        wallet.ledger().submit(envelope).await
    };
    by_key("k1", 7).await.expect("charged");
    assert_eq!(stopped_by(by_key("k2", 4).await), ("Bot, a day".into(), credits(3)));
    by_key("k3", 3).await.expect("charged");

    let for_acme = async |name: &str, whole| {
        let envelope = envelope(id, name, charge_of(whole)).with_metadata(json!({"customer_id": "acme"}));
        wallet.ledger().submit(envelope).await
    };
    for_acme("a1", 15).await.expect("charged");
    assert_eq!(stopped_by(for_acme("a2", 6).await), ("Acme, a month".into(), credits(5)));

    // What a hold does not take in the end, and what is paid back, counts no more.
    let held = hold(&wallet, id, "h", &[75]).await.seq();
    assert_eq!(stopped_by(charge(&wallet, id, "c", 1).await), ("All".into(), Credits::ZERO));
    let part = Command::Capture { hold: held, amount: CaptureAmount::Total(credits(5)) };
    submit(&wallet, id, "cap", part).await.expect("captured");
    charge(&wallet, id, "c", 70).await.expect("charged");
    submit(&wallet, id, "back", Command::CreditBack { charge: 2, reason: "failed".into() }).await.expect("paid back");
    by_key("k4", 7).await.expect("charged");

    // A new day, a new ceiling; the budget as people see it.
    wallet.clock().advance(hours(24));
    let budgets = wallet.ledger().budgets(id).await.expect("budgets");
    assert_eq!(
        budgets.iter().map(|budget| budget.spent).collect::<Vec<_>>(),
        [credits(15), credits(100), Credits::ZERO]
    );
    assert_eq!(stopped_by(by_key("k5", 10).await).0, "All");
    wallet.ledger().remove_budget(id, budgets[1].id, |_| Ok(())).await.expect("removed");
    by_key("k5", 10).await.expect("charged");
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_projects_ceiling_counts_both_environments(pool: PgPool) {
    let wallet = open(&pool);
    let (account, project) = (AccountId::new(), ProjectId::new());
    let mut ids = Vec::new();
    for environment in [Environment::Production, Environment::Preview] {
        let mut transaction = pool.begin().await.expect("a transaction");
        let new = NewWallet { account, project, environment };
        let id = wallet.ledger().create_wallet_in_tx(&mut transaction, new).await.expect("a wallet");
        transaction.commit().await.expect("committed");
        grant(&wallet, id, "g", 100).await;
        ids.push(id);
    }
    cap(&wallet, ids[0], "Project", BudgetScope::Project, BudgetPeriod::Month, 50).await;
    // Both in one batch, so that the second sees what the first has counted.
    let charges = (0..20).map(|n| charge(&wallet, ids[n % 2], format!("c{n}"), 5));
    let answers = futures::future::join_all(charges).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn frozen_and_forgotten_wallets_do_not_spend(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let held = hold(&wallet, id, "h", &[10]).await.seq();
    wallet.ledger().freeze(id, "a look is needed").await.expect("frozen");
    assert_eq!(refusal(charge(&wallet, id, "c", 1).await).code(), "forbidden");
    assert_eq!(refusal(submit(&wallet, id, "h2", hold_of(&[1])).await).code(), "forbidden");
    submit(&wallet, id, "r", release(held)).await.expect("released");
    wallet.ledger().unfreeze(id).await.expect("unfrozen");
    charge(&wallet, id, "c", 1).await.expect("charged");

    wallet.ledger().set_rules(Rules { inactivity_months: Some(12) });
    wallet.clock().advance(hours(24 * 365) - hours(1));
    assert!(!wallet.ledger().balance(id).await.expect("a balance").inactive);
    wallet.clock().advance(hours(1));
    assert!(wallet.ledger().balance(id).await.expect("a balance").inactive);
    assert_eq!(refusal(charge(&wallet, id, "c2", 1).await).code(), "wallet_inactive");
    wallet.ledger().confirm_activity(id).await.expect("confirmed");
    charge(&wallet, id, "c2", 1).await.expect("charged");
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_past_can_be_read(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    let mut seen =
        vec![(wallet.clock().now() - hours(1), wallet.ledger().balance_at(id, start()).await.expect("empty"))];
    let steps: Vec<(&str, Command)> = vec![
        ("g1", Command::Grant(grant_of(100))),
        (
            "g2",
            Command::Grant(NewGrant {
                expires_at: Some(start() + hours(2)),
                ..NewGrant::new(credits(10), GrantSource::Promo, "Hi")
            }),
        ),
        ("c1", charge_of(15)),
        ("h1", hold_of(&[20])),
        ("x1", capture_all(4)),
        ("c2", charge_of(5)),
        ("claw", Command::Clawback { grant: Some(1), amount: credits(100), reason: "disputed".into() }),
        ("g3", Command::Grant(grant_of(50))),
        ("h2", hold_of(&[1])),
    ];
    for (name, command) in steps {
        wallet.clock().advance(hours(1) / 3);
        submit(&wallet, id, name, command).await.expect(name);
        let mut balance = wallet.ledger().balance(id).await.expect("a balance");
        balance.grants.sort_by_key(|grant| grant.id);
        seen.push((wallet.clock().now(), balance));
    }
    for (at, was) in seen {
        let mut then = wallet.ledger().balance_at(id, at).await.expect("the past");
        then.grants.sort_by_key(|grant| grant.id);
        assert_eq!(then, was, "{at}");
        let held = wallet.ledger().holds_at(id, at).await.expect("the past");
        assert_eq!(Credits::checked_sum(held.iter().map(|hold| hold.amount)), Some(was.held));
    }
    assert_eq!(wallet.ledger().open_holds(id).await.expect("holds").len(), 1);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_project_has_so_many_ceilings_and_no_more(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    let set = async |customer: usize, whole| {
        let scope = BudgetScope::Customer(format!("customer {customer}"));
        let budget = NewBudget { name: "x".into(), scope, period: BudgetPeriod::Day, ceiling: credits(whole) };
        wallet.ledger().set_budget(id, budget).await
    };
    for customer in 0..100 {
        set(customer, 1).await.expect("set");
    }
    assert!(matches!(refusal(set(100, 1).await), Refusal::Unprocessable { .. }));
    set(7, 2).await.expect("changed");
    let budgets = wallet.ledger().budgets(id).await.expect("listed");
    assert_eq!(budgets.len(), 100);
    wallet.ledger().remove_budget(id, budgets[0].id, |_| Ok(())).await.expect("removed");
    set(100, 1).await.expect("there is room again");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_search_that_takes_too_long_is_given_up(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10).await;
    let mut blocker = pool.begin().await.expect("begun");
    sqlx::query("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE").execute(&mut *blocker).await.expect("locked");
    let filter = EntryFilter { text: Some("nowhere".into()), ..EntryFilter::default() };
    let found = wallet.ledger().entries(id, &filter, Page::default()).await;
    assert_eq!(refusal(found), Refusal::Unavailable);
    blocker.rollback().await.expect("unlocked");
    let found = wallet.ledger().entries(id, &filter, Page::default()).await.expect("searched");
    assert!(found.entries.is_empty());
}
