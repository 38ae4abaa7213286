//! YooKassa's calls against the stand-in: one payment whatever happens to the answers.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::{NoContext, Timestamp, Uuid};
use wallet::id::{AccountId, PaymentId, PaymentMethodId, RefundId};
use wallet::money::{Currency, Money};
use wallet::payment::{
    BookPeriod, BooksAnswer, ChargeAnswer, CheckoutAnswer, CheckoutOrder, FetchAnswer, MethodAnswer, MethodKind,
    Provider, ProviderMethod, ProviderPayment, ProviderRefund, ProviderStatus, RefundAnswer, RefundOrder, RefundStatus,
    SavedCharge, SetupAnswer, SetupOrder, decline,
};

use crate::yookassa_shop::{MIR, Shop, WALLET};

fn roubles(kopecks: i64) -> Money {
    Money::from_minor(kopecks, Currency::RUB)
}

fn order(money: Money) -> CheckoutOrder {
    let payment = PaymentId::new();
    CheckoutOrder {
        payment,
        account: AccountId::new(),
        customer: None,
        kind: None,
        email: "buyer@example.com".to_owned(),
        locale: "ru".to_owned(),
        title: "Light".to_owned(),
        money,
        return_url: "http://127.0.0.1:3000/back".to_owned(),
        cancel_url: "http://127.0.0.1:3000/back".to_owned(),
        expires_at: Utc::now() + TimeDelta::hours(1),
        save_method: false,
        idempotency_key: payment.to_string(),
    }
}

fn charge(method: &str, kopecks: i64) -> SavedCharge {
    let payment = PaymentId::new();
    SavedCharge {
        payment,
        account: AccountId::new(),
        customer: None,
        method: method.to_owned(),
        email: "buyer@example.com".to_owned(),
        locale: "ru".to_owned(),
        title: "Basic".to_owned(),
        money: roubles(kopecks),
        idempotency_key: payment.to_string(),
    }
}

fn page(answer: CheckoutAnswer) -> (String, String) {
    match answer {
        CheckoutAnswer::Created { reference, redirect_url, .. } => (reference, redirect_url),
        other => panic!("no page: {other:?}"),
    }
}

fn found(answer: FetchAnswer) -> ProviderPayment {
    match answer {
        FetchAnswer::Found(payment) => payment,
        other => panic!("not found: {other:?}"),
    }
}

fn made(answer: ChargeAnswer) -> String {
    match answer {
        ChargeAnswer::Made { reference } => reference,
        other => panic!("not made: {other:?}"),
    }
}

/// Buys something once, so that the card is kept.
async fn saved(shop: &Shop, yookassa: &dyn Provider, number: &str) -> ProviderMethod {
    let order = CheckoutOrder { save_method: true, ..order(roubles(100)) };
    let (reference, page) = page(yookassa.create_checkout(&order).await);
    shop.pay_by_card(&page, number).await.expect("paid");
    found(yookassa.fetch_payment(&reference).await).saved_method.expect("saved")
}

#[tokio::test]
async fn a_page_is_paid_by_card_or_by_wallet() {
    let (shop, yookassa) = Shop::alone().await;
    let order = order(roubles(44_900));
    let (reference, link) = page(yookassa.create_checkout(&order).await);
    assert!(yookassa.page_origins().iter().any(|origin| link.starts_with(origin)), "{link}");
    let open = found(yookassa.fetch_payment(&reference).await);
    assert_eq!((open.status, open.order), (ProviderStatus::Open, Some(order.payment)));
    assert_eq!(shop.pay_by_card(&link, MIR).await.as_deref(), Some("http://127.0.0.1:3000/back"));
    let paid = found(yookassa.fetch_payment(&reference).await);
    assert_eq!((paid.status, paid.money, paid.refunded_minor), (ProviderStatus::Paid, roubles(44_900), 0));
    assert_eq!((paid.method.as_deref(), paid.saved_method), (Some("Мир •• 2987"), None));

    let order = CheckoutOrder { kind: Some(MethodKind::YooMoney), save_method: true, ..self::order(roubles(100)) };
    let (reference, link) = page(yookassa.create_checkout(&order).await);
    assert_eq!(shop.pay_by_card(&link, MIR).await, None, "the page offers the wallet alone");
    shop.pay_by_wallet(&link, WALLET).await.expect("paid");
    let paid = found(yookassa.fetch_payment(&reference).await);
    let method = paid.saved_method.expect("saved");
    assert_eq!((method.kind, method.label.as_str()), (MethodKind::YooMoney, "YooMoney •• 1136"));
    assert_eq!(yookassa.fetch_payment("2d-none").await, FetchAnswer::Missing);
    assert_eq!(yookassa.fetch_payment("../me").await, FetchAnswer::Missing);
}

