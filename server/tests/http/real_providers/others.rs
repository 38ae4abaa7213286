//! What belongs to another account is not there: its orders, cards and plan, whoever knows their names.

use reqwest::StatusCode;
use sqlx::PgPool;

use super::doubles::By;
use super::shop::Shop;
use crate::support::location;

#[sqlx::test(migrations = "../migrations")]
async fn another_accounts_orders_cards_and_plan_are_not_there(pool: PgPool) {
    let shop = Shop::open(pool.clone()).await;
    let wallet = shop.site.wallet();
    let mut ids = Vec::new();
    for by in By::BOTH {
        let order = shop.order_saving(by, by.name(), true).await;
        shop.doubles.pay(by, order.checkout_url.as_deref().expect("a page"), by.good()).await.expect("paid");
        wallet.payments().check(&shop.viewer, order.id).await.expect("checked");
        ids.push((by, order.id));
    }
    let open = shop.order(By::Stripe, "open").await;
    let own = wallet.payments().methods(&shop.viewer).await.expect("methods");
    assert_eq!(own.len(), 2);
    let before = shop.doubles.look("state").await;

    let stranger = shop.site.program("stranger", 0).await;
    let mut browser = shop.browser("stranger").await;
    for id in ids.iter().map(|(_, id)| *id).chain([open.id]) {
        assert_eq!(stranger.get(&format!("/payments/{id}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.open(&format!("/wallet/orders/{id}")).await.status, StatusCode::NOT_FOUND);
        let checked = browser.post(&format!("/wallet/orders/{id}/check"), &[]).await;
        assert_eq!(checked.status, StatusCode::NOT_FOUND);
        // The way back tells nothing, either.
        let back = browser.open(&format!("/wallet/orders/{id}/return")).await;
        assert_eq!(browser.open(&location(&back)).await.status, StatusCode::NOT_FOUND);
    }
    for method in &own {
        for what in ["default", "plan", "remove"] {
            let told = browser.post(&format!("/wallet/payment/methods/{}/{what}", method.id), &[]).await;
            assert_eq!(told.status, StatusCode::NOT_FOUND, "{what}: {}", told.text);
        }
        let with = format!("saved.{}", method.id);
        let key = format!("steal-{}", method.id);
        let form =
            [("package", "light"), ("currency", "RUB"), ("method", with.as_str()), ("idempotency_key", key.as_str())];
        let told = browser.post("/wallet/top-up", &form).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", told.text);
        assert!(!told.text.contains(&method.label), "the card is not named");
        let form = [("plan", "basic"), ("interval", "month"), form[1], form[2], form[3]];
        let told = browser.post("/wallet/plan", &form).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", told.text);
    }
    let (_, other) = shop.site.person("other").await;
    assert_eq!(wallet.payments().methods(&other).await.expect("methods"), []);
    assert_eq!(wallet.payments().payments(&other, None, 10).await.expect("payments").payments, []);

    // The owner's plan: a stranger has none to pay, leave or take up.
    let plan = [("plan", "basic"), ("interval", "month"), ("currency", "RUB"), ("method", "stripe.card")];
    let mut owner = shop.browser("buyer").await;
    let told = owner.post("/wallet/plan", &[plan.as_slice(), &[("idempotency_key", "plan")]].concat()).await;
    shop.doubles.pay(By::Stripe, &location(&told), By::Stripe.good()).await.expect("paid");
    let newest = wallet.payments().payments(&shop.viewer, None, 1).await.expect("payments").payments.remove(0);
    wallet.payments().check(&shop.viewer, newest.id).await.expect("checked");
    for what in ["pay", "cancel", "resume"] {
        let told = browser.post(&format!("/wallet/plan/{what}"), &[("idempotency_key", "none-of-mine")]).await;
        assert!(matches!(told.status.as_u16(), 404 | 422), "{what}: {}", told.status);
    }
    let charges = |state: &serde_json::Value| state["stripe"]["charges"].as_array().map_or(0, Vec::len);
    let after = shop.doubles.look("state").await;
    assert_eq!(charges(&after), charges(&before) + 1, "the plan's first month alone");
    assert_eq!(after["yookassa"], before["yookassa"]);
    let left = wallet.payments().methods(&shop.viewer).await.expect("methods");
    assert!(own.iter().all(|method| left.iter().any(|left| left.id == method.id)), "no card of the owner's is gone");
    shop.is_right().await;
}
