//! What a form says of price, credits and state is not read; what it says of package, plan, currency and method is
//! checked against the catalog.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::payment::PaymentStatus;

use super::doubles::By;
use super::shop::Shop;
use crate::support::location;

type Form<'a> = Vec<(&'a str, &'a str)>;

/// A right form with some fields changed, and others added.
fn with<'a>(form: &[(&'a str, &'a str)], changed: &[(&'a str, &'a str)]) -> Form<'a> {
    let kept = form.iter().copied().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
    kept.chain(changed.iter().copied()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn the_price_is_the_catalogs_whatever_a_form_says(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mut browser = shop.browser("buyer").await;
    let lies = [
        ("price", "1"),
        ("minor", "1"),
        ("money", "0.01 RUB"),
        ("unit_amount", "1"),
        ("credits", "1000000"),
        ("status", "succeeded"),
        ("provider_ref", "pi_1"),
        ("account", "0192aaaa-0000-7000-8000-000000000000"),
        ("wallet", "1-1"),
        ("title", "Elite"),
    ];
    for (number, by) in By::BOTH.into_iter().enumerate() {
        let way = format!("{}.card", by.name());
        let form =
            [("package", "light"), ("currency", "RUB"), ("method", way.as_str()), ("idempotency_key", by.name())];
        let told = browser.post("/wallet/top-up", &with(&form, &lies)).await;
        assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
        let back = shop.doubles.pay(by, &location(&told), by.good()).await.expect("paid");
        browser.open(&back).await;
        let amounts: Vec<String> = shop.doubles.taken(by).await.into_iter().map(|taken| taken.amount).collect();
        assert_eq!(amounts, [if by == By::Stripe { "44900 rub" } else { "449.00 RUB" }]);
        assert_eq!(shop.settled().await, (150 + 100 * number).to_string());
    }
    shop.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_not_sold_is_refused_before_there_is_an_order(pool: PgPool) {
    let shop = Shop::open_with(pool, &["--rate-account-writes", "10000", "--rate-session-writes", "10000"]).await;
    let mut browser = shop.browser("buyer").await;
    let top_up = [("package", "light"), ("currency", "RUB"), ("method", "stripe.card"), ("idempotency_key", "form")];
    for changed in [
        vec![("package", "free")],
        vec![("package", "LIGHT")],
        vec![("package", "basic")],
        vec![("currency", "USD")],
        vec![("currency", "JPY")],
        vec![("currency", "EEE")],
        vec![("currency", "")],
        vec![("method", "stripe.yoo_money")],
        vec![("method", "nobody.card")],
        vec![("method", "saved.0192aaaa-0000-7000-8000-000000000000")],
        vec![("method", "card")],
        vec![("package", ""), ("amount", "1000")],
        vec![("idempotency_key", "")],
    ] {
        let told = browser.post("/wallet/top-up", &with(&top_up, &changed)).await;
        assert!(matches!(told.status.as_u16(), 400 | 422), "{changed:?}: {} {}", told.status, location(&told));
    }
    let plan = [
        ("plan", "basic"),
        ("interval", "month"),
        ("currency", "RUB"),
        ("method", "stripe.card"),
        ("idempotency_key", "plan"),
    ];
    for changed in [
        vec![("plan", "starter")],
        vec![("plan", "light")],
        vec![("plan", "")],
        vec![("interval", "year")],
        vec![("interval", "day")],
        vec![("currency", "USD")],
        vec![("method", "yookassa.none")],
    ] {
        let told = browser.post("/wallet/plan", &with(&plan, &changed)).await;
        assert!(matches!(told.status.as_u16(), 400 | 422), "{changed:?}: {} {}", told.status, location(&told));
    }
    let program = shop.site.program("shop", 0).await;
    let body = json!({ "package": "light", "currency": "RUB" });
    for (number, (name, value)) in [
        ("price", json!(1)),
        ("credits", json!(1_000_000)),
        ("money", json!({ "minor": 1 })),
        ("package", json!("free")),
        ("currency", json!("USD")),
        ("currency", json!("usd")),
        ("amount", json!(1_000)),
        ("amount", json!(-5)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = body.clone();
        body[name] = value;
        let told = program.post("/top-ups", &format!("order-{number}"), &body).await;
        assert!(matches!(told.status.as_u16(), 400 | 422), "{body}: {} {}", told.status, told.text);
    }
    assert_eq!(shop.doubles.look("requests").await, json!([]), "no provider was asked");
    assert_eq!(shop.settled().await, "50");

    // A key that was used for one order is not good for another one.
    assert_eq!(browser.post("/wallet/top-up", &top_up).await.status, StatusCode::SEE_OTHER);
    for changed in [[("package", "standard")], [("method", "yookassa.card")]] {
        let told = browser.post("/wallet/top-up", &with(&top_up, &changed)).await;
        assert!(told.status.is_client_error(), "{changed:?}: {}", told.status);
    }
    let payments = shop.site.wallet().payments().payments(&shop.viewer, None, 10).await.expect("payments").payments;
    assert_eq!(payments.iter().map(|one| one.status).collect::<Vec<_>>(), [PaymentStatus::Pending]);
    shop.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_that_is_not_what_was_ordered_brings_nothing_until_staff_decide(pool: PgPool) {
    let shop = Shop::open(pool.clone()).await;
    for (number, by) in By::BOTH.into_iter().enumerate() {
        let (order, letters) = shop.paid(by, by.name()).await;
        // As if the order had cost more: what the provider took is less.
        let dearer = sqlx::query("UPDATE payments SET minor = minor + 1 WHERE id = $1").bind(order.id.uuid());
        dearer.execute(&pool).await.expect("changed");
        for letter in &letters {
            assert_eq!(shop.deliver(letter).await, StatusCode::OK);
        }
        shop.process().await;
        assert_eq!(shop.settled().await, "50", "{by:?}");
        let held = shop.site.wallet().payments().held().await.expect("held");
        assert_eq!(held.len(), number + 1, "{by:?}");
        assert!(held.iter().any(|one| one.id == order.id && one.why == "mismatch"), "{held:?}");
    }
    shop.is_right().await;
}
