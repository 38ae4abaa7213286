//! Rehearsals: what they find, and that they end whatever happens to whoever does them.

use std::ops::ControlFlow;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, PgPool};
use wallet::clock::Clock;
use wallet::error::{Problem, Refusal};
use wallet::identity::Actor;
use wallet::tariff::{ChargeRequest, HoldRequest, RunState, SimulationRun};
use wallet::{Options, Wallet};

use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn a_simulation_rates_real_charges_again(pool: PgPool) {
    let (wallet, saver) = shop(&pool, "neuralbox").await;
    let payer = new_wallet(&wallet).await;
    grant(&wallet, payer, "start", 1_000).await;
    let plain = || line("dall-e-3", json!({}));
    for name in ["a", "b"] {
        charge(&wallet, request(saver, 0, line("gpt-5.2-pro", json!({}))), name).await.expect("charged");
    }
    charge(&wallet, request(payer, 0, plain()), "a").await.expect("charged");
    for name in ["b", "c"] {
        let quote = Some(wallet.tariffs().lock_quote(payer, &plain()).await.expect("locked").id);
        charge(&wallet, ChargeRequest { quote, ..request(payer, 0, plain()) }, name).await.expect("charged");
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
    let found = simulate(&wallet, 2).await;
    assert_eq!((found.version, found.revision, found.charges), (2, book.revision, 8));
    // 2 × 39 + 4 × 5 + 2 before; 2 × 30 + 4 × 6 + 2 after; the one that was paid back is not in it. Musicgen brings
    // nothing any more, and is on nobody's bill.
    let lost = found.failing[0].before;
    assert!(lost.is_positive());
    assert_eq!((found.before.checked_sub(lost), found.after), (Some(credits(100)), credits(86)));
    assert_eq!((found.less, found.same, found.more, found.accounts), (1, 0, 1, 2));
    assert_eq!((found.winners[0].before, found.winners[0].after), (credits(78), credits(60)));
    assert_eq!((found.losers[0].before, found.losers[0].after), (credits(22), credits(26)));
    let all = wallet.tariffs().simulated_accounts(2).await.expect("the whole list");
    let figures: Vec<_> = all.iter().map(|one| (one.charges, one.before, one.after)).collect();
    assert_eq!(figures, [(5, credits(22), credits(26)), (2, credits(78), credits(60))], "most more first");
    assert_eq!(found.histogram, [1, 0, 0, 0, 0, 0, 0, 1, 0], "−23 % and +18 %");
    let failing = &found.failing[0];
    assert_eq!((failing.operation.as_str(), failing.charges, failing.accounts), ("musicgen", 1, 1));
    let gone = found.operations.iter().find(|row| row.operation == "musicgen").expect("an earner that goes away");
    assert_eq!((gone.before, gone.after, gone.refused), (lost, credits(0), 1));
    wallet.clock().advance(TimeDelta::days(31));
    assert_eq!(simulate(&wallet, 2).await.charges, 0, "older than 30 days");
    assert_eq!(wallet.tariffs().simulated_accounts(2).await.expect("the list"), [], "the last rehearsal's");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_that_is_asked_for_shows_whose_calls_would_be_refused(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuraldraft").await;
    let call = line("image", json!({}));
    charge(&wallet, request(id, 0, call), "a").await.expect("charged");
    wallet.clock().advance(TimeDelta::seconds(1));
    let book = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let known = book.tariff("image").expect("there").clone();
    let gated = wallet::tariff::Tariff { minimum_plan: Some("build".into()), ..known };
    wallet.tariffs().set_tariff(&staff(), 2, book.revision, gated).await.expect("changed");
    let found = simulate(&wallet, 2).await;
    assert_eq!((found.charges, found.after, found.accounts), (1, credits(0), 1));
    assert!(found.before.is_positive(), "what it brought is lost");
    let failing = &found.failing[0];
    assert_eq!((failing.operation.as_str(), failing.charges, failing.accounts), ("image", 1, 1));
    assert!(failing.reason.contains("build"), "{}", failing.reason);
}

async fn state(wallet: &Wallet, version: i32) -> SimulationRun {
    wallet.tariffs().simulation_run(version).await.expect("read").expect("asked for")
}

/// Runs what was asked for on a node that dies at the first step.
async fn die(wallet: &Wallet) {
    let tariffs = wallet.tariffs().clone();
    let node = tokio::spawn(async move { tariffs.run_simulations(|_| panic!("killed")).await });
    assert!(node.await.is_err_and(|error| error.is_panic()));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_simulation_is_one_however_often_and_wherever_it_is_asked_for(pool: PgPool) {
    let (here, _) = shop(&pool, "neuralbox").await;
    let there = Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())));
    let book = draft(&here, "gpt-5", 3).await;
    assert!(here.tariffs().simulation_run(2).await.expect("read").is_none());
    for wallet in [&here, &here, &there] {
        wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    }
    let asked = state(&there, 2).await;
    assert_eq!((asked.state, asked.revision, asked.started_by.as_str()), (RunState::Running, 2, "Lev Orlov"));
    let (one, other) = tokio::join!(run(&here), run(&there));
    assert_eq!(one + other, 1);
    let over = state(&here, 2).await;
    assert_eq!((over.state, over.finished_at), (RunState::Finished, Some(start())));
    assert_eq!(over.progress.done, over.progress.total);
    assert_eq!(run(&here).await, 0, "nothing is left to do");
    for version in [1, 99] {
        let refused = refusal(here.tariffs().ask_simulation(&staff(), version).await);
        assert!(matches!(refused, Refusal::VersionConflict | Refusal::NotFound { .. }), "{version}: {refused:?}");
    }
    let day = here.tariffs().first_rise().await.expect("a day");
    here.tariffs().publish(&staff(), 2, book.revision, Some(day)).await.expect("announced");
    assert!(here.tariffs().simulation_run(2).await.expect("read").is_none(), "a published version is not rehearsed");
    assert!(here.tariffs().simulation(2).await.expect("read").is_some(), "what was found stays");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_stops_or_dies_leaves_its_simulation_to_another(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    draft(&wallet, "gpt-5", 3).await;
    wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    for _ in 0..5 {
        let stopped = wallet.tariffs().run_simulations(|_| ControlFlow::Break(())).await.expect("given back");
        assert_eq!((stopped, state(&wallet, 2).await.state), (0, RunState::Running));
    }
    die(&wallet).await;
    assert_eq!(run(&wallet).await, 0, "it may only be slow");
    wallet.clock().advance(TimeDelta::seconds(61));
    assert_eq!(run(&wallet).await, 1, "by now it is dead");
    assert_eq!(state(&wallet, 2).await.state, RunState::Finished);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_simulation_that_ends_its_nodes_is_given_up_and_can_be_asked_for_again(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    draft(&wallet, "gpt-5", 3).await;
    wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    for _ in 0..3 {
        die(&wallet).await;
        wallet.clock().advance(TimeDelta::seconds(61));
    }
    assert_eq!((run(&wallet).await, state(&wallet, 2).await.state), (0, RunState::GivenUp));
    simulate(&wallet, 2).await;
    assert_eq!(state(&wallet, 2).await.state, RunState::Finished);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_error_inside_ends_it_with_a_word_and_it_can_be_asked_for_again(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    draft(&wallet, "gpt-5", 3).await;
    wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    sqlx::raw_sql("ALTER TABLE entries RENAME TO entries_elsewhere").execute(&pool).await.expect("renamed");
    assert_eq!((run(&wallet).await, state(&wallet, 2).await.state), (1, RunState::Failed));
    assert!(wallet.tariffs().simulation(2).await.expect("read").is_none());
    sqlx::raw_sql("ALTER TABLE entries_elsewhere RENAME TO entries").execute(&pool).await.expect("renamed");
    simulate(&wallet, 2).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_edit_makes_a_simulation_stale_and_a_new_one_takes_its_place(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = draft(&wallet, "gpt-5", 3).await;
    wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    die(&wallet).await;
    let book = wallet.tariffs().set_rule(&staff(), 2, book.revision, "gpt-5", flat(4)).await.expect("changed");
    // Nobody waits until the old one is known to be dead.
    assert_eq!(simulate(&wallet, 2).await.revision, book.revision);
    let book = wallet.tariffs().set_rule(&staff(), 2, book.revision, "gpt-5", flat(5)).await.expect("changed");
    let day = wallet.tariffs().first_rise().await.expect("a day");
    let stale = wallet.tariffs().publish(&staff(), 2, book.revision, Some(day)).await;
    assert_eq!(field(stale), ("rehearsal".into(), Problem::Required));
    wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    wallet.tariffs().discard(&staff(), 2, book.revision).await.expect("thrown away");
    assert_eq!(run(&wallet).await, 0, "there is nothing to simulate");
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_was_taken_for_dead_changes_nothing_any_more(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    draft(&wallet, "gpt-5", 3).await;
    wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    let options = pool.connect_options();
    let late = wallet.tariffs().run_simulations(|_| {
        // Another node takes it up, between two steps of this one.
        let options = options.clone();
        let taken = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut other = PgConnection::connect_with(&options).await.expect("connected");
                sqlx::query("UPDATE rehearsals SET ticket = ticket + 1").execute(&mut other).await.expect("taken");
            });
        });
        taken.join().expect("taken");
        ControlFlow::Continue(())
    });
    assert_eq!(late.await.expect("run"), 0);
    assert_eq!(state(&wallet, 2).await.state, RunState::Running);
    assert!(wallet.tariffs().simulation(2).await.expect("read").is_none());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_large_ledger_is_read_in_parts_and_every_charge_once(pool: PgPool) {
    const COPIES: i64 = 30_000;
    let (wallet, payer) = shop(&pool, "neuralbox").await;
    let call = line("dall-e-3", json!({ "size": "1792x1024", "quality": "hd" }));
    charge(&wallet, request(payer, 0, call), "a").await.expect("charged");
    sqlx::query(
        "INSERT INTO entries
         SELECT (jsonb_populate_record(e, jsonb_build_object('seq', e.seq + n, 'idem_key', 'copy' || n))).*
         FROM entries AS e, generate_series(1, $1) AS n
         WHERE e.kind = 2",
    )
    .bind(COPIES)
    .execute(&pool)
    .await
    .expect("copied");
    wallet.clock().advance(TimeDelta::seconds(1));
    draft(&wallet, "gpt-5", 3).await;
    wallet.tariffs().ask_simulation(&staff(), 2).await.expect("asked");
    let mut steps = Vec::new();
    let ended = wallet.tariffs().run_simulations(|progress| {
        steps.push(progress);
        ControlFlow::Continue(())
    });
    assert_eq!(ended.await.expect("run"), 1);
    let found = wallet.tariffs().simulation(2).await.expect("read").expect("kept");
    assert_eq!((found.charges, found.before), (COPIES + 1, credits(13 * (COPIES + 1))));
    assert!(steps.len() >= 3, "{steps:?}");
    assert!(steps.is_sorted_by(|one, next| one.done < next.done && one.charges <= next.charges), "{steps:?}");
    let (first, last) = (steps[0], steps[steps.len() - 1]);
    assert_eq!((first.done, first.charges), (0, 0));
    assert_eq!((last.done, last.charges), (last.total, COPIES + 1));
}
