//! Payments for staff: who sees and decides them, and what the pages and the file say.

use reqwest::StatusCode;
use sqlx::PgPool;

use crate::matrix::{accountant, member, supporter};
use crate::support::{Browser, Site, location};

const CARD: [(&str, &str); 4] =
    [("number", "4242 4242 4242 4242"), ("expiry", "12/39"), ("cvc", "123"), ("action", "pay")];

/// A payment of a new person whose money is a hundred roubles less than the order: it waits for staff. Gives its id.
async fn in_review(site: &Site, pool: &PgPool, name: &str) -> String {
    site.person(name).await;
    let mut browser = site.browser();
    browser.sign_in(name).await;
    let fields = [("package", "light"), ("currency", "RUB"), ("idempotency_key", name)];
    let page = location(&browser.post("/wallet/top-up", &fields).await);
    let less = sqlx::query("UPDATE sandbox_checkouts SET minor = minor - 10000 WHERE state = 'open'");
    assert_eq!(less.execute(pool).await.expect("changed").rows_affected(), 1);
    let back = location(&browser.post(&page, &CARD).await);
    browser.open(&back).await;
    let id = back.trim_end_matches("/return").rsplit('/').next().expect("an id").to_owned();
    let shown = browser.open(&format!("/wallet/orders/{id}")).await;
    assert!(shown.text.contains("in review"), "{}", shown.text);
    id
}

async fn credits(pool: &PgPool) -> i64 {
    let sum = sqlx::query_scalar("SELECT coalesce(sum(settled), 0)::bigint FROM wallets");
    sum.fetch_one(pool).await.expect("a sum")
}

#[sqlx::test(migrations = "../migrations")]
async fn payments_are_for_admins_and_finance(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let id = in_review(&site, &pool, "buyer").await;
    let story = format!("/admin/payments/{id}");
    let pages = ["/admin/payments", story.as_str(), "/admin/reconciliation", "/admin/payments.csv"];
    let mut guest = site.browser();
    let mut owner = member(&site, &pool, "owner").await;
    let mut buyer = site.browser();
    buyer.sign_in("buyer").await;
    let mut helper = supporter(&site).await;
    let mut finance = accountant(&site).await;
    let mut admin = site.admin().await;
    for page in pages {
        let told = guest.open(page).await;
        assert!(location(&told).starts_with("/sign-in"), "{page} by a guest: {}", told.status);
        for browser in [&mut owner, &mut buyer, &mut helper] {
            let told = browser.open(page).await;
            assert_eq!(told.status, StatusCode::NOT_FOUND, "{page}");
            assert!(!told.text.contains("449.00"), "{page}");
        }
        for browser in [&mut finance, &mut admin] {
            let told = browser.open(page).await;
            assert_eq!(told.status, StatusCode::OK, "{page}: {}", told.text);
        }
    }
    // Finance has these pages and no other; the way there says so.
    let list = finance.open("/admin/payments").await.text;
    assert!(!list.contains("/admin/tariffs") && !list.contains("/admin/audit"), "{list}");
    assert_eq!(finance.open("/admin/audit").await.status, StatusCode::NOT_FOUND);
    assert!(finance.open("/wallet").await.text.contains("href=\"/admin/payments\""));
    assert!(admin.open("/admin/payments").await.text.contains("href=\"/admin/audit\""));
    for nothing in ["pay_0", "0192aaaa-0000-7000-8000-000000000000", "%00"] {
        let told = admin.open(&format!("/admin/payments/{nothing}")).await;
        assert!(told.status.is_client_error(), "{nothing}: {}", told.text);
    }
}

