//! Whatever is sent, the answer is a clear refusal and never a 500.

use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Program, Site, Told};

async fn sent(program: &Program<'_>, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Told {
    let request = program.call(Method::POST, path).header("idempotency-key", "k").header("content-type", kind);
    Told::of(request.body(body).send().await.expect("an answer")).await
}

#[sqlx::test(migrations = "../migrations")]
async fn wrong_bodies_are_refused_with_the_field(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("bad", 50).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let table: Vec<(&str, String, u16, &str)> = vec![
        ("/charges", String::new(), 400, "invalid_request"),
        ("/charges", "{".to_owned(), 400, "invalid_request"),
        ("/charges", "[]".to_owned(), 400, "invalid_request"),
        ("/charges", "null".to_owned(), 400, "invalid_request"),
        ("/charges", "{}".to_owned(), 400, "invalid_request"),
        ("/charges", deep, 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","price":1}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","operation":"gpt-5"}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":7}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","params":[]}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","count":"1"}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","count":1.5}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","count":1e400}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","count":NaN}"#.to_owned(), 400, "invalid_request"),
        ("/charges", r#"{"operation":"gpt-5","count":0}"#.to_owned(), 422, "unprocessable"),
        ("/charges", r#"{"operation":"gpt-5","count":-1}"#.to_owned(), 422, "unprocessable"),
        ("/charges", r#"{"operation":"gpt-5","count":9223372036854775807}"#.to_owned(), 422, "unprocessable"),
        ("/charges", r#"{"operation":"gpt-5","params":{"size":"big"}}"#.to_owned(), 422, "unprocessable"),
        (
            "/charges",
            r#"{"operation":"dall-e-3","params":{"size":"big","quality":"hd"}}"#.to_owned(),
            422,
            "unprocessable",
        ),
        ("/charges", r#"{"operation":"no such"}"#.to_owned(), 422, "unprocessable"),
        ("/charges", r#"{"operation":"\u0000"}"#.to_owned(), 422, "unprocessable"),
        ("/charges", r#"{"operation":"gpt-5","metadata":{"a":"\u0000"}}"#.to_owned(), 422, "unprocessable"),
        ("/charges", r#"{"operation":"gpt-5","quote_id":"quo_x"}"#.to_owned(), 422, "unprocessable"),
        (
            "/charges",
            format!(r#"{{"operation":"gpt-5","metadata":{{"a":"{}"}}}}"#, "x".repeat(5_000)),
            422,
            "unprocessable",
        ),
        ("/charges/1/credit-back", r#"{"reason":""}"#.to_owned(), 422, "unprocessable"),
        ("/charges/999/credit-back", r#"{"reason":"x"}"#.to_owned(), 404, "not_found"),
        ("/charges/x/credit-back", r#"{"reason":"x"}"#.to_owned(), 404, "not_found"),
        ("/holds", r#"{"lines":[]}"#.to_owned(), 422, "unprocessable"),
        ("/holds", r#"{"lines":[{"operation":"gpt-5"}],"expires_in":0}"#.to_owned(), 422, "unprocessable"),
        ("/holds", r#"{"lines":[{"operation":"gpt-5"}],"expires_in":9999999}"#.to_owned(), 422, "unprocessable"),
        ("/holds/1/capture", r#"{"amount":"1"}"#.to_owned(), 400, "invalid_request"),
        ("/holds/1/capture", r#"{"amount":0.0000001}"#.to_owned(), 400, "invalid_request"),
        ("/holds/1/release", r#"{"reason":"bored"}"#.to_owned(), 400, "invalid_request"),
        ("/top-ups", r#"{"package":"none","currency":"RUB"}"#.to_owned(), 422, "unprocessable"),
        ("/top-ups", r#"{"package":"light","currency":"XXQ"}"#.to_owned(), 422, "unprocessable"),
        ("/top-ups", r#"{"amount":-5,"currency":"RUB"}"#.to_owned(), 422, "unprocessable"),
        (
            "/models/dall-e-3/calculate-price",
            r#"{"params":{"size":"1792x1024"},"count":0}"#.to_owned(),
            422,
            "unprocessable",
        ),
        ("/quotes/batch", r#"{"lines":[]}"#.to_owned(), 422, "unprocessable"),
    ];
    for (path, body, status, code) in table {
        let shown: String = body.chars().take(80).collect();
        let told = sent(&program, path, "application/json", body).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (status, code), "{path} {shown}: {}", told.text);
    }
    assert_eq!(program.get("/balance").await.json()["settled"], json!(50), "nothing was charged");
}

#[sqlx::test(migrations = "../migrations")]
async fn bodies_of_another_kind_or_size_are_refused(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("bad", 50).await;
    let told = sent(&program, "/charges", "text/plain", "{}").await;
    assert_eq!(told.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{}", told.text);
    told.code();
    let told = sent(&program, "/charges", "application/json", vec![b' '; 3_000_000]).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let told = sent(&program, "/charges", "application/json", vec![0xff_u8, 0xfe]).await;
    assert_eq!(told.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrations = "../migrations")]
async fn writes_need_an_idempotency_key_of_visible_ascii(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("bad", 50).await;
    let body = json!({ "operation": "gpt-5" });
    let keyless = program.call(Method::POST, "/charges").json(&body).send().await.expect("an answer");
    let told = Told::of(keyless).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::BAD_REQUEST, "idempotency_key_required"));
    for key in ["", "a b", &"x".repeat(256)] {
        let told = program.post("/charges", key, &body).await;
        assert_eq!(
            (told.status, told.code().as_str()),
            (StatusCode::BAD_REQUEST, "idempotency_key_required"),
            "{key:?}"
        );
    }
    let bytes = reqwest::header::HeaderValue::from_bytes("ключ".as_bytes()).expect("a value");
    let request = program.call(Method::POST, "/charges").header("idempotency-key", bytes).json(&body);
    assert_eq!(Told::of(request.send().await.expect("an answer")).await.code(), "idempotency_key_required");
}

#[sqlx::test(migrations = "../migrations")]
async fn wrong_addresses_and_queries_are_refused(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("bad", 50).await;
    for (path, status) in [
        ("/nothing", 404),
        ("/charges/1", 404),
        ("/charges/-1", 404),
        ("/charges/99999999999999999999", 404),
        ("/charges/1%27%20or%201=1", 404),
        ("/holds/1", 404),
        ("/ledger/0", 404),
        ("/payments/not-an-id", 404),
        ("/payments/01990000-0000-7000-8000-000000000000", 404),
        ("/models/%00", 404),
        ("/ledger?limit=0", 400),
        ("/ledger?limit=201", 400),
        ("/ledger?limit=many", 400),
        ("/ledger?cursor=5", 400),
        ("/ledger?cursor=c_x", 400),
        ("/ledger?kind=magic", 400),
        ("/ledger?from=yesterday", 400),
        ("/ledger?from=99999-01-01T00:00:00Z", 400),
        ("/ledger?colour=red", 400),
        ("/ledger?metadata.a=1&metadata.b=2", 400),
        ("/ledger?metadata.a=%00", 400),
        ("/ledger?operation=%00", 400),
        ("/balance/at", 400),
        ("/balance/at?time=soon", 400),
        ("/balance/at?time=2999-01-01T00:00:00Z", 400),
        ("/events?after=x", 400),
        ("/charges", 405),
    ] {
        let told = program.get(path).await;
        assert_eq!(told.status.as_u16(), status, "{path}: {}", told.text);
        told.code();
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn who_sends_far_too_much_is_heard_out_and_told(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("bad", 50).await;
    let form = "application/x-www-form-urlencoded";
    let told = told_at_the_end(&site, "/sign-in", form, "").await;
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let key = format!("Authorization: Bearer {}\r\nIdempotency-Key: k\r\n", program.key);
    let told = told_at_the_end(&site, "/api/v2/charges", "application/json", &key).await;
    assert!(told.starts_with("HTTP/1.1 413") && told.contains("too_large"), "{told}");
}

/// Sends thirty million bytes down a plain socket, all of them, before it listens to the answer.
async fn told_at_the_end(site: &Site, path: &str, kind: &str, headers: &str) -> String {
    let address = site.url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let size = 30_000_000;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {kind}\r\n{headers}Content-Length: {size}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.expect("the head is taken");
    socket.write_all(&vec![b'x'; size]).await.expect("the whole body is taken");
    let mut told = Vec::new();
    socket.read_to_end(&mut told).await.expect("an answer");
    String::from_utf8_lossy(&told).into_owned()
}
