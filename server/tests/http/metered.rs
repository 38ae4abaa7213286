//! Metered items over HTTP: the platform sets gauges, the page of the plan and programs see the month, and what can't be
//! is refused by name.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::identity::{Environment, NewKey, ServiceScope};
use wallet::money::Credits;

use crate::pricing::text_of;
use crate::support::{Program, Site, Told};

const PAGE: &str = "/wallet/plan";
const DOMAINS: &str = "/metered/custom-domain";

/// Says whether a page has all of some words, in its text.
fn has(told: &Told, words: &[&str]) {
    let text = text_of(&told.text);
    for word in words {
        assert!(text.contains(word), "no “{word}” in {text}");
    }
}

fn credits(value: &Value) -> Credits {
    value.to_string().parse().expect("an amount")
}

/// An item as a program sees it.
async fn item(program: &Program<'_>, code: &str) -> Value {
    let list = program.get("/metered").await.json()["metered"].as_array().expect("a list").clone();
    list.into_iter().find(|item| item["code"] == code).expect("offered")
}

#[sqlx::test(migrations = "../migrations")]
async fn gauges_are_set_and_the_month_is_seen_and_closed(pool: PgPool) {
    let site = Site::start_selling(pool.clone(), "neuraldraft", &[]).await;
    let program = site.program("owner", 5_000).await;
    let platform = site.platform().await;
    let mut browser = site.browser();
    browser.sign_in("owner").await;
    has(&browser.open(PAGE).await, &["Metered this month", "Custom domains Not measured yet, 1 included", "400 each"]);
    let before = item(&program, "custom-domain").await;
    assert_eq!((&before["available"], &before["wallet"]["value"]), (&json!(true), &Value::Null));

    let now = site.wallet().clock().now();
    let set = platform.post_for(&program, DOMAINS, "g1", &json!({ "value": 3 })).await;
    assert_eq!(set.status, StatusCode::CREATED, "{}", set.text);
    let gauge = set.json();
    assert_eq!((&gauge["item"], &gauge["value"]), (&json!("custom-domain"), &json!(3)));
    assert_eq!(gauge["wallet"]["account"], json!(program.viewer.account));
    let at: DateTime<Utc> = gauge["at"].as_str().expect("an instant").parse().expect("an instant");
    assert!((at - now).num_seconds().abs() < 60);
    let again = platform.post_for(&program, DOMAINS, "g1", &json!({ "value": 3 })).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    assert_eq!(again.json(), gauge);
    // Once more by the place of the wallet, with a time of its own.
    let place = json!({ "account": program.viewer.account, "project": program.viewer.project,
                        "value": 18.4, "at": at - TimeDelta::seconds(1) });
    let storage = platform.post("/metered/storage", "g2", &place).await;
    assert_eq!((storage.status, &storage.json()["value"]), (StatusCode::CREATED, &json!(18.4)), "{}", storage.text);

    let domains = item(&program, "custom-domain").await;
    assert_eq!((&domains["wallet"]["value"], &domains["included"]), (&json!(3), &json!(1)));
    let month = program.get("/metered").await.json()["month"].clone();
    assert_eq!(month["carried"], json!(0));
    assert!(month["closes_at"].is_string() && credits(&month["forecast"]) >= credits(&month["so_far"]), "{month}");
    let page = browser.open(PAGE).await;
    has(&page, &["Custom domains 3 now, 1 included", "Storage 18.4 GB now, 1 GB included", "20 per GB", "Total"]);
    browser.post("/settings/locale", &[("locale", "ru")]).await;
    has(
        &browser.open(PAGE).await,
        &["Использование за месяц", "сейчас 3, включено 1", "сейчас 18,4 ГБ, включено 1 ГБ", "20 за ГБ", "Итого"],
    );
    browser.post("/settings/locale", &[("locale", "en")]).await;

    // The month is over, by the clocks of the database and of the process: 3 domains for all of an hour.
    let over = "UPDATE metered_wallets
                SET starts_at = date_trunc('hour', now()) - interval '2 hours',
                    ends_at = date_trunc('hour', now()) - interval '1 hour', due_at = now() - interval '1 minute';
                SET session_replication_role = replica;
                UPDATE metered_gauges SET at = date_trunc('hour', now()) - interval '2 hours';
                SET session_replication_role = DEFAULT;
                UPDATE metered_terms SET since = date_trunc('hour', now()) - interval '2 hours'";
    sqlx::raw_sql(over).execute(&pool).await.expect("set");
    assert_eq!(site.wallet().close_metered_months().await.expect("closed").closed, 1);
    let rows = program.get("/ledger?kind=metered").await.json();
    let rows = rows["entries"].as_array().expect("rows").clone();
    // Two domains of 400, and 17.4 GB of 20.
    assert_eq!((rows.len(), &rows[0]["operation"], &rows[0]["amount"]), (1, &json!("metered"), &json!(-1_148)));
    let receipt = browser.open(&format!("/wallet/history/{}", rows[0]["seq"])).await;
    has(&receipt, &["Metered usage", "Custom domains", "Storage", "17.4 GB", "By use"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_can_not_be_measured_is_refused_by_name(pool: PgPool) {
    let site = Site::start_selling(pool.clone(), "neuraldraft", &[]).await;
    let (program, stranger) = (site.program("owner", 10).await, site.program("stranger", 10).await);
    let platform = site.platform().await;
    let now = site.wallet().clock().now();
    let place = |account: Value, project: Value| json!({ "account": account, "project": project, "value": 1 });
    let (account, project) = (json!(program.viewer.account), json!(program.viewer.project));
    let far = json!("+12026-01-01T00:00:00Z");
    let cases = [
        ("/metered/telepathy", json!({ "value": 1 }), 422, "item"),
        (DOMAINS, json!({ "value": -1 }), 422, "value"),
        (DOMAINS, json!({ "value": 1_000_000_000.001 }), 422, "value"),
        (DOMAINS, json!({ "value": 1.0001 }), 400, "value"),
        (DOMAINS, json!({ "value": 9.3e12 }), 400, "value"),
        (DOMAINS, json!({ "value": "3" }), 400, "value"),
        (DOMAINS, json!({ "value": null }), 400, "value"),
        (DOMAINS, json!({}), 400, "value"),
        (DOMAINS, json!({ "value": 1, "at": now + TimeDelta::minutes(2) }), 422, "at"),
        (DOMAINS, json!({ "value": 1, "at": now - TimeDelta::days(40) }), 422, "at"),
        (DOMAINS, json!({ "value": 1, "at": "yesterday" }), 400, "at"),
        (DOMAINS, json!({ "value": 1, "at": far }), 422, "at"),
        (DOMAINS, json!({ "value": 1, "unit": "GB" }), 400, "unit"),
    ];
    for (path, body, status, field) in cases {
        let refused = platform.post_for(&program, path, "k", &body).await;
        assert_eq!(refused.status.as_u16(), status, "{body}: {}", refused.text);
        assert_eq!(refused.json()["error"]["detail"]["fields"][0]["field"], json!(field), "{body}: {}", refused.text);
    }
    let nobody = json!("0192aaaa-0000-7000-8000-000000000000");
    for (body, status) in [
        (place(account.clone(), json!(stranger.viewer.project)), 404),
        (place(json!(stranger.viewer.account), project.clone()), 404),
        (place(nobody.clone(), nobody), 404),
        (json!({ "value": 1 }), 422),
        (json!({ "value": 1, "account": account }), 422),
        (json!({ "value": 1, "account": account, "project": project, "on_behalf_of": program.key }), 422),
        (json!({ "value": 1, "on_behalf_of": "nd_live_nobody" }), 422),
    ] {
        let refused = platform.post(DOMAINS, "k", &body).await;
        assert_eq!(refused.status.as_u16(), status, "{body}: {}", refused.text);
    }
    let preview = NewKey {
        name: "preview".to_owned(),
        environment: Environment::Preview,
        scopes: vec!["balance:read".to_owned()],
        ceiling: None,
    };
    let preview = site.wallet().identity().create_key(&program.viewer, &preview).await.expect("a key").secret;
    let refused = platform.post(DOMAINS, "k", &json!({ "value": 1, "on_behalf_of": preview })).await;
    assert_eq!(refused.json()["error"]["detail"]["fields"][0]["field"], json!("on_behalf_of"), "{}", refused.text);
    // A customer's key sets no gauge, nor does a service key that may only look; another body needs another key.
    assert_eq!(program.post(DOMAINS, "k", &json!({ "value": 1 })).await.status, StatusCode::FORBIDDEN);
    let reader = site.platform_with("reader", &[ServiceScope::KeysRead]).await;
    assert_eq!(reader.post_for(&program, DOMAINS, "k", &json!({ "value": 1 })).await.status, StatusCode::FORBIDDEN);
    let left = "SELECT count(*) FROM metered_wallets";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&pool).await.expect("read"), 0);
    assert_eq!(platform.post_for(&program, DOMAINS, "k", &json!({ "value": 1 })).await.status, StatusCode::CREATED);
    let other = platform.post_for(&program, DOMAINS, "k", &json!({ "value": 2 })).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_mismatch"));
    // Nobody else's month has moved, and a key that may not read the balance sees the offer alone.
    assert_eq!(item(&stranger, "custom-domain").await["wallet"]["value"], Value::Null);
    let blind = site.program_with("blind", 10, &["ledger:read"]).await.get("/metered").await.json();
    assert_eq!((&blind["month"], &blind["metered"][0]["wallet"]), (&Value::Null, &Value::Null));
    assert_eq!(blind["metered"].as_array().map(Vec::len), Some(3));
}
