//! How the writer's statements reach their rows: by index, and without writing indexes that need not change.
#![cfg(feature = "postgres")]

mod ledger_support;

use futures::future::join_all;
use ledger_support::*;
use sqlx::PgPool;
use wallet::ledger::Command;

const TABLES: [&str; 4] = ["entries", "grants", "allocations", "budgets"];

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
    for round in 0..40 {
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
        if counted(&pool, "wallets").await.1 > 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for (table, before) in TABLES.into_iter().zip(before) {
        assert_eq!(counted(&pool, table).await.0, before, "{table} was scanned");
    }
    for table in ["wallets", "grants"] {
        let (_, updated, hot) = counted(&pool, table).await;
        assert!(updated > 200, "{table}: {updated}");
        // Most find room beside the row; how many depends on what else runs, and on what two nodes try in vain.
        assert!(hot * 2 > updated, "{table}: {hot} of {updated} updates left the indexes alone");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn no_index_mentions_a_number_that_every_debit_changes(pool: PgPool) {
    // Neither as a key nor in a predicate: either would make each update write every index of the table.
    let changing = [
        ("wallets", &["version", "seq", "settled", "held", "debt", "head_hash", "last_at", "active_at"][..]),
        ("grants", &["remaining", "held", "clawed"][..]),
    ];
    for (table, columns) in changing {
        let sql = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = $1::regclass";
        let indexes: Vec<String> = sqlx::query_scalar(sql).bind(table).fetch_all(&pool).await.expect("listed");
        assert!(!indexes.is_empty(), "{table}");
        for index in &indexes {
            let words = index.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            let named: Vec<&str> = words.filter(|word| columns.contains(word)).collect();
            assert!(named.is_empty(), "{index} mentions {named:?}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_debit_updates_is_not_locked_first(pool: PgPool) {
    // Bits of a trigger's type: for each row (1), before (2), of updates (16).
    let sql = "SELECT format('%s of %s', tgname, tgrelid::regclass)
               FROM pg_trigger
               WHERE tgrelid IN ('wallets'::regclass, 'grants'::regclass)
                 AND (tgisinternal OR tgtype::int & 19 = 19)";
    let dear: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.expect("listed");
    assert!(dear.is_empty(), "a lock or a foreign key's check for each row: {dear:?}");
}

/// Rows that a busy wallet has already.
const BUSY: i64 = 20_000;

#[sqlx::test(migrations = "../migrations")]
async fn a_key_is_found_without_reading_the_rows_of_its_wallet(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10_000).await;
    charge(&wallet, id, "first".to_owned(), 1).await.expect("charged");
    // One busy wallet among many with a row each: statistics say that a wallet has hardly any rows.
    let copies = "INSERT INTO entries SELECT (jsonb_populate_record(e, jsonb_build_object(
                      'shard', CASE WHEN n <= $1 THEN e.shard ELSE n % 256 END,
                      'wallet_id', CASE WHEN n <= $1 THEN e.wallet_id ELSE n END,
                      'seq', n + 1000, 'idem_key', 'copy-' || n))).*
                  FROM entries AS e, generate_series(1, 2 * $1) AS n WHERE e.idem_key = 'first'";
    sqlx::query(copies).bind(BUSY).execute(&pool).await.expect("copied");
    sqlx::query("ANALYZE entries").execute(&pool).await.expect("analyzed");
    let asked =
        format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", include_str!("../src/ledger/repo/earlier_answers.sql"));
    let mut connection = pool.acquire().await.expect("a connection");
    for key in ["copy-9", "late"] {
        let asked = sqlx::query_scalar(sqlx::AssertSqlSafe(asked.clone()));
        let asked = asked.bind(vec![id.shard.as_i16()]).bind(vec![id.number]).bind(vec![key]);
        let told: serde_json::Value = asked.fetch_one(&mut *connection).await.expect("explained");
        let pages = |which: &str| told[0]["Plan"][which].as_i64().expect("a number");
        let pages = pages("Shared Hit Blocks") + pages("Shared Read Blocks");
        // From the index's root to its leaf, and the row; all keys of the wallet are a hundred and more.
        assert!(pages < 20, "{key}: {pages} pages were read");
    }
    drop(connection);
    wallet.shutdown().await;
}
