//! Outgoing webhooks on a real database: what is told to whom, once; tries, fees, rotation, the log.
#![cfg(feature = "postgres")]

mod people_support;

use std::future::Future;

use chrono::TimeDelta;
use people_support::*;
use serde_json::{Map, Value};
use sqlx::PgPool;
use uuid::Uuid;
use wallet::Wallet;
use wallet::error::{Problem, Refusal, Result};
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::ledger::{Command, EntryFilter, EntryKind, EntryView, Page, Submission};
use wallet::money::Credits;
use wallet::notify::Mail;
use wallet::notify::webhook::{
    CreatedEndpoint, DeliveryState, ENDPOINTS_MAX, EventKind, NewEndpoint, Notice, OFF_FAILING, Outgoing, Payloads,
    RETRIES_MAX, Sent, UnderWay,
};
use wallet::tariff::Flat;
use wallet::tariff::{Announcement, ChargeRequest, LineRequest, Rule};

/// Bodies of the tests.
struct Bodies;

impl Payloads for Bodies {
    fn entry(&self, entry: &EntryView) -> Result<String> {
        Ok(format!(r#"{{"seq":{},"amount":{}}}"#, entry.seq, entry.amount))
    }

    fn credits(&self, entry: &EntryView, low_below: Option<Credits>) -> Result<String> {
        Ok(format!(r#"{{"seq":{},"below":{}}}"#, entry.seq, low_below.unwrap_or_default()))
    }

    fn hold(&self, entry: &EntryView) -> Result<String> {
        Ok(entry.seq.to_string())
    }

    fn notice(&self, _: WalletId, notice: &Notice) -> Result<String> {
        Ok(serde_json::to_string(notice)?)
    }

    fn price_change(&self, announcement: Announcement) -> Result<String> {
        Ok(format!(r#"{{"version":{}}}"#, announcement.version))
    }

    fn line(&self, event: EventKind, _: &str, locale: &str) -> Result<String> {
        Ok(format!("{} in {locale}", event.code()))
    }
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).expect("a key")
}

fn new(events: &[EventKind]) -> NewEndpoint {
    let (url, events) = ("https://hooks.example/scrip".into(), events.to_vec());
    NewEndpoint { url, description: String::new(), events, is_slack: false }
}

async fn endpoint(wallet: &Wallet, viewer: &Viewer, name: &str, events: &[EventKind]) -> CreatedEndpoint {
    wallet.webhooks().create(viewer.wallet, &viewer.actor(), &new(events), &key(name)).await.expect("made")
}

async fn charge(wallet: &Wallet, id: WalletId, operation: &str, name: &str) {
    let line = LineRequest { operation: operation.to_owned(), params: Map::new(), count: 1 };
    let request = ChargeRequest { wallet: id, plan_rank: 0, line, quote: None, metadata: Value::Null };
    wallet.tariffs().charge(request, Actor::system("test"), key(name)).await.expect("charged");
}

async fn take(wallet: &Wallet) -> Vec<Outgoing> {
    wallet.webhooks().take(&mut UnderWay::default()).await.expect("taken")
}

/// The type and the data of a message.
fn said(outgoing: &Outgoing) -> (String, Value) {
    let json: Value = serde_json::from_str(&outgoing.payload).expect("JSON");
    assert!(json["timestamp"].as_str().is_some_and(|text| text.ends_with('Z')), "{json}");
    (json["type"].as_str().expect("a type").to_owned(), json["data"].clone())
}

fn answered(status: u16) -> Sent {
    Sent { status: Some(status), note: "ok".into(), millis: 12, retry_after: None }
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_are_told_once_to_who_listens_from_then_on(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let boris = member(&wallet, "boris@example.com").await;
    charge(&wallet, anna.wallet, "gpt-5", "before").await;
    let rows = endpoint(&wallet, &anna, "rows", &[EventKind::LedgerEntryCreated]).await;
    let alerts = endpoint(&wallet, &anna, "alerts", &[EventKind::CreditsLow, EventKind::OutOfCredits]).await;
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "nothing of before");
    charge(&wallet, anna.wallet, "gpt-5", "1").await;
    charge(&wallet, boris.wallet, "gpt-5", "2").await;
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 1);
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "once");
    let taken = take(&wallet).await;
    assert_eq!(taken.len(), 1);
    let (event, data) = said(&taken[0]);
    assert_eq!((event.as_str(), &data["amount"]), ("ledger.entry.created", &(-2).into()));
    assert_eq!((taken[0].endpoint, &taken[0].secrets), (rows.endpoint.id, &vec![rows.secret.clone()]));
    assert!(take(&wallet).await.is_empty(), "nobody else gets it meanwhile");

    // 46 left of 50; the alert comes below 10, and at nothing.
    let empty = Command::Adjustment { amount: credits(-40), reason: "test".into() };
    let submission = Submission::new(anna.wallet, key("low"), Actor::system("test"), empty);
    wallet.ledger().submit(submission).await.expect("posted");
    for name in ["3", "4", "5"] {
        charge(&wallet, anna.wallet, "gpt-5", name).await;
    }
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    let taken = take(&wallet).await;
    let alerts: Vec<_> = taken.iter().filter(|message| message.endpoint == alerts.endpoint.id).map(said).collect();
    let kinds: Vec<_> = alerts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.contains(&"project.credits_low") && kinds.contains(&"project.out_of_credits"), "{kinds:?}");
    assert_eq!(taken.len(), 2 + 4);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_is_tried_six_times_and_then_only_by_hand(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let made = endpoint(&wallet, &anna, "e", &[EventKind::LedgerEntryCreated]).await;
    charge(&wallet, anna.wallet, "gpt-5", "1").await;
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    let mut tries = 0;
    for _ in 0..20 {
        for message in take(&wallet).await {
            tries += 1;
            assert_eq!(message.tries, tries);
            let sent = if tries == 2 {
                Sent { status: None, note: "no answer".into(), millis: 9, retry_after: None }
            } else {
                answered(500)
            };
            wallet.webhooks().finish(&message, &sent).await.expect("kept");
        }
        wallet.clock().advance(TimeDelta::hours(3));
    }
    assert_eq!(tries, 1 + RETRIES_MAX);
    let page = wallet.webhooks().deliveries(anna.wallet, Some(made.endpoint.id), None, 10).await.expect("a log");
    let failed = &page.deliveries[0];
    assert_eq!((failed.state, failed.tries, failed.last_status), (DeliveryState::Failed, 6, Some(500)));
    let detail = wallet.webhooks().delivery(anna.wallet, failed.id).await.expect("there");
    assert_eq!(detail.attempts.len(), 6);
    assert_eq!((detail.attempts[1].status, detail.attempts[1].note.as_str()), (None, "no answer"));

    let again = wallet.webhooks().redeliver(anna.wallet, failed.id, &key("again")).await.expect("queued");
    let same = wallet.webhooks().redeliver(anna.wallet, failed.id, &key("again")).await.expect("the same");
    assert_eq!(again.id, same.id);
    let taken = take(&wallet).await;
    assert_eq!((taken.len(), taken[0].message), (1, failed.id), "receivers know the message");
    assert_eq!(taken[0].payload, detail.payload);
    wallet.webhooks().finish(&taken[0], &answered(204)).await.expect("kept");
    let detail = wallet.webhooks().delivery(anna.wallet, again.id).await.expect("there");
    assert_eq!(detail.delivery.state, DeliveryState::Delivered);
    assert!(wallet.webhooks().delivery(anna.preview_wallet, again.id).await.is_err(), "another wallet's");
    let rows = wallet.ledger().entries(anna.wallet, &EntryFilter::default(), Page::default()).await.expect("rows");
    assert!(rows.entries.iter().all(|row| row.kind != EntryKind::WebhookFee), "this catalog asks no fee");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_retry_costs_its_fee_once_and_never_what_is_not_there(pool: PgPool) {
    let wallet = Wallet::new(pool.clone(), wallet::Options::for_tests(wallet::clock::Clock::fixed(start())));
    let preset = wallet::catalog::Preset::by_name("neuraldraft").expect("a preset");
    wallet.catalog().load_preset(&preset).await.expect("loaded");
    let anna = member(&wallet, "anna@example.com").await;
    let before = available(&wallet, anna.wallet).await;
    let events = [EventKind::LedgerEntryCreated, EventKind::OutOfCredits];
    endpoint(&wallet, &anna, "e", &events).await;
    let grant = wallet::ledger::NewGrant::new(credits(1), wallet::ledger::GrantSource::Promo, "test");
    let submission = Submission::new(anna.wallet, key("g"), Actor::system("test"), Command::Grant(grant));
    wallet.ledger().submit(submission).await.expect("granted");
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    let message = take(&wallet).await.remove(0);
    wallet.webhooks().finish(&message, &answered(503)).await.expect("kept");
    wallet.webhooks().finish(&message, &answered(503)).await.expect("kept once");
    let fee: Credits = "0.02".parse().expect("an amount");
    let left = before.checked_add(credits(1)).and_then(|sum| sum.checked_sub(fee)).expect("fits");
    assert_eq!(available(&wallet, anna.wallet).await, left);
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "the fee's own row is not told");

    let rest = Command::Adjustment { amount: left.checked_neg().expect("fits"), reason: "test".into() };
    let submission = Submission::new(anna.wallet, key("out"), Actor::system("test"), rest);
    wallet.ledger().submit(submission).await.expect("posted");
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    wallet.clock().advance(TimeDelta::minutes(5));
    for message in take(&wallet).await {
        wallet.webhooks().finish(&message, &answered(503)).await.expect("kept");
    }
    let log = wallet.webhooks().deliveries(anna.wallet, None, None, 10).await.expect("a log").deliveries;
    for delivery in log {
        let is_notice = delivery.event == EventKind::OutOfCredits;
        let state = if is_notice { DeliveryState::Queued } else { DeliveryState::Failed };
        assert_eq!(delivery.state, state, "notices go out anyway: {delivery:?}");
    }
    assert_eq!(available(&wallet, anna.wallet).await, Credits::ZERO);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_secret_signs_beside_the_old_one_for_a_day(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let made = endpoint(&wallet, &anna, "e", &[EventKind::LedgerEntryCreated]).await;
    let again = endpoint(&wallet, &anna, "e", &[EventKind::LedgerEntryCreated]).await;
    assert_eq!(again, made, "the same request, the same answer");
    let other = wallet.webhooks().create(anna.wallet, &anna.actor(), &new(&[EventKind::CreditsLow]), &key("e")).await;
    assert_eq!(refusal(other), Refusal::IdempotencyMismatch);
    let id = made.endpoint.id;
    let rotate = async |name: &str| wallet.webhooks().rotate(anna.wallet, &anna.actor(), id, &key(name)).await;
    let between = rotate("r1").await.expect("rotated");
    assert_ne!(between.secret, made.secret);
    assert_eq!(rotate("r1").await.expect("the same request, the same answer").secret, between.secret);
    wallet.clock().advance(TimeDelta::hours(1));
    let rotated = rotate("r2").await.expect("rotated");
    wallet.webhooks().test(anna.wallet, id, &key("t1")).await.expect("queued");
    let taken = take(&wallet).await;
    let all = [rotated.secret.clone(), between.secret.clone(), made.secret.clone()];
    assert_eq!(taken[0].secrets, all, "who knows only the first secret is not cut off by a second rotation");
    for name in ["r3", "r4", "r5"] {
        rotate(name).await.expect("rotated");
    }
    assert_eq!(problems(refusal(rotate("r6").await)), [("id".to_owned(), Problem::TooMany)]);
    let rotated = rotate("r1").await.expect("the newest one, whatever the repeated request made");
    wallet.clock().advance(TimeDelta::days(1));
    wallet.webhooks().test(anna.wallet, id, &key("t2")).await.expect("queued");
    let taken = take(&wallet).await;
    assert!(taken.iter().all(|message| message.secrets == [rotated.secret.clone()]));

    let gone = taken.iter().find(|message| message.tries == 1).expect("the new one");
    wallet.webhooks().test(anna.wallet, id, &key("t3")).await.expect("queued");
    wallet.webhooks().finish(gone, &answered(410)).await.expect("kept");
    let log = wallet.webhooks().deliveries(anna.wallet, None, None, 50).await.expect("a log").deliveries;
    assert!(log.iter().all(|delivery| delivery.state == DeliveryState::Failed), "nothing waits for ever: {log:?}");
    let list = wallet.webhooks().endpoints(anna.wallet).await.expect("a list");
    assert!(list[0].disabled.as_ref().is_some_and(|(_, why)| why.contains("410")));
    charge(&wallet, anna.wallet, "gpt-5", "1").await;
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "off is off");
    wallet.webhooks().enable(anna.wallet, &anna.actor(), id, None).await.expect("on");
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "what happened meanwhile is not told");
    charge(&wallet, anna.wallet, "gpt-5", "2").await;
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 1);
    wallet.webhooks().remove(anna.wallet, &anna.actor(), id, None).await.expect("removed");
    assert!(wallet.webhooks().endpoints(anna.wallet).await.expect("a list").is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_endpoint_asked_for_twice_at_once_is_made_once(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let wanted = new(&[EventKind::CreditsLow]);
    let (actor, key) = (anna.actor(), key("once"));
    let all = (0..4).map(|_| wallet.webhooks().create(anna.wallet, &actor, &wanted, &key));
    let made: Vec<_> = futures::future::join_all(all).await.into_iter().map(|made| made.expect("made")).collect();
    assert!(made.iter().all(|one| one == &made[0]), "{made:?}");
    assert_eq!(wallet.webhooks().endpoints(anna.wallet).await.expect("a list").len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_endpoint_that_cannot_be_told_holds_up_no_other(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let boris = member(&wallet, "boris@example.com").await;
    for person in [&anna, &boris] {
        endpoint(&wallet, person, "e", &[EventKind::LedgerEntryCreated]).await;
    }
    charge(&wallet, anna.wallet, "gpt-5", "1").await;
    charge(&wallet, boris.wallet, "gpt-5", "1").await;
    // A row that can't be read, as a later version might write one.
    let loosened = "ALTER TABLE entries DROP CONSTRAINT entries_sound, DISABLE TRIGGER USER";
    sqlx::query(loosened).execute(&pool).await.expect("loosened");
    sqlx::query("UPDATE entries SET kind = 99 WHERE wallet_id = $1")
        .bind(anna.wallet.number)
        .execute(&pool)
        .await
        .expect("spoilt");
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn prices_are_told_to_who_was_there(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    endpoint(&wallet, &anna, "e", &[EventKind::PriceChangeAnnounced]).await;
    let draft = wallet.tariffs().create_draft(&anna.actor()).await.expect("a draft");
    let rule = Rule::Flat(Flat { credits: credits(1) });
    let draft = wallet.tariffs().set_rule(&anna.actor(), 2, draft.revision, "gpt-5", rule).await.expect("changed");
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "a draft is nobody's business");
    wallet.clock().advance(TimeDelta::seconds(1));
    wallet.tariffs().publish(&anna.actor(), 2, draft.revision, None).await.expect("published");
    wallet.clock().advance(TimeDelta::seconds(1));
    endpoint(&wallet, &anna, "late", &[EventKind::PriceChangeAnnounced]).await;
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 1);
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "once");
    let taken = take(&wallet).await;
    assert_eq!(said(&taken[0]), ("price_change.announced".to_owned(), serde_json::json!({ "version": 2 })));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_endpoint_is_refused(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let webhooks = wallet.webhooks();
    let none = webhooks.create(anna.wallet, &anna.actor(), &new(&[]), &key("a")).await;
    assert_eq!(problems(refusal(none)), [("events".to_owned(), Problem::Required)]);
    let long = NewEndpoint { description: "x".repeat(101), ..new(&[EventKind::Test]) };
    assert_eq!(problems(refusal(webhooks.create(anna.wallet, &anna.actor(), &long, &key("b")).await)).len(), 2);
    for name in 0..ENDPOINTS_MAX {
        endpoint(&wallet, &anna, &format!("e{name}"), &[EventKind::CreditsLow]).await;
    }
    let many = webhooks.create(anna.wallet, &anna.actor(), &new(&[EventKind::CreditsLow]), &key("more")).await;
    assert_eq!(problems(refusal(many)), [("url".to_owned(), Problem::TooMany)]);
    let nowhere = Uuid::now_v7();
    assert!(webhooks.rotate(anna.wallet, &anna.actor(), nowhere, &key("n")).await.is_err());
    assert!(webhooks.test(anna.wallet, nowhere, &key("t")).await.is_err());
    assert!(webhooks.redeliver(anna.wallet, nowhere, &key("r")).await.is_err());
    let others = webhooks.endpoints(anna.wallet).await.expect("a list")[0].id;
    assert!(webhooks.remove(anna.preview_wallet, &anna.actor(), others, None).await.is_err(), "another wallet's");
}

/// How many of this many requests at once are taken.
async fn taken_of<T>(all: impl Iterator<Item = impl Future<Output = wallet::error::Result<T>>>) -> usize {
    futures::future::join_all(all).await.into_iter().filter(Result::is_ok).count()
}

#[sqlx::test(migrations = "../migrations")]
async fn of_fifty_endpoints_at_once_a_wallet_gets_ten(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let wanted = new(&[EventKind::CreditsLow]);
    let (actor, keys) = (anna.actor(), (0..50).map(|number| key(&format!("e{number}"))).collect::<Vec<_>>());
    let all = keys.iter().map(|key| wallet.webhooks().create(anna.wallet, &actor, &wanted, key));
    assert_eq!(taken_of(all).await, ENDPOINTS_MAX);
    assert_eq!(wallet.webhooks().endpoints(anna.wallet).await.expect("a list").len(), ENDPOINTS_MAX);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_fifty_tests_at_once_an_account_gets_ten_a_minute(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let mut endpoints = Vec::new();
    for name in ["a", "b"] {
        endpoints.push(endpoint(&wallet, &anna, name, &[EventKind::CreditsLow]).await.endpoint.id);
    }
    let keys: Vec<_> = (0..50).map(|number| key(&format!("t{number}"))).collect();
    let all =
        keys.iter().enumerate().map(|(place, key)| wallet.webhooks().test(anna.wallet, endpoints[place % 2], key));
    assert_eq!(taken_of(all).await, 10);
    let log = wallet.webhooks().deliveries(anna.wallet, None, None, 100).await.expect("a log").deliveries;
    assert_eq!(log.len(), 10);
    let more = refusal(wallet.webhooks().test(anna.wallet, endpoints[0], &key("more")).await);
    assert_eq!(more, Refusal::RateLimited { retry_after_seconds: 60 });
    let again = keys.iter().map(|key| wallet.webhooks().test(anna.wallet, endpoints[0], key));
    assert!(taken_of(again).await > 0, "a repeat is answered as the first was");
    wallet.clock().advance(TimeDelta::seconds(61));
    wallet.webhooks().test(anna.wallet, endpoints[0], &key("later")).await.expect("a new minute");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_oldest_message_is_taken_first_and_nobody_takes_all_places(pool: PgPool) {
    let wallet = open(&pool).await;
    let hostile = member(&wallet, "hostile@example.com").await;
    for number in 0..ENDPOINTS_MAX {
        endpoint(&wallet, &hostile, &format!("e{number}"), &[EventKind::LedgerEntryCreated]).await;
    }
    let stranger = member(&wallet, "stranger@example.com").await;
    let own = endpoint(&wallet, &stranger, "own", &[EventKind::LedgerEntryCreated]).await.endpoint.id;
    for number in 0..10 {
        charge(&wallet, hostile.wallet, "gpt-5", &format!("h{number}")).await;
    }
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    wallet.clock().advance(TimeDelta::seconds(1));
    for number in 0..2 {
        charge(&wallet, stranger.wallet, "gpt-5", &format!("s{number}")).await;
        wallet.webhooks().relay(&Bodies).await.expect("relayed");
        wallet.clock().advance(TimeDelta::seconds(1));
    }
    let mut under_way = UnderWay::default();
    let first = wallet.webhooks().take(&mut under_way).await.expect("taken");
    let of_stranger = first.iter().filter(|message| message.endpoint == own).count();
    assert_eq!((first.len() - of_stranger, of_stranger), (8, 2), "a share of the places, and no more");
    assert!(wallet.webhooks().take(&mut under_way).await.expect("taken").is_empty(), "the share is used up");

    // One that hangs is slow from then on: it has one message under way, whatever waits.
    let slow = first.iter().find(|message| message.endpoint != own).expect("one");
    let hung = Sent { status: None, note: "no answer".into(), millis: 15_000, retry_after: None };
    for message in &first {
        let sent = if message.endpoint == slow.endpoint { &hung } else { &answered(204) };
        wallet.webhooks().finish(message, sent).await.expect("kept");
        under_way.end(&message.claim);
    }
    wallet.clock().advance(TimeDelta::minutes(5));
    let next = wallet.webhooks().take(&mut under_way).await.expect("taken");
    let of_slow = next.iter().filter(|message| message.endpoint == slow.endpoint).count();
    assert!(of_slow <= 1 && next.len() > 1, "{of_slow} of {}", next.len());
}

#[sqlx::test(migrations = "../migrations")]
async fn an_endpoint_that_asks_for_a_wait_is_left_alone_until_then(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    endpoint(&wallet, &anna, "e", &[EventKind::LedgerEntryCreated]).await;
    charge(&wallet, anna.wallet, "gpt-5", "1").await;
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    let busy = Sent { retry_after: Some(600), ..answered(429) };
    wallet.webhooks().finish(&take(&wallet).await[0], &busy).await.expect("kept");
    charge(&wallet, anna.wallet, "gpt-5", "2").await;
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    wallet.clock().advance(TimeDelta::seconds(599));
    assert!(take(&wallet).await.is_empty(), "neither the first message nor another one");
    wallet.clock().advance(TimeDelta::seconds(1));
    assert_eq!(take(&wallet).await.len(), 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_endpoint_that_fails_for_three_days_is_switched_off_and_its_owner_mailed(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let made = endpoint(&wallet, &anna, "e", &[EventKind::LedgerEntryCreated]).await;
    let tell = async |name: String, sent: Sent| {
        charge(&wallet, anna.wallet, "gpt-5", &name).await;
        wallet.webhooks().relay(&Bodies).await.expect("relayed");
        for message in take(&wallet).await {
            wallet.webhooks().finish(&message, &sent).await.expect("kept");
        }
    };
    let shown = async || wallet.webhooks().endpoints(anna.wallet).await.expect("a list").remove(0);
    mails(&wallet, "anna@example.com").await;
    tell("0".to_owned(), answered(500)).await;
    wallet.clock().advance(TimeDelta::days(2));
    tell("1".to_owned(), answered(204)).await;
    assert_eq!(shown().await.failing_since, None, "one success, and it counts anew");
    let since = wallet.clock().now();
    tell("2".to_owned(), answered(500)).await;
    for day in 0..2 {
        wallet.clock().advance(TimeDelta::days(1));
        tell(format!("day-{day}"), answered(503)).await;
        assert_eq!((shown().await.failing_since, shown().await.disabled), (Some(since), None));
    }
    wallet.clock().advance(TimeDelta::days(1));
    tell("last".to_owned(), Sent { status: None, note: "no answer".into(), millis: 9, retry_after: None }).await;
    let off = shown().await.disabled.expect("switched off");
    assert_eq!(off.1, OFF_FAILING);
    let mails = mails(&wallet, "anna@example.com").await;
    assert!(
        matches!(mails.as_slice(), [Mail::WebhookFailing(failing), Mail::WebhookOff { url, is_gone: false, .. }]
            if *url == made.endpoint.url && failing.url == *url),
        "{mails:?}"
    );
    let log = wallet.webhooks().deliveries(anna.wallet, None, None, 50).await.expect("a log").deliveries;
    assert!(log.iter().all(|delivery| delivery.state != DeliveryState::Queued), "nothing waits for ever");
    wallet.webhooks().enable(anna.wallet, &anna.actor(), made.endpoint.id, None).await.expect("on");
    assert_eq!((shown().await.failing_since, shown().await.disabled), (None, None));
    tell("again".to_owned(), answered(500)).await;
    assert_eq!(shown().await.disabled, None, "its days begin anew");
}
