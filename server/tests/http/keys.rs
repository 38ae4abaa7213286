//! What each call asks of a key: every route of the document, with no key, a narrow one, a preview one and somebody
//! else's.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::identity::{Environment, KeyScope, NewKey, ServiceScope, Viewer};
use wallet::money::Credits;

use crate::support::{Program, Site, Told, location};

/// What a call is asked to do, so that nothing but the key can be wrong with it.
pub enum Asks {
    /// Any key may read the price list.
    Anything,
    /// A key with this scope.
    Scope(KeyScope),
    /// A key with this scope, for production.
    Production(KeyScope),
    /// A service key with this scope: the call is the platform's own.
    Platform(ServiceScope),
}

use Asks::{Anything, Platform, Production, Scope};

/// Every call, what it asks of a key, and a body that is right in itself.
pub fn calls() -> Vec<(&'static str, &'static str, Asks, Value)> {
    use KeyScope::{
        BalanceRead, BudgetsWrite, ChargesWrite, HoldsWrite, LedgerRead, TopUpsWrite, WebhooksRead, WebhooksWrite,
    };
    use ServiceScope::{KeysRead, SpendWrite};
    let line = json!({ "operation": "gpt-5", "params": {}, "count": 1 });
    let charge = json!({ "operation": "gpt-5" });
    let hook = json!({ "url": "https://8.8.8.8/hook", "events": ["ledger.entry.created"] });
    let ceiling = json!({ "name": "x", "scope": "customer", "of": "acme", "period": "day", "ceiling": 5 });
    let none = Value::Null;
    vec![
        ("GET", "/models", Anything, none.clone()),
        ("GET", "/models/{operation}", Anything, none.clone()),
        ("POST", "/models/{operation}/calculate-price", Anything, json!({ "params": {} })),
        ("POST", "/quotes/batch", Anything, json!({ "lines": [line] })),
        ("GET", "/plans", Anything, none.clone()),
        ("GET", "/packages", Anything, none.clone()),
        ("GET", "/add-ons", Anything, none.clone()),
        ("GET", "/metered", Anything, none.clone()),
        ("POST", "/metered/{item}", Platform(SpendWrite), json!({ "value": 1 })),
        ("GET", "/price-changes", Anything, none.clone()),
        ("GET", "/balance", Scope(BalanceRead), none.clone()),
        ("GET", "/balance/at", Scope(BalanceRead), none.clone()),
        ("GET", "/budgets", Scope(BalanceRead), none.clone()),
        ("PUT", "/budgets", Scope(BudgetsWrite), ceiling),
        ("DELETE", "/budgets/{id}", Scope(BudgetsWrite), none.clone()),
        ("POST", "/charges", Scope(ChargesWrite), charge.clone()),
        (
            "POST",
            "/charges/batch",
            Scope(ChargesWrite),
            json!({ "charges": [{ "idempotency_key": "k", "charge": charge }] }),
        ),
        ("GET", "/charges/{id}", Scope(LedgerRead), none.clone()),
        ("POST", "/charges/{id}/credit-back", Scope(ChargesWrite), json!({ "reason": "it failed" })),
        ("POST", "/holds", Scope(HoldsWrite), json!({ "lines": [{ "operation": "gpt-5" }] })),
        ("GET", "/holds/{id}", Scope(LedgerRead), none.clone()),
        ("POST", "/holds/{id}/capture", Scope(HoldsWrite), json!({})),
        ("POST", "/holds/{id}/release", Scope(HoldsWrite), json!({ "reason": "cancelled" })),
        ("POST", "/service/charges", Platform(SpendWrite), json!({ "operation": "gpt-5" })),
        ("POST", "/service/charges/{id}/credit-back", Platform(SpendWrite), json!({ "reason": "it failed" })),
        ("POST", "/service/holds", Platform(SpendWrite), json!({ "lines": [{ "operation": "gpt-5" }] })),
        ("GET", "/service/holds/{id}", Platform(SpendWrite), none.clone()),
        ("POST", "/service/holds/{id}/capture", Platform(SpendWrite), json!({})),
        ("POST", "/service/holds/{id}/release", Platform(SpendWrite), json!({ "reason": "platform_failure" })),
        ("GET", "/service/keys/introspect", Platform(KeysRead), none.clone()),
        ("GET", "/ledger", Scope(LedgerRead), none.clone()),
        ("GET", "/ledger/{seq}", Scope(LedgerRead), none.clone()),
        ("GET", "/ledger.csv", Scope(LedgerRead), none.clone()),
        ("GET", "/ledger/head", Scope(LedgerRead), none.clone()),
        ("GET", "/ledger/proof", Scope(LedgerRead), none.clone()),
        ("GET", "/usage", Scope(LedgerRead), none.clone()),
        ("GET", "/events", Scope(LedgerRead), none.clone()),
        ("POST", "/top-ups", Production(TopUpsWrite), json!({ "package": "light", "currency": "RUB" })),
        ("POST", "/redemptions", Production(TopUpsWrite), json!({ "code": "GC-1" })),
        ("GET", "/payments", Scope(LedgerRead), none.clone()),
        ("GET", "/payments/{id}", Scope(LedgerRead), none.clone()),
        ("GET", "/webhook-endpoints", Scope(WebhooksRead), none.clone()),
        ("POST", "/webhook-endpoints", Scope(WebhooksWrite), hook),
        ("POST", "/webhook-endpoints/{id}/rotate-secret", Scope(WebhooksWrite), none.clone()),
        ("POST", "/webhook-endpoints/{id}/enable", Scope(WebhooksWrite), none.clone()),
        ("POST", "/webhook-endpoints/{id}/test", Scope(WebhooksWrite), none.clone()),
        ("DELETE", "/webhook-endpoints/{id}", Scope(WebhooksWrite), none.clone()),
        ("GET", "/webhook-deliveries", Scope(WebhooksRead), none.clone()),
        ("GET", "/webhook-deliveries/{id}", Scope(WebhooksRead), none.clone()),
        ("POST", "/webhook-deliveries/{id}/redeliver", Scope(WebhooksWrite), none),
    ]
}

