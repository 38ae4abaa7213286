//! Forms: signing up, in and out; refusals keep what was typed; cookies.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::ledger::Rules;

use crate::support::{PASSWORD, Site, location};

#[sqlx::test(migrations = "../migrations")]
async fn a_person_signs_up_proves_the_address_and_gets_the_plans_credits_once(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.browser();
    let fields = [("email", "anna@example.com"), ("password", PASSWORD), ("name", "Anna")];
    let told = browser.post("/sign-up", &fields).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    assert!(told.text.contains("Check your inbox") && !told.text.contains(PASSWORD), "{}", told.text);
    assert_eq!(browser.open("/wallet").await.status, StatusCode::SEE_OTHER, "nobody is signed in by that");

    site.work().await;
    let folder = server::mail::Folder::new(site.state.settings.mail_dir());
    let mails = folder.list().await.expect("mails");
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "anna@example.com"));
    let link = mails[0].text.split_whitespace().find(|word| word.contains("/verify-email?token=")).expect("a link");
    let token = link.split("token=").nth(1).expect("a token");
    let shown = browser.open("/dev/mail").await;
    assert!(shown.text.contains("anna@example.com"), "{}", shown.text);

    for _ in 0..2 {
        let told = browser.post("/verify-email", &[("token", token)]).await;
        assert_eq!(location(&told), "/wallet?verified=1", "in the browser that signed up");
    }
    assert_eq!(browser.open("/wallet?verified=1").await.status, StatusCode::OK, "signed in");
    let user = site.wallet().identity().authenticate("anna@example.com", PASSWORD, None).await.expect("Anna");
    let viewer = site.wallet().identity().viewer(user.id).await.expect("Anna");
    assert!(viewer.email_verified);
    let balance = site.wallet().ledger().balance(viewer.wallet).await.expect("a balance");
    assert_eq!(balance.available.to_string(), "50");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_form_keeps_what_was_typed_but_never_the_password(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("taken").await;
    let mut browser = site.browser();
    for (fields, typed) in [
        ([("email", "no address"), ("password", "kitten-secret-7"), ("name", "Zelda Q")], "no address"),
        ([("email", "new@example.com"), ("password", "my new@example.com!"), ("name", "Zelda Q")], "new@example.com"),
        ([("email", "new@example.com"), ("password", "Neuralbox123"), ("name", "Zelda Q")], "new@example.com"),
        ([("email", "new@example.com"), ("password", "short"), ("name", "Zelda Q")], "new@example.com"),
    ] {
        let told = browser.post("/sign-up", &fields).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(told.text.contains(typed) && told.text.contains("Zelda Q"), "{fields:?}");
        assert!(!told.text.contains("kitten-secret-7"), "a password came back");
    }
    let told = browser.post("/sign-in", &[("email", "taken@example.com"), ("password", "wrong password")]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unknown = browser.post("/sign-in", &[("email", "nobody@example.com"), ("password", "wrong password")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY, "the same for an address that nobody has");
}

#[sqlx::test(migrations = "../migrations")]
async fn forms_of_nonsense_are_never_a_500(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("fuzz").await;
    let mut browser = site.browser();
    browser.sign_in("fuzz").await;
    let long = "x".repeat(20_000);
    for path in [
        "/sign-up",
        "/sign-in",
        "/forgot",
        "/reset",
        "/verify-email",
        "/wallet/top-up",
        "/wallet/orders/x/check",
        "/developers/keys",
        "/developers/keys/x/revoke",
        "/settings/security/password",
        "/settings/security/name",
        "/settings/security/sessions/x/end",
        "/settings/theme",
        "/settings/locale",
    ] {
        for value in ["", "\u{0}", "💥", "<script>alert(1)</script>", "-1", "NaN", "' OR 1=1 --", long.as_str()] {
            let names = [
                "email",
                "password",
                "name",
                "token",
                "package",
                "amount",
                "currency",
                "idempotency_key",
                "environment",
                "scopes",
                "ceiling",
                "current_password",
                "new_password",
                "theme",
                "locale",
                "next",
            ];
            let fields: Vec<(&str, &str)> = names.into_iter().map(|name| (name, value)).collect();
            let told = browser.post(path, &fields).await;
            let shown: String = value.chars().take(30).collect();
            assert!(told.status.as_u16() < 500, "{path} {shown:?}: {} {}", told.status, told.text);
            assert!(!told.text.contains("<script>alert(1)"), "{path}: markup came back");
        }
    }
    let request =
        site.client.post(format!("{}/sign-in", site.url)).header("content-type", "application/json").body("{}");
    assert_eq!(browser.send(request).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let body = vec![b'x'; 3_000_000];
    let request = site.client.post(format!("{}/sign-in", site.url));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(browser.send(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_sessions_cookie_is_guarded_and_ends_with_it(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("cookie").await;
    let mut browser = site.browser();
    let fields = [("email", "cookie@example.com"), ("password", PASSWORD), ("next", "/wallet/history")];
    let told = browser.post("/sign-in", &fields).await;
    assert_eq!((told.status, location(&told)), (StatusCode::SEE_OTHER, "/wallet/history".to_owned()));
    let cookie = told.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http in development: {cookie}");

    let before = browser.cookies.clone();
    browser.sign_in("cookie").await;
    assert_ne!(browser.cookies, before, "a new id at every sign-in");
    let stolen = browser.cookies.clone();
    let told = browser.post("/sign-out", &[]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER);
    let mut thief = site.browser();
    thief.cookies = stolen;
    assert_eq!(thief.open("/wallet").await.status, StatusCode::SEE_OTHER, "signed out is signed out");

    let told = browser
        .post("/sign-in", &[("email", "cookie@example.com"), ("password", PASSWORD), ("next", "//evil.example")])
        .await;
    assert_eq!(location(&told), "/wallet");
}

#[sqlx::test(migrations = "../migrations")]
async fn in_production_cookies_are_secure_and_trial_pages_are_gone(pool: PgPool) {
    let flags = [
        "--mode",
        "production",
        "--public-url",
        "https://wallet.example.com",
        "--mail-url",
        "smtps://u:p@mail.example.com:465",
    ];
    let site = Site::start_with(pool, &flags).await;
    site.person("prod").await;
    let mut browser = site.browser();
    let told = browser.post("/sign-in", &[("email", "prod@example.com"), ("password", PASSWORD)]).await;
    let cookie = told.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-scrip=") && cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    for path in ["/dev/mail", "/sandbox/checkout/sbx_1", "/playground"] {
        assert_eq!(browser.open(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let told =
        browser.post("/wallet/top-up", &[("package", "light"), ("currency", "RUB"), ("idempotency_key", "k")]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "no provider, no order");
    let folder = server::mail::Folder::new(site.state.settings.mail_dir());
    assert!(folder.list().await.expect("mails").is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_is_shown_once_and_works_until_it_is_revoked(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, viewer) = site.person("keys").await;
    let mut browser = site.browser();
    browser.sign_in("keys").await;
    let form = "0123456789abcdef".repeat(4);
    let fields = [("name", "CI"), ("environment", "production"), ("idempotency_key", &form)];
    let told = browser.post("/developers/keys", &fields).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    let key = told
        .text
        .split("nb_live_")
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>());
    let key = key.max_by_key(String::len).map(|rest| format!("nb_live_{rest}")).expect("a key");
    let balance = |key: String| site.client.get(format!("{}/api/v2/balance", site.url)).bearer_auth(key).send();
    assert_eq!(balance(key.clone()).await.expect("an answer").status(), StatusCode::OK, "{key}");
    assert!(!browser.open("/developers/keys").await.text.contains(&key), "shown once");
    let id = site.wallet().identity().keys(&viewer).await.expect("keys")[0].id;
    let told = browser.post(&format!("/developers/keys/{id}/revoke"), &[]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER);
    assert_eq!(balance(key).await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    let told = browser.post("/developers/keys", &[("name", ""), ("environment", "moon")]).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_history_is_searched_and_exported_whatever_is_typed(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("reader", 50).await;
    let body = serde_json::json!({ "operation": "gpt-5" });
    assert_eq!(program.post("/charges", "job-1", &body).await.status, StatusCode::CREATED);
    let mut browser = site.browser();
    browser.sign_in("reader").await;
    let told = browser.open("/wallet/history.csv?kind=spend").await;
    assert_eq!((told.status, told.header("content-type")), (StatusCode::OK, "text/csv; charset=utf-8"));
    assert_eq!(told.text.lines().count(), 2, "{}", told.text);
    for path in ["/wallet/history", "/wallet/history.csv", "/pricing"] {
        for query in [
            "q=%00",
            "q=%F0%9F%92%A9",
            "q=%27%20OR%201=1",
            "q=%25_%5C",
            "category=%00",
            "before=x",
            "before=-1",
            "period=%FF",
            "kind=%3Cscript%3E",
        ] {
            let told = browser.open(&format!("{path}?{query}")).await;
            assert!(told.status.as_u16() < 500, "{path}?{query}: {} {}", told.status, told.text);
        }
    }
    for path in [
        "/wallet/history/0",
        "/wallet/history/99999999999999999999",
        "/wallet/history/x",
        "/wallet/orders/x",
        "/admin/tariffs/x",
    ] {
        let told = browser.open(path).await;
        assert!(told.status.as_u16() < 500, "{path}: {}", told.status);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_password_works_once_and_ends_all_other_sessions(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("reset").await;
    let mut old = site.browser();
    old.sign_in("reset").await;
    let mut browser = site.browser();
    for email in ["reset@example.com", "nobody@example.com"] {
        assert_eq!(browser.post("/forgot", &[("email", email)]).await.status, StatusCode::OK, "the same for both");
    }
    site.work().await;
    let folder = server::mail::Folder::new(site.state.settings.mail_dir());
    let mails = folder.list().await.expect("mails");
    assert_eq!(mails.len(), 1, "nobody gets none");
    let link = mails[0].text.split_whitespace().find(|word| word.contains("/reset?token=")).expect("a link");
    let token = link.split("token=").nth(1).expect("a token");
    let short = browser.post("/reset", &[("token", token), ("password", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = browser.post("/reset", &[("token", token), ("password", "another horse battery")]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    assert_eq!(browser.open("/wallet").await.status, StatusCode::OK, "signed in here");
    assert_eq!(old.open("/wallet").await.status, StatusCode::SEE_OTHER, "signed out there");
    let again = browser.post("/reset", &[("token", token), ("password", "a third horse battery")]).await;
    assert!(again.status.is_client_error(), "a link works once");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_others_wrote_is_only_text(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("xss", 50).await;
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";
    let body = serde_json::json!({ "operation": "gpt-5", "metadata": { evil: evil, "customer_id": evil } });
    let charge = program.post("/charges", "job-1", &body).await;
    assert_eq!(charge.status, StatusCode::CREATED, "{}", charge.text);
    let mut browser = site.browser();
    browser.sign_in("xss").await;
    browser.post("/developers/keys", &[("name", evil), ("environment", "production")]).await;
    let receipt = format!("/wallet/history/{}", charge.json()["id"]);
    for path in [
        "/wallet",
        "/wallet/history",
        &receipt,
        "/developers/keys",
        "/wallet/history?q=%3C/script%3E%3Cscript%3Ealert(1)",
    ] {
        let told = browser.open(path).await;
        assert_eq!(told.status, StatusCode::OK, "{path}");
        assert!(
            !told.text.contains("<script>alert") && !told.text.contains("<img src=x"),
            "{path}: markup got through"
        );
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_owner_says_that_a_quiet_wallet_is_still_in_use(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let program = site.program("quiet", 100).await;
    site.wallet().ledger().set_rules(Rules { inactivity_months: Some(12), ..Rules::default() });
    let quiet = "UPDATE wallets SET active_at = active_at - interval '13 months', version = version + 1";
    sqlx::query(quiet).execute(&pool).await.expect("long ago");
    let charge = json!({ "operation": "gpt-5", "params": {} });
    let told = program.post("/charges", "k1", &charge).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::FORBIDDEN, "wallet_inactive"));
    let mut browser = site.browser();
    browser.sign_in("quiet").await;
    let page = browser.open("/wallet").await.text;
    assert!(page.contains("/wallet/confirm-activity") && page.contains("Do you still use this wallet?"), "{page}");
    let told = browser.post("/wallet/confirm-activity", &[]).await;
    assert_eq!((told.status, location(&told).as_str()), (StatusCode::SEE_OTHER, "/wallet"), "{}", told.text);
    assert!(!browser.open("/wallet").await.text.contains("/wallet/confirm-activity"));
    assert_eq!(program.post("/charges", "k1", &charge).await.status, StatusCode::CREATED);
}
