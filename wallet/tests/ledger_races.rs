//! Races on real PostgreSQL: many callers, two nodes on one database.
#![cfg(feature = "postgres")]

mod ledger_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use ledger_support::*;
use sqlx::{PgConnection, PgPool};
use wallet::clock::Clock;
use wallet::error::{Error, Refusal, Result};
use wallet::id::{AccountId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::{Command, EntryFilter, EntryKind, Environment, HoldState, Outcome, Page, TxHook};
use wallet::money::Credits;
use wallet::{Options, Wallet};

/// How many callers race.
const CALLERS: usize = 64;

#[sqlx::test(migrations = "../migrations")]
async fn the_last_credit_is_spent_once(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let id = new_wallet(&nodes[0]).await;
    for round in 0..200 {
        grant(&nodes[round % 2], id, &format!("g{round}"), 1).await;
        let charges = (0..CALLERS).map(|n| {
            let node = nodes[n % 2].clone();
            tokio::spawn(async move { charge(&node, id, format!("c{round}-{n}"), 1).await })
        });
        let answers = join_all(charges).await;
        let mut won = 0;
        for answer in answers {
            match answer.expect("no panic") {
                Ok(_) => won += 1,
                Err(Error::Refused(Refusal::OutOfCredits { .. })) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
    assert_eq!(available(&nodes[0], id).await, Credits::ZERO);
    sound(&nodes[0]).await;
    for node in nodes {
        node.shutdown().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn credits_that_come_beside_a_charge_of_a_wallet_that_must_be_read_are_there(pool: PgPool) {
    let wallet = open(&pool);
    for round in 0..40 {
        let id = new_wallet(&wallet).await;
        grant(&wallet, id, "g", 100).await;
        // A node that has not seen the wallet: the charge must read it first, and the others queue up behind.
        let node = open(&pool);
        let more = Command::Adjustment { amount: credits(10), reason: "sorry".to_owned() };
        let back = Command::Clawback { grant: Some(1), amount: credits(20), reason: "refund".to_owned() };
        let answers = tokio::join!(
            charge(&node, id, "c1", 1),
            submit(&node, id, "g2", Command::Grant(grant_of(50))),
            submit(&node, id, "a", more),
            submit(&node, id, "b", back),
            charge(&node, id, "c2", 1),
        );
        for answer in [answers.0, answers.1, answers.2, answers.3, answers.4] {
            answer.unwrap_or_else(|error| panic!("round {round}: {error}"));
        }
        assert_eq!(available(&node, id).await, credits(100 - 1 + 50 + 10 - 20 - 1), "round {round}");
        node.shutdown().await;
    }
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_key_from_many_callers_acts_once(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let id = new_wallet(&nodes[0]).await;
    grant(&nodes[0], id, "g", 1000).await;
    // Both nodes remember the wallet, so that the keys meet in the steady state.
    for (n, node) in nodes.iter().enumerate() {
        charge(node, id, format!("warm{n}"), 1).await.expect("charged");
    }
    for round in 0..20 {
        let charges = (0..CALLERS).map(|n| {
            let node = nodes[n % 2].clone();
            tokio::spawn(async move { charge(&node, id, format!("same{round}"), 5).await })
        });
        let outcomes: Vec<Outcome> =
            join_all(charges).await.into_iter().map(|answer| answer.expect("no panic").expect("answered")).collect();
        assert_eq!(outcomes.iter().filter(|outcome| !outcome.replayed).count(), 1);
        assert!(outcomes.iter().all(|outcome| outcome.entry() == outcomes[0].entry()));
    }
    assert_eq!(available(&nodes[0], id).await, credits(1000 - 2 - 100));
    sound(&nodes[0]).await;
    for node in nodes {
        node.shutdown().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_is_captured_or_times_out_never_both(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let id = new_wallet(&nodes[0]).await;
    grant(&nodes[0], id, "g", 1000).await;
    for round in 0..40_i64 {
        let placed = hold(&nodes[0], id, &format!("h{round}"), &[1]).await.seq();
        // One node's clock is past the hold's end, the other's is not: as near to the same instant as it gets.
        nodes[1].clock().set(nodes[0].clock().now() + hours(1));
        let captures = (0..4).map(|n| {
            let node = nodes[0].clone();
            tokio::spawn(async move { submit(&node, id, format!("cap{round}-{n}"), capture_all(placed)).await })
        });
        let node = nodes[1].clone();
        let sweep = tokio::spawn(async move { node.ledger().expire_holds().await });
        let captured: Vec<Result<Outcome>> =
            join_all(captures).await.into_iter().map(|answer| answer.expect("no panic")).collect();
        sweep.await.expect("no panic").expect("swept");
        let won = captured.iter().filter(|answer| answer.is_ok()).count();
        let view = nodes[0].ledger().hold(id, placed).await.expect("a hold");
        match view.state {
            HoldState::Captured => assert_eq!(won, 1),
            HoldState::Expired => assert_eq!(won, 0),
            other => panic!("{other:?}"),
        }
        nodes[0].clock().set(nodes[1].clock().now());
    }
    sound(&nodes[0]).await;
    for node in nodes {
        node.shutdown().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_is_finished_once(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let id = new_wallet(&nodes[0]).await;
    grant(&nodes[0], id, "g", 1000).await;
    for round in 0..20 {
        let placed = hold(&nodes[0], id, &format!("h{round}"), &[2, 3]).await.seq();
        let finishes = (0..CALLERS / 4).map(|n| {
            let node = nodes[n % 2].clone();
            let command = if n % 3 == 0 { release(placed) } else { capture_all(placed) };
            tokio::spawn(async move { submit(&node, id, format!("f{round}-{n}"), command).await })
        });
        let answers = join_all(finishes).await;
        assert_eq!(answers.into_iter().filter(|answer| matches!(answer, Ok(Ok(_)))).count(), 1);
    }
    sound(&nodes[0]).await;
    for node in nodes {
        node.shutdown().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn transfers_both_ways_do_not_lock_each_other_out(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let account = AccountId::new();
    let one = wallet_of(&nodes[0], account, Environment::Production).await;
    let two = wallet_of(&nodes[0], account, Environment::Preview).await;
    for id in [one, two] {
        grant(&nodes[0], id, "g", 1000).await;
    }
    let transfers = (0..CALLERS * 4).map(|n| {
        let node = nodes[n % 2].clone();
        let (from, to) = if (n / 2) % 2 == 0 { (one, two) } else { (two, one) };
        let command = Command::Transfer { to, amount: credits(1), reason: "there and back".into(), grant: None };
        tokio::spawn(async move { submit(&node, from, format!("t{n}"), command).await })
    });
    for answer in join_all(transfers).await {
        answer.expect("no panic").expect("moved");
    }
    assert_eq!(available(&nodes[0], one).await, credits(1000));
    assert_eq!(available(&nodes[0], two).await, credits(1000));
    sound(&nodes[0]).await;
    for node in nodes {
        node.shutdown().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn callers_that_go_away_change_nothing(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10_000).await;
    let tasks: Vec<_> = (0..500)
        .map(|n| {
            let wallet = wallet.clone();
            tokio::spawn(async move { charge(&wallet, id, format!("c{n}"), 1).await })
        })
        .collect();
    for (n, task) in tasks.iter().enumerate() {
        if n % 2 == 0 {
            task.abort();
        }
        if n % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    join_all(tasks).await;
    // Every key answers, once: whoever was cut off learns with the same key what has happened.
    for n in 0..500 {
        charge(&wallet, id, format!("c{n}"), 1).await.expect("charged");
    }
    assert_eq!(available(&wallet, id).await, credits(9_500));
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn stopping_loses_nothing_that_was_queued(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 10_000).await;
    let charges: Vec<_> = (0..1000)
        .map(|n| {
            let wallet = wallet.clone();
            tokio::spawn(async move { charge(&wallet, id, format!("c{n}"), 1).await })
        })
        .collect();
    tokio::task::yield_now().await;
    wallet.shutdown().await;
    let mut done = 0_i64;
    for answer in join_all(charges).await {
        match answer.expect("no panic") {
            Ok(_) => done += 1,
            Err(Error::Refused(Refusal::Unavailable)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let after = open(&pool);
    assert_eq!(available(&after, id).await, credits(10_000 - done));
    sound(&after).await;
    after.shutdown().await;
}

/// Writes beside the entry; may fail after it.
struct Beside {
    fails: AtomicBool,
}

#[async_trait]
impl TxHook for Beside {
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()> {
        sqlx::query("INSERT INTO beside (seq) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(outcome.seq())
            .execute(connection)
            .await?;
        if self.fails.load(Ordering::Relaxed) { Err(Refusal::VersionConflict.into()) } else { Ok(()) }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hook_happens_with_its_entry_or_not_at_all(pool: PgPool) {
    sqlx::raw_sql("CREATE TABLE beside (seq bigint PRIMARY KEY)").execute(&pool).await.expect("a table");
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    charge(&wallet, id, "c", 1).await.expect("charged");
    let hook = Arc::new(Beside { fails: AtomicBool::new(true) });
    let paid = || submission(id, "paid", Command::Grant(grant_of(10))).with_hook(hook.clone());
    assert_eq!(refusal(wallet.ledger().submit(paid()).await), Refusal::VersionConflict);
    assert_eq!(available(&wallet, id).await, credits(99));
    hook.fails.store(false, Ordering::Relaxed);
    let answers = join_all((0..8).map(|_| wallet.ledger().submit(paid()))).await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(outcome) if !outcome.replayed)).count(), 1);
    // The writer that remembers the wallet notices.
    charge(&wallet, id, "c2", 100).await.expect("charged");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM beside").fetch_one(&pool).await.expect("counted");
    assert_eq!(rows, 1);
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_wallets_on_two_nodes_stay_exact(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let mut ids = Vec::new();
    for n in 0..16 {
        let id = new_wallet(&nodes[0]).await;
        grant(&nodes[n % 2], id, "g", 100).await;
        ids.push(id);
    }
    let ids = Arc::new(ids);
    let callers = (0..CALLERS).map(|caller| {
        let (node, ids) = (nodes[caller % 2].clone(), Arc::clone(&ids));
        tokio::spawn(async move {
            let mut spent = 0_i64;
            for n in 0..40_usize {
                let id = ids[(caller * 7 + n) % ids.len()];
                match n % 4 {
                    0 => {
                        if let Ok(placed) = submit(&node, id, format!("h{caller}-{n}"), hold_of(&[1, 1])).await {
                            let finish = if n % 8 == 0 { capture_all(placed.seq()) } else { release(placed.seq()) };
                            submit(&node, id, format!("f{caller}-{n}"), finish).await.expect("finished");
                            spent += if n % 8 == 0 { 2 } else { 0 };
                        }
                    }
                    _ => spent += i64::from(charge(&node, id, format!("c{caller}-{n}"), 1).await.is_ok()),
                }
            }
            spent
        })
    });
    let mut spent = 0;
    for caller in join_all(callers).await {
        spent += caller.expect("no panic");
    }
    let mut left = Credits::ZERO;
    for id in ids.iter() {
        left = left.checked_add(available(&nodes[0], *id).await).expect("fits");
    }
    assert_eq!(left, credits(1600 - spent));
    let filter = EntryFilter { kinds: vec![EntryKind::Capture], ..EntryFilter::default() };
    assert!(!nodes[0].ledger().entries(ids[0], &filter, Page::default()).await.expect("a page").entries.is_empty());
    sound(&nodes[0]).await;
    for node in nodes {
        node.shutdown().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_another_node_granted_expires_here_too(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let id = new_wallet(&nodes[0]).await;
    grant(&nodes[0], id, "kept", 5).await;
    // This node remembers the wallet from here on.
    charge(&nodes[0], id, "one", 1).await.expect("charged");
    let mut short = grant_of(3);
    short.expires_at = Some(start() + hours(1));
    submit(&nodes[1], id, "short", Command::Grant(short)).await.expect("granted");
    nodes.iter().for_each(|node| node.clock().set(start() + hours(2)));
    let swept = submit(&nodes[0], id, "sweep", Command::ExpireGrants).await.expect("swept");
    assert_eq!(swept.entries.len(), 1, "the node must not say from memory that nothing is due");
    assert_eq!(nodes[0].ledger().balance(id).await.expect("a balance").settled, credits(4));
    sound(&nodes[0]).await;
}

/// What one caller of a poor wallet heard of a command.
fn heard(answer: Result<Outcome>) -> Option<Outcome> {
    match answer {
        Ok(outcome) => Some(outcome),
        Err(Error::Refused(Refusal::OutOfCredits { .. } | Refusal::Forbidden { .. })) => None,
        Err(other) => panic!("{other:?}"),
    }
}

/// Charges a wallet that has run dry: mostly for nothing, sometimes too much, sometimes with a key once more.
async fn spend_from_the_poor(node: Wallet, id: WalletId, caller: u64, commands: u64) {
    let mut draw = caller.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut before: Option<(String, i64)> = None;
    for n in 0..commands {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        let (key, amount) = match (draw % 100, &before) {
            (0..4, Some(before)) => before.clone(),
            (4..10, _) => (format!("c{caller}-{n}"), 10),
            (10..30, _) => (format!("c{caller}-{n}"), 1),
            _ => (format!("c{caller}-{n}"), 0),
        };
        if let Some(outcome) = heard(charge(&node, id, &key, amount).await) {
            assert_eq!(outcome.entry().expect("a row").amount, credits(-amount));
        }
        before = Some((key, amount));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_that_has_run_dry_stays_sound_on_two_nodes(pool: PgPool) {
    // Writers that doubt and trust their memory many times a second.
    let hasty = || {
        let options = Options::for_tests(Clock::fixed(start()));
        Wallet::new(pool.clone(), Options { read_first_for: Some(Duration::from_millis(3)), ..options })
    };
    let nodes = [hasty(), hasty()];
    let id = new_wallet(&nodes[0]).await;
    grant(&nodes[0], id, "g", 5).await;
    let callers = (0..24_u64).map(|caller| {
        let node = nodes[usize::from(caller % 6 == 0)].clone();
        tokio::spawn(spend_from_the_poor(node, id, caller + 1, 250))
    });
    let done = Arc::new(AtomicBool::new(false));
    let disturber = {
        let (node, done) = (nodes[0].clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                // Each moves the wallet behind the writers' backs, or fills it a little.
                node.ledger().freeze(id, &Actor::system("test"), "test").await.expect("frozen");
                node.ledger().unfreeze(id, &Actor::system("test"), "test").await.expect("thawed");
                if rounds % 8 == 0 {
                    grant(&node, id, &format!("more{rounds}"), 3).await;
                }
                rounds += 1;
            }
        })
    };
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("every answer is right");
    }
    done.store(true, Ordering::Relaxed);
    disturber.await.expect("no panic");
    sound(&nodes[0]).await;
    grant(&nodes[1], id, "later", 1).await;
    charge(&nodes[0], id, "last", 1).await.expect("the wallet works");
    for node in nodes {
        node.shutdown().await;
    }
}
