//! Codes, bonus credits and invitations over HTTP: redeemed by form and by key, refused by name, shown where they count.

use chrono::{TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::catalog::ReferralReward;
use wallet::identity::{Actor, Role};
use wallet::money::Credits;
use wallet::promo::NewCodeBatch;

use crate::pricing::text_of;
use crate::support::{Browser, Site, Told, location};

const FORM: &str = "/wallet/top-up/code";

fn whole(credits: i64) -> Credits {
    Credits::from_whole(credits).expect("fits")
}

/// Codes of 100 credits, each for one account.
async fn codes(site: &Site, count: u32) -> Vec<String> {
    let new = NewCodeBatch {
        credits: whole(100),
        count,
        per_account: 1,
        expires_at: Utc::now() + TimeDelta::days(1),
        grant_days: None,
        label: "Spring".into(),
        reason: "a test".into(),
    };
    site.wallet().promos().make_codes(&Actor::system("test"), &new).await.expect("made").codes
}

/// Sells a bonus of 10 with the smallest package, and rewards invitations.
async fn be_generous(site: &Site) {
    let reward = ReferralReward { credits_referrer: whole(50), credits_invited: whole(20), monthly_limit: 20 };
    let pool = site.wallet().pool();
    sqlx::query("UPDATE packages SET bonus = 10000000 WHERE code = 'light'").execute(pool).await.expect("changed");
    sqlx::query("UPDATE catalog SET settings = jsonb_set(settings, '{referral}', $1), revision = revision + 1")
        .bind(serde_json::to_value(reward).expect("json"))
        .execute(pool)
        .await
        .expect("changed");
    site.wallet().catalog().prepare().await.expect("read");
}

async fn redeem(browser: &mut Browser<'_>, code: &str, key: &str) -> Told {
    browser.post(FORM, &[("code", code), ("idempotency_key", key)]).await
}

fn has(told: &Told, words: &[&str]) {
    let text = text_of(&told.text);
    for word in words {
        assert!(text.contains(word), "no “{word}” in {text}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_code_is_redeemed_by_its_form_and_a_wrong_one_stays_in_it(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let codes = codes(&site, 2).await;
    let program = site.program("owner", 10).await;
    let mut browser = site.browser();
    browser.sign_in("owner").await;
    has(&browser.open("/wallet/top-up").await, &["Have a code?", "Redeem code"]);
    let wrong = redeem(&mut browser, "GC-O0PS <b>", "k1").await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    has(&wrong, &["This code is not known here.", "Nothing was added.", "Have a code?"]);
    assert!(wrong.text.contains("value=\"GC-O0PS &lt;b&gt;\""), "the typed code stays: {}", wrong.text);
    assert!(!wrong.text.contains("data-testid=\"form-error\""), "the order's form has nothing to tell");
    let empty = redeem(&mut browser, " ", "k1").await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    has(&empty, &["Enter a code."]);

    let typed = codes[0].to_ascii_lowercase().replace('-', "");
    let done = redeem(&mut browser, &typed, "k2").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    assert_eq!(program.available().await, whole(110));
    let next = location(&done);
    has(&browser.open(&next).await, &["The code was redeemed."]);
    assert_eq!(location(&redeem(&mut browser, &codes[0], "k2").await), next, "a second submit");
    let used = redeem(&mut browser, &codes[0], "k3").await;
    assert_eq!(used.status, StatusCode::CONFLICT);
    has(&used, &["This code was already redeemed."]);
    assert!(used.text.contains(&format!("value=\"{}\"", codes[0])), "{}", used.text);
    has(&redeem(&mut browser, &codes[1], "k4").await, &["The code was not used up."]);
    browser.post("/settings/locale", &[("locale", "ru")]).await;
    has(&redeem(&mut browser, &codes[0], "k5").await, &["Этот код уже применён."]);
    assert_eq!(program.available().await, whole(110));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_code_is_redeemed_by_a_key_that_may_buy(pool: PgPool) {
    let site = Site::start(pool).await;
    let codes = codes(&site, 3).await;
    let program = site.program_with("buyer", 10, &["top_ups:write"]).await;
    let body = |code: &str| json!({ "code": code });
    let done = program.post("/redemptions", "k1", &body(&codes[0])).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.text);
    let told = done.json();
    assert_eq!(
        (&told["credits"], &told["label"], &told["expires_at"]),
        (&json!(100), &json!("Spring"), &serde_json::Value::Null)
    );
    assert_eq!(program.post("/redemptions", "k1", &body(&codes[0])).await.json(), told, "a repeat");
    let cases = [
        ("k1", body(&codes[1]), StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"),
        ("k2", body(&codes[0]), StatusCode::CONFLICT, "code_used"),
        ("k2", body(&codes[1]), StatusCode::CONFLICT, "code_limit"),
        ("k2", body("nonsense"), StatusCode::NOT_FOUND, "code_unknown"),
        ("k2", json!({}), StatusCode::BAD_REQUEST, "invalid_request"),
        ("k2", json!({ "code": "x", "wallet": 1 }), StatusCode::BAD_REQUEST, "invalid_request"),
    ];
    for (key, body, status, code) in cases {
        let refused = program.post("/redemptions", key, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{body}: {}", refused.text);
    }
    assert_eq!(program.available().await, whole(110));
    let reader = site.program_with("reader", 10, &["balance:read"]).await;
    assert_eq!(reader.post("/redemptions", "k", &body(&codes[1])).await.status, StatusCode::FORBIDDEN);
    let platform = site.platform().await;
    assert!(platform.post("/redemptions", "k", &body(&codes[1])).await.status.is_client_error());
    assert_eq!(site.wallet().promos().code_batches().await.expect("a list")[0].redeemed, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bonus_is_shown_wherever_its_package_is(pool: PgPool) {
    let site = Site::start(pool).await;
    be_generous(&site).await;
    let program = site.program_with("buyer", 10, &["top_ups:write", "ledger:read"]).await;
    let packages = program.get("/packages").await.json();
    let packages = packages["packages"].as_array().expect("a list").iter();
    let given = packages.filter(|package| package["bonus"] != json!(0)).collect::<Vec<_>>();
    assert_eq!((given.len(), &given[0]["code"], &given[0]["bonus"]), (1, &json!("light"), &json!(10)));
    let mut browser = site.browser();
    has(&browser.open("/pricing").await, &["100 + 10 bonus"]);
    browser.sign_in("buyer").await;
    has(&browser.open("/wallet/top-up").await, &["+ 10 bonus", "10 + 100 + 10 = 120"]);
    let ordered = program.post("/top-ups", "k", &json!({ "package": "light", "currency": "RUB" })).await.json();
    assert_eq!((&ordered["credits"], &ordered["bonus"]), (&json!(100), &json!(10)));
    let order = format!("/wallet/orders/{}", ordered["payment_id"].as_str().expect("an id"));
    has(&browser.open(&order).await, &["100 + 10 bonus"]);
    let page = ordered["checkout_url"].as_str().expect("a page").to_owned();
    let card = [("number", "4242 4242 4242 4242"), ("expiry", "12/39"), ("cvc", "123"), ("action", "pay")];
    assert_eq!(browser.post(&page, &card).await.status, StatusCode::SEE_OTHER);
    browser.post(&format!("{order}/check"), &[]).await;
    has(&browser.open(&order).await, &["Bonus", "+10", "120 tokens available"]);
    assert_eq!(program.available().await, whole(120));
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_invites_by_its_link(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    site.person("owner").await;
    let mut browser = site.browser();
    browser.sign_in("owner").await;
    has(&browser.open("/wallet/invite").await, &["Invitations bring no credits at the moment."]);
    assert_eq!(browser.post("/wallet/invite", &[]).await.status, StatusCode::NOT_FOUND);
    be_generous(&site).await;
    has(&browser.open("/wallet/top-up").await, &["Invite others"]);
    has(&browser.open("/wallet/invite").await, &["You get 50 tokens", "20 tokens", "Get link"]);
    for _ in 0..2 {
        assert_eq!(location(&browser.post("/wallet/invite", &[]).await), "/wallet/invite");
    }
    let page = browser.open("/wallet/invite").await;
    let code: String = sqlx::query_scalar("SELECT code FROM referral_codes").fetch_one(&pool).await.expect("one code");
    has(&page, &[&format!("/sign-up?ref={code}"), "Copy link"]);

    // Whoever comes by the link keeps the code through a form that was refused.
    let mut guest = site.browser();
    let form = guest.open(&format!("/sign-up?ref={code}")).await;
    assert!(form.text.contains(&format!("name=\"ref\" value=\"{code}\"")), "{}", form.text);
    let fields = |password| [("email", "new@example.com"), ("password", password), ("ref", code.as_str())];
    let refused = guest.post("/sign-up", &fields("short")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains(&format!("name=\"ref\" value=\"{code}\"")), "{}", refused.text);
    assert_eq!(guest.post("/sign-up", &fields("correct horse battery")).await.status, StatusCode::OK);
    has(&browser.open("/wallet/invite").await, &["Signed up by your link 1", "Rewarded 0"]);
    // Codes that nobody has stop nobody from signing up.
    let odd = [("email", "odd@example.com"), ("password", "correct horse battery"), ("ref", "<script>\u{0}")];
    assert_eq!(guest.post("/sign-up", &odd).await.status, StatusCode::OK);
    // A viewer of the account sees the page, and makes no link.
    sqlx::query("DELETE FROM referral_codes").execute(&pool).await.expect("as if there was none");
    sqlx::query("UPDATE members SET role = $1").bind(Role::Viewer.code()).execute(&pool).await.expect("changed");
    has(&browser.open("/wallet/invite").await, &["Only the account's owner or an admin can get the link."]);
    assert_eq!(browser.post("/wallet/invite", &[]).await.status, StatusCode::FORBIDDEN);
}
