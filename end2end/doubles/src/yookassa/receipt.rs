//! Receipts after law 54-FZ: who is told, what was bought, and that the sums agree.

use serde_json::Value;

use super::amount::Amount;
use super::error::{ApiError, Result};
use super::fields::Fields;

/// What a till of YooKassa takes on one receipt.
const MOST_ITEMS: usize = 100;
const VAT_CODES: std::ops::RangeInclusive<u64> = 1..=12;
const TAX_SYSTEMS: std::ops::RangeInclusive<u64> = 1..=6;
const SUBJECTS: [&str; 22] = [
    "commodity",
    "excise",
    "job",
    "service",
    "payment",
    "property_right",
    "intellectual_activity",
    "agent_commission",
    "gambling_bet",
    "gambling_prize",
    "lottery",
    "lottery_prize",
    "non_operating_gain",
    "insurance_premium",
    "sales_tax",
    "resort_fee",
    "composite",
    "another",
    "fine",
    "tax",
    "marked",
    "non_marked",
];
const MODES: [&str; 7] =
    ["full_prepayment", "partial_prepayment", "advance", "full_payment", "partial_payment", "credit", "credit_payment"];

/// A receipt that was read; what the till needs of it is the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    total: Amount,
}

impl Receipt {
    /// Reads a receipt and refuses one that a till would refuse.
    pub(super) fn read(mut fields: Fields<'_>) -> Result<Self> {
        customer(fields.needed_object("customer")?)?;
        let tax_system = number(&mut fields, "tax_system_code", TAX_SYSTEMS)?;
        fields.flag("internet")?;
        let name = fields.name("items");
        let items = fields.list("items")?;
        if items.is_empty() || items.len() > MOST_ITEMS {
            return Err(ApiError::invalid(name, format!("A receipt has 1 to {MOST_ITEMS} items")));
        }
        let mut total = Amount::ZERO;
        for (place, value) in items.iter().enumerate() {
            total = total + item(Fields::of(value, &format!("{name}[{place}]"))?, tax_system.is_some())?;
        }
        fields.finish()?;
        Ok(Self { total })
    }

    /// Refuses a receipt whose items are worth more or less than what is paid or returned.
    pub(super) fn agree(&self, amount: Amount) -> Result<()> {
        if self.total == amount {
            return Ok(());
        }
        let told = format!("Receipt items sum up to {}, the amount is {amount}", self.total);
        Err(ApiError::invalid("receipt.items", told))
    }
}

/// The shop sends receipts and the call has none.
pub(super) fn missing() -> ApiError {
    ApiError::invalid("receipt", "Receipt is missing or illegal")
}

fn customer(mut fields: Fields<'_>) -> Result<()> {
    let (name, email_name, phone_name) = (fields.name(""), fields.name("email"), fields.name("phone"));
    let email = fields.text("email", 256)?;
    let phone = fields.text("phone", 15)?;
    fields.text("full_name", 256)?;
    fields.text("inn", 12)?;
    fields.finish()?;
    if email.is_none() && phone.is_none() {
        return Err(ApiError::invalid(name.trim_end_matches('.'), "Receipt needs customer.email or customer.phone"));
    }
    if email.is_some_and(|email| !is_email(email)) {
        return Err(ApiError::invalid(email_name, "Invalid e-mail address"));
    }
    // ITU-T E.164 without the plus.
    if phone.is_some_and(|phone| phone.len() < 10 || !phone.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(ApiError::invalid(phone_name, "Invalid phone number, for example 79000000000"));
    }
    Ok(())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && !text.contains(char::is_whitespace)
        && domain.split('.').count() > 1
        && domain.split('.').all(|part| !part.is_empty() && !part.contains('@'))
}

