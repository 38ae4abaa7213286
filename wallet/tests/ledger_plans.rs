//! How the writer's statements reach their rows: by index, and without writing indexes that need not change.
#![cfg(feature = "postgres")]

mod ledger_support;

use futures::future::join_all;
use ledger_support::*;
use sqlx::PgPool;
use wallet::ledger::Command;

const TABLES: [&str; 5] = ["entries", "grants", "holds", "allocations", "budgets"];

/// What PostgreSQL counted for a table.
async fn counted(pool: &PgPool, table: &str) -> (i64, i64, i64) {
    sqlx::query_as("SELECT seq_scan, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1")
        .bind(table)
        .fetch_one(pool)
        .await
        .expect("counted")
}

#[sqlx::test(migrations = "../migrations")]
async fn the_writer_never_scans_a_table(pool: PgPool) {
    let wallet = open(&pool);
    let other = open(&pool);
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(new_wallet(&wallet).await);
    }
    // Making an index counts as a scan.
    let mut before = Vec::new();
    for table in TABLES {
        before.push(counted(&pool, table).await.0);
    }
    for id in &ids {
        grant(&wallet, *id, "g", 10_000).await;
        grant(&wallet, *id, "g2", 10_000).await;
    }
    for round in 0..10 {
        let node = if round % 3 == 0 { &other } else { &wallet };
        let charges = (0..64).map(|n| charge(node, ids[n % ids.len()], format!("c{round}-{n}"), 1));
        for answer in join_all(charges).await {
            answer.expect("charged");
        }
        let held = hold(node, ids[0], &format!("h{round}"), &[1, 2]).await.seq();
        submit(node, ids[0], format!("f{round}"), capture_all(held)).await.expect("captured");
        let back = Command::CreditBack { charge: held + 1, reason: "failed".into() };
        submit(node, ids[0], format!("b{round}"), back).await.expect("paid back");
    }
    // A session's counts are told at its end.
    wallet.shutdown().await;
    other.shutdown().await;
    for _ in 0..100 {
        if counted(&pool, "wallets").await.1 > 100 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for (table, before) in TABLES.into_iter().zip(before) {
        assert_eq!(counted(&pool, table).await.0, before, "{table} was scanned");
    }
    for table in ["wallets", "grants"] {
        let (_, updated, hot) = counted(&pool, table).await;
        assert!(updated > 100, "{table}: {updated}");
        // The first updates find no room beside the row; nearly all others touch no index.
        assert!(hot * 10 >= updated * 9, "{table}: {hot} of {updated} updates left the indexes alone");
    }
}
