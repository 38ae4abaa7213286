//! Loading price books, quoting and charging by them.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::{Loaded, Preset};
use wallet::clock::Clock;
use wallet::error::{Problem, Refusal};
use wallet::identity::Actor;
use wallet::tariff::{ChargeRequest, HoldRequest, Tariff};

use crate::support::*;

/// Loads a preset twice, and reads it back as it was.
async fn comes_back(pool: &PgPool, name: &str, other: &str) {
    let wallet = open(pool);
    assert!(matches!(refusal(wallet.tariffs().active().await), Refusal::NotFound { .. }));
    assert_eq!(load(&wallet, name).await, Loaded::New);
    let view = wallet.catalog().view().await.expect("a catalog");
    let preset = Preset::by_name(name).expect("built in");
    assert_eq!(*view, preset.view);
    assert_eq!(wallet.tariffs().active().await.expect("a book").tariffs, preset.tariffs);
    assert_eq!(wallet.catalog().export().await.expect("a file"), preset.source);
    assert_eq!(load(&wallet, name).await, Loaded::Unchanged);
    assert_eq!(wallet.tariffs().versions().await.expect("a list").len(), 1);
    let other = Preset::by_name(other).expect("built in");
    assert_eq!(field(wallet.catalog().load_preset(&other).await), ("preset".to_owned(), Problem::NotAllowed));
    // After a change the file is written anew, and reads back as what is sold.
    let book = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let renamed = Tariff { name: "Renamed".to_owned(), ..preset.tariffs[0].clone() };
    let book = wallet.tariffs().set_tariff(&staff(), book.version, book.revision, renamed).await.expect("changed");
    wallet.tariffs().publish(&staff(), book.version, book.revision, None).await.expect("published");
    let written = wallet.catalog().export().await.expect("a file");
    let (again, warnings) = Preset::parse(&written).expect("a preset");
    assert_eq!((again.name.as_str(), &again.view, warnings.as_slice()), (name, &preset.view, [].as_slice()));
    assert_eq!(again.tariffs, wallet.tariffs().active().await.expect("a book").tariffs);
}

