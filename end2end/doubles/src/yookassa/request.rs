//! The bodies of calls, read into what they ask for.

use axum::http::Uri;
use serde_json::{Map, Value};

use super::amount::Amount;
use super::error::{ApiError, Result};
use super::fields::Fields;
use super::method::Kind;
use super::receipt::Receipt;

/// The longest description that a payment may have.
const DESCRIPTION: usize = 128;
/// What the test shop takes in one payment: one rouble to 350 000, as for bank cards.
const SMALLEST: Amount = Amount::of_kopecks(100);
const LARGEST: Amount = Amount::of_kopecks(35_000_000);

/// The body of `POST /payments`.
#[derive(Clone, Debug)]
pub(super) struct NewPayment {
    pub(super) amount: Amount,
    pub(super) capture: bool,
    pub(super) save: bool,
    pub(super) description: Option<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) customer: Option<String>,
    pub(super) receipt: Option<Receipt>,
    pub(super) way: Way,
}

/// How a payment is confirmed.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// The buyer confirms on a page of YooKassa, by one method or by any that the shop takes.
    Redirect { page: Confirmation, kind: Option<Kind> },
    /// A saved method is charged without its owner.
    Saved(String),
}

/// Where the buyer goes, in which language, and comes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Confirmation {
    pub(super) return_url: String,
    pub(super) english: bool,
}

/// The body of `POST /payment_methods`: a card is saved without a payment.
#[derive(Clone, Debug)]
pub(super) struct NewMethod {
    pub(super) page: Confirmation,
    pub(super) metadata: Map<String, Value>,
}

/// The body of `POST /refunds`.
#[derive(Clone, Debug)]
pub(super) struct NewRefund {
    pub(super) payment: String,
    pub(super) amount: Amount,
    pub(super) description: Option<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) receipt: Option<Receipt>,
}

/// The body of `POST /payments/{id}/capture`: all of it, unless it says how much.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) amount: Option<Amount>,
}

impl NewPayment {
    pub(super) fn read(body: &Value) -> Result<Self> {
        let mut fields = Fields::of(body, "")?;
        let amount = Amount::read(fields.needed_object("amount")?)?;
        if amount < SMALLEST || amount > LARGEST {
            let told = format!("Payment amount must be between {SMALLEST} and {LARGEST}");
            return Err(ApiError::invalid("amount.value", told));
        }
        let receipt = receipt(&mut fields)?;
        if let Some(receipt) = &receipt {
            receipt.agree(amount)?;
        }
        let read = Self {
            amount,
            capture: fields.flag("capture")?.unwrap_or(false),
            save: fields.flag("save_payment_method")?.unwrap_or(false),
            description: fields.text("description", DESCRIPTION)?.map(str::to_owned),
            metadata: fields.metadata()?,
            customer: fields.text("merchant_customer_id", 200)?.map(str::to_owned),
            receipt,
            way: way(&mut fields)?,
        };
        fields.text("client_ip", 45)?;
        fields.empty_list("transfers")?;
        fields.empty_list("statements")?;
        fields.finish()?;
        Ok(read)
    }
}

impl NewMethod {
    pub(super) fn read(body: &Value) -> Result<Self> {
        let mut fields = Fields::of(body, "")?;
        match fields.needed_text("type", 64)? {
            "bank_card" => {}
            other => return Err(ApiError::invalid("type", format!("{other} can't be saved without a payment"))),
        }
        let read = Self { page: confirmation(fields.needed_object("confirmation")?)?, metadata: fields.metadata()? };
        fields.text("client_ip", 45)?;
        fields.finish()?;
        Ok(read)
    }
}

impl NewRefund {
    pub(super) fn read(body: &Value) -> Result<Self> {
        let mut fields = Fields::of(body, "")?;
        let amount = Amount::read(fields.needed_object("amount")?)?;
        let receipt = receipt(&mut fields)?;
        if let Some(receipt) = &receipt {
            receipt.agree(amount)?;
        }
        let read = Self {
            payment: fields.needed_text("payment_id", 36)?.to_owned(),
            amount,
            description: fields.text("description", 250)?.map(str::to_owned),
            metadata: fields.metadata()?,
            receipt,
        };
        fields.empty_list("sources")?;
        fields.finish()?;
        Ok(read)
    }
}

impl Capture {
    pub(super) fn read(body: &Value) -> Result<Self> {
        if body.is_null() {
            return Ok(Self { amount: None });
        }
        let mut fields = Fields::of(body, "")?;
        let amount = fields.object("amount")?.map(Amount::read).transpose()?;
        if let (Some(receipt), Some(amount)) = (receipt(&mut fields)?, amount) {
            receipt.agree(amount)?;
        }
        fields.empty_list("transfers")?;
        fields.finish()?;
        Ok(Self { amount })
    }
}

