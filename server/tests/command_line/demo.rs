//! The demo's days before today: all of it as if it had been lived, and nothing that the invariants forbid.

use sqlx::PgPool;

use crate::*;

#[sqlx::test(migrations = false)]
async fn a_demo_has_lived_forty_days(pool: PgPool) {
    empty(&pool).await;
    let (url, folder) = (url(&pool), folder());
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("SCRIP_DATA_DIR", folder.as_str()),
        ("SCRIP_DEMO_DAYS", "40"),
        ("WEBHOOK_PRIVATE", "true"),
    ];
    let loaded = run(&["demo", "load"], &settings);
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let verified = run(&["verify"], &settings);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let count = async |statement: &'static str| {
        sqlx::query_scalar::<_, i64>(statement)
            .fetch_one(&pool)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"))
    };
    let days = count("SELECT count(DISTINCT created_at::date) FROM entries").await;
    assert!((40..=42).contains(&days), "{days} days have charges");
    for (what, statement, expected) in [
        (
            "bought months",
            "SELECT count(*) FROM payments WHERE status = 'succeeded' AND subscription_id IS NOT NULL",
            2,
        ),
        ("packages", "SELECT count(*) FROM payments WHERE status = 'succeeded' AND package IS NOT NULL", 3),
        ("keys", "SELECT count(*) FROM api_keys", 4),
        ("endpoints", "SELECT count(*) FROM webhook_endpoints", 2),
        ("rows of tomorrow", "SELECT count(*) FROM entries WHERE created_at > now()", 0),
    ] {
        assert_eq!(count(statement).await, expected, "{what}");
    }
    let wallet = wallet::Wallet::new(pool.clone(), wallet::Options::default());
    let viewer = wallet.demo_viewer().await.expect("the customer");
    let balance = wallet.balance(viewer.wallet).await.expect("a balance");
    assert!(balance.available.is_positive());
    assert!(balance.grants.iter().any(|grant| grant.label == "Autumn bonus"), "a grant that expires soon");
    let announced = wallet.tariffs().changelog(None, 10).await.expect("a page").announcements;
    assert_eq!(announced.len(), 1, "a rise is announced");
    // A repeat changes nothing.
    let rows = count("SELECT count(*) FROM entries").await;
    assert!(run(&["demo", "load"], &settings).status.success());
    assert_eq!(count("SELECT count(*) FROM entries").await, rows);
    std::fs::remove_dir_all(folder).ok();
}