#[tokio::test]
async fn a_declined_card_says_why_and_a_page_that_nobody_paid_expires_by_itself() {
    let (shop, yookassa) = Shop::alone().await;
    let (reference, link) = page(yookassa.create_checkout(&order(roubles(100))).await);
    assert_eq!(shop.pay_by_card(&link, "5555555555554600").await, None);
    let declined = found(yookassa.fetch_payment(&reference).await).status;
    assert_eq!(declined, ProviderStatus::Declined { code: decline::INSUFFICIENT_FUNDS.to_owned() });

    let (reference, _) = page(yookassa.create_checkout(&order(roubles(100))).await);
    let open = found(yookassa.expire_checkout(&reference).await).status;
    assert_eq!(open, ProviderStatus::Open, "it can still be paid, so it is not over");
    shop.control("clock", &json!({ "advance": 3_601 })).await;
    assert_eq!(found(yookassa.expire_checkout(&reference).await).status, ProviderStatus::Expired);
    assert_eq!(yookassa.expire_checkout("2d-none").await, FetchAnswer::Missing);
}

#[tokio::test]
async fn a_saved_method_is_charged_once_however_often_it_is_asked() {
    let (shop, yookassa) = Shop::alone().await;
    let method = saved(&shop, &yookassa, MIR).await;
    assert_eq!((method.brand.as_deref(), method.expires), (Some("mir"), Some((2030, 12))));
    assert_eq!(yookassa.fetch_method(&method.reference).await, MethodAnswer::Found(method.clone()));
    assert_eq!(yookassa.fetch_method("2d-none").await, MethodAnswer::Missing);
    for (number, fault) in ["lost_answer", "saved_500", "unreadable", "429", "down"].into_iter().enumerate() {
        let charge = charge(&method.reference, 49_900);
        let body = json!({ "kind": fault, "method": "POST", "path": "/yookassa/v3/payments", "done": true });
        shop.control("faults", &body).await;
        let first = yookassa.charge_saved(&charge).await;
        assert!(matches!(first, ChargeAnswer::Unknown { .. }), "{fault}: {first:?}");
        let reference = made(yookassa.charge_saved(&charge).await);
        assert_eq!(made(yookassa.charge_saved(&charge).await), reference, "{fault}");
        assert_eq!(shop.all("payments").await.len(), number + 2, "{fault}: one charge more");
        let paid = found(yookassa.find_by_order(charge.payment).await);
        assert_eq!((paid.status, paid.reference), (ProviderStatus::Paid, reference));
    }
    assert_eq!(yookassa.find_by_order(PaymentId::new()).await, FetchAnswer::Missing);
}

#[tokio::test]
async fn two_calls_with_one_key_at_once_are_one_charge() {
    let (shop, yookassa) = Shop::alone().await;
    let charge = charge(&saved(&shop, &yookassa, MIR).await.reference, 49_900);
    let slow = json!({ "kind": "slow", "method": "POST", "path": "/yookassa/v3/payments", "ms": 400 });
    shop.control("faults", &slow).await;
    let (first, second) = tokio::join!(yookassa.charge_saved(&charge), yookassa.charge_saved(&charge));
    let unknown = |answer: &ChargeAnswer| matches!(answer, ChargeAnswer::Unknown { .. });
    assert!(unknown(&first) != unknown(&second), "one is made, the other is told to wait: {first:?} {second:?}");
    made(yookassa.charge_saved(&charge).await);
    assert_eq!(shop.all("payments").await.len(), 2);
}

