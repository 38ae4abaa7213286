//! The shares of outgoing webhooks on a real database: endpoints that hang or hoard delay nobody else's messages.
#![cfg(feature = "postgres")]

mod people_support;

use people_support::*;
use serde_json::{Map, Value};
use sqlx::PgPool;
use uuid::Uuid;
use wallet::Wallet;
use wallet::error::{Problem, Refusal, Result};
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Viewer};
use wallet::ledger::EntryView;
use wallet::money::Credits;
use wallet::notify::webhook::{EventKind, NewEndpoint, Notice, Outgoing, Payloads, QUEUED_MAX, Sent, UnderWay};
use wallet::tariff::{Announcement, ChargeRequest, LineRequest};

struct Bodies;

impl Payloads for Bodies {
    fn entry(&self, entry: &EntryView) -> Result<String> {
        Ok(entry.seq.to_string())
    }

    fn credits(&self, _: &EntryView, _: Option<Credits>) -> Result<String> {
        Ok("{}".to_owned())
    }

    fn hold(&self, entry: &EntryView) -> Result<String> {
        Ok(entry.seq.to_string())
    }

    fn notice(&self, _: WalletId, _: &Notice) -> Result<String> {
        Ok("{}".to_owned())
    }

    fn price_change(&self, _: Announcement) -> Result<String> {
        Ok("{}".to_owned())
    }

    fn line(&self, event: EventKind, _: &str, locale: &str) -> Result<String> {
        Ok(format!("{} in {locale}", event.code()))
    }
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).expect("a key")
}

/// Gives an account an endpoint at a host that hears of every row.
async fn listen(wallet: &Wallet, viewer: &Viewer, host: &str) -> Uuid {
    let url = format!("https://{host}/{}", Uuid::now_v7());
    let events = vec![EventKind::LedgerEntryCreated];
    let new = NewEndpoint { url, description: String::new(), events, is_slack: false };
    let name = Uuid::now_v7().to_string();
    wallet.webhooks().create(viewer.wallet, &viewer.actor(), &new, &key(&name)).await.expect("made").endpoint.id
}

async fn charge(wallet: &Wallet, viewer: &Viewer, times: usize) {
    for _ in 0..times {
        let line = LineRequest { operation: "gpt-5".to_owned(), params: Map::new(), count: 1 };
        let request = ChargeRequest { wallet: viewer.wallet, plan_rank: 0, line, quote: None, metadata: Value::Null };
        let name = Uuid::now_v7().to_string();
        wallet.tariffs().charge(request, Actor::system("test"), key(&name)).await.expect("charged");
    }
}

async fn relay(wallet: &Wallet) -> u64 {
    wallet.webhooks().relay(&Bodies).await.expect("relayed")
}

/// An account with endpoints at hosts, for which older messages wait than for anybody who comes later.
async fn hostile(wallet: &Wallet, name: &str, hosts: &[String]) -> Viewer {
    let viewer = member(wallet, &format!("{name}@example.com")).await;
    for host in hosts {
        listen(wallet, &viewer, host).await;
    }
    charge(wallet, &viewer, 10).await;
    viewer
}

async fn make_all_slow(pool: &PgPool) {
    sqlx::query("UPDATE webhook_endpoints SET is_slow = true").execute(pool).await.expect("slow");
}

/// Makes hostile accounts with so many endpoints each, and beside them a stranger with one; all endpoints are slow.
async fn stranger_beside(wallet: &Wallet, pool: &PgPool, accounts: usize, endpoints: usize) -> (Viewer, Uuid) {
    for number in 0..accounts {
        let hosts: Vec<String> = (0..endpoints).map(|place| format!("h{number}-{place}.example")).collect();
        hostile(wallet, &format!("hostile{number}"), &hosts).await;
    }
    while relay(wallet).await > 0 {}
    let stranger = member(wallet, "stranger@example.com").await;
    let own = listen(wallet, &stranger, "own.example").await;
    make_all_slow(pool).await;
    (stranger, own)
}

