//! Connections that say nothing, or too little: they end, and keep nobody out. Real sockets.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Site, TIMEOUT};

/// Opens a connection, and begins a request on it that never ends.
async fn half_open(site: &Site) -> TcpStream {
    let mut stream = connect(site).await;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x").await.expect("written");
    stream
}

async fn connect(site: &Site) -> TcpStream {
    let address = site.url.strip_prefix("http://").expect("an address");
    TcpStream::connect(address).await.expect("connected")
}

/// Waits until the server has closed a connection; says what came before.
async fn closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    // A connection that is reset is closed as well.
    timeout(TIMEOUT, stream.read_to_end(&mut heard)).await.expect("closed in time").ok();
    heard
}

/// Asks on a connection, and reads the head of the answer.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    let mut heard = vec![0; 4_096];
    let length = timeout(TIMEOUT, stream.read(&mut heard)).await.expect("in time").expect("an answer");
    String::from_utf8_lossy(&heard[..length]).into_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn half_open_connections_end_and_keep_nobody_out(pool: PgPool) {
    let site = Site::start_with(pool, &["--head-timeout=1"]).await;
    let mut hanging = Vec::new();
    for _ in 0..330 {
        hanging.push(half_open(&site).await);
    }
    let program = site.program("stranger", 10).await;
    let told = program.get("/balance").await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    for stream in &mut hanging {
        assert_eq!(closed(stream).await, b"", "no answer to half a question");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn where_all_places_are_taken_those_who_say_nothing_make_room(pool: PgPool) {
    let site = Site::start_with(pool, &["--connections-max=100", "--head-timeout=60"]).await;
    let mut hanging = Vec::new();
    for _ in 0..330 {
        hanging.push(half_open(&site).await);
    }
    let began = Instant::now();
    let program = site.program("stranger", 10).await;
    assert_eq!(program.get("/balance").await.status, StatusCode::OK);
    assert!(began.elapsed() < TIMEOUT, "nobody waits for the sixty seconds");
    closed(&mut hanging[0]).await;
}

/// Asks again and again on one connection and reads none of the answers, until the server can write no more of them.
async fn never_reads(site: &Site) -> TcpStream {
    let mut stream = connect(site).await;
    let request = "GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    // Its own requests stay unread as well then.
    while let Ok(written) = timeout(Duration::from_secs(1), stream.write(request.as_bytes())).await {
        written.expect("written");
    }
    stream
}

#[sqlx::test(migrations = "../migrations")]
async fn readers_that_take_nothing_make_room_where_all_places_are_taken(pool: PgPool) {
    let flags = ["--connections-max=10", "--rate-address-reads=100000000", "--head-timeout=60", "--idle-timeout=600"];
    let site = Site::start_with(pool, &flags).await;
    // Two of ten: an address has a quarter.
    let [mut first, _second] = [never_reads(&site).await, never_reads(&site).await];
    let began = Instant::now();
    let mut tries = tokio::time::interval(Duration::from_millis(100));
    loop {
        tries.tick().await;
        let mut newcomer = connect(&site).await;
        newcomer.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ok();
        if closed(&mut newcomer).await.starts_with(b"HTTP/1.1 200") {
            break;
        }
        assert!(began.elapsed() < TIMEOUT, "nobody makes room");
    }
    closed(&mut first).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_address_has_so_many_and_a_trusted_proxy_any_number(pool: PgPool) {
    let site = Site::start_with(pool.clone(), &["--connections-each=2"]).await;
    let mut streams = [connect(&site).await, connect(&site).await];
    assert!(ask(&mut streams[0]).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut streams[1]).await.starts_with("HTTP/1.1 200"));
    let mut third = connect(&site).await;
    assert!(ask(&mut third).await.starts_with("HTTP/1.1 200"), "the newcomer is served");
    closed(&mut streams[0]).await;
    assert!(ask(&mut streams[1]).await.starts_with("HTTP/1.1 200"), "only the one that waited longest has gone");

    let site = Site::start_with(pool, &["--connections-each=2", "--trusted-proxies=127.0.0.1"]).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = connect(&site).await;
        assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
        streams.push(stream);
    }
    for stream in &mut streams {
        assert!(ask(stream).await.starts_with("HTTP/1.1 200"), "all of them stay");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn idle_connections_end_and_streams_of_events_go_on(pool: PgPool) {
    let site = Site::start_with(pool, &["--head-timeout=1", "--idle-timeout=1"]).await;
    let program = site.program("listener", 10).await;
    let mut events = program.call(reqwest::Method::GET, "/events").send().await.expect("a stream");
    assert_eq!(events.status(), StatusCode::OK);
    let mut heard = String::new();
    while !heard.contains("event: balance") {
        let piece = timeout(TIMEOUT, events.chunk()).await.expect("in time").expect("open");
        heard.push_str(&String::from_utf8_lossy(&piece.expect("a piece")));
    }
    let mut silent = connect(&site).await;
    let mut idle = connect(&site).await;
    assert!(ask(&mut idle).await.starts_with("HTTP/1.1 200"));
    closed(&mut silent).await;
    closed(&mut idle).await;
    // Another one, opened after both: by its end the stream has outlived every limit twice.
    closed(&mut connect(&site).await).await;
    program.post("/charges", "c", &json!({ "operation": "gpt-5" })).await;
    while !heard.contains("event: entry") {
        let piece = timeout(TIMEOUT, events.chunk()).await.expect("in time").expect("open");
        heard.push_str(&String::from_utf8_lossy(&piece.expect("a piece")));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn stopping_ends_what_waits_and_answers_what_was_asked(pool: PgPool) {
    let site = Site::start(pool).await;
    let (mut silent, mut idle, mut asking) = (connect(&site).await, connect(&site).await, half_open(&site).await);
    assert!(ask(&mut idle).await.starts_with("HTTP/1.1 200"));
    // Connections are accepted in their order: with this answer, half a request of the one before has been read.
    let mut later = connect(&site).await;
    assert!(ask(&mut later).await.starts_with("HTTP/1.1 200"));
    let began = Instant::now();
    site.state.stopping.cancel();
    closed(&mut silent).await;
    closed(&mut idle).await;
    assert!(began.elapsed() < Duration::from_secs(5), "at once, not after a time limit");
    asking.write_all(b"\r\n\r\n").await.ok();
    let answer = closed(&mut asking).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}