#[tokio::test]
async fn a_declined_charge_says_what_to_do_with_the_method() {
    let (shop, yookassa) = Shop::alone().await;
    for (number, code, after) in [
        ("5555555555554659", decline::PERMISSION_REVOKED, decline::AfterDecline::DropMethod),
        ("5555555555554667", decline::INSUFFICIENT_FUNDS, decline::AfterDecline::Retry),
        ("5555555555554675", decline::CARD_EXPIRED, decline::AfterDecline::DropMethod),
    ] {
        let method = saved(&shop, &yookassa, number).await;
        let reference = made(yookassa.charge_saved(&charge(&method.reference, 49_900)).await);
        let status = found(yookassa.fetch_payment(&reference).await).status;
        assert_eq!(status, ProviderStatus::Declined { code: code.to_owned() }, "{number}");
        assert_eq!(decline::after(code), after);
    }
    let gone = yookassa.charge_saved(&charge("2d-none", 49_900)).await;
    assert_eq!(gone, ChargeAnswer::Refused { code: decline::METHOD_GONE.to_owned() });
    let pending = saved(&shop, &yookassa, "5555555555554691").await;
    let reference = made(yookassa.charge_saved(&charge(&pending.reference, 49_900)).await);
    assert_eq!(found(yookassa.fetch_payment(&reference).await).status, ProviderStatus::Processing);
    shop.control(&format!("yookassa/payments/{reference}"), &json!({ "outcome": "succeeded" })).await;
    assert_eq!(found(yookassa.fetch_payment(&reference).await).status, ProviderStatus::Paid);
}

/// An id as it was made so many hours ago.
fn aged(hours: i64) -> PaymentId {
    let made: DateTime<Utc> = Utc::now() - TimeDelta::hours(hours);
    let seconds = u64::try_from(made.timestamp()).expect("after 1970");
    PaymentId::from_uuid(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)))
}

#[tokio::test]
async fn what_is_too_old_is_looked_for_and_never_sent_again() {
    let (shop, yookassa) = Shop::alone().await;
    let method = saved(&shop, &yookassa, MIR).await;
    let calls = shop.calls("POST", "payments").await;
    let old = CheckoutOrder { payment: aged(23), ..order(roubles(100)) };
    let answer = yookassa.create_checkout(&old).await;
    assert!(matches!(answer, CheckoutAnswer::Unknown { .. }), "{answer:?}");
    let old = SavedCharge { payment: aged(24), ..charge(&method.reference, 100) };
    let answer = yookassa.charge_saved(&old).await;
    assert!(matches!(answer, ChargeAnswer::Unknown { .. }), "{answer:?}");
    assert_eq!(shop.calls("POST", "payments").await, calls, "nothing was sent");

    // It was made in its time, and its answer was lost: it is found now.
    let seconds = -24 * 3_600 + 60;
    shop.control("clock", &json!({ "advance": seconds })).await;
    let lost = json!({ "amount": { "value": "1.00", "currency": "RUB" }, "capture": true,
                       "payment_method_id": method.reference, "metadata": { "order": old.payment } });
    let made_then = shop.create(&lost).await;
    shop.control("clock", &json!({ "advance": -seconds })).await;
    assert_eq!(made(yookassa.charge_saved(&old).await), made_then);
}

#[tokio::test]
async fn an_order_whose_words_changed_keeps_its_first_page() {
    let (shop, yookassa) = Shop::alone().await;
    let order = order(roubles(100));
    let (reference, link) = page(yookassa.create_checkout(&order).await);
    let other = shop.provider(&["--yookassa-receipt", "--yookassa-vat-code", "1"]);
    assert_eq!(page(other.create_checkout(&order).await), (reference, link));
    assert_eq!(shop.all("payments").await.len(), 1);
}

