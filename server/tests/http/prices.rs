//! Balance and prices answer as the NeuralBox document shows.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::Site;

#[sqlx::test(migrations = "../migrations")]
async fn the_documented_calls_answer_as_documented(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("nora", 283).await;

    let told = program.get("/balance").await;
    assert_eq!(told.status, StatusCode::OK);
    assert!(told.text.starts_with(r#"{"token_balance":283,"plan":"starter","plan_expires_at":null,"#), "{}", told.text);
    let balance = told.json();
    assert_eq!((&balance["available"], &balance["held"], &balance["settled"]), (&json!(283), &json!(0), &json!(283)));
    assert_eq!((&balance["unit"], &balance["environment"]), (&json!("tokens"), &json!("production")));
    for field in ["badge_required", "expiring", "runway_days", "auto_top_up"] {
        assert!(balance.get(field).is_some(), "{field}");
    }

    // The document's own call: no Idempotency-Key, no more than these fields in the body.
    let body = r#"{"params": {"size": "1792x1024", "quality": "hd"}, "count": 1}"#;
    let request = program.call(Method::POST, "/models/dall-e-3/calculate-price");
    let told = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
    assert_eq!(told.status(), StatusCode::OK);
    let text = told.text().await.expect("a text");
    let documented = r#"{"token_cost":13,"min_token_cost":5,"max_token_cost":13,"pricing_type":"matrix","#;
    assert!(text.starts_with(documented), "{text}");
    let price: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&price["unit"], &price["price_book_version"]), (&json!("tokens"), &json!(1)));
    assert_eq!(price["lines"][0]["credits"], json!(13));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_price_list_holds_every_model(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("nora", 10).await;

    let models = program.get("/models").await.json();
    let list = models["models"].as_array().expect("a list");
    assert!(list.len() > 45, "{}", list.len());
    let dalle = program.get("/models/dall-e-3").await.json();
    assert_eq!((&dalle["min"], &dalle["max"], &dalle["pricing_type"]), (&json!(5), &json!(13), &json!("matrix")));
    assert!(dalle["params"].as_array().is_some_and(|params| params.len() == 2), "{dalle}");
    let music = program.get("/models?category=music").await.json();
    assert_eq!(music["models"].as_array().map(Vec::len), Some(2));
    assert_eq!(program.get("/models?category=poems").await.code(), "invalid_request");
    assert_eq!(program.get("/models/none").await.status, StatusCode::NOT_FOUND);

    let plans = program.get("/plans").await.json();
    assert_eq!(plans["plans"].as_array().map(Vec::len), Some(5));
    assert_eq!(plans["plans"][0]["one_time_credits"], json!(50));
    let packages = program.get("/packages").await.json();
    assert_eq!(packages["packages"].as_array().map(Vec::len), Some(8));
    let light = &packages["packages"][1];
    assert_eq!((&light["credits"], &light["prices"][0]["amount"]), (&json!(100), &json!("449.00")));
    assert_eq!((&light["prices"][0]["minor"], &light["prices"][0]["currency"]), (&json!(44900), &json!("RUB")));
    assert_eq!(program.get("/add-ons").await.status, StatusCode::OK);

    let batch = json!({ "lines": [
        { "operation": "gpt-5" }, { "operation": "dall-e-3", "params": { "size": "1792x1024", "quality": "hd" } },
    ] });
    let told = program.post("/quotes/batch", "unused", &batch).await.json();
    assert_eq!((&told["total"], &told["lines"][1]["token_cost"]), (&json!(15), &json!(13)));
}
