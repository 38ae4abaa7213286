//! No log and no error answer tells a key, a secret, a card, or the address of a page where somebody pays.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use tracing_subscriber::fmt::MakeWriter;

use super::doubles::{By, SHOP, STRIPE_KEY, STRIPE_SECRET, YOOKASSA_KEY};
use super::events::of_payment;
use super::shop::Shop;
use crate::support::Told;

/// What was logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What nobody may read: none of it is anywhere else.
static CANARIES: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let basic = client.get("http://127.0.0.1").basic_auth(SHOP, Some(YOOKASSA_KEY)).build().expect("a request");
    let basic = basic.headers()["authorization"].to_str().expect("text").replace("Basic ", "");
    [
        ("Stripe's key", STRIPE_KEY),
        ("the secret of Stripe's events", STRIPE_SECRET),
        ("YooKassa's key", YOOKASSA_KEY),
        ("shop and key", basic.as_str()),
        ("a page of Stripe's", "/stripe/checkout/"),
        ("a page of YooKassa's", "/yookassa/pages/"),
        ("what is for the payer alone", "_secret_"),
        ("a card of Stripe's", By::Stripe.good()),
        ("a card of YooKassa's", By::YooKassa.good()),
    ]
    .map(|(what, text)| (what, text.to_owned()))
    .to_vec()
});

fn is_clean(what: &str, text: &str) {
    for (name, canary) in CANARIES.iter() {
        let line = text.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{what} tells {name}");
    }
}

/// Buys, adds a card, and lets go wrong what can, with one provider; gives the answers that were errors.
async fn everything_goes_wrong(shop: &Shop, by: By) -> Vec<Told> {
    let (mut answers, mut browser) = (Vec::new(), shop.browser("buyer").await);
    let way = format!("{}.card", by.name());
    let (pages, setups) = match by {
        By::Stripe => ("/v1/checkout/sessions", "/v1/checkout/sessions"),
        By::YooKassa => ("/yookassa/v3/payments", "/yookassa/v3/payment_methods"),
    };
    for kind in ["lost_answer", "unreadable", "saved_500", "429", "down"] {
        let key = format!("{way}-{kind}");
        let form =
            [("package", "light"), ("currency", "RUB"), ("method", way.as_str()), ("idempotency_key", key.as_str())];
        shop.doubles.fault(kind, pages, json!({ "done": true })).await;
        for _ in 0..2 {
            answers.push(browser.post("/wallet/top-up", &form).await);
        }
        // The same key with another order.
        answers.push(browser.post("/wallet/top-up", &[("package", "standard"), form[1], form[2], form[3]]).await);
        shop.doubles.fault(kind, setups, json!({ "done": true })).await;
        answers
            .push(browser.post("/wallet/payment/methods", &[form[2], ("idempotency_key", &format!("{key}-s"))]).await);
        shop.doubles.mend().await;
    }
    let (paid, letters) = shop.paid(by, &format!("{way}-paid")).await;
    for letter in &letters {
        shop.deliver(letter).await;
        let mut broken = letter.clone();
        broken.body = letter.body.slice(..letter.body.len() / 2);
        shop.deliver(&broken).await;
    }
    shop.deliver_signed(std::str::from_utf8(&of_payment(&letters).body).expect("text"), "whsec_other", 0).await;
    shop.process().await;
    answers.push(browser.open(&format!("/wallet/orders/{}", paid.id)).await);
    answers.push(browser.open("/wallet/orders/01900000-0000-7000-8000-000000000000").await);
    shop.order(by, &format!("{way}-open")).await;
    shop.doubles.control("faults", json!({ "kind": "unreadable", "method": "GET", "times": 3 })).await;
    shop.site.wallet().payments().reconcile().await.expect("reconciled");
    shop.doubles.mend().await;
    answers
}

#[sqlx::test(migrations = "../migrations")]
async fn no_log_and_no_error_tells_a_secret_or_a_page(pool: PgPool) {
    let logged = Logged::default();
    let filter = server::telemetry::filter("debug,server=trace,wallet=trace").expect("a filter");
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(logged.clone()).with_ansi(false);
    lines.try_init().expect("the only one of its process");
    let shop =
        Shop::open_with(pool.clone(), &["--rate-account-writes", "10000", "--rate-session-writes", "10000"]).await;
    let mut answers = Vec::new();
    for by in By::BOTH {
        answers.extend(everything_goes_wrong(&shop, by).await);
    }
    // The shop's key is another one by now: each call is answered with 401.
    shop.doubles.control(&format!("yookassa/shops/{SHOP}"), json!({ "key": "test_of_tomorrow" })).await;
    let due = sqlx::query("UPDATE payments SET check_at = created_at");
    due.execute(&pool).await.expect("due");
    shop.site.wallet().payments().reconcile().await.expect("reconciled");
    for provider in shop.site.wallet().payments().providers() {
        let found = provider.examine().await;
        is_clean("an examination", &format!("{found:?} {:?}", provider.name()));
    }

    let errors: Vec<&Told> = answers.iter().filter(|told| told.status.is_client_error()).collect();
    assert!(errors.len() >= 10, "{} answers were errors", errors.len());
    assert!(answers.iter().all(|told| told.status != StatusCode::INTERNAL_SERVER_ERROR));
    for told in errors {
        is_clean("an answer", &told.text);
    }
    let log = logged.text();
    for line in
        ["no answer about a checkout", "a message with a wrong signature was refused", "a signed message can't be read"]
    {
        assert!(log.contains(line), "what went wrong is not logged: {line}");
    }
    is_clean("a log", &log);
    // What is kept of events has no page in it, either.
    let raw: Vec<String> =
        sqlx::query_scalar("SELECT raw::text FROM provider_events").fetch_all(&pool).await.expect("events");
    assert!(raw.len() > 5, "{}", raw.len());
    raw.iter().for_each(|raw| is_clean("a kept event", raw));
    shop.is_right().await;
}
