//! The preview wallet on its pages: filled by hand, and by an order of its own; and its keys.

use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;
use wallet::identity::{Environment, NewKey};

use crate::support::{Site, Told, location};

#[sqlx::test(migrations = "../migrations")]
async fn a_preview_wallet_is_filled_by_hand_and_by_an_order(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let viewer = site.program("pia", 100).await.viewer;
    let mut browser = site.browser();
    browser.sign_in("pia").await;
    let key = Uuid::now_v7().to_string();
    let fields = |amount, to| [("amount", amount), ("to", to), ("idempotency_key", key.as_str())];

    // What was typed stays, beside what is wrong with it.
    for (amount, words) in
        [("", "Enter how many"), ("ten", "ten"), ("0.5", "0.5"), ("101", "There is less than that in the wallet.")]
    {
        let told = browser.post("/developers/keys/move", &fields(amount, "preview")).await;
        assert!(told.status.is_client_error() && told.text.contains(words), "{amount}: {}", told.text);
        assert!(told.text.contains(&format!("value=\"{amount}\"")), "{amount}: {}", told.text);
    }
    let told = browser.post("/developers/keys/move", &fields("1", "")).await;
    assert!(told.status.is_client_error(), "{}", told.text);

    for _ in 0..2 {
        let told = browser.post("/developers/keys/move", &fields("30", "preview")).await;
        assert_eq!((told.status, location(&told).as_str()), (StatusCode::SEE_OTHER, "/developers/keys?done=moved"));
    }
    assert!(browser.open("/developers/keys?done=moved").await.text.contains("The credits were moved."));
    let available = async |id| site.wallet().ledger().balance(id).await.expect("a balance").available.to_string();
    assert_eq!((available(viewer.wallet).await, available(viewer.preview_wallet).await), ("70".into(), "30".into()));

    let page = browser.open("/wallet/top-up?environment=preview").await.text;
    assert!(page.contains("These credits go to the preview wallet") && page.contains("name=\"environment\""), "{page}");
    let form = Uuid::now_v7().to_string();
    let order = [("package", "light"), ("currency", "RUB"), ("environment", "preview"), ("idempotency_key", &form)];
    let told = browser.post("/wallet/top-up", &order).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let wallets: Vec<i64> = sqlx::query_scalar("SELECT wallet_id FROM payments").fetch_all(&pool).await.expect("rows");
    assert_eq!(wallets, [viewer.preview_wallet.number]);
    // Refused, it is the same page again.
    let nothing = [("currency", "RUB"), ("environment", "preview"), ("idempotency_key", &form)];
    let told = browser.post("/wallet/top-up", &nothing).await;
    assert!(told.text.contains("These credits go to the preview wallet"), "{}", told.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn preview_keys_only_make_content_where_the_catalog_says_so(pool: PgPool) {
    let site = Site::start(pool.clone()).await;
    let (_, dora) = site.person("dora").await;
    let new = NewKey {
        name: "ci".into(),
        environment: Environment::Preview,
        scopes: vec!["content:*".into(), "webhooks:read".into()],
        ceiling: None,
    };
    let key = site.wallet().identity().create_key(&dora, &new).await.expect("a key").secret;
    // The rule came later than the key.
    let rule =
        r#"UPDATE catalog SET settings = settings || '{"preview": {"content_only": true}}', revision = revision + 1"#;
    sqlx::query(rule).execute(&pool).await.expect("changed");
    site.wallet().catalog().prepare().await.expect("read");
    let ask = async |path: &str| {
        let call = site.client.get(format!("{}/api/v2{path}", site.url)).bearer_auth(&key);
        Told::of(call.send().await.expect("an answer")).await
    };
    assert_eq!(ask("/balance").await.status, StatusCode::OK);
    let refused = ask("/webhook-endpoints").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert!(refused.text.contains("a preview key can't have the scope webhooks:read"), "{}", refused.text);
}
