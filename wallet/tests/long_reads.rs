//! Long reads: an account's share, its queue, the time limit, and what a caller that hangs up leaves behind.
#![cfg(feature = "postgres")]

mod ledger_support;

use std::time::Duration;

use ledger_support::*;
use sqlx::PgPool;
use wallet::db::{LongReads, ReadLimits, is_timeout};
use wallet::error::Refusal;
use wallet::id::AccountId;
use wallet::ledger::{Command, EntryFilter, EntryKind, Page, Receipt};

fn limits() -> ReadLimits {
    ReadLimits {
        connections: 3,
        of_account: 1,
        queue: 1,
        wait: Duration::from_secs(20),
        statement: Duration::from_secs(10),
    }
}

/// Whether something waits.
async fn waits<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::time::timeout(Duration::from_millis(300), future).await.is_err()
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_has_its_share_and_a_queue_and_others_do_not_wait(pool: PgPool) {
    let reads = LongReads::beside(&pool, limits());
    let (greedy, other) = (AccountId::new(), AccountId::new());
    let first = reads.begin(greedy).await.expect("a turn");
    let mut second = Box::pin(reads.begin(greedy));
    assert!(waits(&mut second).await);
    let refused = refusal(reads.begin(greedy).await);
    assert!(matches!(refused, Refusal::RateLimited { retry_after_seconds: 1.. }), "{refused:?}");
    reads.begin(other).await.expect("a turn of its own").end().await.expect("ended");
    first.end().await.expect("ended");
    second.await.expect("its turn").end().await.expect("ended");
    reads.begin(greedy).await.expect("a free place").end().await.expect("ended");
    reads.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_keeps_a_place_and_takes_turns(pool: PgPool) {
    let reads = LongReads::beside(&pool, limits());
    let account = AccountId::new();
    let (file, other) = (reads.enter(account).expect("a place"), reads.enter(account).expect("a place"));
    assert!(matches!(refusal(reads.enter(account)), Refusal::RateLimited { .. }));
    file.turn().await.expect("a turn").end().await.expect("ended");
    other.turn().await.expect("a turn").end().await.expect("ended");
    drop(other);
    reads.begin(account).await.expect("a place is given back").end().await.expect("ended");
    reads.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_hangs_up_keeps_the_turn_until_the_database_is_done(pool: PgPool) {
    let reads = LongReads::beside(&pool, limits());
    let account = AccountId::new();
    // Something that a read waits for.
    let mut lock = pool.acquire().await.expect("a connection");
    sqlx::query("SELECT pg_advisory_lock(7)").execute(&mut *lock).await.expect("locked");
    let mut turn = reads.begin(account).await.expect("a turn");
    let mut asked = Box::pin(async move {
        let connection = turn.connection().expect("open");
        sqlx::query("SELECT pg_advisory_lock(7)").execute(connection).await.expect("read");
    });
    assert!(waits(&mut asked).await);
    drop(asked);
    let mut next = Box::pin(reads.begin(account));
    assert!(waits(&mut next).await, "the statement still runs");
    sqlx::query("SELECT pg_advisory_unlock(7)").execute(&mut *lock).await.expect("unlocked");
    next.await.expect("its turn").end().await.expect("ended");
    reads.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_statement_has_its_time(pool: PgPool) {
    let reads = LongReads::beside(&pool, ReadLimits { statement: Duration::from_millis(50), ..limits() });
    let mut turn = reads.begin(AccountId::new()).await.expect("a turn");
    let late = sqlx::query("SELECT pg_sleep(30)").execute(turn.connection().expect("open")).await;
    assert!(is_timeout(&late.expect_err("given up")));
    drop(turn);
    reads.close().await;
}

/// Charges so many rows, all but some of one operation.
async fn fill(wallet: &wallet::Wallet, id: wallet::id::WalletId, rows: usize) {
    let all = (0..rows).map(|number| {
        let operation = if number == 3 { "rare" } else { "gpt-5" };
        let receipt = Receipt::flat(operation, "x", credits(1));
        submit(wallet, id, format!("c{number}"), Command::Charge { receipt })
    });
    for done in futures::future::join_all(all).await {
        done.expect("charged");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_search_says_where_it_goes_on_and_finds_each_row_once(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100_000).await;
    // More than one part of a search, by its own limit of rows.
    for part in 0..11 {
        let all = (0..2_000).map(|number| charge(&wallet, id, format!("{part}-{number}"), 1));
        for done in futures::future::join_all(all).await {
            done.expect("charged");
        }
    }
    let filter = EntryFilter { kinds: vec![EntryKind::Grant], ..EntryFilter::default() };
    let (mut found, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = wallet.ledger().entries(id, &filter, Page { before, limit: 10 }).await.expect("a page");
        found.extend(page.entries.into_iter().map(|row| row.seq));
        pages += 1;
        match page.next {
            Some(next) => {
                assert!(before.is_none_or(|before| next < before), "it goes on");
                before = Some(next);
            }
            None => break,
        }
    }
    assert_eq!(found, [1], "in {pages} pages");
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_filter_by_time_reads_the_rows_of_that_time(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1_000).await;
    for hour in 0..5 {
        charge(&wallet, id, format!("{hour}"), 1).await.expect("charged");
        wallet.clock().advance(hours(1));
    }
    let seqs = async |from: Option<i64>, to: Option<i64>| {
        let at = |hour: i64| start() + hours(hour);
        let filter = EntryFilter { from: from.map(at), to: to.map(at), ..EntryFilter::default() };
        let page = wallet.ledger().entries(id, &filter, Page::default()).await.expect("a page");
        assert_eq!(page.next, None);
        page.entries.into_iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(Some(1), Some(3)).await, [4, 3]);
    assert_eq!(seqs(Some(3), None).await, [6, 5]);
    assert_eq!(seqs(None, Some(1)).await, [2, 1]);
    assert_eq!(seqs(Some(9), None).await, Vec::<i64>::new());
    assert_eq!(seqs(None, Some(-1)).await, Vec::<i64>::new());
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_holds_every_row_once(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10_000).await;
    fill(&wallet, id, 2_500).await;
    let rare = EntryFilter { operation: Some("rare".into()), ..EntryFilter::default() };
    for (filter, wanted) in [(EntryFilter::default(), 2_501), (rare, 1)] {
        let export = wallet.ledger().export(id).await.expect("a place");
        let (mut seqs, mut before) = (Vec::new(), None);
        loop {
            let part = export.part(&filter, before).await.expect("a part");
            seqs.extend(part.entries.into_iter().map(|row| row.seq));
            let Some(next) = part.next else { break };
            before = Some(next);
        }
        assert_eq!(seqs.len(), wanted);
        assert!(seqs.is_sorted_by(|one, next| one > next), "newest first, each once");
    }
    wallet.shutdown().await;
}
