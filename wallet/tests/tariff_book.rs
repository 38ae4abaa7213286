//! Prices on a real database: loading, quoting, charging, drafting, publishing.

mod ledger_support;

use std::time::Duration;

use chrono::TimeDelta;
use ledger_support::{credits, grant, key, new_wallet, open, start};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::{Loaded, OperationForm, Preset, PriceFormat, RULE_KINDS, rule_example};
use wallet::clock::Clock;
use wallet::error::{Error, Problem, Refusal};
use wallet::id::{UserId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::Outcome;
use wallet::money::Credits;
use wallet::tariff::rule::Flat;
use wallet::tariff::{BookStatus, ChargeRequest, Direction, EditKind, HoldRequest, LineRequest, PriceBook, Rule};

fn params(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn line(operation: &str, value: Value) -> LineRequest {
    LineRequest { operation: operation.to_owned(), params: params(value), count: 1 }
}

fn staff() -> Actor {
    Actor::Staff { id: UserId::new(), name: "Lev Orlov".to_owned() }
}

fn flat(whole: i64) -> Rule {
    Rule::Flat(Flat { credits: credits(whole) })
}

fn request(wallet: WalletId, rank: i32, line: LineRequest) -> ChargeRequest {
    ChargeRequest { wallet, plan_rank: rank, line, quote: None, metadata: Value::Null }
}

async fn load(wallet: &Wallet, name: &str) -> Loaded {
    let preset = Preset::by_name(name).expect("built in");
    wallet.catalog().load_preset(&preset).await.expect("loads")
}

/// A deployment that sells a preset, and a wallet with 100 credits.
async fn shop(pool: &PgPool, name: &str) -> (Wallet, WalletId) {
    let wallet = open(pool);
    assert_eq!(load(&wallet, name).await, Loaded::New);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "start", 100).await;
    (wallet, id)
}

async fn charge(wallet: &Wallet, request: ChargeRequest, name: &str) -> wallet::error::Result<Outcome> {
    wallet.tariffs().charge(request, Actor::system("test"), key(name)).await
}

async fn price(wallet: &Wallet, operation: &str) -> Credits {
    wallet.tariffs().quote(operation, &Map::new(), 1).await.expect("a price").credits
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("a refusal, not {other:?}"),
    }
}

fn field<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, Problem) {
    match refusal(result) {
        Refusal::Unprocessable { fields } => (fields[0].field.clone(), fields[0].problem),
        other => panic!("a field, not {other:?}"),
    }
}

/// A draft with one changed price.
async fn draft(wallet: &Wallet, operation: &str, whole: i64) -> PriceBook {
    let draft = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let (version, revision) = (draft.version, draft.revision);
    wallet.tariffs().set_rule(&staff(), version, revision, operation, flat(whole)).await.expect("changed")
}