fn of(messages: &[Outgoing], endpoint: Uuid) -> usize {
    messages.iter().filter(|message| message.endpoint == endpoint).count()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_slow_stranger_has_a_place_beside_four_accounts_of_slow_endpoints(pool: PgPool) {
    let wallet = open(&pool).await;
    let (stranger, own) = stranger_beside(&wallet, &pool, 4, 10).await;
    let mut under_way = UnderWay::default();
    let hanging = wallet.webhooks().take(&mut under_way).await.expect("taken");
    assert_eq!(hanging.len(), 4 * 2, "two of each account");
    charge(&wallet, &stranger, 1).await;
    relay(&wallet).await;
    let next = wallet.webhooks().take(&mut under_way).await.expect("taken");
    assert_eq!((next.len(), of(&next, own)), (1, 1), "at once, though all of theirs hang");
    // Once it answers quickly it is slow no more.
    let answered = Sent { status: Some(204), note: String::new(), millis: 20, retry_after: None };
    wallet.webhooks().finish(&next[0], &answered).await.expect("kept");
    under_way.end(&next[0].claim);
    charge(&wallet, &stranger, 3).await;
    relay(&wallet).await;
    let next = wallet.webhooks().take(&mut under_way).await.expect("taken");
    assert_eq!(of(&next, own), 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn slow_places_go_round_the_accounts(pool: PgPool) {
    let wallet = open(&pool).await;
    let (stranger, own) = stranger_beside(&wallet, &pool, 20, 2).await;
    let mut under_way = UnderWay::default();
    let mut hanging = wallet.webhooks().take(&mut under_way).await.expect("taken");
    assert_eq!(hanging.len(), 16, "one of each of sixteen accounts");
    charge(&wallet, &stranger, 1).await;
    relay(&wallet).await;
    let hung = Sent { status: None, note: String::new(), millis: 15_000, retry_after: None };
    let mut turns = 0;
    loop {
        let ended = hanging.remove(0);
        wallet.webhooks().finish(&ended, &hung).await.expect("kept");
        under_way.end(&ended.claim);
        let next = wallet.webhooks().take(&mut under_way).await.expect("taken");
        assert_eq!(next.len(), 1, "a place is free, and many wait");
        turns += 1;
        if of(&next, own) == 1 {
            break;
        }
        hanging.extend(next);
        assert!(turns < 6, "four have not had their turn, and then it is the stranger's");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stranger_on_a_shared_host_has_a_place_there(pool: PgPool) {
    let wallet = open(&pool).await;
    for number in 0..4 {
        hostile(&wallet, &format!("hostile{number}"), &vec!["hooks.example".to_owned(); 10]).await;
    }
    while relay(&wallet).await > 0 {}
    let stranger = member(&wallet, "stranger@example.com").await;
    let own = listen(&wallet, &stranger, "hooks.example").await;
    let mut under_way = UnderWay::default();
    let hanging = wallet.webhooks().take(&mut under_way).await.expect("taken");
    assert_eq!(hanging.len(), 12, "the last quarter is for those who have nothing there");
    charge(&wallet, &stranger, 2).await;
    relay(&wallet).await;
    let next = wallet.webhooks().take(&mut under_way).await.expect("taken");
    assert_eq!((next.len(), of(&next, own)), (1, 1), "at once");
    under_way.end(&next[0].claim);
    let next = wallet.webhooks().take(&mut under_way).await.expect("taken");
    assert_eq!((next.len(), of(&next, own)), (1, 1), "and again");
}

#[sqlx::test(migrations = "../migrations")]
async fn so_many_messages_wait_for_an_endpoint_and_the_rest_stays_in_the_ledger(pool: PgPool) {
    let wallet = open(&pool).await;
    let anna = member(&wallet, "anna@example.com").await;
    let [full, other] = [listen(&wallet, &anna, "full.example").await, listen(&wallet, &anna, "other.example").await];
    let fill = "INSERT INTO webhook_deliveries (id, endpoint_id, event, subject, payload, due_at, created_at)
                SELECT gen_random_uuid(), $1, 'ledger.entry.created', 'old:' || n, '{}', now() + interval '1 hour', now()
                FROM generate_series(1, $2) AS n";
    sqlx::query(fill).bind(full).bind(QUEUED_MAX).execute(&pool).await.expect("filled");
    charge(&wallet, &anna, 3).await;
    assert_eq!(relay(&wallet).await, 3, "the other endpoint's");
    assert_eq!(relay(&wallet).await, 0, "and nothing is tried again and again");
    let test = refusal(wallet.webhooks().test(anna.wallet, full, &key("t")).await);
    assert!(
        matches!(&test, Refusal::Unprocessable { fields } if fields[0].problem == Problem::TooMany),
        "neither tests: {test:?}"
    );
    wallet.webhooks().test(anna.wallet, other, &key("t")).await.expect("queued");
    let done = "UPDATE webhook_deliveries SET state = 'delivered', finished_at = now() WHERE id =
                (SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 AND state = 'queued' LIMIT 1)";
    sqlx::query(done).bind(full).execute(&pool).await.expect("one is done");
    assert_eq!(relay(&wallet).await, 3, "nothing was lost");
}
