//! What is sent is read as it is meant or not at all: objects, nulls, names, whole numbers, packed bodies, amounts that
//! people type, parameters of addresses, messages of providers.

use axum::http::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use standardwebhooks::Webhook;

use crate::keys::{Asks, calls};
use crate::support::{Program, Site, Told, named};

async fn sent(program: &Program<'_>, method: Method, path: &str, key: &str, body: String) -> Told {
    let request = program.call(method, path).header("idempotency-key", key).header("content-type", "application/json");
    Told::of(request.body(body).send().await.expect("an answer")).await
}

/// What a refusal says of its first field.
fn field(told: &Told) -> (String, String) {
    let json = told.json();
    let field = &json["error"]["detail"]["fields"][0];
    let text = |name: &str| field[name].as_str().unwrap_or_else(|| panic!("{name}: {json}")).to_owned();
    (text("field"), text("message"))
}

#[sqlx::test(migrations = "../migrations")]
async fn an_array_is_no_object_and_null_is_not_absent(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("strict", 1_000).await;
    let hold = program.post("/holds", "h", &json!({ "lines": [{ "operation": "gpt-5", "count": 10 }] })).await.json();
    let capture = format!("/holds/{}/capture", named(&hold, "/id"));
    let bodies = [
        ("[]", ""),
        ("[[]]", ""),
        (r#"{"amount":null}"#, "amount"),
        (r#"{"lines":null}"#, "lines"),
        (r#"{"lines":[null]}"#, "lines[0]"),
        (r#"{"amount":1,"amount":2}"#, "amount"),
    ];
    for (body, path) in bodies {
        let told = sent(&program, Method::POST, &capture, "c", body.to_owned()).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"), "{body}");
        assert_eq!(field(&told).0, path, "{body}: {}", told.text);
    }
    let state = program.get(&format!("/holds/{}", named(&hold, "/id"))).await.json();
    assert_eq!((&state["state"], &state["captured"]), (&json!("open"), &json!(0)), "nothing was taken");

    let charges = [
        (r#"["gpt-5",{},3]"#, ""),
        (r#"{"operation":"gpt-5","count":null}"#, "count"),
        (r#"{"operation":"gpt-5","quote_id":null}"#, "quote_id"),
        (r#"{"operation":"gpt-5","params":null}"#, "params"),
        (r#"{"operation":"dall-e-3","params":{"size":null}}"#, "params.size"),
        (r#"{"operation":"gpt-5","metadata":null}"#, "metadata"),
        (r#"{"operation":"gpt-5","metadata":{"a":{"b":1,"b":2}}}"#, "metadata.a.b"),
        (r#"{"operation":"dall-e-3","params":{"size":"1024x1024","size":"1792x1024"}}"#, "params.size"),
    ];
    for (body, path) in charges {
        let told = sent(&program, Method::POST, "/charges", "k", body.to_owned()).await;
        assert_eq!((told.status, field(&told).0.as_str()), (StatusCode::BAD_REQUEST, path), "{body}: {}", told.text);
    }
    let told = sent(&program, Method::POST, "/holds", "x", r#"{"lines":[["gpt-5",{},3]]}"#.to_owned()).await;
    assert_eq!(field(&told), ("lines[0]".to_owned(), "Expected an object, not a list.".to_owned()));
    let batch = r#"{"charges":[{"idempotency_key":"k","charge":["gpt-5",{},3]}]}"#;
    let told = sent(&program, Method::POST, "/charges/batch", "x", batch.to_owned()).await;
    assert_eq!((told.status, field(&told).0.as_str()), (StatusCode::BAD_REQUEST, "charges[0].charge"));
    let ceiling = r#"{"name":"x","scope":"project","period":{"day":null},"ceiling":5}"#;
    let told = sent(&program, Method::PUT, "/budgets", "x", ceiling.to_owned()).await;
    assert_eq!((told.status, field(&told).0.as_str()), (StatusCode::BAD_REQUEST, "period"));
    assert_eq!(program.get("/balance").await.json()["settled"], json!(1_000), "nothing was charged");
}

/// The platform's program, that acts for a customer.
async fn of_platform<'a>(site: &'a Site, customer: &Program<'a>) -> Program<'a> {
    let key = site.platform().await.key;
    Program { site, key, viewer: customer.viewer.clone() }
}

/// Every call that takes a body, with an array in place of it and with each of its fields null.
#[sqlx::test(migrations = "../migrations")]
async fn no_call_reads_an_array_or_a_null(pool: PgPool) {
    let site = Site::start(pool).await;
    let customer = site.program("walker", 1_000).await;
    let platform = of_platform(&site, &customer).await;
    let mut tried = 0;
    for (method, path, asks, body) in calls() {
        let Some(fields) = body.as_object() else { continue };
        let program = if matches!(asks, Asks::Platform(_)) { &platform } else { &customer };
        let method: Method = method.parse().expect("a method");
        let path = path.replace("{id}", "1").replace("{operation}", "gpt-5");
        let values = Value::Array(fields.values().cloned().collect());
        let told = sent(program, method.clone(), &path, "k", values.to_string()).await;
        assert_eq!(told.status, StatusCode::BAD_REQUEST, "{method} {path} {values}: {}", told.text);
        for name in fields.keys() {
            let mut wrong = body.clone();
            wrong[name] = Value::Null;
            let told = sent(program, method.clone(), &path, "k", wrong.to_string()).await;
            assert_eq!(told.status, StatusCode::BAD_REQUEST, "{method} {path} {wrong}: {}", told.text);
            assert_eq!(field(&told).0, *name, "{wrong}");
        }
        tried += 1;
    }
    assert!(tried >= 9, "{tried} calls take a body");
}

#[sqlx::test(migrations = "../migrations")]
async fn one_is_one_however_it_is_written(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("whole", 1_000).await;
    let mut costs = Vec::new();
    for (key, one) in ["1", "1.0", "1e0", "10E-1"].into_iter().enumerate() {
        let body = format!(r#"{{"operation":"gpt-5","count":{one}}}"#);
        let told = sent(&program, Method::POST, "/charges", &format!("k{key}"), body).await;
        assert_eq!(told.status, StatusCode::CREATED, "{one}: {}", told.text);
        costs.push(told.json()["amount"].to_string());
    }
    assert!(costs.windows(2).all(|pair| pair[0] == pair[1]), "{costs:?}");
    let again = sent(&program, Method::POST, "/charges", "k0", r#"{"operation":"gpt-5","count":1.0}"#.to_owned()).await;
    assert_eq!(again.header("idempotent-replayed"), "true", "another spelling is the same request: {}", again.text);
    let told = sent(&program, Method::POST, "/charges", "k9", r#"{"operation":"gpt-5","count":1.5}"#.to_owned()).await;
    assert_eq!(field(&told).0, "count");

    let hold = program.post("/holds", "h", &json!({ "lines": [{ "operation": "gpt-5", "count": 10 }] })).await.json();
    let capture = format!("/holds/{}/capture", named(&hold, "/id"));
    let first = sent(&program, Method::POST, &capture, "c", r#"{"amount":1e1}"#.to_owned()).await;
    assert_eq!((first.status, &first.json()["captured"]), (StatusCode::CREATED, &json!(10)), "{}", first.text);
    let again = sent(&program, Method::POST, &capture, "c", r#"{ "amount": 10.0 }"#.to_owned()).await;
    assert_eq!(again.header("idempotent-replayed"), "true", "{}", again.text);
    let other = sent(&program, Method::POST, &capture, "c", r#"{"amount":10.000001}"#.to_owned()).await;
    assert_eq!(other.code(), "idempotency_mismatch");
}

#[sqlx::test(migrations = "../migrations")]
async fn packed_bodies_are_refused_and_paths_are_whole(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("packed", 50).await;
    for coding in ["gzip", "br", "deflate, gzip", "x"] {
        let request = program.call(Method::POST, "/charges").header("idempotency-key", "k");
        let request = request.header("content-encoding", coding).header("content-type", "application/json");
        let told = Told::of(request.body(r#"{"operation":"gpt-5"}"#).send().await.expect("an answer")).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
    }
    // Also where a call reads no body.
    let hook = json!({ "url": "https://8.8.8.8/hook", "events": ["ledger.entry.created"] });
    let endpoint = named(&program.post("/webhook-endpoints", "e", &hook).await.json(), "/id");
    for path in ["rotate-secret", "enable", "test"].map(|act| format!("/webhook-endpoints/{endpoint}/{act}")) {
        let request =
            program.call(Method::POST, &path).header("idempotency-key", "k").header("content-encoding", "gzip");
        let told = Told::of(request.body("packed").send().await.expect("an answer")).await;
        assert_eq!(told.code(), "unsupported_media_type", "{path}: {}", told.text);
    }
    let form = site.client.post(format!("{}/sign-in", site.url)).header("content-encoding", "gzip");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("email=a");
    assert_eq!(form.send().await.expect("an answer").status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);

    let lines = json!([{ "operation": "gpt-5" }, { "operation": "gpt-5" }, { "operation": "dall-e-3", "params": { "size": "big" } }]);
    for path in ["/quotes/batch", "/holds"] {
        let told = program.post(path, "l", &json!({ "lines": lines })).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", told.text);
        let fields = told.json()["error"]["detail"]["fields"].to_string();
        assert!(fields.contains(r#""lines[2].params.size""#), "{path}: {fields}");
    }
    let told = sent(&program, Method::POST, "/holds", "l", r#"{"lines":[{"operation":1}]}"#.to_owned()).await;
    assert_eq!(field(&told), ("lines[0].operation".to_owned(), "Expected a text, not 1.".to_owned()));
}

#[sqlx::test(migrations = "../migrations")]
async fn unknown_parameters_are_refused_on_every_call(pool: PgPool) {
    let site = Site::start(pool).await;
    let customer = site.program("asker", 1_000).await;
    let platform = of_platform(&site, &customer).await;
    let before = customer.available().await;
    for (method, path, asks, body) in calls() {
        let program = if matches!(asks, Asks::Platform(_)) { &platform } else { &customer };
        let method: Method = method.parse().expect("a method");
        let path = path.replace("{id}", "1").replace("{operation}", "gpt-5").replace("{seq}", "1");
        let time = if path == "/balance/at" { "time=2026-01-01&" } else { "" };
        let mut request = program.call(method.clone(), &format!("{path}?{time}colour=red"));
        request = request.header("idempotency-key", uuid::Uuid::now_v7().to_string());
        if !body.is_null() {
            request = request.json(&body);
        }
        let told = Told::of(request.send().await.expect("an answer")).await;
        assert_eq!(
            (told.status, told.code().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_request"),
            "{method} {path}"
        );
        assert_eq!(field(&told).0, "colour", "{method} {path}: {}", told.text);
    }
    assert_eq!(customer.available().await, before, "nothing was done");
    for (query, name) in [("limit=1&limit=2", "limit"), ("limit=many", "limit"), ("cursor=x", "cursor")] {
        let told = customer.get(&format!("/payments?{query}")).await;
        assert_eq!((told.status, field(&told).0.as_str()), (StatusCode::BAD_REQUEST, name), "{query}");
    }
    let mut browser = site.browser();
    browser.sign_in("asker").await;
    for path in ["/wallet/history.csv?colour=red", "/live?colour=red"] {
        let told = browser.open(path).await;
        assert_eq!(told.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(told.text.contains("colour"), "{}", told.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_amount_that_can_be_read_in_two_ways_buys_nothing(pool: PgPool) {
    let site = Site::start_selling(pool, "aixplain", &[]).await;
    site.person("buyer").await;
    let mut browser = site.browser();
    browser.sign_in("buyer").await;
    let currency = site.wallet().catalog().view().await.expect("a catalog").settings.currencies[0].code();
    let mut order = async |amount: &str, language: &str| {
        browser.cookies.insert("i18n_pref_locale".to_owned(), language.to_owned());
        let key = uuid::Uuid::now_v7().to_string();
        let fields = [("idempotency_key", key.as_str()), ("currency", currency), ("amount", amount)];
        browser.post("/wallet/top-up", &fields).await
    };
    for amount in ["10,000", "10.000"] {
        let told = order(amount, "en").await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount}");
        assert!(told.text.contains("Write 10000 or 10.00."), "{amount}: {}", told.text);
        assert!(told.text.contains(&format!("value=\"{amount}\"")), "what was typed is kept");
        let told = order(amount, "ru").await;
        assert!(told.text.contains("10000 или 10,00"), "{amount}: {}", told.text);
    }
    for amount in ["10 000", "10\u{a0}000", "10'000", "10,000.00", "10.000,00", "10000"] {
        let told = order(amount, "en").await;
        assert_eq!(told.status, StatusCode::SEE_OTHER, "{amount}: {}", told.text);
    }
    let viewer = site
        .wallet()
        .identity()
        .viewer(
            site.wallet()
                .identity()
                .authenticate("buyer@example.com", crate::support::PASSWORD, None)
                .await
                .expect("in")
                .id,
        )
        .await
        .expect("a viewer");
    let payments = site.wallet().payments().payments(&viewer, None, 50).await.expect("payments").payments;
    assert_eq!(payments.len(), 6);
    assert!(payments.iter().all(|payment| payment.credits.to_string() == "10000"), "{payments:?}");

    let key = |ceiling: &str| {
        [
            ("name", "k".to_owned()),
            ("environment", "production".to_owned()),
            ("ceiling", ceiling.to_owned()),
            ("idempotency_key", site.wallet().identity().form_secret()),
        ]
    };
    for (ceiling, status) in [("1,000", 422), ("1 000", 200)] {
        let fields = key(ceiling);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let told = browser.post("/developers/keys", &fields).await;
        assert_eq!(told.status.as_u16(), status, "{ceiling}: {}", told.text);
    }
    let keys = site.wallet().identity().keys(&viewer).await.expect("keys");
    assert_eq!(
        keys.iter().filter_map(|key| key.ceiling).map(|ceiling| ceiling.to_string()).collect::<Vec<_>>(),
        ["1000"]
    );
}

const SECRET: &str = "whsec_c2NyaXAtc2FuZGJveC1ldmVudHMtYXJlLW5vdC1tb25leQ==";

#[sqlx::test(migrations = "../migrations")]
async fn a_signed_message_that_can_not_be_read_is_kept(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let send = async |id: &str, body: &str, is_signed: bool| {
        let now = chrono::Utc::now().timestamp();
        let sign = Webhook::new(SECRET).expect("a secret").sign(id, now, body.as_bytes()).expect("signed");
        let signature = if is_signed { sign } else { "v1,AAAA".to_owned() };
        let request = site.client.post(format!("{}/webhooks/sandbox", site.url)).header("webhook-id", id);
        let request = request.header("webhook-timestamp", now.to_string()).header("webhook-signature", signature);
        request.body(body.to_owned()).send().await.expect("an answer").status()
    };
    let nul = r#"{"type":"payment.paid\u0000","timestamp":"2026-01-01T00:00:00Z","data":{"reference":"x"}}"#;
    let bodies = ["", "[]", "not JSON", "{}", r#"["payment.paid","2026-01-01T00:00:00Z",["sbx_1"]]"#, nul];
    for (place, body) in bodies.into_iter().enumerate() {
        let id = format!("evt_{place}");
        assert_eq!(send(&id, body, false).await, StatusCode::BAD_REQUEST, "{body}: not the provider's");
        for _ in 0..2 {
            assert_eq!(send(&id, body, true).await, StatusCode::OK, "{body}");
        }
    }
    let kept: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT dedupe_key, body FROM provider_events WHERE state = 'unread' ORDER BY dedupe_key")
            .fetch_all(&pool)
            .await
            .expect("rows");
    assert_eq!(kept.len(), bodies.len(), "each once");
    assert!(kept.iter().zip(bodies).all(|((_, kept), body)| kept == body.as_bytes()), "byte by byte");
    let replayed = site.wallet().payments().replay_unread_events().await.expect("replayed");
    assert_eq!((replayed.read, replayed.left.len()), (0, bodies.len()));

    // A version that can read it: here the message itself becomes readable.
    let readable = r#"{"type":"payment.paid","timestamp":"2026-01-01T00:00:00Z","data":{"reference":"sbx_none"}}"#;
    let change = sqlx::query("UPDATE provider_events SET body = $1 WHERE dedupe_key = 'evt_3'");
    change.bind(readable.as_bytes()).execute(&pool).await.expect("changed");
    let replayed = site.wallet().payments().replay_unread_events().await.expect("replayed");
    assert_eq!((replayed.read, replayed.left.len()), (1, bodies.len() - 1));
    site.work().await;
    let state: String = sqlx::query_scalar("SELECT state FROM provider_events WHERE dedupe_key = 'evt_3'")
        .fetch_one(&pool)
        .await
        .expect("a row");
    assert_eq!(state, "ignored", "it was worked on: about nothing of ours");
}

/// Browsers may pack nothing either, and the name of the type stays ours.
#[test]
fn a_header_that_says_identity_is_no_packing() {
    let mut headers = HeaderMap::new();
    headers.insert("content-encoding", "identity".parse().expect("a value"));
    assert!(!server::http::middleware::is_encoded(&headers));
}
