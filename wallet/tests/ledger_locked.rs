//! Wallets that somebody keeps locked, on real PostgreSQL: they hold up no others.
#![cfg(feature = "postgres")]

mod ledger_support;

use futures::future::join_all;
use ledger_support::*;
use sqlx::PgPool;
use wallet::error::Refusal;
use wallet::id::AccountId;
use wallet::ledger::Environment;

#[sqlx::test(migrations = "../migrations")]
async fn a_wallet_that_somebody_keeps_locked_holds_up_no_other(pool: PgPool) {
    let wallet = open(&pool);
    let account = AccountId::new();
    // Of one account, so of one writer.
    let stuck = wallet_of(&wallet, account, Environment::Production).await;
    let other = wallet_of(&wallet, account, Environment::Production).await;
    for id in [stuck, other] {
        grant(&wallet, id, "g", 100).await;
        charge(&wallet, id, "remembered", 1).await.expect("charged");
    }
    let mut person = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM wallets WHERE shard = $1 AND wallet_id = $2 FOR UPDATE")
        .bind(stuck.shard.as_i16())
        .bind(stuck.number)
        .execute(&mut *person)
        .await
        .expect("locked");
    let (refused, done) = tokio::join!(charge(&wallet, stuck, "s1", 1), charge(&wallet, other, "o1", 1));
    assert_eq!(refusal(refused), Refusal::Unavailable);
    done.expect("charged");
    // From now on it does not even wait.
    let (refused, done) = tokio::join!(charge(&wallet, stuck, "s2", 1), charge(&wallet, other, "o2", 1));
    assert_eq!(refusal(refused), Refusal::Unavailable);
    done.expect("charged");
    // Who waits when the wallet is let go gets through.
    let waiting = tokio::spawn({
        let wallet = wallet.clone();
        async move { charge(&wallet, stuck, "s3", 1).await }
    });
    charge(&wallet, other, "o3", 1).await.expect("charged");
    person.rollback().await.expect("let go");
    waiting.await.expect("no panic").expect("charged");
    charge(&wallet, stuck, "s4", 1).await.expect("charged");
    assert_eq!(available(&wallet, stuck).await, credits(97));
    assert_eq!(available(&wallet, other).await, credits(96));
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_hot_locked_wallet_takes_one_place_of_those_that_are_waited_for(pool: PgPool) {
    let wallet = open(&pool);
    let account = AccountId::new();
    let mut ids = Vec::new();
    for _ in 0..6 {
        // Of one account, so of one writer.
        let id = wallet_of(&wallet, account, Environment::Production).await;
        grant(&wallet, id, "g", 100).await;
        ids.push(id);
    }
    let (free, locked) = ids.split_last().expect("wallets");
    let (hot, fifth) = (locked[0], locked[4]);
    let mut person = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM wallets WHERE wallet_id = ANY ($1) ORDER BY wallet_id FOR UPDATE")
        .bind(locked.iter().map(|id| id.number).collect::<Vec<_>>())
        .execute(&mut *person)
        .await
        .expect("locked");
    // From here on it is known that they are locked.
    let first = join_all(locked.iter().map(|id| charge(&wallet, *id, "first", 1))).await;
    first.into_iter().for_each(|answer| assert_eq!(refusal(answer), Refusal::Unavailable));
    let mut waiting = Vec::new();
    for (id, callers) in [(hot, 40), (locked[1], 1), (locked[2], 1), (locked[3], 1)] {
        for caller in 0..callers {
            let wallet = wallet.clone();
            waiting.push(tokio::spawn(async move { charge(&wallet, id, format!("w{caller}"), 1).await }));
        }
    }
    for name in ["f1", "f2"] {
        charge(&wallet, *free, name, 1).await.expect("charged");
    }
    assert_eq!(refusal(charge(&wallet, fifth, "w0", 1).await), Refusal::Unavailable, "four are waited for");
    assert!(waiting.iter().all(|task| !task.is_finished()), "and those do wait");
    person.rollback().await.expect("let go");
    for answer in join_all(waiting).await {
        answer.expect("no panic").expect("charged");
    }
    assert_eq!(available(&wallet, hot).await, credits(60));
    sound(&wallet).await;
    wallet.shutdown().await;
}
