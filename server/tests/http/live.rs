//! Events: every row in order, none missed and none doubled, over reconnects.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::support::{Program, Site, TIMEOUT};

/// One event as it came.
#[derive(Clone, Debug)]
struct Event {
    name: String,
    id: Option<i64>,
    data: Value,
}

/// Reads events off an open stream.
struct Stream {
    response: Response,
    buffer: String,
}

impl Stream {
    async fn open(program: &Program<'_>, after: Option<i64>) -> Self {
        let mut request = program.call(Method::GET, "/events");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = request.send().await.expect("a stream");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((text, rest)) = self.buffer.split_once("\n\n") {
                let (text, rest) = (text.to_owned(), rest.to_owned());
                self.buffer = rest;
                if let Some(event) = event(&text) {
                    return Some(event);
                }
                continue;
            }
            let chunk = timeout(TIMEOUT, self.response.chunk()).await.expect("in time").ok()??;
            self.buffer.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// Reads the rows up to a `seq`.
    async fn rows_until(&mut self, last: i64) -> Vec<i64> {
        let mut rows = Vec::new();
        while rows.last() != Some(&last) {
            let event = self.next().await.expect("more events");
            if event.name == "entry" {
                assert_eq!(event.id, event.data["seq"].as_i64(), "the id is the row's seq");
                rows.extend(event.id);
            }
        }
        rows
    }
}

fn event(text: &str) -> Option<Event> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
    Some(Event {
        name: field("event:")?.to_owned(),
        id: field("id:").and_then(|id| id.parse().ok()),
        data: serde_json::from_str(field("data:")?).expect("JSON"),
    })
}

