//! What `scrip doctor` says about YooKassa: key, mode, receipts, methods and clock, as `GET /me` tells them.

use chrono::{DateTime, TimeDelta, Utc};
use wallet::payment::Examined;

use super::api::Answer;
use super::wire::ShopObject;
use crate::config::yookassa::Mode;

/// How far the clocks may lie apart.
const SKEW_MAX: TimeDelta = TimeDelta::seconds(60);

/// What our settings say, to be compared with the shop's.
#[derive(Clone, Copy, Debug)]
pub struct Ours {
    /// By the key's first letters.
    pub mode: Mode,
    /// Whether receipts are sent.
    pub has_receipts: bool,
    /// Whether methods are saved.
    pub has_autopayments: bool,
}

/// Compares the shop with the settings.
#[must_use]
pub fn shop(shop: Answer<ShopObject>, date: Option<DateTime<Utc>>, now: DateTime<Utc>, ours: &Ours) -> Vec<Examined> {
    let mut found = match shop {
        Answer::Done(shop) => compared(&shop, ours),
        Answer::Missing => vec![problem("key", "YooKassa has no such call: its API has changed")],
        Answer::Refused(fault) => {
            vec![problem("key", &format!("YooKassa refuses the question: {}", fault.description))]
        }
        Answer::Unknown(detail) => vec![problem(
            "key",
            &format!(
                "no answer from YooKassa ({detail}): check YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY, and that this \
                 machine reaches api.yookassa.ru"
            ),
        )],
    };
    found.extend(date.map(|date| clock(date, now)));
    found
}

fn compared(shop: &ShopObject, ours: &Ours) -> Vec<Examined> {
    let kind = if shop.test { "test shop" } else { "shop" };
    let mut found = vec![fine("key", &format!("YooKassa's {kind} {}", shop.account_id))];
    if shop.test != (ours.mode == Mode::Test) {
        found.push(problem(
            "key",
            "the key's first letters (test_, live_) and the shop's kind differ: copy the key anew",
        ));
    }
    if shop.status != "enabled" {
        let text = format!("the shop is {}: it takes no payments until YooKassa has connected it", shop.status);
        found.push(problem("key", &text));
    }
    found.push(receipts(shop.fiscalization.as_ref().is_some_and(|till| till.enabled), ours.has_receipts));
    for (method, name) in [("bank_card", "bank cards"), ("yoo_money", "YooMoney wallets")] {
        if !shop.payment_methods.iter().any(|known| known == method) {
            let text = format!("the shop takes no {name}: buyers who choose them are refused; ask its manager");
            found.push(problem("methods", &text));
        }
    }
    found.push(match (ours.has_autopayments, ours.mode) {
        (true, Mode::Live) => fine("methods", "saved and charged for plans; its manager must have allowed it"),
        (true, Mode::Test) => fine("methods", "saved and charged for plans"),
        (false, _) => fine("methods", "not saved, so that no plan is sold here (YOOKASSA_AUTOPAYMENTS)"),
    });
    let events = "payment.succeeded, payment.canceled, refund.succeeded, payment_method.active";
    found.push(fine("webhook", &format!("can't be read: the shop's HTTP notifications must name {events}")));
    found
}

fn receipts(are_due: bool, are_sent: bool) -> Examined {
    match (are_due, are_sent) {
        (true, true) => fine("receipts", "sent with each payment"),
        (false, false) => fine("receipts", "none are sent"),
        (true, false) => problem(
            "receipts",
            "the shop sends receipts, and refuses payments without one: set YOOKASSA_RECEIPT and YOOKASSA_VAT_CODE",
        ),
        (false, true) => {
            fine("receipts", "sent with each payment; the shop's own setting is off, so that YooKassa ignores them")
        }
    }
}

fn clock(date: DateTime<Utc>, now: DateTime<Utc>) -> Examined {
    let skew = now.signed_duration_since(date);
    if skew.abs() <= SKEW_MAX {
        return fine("clock", "agrees with YooKassa's");
    }
    let seconds = skew.num_seconds();
    problem("clock", &format!("this machine's clock is {seconds} s ahead of YooKassa's: let NTP set it"))
}

fn fine(what: &str, text: &str) -> Examined {
    Examined { what: what.to_owned(), text: text.to_owned(), is_problem: false }
}

fn problem(what: &str, text: &str) -> Examined {
    Examined { what: what.to_owned(), text: text.to_owned(), is_problem: true }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OURS: Ours = Ours { mode: Mode::Test, has_receipts: false, has_autopayments: true };

    fn problems(body: serde_json::Value, ours: Ours) -> Vec<String> {
        let read = serde_json::from_value(body).expect("a shop");
        let found = shop(Answer::Done(read), None, Utc::now(), &ours);
        found.into_iter().filter(|found| found.is_problem).map(|found| found.text).collect()
    }

    #[test]
    fn a_shop_that_fits_has_no_problem_and_each_difference_is_one() {
        let good = json!({ "account_id": "1000500", "status": "enabled", "test": true,
                           "fiscalization": { "enabled": false }, "payment_methods": ["bank_card", "yoo_money"] });
        assert_eq!(problems(good.clone(), OURS), Vec::<String>::new());
        assert_eq!(problems(good.clone(), Ours { mode: Mode::Live, ..OURS }).len(), 1);
        for (field, value, word) in [
            ("status", json!("disabled"), "disabled"),
            ("fiscalization", json!({ "enabled": true }), "YOOKASSA_RECEIPT"),
            ("payment_methods", json!(["bank_card"]), "YooMoney"),
        ] {
            let mut other = good.clone();
            other[field] = value;
            let told = problems(other, OURS);
            assert!(told.len() == 1 && told[0].contains(word), "{told:?}");
        }
    }

    #[test]
    fn a_wrong_key_and_a_wrong_clock_are_told() {
        let now = Utc::now();
        let silent = Answer::Unknown("401: invalid_credentials".to_owned());
        let found = shop(silent, Some(now - TimeDelta::minutes(5)), now, &OURS);
        let told: Vec<_> = found.iter().map(|found| (found.what.as_str(), found.is_problem)).collect();
        assert_eq!(told, [("key", true), ("clock", true)]);
        assert!(found[1].text.contains("300 s ahead"), "{}", found[1].text);
        assert!(!clock(now, now).is_problem);
    }
}
