//! Charges: by the tariff, once per key, never below zero.

use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::PgPool;
use wallet::money::Credits;

use crate::support::{Program, Site, Told};

fn dalle() -> serde_json::Value {
    json!({
        "operation": "dall-e-3",
        "params": { "size": "1792x1024", "quality": "hd" },
        "metadata": { "customer_id": "acme" },
    })
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_debits_by_the_tariff_once_per_key(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("carl", 100).await;

    let first = program.post("/charges", "job-1", &dalle()).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (StatusCode::CREATED, ""), "{}", first.text);
    let charge = first.json();
    assert_eq!((&charge["amount"], &charge["available_after"]), (&json!(13), &json!(87)));
    assert_eq!((&charge["receipt"]["rule"], &charge["receipt"]["price_book_version"]), (&json!("matrix"), &json!(1)));
    assert_eq!(charge["metadata"], json!({ "customer_id": "acme" }));

    let again = program.post("/charges", "job-1", &dalle()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    assert_eq!(again.json()["id"], charge["id"]);
    let other = program.post("/charges", "job-1", &json!({ "operation": "gpt-5" })).await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"));
    assert_eq!(program.available().await, Credits::from_whole(87).expect("fits"));

    let shown = program.get(&format!("/charges/{}", charge["id"])).await.json();
    assert_eq!(shown["receipt"]["lines"], charge["receipt"]["lines"]);
    assert!(shown["allocations"].as_array().is_some_and(|allocations| !allocations.is_empty()), "{shown}");
    let rows = program.get("/ledger?kind=charge&metadata.customer_id=acme").await.json();
    assert_eq!((&rows["entries"][0]["amount"], &rows["next_cursor"]), (&json!(-13), &json!(null)));
}

#[sqlx::test(migrations = "../migrations")]
async fn too_few_credits_is_402_and_writes_nothing(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("poor", 12).await;

    let before = program.get("/ledger").await.text;
    let told = program.post("/charges", "job-1", &dalle()).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::PAYMENT_REQUIRED, "out_of_credits"));
    assert_eq!(told.json()["error"]["detail"], json!({ "needed": 13, "available": 12, "ceiling": null }));
    assert_eq!(program.get("/ledger").await.text, before);
    assert_eq!(program.get("/balance").await.json()["token_balance"], json!(12));
    // A refusal is no effect: the same key works once there is enough.
    let told = program.post("/charges", "job-1", &json!({ "operation": "gpt-5" })).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failed_operation_is_paid_back_once(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("carl", 20).await;
    let platform = site.platform().await;

    let charge = program.post("/charges", "job-1", &dalle()).await.json();
    let path = format!("/service/charges/{}/credit-back", charge["id"]);
    let reason = json!({ "reason": "The model failed." });
    let back = platform.post_for(&program, &path, "back-1", &reason).await;
    assert_eq!((back.status, &back.json()["amount"]), (StatusCode::CREATED, &json!(13)), "{}", back.text);
    assert_eq!(platform.post_for(&program, &path, "back-1", &reason).await.header("idempotent-replayed"), "true");
    assert!(platform.post_for(&program, &path, "back-2", &reason).await.status.is_client_error());
    assert_eq!(program.available().await, Credits::from_whole(20).expect("fits"));
    let shown = program.get(&format!("/charges/{}", charge["id"])).await.json();
    assert_eq!(shown["timeline"][0]["kind"], json!("credit_back"), "{shown}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hold_is_captured_in_part_and_finished_once(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("hank", 100).await;

    let lines = json!({ "lines": [{ "operation": "kling-v2.1" }, { "operation": "gpt-5" }], "expires_in": 3600 });
    for (count, problem) in [(0, "required"), (65, "too_many")] {
        let many = json!({ "lines": vec![json!({ "operation": "gpt-5" }); count] });
        let refused = program.post("/holds", &format!("hold-{count}"), &many).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        let field = &refused.json()["error"]["detail"]["fields"][0];
        assert_eq!((&field["field"], &field["problem"]), (&json!("lines"), &json!(problem)), "{}", refused.text);
        assert!(refused.text.contains("from 1 to 64 lines"), "{}", refused.text);
    }
    let hold = program.post("/holds", "hold-1", &lines).await;
    assert_eq!(hold.status, StatusCode::CREATED, "{}", hold.text);
    let hold = hold.json();
    assert_eq!((&hold["amount"], &hold["state"]), (&json!(46), &json!("open")));
    assert_eq!(program.available().await, Credits::from_whole(54).expect("fits"));
    let path = format!("/holds/{}", hold["id"]);

    let body = r#"{"amount": 40}"#;
    let request = program.call(Method::POST, &format!("{path}/capture")).header("idempotency-key", "capture-1");
    let request = request.header("content-type", "application/json").body(body);
    let captured = Told::of(request.send().await.expect("an answer")).await;
    assert_eq!((captured.status, &captured.json()["captured"]), (StatusCode::CREATED, &json!(40)), "{}", captured.text);
    assert_eq!(program.available().await, Credits::from_whole(60).expect("fits"));

    let late = program.post(&format!("{path}/release"), "release-1", &json!({ "reason": "cancelled" })).await;
    assert_eq!((late.status, late.code().as_str()), (StatusCode::CONFLICT, "hold_captured"));
    assert_eq!(program.get(&path).await.json()["state"], json!("captured"));
}

#[sqlx::test(migrations = "../migrations")]
async fn somebody_elses_rows_do_not_exist(pool: PgPool) {
    let site = Site::start(pool).await;
    let (mine, other) = (site.program("mine", 50).await, site.program("other", 50).await);
    for at in 0..3 {
        mine.post("/charges", &format!("job-{at}"), &json!({ "operation": "gpt-5" })).await;
    }
    let charge = mine.post("/charges", "job-9", &json!({ "operation": "gpt-5" })).await.json();
    for path in [format!("/charges/{}", charge["id"]), format!("/ledger/{}", charge["id"])] {
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let told = other.post(&format!("/charges/{}/credit-back", charge["id"]), "b", &json!({ "reason": "mine" })).await;
    assert_eq!(told.status, StatusCode::NOT_FOUND);
    // The same key in another wallet is another key.
    let told = other.post("/charges", "job-9", &json!({ "operation": "gpt-5" })).await;
    assert_eq!((told.status, told.header("idempotent-replayed")), (StatusCode::CREATED, ""));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_ledger_pages_by_cursor_and_exports(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("page", 50).await;
    for at in 0..5 {
        let body = json!({ "operation": "gpt-5-nano", "metadata": { "name": "=1+1" } });
        assert_eq!(program.post("/charges", &format!("job-{at}"), &body).await.status, StatusCode::CREATED);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = program.get(&format!("/ledger?limit=2{cursor}")).await.json();
        seen.extend(page["entries"].as_array().expect("rows").iter().map(|row| row["seq"].as_i64().expect("a seq")));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let newest = seen[0];
    assert_eq!(seen, (1..=newest).rev().collect::<Vec<_>>());

    let told = program.get("/ledger.csv").await;
    assert_eq!(told.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(i64::try_from(told.text.lines().count()).expect("fits"), newest + 1);
    assert!(told.text.starts_with("seq,created_at,kind,operation,title"), "{}", told.text);
    let then = program.get(&format!("/balance/at?time={}", "2020-01-01")).await.json();
    assert_eq!(then["settled"], json!(0));
}

#[sqlx::test(migrations = "../migrations")]
async fn many_charges_in_one_call_stand_for_themselves(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("bulk", 20).await;
    let one = |key: &str, charge: serde_json::Value| json!({ "idempotency_key": key, "charge": charge });
    let body = json!({ "charges": [
        one("a", dalle()), one("b", json!({ "operation": "none" })), one("a", dalle()),
        one("c", json!({ "operation": "gpt-5.2-pro" })), one("", json!({ "operation": "gpt-5" })),
        one("d", json!({ "operation": "gpt-5" })),
    ] });
    let told = program.call(Method::POST, "/charges/batch").json(&body).send().await.expect("an answer");
    let told = Told::of(told).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    let json = told.json();
    let outcomes = json["outcomes"].as_array().expect("outcomes");
    let status: Vec<i64> = outcomes.iter().filter_map(|outcome| outcome["status"].as_i64()).collect();
    assert_eq!(status, [201, 422, 201, 402, 400, 201], "{json}");
    let replayed = outcomes.iter().filter(|outcome| outcome["replayed"] == json!(true)).count();
    assert_eq!(replayed, 1, "the same key once: {json}");
    assert_eq!(outcomes[3]["error"]["detail"]["needed"], json!(39));
    assert_eq!(program.available().await, Credits::from_whole(5).expect("fits"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_budget_stops_what_it_counts_and_is_named(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("ceil", 100).await;
    let put = async |body: serde_json::Value| {
        Told::of(
            program
                .call(Method::PUT, "/budgets")
                .header("idempotency-key", "k")
                .json(&body)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    };
    let budget = json!({ "name": "Acme", "scope": "customer", "of": "acme", "period": "month", "ceiling": 20 });
    let told = put(budget).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    assert_eq!(program.post("/charges", "a", &dalle()).await.status, StatusCode::CREATED);
    let told = program.post("/charges", "b", &dalle()).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::PAYMENT_REQUIRED, "out_of_credits"));
    assert_eq!(told.json()["error"]["detail"]["ceiling"], json!("Acme"), "{}", told.text);
    let free = json!({ "operation": "gpt-5", "metadata": { "customer_id": "globex" } });
    assert_eq!(program.post("/charges", "c", &free).await.status, StatusCode::CREATED);

    let listed = program.get("/budgets").await.json();
    assert_eq!(listed["budgets"][0]["spent"], json!(13), "{listed}");
    let id = listed["budgets"][0]["id"].as_str().expect("an id").to_owned();
    let other = site.program("other", 10).await;
    let keyless = program.call(Method::DELETE, &format!("/budgets/{id}")).send().await.expect("an answer");
    assert_eq!(Told::of(keyless).await.code(), "idempotency_key_required");
    let delete = |who: &Program<'_>| who.call(Method::DELETE, &format!("/budgets/{id}")).header("idempotency-key", "k");
    let gone = delete(&other).send().await.expect("an answer");
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    let gone = delete(&program).send().await.expect("an answer");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(program.post("/charges", "b", &dalle()).await.status, StatusCode::CREATED);
    for wrong in [
        json!({ "name": "x", "scope": "project", "of": "y", "period": "day", "ceiling": 1 }),
        json!({ "name": "x", "scope": "customer", "period": "day", "ceiling": 1 }),
        json!({ "name": "", "scope": "project", "period": "day", "ceiling": 1 }),
        json!({ "name": "x", "scope": "project", "period": "day", "ceiling": 0 }),
        json!({ "name": "x", "scope": "key", "of": "z", "period": "day", "ceiling": 1 }),
    ] {
        let told = put(wrong.clone()).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {}", told.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn exported_rows_prove_themselves(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("proof", 50).await;
    for at in 0..5 {
        program.post("/charges", &format!("job-{at}"), &json!({ "operation": "gpt-5-nano" })).await;
    }
    let head = program.get("/ledger/head").await.json();
    let file = program.get("/ledger/proof").await.text;
    let verified = wallet::ledger::verify_export(file.as_bytes()).expect("right");
    assert_eq!((Some(verified.seq), Some(verified.hash.as_str())), (head["seq"].as_i64(), head["hash"].as_str()));
    let part = program.get("/ledger/proof?from=3&to=4").await.text;
    assert_eq!(wallet::ledger::verify_export(part.as_bytes()).expect("right").rows, 2);
    let forged = file.replacen("gpt-5-nano", "gpt-5-mini", 1);
    assert!(wallet::ledger::verify_export(forged.as_bytes()).is_err());
    for query in ["from=0", "from=5&to=4", "from=x"] {
        assert_eq!(program.get(&format!("/ledger/proof?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(program.get("/ledger/proof?from=999").await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn usage_is_summed_up_by_whatever_is_asked(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("usage", 1_000).await;
    let charge = async |key: &str, operation: &str, customer: &str| {
        let body = json!({ "operation": operation, "metadata": { "customer_id": customer, "job": key } });
        let told = program.post("/charges", key, &body).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
        (told.json()["id"].as_i64().expect("an id"), told.json()["amount"].as_i64().expect("an amount"))
    };
    let (_, nano) = charge("a", "gpt-5-nano", "acme").await;
    let (_, five) = charge("b", "gpt-5", "acme").await;
    charge("c", "gpt-5", "=globex").await;
    let (failed, _) = charge("d", "gpt-5", "acme").await;
    let path = format!("/service/charges/{failed}/credit-back");
    let back = site.platform().await.post_for(&program, &path, "e", &json!({ "reason": "it failed" })).await;
    assert_eq!(back.status, StatusCode::CREATED, "{}", back.text);

    let all = program.get("/usage?group_by=").await.json();
    assert_eq!(all["usage"], json!([{ "group": {}, "charges": 4, "credits": nano + 2 * five }]), "{all}");
    let told = program.get("/usage?group_by=metadata.customer_id,operation").await.json();
    let expected = json!([
        { "group": { "metadata.customer_id": "=globex", "operation": "gpt-5" }, "charges": 1, "credits": five },
        { "group": { "metadata.customer_id": "acme", "operation": "gpt-5" }, "charges": 2, "credits": five },
        { "group": { "metadata.customer_id": "acme", "operation": "gpt-5-nano" }, "charges": 1, "credits": nano },
    ]);
    let mut sums = told["usage"].as_array().expect("sums").clone();
    sums.sort_by_key(|sum| sum["group"].to_string());
    assert_eq!(json!(sums), expected, "{told}");
    let by_day = program.get("/usage?group_by=day").await.json();
    assert_eq!(by_day["usage"].as_array().map(Vec::len), Some(1), "{by_day}");
    assert_eq!(program.get("/usage").await.json()["usage"], by_day["usage"], "by day where nothing is said");
    let before = program.get("/usage?group_by=day&from=2026-01-01&to=2026-02-01").await.json();
    assert_eq!(before["usage"], json!([]));

    let request = program.call(Method::GET, "/usage?group_by=metadata.customer_id").header("accept", "text/csv");
    let told = Told::of(request.send().await.expect("an answer")).await;
    assert!(told.header("content-type").starts_with("text/csv"));
    let mut lines: Vec<&str> = told.text.split_terminator("\r\n").collect();
    assert_eq!(lines.remove(0), "metadata.customer_id,charges,credits");
    lines.sort_unstable();
    assert_eq!(lines, [format!("'=globex,1,{five}"), format!("acme,3,{}", five + nano)], "no formula runs");
    let request = program.call(Method::GET, "/usage?bom=true").header("accept", "text/csv");
    let marked = Told::of(request.send().await.expect("an answer")).await;
    assert!(marked.text.starts_with("\u{feff}day,"), "{}", marked.text);
    for (wrong, field) in [
        ("group_by=colour", "group_by"),
        ("group_by=day,day", "group_by"),
        ("group_by=metadata.a,metadata.b,metadata.c,metadata.d", "group_by"),
        ("from=2024-01-01&to=2026-01-01", "from"),
        ("from=2026-02-01&to=2026-01-01", "from"),
        ("to=soon", "to"),
        ("bom=maybe", "bom"),
    ] {
        let told = program.get(&format!("/usage?{wrong}")).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"), "{wrong}");
        assert_eq!(told.json()["error"]["detail"]["fields"][0]["field"], json!(field), "{wrong}");
    }
}