#[tokio::test]
async fn a_card_is_saved_without_a_payment() {
    let (shop, yookassa) = Shop::alone().await;
    let order = SetupOrder {
        method: PaymentMethodId::new(),
        account: AccountId::new(),
        customer: None,
        email: "buyer@example.com".to_owned(),
        locale: "en".to_owned(),
        return_url: "http://127.0.0.1:3000/methods".to_owned(),
        cancel_url: "http://127.0.0.1:3000/methods".to_owned(),
        idempotency_key: "setup-1".to_owned(),
    };
    let (reference, link) = page(yookassa.create_setup(&order).await);
    assert_eq!(page(yookassa.create_setup(&order).await).0, reference, "a repeat is the same page");
    assert_eq!(yookassa.fetch_setup(&reference).await, SetupAnswer::Open);
    assert_eq!(yookassa.fetch_method(&reference).await, MethodAnswer::Missing, "not yet");
    shop.pay_by_card(&link, MIR).await.expect("saved");
    let SetupAnswer::Saved(method) = yookassa.fetch_setup(&reference).await else { panic!("not saved") };
    assert_eq!(method.label, "Мир •• 2987");
    made(yookassa.charge_saved(&charge(&method.reference, 100)).await);

    let (reference, link) = page(yookassa.create_setup(&SetupOrder { idempotency_key: "2".to_owned(), ..order }).await);
    assert_eq!(shop.pay_by_card(&link, "5555555555554600").await, None);
    assert!(matches!(yookassa.fetch_setup(&reference).await, SetupAnswer::Failed { .. }));
    assert_eq!(yookassa.fetch_setup("2d-none").await, SetupAnswer::Missing);
    assert_eq!(yookassa.detach_method(&method.reference).await, MethodAnswer::Missing);
}

fn refund(paid: &ProviderPayment, kopecks: i64) -> RefundOrder {
    let refund = RefundId::new();
    RefundOrder {
        refund,
        payment: paid.order.expect("an order"),
        reference: paid.reference.clone(),
        money: roubles(kopecks),
        title: "Light".to_owned(),
        email: "buyer@example.com".to_owned(),
        idempotency_key: refund.to_string(),
    }
}

fn given(answer: RefundAnswer) -> ProviderRefund {
    match answer {
        RefundAnswer::Found(refund) => refund,
        other => panic!("no refund: {other:?}"),
    }
}

#[tokio::test]
async fn money_is_given_back_in_parts_and_never_twice() {
    let (shop, yookassa) = Shop::alone().await;
    let (reference, link) = page(yookassa.create_checkout(&order(roubles(1_000))).await);
    shop.pay_by_card(&link, MIR).await.expect("paid");
    let paid = found(yookassa.fetch_payment(&reference).await);

    let part = refund(&paid, 400);
    shop.fault("lost_answer", "POST", "refunds").await;
    assert!(matches!(yookassa.refund(&part).await, RefundAnswer::Unknown { .. }));
    let first = given(yookassa.refund(&part).await);
    assert_eq!((first.refund, first.money), (Some(part.refund), roubles(400)));
    assert_eq!((&first.status, &first.payment_reference), (&RefundStatus::Succeeded, &reference));
    assert_eq!(found(yookassa.fetch_payment(&reference).await).refunded_minor, 400);
    assert_eq!(given(yookassa.fetch_refund(&first.reference).await), first);

    let too_much = yookassa.refund(&refund(&paid, 601)).await;
    assert_eq!(too_much, RefundAnswer::Refused { code: decline::AMOUNT_NOT_TAKEN.to_owned() });
    shop.control("yookassa/shops/100500", &json!({ "next_refunds": ["pending", "canceled"] })).await;
    let rest = given(yookassa.refund(&refund(&paid, 600)).await);
    assert_eq!(rest.status, RefundStatus::Pending);
    shop.control(&format!("yookassa/refunds/{}", rest.reference), &json!({ "outcome": "canceled" })).await;
    let failed = given(yookassa.fetch_refund(&rest.reference).await).status;
    assert_eq!(failed, RefundStatus::Failed { code: "rejected_by_payee".to_owned() });
    let again = given(yookassa.refund(&refund(&paid, 600)).await).status;
    assert!(matches!(again, RefundStatus::Failed { .. }));
    assert_eq!(given(yookassa.refund(&refund(&paid, 600)).await).status, RefundStatus::Succeeded);
    assert_eq!(found(yookassa.fetch_payment(&reference).await).refunded_minor, 1_000);
    assert_eq!(yookassa.fetch_refund("r-none").await, RefundAnswer::Missing);

    // A refund that is too old to be sent again is looked for.
    let old = RefundOrder { refund: RefundId::from_uuid(aged(30).uuid()), ..refund(&paid, 1) };
    let calls = shop.calls("POST", "refunds").await;
    assert_eq!(yookassa.refund(&old).await, RefundAnswer::Missing);
    assert_eq!(shop.calls("POST", "refunds").await, calls);
}

