//! Outgoing webhooks over HTTP: endpoints by the API, signed messages to a listener, the log, and where they may not
//! go.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode as Code, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::api::ApiPayloads;
use server::webhook_delivery;
use sqlx::PgPool;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use crate::support::{Program, Site, Told};

/// The head and the body of a request.
type Heard = (HeaderMap, Vec<u8>);

/// A program that listens, and answers as the test says.
#[derive(Clone, Default)]
struct Listener {
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<Mutex<Option<u16>>>,
}

impl Listener {
    async fn start() -> (Self, String) {
        let listener = Self::default();
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let router = Router::new().route("/{*path}", any(hear)).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        (listener, format!("http://{address}"))
    }

    fn will_answer(&self, status: u16) {
        *self.answer.lock().expect("a lock") = Some(status);
    }

    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().expect("a lock"))
    }
}

async fn hear(State(listener): State<Listener>, headers: HeaderMap, body: Bytes) -> Response {
    listener.heard.lock().expect("a lock").push((headers, body.to_vec()));
    let status = listener.answer.lock().expect("a lock").unwrap_or(204);
    match status {
        // More than anybody should read.
        299 => Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 8_192]))
        }))
        .into_response(),
        302 => (Code::FOUND, [(header::LOCATION, "http://169.254.169.254/latest/meta-data")]).into_response(),
        status => Code::from_u16(status).expect("a status").into_response(),
    }
}

async fn make(program: &Program<'_>, key: &str, url: &str, events: &[&str]) -> Told {
    program.post("/webhook-endpoints", key, &json!({ "url": url, "events": events })).await
}

