//! Plans over HTTP: chosen, paid at the sandbox, renewed by the kept card, cancelled and taken up again.

use chrono::TimeDelta;
use reqwest::StatusCode;
use sqlx::PgPool;
use wallet::identity::Viewer;
use wallet::payment::PaymentStatus;
use wallet::plan::SubscriptionStatus;

use crate::support::{Browser, Site, Told, location};

const FORM: [(&str, &str); 4] =
    [("plan", "basic"), ("interval", "month"), ("currency", "RUB"), ("idempotency_key", "form-1")];

async fn pay(browser: &mut Browser<'_>, page: &str, number: &str) -> Told {
    let card = [("number", number), ("expiry", "12/49"), ("cvc", "123"), ("action", "pay")];
    browser.post(page, &card).await
}

/// Chooses Basic and pays with a test card; gives who did.
async fn subscribe(site: &Site, browser: &mut Browser<'_>, name: &str, number: &str) -> Viewer {
    let (_, viewer) = site.person(name).await;
    browser.sign_in(name).await;
    let told = browser.post("/wallet/plan", &FORM).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let page = location(&told);
    assert!(browser.open(&page).await.text.contains("The card is saved"));
    pay(browser, &page, number).await;
    let payments = site.wallet().payments().payments(&viewer, None, 1).await.expect("payments").payments;
    let back = format!("/wallet/orders/{}/check", payments[0].id);
    assert_eq!(browser.post(&back, &[]).await.status, StatusCode::SEE_OTHER);
    viewer
}

/// Moves the deployment's clock, and does what is due.
async fn live(site: &Site, by: TimeDelta) -> wallet::Renewed {
    wallet::db::advance_clock(site.wallet().pool(), by).await.expect("moved");
    wallet::db::observe_clock(site.wallet().pool(), site.wallet().clock()).await.expect("seen");
    site.wallet().renew_plans().await.expect("renewed")
}

