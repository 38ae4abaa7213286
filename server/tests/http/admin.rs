//! The tariff editor over HTTP: a draft, a lower price, publication; pages, charges and the audit log follow.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::identity::{SignUp, StaffRole};

use crate::support::{Browser, PASSWORD, Site, location};

async fn admin(site: &Site) -> Browser<'_> {
    let form = SignUp {
        email: "chief@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        name: "Chief".to_owned(),
        locale: "en".to_owned(),
    };
    site.wallet().identity().create_staff(form, StaffRole::Admin).await.expect("staff");
    let mut browser = site.browser();
    browser.sign_in("chief").await;
    browser
}

async fn revision(site: &Site, version: i32) -> String {
    site.wallet().tariffs().book(version).await.expect("a draft").revision.to_string()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lower_price_is_published_and_the_next_charge_follows(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("payer", 50).await;
    let mut browser = admin(&site).await;

    let told = browser.post("/admin/tariffs", &[]).await;
    assert_eq!((told.status, location(&told).as_str()), (StatusCode::SEE_OTHER, "/admin/tariffs/2"), "{}", told.text);
    let first = revision(&site, 2).await;
    let fields = [("operation", "gpt-5"), ("revision", first.as_str()), ("price.0", "1,0")];
    let told = browser.post("/admin/tariffs/2/prices", &fields).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let stale = browser.post("/admin/tariffs/2/prices", &fields).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "an edit of an older draft overwrites nothing");
    for price in ["-1", "", "abc", "1e9", "99999999999999999", "0.0000001", "NaN"] {
        let now = revision(&site, 2).await;
        let fields = [("operation", "gpt-5"), ("revision", now.as_str()), ("price.0", price)];
        let told = browser.post("/admin/tariffs/2/prices", &fields).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{price}");
    }
    assert_eq!(program.post("/charges", "before", &json!({ "operation": "gpt-5" })).await.json()["amount"], json!(2));

    let now = revision(&site, 2).await;
    let told = browser.post("/admin/tariffs/2/publish", &[("revision", &now)]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let charge = program.post("/charges", "after", &json!({ "operation": "gpt-5" })).await.json();
    assert_eq!(charge["receipt"]["price_book_version"], json!(2), "{charge}");
    assert_eq!(charge["amount"], json!(1));
    let audit = browser.open("/admin/audit").await;
    assert!(audit.text.contains("Chief") && audit.text.contains("gpt-5"), "who and what");
}

#[sqlx::test(migrations = "../migrations")]
async fn nonsense_in_the_editor_is_never_a_500(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = admin(&site).await;
    browser.post("/admin/tariffs", &[]).await;
    for path in [
        "/admin/tariffs/2/prices",
        "/admin/tariffs/99/prices",
        "/admin/tariffs/x/prices",
        "/admin/tariffs/2/publish",
        "/admin/tariffs/99/publish",
        "/admin/tariffs/1/publish",
        "/admin/tariffs/2/rehearse",
        "/admin/tariffs/99/rehearse",
    ] {
        for value in ["", "\u{0}", "-1", "99999999999999999999", "gpt-5", "<script>"] {
            let names = ["operation", "revision", "price.0", "effective_at", "confirm"];
            let fields: Vec<(&str, &str)> = names.into_iter().map(|name| (name, value)).collect();
            let told = browser.post(path, &fields).await;
            assert!(told.status.is_client_error() || told.status.is_redirection(), "{path} {value:?}: {}", told.status);
        }
    }
    for path in [
        "/admin/tariffs/0",
        "/admin/tariffs/-1",
        "/admin/tariffs/99999999999",
        "/admin/tariffs/2?edit=%00",
        "/admin/audit?before=x",
    ] {
        let told = browser.open(path).await;
        assert!(told.status.as_u16() < 500, "{path}: {} {}", told.status, told.text);
    }
}
