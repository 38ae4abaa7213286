//! What may happen to a shop's payments, by the time of the clock.

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use super::amount::Amount;
use super::cards::Card;
use super::error::Result;
use super::page_steps::Step;
use super::payment::Time;
use super::refund::RefundStatus;
use super::request::{Capture, NewPayment, NewRefund};
use super::shop::Shop;

fn begun() -> Time {
    DateTime::from_timestamp(1_796_000_000, 0).unwrap()
}

fn after_minutes(minutes: i64) -> Time {
    begun() + TimeDelta::minutes(minutes)
}

fn shop() -> Shop {
    Shop::new("100500", "http://127.0.0.1/pages")
}

fn rub(value: &str) -> Value {
    json!({"value": value, "currency": "RUB"})
}

fn receipt(value: &str) -> Value {
    let item = json!({"description": "Credits", "quantity": "1.00", "amount": rub(value), "vat_code": 1});
    json!({"customer": {"email": "anna@example.com"}, "items": [item]})
}

/// A payment of 100 roubles by a page, with more fields.
fn asked(more: Value) -> NewPayment {
    let mut body = json!({
        "amount": rub("100.00"),
        "capture": true,
        "save_payment_method": true,
        "confirmation": {"type": "redirect", "return_url": "http://127.0.0.1:3000/"},
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    NewPayment::read(&body).unwrap()
}

fn charge(method: &str) -> NewPayment {
    let body = json!({"amount": rub("10.00"), "capture": true, "payment_method_id": method});
    NewPayment::read(&body).unwrap()
}

fn card(number: &str) -> Card {
    Card { number: number.into(), month: 12, year: 2030 }
}

/// A shop with one payment `p`, paid by that card.
fn paid(number: &str, more: Value) -> Shop {
    let mut shop = shop();
    shop.create_payment(asked(more), "p".into(), begun()).unwrap();
    assert_eq!(shop.give_card("p", card(number), begun()), Step::Done);
    shop
}

fn refund(shop: &mut Shop, id: &str, value: &str, now: Time) -> Result<Value> {
    let body = json!({"payment_id": "p", "amount": rub(value)});
    shop.create_refund(NewRefund::read(&body)?, id.into(), now)
}

fn events(shop: &mut Shop) -> Vec<&'static str> {
    shop.take_notifications().iter().map(|told| told.event).collect()
}

#[test]
fn a_payment_lapses_one_hour_after_it_was_made() {
    let mut shop = shop();
    shop.create_payment(asked(json!({})), "p".into(), begun()).unwrap();
    shop.advance(after_minutes(59));
    assert_eq!(shop.payment("p").unwrap().json("1")["status"], "pending");
    shop.advance(after_minutes(60));
    let payment = shop.payment("p").unwrap().json("1");
    assert_eq!(payment["cancellation_details"], json!({"party": "yoo_money", "reason": "expired_on_confirmation"}));
    assert!(payment.get("confirmation").is_none());
    assert_eq!(events(&mut shop), ["payment.canceled"], "told once");
    shop.advance(after_minutes(61));
    assert_eq!(events(&mut shop), [""; 0]);
    assert_eq!(shop.give_card("p", card("5555555555554444"), after_minutes(61)), Step::Over);
}

#[test]
fn money_that_is_not_captured_within_seven_days_goes_back() {
    let mut shop = paid("5555555555554444", json!({"capture": false}));
    let payment = shop.payment("p").unwrap().json("1");
    assert_eq!((&payment["status"], &payment["paid"]), (&json!("waiting_for_capture"), &json!(true)));
    shop.advance(after_minutes(7 * 24 * 60));
    assert_eq!(shop.payment("p").unwrap().json("1")["cancellation_details"]["reason"], "expired_on_capture");
    assert_eq!(events(&mut shop), ["payment.waiting_for_capture", "payment.canceled"]);
}

#[test]
fn a_capture_takes_all_or_a_part_once() {
    let mut shop = paid("5555555555554444", json!({"capture": false}));
    let part = Capture { amount: Some(Amount::of_kopecks(4_000)) };
    let more = Capture { amount: Some(Amount::of_kopecks(10_001)) };
    assert!(shop.capture("p", &more, begun()).is_err());
    let payment = shop.capture("p", &part, begun()).unwrap();
    assert_eq!((&payment["status"], &payment["amount"]), (&json!("succeeded"), &rub("40.00")));
    assert_eq!(payment["income_amount"], rub("38.60"));
    assert!(shop.capture("p", &part, begun()).is_err());
    assert!(shop.cancel("p").is_err());
    assert!(refund(&mut shop, "r", "40.01", begun()).is_err());
}

#[test]
fn refunds_never_sum_up_to_more_than_was_paid() {
    let mut shop = paid("5555555555554444", json!({}));
    assert!(refund(&mut shop, "r1", "100.01", begun()).is_err());
    refund(&mut shop, "r2", "60.00", begun()).unwrap();
    assert!(refund(&mut shop, "r3", "40.01", begun()).is_err());
    // One that is on its way counts, until it is canceled.
    shop.next_refunds = vec![RefundStatus::Pending];
    refund(&mut shop, "r4", "40.00", begun()).unwrap();
    assert!(refund(&mut shop, "r5", "0.01", begun()).is_err());
    shop.end_refund("r4", RefundStatus::Canceled).unwrap();
    refund(&mut shop, "r6", "40.00", begun()).unwrap();
    let payment = shop.payment("p").unwrap().json("1");
    assert_eq!((&payment["refunded_amount"], &payment["refundable"]), (&rub("100.00"), &json!(false)));
    assert_eq!(shop.taken(), Amount::ZERO);
    assert_eq!(events(&mut shop), ["payment.succeeded", "refund.succeeded", "refund.succeeded"]);
}

#[test]
fn a_refund_comes_within_three_years() {
    let mut shop = paid("5555555555554444", json!({}));
    let late = begun() + TimeDelta::days(3 * 365) + TimeDelta::minutes(1);
    assert!(refund(&mut shop, "r", "1.00", late).is_err());
}

#[test]
fn a_partial_refund_of_a_payment_with_receipt_needs_its_own() {
    let mut shop = paid("5555555555554444", json!({"receipt": receipt("100.00")}));
    assert_eq!(refund(&mut shop, "r1", "30.00", begun()).unwrap_err().parameter(), Some("receipt"));
    let body = json!({"payment_id": "p", "amount": rub("30.00"), "receipt": receipt("30.00")});
    shop.create_refund(NewRefund::read(&body).unwrap(), "r2".into(), begun()).unwrap();
    let mut whole = paid("5555555555554444", json!({"receipt": receipt("100.00")}));
    refund(&mut whole, "r", "100.00", begun()).unwrap();
}

#[test]
fn a_shop_with_receipts_takes_no_payment_without_one() {
    let mut shop = shop();
    shop.needs_receipts = true;
    let refused = shop.create_payment(asked(json!({})), "p".into(), begun()).unwrap_err();
    assert_eq!(refused.parameter(), Some("receipt"));
    shop.create_payment(asked(json!({"receipt": receipt("100.00")})), "p".into(), begun()).unwrap();
}

#[test]
fn three_d_secure_goes_both_ways() {
    for (number, agreed, status) in [
        ("5555555555554477", true, "succeeded"),
        ("5555555555554477", false, "canceled"),
        ("5555555555554592", true, "canceled"),
    ] {
        let mut shop = shop();
        shop.create_payment(asked(json!({})), "p".into(), begun()).unwrap();
        assert_eq!(shop.answer_challenge("p", true, begun()), Step::Over, "nobody has asked");
        assert_eq!(shop.give_card("p", card(number), begun()), Step::Challenge);
        shop.answer_challenge("p", agreed, begun());
        assert_eq!(shop.answer_challenge("p", true, begun()), Step::Over, "it was answered");
        let payment = shop.payment("p").unwrap().json("1");
        assert_eq!(payment["status"], status, "{number}");
        if status == "canceled" {
            let why = json!({"party": "payment_network", "reason": "3d_secure_failed"});
            assert_eq!(payment["cancellation_details"], why);
        }
    }
}

#[test]
fn a_method_is_saved_only_where_asked_and_paid() {
    let mut saved = paid("5555555555554444", json!({}));
    let charged = saved.create_payment(charge("p"), "q".into(), begun()).unwrap();
    assert_eq!((&charged["status"], &charged["payment_method"]["id"]), (&json!("succeeded"), &json!("p")));

    let mut unsaved = paid("5555555555554444", json!({"save_payment_method": false}));
    assert_eq!(unsaved.payment("p").unwrap().json("1")["payment_method"]["saved"], false);
    assert!(unsaved.create_payment(charge("p"), "q".into(), begun()).is_err());

    let mut declined = shop();
    declined.create_payment(asked(json!({})), "p".into(), begun()).unwrap();
    let step = declined.give_card("p", card("5555555555554600"), begun());
    assert!(matches!(step, Step::Refused(refusal) if refusal.reason == "insufficient_funds"));
    assert!(declined.create_payment(charge("p"), "q".into(), begun()).is_err());
}

#[test]
fn a_saved_card_may_be_refused_later_by_its_number() {
    for (number, party, reason) in [
        ("5555555555554659", "yoo_money", "permission_revoked"),
        ("5555555555554667", "payment_network", "insufficient_funds"),
        ("5555555555554675", "payment_network", "card_expired"),
    ] {
        let mut shop = paid(number, json!({}));
        let charged = shop.create_payment(charge("p"), "q".into(), begun()).unwrap();
        assert_eq!(charged["status"], "canceled");
        assert_eq!(charged["cancellation_details"], json!({"party": party, "reason": reason}));
        assert_eq!(events(&mut shop), ["payment.succeeded", "payment.canceled"]);
    }
}

#[test]
fn a_charge_that_is_not_decided_is_paid_after_ten_minutes() {
    let mut shop = paid("5555555555554691", json!({}));
    let charged = shop.create_payment(charge("p"), "q".into(), begun()).unwrap();
    assert_eq!(charged["status"], "pending");
    shop.advance(after_minutes(9));
    assert_eq!(shop.payment("q").unwrap().json("1")["status"], "pending");
    shop.advance(after_minutes(10));
    assert_eq!(shop.payment("q").unwrap().json("1")["status"], "succeeded");
    assert_eq!(events(&mut shop), ["payment.succeeded", "payment.succeeded"]);
}

#[test]
fn lists_go_from_new_to_old_by_cursor() {
    let mut shop = shop();
    for (minute, id) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let now = after_minutes(i64::try_from(minute).unwrap() / 2);
        shop.create_payment(asked(json!({})), id.into(), now).unwrap();
    }
    let pairs = |text: &[(&str, &str)]| -> Vec<(String, String)> {
        text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let ids = |list: &Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = shop.list_payments(&pairs(&[("limit", "2"), ("status", "pending")])).unwrap();
    assert_eq!((ids(&first), &first["next_cursor"]), (vec!["e".to_owned(), "d".to_owned()], &json!("d")));
    // What the cursor names no longer fits, and those made meanwhile do not come in between.
    shop.give_card("d", card("5555555555554444"), after_minutes(3));
    shop.create_payment(asked(json!({})), "f".into(), after_minutes(3)).unwrap();
    let next = shop.list_payments(&pairs(&[("limit", "5"), ("status", "pending"), ("cursor", "d")])).unwrap();
    assert_eq!((ids(&next), next.get("next_cursor")), (vec!["c".to_owned(), "b".to_owned(), "a".to_owned()], None));
    let from = super::payment::written(after_minutes(1));
    let to = super::payment::written(after_minutes(2));
    let some = shop.list_payments(&pairs(&[("created_at.gte", &from), ("created_at.lt", &to)])).unwrap();
    assert_eq!(ids(&some), ["d", "c"]);
    for wrong in [("limit", "101"), ("limit", "x"), ("cursor", "z"), ("created_at", "x"), ("payment_id", "a")] {
        assert!(shop.list_payments(&pairs(&[wrong])).is_err(), "{wrong:?}");
    }
}
