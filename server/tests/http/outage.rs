//! What people see while the database is busy or away, and after their session has ended: never that they are signed
//! out when they are not, and never an empty form.

use std::pin::pin;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool, Postgres};
use wallet::id::WalletId;

use crate::support::{Browser, PASSWORD, Site, Told, location};

const ORDER: [(&str, &str); 3] = [("package", "light"), ("currency", "RUB"), ("idempotency_key", "form-1")];

/// The same database through few connections, which don't wait.
async fn narrow(pool: &PgPool, limit: &str) -> PgPool {
    let options = (*pool.connect_options()).clone().options([("statement_timeout", limit)]);
    let narrow = PgPoolOptions::new().max_connections(5).acquire_timeout(Duration::from_millis(500));
    narrow.connect_with(options).await.expect("connected")
}

/// Takes every connection that the site has for reads.
async fn take_all(site: &Site) -> Vec<PoolConnection<Postgres>> {
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.push(loop {
            if let Ok(connection) = site.wallet().pool().acquire().await {
                break connection;
            }
        });
    }
    taken
}

async fn hears_of_it(browser: &mut Browser<'_>, signed_in: bool) {
    let cookies = browser.cookies.clone();
    for path in ["/wallet", "/pricing"] {
        let told = browser.open(path).await;
        assert_eq!((told.status, location(&told).as_str()), (StatusCode::SERVICE_UNAVAILABLE, ""), "{path}");
        assert!(told.text.contains("<h1>Temporarily unavailable</h1>"), "{path}: {}", told.text);
        assert!(!told.header("retry-after").is_empty());
    }
    let told = browser.post("/wallet/top-up", &ORDER).await;
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE, "{}", told.text);
    for (name, value) in ORDER {
        assert!(told.text.contains(&format!("<textarea name=\"{name}\" hidden>\n{value}<")), "{name}: {}", told.text);
    }
    assert!(told.text.contains("action=\"/wallet/top-up\""), "it can be sent again: {}", told.text);
    let live = browser.site.client.get(format!("{}/live", browser.site.url)).header("accept", "text/event-stream");
    let told = browser.send(live).await;
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE, "{}", told.text);
    if signed_in {
        assert_eq!(browser.cookies, cookies, "nobody is signed out by it");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_database_without_a_free_connection_signs_nobody_out(pool: PgPool) {
    let site = Site::start(narrow(&pool, "10s").await).await;
    site.person("busy").await;
    let mut browser = site.browser();
    browser.sign_in("busy").await;
    let taken = take_all(&site).await;
    hears_of_it(&mut browser, true).await;
    let told = browser.post("/sign-in", &[("email", "busy@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE, "{}", told.text);
    assert!(!told.text.contains(PASSWORD), "a password is never shown again");
    drop(taken);
    let told = browser.post("/wallet/top-up", &ORDER).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    assert!(location(&told).contains("/sandbox/checkout/"), "{}", location(&told));
}

/// Says whether a statement waits for a lock.
async fn one_waits(pool: &PgPool) -> bool {
    let waits = "SELECT EXISTS (SELECT FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
                                WHERE NOT l.granted AND a.datname = current_database())";
    sqlx::query_scalar(waits).fetch_one(pool).await.expect("asked")
}

/// Makes a call that writes to a wallet, and takes every connection for reads before it has done so.
async fn without_reads(site: &Site, pool: &PgPool, wallet: WalletId, call: impl Future<Output = Told>) -> Told {
    let mut person = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE")
        .bind(wallet.number)
        .execute(&mut *person)
        .await
        .expect("locked");
    let mut call = pin!(call);
    loop {
        tokio::select! {
            told = &mut call => panic!("it did not wait: {told:?}"),
            waits = one_waits(pool) => if waits { break },
        }
    }
    let taken = take_all(site).await;
    person.rollback().await.expect("let go");
    let told = call.await;
    drop(taken);
    told
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_written_is_never_told_as_nothing(pool: PgPool) {
    let site = Site::start(narrow(&pool, "10s").await).await;
    let (customer, platform) = (site.program("held", 500).await, site.platform().await);
    let wallet = customer.viewer.wallet;
    let line = json!({ "operation": "gpt-5" });
    let job = json!({ "lines": [line.clone()] });
    // What a write did is told although nothing can be read any more.
    let held = without_reads(&site, &pool, wallet, customer.post("/holds", "h1", &job)).await;
    assert_eq!((held.status, &held.json()["state"]), (StatusCode::CREATED, &json!("open")), "{}", held.text);
    let path = format!("/holds/{}/capture", held.json()["id"]);
    let told = without_reads(&site, &pool, wallet, customer.post(&path, "x1", &json!({}))).await;
    let receipt = held.json()["lines"][0]["receipt"].clone();
    let lines = json!([{ "operation": "gpt-5", "captured": 2, "receipt": receipt }]);
    assert_eq!((&told.json()["state"], &told.json()["lines"]), (&json!("captured"), &lines), "{}", told.text);
    let held = platform.post_for(&customer, "/service/holds", "s1", &job);
    let held = without_reads(&site, &pool, wallet, held).await;
    assert_eq!(held.status, StatusCode::CREATED, "{}", held.text);
    let (path, why) = (format!("/service/holds/{}/release", held.json()["id"]), json!({ "reason": "cancelled" }));
    let told = without_reads(&site, &pool, wallet, platform.post_for(&customer, &path, "r1", &why)).await;
    assert_eq!((told.status, &told.json()["state"]), (StatusCode::CREATED, &json!("released")), "{}", told.text);
    let told = without_reads(&site, &pool, wallet, customer.post("/charges", "c1", &line)).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);

    // A repeat must read what the first did: where it can't, it does not say that nothing has happened.
    let unknown = |told: &Told| {
        let told = (told.status, told.code());
        assert_eq!(told, (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown".to_owned()));
    };
    unknown(&without_reads(&site, &pool, wallet, customer.post("/holds", "h1", &job)).await);
    unknown(&without_reads(&site, &pool, wallet, platform.post_for(&customer, &path, "r1", &why)).await);
    unknown(&without_reads(&site, &pool, wallet, customer.post("/charges", "c1", &line)).await);
    let many = json!({ "charges": [
        { "idempotency_key": "c1", "charge": line.clone() }, { "idempotency_key": "c2", "charge": line.clone() }
    ] });
    let told = without_reads(&site, &pool, wallet, customer.post("/charges/batch", "b", &many)).await.json();
    let outcomes = &told["outcomes"];
    assert_eq!((&outcomes[0]["status"], &outcomes[0]["error"]["code"]), (&json!(503), &json!("outcome_unknown")));
    assert_eq!(outcomes[1]["status"], json!(201), "{told}");
    assert_eq!(customer.post("/holds", "h1", &job).await.status, StatusCode::CREATED, "a repeat");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_who_cannot_be_looked_up_is_not_signed_out(pool: PgPool) {
    let site = Site::start(narrow(&pool, "400ms").await).await;
    site.person("slow").await;
    let mut browser = site.browser();
    browser.sign_in("slow").await;
    // Sessions and users can be read; whose account it is can't.
    let mut blocker = pool.begin().await.expect("begun");
    blocker.execute("LOCK TABLE wallet_directory IN ACCESS EXCLUSIVE MODE").await.expect("locked");
    hears_of_it(&mut browser, true).await;
    blocker.rollback().await.expect("unlocked");
    assert_eq!(browser.open("/wallet").await.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_form_outlives_its_session(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("late").await;
    let mut browser = site.browser();
    let told = browser.post("/wallet/top-up", &ORDER).await;
    assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{}", told.text);
    assert!(told.text.contains("/sign-in?next=%2Fwallet%2Ftop-up"), "{}", told.text);
    assert!(told.text.contains("<textarea name=\"package\" hidden>\nlight<"), "{}", told.text);
    assert_eq!(told.header("cache-control"), "no-store");
    // The same words in the reader's language, and from the page that the browser names.
    browser.cookies.insert("i18n_pref_locale".to_owned(), "ru".to_owned());
    let request = site.client.post(format!("{}/wallet/top-up", site.url)).header("origin", &site.url);
    let request = request.header("referer", format!("{}/wallet/top-up?package=light", site.url));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(ORDER).finish();
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let told = browser.send(request).await;
    assert!(told.text.contains("Сеанс завершён"), "{}", told.text);
    assert!(told.text.contains("/sign-in?next=%2Fwallet%2Ftop-up%3Fpackage%3Dlight"), "{}", told.text);
    browser.sign_in("late").await;
    assert_eq!(browser.post("/wallet/top-up", &ORDER).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrations = "../migrations")]
async fn no_refusal_is_blank(pool: PgPool) {
    let site = Site::start(pool).await;
    let foreign = site.client.post(format!("{}/sign-in", site.url)).header("origin", "https://evil.example");
    let told = Told::of(foreign.send().await.expect("an answer")).await;
    assert_eq!(told.status, StatusCode::FORBIDDEN);
    assert!(told.text.starts_with("origin_rejected: "), "{}", told.text);
    let foreign = site.client.post(format!("{}/sign-in", site.url)).header("origin", "https://evil.example");
    let told = Told::of(foreign.header("accept", "text/html").send().await.expect("an answer")).await;
    assert!(told.text.contains("<h1>This form came from another site</h1>"), "{}", told.text);
    assert!(told.header("content-security-policy").contains("style-src 'self'"), "{:?}", told.headers);
}

#[sqlx::test(migrations = "../migrations")]
async fn forms_may_be_as_large_as_the_setting_says(pool: PgPool) {
    let site = Site::start_with(pool, &["--request-body-max", "5000000"]).await;
    let mut browser = site.admin().await;
    let long = "x".repeat(3_000_000);
    let told = browser.post("/settings/theme", &[("theme", "dark"), ("next", "/pricing"), ("more", &long)]).await;
    assert_eq!((told.status, location(&told).as_str()), (StatusCode::SEE_OTHER, "/pricing"), "{}", told.text);
    let long = "x".repeat(6_000_000);
    let told = browser.post("/settings/theme", &[("theme", "dark"), ("more", &long)]).await;
    assert_eq!(told.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", told.text);
}