async fn deliver(site: &Site) -> usize {
    webhook_delivery::round(&site.state, &ApiPayloads::of(&site.state)).await.expect("a round")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_is_told_signed_and_its_log_can_be_replayed(pool: PgPool) {
    let site = Site::start_with(pool, &["--webhook-private=true"]).await;
    let (listener, url) = Listener::start().await;
    let program = site.program("nora", 100).await;
    let told = make(&program, "e", &format!("{url}/hook"), &["ledger.entry.created"]).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    let made = told.json();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let id = made["id"].as_str().expect("an id").to_owned();
    let listed = program.get("/webhook-endpoints").await.json();
    assert_eq!(listed["webhook_endpoints"][0]["id"], json!(id));
    assert!(listed["webhook_endpoints"][0].get("secret").is_none(), "shown once");

    program.post("/charges", "c", &json!({ "operation": "gpt-5", "metadata": { "customer_id": "x" } })).await;
    listener.will_answer(500);
    assert_eq!(deliver(&site).await, 1);
    let heard = listener.heard();
    let (headers, body) = &heard[0];
    Webhook::new(&secret).expect("a secret").verify(body, headers).expect("signed");
    let event: Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!((&event["type"], &event["data"]["entry"]["amount"]), (&json!("ledger.entry.created"), &json!(-2)));
    assert_eq!(event["data"]["entry"]["metadata"]["customer_id"], json!("x"));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(deliver(&site).await, 0, "not before its wait is over");

    let log = program.get(&format!("/webhook-deliveries?webhook_endpoint_id={id}")).await.json();
    let failed = &log["webhook_deliveries"][0];
    assert_eq!(
        (&failed["state"], &failed["tries"], &failed["last_status"]),
        (&json!("queued"), &json!(1), &json!(500))
    );
    let delivery = failed["id"].as_str().expect("an id").to_owned();
    listener.will_answer(204);
    let path = format!("/webhook-deliveries/{delivery}/redeliver");
    let again = program.post(&path, "again", &json!({})).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text);
    program.post(&path, "again", &json!({})).await;
    assert_eq!(deliver(&site).await, 1, "once");
    let replayed = listener.heard();
    assert_eq!((&replayed[0].0["webhook-id"], &replayed[0].1), (&headers["webhook-id"], body), "the same message");
    let again = again.json()["id"].as_str().expect("an id").to_owned();
    let shown = program.get(&format!("/webhook-deliveries/{again}")).await.json();
    assert_eq!((&shown["state"], &shown["detail"]["attempts"][0]["status"]), (&json!("delivered"), &json!(204)));

    let rotated = program.post(&format!("/webhook-endpoints/{id}/rotate-secret"), "unused", &json!({})).await.json();
    let new_secret = rotated["secret"].as_str().expect("a secret").to_owned();
    let tested = program.post(&format!("/webhook-endpoints/{id}/test"), "t", &json!({})).await;
    assert_eq!(tested.status, StatusCode::ACCEPTED, "{}", tested.text);
    deliver(&site).await;
    let (headers, body) = listener.heard().remove(0);
    for secret in [&secret, &new_secret] {
        Webhook::new(secret).expect("a secret").verify(&body, &headers).expect("signed with both");
    }
    let gone = program
        .call(Method::DELETE, &format!("/webhook-endpoints/{id}"))
        .header("idempotency-key", "gone")
        .send()
        .await
        .expect("an answer");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(program.get(&format!("/webhook-deliveries/{again}")).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn redirects_are_not_followed_and_long_answers_not_read(pool: PgPool) {
    let site = Site::start_with(pool, &["--webhook-private=true"]).await;
    let (listener, url) = Listener::start().await;
    let program = site.program("nora", 100).await;
    let id = make(&program, "e", &format!("{url}/hook"), &["project.credits_low"]).await.json();
    let id = id["id"].as_str().expect("an id");
    for (key, status, note) in [("redirect", 302, 302), ("endless", 299, 200)] {
        listener.will_answer(status);
        program.post(&format!("/webhook-endpoints/{id}/test"), key, &json!({})).await;
        let begun = Instant::now();
        assert_eq!(deliver(&site).await, 1);
        assert!(begun.elapsed().as_secs() < 10, "an endless answer is left");
        assert_eq!(listener.heard().len(), 1, "{key}");
        let log = program.get("/webhook-deliveries?limit=1").await.json();
        assert_eq!(log["webhook_deliveries"][0]["last_status"], json!(note), "{log}");
    }
    let log = program.get("/webhook-deliveries?limit=1").await.json();
    let next = log["next_cursor"].as_str().expect("another page");
    let older = program.get(&format!("/webhook-deliveries?limit=1&cursor={next}")).await.json();
    assert_eq!(older["webhook_deliveries"][0]["state"], json!("queued"), "a redirect is a failure: {older}");
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_of_ours_is_reached_neither_when_made_nor_when_sent(pool: PgPool) {
    let (listener, url) = Listener::start().await;
    let (nora, first) = {
        let open = Site::start_with(pool.clone(), &["--webhook-private=true"]).await;
        let program = open.program("nora", 100).await;
        assert_eq!(make(&program, "e", &format!("{url}/hook"), &["ledger.entry.created"]).await.status, 201);
        let first = make(&program, "n", "https://localhost:8443/", &["ledger.entry.created"]).await;
        assert_eq!(first.status, 201);
        program.post("/charges", "c", &json!({ "operation": "gpt-5" })).await;
        ((program.key, program.viewer), first)
    };
    // The same database, an operator who does not allow it: what was made before is not reached any more.
    let site = Site::start(pool).await;
    // Each node reads the database's clock by itself, so what this one relays may be due a moment after its first look.
    let mut sent = 0;
    while sent < 2 {
        sent += deliver(&site).await;
    }
    assert_eq!((sent, listener.heard().len()), (2, 0));
    // A repeat is answered as the first time, whatever is allowed by now; and only a repeat.
    let nora = Program { site: &site, key: nora.0, viewer: nora.1 };
    let again = make(&nora, "n", "https://localhost:8443/", &["ledger.entry.created"]).await;
    assert_eq!((again.status, again.json()["id"].clone()), (StatusCode::CREATED, first.json()["id"].clone()));
    let other = make(&nora, "n", "https://localhost:8444/", &["ledger.entry.created"]).await;
    assert_eq!(other.code(), "idempotency_mismatch", "{}", other.text);
    let new = make(&nora, "m", "https://localhost:8443/", &["ledger.entry.created"]).await;
    assert_eq!(new.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", new.text);
    let (_, viewer) = site.person("boris").await;
    let new = wallet::identity::NewKey {
        name: "test".to_owned(),
        environment: wallet::identity::Environment::Production,
        scopes: vec!["webhooks:write".to_owned()],
        ceiling: None,
    };
    let key = site.wallet().identity().create_key(&viewer, &new).await.expect("a key").secret;
    let program = Program { site: &site, key, viewer };
    for bad in [
        "http://example.com/",
        "https://127.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/x",
        "https://me@example.com/",
        "https://example.com:25/",
        "https://localhost/",
    ] {
        let told = make(&program, "bad", bad, &["ledger.entry.created"]).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"), "{bad}");
        assert_eq!(told.json()["error"]["detail"]["fields"][0]["field"], json!("url"));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_input_is_named(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("nora", 10).await;
    let url = "https://8.8.8.8/hook";
    for (body, field) in [
        (json!({ "url": "x", "events": ["ledger.entry.created"] }), "url"),
        (json!({ "url": "", "events": ["ledger.entry.created"] }), "url"),
        (json!({ "url": url, "events": [] }), "events"),
        (json!({ "url": url, "events": ["payment.paid"] }), "events[0]"),
        (json!({ "url": url, "events": ["webhook.test"] }), "events"),
        (json!({ "url": url, "events": ["ledger.entry.created"], "description": "x".repeat(101) }), "description"),
        (json!({ "url": url, "events": ["ledger.entry.created"], "colour": "red" }), "colour"),
    ] {
        let told = program.post("/webhook-endpoints", "k", &body).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"), "{body}");
        assert!(told.text.contains(field), "{field}: {}", told.text);
    }
    let without = program.call(Method::POST, "/webhook-endpoints").json(&json!({ "url": url, "events": ["x"] }));
    assert_eq!(Told::of(without.send().await.expect("an answer")).await.code(), "idempotency_key_required");
    for path in ["/webhook-deliveries/x", "/webhook-deliveries/0192aaaa-0000-7000-8000-000000000000"] {
        assert_eq!(program.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(program.get("/webhook-deliveries?cursor=x").await.code(), "invalid_request");
    let reader = site.program_with("reader", 10, &["webhooks:read"]).await;
    assert_eq!(reader.get("/webhook-endpoints").await.status, StatusCode::OK);
    let told = make(&reader, "k", url, &["ledger.entry.created"]).await;
    assert_eq!(told.code(), "forbidden");
    let others = make(&program, "mine", url, &["ledger.entry.created"]).await.json();
    let path = format!("/webhook-endpoints/{}/test", others["id"].as_str().expect("an id"));
    let stranger = site.program("stranger", 10).await;
    assert_eq!(stranger.post(&path, "k", &json!({})).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn slack_is_sent_one_line_that_is_signed_like_all_others(pool: PgPool) {
    let site = Site::start_with(pool, &["--webhook-private=true"]).await;
    let (listener, url) = Listener::start().await;
    let program = site.program("nora", 12).await;
    let body = json!({ "url": format!("{url}/hook"), "events": ["hold.created"], "format": "slack" });
    let made = program.post("/webhook-endpoints", "s", &body).await;
    assert_eq!((made.status.as_u16(), &made.json()["format"]), (201, &json!("slack")), "{}", made.text);
    let odd = json!({ "url": format!("{url}/hook"), "events": ["hold.created"], "format": "teams" });
    assert_eq!(program.post("/webhook-endpoints", "o", &odd).await.code(), "invalid_request");
    program.post("/holds", "h", &json!({ "lines": [{ "operation": "gpt-5" }] })).await;
    assert_eq!(deliver(&site).await, 1);
    let (headers, body) = listener.heard().remove(0);
    let secret = made.json()["secret"].as_str().expect("a secret").to_owned();
    Webhook::new(&secret).expect("a secret").verify(&body, &headers).expect("signed");
    let said: Value = serde_json::from_slice(&body).expect("JSON");
    let text = said["text"].as_str().expect("a text");
    assert!(
        text.ends_with(" · credits: 2")
            && text.starts_with("Hold created · ")
            && said.as_object().map(serde_json::Map::len) == Some(1),
        "{said}"
    );
}