async fn charge(program: &Program<'_>, key: &str) -> i64 {
    let told = program.post("/charges", key, &json!({ "operation": "gpt-5-nano" })).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    told.json()["id"].as_i64().expect("an id")
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_come_in_order_and_a_reconnect_goes_on_where_it_stopped(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("live", 1_000).await;
    let mut stream = Stream::open(&program, None).await;
    let first = stream.next().await.expect("a balance");
    assert_eq!((first.name.as_str(), &first.data["available"]), ("balance", &json!(1_000)));
    let start = first.id.expect("where the stream begins");

    let one = charge(&program, "one").await;
    assert_eq!(stream.rows_until(one).await, [one]);
    let balance = stream.next().await.expect("a balance");
    assert_eq!((balance.name.as_str(), balance.id, &balance.data["available"]), ("balance", None, &json!(999)));

    // Away for 450 rows: more than two pages of them.
    drop(stream);
    let mut last = one;
    for at in 0..450 {
        last = charge(&program, &format!("away-{at}")).await;
    }
    let mut stream = Stream::open(&program, Some(one)).await;
    assert_eq!(stream.rows_until(last).await, (one + 1..=last).collect::<Vec<_>>());
    let newer = charge(&program, "back").await;
    assert_eq!(stream.rows_until(newer).await, [newer]);
    assert_eq!(start + 452, newer);
}

#[sqlx::test(migrations = "../migrations")]
async fn many_writers_and_a_cut_leave_no_gap(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("busy", 1_000).await;
    let mut stream = Stream::open(&program, None).await;
    let start = stream.next().await.and_then(|event| event.id).expect("a start");
    let writes = async {
        let all = (0..120).map(|at| {
            let program = &program;
            async move { charge(program, &format!("w-{at}")).await }
        });
        futures::future::join_all(all).await.into_iter().max().expect("rows")
    };
    let reads = async {
        let mut rows = Vec::new();
        // Cut after every 25 rows.
        while rows.last() != Some(&(start + 120)) {
            let event = stream.next().await.expect("more");
            if event.name == "entry" {
                rows.extend(event.id);
                if rows.len() % 25 == 0 {
                    stream = Stream::open(&program, rows.last().copied()).await;
                }
            }
        }
        rows
    };
    let (last, rows) = tokio::join!(writes, timeout(TIMEOUT, reads));
    assert_eq!(rows.expect("in time"), (start + 1..=last).collect::<Vec<_>>());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_follows_its_own_wallet_and_streams_end_with_the_server(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("tab", 100).await;
    let mut browser = site.browser();
    browser.sign_in("tab").await;
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = site.client.get(format!("{}/live?after=999999", site.url)).header("cookie", cookies.join("; "));
    let response = request.send().await.expect("a stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut stream = Stream { response, buffer: String::new() };
    let first = stream.next().await.expect("a balance");
    assert!(first.id.is_some(), "a place that does not exist is corrected");
    let seq = charge(&program, "x").await;
    let entry = stream.next().await.expect("a row");
    assert_eq!((entry.id, entry.data["amount"].as_i64()), (Some(seq), Some(-1_000_000)), "the app's own read model");

    site.state.stopping.cancel();
    let ended = timeout(Duration::from_secs(5), async { while stream.next().await.is_some() {} }).await;
    assert!(ended.is_ok(), "streams end when the process stops");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stream_ends_with_the_key_or_the_session_that_opened_it(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("leaver", 100).await;
    let mut of_key = Stream::open(&program, None).await;
    of_key.next().await.expect("a balance");
    let (mut browser, mut other) = (site.browser(), site.browser());
    let mut streams = Vec::new();
    for window in [&mut browser, &mut other] {
        window.sign_in("leaver").await;
        let cookies: Vec<String> = window.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = site.client.get(format!("{}/live", site.url)).header("cookie", cookies.join("; "));
        let mut stream = Stream { response: request.send().await.expect("a stream"), buffer: String::new() };
        stream.next().await.expect("a balance");
        streams.push(stream);
    }
    let keys = site.wallet().identity().keys(&program.viewer).await.expect("keys");
    site.wallet().identity().revoke_key(&program.viewer, keys[0].id).await.expect("revoked");
    browser.post("/sign-out", &[]).await;
    assert!(of_key.next().await.is_none(), "a revoked key hears nothing more");
    assert!(streams[0].next().await.is_none(), "nor does who has signed out");
    let seq = site.wallet().ledger().balance(program.viewer.wallet).await.expect("a balance").seq;
    let grant =
        wallet::ledger::NewGrant::new(wallet::money::Credits::ONE, wallet::ledger::GrantSource::Promo, "still there");
    let submission = wallet::ledger::Submission::new(
        program.viewer.wallet,
        wallet::idempotency::IdempotencyKey::internal("test:still"),
        wallet::identity::Actor::system("test"),
        wallet::ledger::Command::Grant(grant),
    );
    site.wallet().ledger().submit(submission).await.expect("granted");
    let entry = streams[1].next().await.expect("the other window goes on");
    assert_eq!(entry.id, Some(seq + 1));
}

#[sqlx::test(migrations = "../migrations")]
async fn streams_are_bounded(pool: PgPool) {
    let site = Site::start_with(pool, &["--streams-max", "1"]).await;
    let program = site.program("many", 10).await;
    let mut first = Stream::open(&program, None).await;
    first.next().await.expect("open");
    assert_eq!(program.get("/events").await.code(), "unavailable");
}

#[sqlx::test(migrations = "../migrations")]
async fn programs_are_told_how_far_holds_and_payments_are(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("teller", 100).await;
    let mut stream = Stream::open(&program, None).await;
    stream.next().await.expect("a balance");
    let hold = program.post("/holds", "h", &json!({ "lines": [{ "operation": "gpt-5" }] })).await.json();
    let id = hold["id"].as_i64().expect("an id");
    let path = format!("/holds/{id}/release");
    program.post(&path, "r", &json!({ "reason": "cancelled" })).await;
    let mut told = Vec::new();
    while told.len() < 4 {
        let event = stream.next().await.expect("more");
        match event.name.as_str() {
            "hold" => told.push((event.data["state"].to_string(), event.data["id"].as_i64(), event.id)),
            "entry" => told.push(("row".to_owned(), event.data["refers_to"].as_i64(), event.id)),
            _ => {}
        }
    }
    let row = |refers_to, seq| ("row".to_owned(), refers_to, Some(seq));
    let of_hold = |state: &str| (format!("\"{state}\""), Some(id), None);
    assert_eq!(told, [of_hold("open"), row(None, id), of_hold("released"), row(Some(id), id + 1)]);

    let ordered = program.post("/top-ups", "t", &json!({ "package": "light", "currency": "RUB" })).await.json();
    loop {
        let event = stream.next().await.expect("more");
        if event.name == "payment" {
            assert_eq!((&event.data["payment_id"], event.id), (&ordered["payment_id"], None));
            assert_eq!(event.data["status"], "pending");
            break;
        }
    }
}