#[sqlx::test(migrations = "../migrations")]
async fn every_preset_loads_once_and_comes_back_as_its_file(pool: PgPool) {
    let wallet = open(&pool);
    assert!(matches!(refusal(wallet.tariffs().active().await), Refusal::NotFound { .. }));
    assert_eq!(load(&wallet, "neuralbox").await, Loaded::New);
    let view = wallet.catalog().view().await.expect("a catalog");
    let preset = Preset::by_name("neuralbox").expect("built in");
    assert_eq!(*view, preset.view);
    assert_eq!(wallet.tariffs().active().await.expect("a book").tariffs, preset.tariffs);
    assert_eq!(wallet.catalog().export().await.expect("a file"), preset.source);
    assert_eq!(load(&wallet, "neuralbox").await, Loaded::Unchanged);
    assert_eq!(wallet.tariffs().versions().await.expect("a list").len(), 1);
    let other = Preset::by_name("neuraldraft").expect("built in");
    assert_eq!(field(wallet.catalog().load_preset(&other).await), ("preset".to_owned(), Problem::NotAllowed));
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
async fn a_drop_takes_effect_when_it_is_published_and_is_in_the_log(pool: PgPool) {
    let (wallet, id) = shop(&pool, "neuralbox").await;
    let draft = draft(&wallet, "gpt-5.2-pro", 32).await;
    assert_eq!((draft.status, draft.version, draft.revision), (BookStatus::Draft, 2, 2));
    let diff = wallet.tariffs().diff(2).await.expect("a diff");
    assert_eq!(diff.len(), 1);
    assert_eq!((diff[0].operation.as_str(), diff[0].direction), ("gpt-5.2-pro", Direction::Drop));
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(39));
    let admin = staff();
    let book = wallet.tariffs().publish(&admin, 2, draft.revision, None).await.expect("published");
    assert_eq!((book.status, book.effective_at), (BookStatus::Active, Some(start())));
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(32));
    let done = charge(&wallet, request(id, 0, line("gpt-5.2-pro", json!({}))), "a").await.expect("charged");
    assert_eq!(done.balance.available, credits(68));
    let log = wallet.identity().audit_log(None, 10).await.expect("the log").rows;
    let row = log.iter().find(|row| row.action == "price_book.published").expect("in the log");
    assert_eq!((&row.actor, row.at, row.subject.as_str()), (&admin, start(), "price book 2"));
    assert_eq!(
        (&row.before["prices"]["gpt-5.2-pro"], &row.after["prices"]["gpt-5.2-pro"]),
        (&json!("39"), &json!("32"))
    );
    let changed = log.iter().find(|row| row.action == "tariff.changed").expect("in the log");
    assert_eq!(
        (&changed.before["rule"]["credits"], &changed.after["rule"]["credits"]),
        (&json!(39_000_000), &json!(32_000_000))
    );
    let versions: Vec<BookStatus> =
        wallet.tariffs().versions().await.expect("a list").iter().map(|book| book.status).collect();
    assert_eq!(versions, [BookStatus::Active, BookStatus::Retired]);
    let told = wallet.tariffs().changelog(None, 10).await.expect("a changelog").announcements;
    assert_eq!(told[0].changes, diff);
    let again = wallet.tariffs().set_rule(&admin, 2, book.revision, "gpt-5", flat(1)).await;
    assert_eq!(refusal(again), Refusal::VersionConflict, "a published book never changes");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_rise_waits_for_its_notice_whoever_asks(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = draft(&wallet, "gpt-5", 3).await;
    for early in [None, Some(start() + TimeDelta::days(30) - TimeDelta::seconds(1))] {
        let refused = wallet.tariffs().publish(&staff(), book.version, book.revision, early).await;
        assert_eq!(field(refused), ("effective_at".into(), Problem::TooSoon));
    }
    let first = wallet.tariffs().first_rise().await.expect("a day");
    let unrehearsed = wallet.tariffs().publish(&staff(), 2, book.revision, Some(first)).await;
    assert_eq!(field(unrehearsed), ("rehearsal".into(), Problem::Required));
    wallet.tariffs().rehearse(&staff(), 2, |_| {}).await.expect("rehearsed");
    assert_eq!(first, start() + TimeDelta::days(30));
    let scheduled = wallet.tariffs().publish(&staff(), 2, book.revision, Some(first)).await.expect("announced");
    assert_eq!(scheduled.status, BookStatus::Scheduled);
    wallet.clock().advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(price(&wallet, "gpt-5").await, credits(2));
    wallet.clock().advance(TimeDelta::seconds(1));
    assert_eq!(price(&wallet, "gpt-5").await, credits(3), "at its instant, before anybody has written it down");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_drop_during_the_notice_outlives_the_announced_book(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let rise = draft(&wallet, "gpt-5", 3).await;
    let day = start() + TimeDelta::days(31);
    wallet.tariffs().rehearse(&staff(), rise.version, |_| {}).await.expect("rehearsed");
    wallet.tariffs().publish(&staff(), rise.version, rise.revision, Some(day)).await.expect("announced");
    let drop = draft(&wallet, "gpt-5.2-pro", 32).await;
    wallet.tariffs().publish(&staff(), drop.version, drop.revision, None).await.expect("published");
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(2), credits(32)));
    wallet.clock().advance(TimeDelta::days(31));
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(3), credits(32)));
}