/// One line of the receipt: its price times its quantity.
fn item(mut fields: Fields<'_>, taxed: bool) -> Result<Amount> {
    fields.needed_text("description", 128)?;
    let price = Amount::read(fields.needed_object("amount")?)?;
    let thousandths = quantity(&mut fields)?;
    if number(&mut fields, "vat_code", VAT_CODES)?.is_none() && !taxed {
        return Err(ApiError::invalid(fields.name("vat_code"), "vat_code or receipt.tax_system_code is needed"));
    }
    one_of(&mut fields, "payment_subject", &SUBJECTS)?;
    one_of(&mut fields, "payment_mode", &MODES)?;
    fields.text("measure", 20)?;
    fields.finish()?;
    Ok(Amount::of_kopecks((price.kopecks() * thousandths + 500) / 1000))
}

/// A quantity in thousandths: `"2.00"` or `2`, up to three decimals that say something.
fn quantity(fields: &mut Fields<'_>) -> Result<i64> {
    let name = fields.name("quantity");
    let text = match fields.value("quantity") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(ApiError::invalid(name, "quantity must be a decimal number")),
        None => return Err(ApiError::invalid(&name, format!("{name} is missing"))),
    };
    let (whole, rest) = text.split_once('.').unwrap_or((&text, "0"));
    let rest = format!("{:0<3}", rest.trim_end_matches('0'));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let read = (digits(whole) && digits(&rest) && whole.len() <= 6 && rest.len() == 3)
        .then(|| Some(whole.parse::<i64>().ok()? * 1000 + rest.parse::<i64>().ok()?))
        .flatten();
    read.filter(|thousandths| *thousandths > 0)
        .ok_or_else(|| ApiError::invalid(name, "quantity must be a positive decimal number"))
}

fn number(fields: &mut Fields<'_>, field: &'static str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>> {
    let name = fields.name(field);
    let Some(value) = fields.value(field) else { return Ok(None) };
    match value.as_u64() {
        Some(number) if range.contains(&number) => Ok(Some(number)),
        _ => Err(ApiError::invalid(&name, format!("{name} must be {} to {}", range.start(), range.end()))),
    }
}

fn one_of(fields: &mut Fields<'_>, field: &'static str, known: &[&str]) -> Result<()> {
    let name = fields.name(field);
    match fields.text(field, 64)? {
        Some(text) if !known.contains(&text) => Err(ApiError::invalid(&name, format!("Unknown {name}: {text}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({
            "customer": {"email": "anna@example.com"},
            "items": [
                {"description": "1 000 credits", "quantity": "2.00", "amount": {"value": "10.50", "currency": "RUB"},
                 "vat_code": 1, "payment_subject": "service", "payment_mode": "full_payment"},
                {"description": "Plan", "quantity": 1.5, "amount": {"value": "1.00", "currency": "RUB"}, "vat_code": 4},
            ],
        })
    }

    fn read(body: &Value) -> Result<Receipt> {
        Receipt::read(Fields::of(body, "receipt").unwrap())
    }

    #[test]
    fn items_sum_up_to_the_amount() {
        let receipt = read(&sample()).unwrap();
        assert_eq!(receipt.agree(Amount::of_kopecks(2250)), Ok(()));
        assert_eq!(receipt.agree(Amount::of_kopecks(2249)).unwrap_err().parameter(), Some("receipt.items"));
    }

    #[test]
    fn what_a_till_would_refuse_is_refused() {
        let changes: [(&str, Value); 8] = [
            ("/customer", json!({})),
            ("/customer/email", json!("nobody")),
            ("/items", json!([])),
            ("/items/0/quantity", json!("0")),
            ("/items/0/vat_code", json!(13)),
            ("/items/0/vat_code", Value::Null),
            ("/items/0/payment_subject", json!("magic")),
            ("/items/0/amount/value", json!(10.5)),
        ];
        for (place, value) in changes {
            let mut body = sample();
            *body.pointer_mut(place).unwrap() = value;
            assert!(read(&body).is_err(), "{place}");
        }
        let mut body = sample();
        body["items"][0]["colour"] = json!("red");
        assert_eq!(read(&body).unwrap_err().parameter(), Some("receipt.items[0].colour"));
    }
}