#[sqlx::test(migrations = "../migrations")]
async fn an_owner_chooses_the_time_zone_of_later_dates(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.browser();
    let (_, viewer) = site.person("traveller").await;
    browser.sign_in("traveller").await;
    assert!(browser.open("/wallet/plan").await.text.contains("Now: UTC."));
    for zone in ["Europe/Moskow", "", "+03:00"] {
        let refused = browser.post("/wallet/plan/time-zone", &[("time_zone", zone)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains("Now: UTC.") && refused.text.contains("aria-invalid"), "{}", refused.text);
    }
    let told = browser.post("/wallet/plan/time-zone", &[("time_zone", "Asia/Kathmandu")]).await;
    assert_eq!((told.status, location(&told).as_str()), (StatusCode::SEE_OTHER, "/wallet/plan"));
    let page = browser.open("/wallet/plan").await.text;
    assert!(page.contains("Now: Asia/Kathmandu."), "{page}");
    let seen = site.wallet().identity().viewer(viewer.user).await.expect("a viewer");
    assert_eq!(seen.time_zone, "Asia/Kathmandu");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_is_chosen_paid_renewed_and_left(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.browser();
    let viewer = subscribe(&site, &mut browser, "planner", "4242 4242 4242 4242").await;
    site.work().await; // the provider's event says the same again
    assert_eq!(site.wallet().ledger().balance(viewer.wallet).await.expect("a balance").settled.to_string(), "350");
    let page = browser.open("/wallet/plan").await;
    assert!(page.text.contains("Basic") && page.text.contains("Visa •• 4242"), "{}", page.text);
    assert!(browser.open("/wallet").await.text.contains("Visa •• 4242"));
    assert!(browser.open("/pricing").await.text.contains("Your plan"));

    let second = browser.post("/wallet/plan", &[FORM[0], FORM[1], FORM[2], ("idempotency_key", "form-2")]).await;
    assert_eq!(second.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(second.text.contains("already has a paid plan"), "{}", second.text);

    assert_eq!(live(&site, TimeDelta::days(32)).await.paid, 1);
    let balance = site.wallet().ledger().balance(viewer.wallet).await.expect("a balance");
    assert_eq!(balance.settled.to_string(), "350", "the month before has ended, the new one is there");

    // Sessions do not last a month.
    browser.sign_in("planner").await;
    assert_eq!(location(&browser.post("/wallet/plan/cancel", &[]).await), "/wallet/plan");
    assert!(browser.open("/wallet/plan").await.text.contains("Keep plan"));
    assert_eq!(location(&browser.post("/wallet/plan/resume", &[]).await), "/wallet/plan");
    browser.post("/wallet/plan/cancel", &[]).await;
    assert_eq!(live(&site, TimeDelta::days(32)).await.ended, 1);
    browser.sign_in("planner").await;
    let nothing = browser.post("/wallet/plan/resume", &[]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nothing.text.contains("You are on Starter"), "{}", nothing.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_test_cards_do_at_renewals_what_they_say(pool: PgPool) {
    let site = Site::start(pool).await;
    let status = async |viewer: &Viewer| {
        let on = site.wallet().plans().paid_plan(viewer.account).await.expect("read");
        on.map(|on| on.status)
    };
    let (mut one, mut two, mut three) = (site.browser(), site.browser(), site.browser());
    let later = subscribe(&site, &mut one, "later", "4000 0000 0000 9995").await;
    let once = subscribe(&site, &mut two, "once", "4000 0000 0000 0119").await;
    let lost = subscribe(&site, &mut three, "lost", "4000 0000 0000 0341").await;
    // The answer about the third one's first payment is lost for some seconds.
    live(&site, TimeDelta::minutes(2)).await;
    site.wallet().payments().reconcile().await.expect("reconciled");

    let report = live(&site, TimeDelta::days(31)).await;
    assert_eq!((report.paid, report.declined), (0, 2));
    assert_eq!(status(&later).await, Some(SubscriptionStatus::PastDue));
    let report = live(&site, TimeDelta::days(1)).await;
    assert_eq!((report.paid, report.declined), (2, 1), "the second try of one, the lost answer of another");
    assert_eq!(status(&once).await, Some(SubscriptionStatus::Active));
    assert_eq!(status(&lost).await, Some(SubscriptionStatus::Active));

    // Another card pays what is owed.
    one.sign_in("later").await;
    assert!(one.open("/wallet/plan").await.text.contains("Pay with another card"));
    let page = location(&one.post("/wallet/plan/pay", &[("idempotency_key", "owed")]).await);
    let back = location(&pay(&mut one, &page, "4242 4242 4242 4242").await);
    one.open(&back).await;
    assert_eq!(status(&later).await, Some(SubscriptionStatus::Active));
    let payments = site.wallet().payments().payments(&later, None, 10).await.expect("payments").payments;
    let paid = payments.iter().filter(|payment| payment.status == PaymentStatus::Succeeded).count();
    assert_eq!((paid, payments.len()), (2, 4));
    assert_eq!(site.wallet().verify(wallet::ledger::Scope::Everything).await.expect("verified"), []);
}

/// Reads the value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let field = page.split("<input").find(|field| field.contains(&format!("name=\"{name}\""))).expect("a field");
    field.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a value").to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_plan_is_changed_at_once_and_with_the_next_payment(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut browser = site.browser();
    let viewer = subscribe(&site, &mut browser, "climber", "4242 4242 4242 4242").await;
    assert!(browser.open("/wallet/plan").await.text.contains("Starts today"));
    let page = browser.open("/wallet/plan?plan=vip").await.text;
    let shown = hidden(&page, "shown");
    assert!(page.contains("Change to VIP") && shown.parse::<i64>().is_ok_and(|minor| minor > 0), "{page}");
    let form = |plan, shown: &str, key| {
        [("plan", plan), ("interval", "month"), ("currency", "RUB"), ("shown", shown), ("idempotency_key", key)]
            .map(|(name, value)| (name, value.to_owned()))
    };
    let post = async |browser: &mut Browser<'_>, fields: [(&str, String); 5]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/wallet/plan/change", &fields).await
    };
    for (shown, words) in [("1", "The amount has changed"), ("", "The amount has changed"), ("x", "confirm the amount")]
    {
        let refused = post(&mut browser, form("vip", shown, "form-0")).await;
        assert!(refused.status.is_client_error() && refused.text.contains(words), "{}", refused.text);
        assert!(refused.text.contains("Change to VIP"), "the choice stays");
    }
    let told = post(&mut browser, form("vip", &shown, "form-2")).await;
    let page = location(&told);
    pay(&mut browser, &page, "4242 4242 4242 4242").await;
    let payments = site.wallet().payments().payments(&viewer, None, 1).await.expect("payments").payments;
    let order = format!("/wallet/orders/{}", payments[0].id);
    assert_eq!(browser.post(&format!("{order}/check"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(browser.open(&order).await.text.contains("Plan changed"));
    assert_eq!(site.wallet().plans().current(viewer.account).await.expect("a plan").code, "vip");

    assert_eq!(location(&post(&mut browser, form("basic", "", "form-3")).await), "/wallet/plan");
    assert!(browser.open("/wallet/plan").await.text.contains("Stay on VIP"));
    assert_eq!(location(&browser.post("/wallet/plan/keep", &[]).await), "/wallet/plan");
    assert!(!browser.open("/wallet/plan").await.text.contains("Stay on VIP"));
    site.work().await;
}