/// The body of a call that takes none.
pub(super) fn nothing(body: &Value) -> Result<()> {
    if body.is_null() { Ok(()) } else { Fields::of(body, "")?.finish() }
}

fn receipt(fields: &mut Fields<'_>) -> Result<Option<Receipt>> {
    fields.object("receipt")?.map(Receipt::read).transpose()
}

/// Either a saved method, or a page with the method that it shall offer.
fn way(fields: &mut Fields<'_>) -> Result<Way> {
    let saved = fields.text("payment_method_id", 64)?;
    let data = fields.object("payment_method_data")?.map(kind).transpose()?;
    let page = fields.object("confirmation")?.map(confirmation).transpose()?;
    match (saved, data, page) {
        (Some(_), Some(_), _) => {
            let told = "payment_method_id and payment_method_data exclude each other";
            Err(ApiError::invalid("payment_method_id", told))
        }
        (Some(_), None, Some(_)) => {
            Err(ApiError::invalid("confirmation", "A saved payment method is charged without confirmation"))
        }
        (Some(id), None, None) => Ok(Way::Saved(id.to_owned())),
        (None, kind, Some(page)) => Ok(Way::Redirect { page, kind }),
        (None, _, None) => Err(ApiError::invalid("confirmation", "confirmation or payment_method_id is needed")),
    }
}

fn kind(mut fields: Fields<'_>) -> Result<Kind> {
    let name = fields.name("type");
    let text = fields.needed_text("type", 64)?;
    fields.finish()?;
    Kind::named(text).ok_or_else(|| ApiError::invalid(name, format!("{text} isn't available for this shop")))
}

fn confirmation(mut fields: Fields<'_>) -> Result<Confirmation> {
    let kind = fields.needed_text("type", 64)?;
    if kind != "redirect" {
        return Err(ApiError::invalid("confirmation.type", format!("{kind} isn't available for this shop")));
    }
    let return_url = fields.needed_text("return_url", 2048)?.to_owned();
    let absolute = return_url.parse::<Uri>().ok().filter(|uri| uri.host().is_some());
    if !absolute.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https"))) {
        return Err(ApiError::invalid("confirmation.return_url", "return_url must be an absolute http or https URL"));
    }
    let english = match fields.text("locale", 16)? {
        None | Some("ru_RU") => false,
        Some("en_US") => true,
        Some(other) => return Err(ApiError::invalid("confirmation.locale", format!("Unknown locale {other}"))),
    };
    fields.flag("enforce")?;
    fields.finish()?;
    Ok(Confirmation { return_url, english })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({
            "amount": {"value": "100.00", "currency": "RUB"},
            "confirmation": {"type": "redirect", "return_url": "http://127.0.0.1:3000/wallet?order=1"},
        })
    }

    #[test]
    fn what_the_sdk_sends_is_read() {
        let mut body = sample();
        body["transfers"] = json!([]);
        body["statements"] = json!([]);
        body["payment_method_data"] = json!({"type": "yoo_money"});
        let read = NewPayment::read(&body).unwrap();
        assert!(!read.capture && !read.save, "both are off unless asked for");
        assert!(matches!(read.way, Way::Redirect { kind: Some(Kind::YooMoney), .. }));
    }

    #[test]
    fn wrong_calls_are_refused_at_their_parameter() {
        let wrong = [
            ("amount", json!({"value": "0.99", "currency": "RUB"}), "amount.value"),
            ("amount", json!({"value": "350000.01", "currency": "RUB"}), "amount.value"),
            ("captured", json!(true), "captured"),
            ("capture", json!("true"), "capture"),
            ("description", json!("x".repeat(129)), "description"),
            ("payment_method_id", json!("x"), "confirmation"),
            ("payment_method_data", json!({"type": "qiwi"}), "payment_method_data.type"),
            ("confirmation", json!({"type": "embedded"}), "confirmation.type"),
            ("confirmation", json!({"type": "redirect", "return_url": "/wallet"}), "confirmation.return_url"),
            ("confirmation", Value::Null, "confirmation"),
            ("transfers", json!([{}]), "transfers"),
        ];
        for (field, value, parameter) in wrong {
            let mut body = sample();
            body[field] = value;
            assert_eq!(NewPayment::read(&body).unwrap_err().parameter(), Some(parameter), "{body}");
        }
    }
}