async fn decide(browser: &mut Browser<'_>, id: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
    let told = browser.post(&format!("/admin/payments/{id}/decision"), fields).await;
    (told.status, location(&told), told.text)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_in_review_is_decided_once_with_a_reason(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let id = in_review(&site, &pool, "buyer").await;
    let mut finance = accountant(&site).await;
    let mut admin = site.admin().await;
    let before = credits(&pool).await;
    let page = finance.open(&format!("/admin/payments/{id}")).await.text;
    assert!(page.contains("₽349.00 of ₽449.00") && page.contains("₽100.00 less than the order"), "{page}");
    let secrets: Vec<String> = sqlx::query_scalar("SELECT checkout_url FROM payments WHERE checkout_url IS NOT NULL")
        .fetch_all(&pool)
        .await
        .expect("addresses");
    assert!(!secrets.is_empty() && secrets.iter().all(|secret| !page.contains(secret.as_str())), "{page}");

    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (fields, words) in [
        (&[("decision", "return"), ("note", "refund re_1")][..], "Confirm that you have checked"),
        (&[("decision", "return"), ("note", " "), ("confirm", "yes")][..], "Say why"),
        (&[("decision", "x"), ("note", "why"), ("confirm", "yes")][..], "Choose a decision"),
        (&[("note", "why"), ("confirm", "yes")][..], "Choose a decision"),
        // The provider has not what was ordered.
        (
            &[("decision", "accept"), ("note", "why"), ("confirm", "yes")][..],
            "Not accepted. The provider has not confirmed",
        ),
    ] {
        let (status, _, text) = decide(&mut finance, &id, fields).await;
        assert_eq!(status, unprocessable, "{fields:?}: {text}");
        assert!(text.contains(words), "{words}: {text}");
    }
    // Two of the staff at once, and a repeat: one decision.
    let fields = [("decision", "return"), ("note", "refund re_1"), ("confirm", "yes")];
    let (one, two) = tokio::join!(decide(&mut finance, &id, &fields), decide(&mut admin, &id, &fields));
    let decided = format!("/admin/payments/{id}?done=returned");
    for (status, to, text) in [one, two, decide(&mut admin, &id, &fields).await] {
        assert!(status == StatusCode::SEE_OTHER || status == unprocessable, "{status}: {text}");
        assert!(status == unprocessable || to == decided, "{to}");
    }
    let (status, _, text) =
        decide(&mut admin, &id, &[("decision", "accept"), ("note", "why"), ("confirm", "yes")]).await;
    assert_eq!(status, unprocessable, "{text}");
    assert!(text.contains("not in review any more"), "{text}");
    assert_eq!(credits(&pool).await, before, "nothing was added");
    let shown = admin.open(&decided).await.text;
    assert!(shown.contains("Marked as refunded by") && shown.contains("refund re_1"), "{shown}");
    let decisions: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'payment.returned'")
        .fetch_one(&pool)
        .await
        .expect("counted");
    assert_eq!(decisions, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_accepted_payment_brings_its_credits_once(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let id = in_review(&site, &pool, "buyer").await;
    let mut finance = accountant(&site).await;
    let mut admin = site.admin().await;
    let before = credits(&pool).await;
    sqlx::query("UPDATE sandbox_checkouts SET minor = minor + 10000").execute(&pool).await.expect("mended");
    let fields = [("decision", "accept"), ("note", "the provider mended its books"), ("confirm", "yes")];
    let (one, two) = tokio::join!(decide(&mut finance, &id, &fields), decide(&mut admin, &id, &fields));
    for (status, to, text) in [one, two, decide(&mut admin, &id, &fields).await] {
        assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
        assert_eq!(to, format!("/admin/payments/{id}?done=accepted"));
    }
    assert_eq!(credits(&pool).await - before, 100_000_000, "a hundred, once");
    assert_eq!(site.wallet().verify(wallet::ledger::Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_list_is_filtered_by_its_address_and_the_file_is_safe_to_open(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let id = in_review(&site, &pool, "buyer").await;
    let formula = sqlx::query("UPDATE accounts SET name = '=1+1' WHERE id = (SELECT account_id FROM payments)");
    formula.execute(&pool).await.expect("changed");
    let mut finance = accountant(&site).await;
    for (query, is_listed) in [
        ("", true),
        ("?status=review", true),
        ("?status=paid", false),
        ("?status=nonsense&period=nonsense&item=nonsense", true),
        ("?provider=sandbox&item=packages&period=7d", true),
        ("?item=plans", false),
        ("?provider=stripe", false),
        ("?q=BUYER%40example", true),
        ("?q=4242", true),
        ("?q=%25nobody%25", false),
        ("?before=nonsense", true),
    ] {
        let told = finance.open(&format!("/admin/payments{query}")).await;
        assert_eq!(told.status, StatusCode::OK, "{query}: {}", told.text);
        assert_eq!(told.text.contains(&format!("/admin/payments/{id}")), is_listed, "{query}: {}", told.text);
        let file = finance.open(&format!("/admin/payments.csv{query}")).await;
        assert_eq!((file.status, file.text.contains(&id)), (StatusCode::OK, is_listed), "{query}: {}", file.text);
    }
    assert_eq!(finance.open("/admin/payments?q=%00").await.status, StatusCode::OK);
    let file = finance.open("/admin/payments.csv").await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"payments.csv\"");
    assert!(file.text.contains(",'=1+1,") && file.text.contains(",449.00,0.00,RUB,sandbox,"), "{}", file.text);
    assert_eq!(finance.open("/admin/payments.csv?x=1").await.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_reconciled_is_on_the_pages(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let id = in_review(&site, &pool, "buyer").await;
    let mut finance = accountant(&site).await;
    assert!(finance.open("/admin/payments").await.text.contains("Not reconciled with the providers yet"));
    let stranger =
        "INSERT INTO sandbox_checkouts (reference, order_id, idempotency_key, title, minor, currency, locale,
                                                   state, return_url, cancel_url, created_at, updated_at, expires_at)
                    VALUES ('sbx_stranger', gen_random_uuid(), 'stranger', 'x', 500, 'RUB', 'en', 'paid', '', '', now(),
                            now(), now())";
    sqlx::raw_sql(stranger).execute(&pool).await.expect("added");
    let by = wallet::identity::Actor::system("payments");
    site.wallet().payments().compare_lately(&by).await.expect("compared");
    let list = finance.open("/admin/payments").await.text;
    assert!(list.contains("0 match, 1 difference.") && list.contains("/admin/reconciliation"), "{list}");
    let token = "a-monitor-of-this-test";
    let watched = Site::start_with(pool.clone(), &["--metrics-token", token]).await;
    let scrape = |token: &str| watched.client.get(format!("{}/metrics", watched.url)).bearer_auth(token).send();
    let metrics = scrape(token).await.expect("an answer").text().await.expect("a text");
    for line in [
        "scrip_payment_differences{provider=\"sandbox\"} 1",
        "scrip_reconciliation_done{provider=\"sandbox\"} 1",
        "scrip_payments_in_review 1",
        "scrip_payments_open 0",
        "scrip_refund_requests_waiting 0",
        "scrip_disputes_open 0",
        "scrip_payments_oldest_open_seconds 0.0",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line}: {metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    assert_eq!(scrape("another").await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    let open = site.client.get(format!("{}/metrics", site.url)).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(open.status(), StatusCode::NOT_FOUND, "nobody set a token");
    let report = finance.open("/admin/reconciliation").await.text;
    assert!(report.contains("Unknown order") && report.contains("sbx_stranger"), "{report}");
    assert!(!report.contains(&id), "what waits for staff is no difference: {report}");
    let russian = finance.post("/settings/locale", &[("locale", "ru")]).await;
    assert_eq!(russian.status, StatusCode::SEE_OTHER);
    assert!(finance.open("/admin/payments").await.text.contains("1 расхождение"));
}
