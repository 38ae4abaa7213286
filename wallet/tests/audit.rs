//! The audit log on PostgreSQL: what it holds of people, that nothing leaves it, and that `verify` notices who tries.
#![cfg(feature = "postgres")]

mod people_support;

use std::net::IpAddr;

use people_support::*;
use serde_json::json;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::idempotency::{IdempotencyKey, RequestHash};
use wallet::identity::{Actor, NewAudit, Visit};
use wallet::ledger::{Budget, BudgetPeriod, BudgetScope, NewBudget, Scope};

fn audit(number: u32) -> NewAudit {
    NewAudit {
        actor: Actor::system("test"),
        action: "test.done".into(),
        subject: format!("number {number}"),
        before: json!(null),
        after: json!({ "number": number, "text": "тест 💥" }),
    }
}

async fn actions(wallet: &Wallet) -> Vec<String> {
    let page = wallet.identity().audit_log(None, 200).await.expect("listed");
    page.rows.into_iter().rev().map(|row| row.action).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn the_log_holds_what_happens_to_accounts(pool: PgPool) {
    let wallet = open(&pool).await;
    let _provider = Double::new(&wallet);
    let viewer = member(&wallet, "anna@example.com").await;
    let from = Visit {
        from: Some(IpAddr::from([192, 0, 2, 1])),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0".into(),
        ..Visit::default()
    };
    let identity = wallet.identity();
    identity.sign_in("anna@example.com", PASSWORD, &from).await.expect("signed in");
    refusal(identity.sign_in("anna@example.com", "wrong horse", &from).await);
    refusal(identity.sign_in("nobody@example.com", "wrong horse", &from).await);
    // What is written beside an answer is written before the next.
    actions(&wallet).await;
    identity.request_password_reset("anna@example.com", &Visit::default()).await.expect("sent");
    let token = newest_token(&wallet, "anna@example.com").await;
    identity.reset_password(&token, "a whole new secret").await.expect("reset");
    identity.note_refused(&viewer, "/admin/tariffs");
    // Whoever reads the log waits for what is being written beside the answers.
    assert_eq!(actions(&wallet).await.last().map(String::as_str), Some("access.refused"));
    let budget = NewBudget {
        name: "Daily".into(),
        scope: BudgetScope::Environment,
        period: BudgetPeriod::Day,
        ceiling: credits(5),
    };
    let (ledger, by) = (wallet.ledger(), viewer.actor());
    let once = (&IdempotencyKey::internal("budget"), RequestHash::of(b"budget"));
    let first = |budgets: Vec<Budget>| Ok(budgets[0].id.to_string());
    for _ in 0..2 {
        let (told, _) = ledger.set_budget_once(&by, viewer.wallet, budget.clone(), once, first).await.expect("set");
        assert!(!told.is_empty());
    }
    let id = ledger.budgets(viewer.wallet).await.expect("budgets")[0].id;
    let key = IdempotencyKey::internal("remove");
    for _ in 0..2 {
        ledger.remove_budget_by(&by, viewer.wallet, id, Some(&key), |_| Ok(())).await.expect("removed");
    }
    for _ in 0..2 {
        wallet.payments().start_top_up(&viewer, &light(), "form", "http://localhost").await.expect("ordered");
    }
    assert_eq!(
        actions(&wallet).await,
        [
            "preset.loaded",
            "address.confirmed",
            "sign_in.succeeded",
            "sign_in.failed",
            "sign_in.failed",
            "password.reset_asked",
            "password.reset",
            "access.refused",
            "budget.set",
            "budget.removed",
            "order.begun",
        ]
    );
    let page = identity.audit_log(None, 200).await.expect("listed");
    let row = |action: &str| page.rows.iter().rev().find(|row| row.action == action).expect("a row");
    let place = json!({ "browser": "Firefox", "system": "Linux", "address": "192.0.2.1" });
    assert_eq!(row("sign_in.succeeded").after, place);
    assert_eq!(row("sign_in.failed").subject, format!("user {}", viewer.user));
    assert_eq!(row("access.refused").after, json!({ "path": "/admin/tariffs" }));
    assert_eq!((&row("budget.set").actor, &row("order.begun").actor), (&viewer.actor(), &viewer.actor()));
    let text = format!("{:?}", page.rows);
    assert!(!text.contains("nobody@example.com") && !text.contains("horse"), "{text}");
    let own = identity.security_events(&viewer).await.expect("listed");
    assert!(own.len() == 6 && own.iter().all(|row| row.subject == format!("user {}", viewer.user)), "{own:?}");
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_thousand_wrong_passwords_are_a_handful_of_rows(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, "anna@example.com").await;
    for number in 0..120 {
        let from = Visit { from: Some(IpAddr::from([198, 51, 100, number])), ..Visit::default() };
        refusal(wallet.identity().sign_in("anna@example.com", "wrong horse", &from).await);
        wallet.identity().note_refused(&viewer, "/admin");
    }
    let told = actions(&wallet).await;
    let count = |action: &str| told.iter().filter(|told| *told == action).count();
    assert_eq!((count("sign_in.failed"), count("access.refused")), (9, 9), "5 and the 8th, 16th, 32nd, 64th");
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_of_many_at_once_stand_in_one_chain(pool: PgPool) {
    let wallet = open(&pool).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..60 {
        let wallet = wallet.clone();
        tasks.spawn(async move {
            let mut tx = wallet.db().begin().await.expect("a transaction");
            for part in 0..2 {
                wallet.identity().audit_in_tx(&mut tx, &audit(number * 2 + part)).await.expect("written");
            }
            if number % 3 == 0 {
                tx.rollback().await.expect("rolled back");
            } else {
                tx.commit().await.expect("committed");
            }
        });
    }
    tasks.join_all().await;
    let (rows, newest): (i64, i64) =
        sqlx::query_as("SELECT count(*), max(number) FROM audit_chain").fetch_one(&pool).await.expect("counted");
    assert_eq!((rows, newest), (81, 81), "forty pairs, and the preset's row");
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_log_is_only_added_to(pool: PgPool) {
    let wallet = open(&pool).await;
    wallet.identity().audit(&audit(1)).await.expect("written");
    for statement in [
        "UPDATE audit_log SET action = 'a.b'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "UPDATE audit_chain SET number = number + 1",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
    ] {
        let refused = sqlx::raw_sql(statement).execute(&pool).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
}

/// Invariant, and the violation that it must catch.
const CANARIES: &[(&str, &str)] = &[
    ("audit_log_is_gapless", "DELETE FROM audit_log WHERE subject = 'number 2'"),
    ("audit_log_is_gapless", "DELETE FROM audit_chain WHERE number = 3"),
    ("audit_log_is_gapless", "TRUNCATE audit_head"),
    (
        "audit_log_is_gapless",
        "INSERT INTO audit_log (id, actor, action, subject) VALUES (gen_random_uuid(), '{}', 'a.b', 'slipped in')",
    ),
    ("audit_chain_is_unbroken", "UPDATE audit_log SET action = 'test.undone' WHERE subject = 'number 2'"),
    ("audit_chain_is_unbroken", "UPDATE audit_log SET at = at + interval '1 second' WHERE subject = 'number 2'"),
    ("audit_chain_is_unbroken", "UPDATE audit_log SET after = 'null' WHERE subject = 'number 2'"),
    ("audit_chain_is_unbroken", "UPDATE audit_log SET actor = '{}' WHERE subject = 'number 2'"),
    ("audit_chain_is_unbroken", "UPDATE audit_chain SET hash = sha256('x') WHERE number = 2"),
    ("audit_chain_is_unbroken", "UPDATE audit_head SET hash = sha256('x')"),
    (
        "audit_chain_is_unbroken",
        "DELETE FROM audit_log WHERE subject = 'number 2';
         DELETE FROM audit_chain AS c WHERE NOT EXISTS (SELECT FROM audit_log AS a WHERE a.id = c.audit_id);
         UPDATE audit_chain SET number = number - 1 WHERE number > 2; UPDATE audit_head SET number = number - 1",
    ),
    ("audit_log_is_guarded", "DROP TRIGGER audit_log_append_only ON audit_log"),
    ("audit_log_is_guarded", "ALTER TABLE audit_log DISABLE TRIGGER audit_log_linked"),
    ("audit_log_is_guarded", "ALTER TABLE audit_chain DISABLE TRIGGER audit_chain_not_truncated"),
];

#[sqlx::test(migrations = "../migrations")]
async fn every_invariant_of_the_log_catches_its_canary(pool: PgPool) {
    let wallet = open(&pool).await;
    for number in 1..=4 {
        wallet.identity().audit(&audit(number)).await.expect("written");
    }
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    for (invariant, plant) in CANARIES {
        let mut transaction = wallet.db().begin().await.expect("a transaction");
        let plant = format!("SET LOCAL session_replication_role = replica; {plant}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(plant.clone())).execute(&mut *transaction).await.expect(&plant);
        let breaches = wallet.verify_in_tx(&mut transaction, Scope::Everything).await.expect("verified");
        assert!(breaches.iter().any(|breach| breach.invariant == *invariant), "{invariant}: {plant}: {breaches:?}");
        transaction.rollback().await.expect("rolled back");
    }
}
