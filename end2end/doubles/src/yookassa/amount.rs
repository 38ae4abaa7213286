//! Roubles as YooKassa writes them: decimal strings with two digits.

use std::fmt;

use serde_json::{Value, json};

use super::error::{ApiError, Result};
use super::fields::Fields;

/// The currency of this shop's contract.
const CURRENCY: &str = "RUB";
/// What the API knows at all; a shop takes the one of its contract.
const KNOWN: [&str; 13] = ["RUB", "USD", "EUR", "BYN", "CNY", "KZT", "UAH", "UZS", "TRY", "INR", "MDL", "AZN", "AMD"];

/// An amount of roubles, in kopecks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount(i64);

impl Amount {
    pub(super) const ZERO: Self = Self(0);

    pub(super) const fn of_kopecks(kopecks: i64) -> Self {
        Self(kopecks)
    }

    pub(super) fn kopecks(self) -> i64 {
        self.0
    }

    /// Reads `{"value": "10.00", "currency": "RUB"}`; numbers, other decimals and other currencies are refused.
    pub(super) fn read(mut fields: Fields<'_>) -> Result<Self> {
        let (value_name, currency_name) = (fields.name("value"), fields.name("currency"));
        let value = fields.needed_text("value", 13)?;
        let currency = fields.needed_text("currency", 3)?;
        fields.finish()?;
        if !KNOWN.contains(&currency) {
            return Err(ApiError::invalid(currency_name, format!("Unknown currency {currency}")));
        }
        if currency != CURRENCY {
            return Err(ApiError::invalid(currency_name, format!("Currency {currency} isn't available for this shop")));
        }
        match kopecks(value) {
            Some(kopecks) if kopecks > 0 => Ok(Self(kopecks)),
            Some(_) => Err(ApiError::invalid(value_name, "Amount must be greater than zero")),
            None => Err(ApiError::invalid(value_name, "Amount must be a number with two decimals, for example 10.00")),
        }
    }

    pub(super) fn json(self) -> Value {
        json!({"value": self.to_string(), "currency": CURRENCY})
    }
}

impl std::ops::Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Reads `10.00` exactly: ten digits at most, two decimals, no sign and no spare zero.
fn kopecks(text: &str) -> Option<i64> {
    let (roubles, rest) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let spare_zero = roubles.len() > 1 && roubles.starts_with('0');
    if !digits(roubles) || !digits(rest) || rest.len() != 2 || roubles.len() > 10 || spare_zero {
        return None;
    }
    Some(roubles.parse::<i64>().ok()? * 100 + rest.parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value, currency: &str) -> Result<Amount> {
        let body = json!({"value": value, "currency": currency});
        Amount::read(Fields::of(&body, "amount").unwrap())
    }

    #[test]
    fn amounts_come_back_as_they_were_sent() {
        for text in ["0.01", "1.00", "100.50", "350000.00"] {
            assert_eq!(read(json!(text), "RUB").unwrap().json(), json!({"value": text, "currency": "RUB"}));
        }
    }

    #[test]
    fn numbers_other_decimals_and_other_currencies_are_refused() {
        for bad in [json!(5), json!(5.5), json!("5"), json!("5.0"), json!("5.000"), json!("-5.00"), json!("05.00")] {
            assert_eq!(read(bad.clone(), "RUB").unwrap_err().parameter(), Some("amount.value"), "{bad}");
        }
        assert!(read(json!("0.00"), "RUB").is_err());
        for currency in ["EEE", "USD", "rub"] {
            assert_eq!(read(json!("5.00"), currency).unwrap_err().parameter(), Some("amount.currency"));
        }
    }
}
