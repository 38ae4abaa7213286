//! Buying and renewing by YooKassa, from our form to the credits, against the stand-in.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use wallet::identity::Viewer;
use wallet::ledger::Scope;
use wallet::payment::{PaymentStatus, PaymentView};
use wallet::plan::SubscriptionStatus;

use crate::support::{Browser, Site, location};
use crate::yookassa_shop::{MIR, Shop, WALLET};

/// Starts a site that sells by the stand-in's shop.
async fn start(pool: PgPool, more: &[&str]) -> (Site, Shop) {
    let mut shop = Shop::new().await;
    let own = shop.flags();
    let flags: Vec<&str> = own.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let site = Site::start_with(pool, &flags).await;
    shop.serve(Some(&site.url));
    (site, shop)
}

async fn buyer<'a>(site: &'a Site, name: &str) -> (Viewer, Browser<'a>) {
    let (_, viewer) = site.person(name).await;
    let mut browser = site.browser();
    browser.sign_in(name).await;
    (viewer, browser)
}

/// Orders the Light package; gives where the browser is sent.
async fn order(browser: &mut Browser<'_>, key: &str) -> String {
    let form = [("package", "light"), ("currency", "RUB"), ("idempotency_key", key)];
    let told = browser.post("/wallet/top-up", &form).await;
    location(&told)
}

async fn settled(site: &Site, viewer: &Viewer) -> String {
    site.wallet().ledger().balance(viewer.wallet).await.expect("a balance").settled.to_string()
}

async fn payments(site: &Site, viewer: &Viewer) -> Vec<PaymentView> {
    site.wallet().payments().payments(viewer, None, 20).await.expect("payments").payments
}

/// Lets the notifications come, and does what they ask for.
async fn hear(site: &Site, shop: &Shop) {
    shop.told().await;
    site.work().await;
}

