//! Events that are copied, forged, old, huge or unreadable: at most one grant, and nothing that was signed is lost.

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use wallet::payment::PaymentStatus;

use super::doubles::{By, Letter, STRIPE_SECRET};
use super::shop::Shop;

/// The event that says that an order was paid.
pub fn of_payment(letters: &[Letter]) -> &Letter {
    let is_paid =
        |letter: &&Letter| matches!(letter.kind().as_str(), "checkout.session.completed" | "payment.succeeded");
    letters.iter().find(is_paid).unwrap_or_else(|| panic!("nobody tells that it was paid: {letters:?}"))
}

#[sqlx::test(migrations = "../migrations")]
async fn fifty_copies_of_an_event_at_once_are_one_grant(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for (number, by) in By::BOTH.into_iter().enumerate() {
        let (_, letters) = shop.paid(by, &format!("form-{number}")).await;
        let paid = of_payment(&letters);
        // The copies, and workers that take what is there, all at the same time.
        let copies = join_all((0..50).map(|_| async {
            let status = shop.deliver(paid).await;
            shop.process().await;
            status
        }));
        assert!(copies.await.into_iter().all(|status| status == StatusCode::OK), "{by:?}");
        let stored: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT id FROM provider_events")
            .fetch_all(shop.site.wallet().pool())
            .await
            .expect("ids");
        assert_eq!(stored.len(), number + 1, "{by:?}: stored once");
        let payments = shop.site.wallet().payments();
        let again = join_all(stored.iter().flat_map(|id| (0..25).map(move |_| payments.process_event(*id))));
        assert!(again.await.into_iter().all(|done| done.is_ok()), "{by:?}");
        assert_eq!(shop.settled().await, (150 + 100 * number).to_string(), "{by:?}");
    }
    shop.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn money_of_which_no_event_tells_is_found_by_the_reconciler(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for (number, by) in By::BOTH.into_iter().enumerate() {
        shop.paid(by, &format!("form-{number}")).await;
    }
    assert_eq!((shop.settled().await.as_str(), shop.stored("%").await), ("50", 0), "nobody has said anything");
    let due = sqlx::query("UPDATE payments SET check_at = created_at");
    due.execute(shop.site.wallet().pool()).await.expect("due");
    for _ in 0..2 {
        shop.site.wallet().payments().reconcile().await.expect("reconciled");
        assert_eq!(shop.settled().await, "250");
    }
    shop.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_browser_the_events_and_the_reconciler_at_once_are_one_grant(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for (number, by) in By::BOTH.into_iter().enumerate() {
        let (order, letters) = shop.paid(by, &format!("form-{number}")).await;
        let mut browsers = [shop.browser("buyer").await, shop.browser("buyer").await];
        let due = sqlx::query("UPDATE payments SET check_at = created_at");
        due.execute(shop.site.wallet().pool()).await.expect("due");
        let back = format!("/wallet/orders/{}/return", order.id);
        let [one, other] = &mut browsers;
        let told = async {
            for letter in &letters {
                assert_eq!(shop.deliver(letter).await, StatusCode::OK);
            }
            shop.process().await;
        };
        let (first, second, (), report) =
            tokio::join!(one.open(&back), other.open(&back), told, shop.site.wallet().payments().reconcile());
        report.expect("reconciled");
        assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
        assert_eq!(shop.settled().await, (150 + 100 * number).to_string(), "{by:?}");
    }
    shop.is_right().await;
}

/// What is refused leaves nothing behind.
async fn is_refused(shop: &Shop, status: StatusCode, expected: StatusCode, what: &str) {
    assert_eq!(status, expected, "{what}");
    assert_eq!(shop.stored("%").await, 0, "{what}: nothing is kept of it");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bad_event_is_refused_and_leaves_nothing(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let (order, letters) = shop.paid(By::Stripe, "form").await;
    let paid = of_payment(&letters);
    let body = std::str::from_utf8(&paid.body).expect("text");
    let bad = StatusCode::BAD_REQUEST;
    is_refused(&shop, shop.deliver_signed(body, "whsec_of_a_stranger", 0).await, bad, "another secret").await;
    is_refused(&shop, shop.deliver_signed(body, STRIPE_SECRET, 301).await, bad, "an old one, sent again").await;
    is_refused(&shop, shop.deliver_signed(body, STRIPE_SECRET, -301).await, bad, "of the future").await;
    let mut unsigned = paid.clone();
    unsigned.headers.remove("stripe-signature");
    is_refused(&shop, shop.deliver(&unsigned).await, bad, "no signature").await;
    let mut changed = paid.clone();
    changed.body = body.replace(&order.id.to_string(), "01900000-0000-7000-8000-000000000000").into();
    is_refused(&shop, shop.deliver(&changed).await, bad, "another body").await;
    let live = body.replace("\"livemode\": false", "\"livemode\": true");
    assert_ne!(live, body);
    is_refused(&shop, shop.deliver_as_stripe(&live).await, bad, "live events for a test key").await;
    let huge = format!("{{\"id\":\"evt_1\",\"padding\":\"{}\"}}", "x".repeat(2 << 20));
    let status = shop.deliver_as_stripe(&huge).await;
    is_refused(&shop, status, StatusCode::PAYLOAD_TOO_LARGE, "two megabytes").await;

    // The same for YooKassa, which signs nothing: another mode, and too much.
    let live =
        json!({ "type": "notification", "event": "payment.succeeded", "object": { "id": "2d-1", "test": false } });
    let letter = Letter { path: "/webhooks/yookassa".to_owned(), body: live.to_string().into(), ..paid.clone() };
    is_refused(&shop, shop.deliver(&letter).await, bad, "a live shop's").await;
    let letter = Letter { body: huge.into(), ..letter };
    is_refused(&shop, shop.deliver(&letter).await, StatusCode::PAYLOAD_TOO_LARGE, "two megabytes").await;

    assert_eq!(shop.settled().await, "50");
    // Replayed as it came: taken once.
    for _ in 0..3 {
        assert_eq!(shop.deliver(paid).await, StatusCode::OK);
        shop.process().await;
    }
    assert_eq!((shop.settled().await.as_str(), shop.stored("done").await), ("150", 1));
    shop.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_event_that_claims_a_payment_is_not_believed(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for (number, by) in By::BOTH.into_iter().enumerate() {
        let (other, letters) = shop.paid(by, &format!("paid-{number}")).await;
        let open = shop.order(by, &format!("open-{number}")).await;
        let mut lie = of_payment(&letters).clone();
        let reference = async |id: uuid::Uuid| {
            let reference = sqlx::query_scalar::<_, String>("SELECT provider_ref FROM payments WHERE id = $1").bind(id);
            reference.fetch_one(shop.site.wallet().pool()).await.expect("a reference")
        };
        let body = std::str::from_utf8(&lie.body).expect("text");
        let body = body.replace(&reference(other.id.uuid()).await, &reference(open.id.uuid()).await);
        // Signed by who knows the secret, about a payment that nobody made.
        lie.body = body.clone().into();
        let status = match by {
            By::Stripe => shop.deliver_as_stripe(&body).await,
            By::YooKassa => shop.deliver(&lie).await,
        };
        assert_eq!(status, StatusCode::OK, "{by:?}");
        shop.process().await;
        let seen = shop.site.wallet().payments().payment(&shop.viewer, open.id).await.expect("a payment");
        assert_eq!(seen.status, PaymentStatus::Pending, "{by:?}: the provider was asked");
    }
    assert_eq!(shop.settled().await, "50");
    shop.is_right().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_event_that_nobody_can_read_is_kept_and_read_by_a_later_version(pool: PgPool) {
    let shop = Shop::open(pool.clone()).await;
    let (_, letters) = shop.paid(By::Stripe, "form").await;
    let paid = std::str::from_utf8(&of_payment(&letters).body).expect("text").to_owned();
    let mut strange: Value = serde_json::from_str(&paid).expect("JSON");
    // A time that is no number: this version reads no such event.
    strange["created"] = json!("next year");
    let strange = strange.to_string();
    for _ in 0..2 {
        assert_eq!(
            shop.deliver_as_stripe(&strange).await,
            StatusCode::OK,
            "it is Stripe's, and sending again helps nobody"
        );
    }
    assert_eq!((shop.stored("unread").await, shop.stored("%").await), (1, 1));
    let kept: Vec<u8> = sqlx::query_scalar("SELECT body FROM provider_events").fetch_one(&pool).await.expect("a body");
    assert_eq!(kept, strange.as_bytes(), "byte by byte");
    let replayed = shop.site.wallet().payments().replay_unread_events().await.expect("replayed");
    assert_eq!((replayed.read, replayed.left.len()), (0, 1), "still unreadable, still there");

    // What a later version understands, as if it were this one.
    let update = sqlx::query("UPDATE provider_events SET body = $1").bind(paid.as_bytes());
    update.execute(&pool).await.expect("updated");
    let replayed = shop.site.wallet().payments().replay_unread_events().await.expect("replayed");
    assert_eq!((replayed.read, replayed.left.len()), (1, 0));
    shop.process().await;
    assert_eq!((shop.settled().await.as_str(), shop.stored("done").await), ("150", 1));

    // Kinds that nobody knows are kept and left alone.
    let unknown = json!({ "id": "evt_of_next_year", "object": "event", "type": "wallet.blinked", "created": 1, "livemode": false,
                          "data": { "object": { "id": "wl_1" } } });
    assert_eq!(shop.deliver_as_stripe(&unknown.to_string()).await, StatusCode::OK);
    shop.process().await;
    assert_eq!(shop.stored("ignored").await, 1);
    shop.is_right().await;
}
