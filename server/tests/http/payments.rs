//! Buying credits at the sandbox: exactly once, whoever comes first.

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::providers::sandbox::message::Signed;
use sqlx::PgPool;
use wallet::payment::PaymentStatus;

use crate::support::{Browser, PASSWORD, Site, Told, location};

const CARD: [(&str, &str); 4] =
    [("number", "4242 4242 4242 4242"), ("expiry", "12/39"), ("cvc", "123"), ("action", "pay")];

fn with_number(number: &str) -> Vec<(&str, &str)> {
    CARD.into_iter().map(|(name, value)| (name, if name == "number" { number } else { value })).collect()
}

/// Orders the Light package; gives the sandbox's page and the order's.
async fn order(browser: &mut Browser<'_>, key: &str) -> String {
    let told =
        browser.post("/wallet/top-up", &[("package", "light"), ("currency", "RUB"), ("idempotency_key", key)]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let page = location(&told);
    assert!(page.starts_with(&format!("{}/sandbox/checkout/sbx_", browser.site.url)), "{page}");
    page
}

async fn settled(site: &Site, name: &str) -> String {
    let email = format!("{name}@example.com");
    let user = site.wallet().identity().authenticate(&email, PASSWORD, None).await.expect("a person");
    let viewer = site.wallet().identity().viewer(user.id).await.expect("a viewer");
    site.wallet().ledger().balance(viewer.wallet).await.expect("a balance").settled.to_string()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_paid_order_gives_its_credits_exactly_once(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, viewer) = site.person("buyer").await;
    let mut browser = site.browser();
    browser.sign_in("buyer").await;
    let page = order(&mut browser, "form-1").await;
    assert_eq!(order(&mut browser, "form-1").await, page, "a second submit is the same order");
    let shown = browser.open(&page).await;
    assert!(shown.text.contains("4000 0000 0000 0341") && shown.text.contains("449.00 RUB"), "{}", shown.text);

    let told = browser.post(&page, &CARD).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER);
    let back = location(&told);
    assert!(back.starts_with(&format!("{}/wallet/orders/", site.url)), "{back}");

    // The event, its job and two checks of the browser, all at once.
    let check = back.replace("/return", "/check");
    let (first, _, second) = {
        let (mut one, mut two) = (site.browser(), site.browser());
        one.cookies = browser.cookies.clone();
        two.cookies = browser.cookies.clone();
        let checks = async { one.post(&check, &[]).await.status };
        let again = async { two.post(&check, &[]).await.status };
        tokio::join!(checks, site.work(), again)
    };
    assert_eq!((first, second), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    site.work().await;
    assert_eq!(settled(&site, "buyer").await, "150");
    let payments = site.wallet().payments().payments(&viewer, None, 10).await.expect("payments").payments;
    assert_eq!((payments.len(), payments[0].status), (1, PaymentStatus::Succeeded));
    // The page leads on; paying again is not possible.
    assert_eq!(location(&browser.post(&page, &CARD).await), back);
    site.work().await;
    assert_eq!(settled(&site, "buyer").await, "150");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_way_back_asks_the_provider_before_anything_is_shown(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("back").await;
    let mut browser = site.browser();
    browser.sign_in("back").await;
    let page = order(&mut browser, "form-1").await;
    let back = location(&browser.post(&page, &CARD).await);
    // No event has come yet: nothing but the return says that it was paid.
    let told = browser.open(&back).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER);
    assert_eq!(settled(&site, "back").await, "150");
    let shown = browser.open(&location(&told)).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(
        shown.text.contains(r#"data-testid="balance" class="num font-semibold">150"#),
        "the head of the page says what the page says"
    );
    // Coming back once more changes nothing, and a stranger's way back is nobody's order.
    assert_eq!(browser.open(&back).await.status, StatusCode::SEE_OTHER);
    site.person("stranger").await;
    let mut stranger = site.browser();
    stranger.sign_in("stranger").await;
    let told = stranger.open(&back).await;
    assert_eq!(stranger.open(&location(&told)).await.status, StatusCode::NOT_FOUND);
    site.work().await;
    assert_eq!(settled(&site, "back").await, "150");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_that_never_comes_back_gets_its_credits_by_the_event(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("gone").await;
    let mut browser = site.browser();
    browser.sign_in("gone").await;
    let page = order(&mut browser, "form-1").await;
    browser.post(&page, &CARD).await;
    site.work().await; // delivers the event to /webhooks/sandbox
    site.work().await; // works on the stored message
    assert_eq!(settled(&site, "gone").await, "150");
}

#[sqlx::test(migrations = "../migrations")]
async fn declines_rejections_and_cancels_cost_nothing(pool: PgPool) {
    let site = Site::start(pool).await;
    let (_, viewer) = site.person("no").await;
    let mut browser = site.browser();
    browser.sign_in("no").await;
    let status = async |at: usize| {
        let found = site.wallet().payments().payments(&viewer, None, 10).await.expect("payments").payments;
        site.wallet().payments().check(&viewer, found[at].id).await.expect("checked").status
    };

    let page = order(&mut browser, "declined").await;
    assert_eq!(browser.post(&page, &with_number("4000 0000 0000 0002")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(status(0).await, PaymentStatus::Failed);

    let page = order(&mut browser, "rejected").await;
    let asked = browser.post(&page, &with_number("4000 0025 0000 3155")).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.text.contains("value=\"approve\""), "{}", asked.text);
    assert_eq!(status(0).await, PaymentStatus::Pending, "nothing happens before the answer");
    assert_eq!(browser.post(&format!("{page}/challenge"), &[("answer", "reject")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(status(0).await, PaymentStatus::Failed);

    let page = order(&mut browser, "cancelled").await;
    assert_eq!(browser.post(&page, &[("action", "cancel")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(status(0).await, PaymentStatus::Cancelled);
    assert_eq!(settled(&site, "no").await, "50");

    let page = order(&mut browser, "approved").await;
    browser.post(&page, &with_number("4000 0025 0000 3155")).await;
    browser.post(&format!("{page}/challenge"), &[("answer", "approve")]).await;
    assert_eq!(status(0).await, PaymentStatus::Succeeded);
    assert_eq!(settled(&site, "no").await, "150");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mistyped_card_is_shown_again_with_what_is_wrong(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("typo").await;
    let mut browser = site.browser();
    browser.sign_in("typo").await;
    let page = order(&mut browser, "form-1").await;
    let fields = [("number", "4242 4242 4242 4241"), ("expiry", "13/30"), ("cvc", "x"), ("action", "pay")];
    let told = browser.post(&page, &fields).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["4242 4242 4242 4241", "13/30", "a digit is mistyped", "Enter it as 12/30", "Enter 3 or 4 digits"] {
        assert!(told.text.contains(text), "{text}: {}", told.text);
    }
    assert_eq!(browser.open("/sandbox/checkout/sbx_none").await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_answer_that_got_lost_is_found(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("lost").await;
    let mut browser = site.browser();
    browser.sign_in("lost").await;
    let page = order(&mut browser, "form-1").await;
    let told = browser.post(&page, &with_number("4000 0000 0000 0341")).await;
    assert_eq!(told.status, StatusCode::GATEWAY_TIMEOUT, "the browser is left alone");
    site.work().await;
    assert_eq!(settled(&site, "lost").await, "50", "nobody knows yet");
    site.wallet().clock().advance(chrono::TimeDelta::minutes(5));
    site.wallet().payments().reconcile().await.expect("reconciled");
    assert_eq!(settled(&site, "lost").await, "150");
    site.wallet().payments().reconcile().await.expect("reconciled");
    assert_eq!(settled(&site, "lost").await, "150");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_is_stored_only_with_a_right_signature(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let secret = "whsec_c2NyaXAtc2FuZGJveC1ldmVudHMtYXJlLW5vdC1tb25leQ==";
    let send = async |signed: &Signed, body: String| {
        let mut request = site.client.post(format!("{}/webhooks/sandbox", site.url));
        for (name, value) in &signed.headers {
            request = request.header(*name, value);
        }
        request.body(body).send().await.expect("an answer").status()
    };
    let signed = Signed::new(secret, "evt_1", "payment.paid", "sbx_none", chrono::Utc::now()).expect("signed");
    let other = Signed::new("whsec_b3RoZXI=", "evt_1", "payment.paid", "sbx_none", chrono::Utc::now()).expect("signed");
    assert_eq!(send(&other, other.body.clone()).await, StatusCode::BAD_REQUEST);
    assert_eq!(send(&signed, format!("{} ", signed.body)).await, StatusCode::BAD_REQUEST);
    let stored = async || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM provider_events").fetch_one(&pool).await;
    assert_eq!(stored().await.expect("a count"), 0, "nothing is kept of a wrong one");
    for _ in 0..3 {
        assert_eq!(send(&signed, signed.body.clone()).await, StatusCode::OK);
    }
    assert_eq!(stored().await.expect("a count"), 1, "stored once");
    site.work().await;
    let unknown = site.client.post(format!("{}/webhooks/nobody", site.url)).send().await.expect("an answer");
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_program_orders_credits_too(pool: PgPool) {
    let site = Site::start(pool).await;
    let program = site.program("shop", 0).await;
    let body = json!({ "package": "light", "currency": "RUB" });
    let told = program.post("/top-ups", "order-1", &body).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    let payment = told.json();
    assert_eq!((&payment["status"], &payment["credits"]), (&json!("pending"), &json!(100)));
    let page = payment["checkout_url"].as_str().expect("a page").to_owned();
    let card = form_urlencoded::Serializer::new(String::new()).extend_pairs(CARD).finish();
    let request = site.client.request(Method::POST, page).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(Told::of(request.body(card).send().await.expect("an answer")).await.status, StatusCode::SEE_OTHER);
    let path = format!("/payments/{}", payment["payment_id"].as_str().expect("an id"));
    let paid = program.get(&path).await.json();
    assert_eq!((&paid["status"], program.available().await.to_string().as_str()), (&json!("succeeded"), "100"));
    assert_eq!(program.get("/payments").await.json()["payments"].as_array().map(Vec::len), Some(1));
    let other = site.program("other", 0).await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
}
