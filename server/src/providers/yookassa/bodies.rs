//! What YooKassa is sent. A repeat writes the same bytes: all of it comes from the order and the settings.

use std::collections::BTreeMap;

use serde::Serialize;
use wallet::money::Money;
use wallet::payment::{CheckoutOrder, MethodKind, RefundOrder, SavedCharge, SetupOrder};

use super::amount::Amount;
use super::wire::{METHOD, ORDER, REFUND};
use crate::config::yookassa::{PaymentMode, ReceiptRules};

/// The longest description of a payment and of a line on a receipt, in letters.
const WORDS_MAX: usize = 128;

/// How the owner confirms: on a page of YooKassa, from which the browser comes back.
#[derive(Debug, Serialize)]
struct Redirect {
    #[serde(rename = "type")]
    kind: &'static str,
    return_url: String,
    locale: &'static str,
}

impl Redirect {
    fn to(return_url: &str, locale: &str) -> Self {
        let locale = if locale.starts_with("ru") { "ru_RU" } else { "en_US" };
        Self { kind: "redirect", return_url: return_url.to_owned(), locale }
    }
}

/// The only method that the page offers.
#[derive(Debug, Serialize)]
struct Offered {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The body of `POST /payments`.
#[derive(Debug, Serialize)]
pub struct NewPayment {
    amount: Amount,
    capture: bool,
    description: String,
    metadata: BTreeMap<&'static str, String>,
    merchant_customer_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<Redirect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method_data: Option<Offered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    save_payment_method: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

impl NewPayment {
    /// Writes an order that is paid on YooKassa's page; `None` for an amount that YooKassa can't be told.
    #[must_use]
    pub fn on_page(order: &CheckoutOrder, saves: bool, rules: Option<ReceiptRules>) -> Option<Self> {
        Some(Self {
            amount: Amount::write(order.money)?,
            capture: true,
            description: words(&order.title),
            metadata: BTreeMap::from([(ORDER, order.payment.to_string())]),
            merchant_customer_id: order.account.to_string(),
            confirmation: Some(Redirect::to(&order.return_url, &order.locale)),
            payment_method_data: order.kind.map(|kind| Offered { kind: type_of(kind) }),
            payment_method_id: None,
            save_payment_method: saves.then_some(true),
            receipt: receipt(rules, &order.email, &order.title, order.money)?,
        })
    }