#[sqlx::test(migrations = "../migrations")]
async fn two_admins_on_one_draft_overwrite_nothing(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let (version, seen) = (book.version, book.revision);
    wallet.tariffs().set_rule(&staff(), version, seen, "gpt-5", flat(1)).await.expect("the first");
    let second = wallet.tariffs().set_rule(&staff(), version, seen, "gpt-5", flat(0)).await;
    assert_eq!(refusal(second), Refusal::VersionConflict);
    let removed = wallet.tariffs().remove(&staff(), version, seen, "gpt-5").await;
    assert_eq!(refusal(removed), Refusal::VersionConflict);
    let kept = wallet.tariffs().book(version).await.expect("the draft");
    assert_eq!(kept.tariff("gpt-5").map(|tariff| tariff.rule.clone()), Some(flat(1)));
    // Prices that were published after the copy was made can't be undone unseen.
    let other = draft(&wallet, "gpt-5.2", 3).await;
    wallet.tariffs().publish(&staff(), other.version, other.revision, None).await.expect("published");
    let stale = wallet.tariffs().publish(&staff(), version, kept.revision, None).await;
    assert_eq!(refusal(stale), Refusal::VersionConflict);
    wallet.tariffs().discard(&staff(), version, kept.revision).await.expect("thrown away");
}

