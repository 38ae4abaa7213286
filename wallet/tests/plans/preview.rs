//! Preview wallets: filled from production by hand, by an order of their own, and by a part of a plan's months.

use chrono::TimeDelta;
use futures::future::join_all;
use sqlx::PgPool;
use wallet::catalog::Preset;
use wallet::clock::Clock;
use wallet::error::Refusal;
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey, Role, Viewer};
use wallet::ledger::{Command, EntryFilter, EntryKind, GrantSource, NewGrant, Receipt, Scope, Submission};
use wallet::money::Credits;
use wallet::{Options, Wallet};

use crate::people_support::*;
use crate::support::*;

fn node(pool: &PgPool) -> Wallet {
    Wallet::new(pool.clone(), Options::for_tests(Clock::fixed(start())))
}

/// A catalog whose free plan brings 250 a month, of which a part goes to the preview wallet.
async fn sharing(pool: &PgPool, percent: u8) -> Wallet {
    let wallet = node(pool);
    let source = Preset::source_of("neuraldraft").expect("a preset");
    let source =
        source.replacen("content_only = true", &format!("content_only = true\nallowance_percent = {percent}"), 1);
    let (preset, _) = Preset::parse(&source).expect("a preset");
    wallet.catalog().load_preset(&preset).await.expect("loaded");
    wallet
}

async fn has(wallet: &Wallet, id: WalletId) -> String {
    wallet.ledger().balance(id).await.expect("a balance").available.to_string()
}

async fn both(wallet: &Wallet, viewer: &Viewer) -> (String, String) {
    (has(wallet, viewer.wallet).await, has(wallet, viewer.preview_wallet).await)
}

fn pair(production: &str, preview: &str) -> (String, String) {
    (production.to_owned(), preview.to_owned())
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).expect("a key")
}

fn amount(text: &str) -> Credits {
    text.parse().expect("an amount")
}