/// Makes a key of somebody's wallet.
async fn key_of(site: &Site, viewer: &Viewer, environment: Environment, scopes: &[KeyScope]) -> String {
    let scopes = scopes.iter().map(|scope| scope.code().to_owned()).collect();
    let new = NewKey { name: "walker".to_owned(), environment, scopes, ceiling: None };
    site.wallet().identity().create_key(viewer, &new).await.expect("a key").secret
}

/// Makes a call; only its head is awaited, since one of them is a stream.
async fn call(site: &Site, key: Option<&str>, (method, path): (&str, &str), body: &Value) -> StatusCode {
    let method: Method = method.parse().expect("a method");
    let mut request = site.client.request(method, format!("{}/api/v2{path}", site.url));
    request = request.header("idempotency-key", uuid::Uuid::now_v7().to_string());
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if !body.is_null() {
        request = request.json(body);
    }
    request.send().await.expect("an answer").status()
}

/// The path with names of things that nobody has.
fn filled(path: &str) -> String {
    let nothing = "0192aaaa-0000-7000-8000-000000000000";
    let number = ["/charges/{id}", "/holds/{id}"].into_iter().any(|name| path.contains(name));
    let path = path.replace("{id}", if number { "999999" } else { nothing });
    let path = path.replace("{operation}", "gpt-5").replace("{seq}", "999999").replace("{item}", "storage");
    if path == "/balance/at" { format!("{path}?time=2026-01-01") } else { path }
}

