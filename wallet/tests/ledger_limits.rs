//! Grants that pay for some operations only.
#![cfg(feature = "postgres")]

mod ledger_support;

use std::collections::BTreeMap;

use ledger_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::Preset;
use wallet::error::{Problem, Refusal};
use wallet::id::{AccountId, WalletId};
use wallet::ledger::{
    CaptureAmount, Command, Environment, FeeKind, GrantLimit, GrantSource, NewGrant, Purpose, Receipt,
};
use wallet::money::Credits;

fn limit(operations: &[&str], categories: &[&str]) -> Option<GrantLimit> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    GrantLimit::new(owned(operations), owned(categories)).expect("a limit")
}

/// A gift for images, which would burn after everything else by its priority.
fn images(whole: i64) -> Command {
    let gift = NewGrant::new(credits(whole), GrantSource::Promo, "Images");
    Command::Grant(NewGrant { priority: 99, limit: limit(&[], &["image"]), ..gift })
}

fn priced(operation: &str, category: &str, whole: i64) -> Receipt {
    Receipt { category: category.to_owned(), ..Receipt::flat(operation, operation, credits(whole)) }
}

fn draw(whole: i64) -> Command {
    Command::Charge { receipt: priced("dall-e-3", "image", whole) }
}

fn chat(whole: i64) -> Command {
    Command::Charge { receipt: priced("gpt-5", "text", whole) }
}

/// What each grant has left, by its label.
async fn left(wallet: &Wallet, id: WalletId) -> BTreeMap<String, String> {
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    balance.grants.into_iter().map(|grant| (grant.label, grant.remaining.to_string())).collect()
}

async fn has(wallet: &Wallet, id: WalletId, wanted: &[(&str, &str)]) {
    let wanted = wanted.iter().map(|(label, left)| ((*label).to_owned(), (*left).to_owned())).collect();
    assert_eq!(left(wallet, id).await, wanted);
}