#[sqlx::test(migrations = "../migrations")]
async fn credits_move_there_and_back_once(pool: PgPool) {
    let wallet = sharing(&pool, 0).await;
    let anna = member(&wallet, ANNA).await;
    wallet.renew_plans().await.expect("renewed");
    assert_eq!(both(&wallet, &anna).await, pair("250", "0"));
    let moved = |to, text: &'static str, name: &'static str| {
        let (wallet, anna) = (wallet.clone(), anna.clone());
        async move { wallet.move_credits(&anna, to, amount(text), &key(name)).await }
    };
    for answer in join_all((0..8).map(|_| moved(Environment::Preview, "100", "one"))).await {
        answer.expect("moved");
    }
    assert_eq!(both(&wallet, &anna).await, pair("150", "100"));
    // They keep their end.
    let [production, preview] = wallet.balances([anna.wallet, anna.preview_wallet]).await.expect("both");
    assert_eq!(production.grants[0].expires_at, preview.grants[0].expires_at);
    wallet.move_credits(&anna, Environment::Production, amount("40"), &key("two")).await.expect("moved");
    assert_eq!(both(&wallet, &anna).await, pair("190", "60"));
    for (to, text) in [
        (Environment::Preview, "190.01"),
        (Environment::Production, "60.01"),
        (Environment::Preview, "0"),
        (Environment::Preview, "-1"),
    ] {
        let refused = refusal(wallet.move_credits(&anna, to, amount(text), &key(text)).await);
        assert!(matches!(refused, Refusal::OutOfCredits { .. } | Refusal::Unprocessable { .. }), "{text}: {refused}");
    }
    let developer = Viewer { role: Role::Developer, ..anna.clone() };
    let refused = refusal(wallet.move_credits(&developer, Environment::Preview, amount("1"), &key("no")).await);
    assert!(matches!(refused, Refusal::Forbidden { .. }), "{refused}");
    assert_eq!(both(&wallet, &anna).await, pair("190", "60"));
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_part_of_each_month_goes_on_once(pool: PgPool) {
    let (wallet, other) = (sharing(&pool, 20).await, node(&pool));
    let anna = member(&wallet, ANNA).await;
    let runs = (0..8).map(|number| if number % 2 == 0 { wallet.renew_plans() } else { other.renew_plans() });
    for run in join_all(runs).await {
        run.expect("renewed");
    }
    assert_eq!(both(&wallet, &anna).await, pair("200", "50"));
    // The next month, of which all but thirty is spent before the share is moved.
    wallet.clock().advance(TimeDelta::days(32));
    other.clock().advance(TimeDelta::days(32));
    wallet.balance(anna.wallet).await.expect("caught up");
    assert_eq!(both(&wallet, &anna).await, pair("250", "0"));
    wallet.move_credits(&anna, Environment::Preview, amount("220"), &key("most")).await.expect("moved");
    assert_eq!(wallet.renew_plans().await.expect("renewed").shared, 1);
    assert_eq!(both(&wallet, &anna).await, pair("0", "250"));
    assert_eq!(wallet.renew_plans().await.expect("renewed").shared, 0);
    let filter = EntryFilter { kinds: vec![EntryKind::TransferIn], ..EntryFilter::default() };
    let rows = wallet.ledger().entries(anna.preview_wallet, &filter, Default::default()).await.expect("a page").entries;
    let amounts: Vec<String> = rows.iter().map(|row| row.amount.to_string()).collect();
    assert_eq!(amounts, ["30", "220", "50"]);
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    // The canary of it.
    let plant = "UPDATE preview_shares SET moved = moved - 1 WHERE month = 0";
    sqlx::query(plant).execute(&pool).await.expect("planted");
    let found = wallet.verify(Scope::Wallet(anna.wallet)).await.expect("verified");
    assert!(found.iter().any(|breach| breach.invariant == "preview_share_is_moved_once"), "{found:?}");
    wallet.shutdown().await;
    other.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_bought_is_no_part_of_a_share(pool: PgPool) {
    let wallet = sharing(&pool, 20).await;
    let anna = member(&wallet, ANNA).await;
    let bought = Command::Grant(NewGrant::new(credits(1_000), GrantSource::TopUp, "Bought"));
    let submit = async |id, name, command| {
        let submission = Submission::new(id, key(name), Actor::system("test"), command);
        wallet.ledger().submit(submission).await.expect("done")
    };
    submit(anna.wallet, "bought", bought).await;
    submit(anna.wallet, "spent", Command::Charge { receipt: Receipt::flat("x", "X", credits(250)) }).await;
    assert_eq!(wallet.renew_plans().await.expect("renewed").shared, 0);
    assert_eq!(both(&wallet, &anna).await, pair("1000", "0"));
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_one_wallet_owes_the_other_pays(pool: PgPool) {
    let wallet = sharing(&pool, 0).await;
    let anna = member(&wallet, ANNA).await;
    let claw_back = async |id, name, whole| {
        let command = Command::Clawback { grant: None, amount: credits(whole), reason: "disputed".into() };
        wallet.ledger().submit(Submission::new(id, key(name), Actor::system("test"), command)).await.expect("taken");
    };
    wallet.move_credits(&anna, Environment::Preview, amount("200"), &key("away")).await.expect("moved");
    claw_back(anna.wallet, "lost", 150).await;
    assert_eq!(both(&wallet, &anna).await, pair("-100", "200"));
    for _ in 0..2 {
        wallet.tell_of_balances().await.expect("looked");
        assert_eq!(both(&wallet, &anna).await, pair("0", "100"));
    }
    // The other way round: the debt is found when production moves.
    wallet.move_credits(&anna, Environment::Production, amount("80"), &key("home")).await.expect("moved");
    claw_back(anna.preview_wallet, "again", 50).await;
    assert_eq!(both(&wallet, &anna).await, pair("80", "-30"));
    wallet.tell_of_balances().await.expect("looked");
    assert_eq!(both(&wallet, &anna).await, pair("50", "0"));
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_that_is_no_whole_number_of_steps_is_paid_as_well(pool: PgPool) {
    let wallet = sharing(&pool, 0).await;
    let anna = member(&wallet, ANNA).await;
    wallet.move_credits(&anna, Environment::Preview, amount("200"), &key("away")).await.expect("moved");
    let command = Command::Clawback { grant: None, amount: amount("150.000001"), reason: "disputed".into() };
    let taken = Submission::new(anna.wallet, key("lost"), Actor::system("test"), command);
    wallet.ledger().submit(taken).await.expect("taken");
    assert_eq!(both(&wallet, &anna).await, pair("-100.000001", "200"));
    wallet.tell_of_balances().await.expect("looked");
    assert_eq!(both(&wallet, &anna).await, pair("0.009999", "99.99"));
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_frozen_wallet_keeps_its_share_until_the_month_ends(pool: PgPool) {
    let wallet = sharing(&pool, 20).await;
    let anna = member(&wallet, ANNA).await;
    wallet.ledger().freeze(anna.wallet, &Actor::system("test"), "test").await.expect("frozen");
    assert_eq!(wallet.renew_plans().await.expect("renewed").shared, 0);
    assert_eq!(both(&wallet, &anna).await, pair("250", "0"));
    wallet.ledger().unfreeze(anna.wallet, &Actor::system("test"), "test").await.expect("thawed");
    assert_eq!(wallet.renew_plans().await.expect("renewed").shared, 0, "it is looked at again in an hour");
    wallet.clock().advance(TimeDelta::hours(1));
    assert_eq!(wallet.renew_plans().await.expect("renewed").shared, 1);
    assert_eq!(both(&wallet, &anna).await, pair("200", "50"));
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn preview_keys_only_make_content_where_the_catalog_says_so(pool: PgPool) {
    let wallet = sharing(&pool, 0).await;
    let anna = member(&wallet, ANNA).await;
    let new = |environment, scopes: &[&str]| NewKey {
        name: "ci".into(),
        environment,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ceiling: None,
    };
    for scopes in [&["webhooks:write"][..], &["charges:write", "budgets:write"], &["top_ups:write"]] {
        let refused = refusal(wallet.identity().create_key(&anna, &new(Environment::Preview, scopes)).await);
        let Refusal::Invalid { fields } = refused else { panic!("{refused}") };
        assert_eq!(fields[0].field, "scopes");
        wallet.identity().create_key(&anna, &new(Environment::Production, scopes)).await.expect("made");
    }
    wallet.identity().create_key(&anna, &new(Environment::Preview, &["content:*"])).await.expect("made");
    wallet.shutdown().await;
}
