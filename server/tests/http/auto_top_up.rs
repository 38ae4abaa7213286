//! Auto top-up over HTTP: agreed to on the page, told in 402 and in the balance, and switched off.

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::payment::{AutoTopUpState, Suspension};

use crate::support::{Browser, Program, Site, Told, location};

const PAGE: &str = "/wallet/payment";
const FORM: &str = "/wallet/payment/auto-top-up";

/// Saves a card of the sandbox with a purchase of 1000 credits; gives its id.
async fn save(program: &Program<'_>, browser: &mut Browser<'_>, number: &str) -> String {
    let order = [
        ("package", ""),
        ("amount", "1000"),
        ("currency", "USD"),
        ("method", "sandbox.card"),
        ("save_method", "yes"),
        ("idempotency_key", "saving"),
    ];
    let told = browser.post("/wallet/top-up", &order).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let page = location(&told);
    pay(browser, &page, number).await;
    if number.ends_with("3155") {
        browser.post(&format!("{page}/challenge"), &[("answer", "approve")]).await;
    }
    settle(program).await;
    let page = browser.open(PAGE).await.text;
    let (_, rest) = page.split_once("/wallet/payment/methods/").expect("a card");
    rest.split('/').next().expect("an id").to_owned()
}

/// Asks the sandbox about every open order.
async fn settle(program: &Program<'_>) {
    let payments = program.site.wallet().payments();
    for payment in payments.payments(&program.viewer, None, 10).await.expect("a list").payments {
        payments.check(&program.viewer, payment.id).await.expect("checked");
    }
}

async fn pay(browser: &mut Browser<'_>, page: &str, number: &str) -> Told {
    let card = [("number", number), ("expiry", "12/49"), ("cvc", "123"), ("action", "pay")];
    browser.post(page, &card).await
}

/// The form's fields: ten dollars below 300 credits, 60 a month.
fn fields<'a>(card: &'a str, shown: &'a str, consent: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("currency", "USD"),
        ("threshold", "300"),
        ("buys", "amount"),
        ("amount", "10"),
        ("fill_to", ""),
        ("daily", ""),
        ("monthly", "60"),
        ("method", card),
        ("shown", shown),
        ("consent", consent),
    ]
}

fn shown(card: &str) -> String {
    format!("USD|300|amount|10||60|{card}")
}