    /// Writes a charge of a saved method; `None` for an amount that YooKassa can't be told.
    #[must_use]
    pub fn by_method(charge: &SavedCharge, rules: Option<ReceiptRules>) -> Option<Self> {
        Some(Self {
            amount: Amount::write(charge.money)?,
            capture: true,
            description: words(&charge.title),
            metadata: BTreeMap::from([(ORDER, charge.payment.to_string())]),
            merchant_customer_id: charge.account.to_string(),
            confirmation: None,
            payment_method_data: None,
            payment_method_id: Some(charge.method.clone()),
            save_payment_method: None,
            receipt: receipt(rules, &charge.email, &charge.title, charge.money)?,
        })
    }
}

/// The body of `POST /payment_methods`: a card is saved without a payment.
#[derive(Debug, Serialize)]
pub struct NewMethod {
    #[serde(rename = "type")]
    kind: &'static str,
    confirmation: Redirect,
    metadata: BTreeMap<&'static str, String>,
}

impl NewMethod {
    /// Writes it.
    #[must_use]
    pub fn new(order: &SetupOrder) -> Self {
        Self {
            kind: type_of(MethodKind::Card),
            confirmation: Redirect::to(&order.return_url, &order.locale),
            metadata: BTreeMap::from([(METHOD, order.method.to_string())]),
        }
    }
}

/// The body of `POST /refunds`.
#[derive(Debug, Serialize)]
pub struct NewRefund {
    payment_id: String,
    amount: Amount,
    description: String,
    metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

impl NewRefund {
    /// Writes it; `None` for an amount that YooKassa can't be told.
    #[must_use]
    pub fn new(order: &RefundOrder, rules: Option<ReceiptRules>) -> Option<Self> {
        Some(Self {
            payment_id: order.reference.clone(),
            amount: Amount::write(order.money)?,
            description: words(&order.title),
            metadata: BTreeMap::from([(REFUND, order.refund.to_string()), (ORDER, order.payment.to_string())]),
            receipt: receipt(rules, &order.email, &order.title, order.money)?,
        })
    }
}

/// A body without anything in it.
#[derive(Debug, Serialize)]
pub struct Nothing {}

/// The data of a receipt after 54-FZ.
#[derive(Debug, Serialize)]
struct Receipt {
    customer: Customer,
    items: [Item; 1],
}

#[derive(Debug, Serialize)]
struct Customer {
    email: String,
}

#[derive(Debug, Serialize)]
struct Item {
    description: String,
    quantity: &'static str,
    amount: Amount,
    vat_code: u8,
    measure: &'static str,
    payment_subject: &'static str,
    payment_mode: PaymentMode,
}

/// Writes a receipt of one line that is worth all of the money, so that the sums agree to the kopeck; inner `None`
/// where no receipts are sent.
fn receipt(rules: Option<ReceiptRules>, email: &str, title: &str, money: Money) -> Option<Option<Receipt>> {
    let Some(rules) = rules else { return Some(None) };
    let item = Item {
        description: words(title),
        quantity: "1.00",
        amount: Amount::write(money)?,
        vat_code: rules.vat_code,
        measure: "piece",
        payment_subject: "service",
        payment_mode: rules.payment_mode,
    };
    Some(Some(Receipt { customer: Customer { email: email.to_owned() }, items: [item] }))
}

const fn type_of(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Card => "bank_card",
        MethodKind::YooMoney => "yoo_money",
    }
}

/// Cuts a title to what YooKassa takes.
fn words(title: &str) -> String {
    let words: String = title.trim().chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect();
    if words.is_empty() { "—".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use serde_json::json;
    use wallet::id::{AccountId, PaymentId, RefundId};
    use wallet::money::Currency;

    use super::*;

    const RULES: ReceiptRules = ReceiptRules { vat_code: 4, payment_mode: PaymentMode::FullPrepayment };

    fn order(title: &str, money: Money) -> CheckoutOrder {
        CheckoutOrder {
            payment: PaymentId::new(),
            account: AccountId::new(),
            customer: None,
            kind: Some(MethodKind::YooMoney),
            email: "buyer@example.com".to_owned(),
            locale: "ru".to_owned(),
            title: title.to_owned(),
            money,
            return_url: "https://wallet.example.com/back".to_owned(),
            cancel_url: "https://wallet.example.com/back".to_owned(),
            expires_at: Utc::now(),
            save_method: false,
            idempotency_key: "order-1".to_owned(),
        }
    }

    const fn roubles(minor: i64) -> Money {
        Money::from_minor(minor, Currency::RUB)
    }

    #[test]
    fn a_payment_says_what_is_bought_by_whom_and_how() {
        let order = order("Light", roubles(44_900));
        let body = serde_json::to_value(NewPayment::on_page(&order, true, None)).expect("a body");
        let expected = json!({
            "amount": { "value": "449.00", "currency": "RUB" },
            "capture": true,
            "description": "Light",
            "metadata": { "order": order.payment },
            "merchant_customer_id": order.account,
            "confirmation": {
                "type": "redirect", "return_url": "https://wallet.example.com/back", "locale": "ru_RU"
            },
            "payment_method_data": { "type": "yoo_money" },
            "save_payment_method": true,
        });
        assert_eq!(body, expected);
        let other = CheckoutOrder { kind: None, locale: "en".to_owned(), ..order };
        let body = serde_json::to_value(NewPayment::on_page(&other, false, None)).expect("a body");
        assert_eq!(body["confirmation"]["locale"], "en_US");
        assert!(body.get("payment_method_data").is_none() && body.get("save_payment_method").is_none());
    }

    #[test]
    fn a_receipt_is_worth_what_is_paid_or_given_back() {
        for minor in [100, 101, 44_999, 35_000_000] {
            let order = order("Light", roubles(minor));
            let body = serde_json::to_value(NewPayment::on_page(&order, false, Some(RULES))).expect("a body");
            assert_eq!(body["receipt"]["items"][0]["amount"], body["amount"]);
            assert_eq!(body["receipt"]["items"][0]["quantity"], "1.00");
            assert_eq!(body["receipt"]["items"][0]["payment_mode"], "full_prepayment");
            assert_eq!(body["receipt"]["customer"]["email"], "buyer@example.com");
            let refund = RefundOrder {
                refund: RefundId::new(),
                payment: order.payment,
                reference: "2d-1".to_owned(),
                money: roubles(minor - 99),
                title: order.title,
                email: order.email,
                idempotency_key: "refund-1".to_owned(),
            };
            let body = serde_json::to_value(NewRefund::new(&refund, Some(RULES))).expect("a body");
            assert_eq!(body["receipt"]["items"][0]["amount"], body["amount"]);
            assert_eq!(body["metadata"]["refund"], refund.refund.to_string());
        }
    }

    #[test]
    fn words_fit_and_an_amount_that_can_not_be_said_is_not_sent() {
        assert_eq!(words(&"ю".repeat(200)).chars().count(), 128);
        assert_eq!((words(" a\nb ").as_str(), words("").as_str()), ("ab", "—"));
        assert!(NewPayment::on_page(&order("Light", roubles(-1)), false, None).is_none());
        let body = NewPayment::on_page(&order(&"ю".repeat(200), roubles(100)), false, Some(RULES));
        let body = serde_json::to_value(body).expect("a body");
        assert_eq!(body["description"], body["receipt"]["items"][0]["description"]);
    }
}