#[sqlx::test(migrations = "../migrations")]
async fn every_call_asks_for_its_scope(pool: PgPool) {
    let site = Site::start(pool).await;
    let document = site.client.get(format!("{}/api/openapi.json", site.url)).send().await.expect("an answer");
    let document: Value = document.json().await.expect("JSON");
    let mut described = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        described
            .extend(methods.as_object().expect("methods").keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    let calls = calls();
    for (method, path) in &described {
        let is_declared = calls.iter().any(|(known, at, ..)| known == method && at == path);
        assert!(is_declared, "say in this test what {method} {path} asks of a key");
    }
    assert_eq!(described.len(), calls.len(), "this test knows calls that the document doesn't");

    let (_, viewer) = site.person("walker").await;
    let mut tried = 0;
    for (method, path, asks, body) in calls {
        let at = (method, filled(path));
        let answer = async |key: Option<&str>| call(&site, key, (at.0, &at.1), &body).await;
        assert_eq!(answer(None).await, StatusCode::UNAUTHORIZED, "{at:?} without a key");
        let (scope, is_for_production) = match asks {
            Anything => {
                let narrow = key_of(&site, &viewer, Environment::Preview, &[KeyScope::HoldsWrite]).await;
                assert_eq!(answer(Some(&narrow)).await, StatusCode::OK, "{at:?} with any key");
                tried += 1;
                revoke_all(&site, &viewer).await;
                continue;
            }
            Scope(scope) => (scope, false),
            Production(scope) => (scope, true),
            Platform(scope) => {
                let all = key_of(&site, &viewer, Environment::Production, &KeyScope::ALL).await;
                assert_eq!(answer(Some(&all)).await, StatusCode::FORBIDDEN, "{at:?} with a customer's key");
                for held in ServiceScope::ALL {
                    let name = format!("walker-{tried}-{held:?}");
                    let key = site.platform_with(&name, &[held]).await.key;
                    let is_forbidden = answer(Some(&key)).await == StatusCode::FORBIDDEN;
                    assert_eq!(is_forbidden, !scope.is_in(&[held.code().to_owned()]), "{at:?} with {held:?}");
                }
                tried += 1;
                revoke_all(&site, &viewer).await;
                continue;
            }
        };
        let others: Vec<KeyScope> = KeyScope::ALL.into_iter().filter(|other| *other != scope).collect();
        let without = key_of(&site, &viewer, Environment::Production, &others).await;
        assert_eq!(answer(Some(&without)).await, StatusCode::FORBIDDEN, "{at:?} without {scope:?}");
        let unnamed = key_of(&site, &viewer, Environment::Production, &[]).await;
        let is_forbidden = answer(Some(&unnamed)).await == StatusCode::FORBIDDEN;
        assert_eq!(is_forbidden, !scope.is_content(), "{at:?} with a key of no scopes");
        let with = key_of(&site, &viewer, Environment::Production, &[scope]).await;
        let status = answer(Some(&with)).await;
        let is_done = status.is_success() || [StatusCode::NOT_FOUND, StatusCode::PAYMENT_REQUIRED].contains(&status);
        assert!(is_done, "{at:?} with {scope:?}: {status}");
        let preview = key_of(&site, &viewer, Environment::Preview, &[scope]).await;
        let is_forbidden = answer(Some(&preview)).await == StatusCode::FORBIDDEN;
        assert_eq!(is_forbidden, is_for_production, "{at:?} with a preview key");
        tried += 1;
        revoke_all(&site, &viewer).await;
    }
    assert_eq!(tried, described.len());
}

async fn revoke_all(site: &Site, viewer: &Viewer) {
    for key in site.wallet().identity().keys(viewer).await.expect("keys") {
        if key.revoked_at.is_none() {
            site.wallet().identity().revoke_key(viewer, key.id).await.expect("revoked");
        }
    }
}

async fn put(program: &Program<'_>, body: &Value) -> Told {
    // A key of its own for each.
    let key = uuid::Uuid::now_v7().to_string();
    let request = program.call(Method::PUT, "/budgets").header("idempotency-key", key).json(body);
    Told::of(request.send().await.expect("an answer")).await
}

async fn delete(program: &Program<'_>, path: &str) -> Told {
    let request = program.call(Method::DELETE, path).header("idempotency-key", "k");
    Told::of(request.send().await.expect("an answer")).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_lifts_no_budget_of_its_own_and_a_preview_key_none_of_production(pool: PgPool) {
    let site = Site::start(pool).await;
    let owner = site.program("ceilings", 100).await;
    let viewer = owner.viewer.clone();
    let scopes: Vec<String> = KeyScope::ALL.map(|scope| scope.code().to_owned()).to_vec();
    let capped = NewKey {
        name: "capped".to_owned(),
        environment: Environment::Production,
        scopes,
        ceiling: Credits::from_whole(5),
    };
    let made = site.wallet().identity().create_key(&viewer, &capped).await.expect("a key");
    let capped = Program { site: &site, key: made.secret, viewer: viewer.clone() };
    let lifted = json!({ "name": "mine", "scope": "key", "of": made.key.id, "period": "month", "ceiling": 9_000 });
    assert_eq!(put(&capped, &lifted).await.code(), "forbidden");
    let listed = capped.get("/budgets").await.json();
    let own = listed["budgets"][0]["id"].as_str().expect("its ceiling").to_owned();
    assert_eq!(delete(&capped, &format!("/budgets/{own}")).await.code(), "forbidden");
    assert_eq!(put(&owner, &lifted).await.status, StatusCode::OK, "another key may");

    let whole = json!({ "name": "all of it", "scope": "project", "period": "day", "ceiling": 50 });
    assert_eq!(put(&owner, &whole).await.status, StatusCode::OK);
    let production = json!({ "name": "live", "scope": "environment", "period": "day", "ceiling": 40 });
    let told = put(&owner, &production).await;
    let id = |name: &str| {
        let budgets = told.json()["budgets"].as_array().expect("ceilings").clone();
        let found = budgets.into_iter().find(|budget| budget["name"] == json!(name)).expect("the ceiling");
        found["id"].as_str().expect("an id").to_owned()
    };
    let key = key_of(&site, &viewer, Environment::Preview, &KeyScope::ALL).await;
    let preview = Program { site: &site, key, viewer: viewer.clone() };
    assert_eq!(put(&preview, &whole).await.code(), "forbidden");
    assert_eq!(delete(&preview, &format!("/budgets/{}", id("all of it"))).await.code(), "forbidden");
    assert_eq!(delete(&preview, &format!("/budgets/{}", id("live"))).await.code(), "not_found");
    assert_eq!(put(&preview, &production).await.status, StatusCode::OK, "its own environment");

    // What a key may spend goes with the key.
    site.wallet().identity().revoke_key(&viewer, made.key.id).await.expect("revoked");
    let left = owner.get("/budgets").await.text;
    assert!(!left.contains(&made.key.id.to_string()), "{left}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_preview_key_sees_no_payment_of_production(pool: PgPool) {
    let site = Site::start(pool).await;
    let owner = site.program("payer", 10).await;
    let order = owner.post("/top-ups", "one", &json!({ "package": "light", "currency": "RUB" })).await.json();
    let id = order["payment_id"].as_str().expect("an id");
    assert!(owner.get("/payments").await.text.contains(id));
    let key = key_of(&site, &owner.viewer, Environment::Preview, &[]).await;
    let preview = Program { site: &site, key, viewer: owner.viewer.clone() };
    assert_eq!(preview.get("/payments").await.json()["payments"], json!([]));
    assert_eq!(preview.get(&format!("/payments/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn orders_that_nobody_pays_have_an_end(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("hoarder", 10).await;
    let order = json!({ "package": "light", "currency": "RUB" });
    for at in 0..20 {
        assert_eq!(program.post("/top-ups", &format!("o{at}"), &order).await.status, StatusCode::CREATED);
    }
    let told = program.post("/top-ups", "more", &order).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"));
    assert!(told.text.contains("20 orders wait to be paid"), "{}", told.text);
    assert_eq!(program.post("/top-ups", "o3", &order).await.status, StatusCode::CREATED, "a repeat is no new one");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_form_for_a_key_makes_one_however_often_it_is_sent(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, viewer) = site.person("twice").await;
    let mut browser = site.browser();
    browser.sign_in("twice").await;
    let page = browser.open("/developers/keys").await.text;
    let secret = |page: &str| {
        let (_, form) = page.split_once("id=\"new-key\"").expect("the form");
        let (_, field) = form.split_once("name=\"idempotency_key\"").expect("the field");
        let value = field.split("value=\"").nth(1).and_then(|rest| rest.split('"').next());
        value.expect("a secret").to_owned()
    };
    let form = secret(&page);
    let fields = [("name", "ci"), ("environment", "production"), ("idempotency_key", form.as_str())];
    let shown = |page: &str| {
        let at = page.find("nb_live_").unwrap_or_else(|| panic!("no key in {page}"));
        page[at..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect::<String>()
    };
    let first = browser.post("/developers/keys", &fields).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let again = browser.post("/developers/keys", &fields).await;
    assert_eq!(shown(&again.text), shown(&first.text), "who clicks twice still sees the key that was made");
    let keys = site.wallet().identity().keys(&viewer).await.expect("keys");
    assert_eq!(keys.len(), 1);
    let program = Program { site: &site, key: shown(&first.text), viewer: viewer.clone() };
    assert_eq!(program.get("/balance").await.status, StatusCode::OK);
    // Another form makes another key; a form of a revoked one makes none.
    let other = secret(&browser.open("/developers/keys").await.text);
    assert_ne!(other, form);
    site.wallet().identity().revoke_key(&viewer, keys[0].id).await.expect("revoked");
    let told = browser.post("/developers/keys", &fields).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = browser.post("/developers/keys", &[("name", "ci"), ("environment", "production")]).await;
    assert_eq!((told.status, location(&told).as_str()), (StatusCode::UNPROCESSABLE_ENTITY, ""));
    assert!(told.text.contains("value=\"ci\""), "what was typed is kept: {}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn every_charge_of_a_batch_counts_as_a_write(pool: PgPool) {
    let site = Site::start_with(pool, &["--rate-writes", "5"]).await;
    let program = site.program("batcher", 100).await;
    let charges: Vec<Value> = (0..6)
        .map(|at| json!({ "idempotency_key": format!("b{at}"), "charge": { "operation": "gpt-5-nano" } }))
        .collect();
    let told = program.post("/charges/batch", "k", &json!({ "charges": charges })).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
    let told = program.post("/charges/batch", "k", &json!({ "charges": charges[..4] })).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
}