async fn view(site: &Site, wallet: wallet::id::WalletId) -> wallet::payment::AutoTopUpView {
    site.wallet().payments().auto_top_up(wallet).await.expect("a view")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_card_is_charged_only_for_what_was_named_and_ticked(pool: PgPool) {
    let site = Site::start_selling(pool, "monthly-credits", &[]).await;
    let program = site.program("saver", 500).await;
    let mut browser = site.browser();
    browser.sign_in("saver").await;
    let told = browser.open(PAGE).await.text;
    assert!(told.contains("Needs your consent") && told.contains("needs a saved card"), "{told}");
    let state = |balance: &Value| balance["auto_top_up"]["state"].clone();
    let balance = program.get("/balance").await.json();
    assert_eq!((state(&balance), &balance["auto_top_up"]["enabled"]), (json!("needs_consent"), &json!(false)));

    let card = save(&program, &mut browser, "4242 4242 4242 4242").await;
    let page = browser.open(PAGE).await.text;
    assert!(page.contains("I allow Monthly credits to charge 10.00 USD to Visa •• 4242 each time"), "{page}");
    let named = shown(&card);
    for (form, words) in [
        (fields(&card, "USD|300|amount|5||60|", "yes"), "You have changed what this text names"),
        (fields(&card, &named, ""), "Tick the box to allow the charges"),
        (
            fields("0192aaaa-0000-7000-8000-000000000000", &shown("0192aaaa-0000-7000-8000-000000000000"), "yes"),
            "not saved any more",
        ),
    ] {
        let refused = browser.post(FORM, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains(words) && refused.text.contains("value=\"300\""), "{words}: {}", refused.text);
        assert!(!refused.text.contains("name=\"consent\" value=\"yes\" checked"), "the tick is not kept");
    }
    for (field, typed, words) in [
        ("threshold", "-5", "Enter more than 0"),
        ("threshold", "1001", "One top-up brings 1000"),
        ("amount", "0.001", "At most 2 decimals"),
        ("amount", "many", "Enter a number"),
        ("amount", "0.5", "too few credits"),
        ("monthly", "0", "Enter at least that"),
        ("monthly", "", "Enter the most to spend in a month"),
        ("daily", "61", "at most the limit of the month"),
    ] {
        let mut form = fields(&card, "", "yes");
        for (name, value) in &mut form {
            if *name == field {
                *value = typed;
            }
        }
        let of = |name: &str| form.iter().find(|(known, _)| *known == name).expect("a field").1;
        let named = format!("USD|{}|amount|{}|{}|{}|{card}", of("threshold"), of("amount"), of("daily"), of("monthly"));
        let mut form: Vec<(&str, &str)> = form.clone();
        form.iter_mut().filter(|(name, _)| *name == "shown").for_each(|(_, value)| *value = &named);
        let refused = browser.post(FORM, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {typed}: {}", refused.text);
        assert!(refused.text.contains(words), "{field} {typed}: {words} is not in {}", refused.text);
    }
    assert_eq!(view(&site, program.viewer.wallet).await.state, AutoTopUpState::NeedsConsent);

    let told = browser.post(FORM, &fields(&card, &named, "yes")).await;
    assert_eq!(location(&told), "/wallet/payment?done=auto-on#auto-top-up", "{}", told.text);
    let page = browser.open(PAGE).await.text;
    assert!(page.contains("Auto top-up charges this card"), "removing it offers another one first: {page}");
    let balance = program.get("/balance").await.json()["auto_top_up"].clone();
    assert_eq!(
        (&balance["enabled"], &balance["state"], &balance["reason"]),
        (&json!(true), &json!("on"), &Value::Null)
    );
    assert_eq!((&balance["threshold"], &balance["buys"]["kind"]), (&json!(300), &json!("amount")));
    assert_eq!((&balance["buys"]["most"]["minor"], &balance["monthly_limit"]["minor"]), (&json!(1000), &json!(6000)));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_charge_is_told_that_a_top_up_is_pending_and_does_not_wait(pool: PgPool) {
    let site = Site::start_selling(pool, "monthly-credits", &[]).await;
    let program = site.program("saver", 500).await;
    let mut browser = site.browser();
    browser.sign_in("saver").await;
    let card = save(&program, &mut browser, "4242 4242 4242 4242").await;
    let told = browser.post(FORM, &fields(&card, &shown(&card), "yes")).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let charge = async |key: &str, count: i64| {
        program.post("/charges", key, &json!({ "operation": "message", "count": count })).await
    };
    assert_eq!(charge("first", 1_400).await.status, StatusCode::CREATED);
    let refused = charge("second", 1_000).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::PAYMENT_REQUIRED, "out_of_credits"));
    let detail = refused.json()["error"]["detail"].clone();
    assert_eq!((&detail["auto_top_up"], &detail["retry_after_seconds"]), (&json!("pending"), &json!(3)), "{detail}");
    assert_eq!((&detail["needed"], &detail["available"]), (&json!(1_000), &json!(100)));
    assert_eq!(refused.header("retry-after"), "3");
    let dear = charge("dear", 9_000).await.json()["error"]["detail"].clone();
    assert_eq!((&dear["auto_top_up"], dear.get("retry_after_seconds")), (&json!("too_small"), None));

    site.wallet().payments().top_up_due().await.expect("looked");
    assert_eq!(charge("second", 1_000).await.status, StatusCode::CREATED, "the same key goes through now");
    assert_eq!(program.available().await.to_string(), "100");
    let page = browser.open(PAGE).await.text;
    assert!(page.contains("Last automatic charges") && page.contains("$10.00"), "{page}");
    let told = browser.post("/wallet/payment/auto-top-up/off", &[]).await;
    assert_eq!(location(&told), "/wallet/payment?done=auto-off#auto-top-up");
    let balance = program.get("/balance").await.json()["auto_top_up"].clone();
    assert_eq!(
        (&balance["enabled"], &balance["state"], &balance["threshold"]),
        (&json!(false), &json!("off"), &Value::Null)
    );
    let detail = charge("third", 1_000).await.json()["error"]["detail"].clone();
    assert_eq!(detail.get("auto_top_up"), None, "{detail}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bank_that_asks_leads_its_owner_to_the_page_of_that_order(pool: PgPool) {
    let site = Site::start_selling(pool, "monthly-credits", &[]).await;
    let program = site.program("saver", 500).await;
    let mut browser = site.browser();
    browser.sign_in("saver").await;
    let card = save(&program, &mut browser, "4000 0025 0000 3155").await;
    browser.post(FORM, &fields(&card, &shown(&card), "yes")).await;
    let spent = program.available().await.micros() / 1_000_000 - 100;
    let told = program.post("/charges", "low", &json!({ "operation": "message", "count": spent })).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    site.wallet().payments().top_up_due().await.expect("looked");
    assert_eq!(view(&site, program.viewer.wallet).await.reason, Some(Suspension::AsksOwner));
    let front = browser.open("/wallet").await.text;
    assert!(front.contains("Auto top-up has stopped.") && front.contains("Your bank wants you to confirm"), "{front}");
    let page = browser.open(PAGE).await.text;
    assert!(page.contains("Confirm payment"), "{page}");
    let told = browser.post("/wallet/payment/auto-top-up/pay", &[("idempotency_key", "by-hand")]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let checkout = location(&told);
    pay(&mut browser, &checkout, "4242 4242 4242 4242").await;
    settle(&program).await;
    assert_eq!(view(&site, program.viewer.wallet).await.state, AutoTopUpState::On);
    assert_eq!(program.available().await.to_string(), "1100");
    assert!(!browser.open("/wallet").await.text.contains("Auto top-up has stopped."));
}