/// Moves both clocks, and renews what is due.
async fn live(site: &Site, shop: &Shop, by: TimeDelta) -> wallet::Renewed {
    shop.control("clock", &json!({ "advance": by.num_seconds() })).await;
    wallet::db::advance_clock(site.wallet().pool(), by).await.expect("moved");
    wallet::db::observe_clock(site.wallet().pool(), site.wallet().clock()).await.expect("seen");
    site.wallet().renew_plans().await.expect("renewed")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_package_is_paid_by_card_and_another_by_wallet(pool: PgPool) {
    let (site, shop) = start(pool, &[]).await;
    let (viewer, mut browser) = buyer(&site, "buyer").await;
    let page = order(&mut browser, "form-1").await;
    assert!(page.contains("/yookassa/pages/payments/"), "{page}");
    assert_eq!(order(&mut browser, "form-1").await, page, "a second submit is the same order");
    let back = shop.pay_by_card(&page, MIR).await.expect("paid");
    assert!(back.starts_with(&format!("{}/wallet/orders/", site.url)), "{back}");
    hear(&site, &shop).await;
    assert_eq!(settled(&site, &viewer).await, "150", "the notification brings the credits");
    assert_eq!(browser.open(&back).await.status, StatusCode::SEE_OTHER);
    hear(&site, &shop).await;
    assert_eq!(settled(&site, &viewer).await, "150", "the way back brings nothing more");

    let page = order(&mut browser, "form-2").await;
    let back = shop.pay_by_wallet(&page, WALLET).await.expect("paid");
    browser.open(&back).await;
    assert_eq!(settled(&site, &viewer).await, "250", "the way back is enough");
    hear(&site, &shop).await;
    assert_eq!(settled(&site, &viewer).await, "250");
    assert_eq!(shop.all("payments").await.len(), 2);
    assert!(payments(&site, &viewer).await.iter().all(|payment| payment.status == PaymentStatus::Succeeded));
    assert_eq!(site.wallet().verify(Scope::Everything).await.expect("verified"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_declined_card_takes_nothing_and_another_order_can_be_paid(pool: PgPool) {
    let (site, shop) = start(pool, &[]).await;
    let (viewer, mut browser) = buyer(&site, "poor").await;
    let page = order(&mut browser, "form-1").await;
    assert_eq!(shop.pay_by_card(&page, "5555555555554600").await, None);
    hear(&site, &shop).await;
    let failed = payments(&site, &viewer).await.remove(0);
    assert_eq!((failed.status, failed.failure.as_deref()), (PaymentStatus::Failed, Some("insufficient_funds")));
    assert_eq!(settled(&site, &viewer).await, "50");
    let page = order(&mut browser, "form-2").await;
    shop.pay_by_card(&page, MIR).await.expect("paid");
    hear(&site, &shop).await;
    assert_eq!(settled(&site, &viewer).await, "150");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_answer_that_is_lost_leads_to_the_same_page_and_one_payment(pool: PgPool) {
    let (site, shop) = start(pool, &[]).await;
    let (viewer, mut browser) = buyer(&site, "lost").await;
    for (number, fault) in ["lost_answer", "saved_500", "unreadable"].into_iter().enumerate() {
        let body = json!({ "kind": fault, "method": "POST", "path": "/yookassa/v3/payments", "done": true });
        shop.control("faults", &body).await;
        let key = format!("form-{number}");
        let first = order(&mut browser, &key).await;
        assert!(!first.contains("/yookassa/"), "{fault}: {first}");
        let page = order(&mut browser, &key).await;
        assert!(page.contains("/yookassa/pages/payments/"), "{fault}: {page}");
        shop.pay_by_card(&page, MIR).await.expect("paid");
        hear(&site, &shop).await;
        assert_eq!(shop.all("payments").await.len(), number + 1, "{fault}: one payment");
    }
    assert_eq!(settled(&site, &viewer).await, "350");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_whose_answer_and_notification_were_lost_is_found_by_its_order(pool: PgPool) {
    let (site, shop) = start(pool, &[]).await;
    let (viewer, mut browser) = buyer(&site, "silent").await;
    shop.control("event-faults", &json!({ "kind": "drop", "times": 9 })).await;
    shop.fault("lost_answer", "POST", "payments").await;
    order(&mut browser, "form-1").await;
    let made = shop.all("payments").await.remove(0);
    let page = made["confirmation"]["confirmation_url"].as_str().expect("a page").to_owned();
    shop.pay_by_card(&page, MIR).await.expect("paid");
    assert_eq!(settled(&site, &viewer).await, "50", "nobody has said anything");
    site.wallet().clock().advance(TimeDelta::minutes(2));
    site.wallet().payments().reconcile().await.expect("reconciled");
    assert_eq!(settled(&site, &viewer).await, "150");
    site.wallet().payments().reconcile().await.expect("reconciled");
    assert_eq!(settled(&site, &viewer).await, "150");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_notification_counts_from_yookassas_addresses_only_and_is_never_believed(pool: PgPool) {
    let (site, shop) = start(pool.clone(), &["--trusted-proxies", "127.0.0.1"]).await;
    let (viewer, mut browser) = buyer(&site, "forged").await;
    order(&mut browser, "form-1").await;
    let made = shop.all("payments").await.remove(0);
    let mut object = made.clone();
    object["status"] = json!("succeeded");
    let body = json!({ "type": "notification", "event": "payment.succeeded", "object": object }).to_string();
    let send = async |sender: &str, body: &str| {
        let request = site.client.post(format!("{}/webhooks/yookassa", site.url)).header("x-forwarded-for", sender);
        request.body(body.to_owned()).send().await.expect("an answer").status()
    };
    let stored = async || {
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM provider_events").fetch_one(&pool);
        count.await.expect("a count")
    };
    for foreign in ["203.0.113.9", "185.71.76.32", "2a02:5180:0:1510::1", "185.71.76.1, 203.0.113.9"] {
        assert_eq!(send(foreign, &body).await, StatusCode::BAD_REQUEST, "{foreign}");
    }
    assert_eq!(stored().await, 0, "nothing is kept of them");
    for own in ["185.71.76.1", "::ffff:77.75.156.11", "2a02:5180:0:2655::7"] {
        assert_eq!(send(own, &body).await, StatusCode::OK, "{own}");
    }
    assert_eq!(stored().await, 1, "stored once");
    site.work().await;
    assert_eq!(settled(&site, &viewer).await, "50", "YooKassa was asked, and says that nobody has paid");
    assert_eq!(payments(&site, &viewer).await[0].status, PaymentStatus::Pending);

    let live = body.replace("\"test\":true", "\"test\":false");
    assert_eq!(send("185.71.76.1", &live).await, StatusCode::BAD_REQUEST, "of the other mode");
    assert_eq!(send("185.71.76.1", "not JSON").await, StatusCode::OK, "it is kept");
    assert_eq!(stored().await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_order_stays_open_as_long_as_its_page_can_be_paid(pool: PgPool) {
    let (site, shop) = start(pool, &[]).await;
    let (viewer, mut browser) = buyer(&site, "late").await;
    let late = order(&mut browser, "form-1").await;
    order(&mut browser, "form-2").await;
    // Our hour is over, YooKassa's is not: its page still takes money.
    site.wallet().clock().advance(TimeDelta::minutes(61));
    site.wallet().payments().reconcile().await.expect("reconciled");
    assert!(payments(&site, &viewer).await.iter().all(|payment| payment.status == PaymentStatus::Pending));
    shop.pay_by_card(&late, MIR).await.expect("paid");
    shop.control("clock", &json!({ "advance": 3_700 })).await;
    site.wallet().clock().advance(TimeDelta::hours(2));
    site.wallet().payments().reconcile().await.expect("reconciled");
    let mut states: Vec<_> = payments(&site, &viewer).await.into_iter().map(|payment| payment.status).collect();
    states.reverse();
    assert_eq!(states, [PaymentStatus::Succeeded, PaymentStatus::Expired]);
    assert_eq!(settled(&site, &viewer).await, "150");
}

/// Chooses Basic and pays by a card that is kept.
async fn subscribe(site: &Site, shop: &Shop, name: &str, number: &str) -> Viewer {
    let (viewer, mut browser) = buyer(site, name).await;
    let form = [("plan", "basic"), ("interval", "month"), ("currency", "RUB"), ("idempotency_key", "form-1")];
    let page = location(&browser.post("/wallet/plan", &form).await);
    let back = shop.pay_by_card(&page, number).await.expect("paid");
    browser.open(&back).await;
    viewer
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_is_renewed_by_the_saved_card_until_its_owner_takes_it_back(pool: PgPool) {
    let (site, shop) = start(pool, &[]).await;
    let status = async |viewer: &Viewer| {
        site.wallet().plans().paid_plan(viewer.account).await.expect("read").map(|plan| plan.status)
    };
    let good = subscribe(&site, &shop, "good", MIR).await;
    let revoked = subscribe(&site, &shop, "revoked", "5555555555554659").await;
    assert_eq!(settled(&site, &good).await, "350");
    assert_eq!(shop.all("methods").await.len(), 2, "both cards are kept");

    // The answer about one of the charges is lost.
    let body = json!({ "kind": "lost_answer", "method": "POST", "path": "/yookassa/v3/payments", "times": 2 });
    shop.control("faults", &body).await;
    live(&site, &shop, TimeDelta::days(31)).await;
    let report = live(&site, &shop, TimeDelta::minutes(10)).await;
    hear(&site, &shop).await;
    assert_eq!(shop.all("payments").await.len(), 4, "one charge each, {report:?}");
    assert_eq!(status(&good).await, Some(SubscriptionStatus::Active));
    assert_eq!(settled(&site, &good).await, "350", "the month before has ended, the new one is there");
    assert_eq!(status(&revoked).await, Some(SubscriptionStatus::PastDue));
    let failed = payments(&site, &revoked).await.remove(0);
    assert_eq!((failed.status, failed.failure.as_deref()), (PaymentStatus::Failed, Some("permission_revoked")));
    assert_eq!(site.wallet().verify(Scope::Everything).await.expect("verified"), []);
}
