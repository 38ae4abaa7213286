//! Add-ons over HTTP: switched on and off on the page of the plan, told by the API, and refused with words.

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::money::Credits;

use crate::pricing::text_of;
use crate::support::{Browser, Program, Site, Told, location};

const PAGE: &str = "/wallet/plan";
const FORM: &str = "/wallet/plan/add-ons";
const VOICE: &str = "voice-cloning";

async fn turn_on(browser: &mut Browser<'_>, code: &str, shown: &str, key: &str) -> Told {
    browser.post(FORM, &[("add_on", code), ("shown", shown), ("idempotency_key", key)]).await
}

async fn turn_off(browser: &mut Browser<'_>, code: &str) -> Told {
    browser.post(&format!("{FORM}/off"), &[("add_on", code)]).await
}

/// How voice cloning stands, as the list of add-ons tells a program.
async fn standing(program: &Program<'_>) -> Value {
    let list = program.get("/add-ons").await.json();
    let list = list["add_ons"].as_array().expect("a list").clone();
    list.into_iter().find(|add_on| add_on["code"] == VOICE).expect("offered")
}

/// Says whether a page has all of some words, in its text.
fn has(told: &Told, words: &[&str]) {
    let text = text_of(&told.text);
    for word in words {
        assert!(text.contains(word), "no “{word}” in {text}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_add_on_is_switched_on_and_off_and_programs_are_told(pool: PgPool) {
    let site = Site::start_selling(pool, "monthly-credits", &[]).await;
    let program = site.program("owner", 500).await;
    let mut browser = site.browser();
    browser.sign_in("owner").await;
    let page = browser.open(PAGE).await;
    has(&page, &["Add-ons", "Voice cloning Off", "300 credits today, then every month.", "Turn on Voice cloning"]);
    has(&page, &["Ten more calls at the same time", "auto top-up runs if it is on"]);
    let off = standing(&program).await;
    assert_eq!(
        (&off["available"], &off["wallet"]["state"], &off["wallet"]["active"]),
        (&json!(true), &json!("off"), &json!(false))
    );
    assert_eq!(program.get("/balance").await.json()["add_ons"], json!([]));

    let before = program.available().await;
    let done = turn_on(&mut browser, VOICE, "300", "k1").await;
    assert_eq!((done.status, location(&done).as_str()), (StatusCode::SEE_OTHER, "/wallet/plan#add-ons"));
    let spent = before.checked_sub(program.available().await).expect("fits");
    assert_eq!(spent, Credits::from_whole(300).expect("fits"));
    // The same form again, and another tab's: nothing more.
    for key in ["k1", "k2"] {
        assert_eq!(turn_on(&mut browser, VOICE, "300", key).await.status, StatusCode::SEE_OTHER);
    }
    has(
        &browser.open(PAGE).await,
        &["300 credits a month now", "Voice cloning On", "Next charge", "Turn off Voice cloning"],
    );
    let on = standing(&program).await;
    assert_eq!((&on["wallet"]["state"], &on["wallet"]["active"]), (&json!("on"), &json!(true)));
    assert!(on["wallet"]["next_deduction_at"].is_string() && on["wallet"]["ends_at"].is_null(), "{on}");
    let balance = program.get("/balance").await.json();
    assert_eq!((&balance["add_ons"][0]["code"], &balance["add_ons"][0]["state"]), (&json!(VOICE), &json!("on")));
    let rows = program.get("/ledger?kind=add_on").await.json();
    let rows = rows["entries"].as_array().expect("rows").clone();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["operation"], &rows[0]["amount"]), (&json!(VOICE), &json!(-300)));
    let receipt = browser.open(&format!("/wallet/history/{}", rows[0]["seq"])).await;
    has(&receipt, &["Voice cloning", "Add-on"]);

    assert_eq!(turn_off(&mut browser, VOICE).await.status, StatusCode::SEE_OTHER);
    has(&browser.open(PAGE).await, &["Voice cloning Ends", "No further charge", "Keep Voice cloning"]);
    let ending = standing(&program).await;
    assert_eq!((&ending["wallet"]["state"], &ending["wallet"]["active"]), (&json!("ending"), &json!(true)));
    assert!(ending["wallet"]["ends_at"].is_string(), "{ending}");
    turn_on(&mut browser, VOICE, "300", "k3").await;
    assert_eq!(standing(&program).await["wallet"]["state"], json!("on"));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_can_not_be_switched_on_is_refused_at_its_row(pool: PgPool) {
    let site = Site::start_selling(pool.clone(), "monthly-credits", &[]).await;
    let program = site.program("owner", 10).await;
    let mut browser = site.browser();
    browser.sign_in("owner").await;
    let available = program.available().await;
    let short = turn_on(&mut browser, VOICE, "300", "k1").await;
    assert_eq!(short.status, StatusCode::PAYMENT_REQUIRED);
    has(&short, &[&format!("300 needed, {available} available. Nothing was charged."), "Turn on Voice cloning"]);
    let unknown = turn_on(&mut browser, "telepathy", "300", "k2").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    has(&unknown, &["This add-on is not offered here."]);
    let outdated = turn_on(&mut browser, VOICE, "1", "k3").await;
    assert_eq!(outdated.status, StatusCode::UNPROCESSABLE_ENTITY);
    has(&outdated, &["The price has changed. Check it and confirm again. Nothing was charged."]);
    for (code, shown, key) in [(VOICE, "", "k4"), (VOICE, "many", "k4"), ("", "300", "k4"), (VOICE, "300", "")] {
        let refused = turn_on(&mut browser, code, shown, key).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{code} {shown} {key}");
        has(&refused, &["Add-ons"]);
    }
    assert_eq!(turn_off(&mut browser, "telepathy").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    sqlx::query("UPDATE wallets SET frozen = 'a test', version = version + 1").execute(&pool).await.expect("frozen");
    let frozen = turn_on(&mut browser, VOICE, "300", "k5").await;
    assert_eq!(frozen.status, StatusCode::FORBIDDEN);
    has(&frozen, &["The wallet is frozen. Nothing was charged."]);
    assert_eq!(program.available().await, available);
    assert_eq!(standing(&program).await["wallet"]["state"], json!("off"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_paused_add_on_says_so_everywhere(pool: PgPool) {
    let site = Site::start_selling(pool.clone(), "monthly-credits", &[]).await;
    let program = site.program("owner", 500).await;
    let mut browser = site.browser();
    browser.sign_in("owner").await;
    turn_on(&mut browser, VOICE, "300", "k1").await;
    let left = program.available().await.micros() / 1_000_000 - 12;
    let spent = program.post("/charges", "c", &json!({ "operation": "message", "count": left })).await;
    assert_eq!(spent.status, StatusCode::CREATED, "{}", spent.text);
    // Its month is over, by the clocks of the database and of the process.
    let over = "UPDATE add_on_subscriptions
                SET paid_until = now() - interval '1 minute', due_at = now() - interval '1 minute'";
    sqlx::query(over).execute(&pool).await.expect("set");
    assert_eq!(site.wallet().deduct_add_ons().await.expect("looked").paused, 1);
    let paused = standing(&program).await["wallet"].clone();
    assert_eq!((&paused["state"], &paused["active"]), (&json!("paused"), &json!(false)));
    assert_eq!((&paused["paused"]["reason"], &paused["paused"]["available"]), (&json!("out_of_credits"), &json!(12)));
    assert_eq!(program.get("/balance").await.json()["add_ons"][0]["state"], json!("paused"));
    let page = browser.open(PAGE).await;
    has(
        &page,
        &[
            "Voice cloning Paused",
            "300 credits needed, 12 available.",
            "Resume for 300 credits",
            "Turn off Voice cloning",
        ],
    );
    has(&browser.open("/wallet").await, &["Voice cloning is paused.", "View add-ons"]);
    browser.post("/settings/locale", &[("locale", "ru")]).await;
    let russian = browser.open(PAGE).await;
    has(
        &russian,
        &["Дополнения", "Voice cloning На паузе", "доступно 12.", "Возобновить за 300", "Выключить Voice cloning"],
    );
    // A key that may not read the balance sees the offer alone.
    let blind = site.program_with("blind", 10, &["ledger:read"]).await;
    let list = blind.get("/add-ons").await.json();
    assert_eq!((&list["add_ons"][0]["available"], &list["add_ons"][0]["wallet"]), (&json!(true), &Value::Null));
}
