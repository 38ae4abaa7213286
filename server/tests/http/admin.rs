//! The tariff editor over HTTP: a draft, a lower price, publication; pages, charges and the audit log follow.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Site, location};

async fn revision(site: &Site, version: i32) -> String {
    site.wallet().tariffs().book(version).await.expect("a draft").revision.to_string()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lower_price_is_published_and_the_next_charge_follows(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("payer", 50).await;
    let mut browser = site.admin().await;

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
    let mut browser = site.admin().await;
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
        "/admin/tariffs/2/operations",
        "/admin/tariffs/99/operations",
        "/admin/tariffs/2/remove",
        "/admin/tariffs/2/import",
        "/admin/tariffs/99/import",
        "/admin/tariffs/2/undo",
        "/admin/tariffs/99/discard",
        "/admin/tariffs/99/undo",
    ] {
        for value in ["", "\u{0}", "-1", "99999999999999999999", "gpt-5", "<script>"] {
            let names = [
                "operation",
                "revision",
                "price.0",
                "effective_at",
                "confirm",
                "steps",
                "file",
                "kind",
                "rule",
                "category",
                "name",
                "unit",
                "supplier",
                "label",
                "minimum_plan",
                "replaces",
                "seen",
                "upload",
            ];
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
        "/admin/tariffs/2/operations?code=%00&rule=x",
        "/admin/tariffs/99/import",
        "/admin/tariffs/99/prices.csv",
        "/admin/tariffs/x/prices.toml",
        "/admin/audit?before=x",
    ] {
        let told = browser.open(path).await;
        assert!(told.status.as_u16() < 500, "{path}: {} {}", told.status, told.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn prices_leave_as_files_and_come_back(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    for (file, kind) in [("prices.csv", "text/csv"), ("prices.toml", "application/toml")] {
        let address = format!("/admin/tariffs/2/{file}");
        let told = browser.open(&address).await;
        assert!(told.status == StatusCode::OK && told.header("content-type").starts_with(kind), "{}", told.text);
        assert!(told.header("content-disposition").contains("attachment"));
        let now = revision(&site, 2).await;
        let back = browser.post("/admin/tariffs/2/import", &[("revision", &now), ("file", &told.text)]).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text);
        assert_eq!(site.wallet().tariffs().diff(2).await.expect("a diff"), [], "the same prices");
        let stranger = site.browser().open(&address).await;
        assert_ne!(stranger.status, StatusCode::OK, "for admins only");
    }
    let now = revision(&site, 2).await;
    let wrong = "operation,option,price\ngpt-5,,-1\ngpt-99,,5\n";
    let told = browser.post("/admin/tariffs/2/import", &[("revision", &now), ("file", wrong)]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.text.contains("line 2, column 8") && told.text.contains("line 3, column 1"), "{}", told.text);
    assert!(told.text.contains("gpt-99,,5"), "what was typed is still there");
    assert_eq!(revision(&site, 2).await, now, "nothing changed");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_early_rise_is_refused_however_it_is_posted(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    for (operation, price) in [("gpt-5", "3"), ("gpt-5.2-pro", "32")] {
        let now = revision(&site, 2).await;
        browser
            .post("/admin/tariffs/2/prices", &[("operation", operation), ("revision", &now), ("price.0", price)])
            .await;
    }
    let told = browser.post("/admin/tariffs/2/rehearse", &[]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    site.work().await;
    let now = revision(&site, 2).await;
    let tomorrow = (chrono::Utc::now() + chrono::TimeDelta::days(1)).date_naive().to_string();
    for steps in ["two", "one", "", "three"] {
        for day in [tomorrow.as_str(), "1970-01-01", ""] {
            let fields = [("revision", now.as_str()), ("effective_at", day), ("confirm", "yes"), ("steps", steps)];
            let told = browser.post("/admin/tariffs/2/publish", &fields).await;
            assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{steps} {day}");
        }
    }
    assert_eq!(site.wallet().tariffs().versions().await.expect("a list").len(), 2, "nothing was published");
    let first = site.wallet().tariffs().first_rise().await.expect("a day") + chrono::TimeDelta::days(1);
    let day = first.date_naive().to_string();
    let fields = [("revision", now.as_str()), ("effective_at", day.as_str()), ("confirm", "yes"), ("steps", "two")];
    let told = browser.post("/admin/tariffs/2/publish", &fields).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let program = site.program("payer", 50).await;
    let charged = program.post("/charges", "a", &json!({ "operation": "gpt-5.2-pro" })).await.json();
    assert_eq!(charged["amount"], json!(32), "the drop is in force");
    let charged = program.post("/charges", "b", &json!({ "operation": "gpt-5" })).await.json();
    assert_eq!(charged["amount"], json!(2), "the rise waits");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_simulation_goes_on_behind_the_page_which_says_how_far_it_is(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    let now = revision(&site, 2).await;
    let fields = [("operation", "gpt-5"), ("revision", now.as_str()), ("price.0", "3")];
    browser.post("/admin/tariffs/2/prices", &fields).await;
    let page = browser.open("/admin/tariffs/2/publish").await;
    assert!(page.text.contains("Run simulation") && !page.text.contains("<progress"), "{}", page.text);

    for _ in 0..2 {
        let told = browser.post("/admin/tariffs/2/rehearse", &[]).await;
        assert_eq!((told.status, location(&told).as_str()), (StatusCode::SEE_OTHER, "/admin/tariffs/2/publish"));
    }
    let page = browser.open("/admin/tariffs/2/publish").await;
    for words in ["<progress", "Simulation progress", "Chief started it", "http-equiv=\"refresh\""] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("Start over"), "it is of these prices");
    let now = revision(&site, 2).await;
    let fields = [("operation", "gpt-5"), ("revision", now.as_str()), ("price.0", "4")];
    browser.post("/admin/tariffs/2/prices", &fields).await;
    let page = browser.open("/admin/tariffs/2/publish").await;
    assert!(page.text.contains("<progress") && page.text.contains("Start over"), "{}", page.text);

    site.work().await;
    let page = browser.open("/admin/tariffs/2/publish").await;
    assert!(page.text.contains("matches this draft") && !page.text.contains("<progress"), "{}", page.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_outdated_draft_says_so_and_is_brought_up_to_date(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    for (version, price) in [(2, "30"), (3, "32")] {
        let told = browser.post("/admin/tariffs", &[]).await;
        assert_eq!(location(&told), format!("/admin/tariffs/{version}"));
        let now = revision(&site, version).await;
        let fields = [("operation", "gpt-5.2-pro"), ("revision", now.as_str()), ("price.0", price)];
        browser.post(&format!("/admin/tariffs/{version}/prices"), &fields).await;
    }
    let page = browser.open("/admin/tariffs/1").await.text;
    assert!(page.contains("Create another draft") && page.contains("/admin/tariffs/3"), "{page}");
    let now = revision(&site, 3).await;
    browser.post("/admin/tariffs/3/publish", &[("revision", &now), ("confirm", "yes")]).await;

    for path in ["/admin/tariffs/2", "/admin/tariffs/2/publish"] {
        let page = browser.open(path).await.text;
        assert!(page.contains("Version 3 is in force") && page.contains("Update draft"), "{path}: {page}");
    }
    let now = revision(&site, 2).await;
    let told = browser.post("/admin/tariffs/2/publish", &[("revision", &now), ("confirm", "yes")]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.text.contains("Update the draft first"), "{}", told.text);
    let told = browser.post("/admin/tariffs/2/rebase", &[("revision", &now)]).await;
    assert_eq!(location(&told), "/admin/tariffs/2?show=changed&clash=gpt-5.2-pro", "{}", told.text);
    let page = browser.open(&location(&told)).await.text;
    assert!(page.contains("clashes") && !page.contains("Update draft"), "{page}");
    let stale = browser.post("/admin/tariffs/2/rebase", &[("revision", &now)]).await;
    assert!(stale.status.is_client_error(), "{}", stale.status);
    let now = revision(&site, 2).await;
    let told = browser.post("/admin/tariffs/2/publish", &[("revision", &now), ("confirm", "yes")]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_drop_may_wait_for_a_day_and_be_withdrawn_before_it(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.admin().await;
    browser.post("/admin/tariffs", &[]).await;
    let now = revision(&site, 2).await;
    let fields = [("operation", "gpt-5.2-pro"), ("revision", now.as_str()), ("price.0", "32")];
    browser.post("/admin/tariffs/2/prices", &fields).await;
    let now = revision(&site, 2).await;
    for day in ["1970-01-01", "soon", "2026-02-30"] {
        let fields = [("revision", now.as_str()), ("effective_at", day), ("confirm", "yes")];
        let told = browser.post("/admin/tariffs/2/publish", &fields).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{day}");
    }
    let day = (chrono::Utc::now() + chrono::TimeDelta::days(3)).date_naive().to_string();
    let fields = [("revision", now.as_str()), ("effective_at", day.as_str()), ("confirm", "yes")];
    let told = browser.post("/admin/tariffs/2/publish", &fields).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let program = site.program("payer", 100).await;
    let charged = program.post("/charges", "a", &json!({ "operation": "gpt-5.2-pro" })).await.json();
    assert_eq!(charged["amount"], json!(39), "it waits for its day");

    let page = browser.open("/admin/tariffs/2").await.text;
    assert!(page.contains("Withdraw this version"), "{page}");
    let told = browser.post("/admin/tariffs/2/withdraw", &[]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "not without a tick");
    for _ in 0..2 {
        let told = browser.post("/admin/tariffs/2/withdraw", &[("confirm", "yes")]).await;
        assert_eq!((told.status, location(&told).as_str()), (StatusCode::SEE_OTHER, "/admin/tariffs/2"));
    }
    let told = browser.post("/admin/tariffs/1/withdraw", &[("confirm", "yes")]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "it is in force");
    let changes = program.get("/price-changes").await.json();
    assert_eq!(changes["price_changes"][0]["status"], json!("withdrawn"));
    for path in ["/changelog", "/changelog/2", "/changelog.atom", "/admin/tariffs/2"] {
        assert!(browser.open(path).await.text.contains("Withdrawn"), "{path}");
    }
}
