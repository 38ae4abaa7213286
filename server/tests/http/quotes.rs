//! Quotes with a lifetime, gates by plan, and params that are no use: over HTTP.

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::identity::Actor;
use wallet::money::Credits;
use wallet::tariff::Flat;
use wallet::tariff::Rule;

use crate::support::{Program, Site, Told};

/// Publishes a lower price, in force at once.
async fn publish(site: &Site, operation: &str, whole: i64) {
    let (tariffs, staff) = (site.wallet().tariffs(), Actor::system("test"));
    let draft = tariffs.create_draft(&staff).await.expect("a draft");
    let rule = Rule::Flat(Flat { credits: Credits::from_whole(whole).expect("fits") });
    let draft = tariffs.set_rule(&staff, draft.version, draft.revision, operation, rule).await.expect("changed");
    tariffs.publish(&staff, draft.version, draft.revision, None).await.expect("published");
}

async fn locked(program: &Program<'_>, operation: &str, params: Value) -> String {
    let body = json!({ "params": params, "lock": true });
    let told = program.post(&format!("/models/{operation}/calculate-price"), "k", &body).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    told.json()["quote"]["id"].as_str().expect("an id").to_owned()
}

fn fields(told: &Told) -> Vec<String> {
    let named = told.json()["error"]["detail"]["fields"].as_array().cloned().unwrap_or_default();
    named.iter().map(|field| field["field"].as_str().unwrap_or_default().to_owned()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_locked_quote_is_honoured_by_charges_and_holds(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("quinn", 300).await;
    let quote = locked(&program, "gpt-5.2-pro", json!({})).await;
    publish(&site, "gpt-5.2-pro", 32).await;

    let body = json!({ "operation": "gpt-5.2-pro", "quote_id": quote });
    let charge = program.post("/charges", "a", &body).await.json();
    assert_eq!((&charge["amount"], &charge["receipt"]["price_book_version"]), (&json!(39), &json!(1)), "{charge}");
    let plain = program.post("/charges", "b", &json!({ "operation": "gpt-5.2-pro" })).await.json();
    assert_eq!((&plain["amount"], &plain["receipt"]["price_book_version"]), (&json!(32), &json!(2)), "{plain}");
    let lines = json!({ "lines": [{ "operation": "gpt-5.2-pro", "quote_id": quote }, { "operation": "gpt-5.2-pro" }] });
    let hold = program.post("/holds", "h", &lines).await.json();
    assert_eq!(hold["amount"], json!(71), "{hold}");
    let versions = hold["lines"].as_array().expect("lines").iter().map(|line| &line["receipt"]["price_book_version"]);
    assert_eq!(versions.collect::<Vec<_>>(), [&json!(1), &json!(2)]);

    let other = program.post("/charges", "c", &json!({ "operation": "gpt-5", "quote_id": quote })).await;
    assert_eq!((other.status, fields(&other)), (StatusCode::UNPROCESSABLE_ENTITY, vec!["quote_id".to_owned()]));
    let stranger = site.program("sven", 300).await;
    let foreign = stranger.post("/charges", "d", &body).await;
    assert_eq!((foreign.status, fields(&foreign)), (StatusCode::UNPROCESSABLE_ENTITY, vec!["quote_id".to_owned()]));
    // A batch of quotes has nothing to honour: it says so, and drops nothing silently.
    let told = program.post("/quotes/batch", "e", &lines).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
    assert!(told.text.contains("quote_id"), "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_charge_tells_the_receipt_that_the_ledger_keeps(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("quinn", 300).await;
    let quote = locked(&program, "dall-e-3", json!({})).await;
    // Another operation gets cheaper: the same price, by another version.
    publish(&site, "gpt-5", 1).await;
    let body = json!({ "operation": "dall-e-3", "quote_id": quote });
    let charge = program.post("/charges", "a", &body).await.json();
    let kept = program.get(&format!("/charges/{}", charge["id"])).await.json();
    assert_eq!((&charge["receipt"], &charge["receipt"]["price_book_version"]), (&kept["receipt"], &json!(1)));
    let again = program.post("/charges", "a", &body).await.json();
    assert_eq!(again["receipt"], kept["receipt"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_option_above_the_plan_is_402_and_names_the_plan(pool: PgPool) {
    let site = Site::start_selling(pool, "neuraldraft", &[]).await;
    let program = site.program("greta", 1_000).await;
    let premium = json!({ "operation": "video_clip", "params": { "tier": "premium" } });
    let (charge, hold) = (premium.clone(), json!({ "lines": [{ "operation": "image" }, premium] }));
    for (path, body) in [("/charges", &charge), ("/holds", &hold)] {
        let told = program.post(path, path, body).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::PAYMENT_REQUIRED, "plan_required"), "{path}");
        assert_eq!(told.json()["error"]["detail"], json!({ "plan": "build" }), "{path}");
    }
    assert_eq!(program.available().await, Credits::from_whole(1_000).expect("fits"), "nothing was taken");
    let budget = json!({ "operation": "video_clip", "params": { "tier": "budget" } });
    assert_eq!(program.post("/charges", "b", &budget).await.json()["amount"], json!(40));
    let model = program.get("/models/video_clip").await.json();
    assert_eq!(model["gates"], json!([{ "param": "tier", "value": "premium", "plan": "build" }]), "{model}");
}

#[sqlx::test(migrations = "../migrations")]
async fn lists_and_control_characters_are_no_quantities(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("nick", 300).await;
    let huge = vec!["x".repeat(100); 10_000];
    for list in [json!([]), json!(["a"]), json!(["\u{0}"]), json!(huge)] {
        for lock in [false, true] {
            let body = json!({ "params": { "characters": list }, "lock": lock });
            let told = program.post("/models/elevenlabs-v2/calculate-price", "k", &body).await;
            assert_eq!(
                (told.status, fields(&told)),
                (StatusCode::UNPROCESSABLE_ENTITY, vec!["params.characters".into()])
            );
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn targets_may_be_names_and_only_names(pool: PgPool) {
    let site = Site::start_selling(pool, "neuraldraft", &[]).await;
    let program = site.program("tara", 300).await;
    let price = async |languages: Value, lock: bool| {
        let body = json!({ "params": { "target_languages": languages }, "lock": lock });
        program.post("/models/blog_post/calculate-price", "k", &body).await
    };
    assert_eq!(price(json!(["de", "fr", "es", "it"]), true).await.json()["token_cost"], json!(88));
    for wrong in [json!(["\u{0}"]), json!(["x".repeat(2_000)]), json!(vec!["de"; 20_000]), json!([1])] {
        for lock in [false, true] {
            let told = price(wrong.clone(), lock).await;
            assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", told.text);
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn metadata_may_say_everything_but_a_real_nul(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("mona", 300).await;
    let charge = |metadata: Value| json!({ "operation": "gpt-5", "metadata": metadata });
    let literal = json!({ "a": r"\u0000", r"b\u0000": [r"\\u0000"] });
    let told = program.post("/charges", "a", &charge(literal.clone())).await;
    assert_eq!((told.status, &told.json()["metadata"]), (StatusCode::CREATED, &literal), "{}", told.text);
    for nul in [json!({ "a": "\u{0}" }), json!({ "\u{0}": 1 }), json!({ "a": [{ "b\u{0}": 1 }] })] {
        let told = program.post("/charges", "b", &charge(nul)).await;
        assert_eq!((told.status, fields(&told)), (StatusCode::UNPROCESSABLE_ENTITY, vec!["metadata".to_owned()]));
    }
}