/// A wallet with 100 credits for anything and 20 for images.
async fn both(wallet: &Wallet) -> WalletId {
    let id = new_wallet(wallet).await;
    grant(wallet, id, "paid", 100).await;
    submit(wallet, id, "gift", images(20)).await.expect("granted");
    id
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_limited_goes_first_and_pays_for_nothing_else(pool: PgPool) {
    let wallet = open(&pool);
    let id = both(&wallet).await;
    submit(&wallet, id, "text", chat(30)).await.expect("charged");
    has(&wallet, id, &[("Light", "70"), ("Images", "20")]).await;
    submit(&wallet, id, "image", draw(25)).await.expect("charged");
    has(&wallet, id, &[("Light", "65")]).await;
    submit(&wallet, id, "more", images(40)).await.expect("granted");
    // All of it could pay for images, and 65 of it for text.
    let balance = wallet.ledger().balance(id).await.expect("a balance");
    let for_text = balance.available_for(Purpose::Operation { code: "gpt-5", category: "text" }).expect("fits");
    assert_eq!((balance.available, for_text), (credits(105), credits(65)));
    let short = refusal(submit(&wallet, id, "dear", chat(66)).await);
    let told = "not enough credits: 66 needed, 65 available (40 more are limited to other operations)";
    assert_eq!(short.to_string(), told);
    submit(&wallet, id, "all", draw(105)).await.expect("charged");
    assert_eq!(available(&wallet, id).await, Credits::ZERO);
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_most_limited_goes_first(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "paid", 10).await;
    let limits = [
        ("Images and video", limit(&[], &["image", "video"])),
        ("Images", limit(&[], &["image"])),
        ("DALL-E", limit(&["dall-e-3"], &[])),
    ];
    for (place, (label, limit)) in limits.into_iter().enumerate() {
        let gift = NewGrant { limit, ..NewGrant::new(credits(10), GrantSource::Promo, label) };
        submit(&wallet, id, format!("g{place}"), Command::Grant(gift)).await.expect("granted");
    }
    let order = ["DALL-E", "Images", "Images and video", "Light"];
    for (place, label) in order.into_iter().enumerate() {
        let first = wallet.ledger().balance(id).await.expect("a balance").grants.remove(0);
        assert_eq!((first.label.as_str(), first.remaining), (label, credits(10)));
        submit(&wallet, id, format!("c{place}"), draw(10)).await.expect("charged");
    }
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_takes_from_each_grant_what_it_may_pay(pool: PgPool) {
    let wallet = open(&pool);
    let id = both(&wallet).await;
    let job = || Command::Hold {
        lines: vec![priced("blog_post", "text", 5), priced("dall-e-3", "image", 32)],
        expires_in: Some(3600),
    };
    let held = submit(&wallet, id, "h1", job()).await.expect("held").seq();
    has(&wallet, id, &[("Light", "83"), ("Images", "0")]).await;
    // The text alone was written: what was set aside of the gift goes back.
    let lines = CaptureAmount::Lines(vec![credits(5), Credits::ZERO]);
    let taken =
        submit(&wallet, id, "x1", Command::Capture { hold: held, amount: lines }).await.expect("captured").seq();
    has(&wallet, id, &[("Light", "95"), ("Images", "20")]).await;
    submit(&wallet, id, "b1", Command::CreditBack { charge: taken, reason: "failed".into() }).await.expect("paid back");
    has(&wallet, id, &[("Light", "100"), ("Images", "20")]).await;
    // Twelve of the picture: all of the gift's.
    let held = submit(&wallet, id, "h2", job()).await.expect("held").seq();
    let lines = CaptureAmount::Lines(vec![Credits::ZERO, credits(12)]);
    let taken =
        submit(&wallet, id, "x2", Command::Capture { hold: held, amount: lines }).await.expect("captured").seq();
    has(&wallet, id, &[("Light", "100"), ("Images", "8")]).await;
    submit(&wallet, id, "b2", Command::CreditBack { charge: taken, reason: "failed".into() }).await.expect("paid back");
    has(&wallet, id, &[("Light", "100"), ("Images", "20")]).await;
    let held = submit(&wallet, id, "h3", job()).await.expect("held").seq();
    submit(&wallet, id, "r3", release(held)).await.expect("released");
    has(&wallet, id, &[("Light", "100"), ("Images", "20")]).await;
    // What is there for a job is what its lines may take.
    let dear = vec![priced("blog_post", "text", 101), priced("dall-e-3", "image", 5)];
    let short = refusal(submit(&wallet, id, "h4", Command::Hold { lines: dear, expires_in: None }).await);
    let Refusal::OutOfCredits { needed, available, limited, .. } = short else { panic!("{short}") };
    assert_eq!((needed, available, limited), (credits(106), credits(105), credits(15)));
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fees_transfers_and_corrections_leave_it_alone(pool: PgPool) {
    let wallet = open(&pool);
    let account = AccountId::new();
    let id = wallet_of(&wallet, account, Environment::Production).await;
    let other = wallet_of(&wallet, account, Environment::Preview).await;
    grant(&wallet, id, "paid", 30).await;
    submit(&wallet, id, "gift", images(20)).await.expect("granted");
    // A fee whose receipt happens to say `image` is no operation.
    let fee = |whole| Command::Fee { kind: FeeKind::AddOn, receipt: priced("dall-e-3", "image", whole) };
    submit(&wallet, id, "fee", fee(10)).await.expect("taken");
    let moved = |whole| Command::Transfer { to: other, amount: credits(whole), reason: "moved".into(), grant: None };
    submit(&wallet, id, "moved", moved(10)).await.expect("moved");
    submit(&wallet, id, "less", Command::Adjustment { amount: credits(-5), reason: "too much".into() })
        .await
        .expect("mended");
    has(&wallet, id, &[("Light", "5"), ("Images", "20")]).await;
    let too_much = [fee(6), moved(6), Command::Adjustment { amount: credits(-6), reason: "too much".into() }];
    for (place, command) in too_much.into_iter().enumerate() {
        let short = refusal(submit(&wallet, id, format!("n{place}"), command).await);
        let Refusal::OutOfCredits { available, limited, .. } = short else { panic!("{short}") };
        assert_eq!((available, limited), (credits(5), credits(20)));
    }
    // Money that went back takes what is not limited first, and then the rest.
    submit(&wallet, id, "back", Command::Clawback { grant: None, amount: credits(15), reason: "disputed".into() })
        .await
        .expect("taken back");
    has(&wallet, id, &[("Images", "10")]).await;
    // A debt is repaid by whatever comes in, limited or not, and nothing is spent until then.
    submit(&wallet, id, "debt", Command::Clawback { grant: None, amount: credits(25), reason: "disputed".into() })
        .await
        .expect("taken back");
    assert!(matches!(refusal(submit(&wallet, id, "no", draw(1)).await), Refusal::OutOfCredits { .. }));
    submit(&wallet, id, "again", images(20)).await.expect("granted");
    has(&wallet, id, &[("Images", "5")]).await;
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_limited_grant_ends_at_its_instant(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    let gift = NewGrant::new(credits(20), GrantSource::Promo, "Images");
    let gift = NewGrant { limit: limit(&[], &["image"]), expires_at: Some(start() + hours(1)), ..gift };
    submit(&wallet, id, "gift", Command::Grant(gift)).await.expect("granted");
    wallet.clock().advance(hours(1));
    assert!(matches!(refusal(submit(&wallet, id, "late", draw(1)).await), Refusal::OutOfCredits { .. }));
    sound(&wallet).await;
    wallet.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn many_at_once_take_no_more_than_may_be_taken(pool: PgPool) {
    let (one, two) = (open(&pool), open(&pool));
    let id = new_wallet(&one).await;
    grant(&one, id, "paid", 10).await;
    submit(&one, id, "gift", images(15)).await.expect("granted");
    let calls = (0..60).map(|number| {
        let (node, command) =
            (if number % 3 == 0 { &two } else { &one }, if number % 2 == 0 { draw(1) } else { chat(1) });
        async move { (number % 2 == 0, submit(node, id, format!("c{number}"), command).await.is_ok()) }
    });
    let done = futures::future::join_all(calls).await;
    let paid = |is_image| done.iter().filter(|(image, is_paid)| *image == is_image && *is_paid).count();
    assert_eq!(paid(true) + paid(false), 25);
    assert!(paid(false) <= 10, "{}", paid(false));
    assert_eq!(available(&one, id).await, Credits::ZERO);
    sound(&one).await;
    one.shutdown().await;
    two.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_limit_that_names_nothing_of_the_price_book_is_refused(pool: PgPool) {
    let wallet = open(&pool);
    let source = Preset::source_of("neuralbox").expect("a preset");
    let (preset, _) = Preset::parse(source).expect("a preset");
    wallet.catalog().load_preset(&preset).await.expect("loaded");
    let named = |text: &str| vec![text.to_owned()];
    let known = wallet.tariffs().grant_limit(named("gpt-5"), named("image")).await.expect("a limit").expect("one");
    assert_eq!((known.operations(), known.categories()), (&named("gpt-5")[..], &named("image")[..]));
    for (operations, categories, field) in
        [(named("gpt-55"), Vec::new(), "operations"), (Vec::new(), named("images"), "categories")]
    {
        let refused = refusal(wallet.tariffs().grant_limit(operations, categories).await);
        let Refusal::Unprocessable { fields } = refused else { panic!("{refused}") };
        assert_eq!((fields[0].field.as_str(), fields[0].problem), (field, Problem::Unknown));
    }
    wallet.shutdown().await;
}
