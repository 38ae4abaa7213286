//! What a wallet's pages, files and streams show: local times, and nobody of the platform's staff by name.

use reqwest::header::ACCEPT;
use serde_json::json;
use sqlx::PgPool;
use tokio::time::timeout;
use wallet::id::UserId;
use wallet::idempotency::IdempotencyKey;
use wallet::identity::Actor;
use wallet::ledger::{Command, Submission};
use wallet::money::Credits;

use crate::support::{Site, TIMEOUT};

#[sqlx::test(migrations = "../migrations")]
async fn customers_never_read_who_of_the_staff_it_was(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("cust", 50).await;
    let mut browser = site.browser();
    browser.sign_in("cust").await;
    let actor = Actor::Staff { id: UserId::new(), name: "Lev Orlov".to_owned() };
    let id = actor.uuid().expect("an id").to_string();
    let command = Command::Adjustment { amount: Credits::from_micros(1_000_000), reason: "Sorry".to_owned() };
    let submission = Submission::new(program.viewer.wallet, IdempotencyKey::internal("test:sorry"), actor, command);
    let seq = site.wallet().ledger().submit(submission).await.expect("mended").seq();

    let pages = ["/wallet", "/wallet/history", &format!("/wallet/history/{seq}"), "/wallet/history.csv"];
    for path in pages {
        let text = browser.open(path).await.text;
        assert!(text.contains("Sorry"), "{path}");
        assert!(!text.contains("Orlov") && !text.contains(&id), "{path}");
    }
    let api = ["/ledger".to_owned(), format!("/ledger/{seq}"), "/ledger.csv".to_owned()];
    for path in api {
        let text = program.get(&path).await.text;
        assert!(text.contains("Sorry") && text.contains("staff") && !text.contains("Orlov"), "{path}: {text}");
    }
    assert!(!browser.open("/wallet/history.csv?q=Orlov").await.text.contains("Sorry"), "nor is the name found");

    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = site.client.get(format!("{}/live?after=0", site.url)).header(ACCEPT, "text/event-stream");
    let mut stream = request.header("cookie", cookies.join("; ")).send().await.expect("a stream");
    let mut heard = String::new();
    while !heard.contains("\"staff\"") {
        let chunk = timeout(TIMEOUT, stream.chunk()).await.expect("in time").expect("a chunk").expect("more");
        heard.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
    }
    assert!(heard.contains("Sorry") && !heard.contains("Orlov") && !heard.contains(&id), "{heard}");
}

#[sqlx::test(migrations = "../migrations")]
async fn times_are_those_of_the_accounts_zone(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let program = site.program("kathmandu", 50).await;
    sqlx::query("UPDATE accounts SET time_zone = 'Asia/Kathmandu' WHERE id = $1")
        .bind(program.viewer.account.uuid())
        .execute(&pool)
        .await
        .expect("moved");
    let charge = program.post("/charges", "job-1", &json!({ "operation": "gpt-5" })).await.json();
    let text = charge["created_at"].as_str().expect("a time");
    let at: chrono::DateTime<chrono::Utc> = text.parse().expect("an instant");
    let clock = at.with_timezone(&wallet::time_zone::named("Asia/Kathmandu")).format("%H:%M:%S").to_string();
    let mut browser = site.browser();
    browser.sign_in("kathmandu").await;
    for path in ["/wallet", "/wallet/history", &format!("/wallet/history/{}", charge["id"])] {
        let page = browser.open(path).await.text;
        assert!(page.contains("Times are Asia/Kathmandu."), "{path}");
        assert!(page.contains(&format!(">{clock}<")), "{path}: {clock}");
    }
    // Files and the API stay in UTC.
    let csv = browser.open("/wallet/history.csv").await.text;
    assert!(csv.contains(&at.format("%Y-%m-%dT%H:%M:%S").to_string()) && csv.contains("+00:00"), "{csv}");
}
