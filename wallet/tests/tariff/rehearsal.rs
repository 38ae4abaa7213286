//! Rehearsals: what they find, and that they end whatever happens to whoever does them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::identity::Actor;
use wallet::tariff::{HoldRequest, LineRequest};

use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn a_rehearsal_rates_real_charges_again(pool: PgPool) {
    let (wallet, saver) = shop(&pool, "neuralbox").await;
    let payer = new_wallet(&wallet).await;
    grant(&wallet, payer, "start", 1_000).await;
    let plain = || line("dall-e-3", json!({}));
    for name in ["a", "b"] {
        charge(&wallet, request(saver, 0, line("gpt-5.2-pro", json!({}))), name).await.expect("charged");
    }
    for name in ["a", "b", "c"] {
        charge(&wallet, request(payer, 0, plain()), name).await.expect("charged");
    }
    charge(&wallet, request(payer, 0, line("musicgen", json!({}))), "d").await.expect("charged");
    let back = charge(&wallet, request(payer, 0, plain()), "e").await.expect("charged");
    let reason = "failed".to_owned();
    let undo = wallet::ledger::Command::CreditBack { charge: back.seq(), reason };
    submit(&wallet, payer, "undo", undo).await.expect("paid back");
    // A hold of two lines, captured whole.
    let hold = HoldRequest {
        wallet: payer,
        plan_rank: 0,
        lines: vec![(plain(), None), (line("gpt-5", json!({})), None)],
        expires_in: None,
        metadata: Value::Null,
    };
    let held = wallet.tariffs().hold(hold, Actor::system("test"), key("h")).await.expect("held");
    submit(&wallet, payer, "take", capture_all(held.seq())).await.expect("taken");
    wallet.clock().advance(TimeDelta::seconds(1));

    let book = draft(&wallet, "gpt-5.2-pro", 30).await;
    let book = wallet.tariffs().set_rule(&staff(), 2, book.revision, "dall-e-3", flat(6)).await.expect("changed");
    let book = wallet.tariffs().remove(&staff(), 2, book.revision, "musicgen").await.expect("removed");
    let mut steps = Vec::new();
    let found = wallet.tariffs().rehearse(&staff(), 2, |progress| steps.push(progress)).await.expect("rehearsed");
    assert_eq!((found.version, found.revision, found.charges), (2, book.revision, 7));
    // 2 × 39 + 4 × 5 + 2 before; 2 × 30 + 4 × 6 + 2 after; the one that was paid back and musicgen are not in it.
    assert_eq!((found.before, found.after), (credits(100), credits(86)));
    assert_eq!((found.less, found.same, found.more, found.accounts), (1, 0, 1, 2));
    assert_eq!((found.winners[0].before, found.winners[0].after), (credits(78), credits(60)));
    assert_eq!((found.losers[0].before, found.losers[0].after), (credits(22), credits(26)));
    assert_eq!(found.histogram, [1, 0, 0, 0, 0, 0, 0, 1, 0], "−23 % and +18 %");
    assert_eq!((found.failing[0].operation.as_str(), found.failing[0].charges), ("musicgen", 1));
    assert!(steps.last().is_some_and(|last| last.done > 0 && last.done <= last.total), "{steps:?}");
    assert_eq!(wallet.tariffs().rehearsal(2).await.expect("kept"), Some(found));
    wallet.clock().advance(TimeDelta::days(31));
    let later = wallet.tariffs().rehearse(&staff(), 2, |_| {}).await.expect("rehearsed");
    assert_eq!(later.charges, 0, "older than 30 days");
}
