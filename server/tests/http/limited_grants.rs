//! Credits that pay for some operations only, as programs see them.

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::identity::Actor;
use wallet::ledger::Gift;
use wallet::money::Credits;

use crate::support::Site;

#[sqlx::test(migrations = "../migrations")]
async fn credits_for_images_are_shown_and_spent_as_such(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("lena", 20).await;
    let wallet = site.wallet();
    let limit = wallet.tariffs().grant_limit(Vec::new(), vec!["image".into()]).await.expect("a limit");
    let amount = Credits::from_whole(30).expect("fits");
    let gift = Gift { amount, days: None, label: "Images".into(), limit };
    let staff = Actor::system("test");
    wallet.ledger().gift_by_staff(program.viewer.wallet, gift, "k", (&staff, "hello")).await.expect("given");

    let balance = program.get("/balance").await.json();
    assert_eq!((&balance["available"], &balance["general"]), (&json!(50), &json!(20)), "{balance}");
    let images = json!({
        "credits": 30, "label": "Images", "expires_at": null, "operations": [], "categories": ["image"],
    });
    assert_eq!(balance["limited"], json!([images]));

    let price = async |operation: &str, params: Value| {
        let body = json!({ "params": params, "lock": true });
        program.post(&format!("/models/{operation}/calculate-price"), "k", &body).await.json()["available"].clone()
    };
    assert_eq!(price("gpt-5", json!({})).await, json!(20));
    let picture = json!({ "size": "1024x1024", "quality": "hd" });
    assert_eq!(price("dall-e-3", picture.clone()).await, json!(50));

    let chat = json!({ "operation": "gpt-5", "count": 11 });
    let short = program.post("/charges", "chat", &chat).await;
    assert_eq!(short.status, StatusCode::PAYMENT_REQUIRED, "{}", short.text);
    let detail = &short.json()["error"]["detail"];
    let told = (&detail["needed"], &detail["available"], &detail["limited"]);
    assert_eq!(told, (&json!(22), &json!(20), &json!(30)), "{}", short.text);
    assert!(short.text.contains("30 more are limited to other operations"), "{}", short.text);

    let drawn = program.post("/charges", "draw", &json!({ "operation": "dall-e-3", "params": picture })).await.json();
    let cost = drawn["amount"].as_i64().expect("an amount");
    let balance = program.get("/balance").await.json();
    let left = (&balance["general"], &balance["limited"][0]["credits"]);
    assert_eq!(left, (&json!(20), &json!(30 - cost)), "{balance}");
}