#[tokio::test]
async fn the_books_are_read_page_by_page() {
    let (shop, yookassa) = Shop::alone().await;
    let from = Utc::now() - TimeDelta::minutes(1);
    let method = saved(&shop, &yookassa, MIR).await;
    let mut orders = Vec::new();
    for _ in 0..101 {
        let charge = charge(&method.reference, 100);
        made(yookassa.charge_saved(&charge).await);
        orders.push(charge.payment);
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let period = BookPeriod { from, to: Utc::now() + TimeDelta::minutes(1), cursor };
        let Some(BooksAnswer::Page { payments, next }) = yookassa.list_payments(&period).await else { panic!("books") };
        seen.extend(payments);
        pages += 1;
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (2, 102));
    assert!(seen.iter().all(|booked| booked.is_paid && booked.total == roubles(100)));
    assert!(orders.iter().all(|order| seen.iter().any(|booked| booked.order == Some(*order))));
    // The oldest is on the second page of the search by order, too.
    assert!(matches!(yookassa.find_by_order(orders[0]).await, FetchAnswer::Found(_)));
    let none = BookPeriod { from: from - TimeDelta::days(1), to: from, cursor: None };
    let empty = BooksAnswer::Page { payments: Vec::new(), next: None };
    assert_eq!(yookassa.list_payments(&none).await, Some(empty));
    shop.fault("down", "GET", "payments").await;
    assert!(matches!(yookassa.list_payments(&none).await, Some(BooksAnswer::Unknown { .. })));
}

#[tokio::test]
async fn a_shop_that_sends_receipts_gets_them_with_payments_and_refunds() {
    let (shop, plain) = Shop::alone().await;
    shop.control("yookassa/shops/100500", &json!({ "receipts": true })).await;
    let refused = plain.create_checkout(&order(roubles(100))).await;
    assert_eq!(refused, CheckoutAnswer::Refused { code: "provider_refused".to_owned() });
    assert!(plain.examine().await.iter().any(|found| found.is_problem && found.text.contains("YOOKASSA_RECEIPT")));

    let yookassa = shop.provider(&["--yookassa-receipt", "--yookassa-vat-code", "12"]);
    let order = CheckoutOrder { save_method: true, ..order(roubles(44_901)) };
    let (reference, link) = page(yookassa.create_checkout(&order).await);
    shop.pay_by_card(&link, MIR).await.expect("paid");
    let paid = found(yookassa.fetch_payment(&reference).await);
    assert_eq!(given(yookassa.refund(&refund(&paid, 33)).await).status, RefundStatus::Succeeded);
    let method = paid.saved_method.expect("saved").reference;
    made(yookassa.charge_saved(&charge(&method, 49_900)).await);
    assert!(yookassa.examine().await.iter().all(|found| !found.is_problem));
}

#[tokio::test]
async fn a_wrong_key_is_neither_yes_nor_no_and_an_amount_too_small_is_refused() {
    let (shop, yookassa) = Shop::alone().await;
    let (reference, _) = page(yookassa.create_checkout(&order(roubles(100))).await);
    let small = yookassa.create_checkout(&order(roubles(99))).await;
    assert_eq!(small, CheckoutAnswer::Refused { code: decline::AMOUNT_NOT_TAKEN.to_owned() });
    assert_eq!(yookassa.limits(Currency::RUB).min, Some(100));
    let wrong = shop.provider(&["--yookassa-secret-key", "test_another"]);
    assert!(matches!(wrong.fetch_payment(&reference).await, FetchAnswer::Unknown { .. }));
    assert!(matches!(wrong.create_checkout(&order(roubles(100))).await, CheckoutAnswer::Unknown { .. }));
    assert!(wrong.examine().await.iter().any(|found| found.is_problem && found.text.contains("YOOKASSA_SECRET_KEY")));
    let off = shop.provider(&["--yookassa-autopayments", "false"]);
    assert!(!off.capabilities().saved_methods && !off.capabilities().setup);
    assert!(yookassa.capabilities().test_only && !yookassa.capabilities().signed_webhooks);
}
