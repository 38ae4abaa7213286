//! Budgets, freezes, inactivity, and the past.
#![cfg(feature = "postgres")]

mod ledger_support;

use chrono::TimeDelta;
use ledger_support::*;
use serde_json::json;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Error, Refusal, Result};
use wallet::id::{AccountId, KeyId, ProjectId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::{
    BudgetPeriod, BudgetScope, CaptureAmount, Command, CustomerFailure, EntryFilter, EntryKind, Environment, FeeKind,
    GrantSource, NewBudget, NewGrant, NewWallet, Outcome, Page, Receipt, ReleaseReason, Rules, Scope, Submission,
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
async fn budgets_stop_in_the_same_step(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1000).await;
    let key_id = KeyId::new();
    cap(&wallet, id, "Bot, a day", BudgetScope::Key(key_id.uuid()), BudgetPeriod::Day, 10).await;
    cap(&wallet, id, "Acme, a month", BudgetScope::Customer("acme".into()), BudgetPeriod::Month, 20).await;
    cap(&wallet, id, "All", BudgetScope::Environment, BudgetPeriod::Week, 100).await;

    let by_key = async |name: &str, whole| {
        let mut submission = submission(id, name, charge_of(whole));
        submission.actor = Actor::Key { id: key_id, name: "bot".into() };
        wallet.ledger().submit(submission).await
    };
    by_key("k1", 7).await.expect("charged");
    assert_eq!(stopped_by(by_key("k2", 4).await), ("Bot, a day".into(), credits(3)));
    by_key("k3", 3).await.expect("charged");

    let for_acme = async |name: &str, whole| {
        let submission = submission(id, name, charge_of(whole)).with_metadata(json!({"customer_id": "acme"}));
        wallet.ledger().submit(submission).await
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
    wallet.ledger().remove_budget(id, budgets[1].id, None, |_| Ok(())).await.expect("removed");
    by_key("k5", 10).await.expect("charged");
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_projects_budget_counts_both_environments(pool: PgPool) {
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
    wallet.ledger().freeze(id, &Actor::system("test"), "a look is needed").await.expect("frozen");
    assert_eq!(refusal(charge(&wallet, id, "c", 1).await).code(), "forbidden");
    assert_eq!(refusal(submit(&wallet, id, "h2", hold_of(&[1])).await).code(), "forbidden");
    submit(&wallet, id, "r", release(held)).await.expect("released");
    wallet.ledger().unfreeze(id, &Actor::system("test"), "looked").await.expect("unfrozen");
    charge(&wallet, id, "c", 1).await.expect("charged");

    wallet.ledger().set_rules(Rules { inactivity_months: Some(12), ..Rules::default() });
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
async fn a_job_that_failed_for_the_customers_reasons_costs_what_the_catalog_says(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let failed = |hold| Command::Release { hold, reason: ReleaseReason::CustomerFailure };
    let held = hold(&wallet, id, "h1", &[10, 5]).await.seq();
    submit(&wallet, id, "f1", failed(held)).await.expect("released");
    assert_eq!(available(&wallet, id).await, credits(100));

    wallet.ledger().set_rules(Rules { customer_failure: CustomerFailure::ChargedOnce, ..Rules::default() });
    let held = hold(&wallet, id, "h2", &[10, 5]).await.seq();
    let outcome = submit(&wallet, id, "f2", failed(held)).await.expect("charged");
    assert_eq!(outcome.entry().map(|entry| entry.kind), Some(EntryKind::Capture));
    assert_eq!(available(&wallet, id).await, credits(85));
    // Once: neither a repeat nor another try charges again.
    assert!(submit(&wallet, id, "f2", failed(held)).await.expect("the same").replayed);
    assert_eq!(refusal(submit(&wallet, id, "f3", failed(held)).await), Refusal::HoldCaptured);
    // What is the platform's own fault is free whatever the catalog says.
    let held = hold(&wallet, id, "h3", &[10]).await.seq();
    submit(&wallet, id, "r3", release(held)).await.expect("released");
    assert_eq!(available(&wallet, id).await, credits(85));
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

/// A command of an end customer.
fn on_behalf(id: WalletId, name: &str, customer: &str, command: Command) -> Submission {
    let metadata = serde_json::json!({ "customer_id": customer });
    submission(id, name, command).with_metadata(metadata)
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_paid_back_is_free_again_under_the_budget_that_counted_it(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1000).await;
    cap(&wallet, id, "Acme", BudgetScope::Customer("acme".to_owned()), BudgetPeriod::Day, 10).await;
    cap(&wallet, id, "Day", BudgetScope::Environment, BudgetPeriod::Day, 100).await;
    let spent = || async {
        let budgets = wallet.ledger().budgets(id).await.expect("budgets");
        budgets.iter().map(|budget| budget.spent).collect::<Vec<_>>()
    };
    // The hold names the customer, its capture need not.
    let held = wallet.ledger().submit(on_behalf(id, "h", "acme", hold_of(&[10]))).await.expect("held").seq();
    let taken = submit(&wallet, id, "x", capture_all(held)).await.expect("captured").seq();
    assert_eq!(spent().await, [credits(10), credits(10)]);
    let back = |charge| Command::CreditBack { charge, reason: "failed".to_owned() };
    submit(&wallet, id, "b", back(taken)).await.expect("paid back");
    assert_eq!(spent().await, [Credits::ZERO, Credits::ZERO]);

    // What yesterday counted frees nothing of today.
    let held = wallet.ledger().submit(on_behalf(id, "h2", "acme", hold_of(&[10]))).await.expect("held").seq();
    let today = wallet.ledger().budgets(id).await.expect("budgets")[0].window;
    wallet.clock().advance(today.end - wallet.clock().now() - TimeDelta::minutes(30));
    let held_late = wallet.ledger().submit(submission(id, "h3", hold_of(&[7]))).await.expect("held").seq();
    wallet.clock().advance(TimeDelta::minutes(31));
    let taken = submit(&wallet, id, "x3", capture_all(held_late)).await.expect("captured").seq();
    charge(&wallet, id, "c3", 5).await.expect("charged");
    submit(&wallet, id, "b3", back(taken)).await.expect("paid back");
    assert_eq!(spent().await, [Credits::ZERO, credits(5)]);
    assert!(held > 0);

    // A fee counts under no ceiling, neither when it is taken nor when it is paid back.
    let fee = Command::Fee { kind: FeeKind::WebhookFee, receipt: Receipt::flat("retry", "Retry", credits(2)) };
    let fee = submit(&wallet, id, "fee", fee).await.expect("taken").seq();
    submit(&wallet, id, "fee-back", back(fee)).await.expect("paid back");
    assert_eq!(spent().await, [Credits::ZERO, credits(5)]);

    // What is free goes on under a ceiling that was lowered below what is spent.
    cap(&wallet, id, "Day", BudgetScope::Environment, BudgetPeriod::Day, 1).await;
    charge(&wallet, id, "free", 0).await.expect("free");
    assert_eq!(stopped_by(charge(&wallet, id, "dear", 1).await).0, "Day");
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_buys_is_there(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    wallet.ledger().set_rules(Rules { inactivity_months: Some(12), ..Rules::default() });
    wallet.clock().advance(hours(24 * 400));
    let gift = NewGrant::new(credits(1), GrantSource::Promo, "Come back");
    submit(&wallet, id, "gift", Command::Grant(gift)).await.expect("granted");
    assert_eq!(refusal(charge(&wallet, id, "c", 1).await), Refusal::WalletInactive);
    grant(&wallet, id, "bought", 10).await;
    charge(&wallet, id, "c", 1).await.expect("charged");
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn lines_that_are_too_much_together_are_refused_by_name(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1).await;
    let most = 1_000_000_000_000;
    let refused = refusal(submit(&wallet, id, "h", hold_of(&[most; 10])).await);
    assert!(matches!(&refused, Refusal::Unprocessable { fields } if fields[0].field == "lines"), "{refused:?}");
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_project_has_so_many_budgets_and_no_more(pool: PgPool) {
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
    assert!(matches!(set(100, 1).await, Err(Error::Refused(Refusal::Unprocessable { .. }))));
    set(7, 2).await.expect("changed");
    let budgets = wallet.ledger().budgets(id).await.expect("listed");
    assert_eq!(budgets.len(), 100);
    wallet.ledger().remove_budget(id, budgets[0].id, None, |_| Ok(())).await.expect("removed");
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
    assert!(matches!(found, Err(Error::Refused(Refusal::Unavailable))), "{found:?}");
    blocker.rollback().await.expect("unlocked");
    let found = wallet.ledger().entries(id, &filter, Page::default()).await.expect("searched");
    assert!(found.entries.is_empty());
}
