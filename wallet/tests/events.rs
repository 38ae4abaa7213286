//! What endpoints are told besides rows: payments, plans, holds, credits that expire; and how Slack hears it.

mod people_support;

use chrono::TimeDelta;
use people_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::Interval;
use wallet::error::Result;
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::ledger::{Command, EntryView, GrantSource, NewGrant, Receipt, ReleaseReason, Submission};
use wallet::money::{Credits, Currency};
use wallet::notify::webhook::{EventKind, NewEndpoint, Notice, Payloads, Sent, UnderWay};
use wallet::notify::{AlertSettings, Mail};
use wallet::payment::{PlanChoice, ProviderStatus};
use wallet::tariff::Announcement;

const ANNA: &str = "anna@example.com";
const BASE: &str = "https://scrip.example";

/// Bodies of the tests.
struct Bodies;

impl Payloads for Bodies {
    fn entry(&self, entry: &EntryView) -> Result<String> {
        Ok(format!(r#"{{"seq":{}}}"#, entry.seq))
    }

    fn credits(&self, _: &EntryView, low_below: Option<Credits>) -> Result<String> {
        Ok(format!(r#"{{"below":{}}}"#, low_below.unwrap_or_default()))
    }

    fn hold(&self, entry: &EntryView) -> Result<String> {
        Ok(format!(r#"{{"hold":{}}}"#, entry.refers_to.unwrap_or(entry.seq)))
    }

    fn notice(&self, _: WalletId, notice: &Notice) -> Result<String> {
        Ok(serde_json::to_string(notice)?)
    }

    fn price_change(&self, _: Announcement) -> Result<String> {
        Ok("{}".to_owned())
    }

    fn line(&self, event: EventKind, data: &str, locale: &str) -> Result<String> {
        Ok(format!("{} {locale} {data}", event.code()))
    }
}

async fn listen(wallet: &Wallet, viewer: &Viewer, starts: &[&str], is_slack: bool) {
    let listens = |kind: &EventKind| starts.iter().any(|start| kind.code().starts_with(start));
    let events: Vec<EventKind> = EventKind::ALL.into_iter().filter(listens).collect();
    let new = NewEndpoint { url: "https://hooks.example/in".into(), description: String::new(), events, is_slack };
    let key = IdempotencyKey::internal(format!("{starts:?} {is_slack}"));
    wallet.webhooks().create(viewer.wallet, &viewer.actor(), &new, &key).await.expect("made");
}

/// What was sent since the last time: the messages, in the order of their making, all taken by their endpoints.
async fn payloads(wallet: &Wallet) -> Vec<String> {
    wallet.webhooks().relay(&Bodies).await.expect("relayed");
    assert_eq!(wallet.webhooks().relay(&Bodies).await.expect("relayed"), 0, "once");
    let mut sent = Vec::new();
    loop {
        let taken = wallet.webhooks().take(&mut UnderWay::default()).await.expect("taken");
        if taken.is_empty() {
            sent.sort();
            return sent.into_iter().map(|(_, payload)| payload).collect();
        }
        for message in taken {
            let ok = Sent { status: Some(200), note: "ok".into(), millis: 1, retry_after: None };
            wallet.webhooks().finish(&message, &ok).await.expect("kept");
            sent.push((message.id, message.payload));
        }
    }
}

/// The names of what was sent, with a part of the data each.
async fn heard(wallet: &Wallet, part: &str) -> Vec<(String, String)> {
    let parsed = payloads(wallet).await.into_iter().map(|payload| {
        let json: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
        let part = json["data"].pointer(part).map(|part| part.to_string()).unwrap_or_default();
        (json["type"].as_str().expect("a type").to_owned(), part.trim_matches('"').to_owned())
    });
    parsed.collect()
}

fn pair(event: &str, part: &str) -> (String, String) {
    (event.to_owned(), part.to_owned())
}

async fn put(wallet: &Wallet, id: WalletId, name: &str, command: Command) -> i64 {
    let submission = Submission::new(id, IdempotencyKey::internal(name), Actor::system("test"), command);
    wallet.ledger().submit(submission).await.expect("posted").seq()
}

fn basic() -> PlanChoice {
    PlanChoice { plan: "basic".into(), interval: Interval::Month, currency: Currency::RUB, with: None }
}

#[sqlx::test(migrations = "../migrations")]
async fn payments_and_plans_are_told_as_they_end(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    listen(&wallet, &viewer, &["payment.", "subscription."], false).await;
    let order =
        async |key: &str| wallet.payments().start_top_up(&viewer, &light(), key, BASE).await.expect("ordered").id;

    let paid = order("paid").await;
    assert_eq!(heard(&wallet, "/reason").await, [], "an order is no news yet");
    double.set(paid, ProviderStatus::Paid);
    for _ in 0..2 {
        wallet.payments().check(&viewer, paid).await.expect("checked");
    }
    assert_eq!(heard(&wallet, "/payment").await, [pair("payment.succeeded", &paid.to_string())]);

    let declined = order("declined").await;
    double.set(declined, ProviderStatus::Declined { code: "card_declined".into() });
    for _ in 0..2 {
        wallet.payments().check(&viewer, declined).await.expect("checked");
    }
    assert_eq!(heard(&wallet, "/reason").await, [pair("payment.failed", "card_declined")]);

    let odd = order("odd").await;
    double.books().pages.get_mut(&reference(odd)).expect("a page").money = roubles(1);
    double.set(odd, ProviderStatus::Paid);
    wallet.payments().check(&viewer, odd).await.expect("checked");
    assert_eq!(heard(&wallet, "/reason").await, [pair("payment.in_review", "mismatch")]);

    let plan = wallet.payments().start_plan(&viewer, &basic(), "plan", BASE).await.expect("ordered").id;
    double.set(plan, ProviderStatus::Paid);
    wallet.payments().check(&viewer, plan).await.expect("checked");
    assert_eq!(heard(&wallet, "/plan").await, [pair("payment.succeeded", ""), pair("subscription.started", "basic")]);

    for _ in 0..2 {
        wallet.plans().cancel(&viewer).await.expect("cancelled");
    }
    wallet.plans().resume(&viewer).await.expect("resumed");
    let told = heard(&wallet, "/plan").await;
    assert_eq!(told, [pair("subscription.cancelled", "basic"), pair("subscription.resumed", "basic")]);

    let due = wallet.plans().next_due().await.expect("read").expect("a billing date");
    wallet.clock().set(due);
    wallet.renew_plans().await.expect("renewed");
    assert_eq!(heard(&wallet, "/plan").await, [pair("payment.succeeded", ""), pair("subscription.renewed", "basic")]);

    let due = wallet.plans().next_due().await.expect("read").expect("a billing date");
    wallet.clock().set(due);
    double.books().declines = Some("card_declined".into());
    wallet.renew_plans().await.expect("renewed");
    let told = heard(&wallet, "/reason").await;
    assert_eq!(told, [pair("payment.failed", "card_declined"), pair("subscription.past_due", "card_declined")]);
    for _ in 0..4 {
        wallet.clock().advance(TimeDelta::days(2));
        wallet.renew_plans().await.expect("renewed");
    }
    assert_eq!(heard(&wallet, "/reason").await.pop(), Some(pair("subscription.ended", "unpaid")));
}

#[sqlx::test(migrations = "../migrations")]
async fn holds_and_expired_credits_are_told_by_their_rows(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    listen(&wallet, &viewer, &["hold.", "grant.expired"], false).await;
    let hold = async |name: &str| {
        let lines = vec![Receipt::flat("gpt-5", "GPT-5", credits(5))];
        put(&wallet, viewer.wallet, name, Command::Hold { lines, expires_in: Some(3_600) }).await
    };
    let (released, expired) = (hold("one").await, hold("two").await);
    let release = Command::Release { hold: released, reason: ReleaseReason::PlatformFailure };
    put(&wallet, viewer.wallet, "back", release).await;
    let mut grant = NewGrant::new(credits(3), GrantSource::Promo, "promo");
    grant.expires_at = Some(wallet.clock().now() + TimeDelta::hours(1));
    put(&wallet, viewer.wallet, "promo", Command::Grant(grant)).await;
    wallet.clock().advance(TimeDelta::hours(2));
    while wallet.ledger().expire_holds().await.expect("swept") > 0 {}
    while wallet.ledger().expire_grants().await.expect("swept") > 0 {}
    let (one, two) = (released.to_string(), expired.to_string());
    let mut told = heard(&wallet, "/hold").await;
    told.sort();
    assert_eq!(
        told,
        [
            pair("grant.expired", ""),
            pair("hold.created", &one),
            pair("hold.created", &two),
            pair("hold.expired", &two),
            pair("hold.released", &one),
        ]
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn slack_is_sent_one_line_in_the_owners_language(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    let double = Double::new(&wallet);
    listen(&wallet, &viewer, &["project.credits_low", "payment."], true).await;
    listen(&wallet, &viewer, &["project.credits_low"], false).await;
    let low_below = Some(credits(30));
    wallet.notify().set_alerts(&viewer, &AlertSettings { low_below, wanted: vec![] }).await.expect("set");
    // Fifty credits: the own threshold is crossed at a row, the catalog's 20 % are not.
    let receipt = Receipt::flat("gpt-5", "GPT-5", credits(25));
    put(&wallet, viewer.wallet, "spent", Command::Charge { receipt }).await;
    let mut told = payloads(&wallet).await;
    told.sort();
    assert_eq!(told[0], r#"{"text":"project.credits_low ru {\"below\":30}"}"#);
    assert!(told[1].starts_with(r#"{"type":"project.credits_low""#) && told.len() == 2, "{told:?}");

    let paid = wallet.payments().start_top_up(&viewer, &light(), "paid", BASE).await.expect("ordered").id;
    double.set(paid, ProviderStatus::Paid);
    wallet.payments().check(&viewer, paid).await.expect("checked");
    let told = payloads(&wallet).await;
    assert!(told.len() == 1 && told[0].starts_with(r#"{"text":"payment.succeeded ru "#), "{told:?}");
    let endpoints = wallet.webhooks().endpoints(viewer.wallet).await.expect("a list");
    let slack = endpoints.iter().find(|endpoint| endpoint.is_slack).expect("one");
    wallet.webhooks().test(viewer.wallet, slack.id, &IdempotencyKey::internal("try")).await.expect("queued");
    assert_eq!(payloads(&wallet).await, [r#"{"text":"This is a test."}"#]);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_endpoint_that_fails_for_an_hour_is_told_of_once_until_it_works_again(pool: PgPool) {
    let wallet = open(&pool).await;
    let viewer = member(&wallet, ANNA).await;
    mails(&wallet, ANNA).await;
    listen(&wallet, &viewer, &["ledger."], false).await;
    let mut number = 0;
    let mut row = async |status: u16| {
        number += 1;
        let grant = NewGrant::new(credits(1), GrantSource::Promo, "test");
        put(&wallet, viewer.wallet, &format!("g{number}"), Command::Grant(grant)).await;
        wallet.webhooks().relay(&Bodies).await.expect("relayed");
        for message in wallet.webhooks().take(&mut UnderWay::default()).await.expect("taken") {
            let sent = Sent { status: Some(status), note: "x".into(), millis: 1, retry_after: None };
            wallet.webhooks().finish(&message, &sent).await.expect("kept");
        }
        wallet.clock().advance(TimeDelta::minutes(40));
        let told = mails(&wallet, ANNA).await;
        told.iter().filter(|mail| matches!(mail, Mail::WebhookFailing(_))).count()
    };
    let told = [row(500).await, row(500).await, row(500).await, row(500).await];
    assert_eq!(told, [0, 0, 1, 0], "after an hour, and not again");
    assert_eq!(row(200).await, 0);
    let told = [row(500).await, row(500).await, row(500).await];
    assert_eq!(told, [0, 0, 1], "it worked in between");
}