#[sqlx::test(migrations = "../migrations")]
async fn no_price_can_mint_credits(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let minus = Rule::Flat(Flat { credits: Credits::from_micros(-1) });
    let refused = wallet.tariffs().set_rule(&staff(), book.version, book.revision, "gpt-5", minus).await;
    assert_eq!(field(refused), ("gpt-5.rule.credits".into(), Problem::TooSmall));
    let huge = Rule::Flat(Flat { credits: Credits::MAX });
    let refused = wallet.tariffs().set_rule(&staff(), book.version, book.revision, "gpt-5", huge).await;
    assert_eq!(field(refused), ("gpt-5.rule.credits".into(), Problem::TooLarge));
    let unknown = wallet.tariffs().set_rule(&staff(), book.version, book.revision, "gpt-9", flat(1)).await;
    assert_eq!(field(unknown), ("operation".into(), Problem::Unknown));
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
    ledger_support::submit(&wallet, payer, "undo", undo).await.expect("paid back");
    // A hold of two lines, captured whole.
    let hold = HoldRequest {
        wallet: payer,
        plan_rank: 0,
        lines: vec![(plain(), None), (line("gpt-5", json!({})), None)],
        expires_in: None,
        metadata: Value::Null,
    };
    let held = wallet.tariffs().hold(hold, Actor::system("test"), key("h")).await.expect("held");
    ledger_support::submit(&wallet, payer, "take", ledger_support::capture_all(held.seq())).await.expect("taken");
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

#[sqlx::test(migrations = "../migrations")]
async fn files_change_a_draft_whole_or_not_at_all(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (catalog, admin) = (wallet.catalog(), staff());
    let book = wallet.tariffs().create_draft(&admin).await.expect("a draft");
    let csv = catalog.export_prices(2, PriceFormat::Csv).await.expect("a sheet");
    let cheaper = csv.replace(",request,OpenAI,,39", ",request,OpenAI,,32");
    let book = catalog.import_prices(&admin, 2, book.revision, PriceFormat::Csv, &cheaper).await.expect("imported");
    let diff = wallet.tariffs().diff(2).await.expect("a diff");
    assert_eq!(diff.len(), 1, "{diff:?}");
    assert_eq!((diff[0].operation.as_str(), diff[0].direction), ("gpt-5.2-pro", Direction::Drop));
    let toml = catalog.export_prices(2, PriceFormat::Toml).await.expect("a file");
    let broken = format!("{}\n[[operation]]\ncode = \"x\"\n", toml.replacen("flat = 32", "flat = 1", 1));
    let refused = catalog.import_prices(&admin, 2, book.revision, PriceFormat::Toml, &broken).await;
    assert_eq!(field(refused), ("file".into(), Problem::Malformed));
    let same = wallet.tariffs().book(2).await.expect("the draft");
    assert_eq!(same, book, "nothing of a wrong file is used");
    let book = catalog.import_prices(&admin, 2, book.revision, PriceFormat::Toml, &toml).await.expect("imported");
    assert_eq!(book.tariffs, same.tariffs);
    let costs = "operation,cost,currency\ngpt-5.2-pro,0.61,USD\n";
    let book = catalog.import_costs(&admin, 2, book.revision, costs).await.expect("imported");
    let cost = book.tariff("gpt-5.2-pro").and_then(|tariff| tariff.upstream_cost.clone()).expect("a cost");
    assert_eq!((cost.micros, cost.review_on), (610_000, Some((start() + TimeDelta::days(90)).date_naive())));
    assert_eq!(wallet.tariffs().diff(2).await.expect("a diff"), diff, "a cost is no price");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_edit_can_be_undone_and_says_whose_it_was(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let before = tariffs.create_draft(&admin).await.expect("a draft");
    let version = before.version;
    let nothing = tariffs.undo(&admin, version, before.revision).await;
    assert_eq!(field(nothing), ("version".into(), Problem::NotAllowed));

    let book = tariffs.set_rule(&admin, version, before.revision, "gpt-5", flat(1)).await.expect("changed");
    let book = tariffs.remove(&admin, version, book.revision, "dall-e-3").await.expect("removed");
    let sheet = "operation,price\ngpt-5.2,3\ngpt-5.2-pro,32\n";
    let book = wallet.catalog().import_prices(&admin, version, book.revision, PriceFormat::Csv, sheet).await;
    let book = book.expect("imported");
    let edits = tariffs.edits(version).await.expect("a list");
    let kinds: Vec<_> = edits.iter().map(|edit| (edit.kind, edit.changes.len(), edit.is_standing)).collect();
    assert_eq!(kinds, [(EditKind::Imported, 2, true), (EditKind::Removed, 1, true), (EditKind::Changed, 1, true)]);
    assert_eq!((edits[0].by.as_str(), edits[0].revision), ("Lev Orlov", book.revision));

    let stale = tariffs.undo(&admin, version, book.revision - 1).await;
    assert_eq!(refusal(stale), Refusal::VersionConflict);
    // Another node, with nothing in memory.
    let there = Wallet::new(pool.clone(), wallet::Options::for_tests(Clock::fixed(start())));
    let mut book = there.tariffs().undo(&admin, version, book.revision).await.expect("undone");
    assert_eq!(diff_of(&wallet, version).await, ["gpt-5", "dall-e-3"]);
    book = tariffs.undo(&admin, version, book.revision).await.expect("undone");
    assert_eq!(diff_of(&wallet, version).await, ["gpt-5"]);
    book = tariffs.undo(&admin, version, book.revision).await.expect("undone");
    assert_eq!(book.tariffs, before.tariffs, "as it was, in the same order");
    let nothing = tariffs.undo(&admin, version, book.revision).await;
    assert_eq!(field(nothing), ("version".into(), Problem::NotAllowed), "an undoing is not undone");
}

async fn diff_of(wallet: &Wallet, version: i32) -> Vec<String> {
    wallet.tariffs().diff(version).await.expect("a diff").into_iter().map(|change| change.operation).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn drops_start_at_once_and_rises_after_the_notice_or_neither(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    wallet.clock().advance(TimeDelta::hours(1));
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let book = draft(&wallet, "gpt-5", 3).await;
    let book = tariffs.set_rule(&admin, 2, book.revision, "gpt-5.2-pro", flat(32)).await.expect("changed");
    let book = tariffs.remove(&admin, 2, book.revision, "musicgen").await.expect("removed");
    let first = tariffs.first_rise().await.expect("a day");
    let unrehearsed = tariffs.publish_drops_first(&admin, 2, book.revision, first).await;
    assert_eq!(field(unrehearsed), ("rehearsal".into(), Problem::Required));
    tariffs.rehearse(&admin, 2, |_| {}).await.expect("rehearsed");
    for early in [start(), first - TimeDelta::microseconds(1)] {
        let refused = tariffs.publish_drops_first(&admin, 2, book.revision, early).await;
        assert_eq!(field(refused), ("effective_at".into(), Problem::TooSoon));
    }
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(39), "nothing of it is in force");
    assert_eq!(tariffs.versions().await.expect("a list").len(), 2);

    let (now, later) = tariffs.publish_drops_first(&admin, 2, book.revision, first).await.expect("published");
    assert_eq!((now.version, now.status), (2, BookStatus::Active));
    assert_eq!((later.version, later.status, later.effective_at), (3, BookStatus::Scheduled, Some(first)));
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(2), credits(32)));
    assert!(tariffs.quote("musicgen", &Map::new(), 1).await.is_ok(), "it goes away later");
    let found = tariffs.rehearsal(3).await.expect("read").expect("goes with the rises");
    assert_eq!((found.version, found.revision), (3, book.revision), "what was rehearsed, under its new number");
    assert_eq!(diff_of(&wallet, 2).await, ["gpt-5.2-pro"]);
    assert_eq!(diff_of(&wallet, 3).await, ["gpt-5", "musicgen"]);

    wallet.clock().advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(price(&wallet, "gpt-5").await, credits(2));
    wallet.clock().advance(TimeDelta::seconds(1));
    assert_eq!((price(&wallet, "gpt-5").await, price(&wallet, "gpt-5.2-pro").await), (credits(3), credits(32)));
    assert!(tariffs.quote("musicgen", &Map::new(), 1).await.is_err());
}

