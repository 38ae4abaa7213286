//! Announced prices over HTTP: the changelog, its feeds and the API say the same; the banner; margins.

use std::ops::ControlFlow;

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::catalog::OperationForm;
use wallet::id::UserId;
use wallet::identity::Actor;
use wallet::money::Credits;
use wallet::tariff::Flat;
use wallet::tariff::Rule;

use crate::support::{Site, Told, location};

fn staff() -> Actor {
    Actor::Staff { id: UserId::new(), name: "Lev Orlov".to_owned() }
}

/// Publishes one price; a rise starts when its notice is over.
async fn publish(site: &Site, operation: &str, price: i64, rises: bool) -> i32 {
    let tariffs = site.wallet().tariffs();
    let draft = tariffs.create_draft(&staff()).await.expect("a draft");
    let rule = Rule::Flat(Flat { credits: Credits::from_whole(price).expect("fits") });
    let draft = tariffs.set_rule(&staff(), draft.version, draft.revision, operation, rule).await.expect("changed");
    tariffs.ask_simulation(&staff(), draft.version).await.expect("asked");
    tariffs.run_simulations(|_| ControlFlow::Continue(())).await.expect("rehearsed");
    let from = if rises { Some(tariffs.first_rise().await.expect("a day") + TimeDelta::hours(1)) } else { None };
    tariffs.publish(&staff(), draft.version, draft.revision, from).await.expect("published").version
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_that_is_asked_for_is_told_by_its_name_and_every_customers_bill_as_csv(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("nora", 100).await;
    let asked = json!({ "operation": "dall-e-3", "params": { "quality": "hd" } });
    assert_eq!(program.post("/charges", "one", &asked).await.status, StatusCode::CREATED);
    site.wallet().clock().advance(TimeDelta::seconds(1));
    let (tariffs, catalog) = (site.wallet().tariffs(), site.wallet().catalog());
    let draft = tariffs.create_draft(&staff()).await.expect("a draft");
    let form = OperationForm::from(draft.tariff("dall-e-3").expect("in the book"));
    let form = OperationForm { gates: "quality = hd: pro".to_owned(), ..form };
    let draft = catalog.replace_operation(&staff(), draft.version, draft.revision, form).await.expect("changed");
    tariffs.ask_simulation(&staff(), draft.version).await.expect("asked");
    tariffs.run_simulations(|_| ControlFlow::Continue(())).await.expect("rehearsed");

    let sheet = format!("/admin/tariffs/{}/rehearsal.csv", draft.version);
    assert_eq!(ask(&site, &sheet, None).await.status, StatusCode::SEE_OTHER, "admins sign in");
    let mut admin = site.admin().await;
    let told = admin.open(&sheet).await;
    assert_eq!((told.status, told.header("content-type")), (StatusCode::OK, "text/csv; charset=utf-8"));
    assert_eq!(told.text, "account,name,charges,before,after,change\r\n", "what would be refused is on nobody's bill");
    let publish = admin.open(&format!("/admin/tariffs/{}/publish", draft.version)).await;
    assert!(publish.text.contains("hd, required plan: Every plan → pro"), "{}", publish.text);

    let from = Some(tariffs.first_rise().await.expect("a day") + TimeDelta::hours(1));
    let version = tariffs.publish(&staff(), draft.version, draft.revision, from).await.expect("published").version;
    let page = ask(&site, &format!("/changelog/{version}"), None).await;
    assert!(page.text.contains("hd, required plan") && page.text.contains("Every plan"), "{}", page.text);
    let feed = ask(&site, "/changelog.atom", None).await;
    assert!(feed.text.contains("hd, required plan: Every plan → Pro"), "{}", feed.text);
    let changes = program.get("/price-changes").await.json();
    let gates = &changes["price_changes"][0]["changes"][0]["gates"];
    assert_eq!(*gates, json!([{ "option": "hd", "before": null, "after": "pro" }]));
}

async fn ask(site: &Site, path: &str, header: Option<(&str, &str)>) -> Told {
    let mut request = site.client.get(format!("{}{path}", site.url));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    Told::of(request.send().await.expect("an answer")).await
}

#[sqlx::test(migrations = "../migrations")]
async fn changelog_feeds_and_api_say_the_same(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("nora", 10).await;
    let empty = ask(&site, "/changelog", None).await;
    assert_eq!(empty.status, StatusCode::OK);
    assert!(empty.text.contains("No price changes yet"));
    assert_eq!(program.get("/price-changes").await.json(), json!({ "price_changes": [], "next_cursor": null }));

    let drop = publish(&site, "gpt-5.2-pro", 32, false).await;
    let rise = publish(&site, "gpt-5", 3, true).await;
    let page = ask(&site, "/changelog", None).await;
    for words in
        ["1 price goes up", "1 price goes down", "+50\u{a0}%", "−17.9\u{a0}%", "Upcoming", "application/atom+xml"]
    {
        assert!(page.text.contains(words), "{words}");
    }
    let one = ask(&site, &format!("/changelog/{rise}"), None).await;
    assert!(one.status == StatusCode::OK && one.text.contains("+50\u{a0}%") && !one.text.contains("−17.9"));
    for missing in ["/changelog/1", "/changelog/99", "/changelog/x", "/changelog/-1"] {
        assert_eq!(ask(&site, missing, None).await.status, StatusCode::NOT_FOUND, "{missing}");
    }

    let first = program.get("/price-changes?limit=1").await.json();
    let change = &first["price_changes"][0];
    assert_eq!((&change["price_book_version"], &change["status"]), (&json!(rise), &json!("scheduled")));
    assert_eq!(change["changes"][0]["percent"], json!({ "min": 50, "max": 50 }));
    assert_eq!(change["changes"][0]["after"], json!({ "min": 3, "max": 3 }));
    let next = first["next_cursor"].as_str().expect("another page");
    let second = program.get(&format!("/price-changes?limit=1&cursor={next}")).await.json();
    assert_eq!(second["price_changes"][0]["price_book_version"], json!(drop));
    assert!(second["price_changes"][0]["changes"].to_string().contains("-17.9"), "{second}");
    assert!(second["next_cursor"].is_null());
    for bad in ["limit=0", "cursor=x", "cursor=c_x", "colour=red"] {
        let told = program.get(&format!("/price-changes?{bad}")).await;
        assert_eq!((told.status, told.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"), "{bad}");
    }

    for (path, kind) in [("/changelog.atom", "application/atom+xml"), ("/changelog.rss", "application/rss+xml")] {
        let feed = ask(&site, path, None).await;
        assert!(feed.header("content-type").starts_with(kind), "{path}");
        assert_eq!(
            feed.text.matches(&format!("/changelog/{rise}</")).count(),
            if kind.contains("atom") { 1 } else { 2 }
        );
        assert!(feed.text.contains("GPT-5 [gpt-5]: 2 → 3, +50\u{a0}%, goes up"), "{}", feed.text);
        let tag = feed.header("etag").to_owned();
        let again = ask(&site, path, Some(("if-none-match", &tag))).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        let since = feed.header("last-modified").to_owned();
        assert_eq!(ask(&site, path, Some(("if-modified-since", &since))).await.status, StatusCode::NOT_MODIFIED);
        sqlx::query("UPDATE price_books SET changed_at = changed_at + interval '1 hour' WHERE version = $1")
            .bind(rise)
            .execute(site.wallet().pool())
            .await
            .expect("written again");
        let changed = ask(&site, path, Some(("if-modified-since", &since))).await;
        assert_eq!(changed.status, StatusCode::OK, "what is announced was written again since");
        let russian = ask(&site, &format!("{path}?lang=ru"), Some(("if-none-match", &tag))).await;
        assert!(russian.status == StatusCode::OK && russian.text.contains("дороже"));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn whom_a_rise_concerns_sees_a_banner_and_gets_a_mail(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("payer", 50).await;
    program.post("/charges", "one", &json!({ "operation": "gpt-5" })).await;
    let (_, _) = site.person("other").await;
    let version = publish(&site, "gpt-5", 3, true).await;
    // Telling, then the mails that it queued.
    site.work().await;
    site.work().await;
    let mut payer = site.browser();
    payer.sign_in("payer").await;
    for path in ["/wallet", "/wallet/history", "/developers/keys"] {
        let page = payer.open(path).await.text;
        assert!(page.contains("rise-banner") && page.contains("+1 token"), "{path}");
        assert!(page.contains(&format!("/changelog/{version}")), "{path}");
    }
    let mut other = site.browser();
    other.sign_in("other").await;
    assert!(!other.open("/wallet").await.text.contains("rise-banner"));

    let gone = payer.post(&format!("/wallet/price-changes/{version}/dismiss"), &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    assert!(!payer.open("/wallet").await.text.contains("rise-banner"), "put away for good");
    for bad in ["99", "x", "-1"] {
        let told = payer.post(&format!("/wallet/price-changes/{bad}/dismiss"), &[]).await;
        assert!(told.status.is_client_error(), "{bad}: {}", told.status);
    }
    let mails = ask(&site, "/dev/mail", None).await;
    assert!(mails.text.contains("+1 token for you"), "{}", mails.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn margins_are_for_admins_and_a_wrong_csv_file_keeps_its_text(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, _) = site.person("other").await;
    let mut other = site.browser();
    other.sign_in("other").await;
    for path in ["/admin/margins", "/admin/margins/costs.csv"] {
        assert_eq!(other.open(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(other.post("/admin/margins", &[("costs", "x")]).await.status, StatusCode::NOT_FOUND);

    let mut chief = site.admin().await;
    let page = chief.open("/admin/margins").await;
    assert!(page.status == StatusCode::OK && page.text.contains("cost not set"), "{}", page.text);
    let head = "operation,cost,per,currency,source,review_on";
    let wrong = format!("{head}\ngpt-5,4,1,RUB,list,\nno-such,1,1,RUB,list,\ngpt-5-nano,-1,1,RUB,list,\n");
    let told = chief.post("/admin/margins", &[("costs", &wrong)]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in ["line 3, column 1", "line 4, column 12", "no-such,1,1,RUB,list,"] {
        assert!(told.text.contains(words), "{words}: {}", told.text);
    }
    for empty in ["", " \n", "\u{0}", "a,b\n1,2"] {
        let told = chief.post("/admin/margins", &[("costs", empty)]).await;
        assert!(told.status.is_client_error(), "{empty:?}: {}", told.status);
    }
    let none = chief.post("/admin/margins/draft", &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);

    let sheet = |cost: &str| format!("{head}\ngpt-5.2-pro,{cost},1,RUB,list,\n");
    let body = format!(
        "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"costs.csv\"\r\ncontent-type: text/csv\r\n\r\n{}\r\n\
         --x\r\ncontent-disposition: form-data; name=\"costs\"\r\n\r\n\r\n--x--\r\n",
        sheet("40")
    );
    let request = site.client.post(format!("{}/admin/margins", site.url));
    let request = request.header("content-type", "multipart/form-data; boundary=x").header("origin", &site.url);
    let told = chief.send(request.header("sec-fetch-site", "same-origin").body(body)).await;
    assert_eq!(
        (told.status, location(&told).as_str()),
        (StatusCode::SEE_OTHER, "/admin/margins?kept=1"),
        "{}",
        told.text
    );
    let told = chief.post("/admin/margins", &[("costs", &sheet("30"))]).await;
    assert_eq!(location(&told), "/admin/margins?kept=1", "{}", told.text);
    let page = chief.open("/admin/margins?operation=gpt-5.2-pro").await.text;
    assert!(page.contains("was 40.00\u{a0}RUB") && page.contains("Cost history of gpt-5.2-pro"), "{page}");
    assert!(chief.open("/admin/margins/costs.csv").await.text.contains("gpt-5.2-pro,30,1,RUB,list,"));
    let told = chief.post("/admin/margins/draft", &[]).await;
    assert_eq!(location(&told), "/admin/tariffs/2", "{}", told.text);
    assert!(chief.open("/admin/audit").await.text.contains("Uploaded upstream costs"));
}
