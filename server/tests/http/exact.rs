//! What callers say is taken exactly, or refused: numbers, depths, steps, days, keys of writes, whom a budget guards.

use chrono::{Days, NaiveDate, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::{Actor, Environment, NewKey};
use wallet::ledger::{BudgetPeriod, BudgetScope, NewBudget};
use wallet::money::Credits;
use wallet::notify::webhook::{EventKind, NewEndpoint};

use crate::support::{Program, Site, Told};

/// Sends a body as it is written, byte by byte.
async fn send(program: &Program<'_>, method: Method, path: &str, key: &str, body: String) -> Told {
    let request = program.call(method, path).header("idempotency-key", key).header("content-type", "application/json");
    Told::of(request.body(body).send().await.expect("an answer")).await
}

fn first_field(told: &Told) -> Value {
    told.json()["error"]["detail"]["fields"][0]["field"].clone()
}

#[sqlx::test(migrations = "../migrations")]
async fn numbers_of_metadata_are_kept_as_sent_or_refused(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("exact", 100).await;
    let charge = |metadata: &str| format!(r#"{{"operation":"gpt-5","metadata":{metadata}}}"#);
    for (place, number) in ["9007199254740993", "18446744073709551615", "-1", "0.1", "12.5"].into_iter().enumerate() {
        let body = charge(&format!(r#"{{"customer_id":{number}}}"#));
        let told = send(&program, Method::POST, "/charges", &format!("kept-{place}"), body).await;
        assert_eq!(told.status, StatusCode::CREATED, "{number}: {}", told.text);
        assert!(told.text.contains(&format!(r#""customer_id":{number}"#)), "{}", told.text);
        let found = program.get(&format!("/ledger?metadata.customer_id={number}")).await.json();
        assert_eq!(found["entries"].as_array().map(Vec::len), Some(1), "{number}");
    }
    let before = program.available().await;
    for number in ["12345678901234567890123", "12345678901234567890124", "0.12345678901234567890123"] {
        let body = charge(&format!(r#"{{"customer":{{"id":{number}}}}}"#));
        let told = send(&program, Method::POST, "/charges", "lost", body).await;
        assert!(told.status.is_client_error() && told.text.contains("send it as a text"), "{}", told.text);
        assert_eq!(first_field(&told), json!("metadata"));
        let hold = format!(r#"{{"lines":[{{"operation":"gpt-5"}}],"metadata":{{"id":[{number}]}}}}"#);
        assert!(send(&program, Method::POST, "/holds", "lost", hold).await.status.is_client_error());
        let many = format!(
            r#"{{"charges":[{{"idempotency_key":"x","charge":{}}}]}}"#,
            charge(&format!(r#"{{"id":{number}}}"#))
        );
        assert!(send(&program, Method::POST, "/charges/batch", "lost", many).await.status.is_client_error());
    }
    assert_eq!(program.available().await, before);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_customers_number_names_one_customer_however_it_is_written(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("alike", 100).await;
    let charge = |id: &str| format!(r#"{{"operation":"gpt-5","metadata":{{"customer_id":{id}}}}}"#);
    for (number, id) in ["100", "1e2", "100.0", r#""100""#].into_iter().enumerate() {
        let told = send(&program, Method::POST, "/charges", &format!("n{number}"), charge(id)).await;
        assert_eq!(told.status, StatusCode::CREATED, "{id}: {}", told.text);
    }
    assert_eq!(send(&program, Method::POST, "/charges", "yes", charge("true")).await.status, StatusCode::CREATED);
    let told = program.get("/usage?group_by=metadata.customer_id").await.json();
    let group = |id: &str, charges: i64| json!({ "group": { "metadata.customer_id": id }, "charges": charges, "credits": 2 * charges });
    assert_eq!(told["usage"], json!([group("100", 4), group("true", 1)]), "{told}");
    let found = program.get("/ledger?metadata.customer_id=100").await.json();
    assert_eq!(found["entries"].as_array().map(Vec::len), Some(4), "{found}");
    // A budget counts what the sums tell.
    for id in ["100", "true"] {
        let budget = json!({ "name": "Day", "scope": "customer", "of": id, "period": "day", "ceiling": 1 });
        send(&program, Method::PUT, "/budgets", id, budget.to_string()).await;
    }
    for (number, id) in ["1e2", "100.0", "100", r#""100""#, "true", r#""true""#].into_iter().enumerate() {
        let told = send(&program, Method::POST, "/charges", &format!("o{number}"), charge(id)).await;
        assert_eq!(told.status, StatusCode::PAYMENT_REQUIRED, "{id}: {}", told.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn nesting_is_bounded_wherever_json_is_taken(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("deep", 100).await;
    let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let charge = |levels: usize| format!(r#"{{"operation":"gpt-5","metadata":{}}}"#, nested(levels));
    assert_eq!(send(&program, Method::POST, "/charges", "16", charge(16)).await.status, StatusCode::CREATED);
    for levels in [17, 18, 60, 123, 5_000] {
        let told = send(&program, Method::POST, "/charges", "deep", charge(levels)).await;
        assert!(told.status.is_client_error(), "{levels}: {}", told.text);
        assert!(told.text.contains("levels"), "{levels}: {}", told.text);
    }
    for (method, path) in [
        (Method::POST, "/holds"),
        (Method::POST, "/quotes/batch"),
        (Method::POST, "/models/gpt-5/calculate-price"),
        (Method::PUT, "/budgets"),
        (Method::POST, "/webhook-endpoints"),
        (Method::POST, "/top-ups"),
    ] {
        let told = send(&program, method, path, "deep", format!(r#"{{"params":{}}}"#, nested(200))).await;
        assert!(told.status.is_client_error() && told.text.contains("levels"), "{path}: {}", told.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn amounts_come_in_the_units_steps(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("steps", 100).await;
    let lines = json!({ "lines": [{ "operation": "gpt-5", "count": 3 }, { "operation": "gpt-5" }] });
    let held = program.post("/holds", "hold", &lines).await.json()["id"].clone();
    let path = format!("/holds/{held}/capture");
    for (body, field) in [(json!({ "amount": 0.5 }), "amount"), (json!({ "lines": [6, 0.5] }), "lines[1]")] {
        let told = program.post(&path, "part", &body).await;
        assert_eq!(
            (told.status, first_field(&told)),
            (StatusCode::UNPROCESSABLE_ENTITY, json!(field)),
            "{}",
            told.text
        );
    }
    let told = program.post(&path, "part", &json!({ "amount": 5 })).await;
    assert_eq!((told.status, &told.json()["captured"]), (StatusCode::CREATED, &json!(5)), "{}", told.text);
    let budget = json!({ "name": "Day", "scope": "environment", "period": "day", "ceiling": 10.5 });
    let told = send(&program, Method::PUT, "/budgets", "b", budget.to_string()).await;
    assert_eq!(
        (told.status, first_field(&told)),
        (StatusCode::UNPROCESSABLE_ENTITY, json!("ceiling")),
        "{}",
        told.text
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn writes_that_demand_a_key_honour_it(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("keys", 100).await;
    let budget = |ceiling: i64| {
        json!({ "name": "Day", "scope": "environment", "period": "day", "ceiling": ceiling }).to_string()
    };
    let set = async |key: &str, ceiling: i64| send(&program, Method::PUT, "/budgets", key, budget(ceiling)).await;
    let first = set("k1", 10).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (StatusCode::OK, ""), "{}", first.text);
    assert_eq!(set("k2", 20).await.json()["budgets"][0]["ceiling"], json!(20));
    // The repeat says what the first said, and lowers nothing.
    let again = set("k1", 10).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::OK, "true"));
    assert_eq!(again.text, first.text);
    assert_eq!(program.get("/budgets").await.json()["budgets"][0]["ceiling"], json!(20));
    let other = set("k1", 11).await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"));
    // What was refused left the key free.
    assert_eq!(set("k3", -1).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(set("k3", 30).await.status, StatusCode::OK);

    let path = format!("/budgets/{}", first.json()["budgets"][0]["id"].as_str().expect("an id"));
    let remove = async |path: &str, key: &str| {
        let request = program.call(Method::DELETE, path).header("idempotency-key", key);
        Told::of(request.send().await.expect("an answer")).await
    };
    assert_eq!(remove(&path, "d1").await.status, StatusCode::NO_CONTENT);
    let again = remove(&path, "d1").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::NO_CONTENT, "true"));
    assert_eq!(remove(&path, "d2").await.status, StatusCode::NOT_FOUND);
    let other = remove(&format!("/budgets/{}", uuid::Uuid::now_v7()), "d1").await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"));

    // Many at once are one.
    let racing = (0..8).map(|_| set("race", 40));
    for told in futures::future::join_all(racing).await {
        assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    }
    let budgets = program.get("/budgets").await.json();
    assert_eq!(budgets["budgets"].as_array().map(Vec::len), Some(1), "{budgets}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_budget_guards_what_it_names_or_is_refused(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("guard", 100).await;
    let stranger = site.program("stranger", 100).await;
    let make = async |program: &Program<'_>, environment: Environment| {
        let new = NewKey { name: "other".to_owned(), environment, scopes: Vec::new(), ceiling: None };
        site.wallet().identity().create_key(&program.viewer, &new).await.expect("a key").key.id
    };
    let (own, preview, theirs) = (
        make(&program, Environment::Production).await,
        make(&program, Environment::Preview).await,
        make(&stranger, Environment::Production).await,
    );
    let revoked = make(&program, Environment::Production).await;
    site.wallet().identity().revoke_key(&program.viewer, revoked).await.expect("revoked");
    let set = async |scope: &str, of: &str, key: &str| {
        let body = json!({ "name": "Day", "scope": scope, "of": of, "period": "day", "ceiling": 5 });
        send(&program, Method::PUT, "/budgets", key, body.to_string()).await
    };
    assert_eq!(set("key", &own.uuid().to_string(), "own").await.status, StatusCode::OK);
    for (number, id) in [preview.uuid(), theirs.uuid(), revoked.uuid(), uuid::Uuid::nil()].into_iter().enumerate() {
        let told = set("key", &id.to_string(), &format!("k{number}")).await;
        assert_eq!((told.status, first_field(&told)), (StatusCode::UNPROCESSABLE_ENTITY, json!("of")), "{}", told.text);
    }
    // A repeat is answered as the first time, also where the key works no more by then.
    let first = set("key", &own.uuid().to_string(), "own").await;
    site.wallet().identity().revoke_key(&program.viewer, own).await.expect("revoked");
    let again = set("key", &own.uuid().to_string(), "own").await;
    assert_eq!((again.status, &again.text), (StatusCode::OK, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    for (number, customer) in ["acme ", " acme", "\tacme", " "].into_iter().enumerate() {
        let told = set("customer", customer, &format!("c{number}")).await;
        assert_eq!((told.status, first_field(&told)), (StatusCode::UNPROCESSABLE_ENTITY, json!("of")), "{customer:?}");
    }
    assert_eq!(set("customer", "acme", "acme").await.status, StatusCode::OK);
    let charge = json!({ "operation": "gpt-5", "count": 3, "metadata": { "customer_id": "acme" } });
    assert_eq!(program.post("/charges", "over", &charge).await.status, StatusCode::PAYMENT_REQUIRED);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_balance_tells_what_the_key_can_spend(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("limited", 100).await;
    let told = program.get("/balance").await.json();
    assert_eq!((&told["spendable"], &told["bound_by"]), (&json!(100), &Value::Null));
    let ledger = site.wallet().ledger();
    let access = site.wallet().identity().authenticate_key(&program.key).await.expect("a key");
    let budget = |name: &str, scope: BudgetScope, whole: i64| NewBudget {
        name: name.to_owned(),
        scope,
        period: BudgetPeriod::Month,
        ceiling: Credits::from_whole(whole).expect("fits"),
    };
    ledger.set_budget(program.viewer.wallet, budget("All", BudgetScope::Project, 500)).await.expect("set");
    ledger.set_budget(program.viewer.wallet, budget("Key", BudgetScope::Key(access.id.uuid()), 10)).await.expect("set");
    let other = BudgetScope::Key(uuid::Uuid::now_v7());
    ledger.set_budget(program.viewer.wallet, budget("Other", other, 1)).await.expect("set");
    program.post("/charges", "one", &json!({ "operation": "gpt-5", "count": 2 })).await;
    let told = program.get("/balance").await.json();
    assert_eq!((&told["available"], &told["token_balance"], &told["spendable"]), (&json!(96), &json!(96), &json!(6)));
    assert_eq!((&told["bound_by"]["name"], &told["bound_by"]["left"]), (&json!("Key"), &json!(6)), "{told}");
    assert_eq!(
        program.post("/charges", "two", &json!({ "operation": "gpt-5", "count": 3 })).await.status,
        StatusCode::CREATED
    );
    assert_eq!(program.get("/balance").await.json()["spendable"], json!(0));
    ledger.freeze(program.viewer.wallet, &Actor::system("test"), "test").await.expect("frozen");
    assert_eq!(program.get("/balance").await.json()["spendable"], json!(0));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_day_is_the_accounts_day(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("days", 100).await;
    program.post("/charges", "one", &json!({ "operation": "gpt-5" })).await;
    // One of the two is on another day than UTC, whenever this runs.
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        site.wallet().identity().set_time_zone(&program.viewer, zone).await.expect("set");
        let today: NaiveDate = Utc::now().with_timezone(&wallet::time_zone::named(zone)).date_naive();
        let day = |days: i64| {
            let day =
                if days < 0 { today.checked_sub_days(Days::new(1)) } else { today.checked_add_days(Days::new(1)) };
            if days == 0 { today } else { day.expect("a day") }
        };
        for (from, to, rows) in [(0, 1, 1), (-1, 0, 0)] {
            let query = format!("from={}&to={}", day(from), day(to));
            let found = program.get(&format!("/ledger?kind=charge&{query}")).await.json();
            assert_eq!(found["entries"].as_array().map(Vec::len), Some(rows), "{zone} {query}");
            let lines = program.get(&format!("/ledger.csv?kind=charge&{query}")).await.text.lines().count();
            assert_eq!(lines, rows + 1, "{zone} {query}");
            let sums = program.get(&format!("/usage?group_by=day&{query}")).await.json();
            let days: Vec<Value> =
                sums["usage"].as_array().expect("sums").iter().map(|sum| sum["group"]["day"].clone()).collect();
            assert_eq!(days, vec![json!(today.to_string()); rows], "{zone} {query}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn csv_is_for_spreadsheets_and_pages(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("csv", 100).await;
    for number in 0..5 {
        let body = json!({ "operation": "gpt-5", "metadata": { "note": "a;=1+1" } });
        program.post("/charges", &format!("c{number}"), &body).await;
    }
    let whole = program.get("/ledger.csv").await;
    assert!(whole.text.starts_with("seq,") && !whole.text.contains(";=1"), "{}", whole.text);
    assert!(program.get("/ledger.csv?bom=true").await.text.starts_with("\u{feff}seq,"));
    assert_eq!(program.get("/ledger.csv?bom=maybe").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(program.get("/ledger.csv?colour=red").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(program.get("/ledger?bom=true").await.status, StatusCode::BAD_REQUEST);
    // Page by page it is the same file.
    let (mut cursor, mut lines) = (String::new(), Vec::new());
    loop {
        let page = program.get(&format!("/ledger.csv?limit=2{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let rows: Vec<String> = page.text.split_terminator("\r\n").skip(1).map(str::to_owned).collect();
        assert!(rows.len() <= 2);
        lines.extend(rows);
        match page.header("next-cursor") {
            "" => break,
            next => cursor = format!("&cursor={next}"),
        }
    }
    let all: Vec<&str> = whole.text.split_terminator("\r\n").skip(1).collect();
    assert_eq!(lines, all);
    assert_eq!(program.get("/ledger.csv?limit=0").await.status, StatusCode::BAD_REQUEST);
    let rest = program.get("/ledger.csv?cursor=c_3").await.text;
    assert_eq!(rest.split_terminator("\r\n").count(), 3, "{rest}");

    for (accept, kind) in [
        ("text/csv", "text/csv"),
        ("text/csv;q=0", "application/json"),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("*/*", "application/json"),
    ] {
        let request = program.call(Method::GET, "/usage").header("accept", accept);
        let told = Told::of(request.send().await.expect("an answer")).await;
        assert!(told.header("content-type").starts_with(kind), "{accept}: {}", told.header("content-type"));
    }
    let mut browser = site.browser();
    browser.sign_in("csv").await;
    assert!(browser.open("/wallet/history.csv").await.text.starts_with("\u{feff}seq,"), "Excel opens what pages give");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_target_that_is_named_twice_counts_once(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("twice", 100).await;
    let events = vec![EventKind::CreditsLow; 3];
    let new =
        NewEndpoint { url: "https://example.com/hook".to_owned(), description: String::new(), events, is_slack: false };
    let (viewer, key) = (&program.viewer, IdempotencyKey::parse("endpoint").expect("a key"));
    for _ in 0..2 {
        let made = site.wallet().webhooks().create(viewer.wallet, &viewer.actor(), &new, &key).await.expect("made");
        assert_eq!(made.endpoint.events, [EventKind::CreditsLow]);
    }
    let one = json!({ "idempotency_key": "same", "charge": { "operation": "gpt-5" } });
    let told = program.post("/charges/batch", "batch", &json!({ "charges": [one, one] })).await.json();
    assert_eq!(told["outcomes"][0]["charge"]["id"], told["outcomes"][1]["charge"]["id"], "{told}");
    assert_eq!(program.available().await, Credits::from_whole(98).expect("fits"));
    let scopes = vec!["balance:read".to_owned(); 3];
    let new = NewKey { name: "k".to_owned(), environment: Environment::Production, scopes, ceiling: None };
    let made = site.wallet().identity().create_key(&program.viewer, &new).await.expect("a key");
    assert_eq!(made.key.scopes, ["balance:read"]);
}
