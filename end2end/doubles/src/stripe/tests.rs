//! What a buyer, a renewal and the clock do to an account.

use serde_json::Value;

use super::checkout::{self, Means, Next};
use super::model::Buyer;
use super::params::{Params, Read};
use super::shop::Shop;
use super::{intents, routes, sessions};

const LINE: &str = "line_items[0][quantity]=1&line_items[0][price_data][currency]=usd\
                    &line_items[0][price_data][unit_amount]=500\
                    &line_items[0][price_data][product_data][name]=Credits";

fn shop() -> Shop {
    let mut shop = Shop::new("http://127.0.0.1:1");
    shop.now = 1_800_000_000;
    shop
}

fn post(shop: &mut Shop, path: &str, form: &str) -> Read<Value> {
    routes::call(shop, "POST", path, Params::of(form))
}

fn id(json: &Value) -> String {
    json["id"].as_str().unwrap().to_owned()
}

fn session(shop: &mut Shop, more: &str) -> String {
    let form = format!("mode=payment&success_url=http://127.0.0.1:9/{{CHECKOUT_SESSION_ID}}&{LINE}{more}");
    id(&post(shop, "checkout/sessions", &form).unwrap())
}

fn pay(shop: &mut Shop, session: &str, number: &str) -> Next {
    let means = Means::NewCard { number: number.to_owned(), expiry: "12/60".to_owned() };
    checkout::submit(shop, session, means, Buyer::default()).unwrap()
}

fn kinds(shop: &Shop) -> Vec<&str> {
    let mut kinds: Vec<&str> = shop.events.newest().map(|event| event.kind.as_str()).collect();
    kinds.reverse();
    kinds
}

#[test]
fn a_session_is_paid_once() {
    let mut shop = shop();
    let session = session(&mut shop, "");
    assert!(matches!(pay(&mut shop, &session, "4000000000009995"), Next::Again(_)));
    assert_eq!(pay(&mut shop, &session, "4242424242424242"), Next::Done);
    let means = Means::NewCard { number: "4242424242424242".into(), expiry: "12/60".into() };
    assert!(checkout::submit(&mut shop, &session, means, Buyer::default()).is_err());
    let expected = [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ];
    assert_eq!(kinds(&shop), expected);
    assert_eq!(shop.intents.newest().count(), 1);
}

#[test]
fn nobody_pays_what_has_expired() {
    let mut shop = shop();
    let session = session(&mut shop, "");
    assert_eq!(pay(&mut shop, &session, "4000002500003155"), Next::Authenticate);
    shop.now += 24 * 60 * 60;
    sessions::expire_due(&mut shop);
    assert!(checkout::authenticated(&mut shop, &session, true).is_err());
    assert_eq!(shop.sessions.get(&session).unwrap().status, "expired");
    assert_eq!(shop.intents.newest().next().unwrap().status, "canceled");
    assert_eq!(shop.charges.newest().count(), 0);
}

#[test]
fn a_card_that_is_kept_pays_until_its_month_is_over() {
    let mut shop = shop();
    let customer = id(&post(&mut shop, "customers", "email=a@example.com").unwrap());
    let more = format!("&customer={customer}&payment_intent_data[setup_future_usage]=off_session");
    let session = session(&mut shop, &more);
    pay(&mut shop, &session, "4242424242424242");
    let card = shop.methods.newest().next().unwrap().id.clone();
    let form =
        format!("amount=500&currency=usd&customer={customer}&payment_method={card}&off_session=true&confirm=true");
    assert_eq!(post(&mut shop, "payment_intents", &form).unwrap()["status"], "succeeded");
    // The first of January 2061.
    shop.now = 2_871_763_200;
    let error = post(&mut shop, "payment_intents", &form).unwrap_err();
    assert_eq!((error.status, error.code.as_deref()), (402, Some("expired_card")));
    assert_eq!(error.more["payment_intent"]["status"], "requires_payment_method");
    assert!(error.kept);
}

#[test]
fn a_card_that_is_not_kept_pays_once() {
    let mut shop = shop();
    let session = session(&mut shop, "");
    pay(&mut shop, &session, "4242424242424242");
    let card = shop.methods.newest().next().unwrap().id.clone();
    let form = format!("amount=500&currency=usd&payment_method={card}&off_session=true&confirm=true");
    let error = intents::create(&mut shop, Params::of(&form)).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("payment_method"));
}

#[test]
fn tax_is_rounded_half_up() {
    let tax = |amount, tax_inclusive| sessions::tax(sessions::Subtotal { amount, tax_inclusive });
    assert_eq!([500, 999, 1002, 1003, 2].map(|amount| tax(amount, false)), [100, 200, 200, 201, 0]);
    assert_eq!([600, 999, 1200, 3].map(|amount| tax(amount, true)), [100, 167, 200, 1]);
}
