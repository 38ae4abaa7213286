//! Receipts: why a row is as much as it is, by REST and on its page.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Program, Site, Told};

/// Holds lines of kling-v2.1 (44) and gpt-5 (2), captures them, and gives the capture's row.
async fn capture(program: &Program<'_>, at: usize, operations: &[&str], body: &Value) -> i64 {
    let lines: Vec<Value> = operations.iter().map(|operation| json!({ "operation": operation })).collect();
    let hold = program.post("/holds", &format!("hold-{at}"), &json!({ "lines": lines })).await;
    assert_eq!(hold.status, StatusCode::CREATED, "{}", hold.text);
    let path = format!("/holds/{}/capture", hold.json()["id"]);
    let captured = program.post(&path, &format!("capture-{at}"), body).await;
    assert_eq!(captured.status, StatusCode::CREATED, "{}", captured.text);
    captured.json()["finished_by"].as_i64().expect("a row")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_shows_each_line_with_what_was_taken_of_it(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("hank", 200).await;
    let mut browser = site.browser();
    browser.sign_in("hank").await;
    let job = ["kling-v2.1", "gpt-5"];
    let tries =
        [(json!({}), [44, 2], 46), (json!({ "amount": 40 }), [40, 0], 40), (json!({ "lines": [0, 2] }), [0, 2], 2)];
    for (at, (body, taken, total)) in tries.into_iter().enumerate() {
        let seq = capture(&program, at, &job, &body).await;
        for path in [format!("/charges/{seq}"), format!("/ledger/{seq}")] {
            let told = program.get(&path).await.json();
            assert_eq!(told["amount"].as_i64().map(i64::abs), Some(total), "{path}");
            assert_eq!(told["receipt"], json!(null), "{path}: no one price says it all");
            let captured: Vec<i64> = told["lines"]
                .as_array()
                .expect("lines")
                .iter()
                .map(|line| line["captured"].as_i64().expect("an amount"))
                .collect();
            assert_eq!(captured, taken, "{path}");
            assert_eq!(told["lines"][0]["receipt"]["total"], json!(44), "{path}");
        }
        let page = browser.open(&format!("/wallet/history/{seq}")).await.text;
        assert!(page.contains(&format!("Why {total} tokens?")), "{at}");
        assert!(page.contains(&format!(r#"class="fig text-2xl">{total}<"#)), "{at}: the sum is the row's");
        assert_eq!(page.contains("Not charged, released"), total < 46, "{at}");
        assert!(page.contains("kling-v2.1") && page.contains("Fixed price, 1 call, price book 1"), "{at}");
    }
    // One line, taken whole, is as good as a charge.
    let seq = capture(&program, 9, &["gpt-5"], &json!({})).await;
    let told = program.get(&format!("/charges/{seq}")).await.json();
    assert_eq!((&told["receipt"]["total"], &told["lines"][0]["captured"]), (&json!(2), &json!(2)), "{told}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failed_job_costs_nothing_and_its_receipt_says_whose_fault_it_was(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("fail", 100).await;
    let mut browser = site.browser();
    browser.sign_in("fail").await;
    let hold = program.post("/holds", "hold-1", &json!({ "lines": [{ "operation": "gpt-5" }] })).await.json();
    let path = format!("/service/holds/{}/release", hold["id"]);
    let reason = json!({ "reason": "platform_failure" });
    let released = site.platform().await.post_for(&program, &path, "release-1", &reason).await.json();
    let seq = released["finished_by"].as_i64().expect("a row");
    assert_eq!(program.get(&format!("/ledger/{seq}")).await.json()["reason"], json!("platform_failure"));
    let page = browser.open(&format!("/wallet/history/{seq}")).await.text;
    assert!(
        page.contains("Why 0 tokens?") && page.contains("The job failed on our side. Nothing was charged."),
        "{page}"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_by_a_quote_names_it(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("quoted", 100).await;
    let mut browser = site.browser();
    browser.sign_in("quoted").await;
    let params = json!({ "size": "1792x1024", "quality": "hd" });
    let body = json!({ "params": params, "count": 2, "lock": true });
    let request = program.call(Method::POST, "/models/dall-e-3/calculate-price").json(&body);
    let priced = Told::of(request.send().await.expect("an answer")).await.json();
    let id = priced["quote"]["id"].as_str().expect("a quote").to_owned();
    let wanted = json!({ "operation": "dall-e-3", "params": params, "count": 2, "quote_id": id });
    let charge = program.post("/charges", "job-1", &wanted).await.json();
    assert_eq!((&charge["amount"], &charge["receipt"]["quote_id"]), (&json!(26), &json!(id)), "{charge}");
    let shown = program.get(&format!("/charges/{}", charge["id"])).await.json();
    assert_eq!(shown["receipt"], charge["receipt"]);
    let page = browser.open(&format!("/wallet/history/{}", charge["id"])).await.text;
    for words in ["Why 26 tokens?", "Option grid, 2 calls, price book 1", "size 1792x1024", &id, "job-1", "100 → 74"]
    {
        assert!(page.contains(words), "{words}");
    }
    // What the book in force priced has no quote.
    let plain = program.post("/charges", "job-2", &json!({ "operation": "gpt-5" })).await.json();
    assert!(plain["receipt"].get("quote_id").is_none(), "{plain}");
}