#[sqlx::test(migrations = "../migrations")]
async fn neuralinka_loads_once_and_comes_back_as_its_file(pool: PgPool) {
    comes_back(&pool, "neuralinka", "neuralbox").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn neuralbox_loads_once_and_comes_back_as_its_file(pool: PgPool) {
    comes_back(&pool, "neuralbox", "neuraldraft").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn aixplain_loads_once_and_comes_back_as_its_file(pool: PgPool) {
    comes_back(&pool, "aixplain", "neuralbox").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn neuraldraft_loads_once_and_comes_back_as_its_file(pool: PgPool) {
    comes_back(&pool, "neuraldraft", "neuralbox").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn monthly_credits_loads_once_and_comes_back_as_its_file(pool: PgPool) {
    comes_back(&pool, "monthly-credits", "neuralbox").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_costs_what_the_book_says_and_says_why(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let call = line("dall-e-3", json!({ "size": "1792x1024", "quality": "hd" }));
    let done = charge(&wallet, request(id, 0, call.clone()), "a").await.expect("charged");
    assert_eq!(done.balance.available, credits(87));
    let detail = wallet.ledger().entry(id, done.seq()).await.expect("the row");
    let receipt = detail.receipt.expect("a receipt");
    assert_eq!((receipt.price_book_version, receipt.pricing_type.as_str(), receipt.total), (1, "matrix", credits(13)));
    assert_eq!(receipt.lines[0].label, "1792x1024, hd");
    let again = charge(&wallet, request(id, 0, call), "a").await.expect("the first answer");
    assert!(again.replayed && again.seq() == done.seq());
    let wrong = line("dall-e-3", json!({ "size": "huge" }));
    assert_eq!(field(charge(&wallet, request(id, 0, wrong), "b").await), ("params.size".into(), Problem::NotAllowed));
    let unknown = charge(&wallet, request(id, 0, line("dall-e-9", json!({}))), "c").await;
    assert_eq!(field(unknown), ("operation".into(), Problem::Unknown));
    let dear = charge(&wallet, request(id, 0, line("mj-video-720p", json!({}))), "d").await;
    assert!(matches!(refusal(dear), Refusal::OutOfCredits { .. }));
}

#[sqlx::test(migrations = "../migrations")]
async fn an_option_above_the_plan_names_the_plan(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuraldraft").await;
    grant(&wallet, id, "more", 1_000).await;
    let premium = || line("video_clip", json!({ "tier": "premium" }));
    let refused = refusal(charge(&wallet, request(id, 1, premium()), "a").await);
    assert_eq!(refused, Refusal::PlanRequired { plan: "build".to_owned() });
    charge(&wallet, request(id, 2, premium()), "b").await.expect("Build may");
    charge(&wallet, request(id, 0, line("video_clip", json!({}))), "c").await.expect("everybody may have budget");
    let hold = HoldRequest {
        wallet: id,
        plan_rank: 0,
        lines: vec![(line("social_post", json!({ "media_type": "image" })), None), (line("image", json!({})), None)],
        expires_in: None,
        metadata: Value::Null,
    };
    let held = wallet.tariffs().hold(hold, Actor::system("test"), key("h")).await.expect("held");
    assert_eq!(held.balance.held, credits(69));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_locked_quote_is_honoured_to_the_credit(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let call = line("gpt-5.2-pro", json!({}));
    let locked = wallet.tariffs().lock_quote(id, &call).await.expect("locked");
    assert_eq!(locked.quote.credits, credits(39));
    let book = draft(&wallet, "gpt-5.2-pro", 32).await;
    wallet.tariffs().publish(&staff(), book.version, book.revision, None).await.expect("published");
    let with = |quote, line| ChargeRequest { quote: Some(quote), ..request(id, 0, line) };
    let done = charge(&wallet, with(locked.id, call.clone()), "a").await.expect("charged");
    assert_eq!(done.balance.available, credits(61), "at the locked price");
    let other = charge(&wallet, with(locked.id, line("gpt-5", json!({}))), "b").await;
    assert_eq!(field(other), ("quote_id".into(), Problem::NotAllowed));
    let foreign = ChargeRequest { wallet: new_wallet(&wallet).await, ..with(locked.id, call.clone()) };
    assert_eq!(field(charge(&wallet, foreign, "c").await), ("quote_id".into(), Problem::Unknown));
    wallet.clock().advance(TimeDelta::minutes(10));
    let late = charge(&wallet, with(locked.id, call.clone()), "d").await;
    assert_eq!(field(late), ("quote_id".into(), Problem::Expired));
    let repeat = charge(&wallet, with(locked.id, call), "a").await.expect("the first answer");
    assert!(repeat.replayed, "a repeat answers as the first did, though the quote is over");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_repeat_that_can_t_be_priced_any_more_waits_for_the_first(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let call = line("gpt-5.2-pro", json!({}));
    let quote = wallet.tariffs().lock_quote(id, &call).await.expect("locked").id;
    let asked = move |wallet: Wallet, call| async move {
        charge(&wallet, ChargeRequest { quote: Some(quote), ..request(id, 0, call) }, "a").await
    };
    let mut person = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM wallets WHERE shard = $1 AND wallet_id = $2 FOR UPDATE")
        .bind(id.shard.as_i16())
        .bind(id.number)
        .execute(&mut *person)
        .await
        .expect("locked");
    // Priced while the quote held, and waiting for the wallet.
    let first = tokio::spawn(asked(wallet.clone(), call.clone()));
    let waits = "SELECT EXISTS (
                     SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                 )";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&pool).await.expect("asked") {
        tokio::task::yield_now().await;
    }
    wallet.clock().advance(TimeDelta::minutes(10));
    let repeat = tokio::spawn(asked(wallet.clone(), call));
    tokio::task::yield_now().await;
    person.rollback().await.expect("let go");
    let first = first.await.expect("no panic").expect("charged");
    let repeat = repeat.await.expect("no panic").expect("the first answer");
    assert!(repeat.replayed && !first.replayed);
    assert_eq!(repeat.entry(), first.entry());
}

#[sqlx::test(migrations = "../migrations")]
async fn other_nodes_follow_within_a_second(pool: PgPool) {
    let (here, _) = shop(&pool, "neuralbox").await;
    let there = Wallet::new(pool.clone(), wallet::Options::for_tests(Clock::fixed(start())));
    assert_eq!(price(&there, "gpt-5.2-pro").await, credits(39));
    let book = draft(&here, "gpt-5.2-pro", 32).await;
    here.tariffs().publish(&staff(), book.version, book.revision, None).await.expect("published");
    let follows = async {
        while price(&there, "gpt-5.2-pro").await != credits(32) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), follows).await.expect("within a second");
}