#[sqlx::test(migrations = "../migrations")]
async fn two_steps_need_a_drop_and_a_free_calendar(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let book = draft(&wallet, "gpt-5", 3).await;
    tariffs.rehearse(&admin, 2, |_| {}).await.expect("rehearsed");
    let first = tariffs.first_rise().await.expect("a day");
    let no_drop = tariffs.publish_drops_first(&admin, 2, book.revision, first).await;
    assert_eq!(field(no_drop), ("version".into(), Problem::NotAllowed));
    tariffs.publish(&admin, 2, book.revision, Some(first)).await.expect("announced");
    let book = draft(&wallet, "gpt-5.2", 5).await;
    let book = tariffs.set_rule(&admin, 3, book.revision, "gpt-5.2-pro", flat(32)).await.expect("changed");
    tariffs.rehearse(&admin, 3, |_| {}).await.expect("rehearsed");
    let two = tariffs.publish_drops_first(&admin, 3, book.revision, first).await;
    assert_eq!(field(two), ("version".into(), Problem::NotAllowed), "another rise is announced");
    assert_eq!(price(&wallet, "gpt-5.2-pro").await, credits(39), "neither of the two");
}

#[sqlx::test(migrations = "../migrations")]
async fn operations_of_every_rule_are_added_and_changed(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (catalog, admin) = (wallet.catalog(), staff());
    let mut book = wallet.tariffs().create_draft(&admin).await.expect("a draft");
    for kind in RULE_KINDS {
        let rule = rule_example(kind).replacen('…', "gpt-5", 1).replacen('…', "dall-e-3", 1);
        let form = OperationForm {
            operation: format!("new-{kind}"),
            name: "New".to_owned(),
            category: "job".to_owned(),
            unit: "job".to_owned(),
            minimum_plan: "pro".to_owned(),
            kind: kind.to_owned(),
            rule,
            ..OperationForm::default()
        };
        book = catalog.add_operation(&admin, 2, book.revision, form.clone()).await.expect(kind);
        let added = book.tariff(&form.operation).expect("added");
        assert_eq!((added.rule.pricing_type(), added.minimum_plan.as_deref()), (kind, Some("pro")));
        let shown = OperationForm::from(added);
        let again = catalog.replace_operation(&admin, 2, book.revision, shown).await.expect(kind);
        assert_eq!(again.tariffs, book.tariffs, "what is shown reads back as the same");
        book = again;
        let taken = catalog.add_operation(&admin, 2, book.revision, form).await;
        assert_eq!(field(taken), ("operation".into(), Problem::Taken));
    }
    assert_eq!(diff_of(&wallet, 2).await.len(), RULE_KINDS.len());
    let wrong = OperationForm {
        operation: "Bad Name".to_owned(),
        category: "food".to_owned(),
        minimum_plan: "gold".to_owned(),
        kind: "per_unit".to_owned(),
        rule: "meters = [\n  { param = \"seconds\", price = -1 },\n]".to_owned(),
        ..OperationForm::default()
    };
    let refused = refusal(catalog.add_operation(&admin, 2, book.revision, wrong).await);
    let Refusal::Unprocessable { fields } = refused else { panic!("{refused:?}") };
    let named: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(named, ["category", "rule", "minimum_plan", "operation", "name", "unit"]);
    assert!(
        fields[1].message.starts_with("line 2, column ") && fields[1].message.contains("-1 is negative"),
        "{}",
        fields[1].message
    );
    assert_eq!(wallet.tariffs().book(2).await.expect("the draft"), book, "nothing changed");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_mistake_of_a_file_is_named_by_its_place(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (catalog, admin) = (wallet.catalog(), staff());
    let book = wallet.tariffs().create_draft(&admin).await.expect("a draft");
    let csv = "operation,option,price\ngpt-5,,-1\ngpt-5.2,,NaN\ngpt-5.2-pro,,99999999999999\n\
               dall-e-3,1792x1024 × hd,\ngpt-99,,5\ndeepseek-r1,,3\ndeepseek-r1,,3\n";
    let refused = refusal(catalog.import_prices(&admin, 2, book.revision, PriceFormat::Csv, csv).await);
    let Refusal::Unprocessable { fields } = refused else { panic!("{refused:?}") };
    let told: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
    let expected = [
        ("line 2, column 8: ", "negative"),
        ("line 3, column 10: ", "not a number"),
        ("line 4, column 14: ", "too large"),
        ("line 5, column 25: ", "is empty"),
        ("line 6, column 1: ", "no operation “gpt-99”"),
        ("line 8, column 1: ", "twice"),
    ];
    for (told, (place, what)) in told.iter().zip(expected) {
        assert!(told.starts_with(place) && told.contains(what), "{told}");
    }
    assert_eq!(told.len(), expected.len(), "{told:?}");
    let head =
        |code: &str| format!("[[operation]]\ncode = \"{code}\"\nname = \"X\"\ncategory = \"text\"\nunit = \"call\"\n");
    let toml = format!("{}flat = -1\n\n{}flat = nan\n\n{}price = 3\n", head("a"), head("b"), head("c"));
    let refused = refusal(catalog.import_prices(&admin, 2, book.revision, PriceFormat::Toml, &toml).await);
    let Refusal::Unprocessable { fields } = refused else { panic!("{refused:?}") };
    let lines: Vec<&str> = fields.iter().map(|field| field.message.split(',').next().unwrap_or_default()).collect();
    assert_eq!(lines, ["line 6", "line 13", "line 20"], "{fields:?}");
    assert_eq!(wallet.tariffs().book(2).await.expect("the draft"), book, "nothing changed");
}
