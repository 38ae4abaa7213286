//! Amounts on the wire: exact JSON numbers, never floats.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use wallet::money::{AmountError, Credits};

use crate::json::plain_decimal;

/// An amount of credits: a JSON number with at most six decimals, written as it is and read digit by digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Credits);

impl From<Credits> for Amount {
    fn from(credits: Credits) -> Self {
        Self(credits)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let number = raw.get();
        // An exponent is only another way to write it; anything but a number is left to fail below.
        let is_number = number.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let plain = if is_number { plain_decimal(number) } else { None };
        plain.as_deref().unwrap_or(number).parse().map(Self).map_err(|error| {
            de::Error::custom(match error {
                AmountError::NotANumber => "expected a plain number such as 12 or 0.5",
                AmountError::TooPrecise => "an amount has at most six decimals",
                AmountError::TooLarge => "the amount is too large",
            })
        })
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("An amount of credits: exact, with at most six decimals."))
            .multiple_of(Some(0.000_001_f64))
            .minimum(Some(-9_223_372_036_854_i64))
            .maximum(Some(9_223_372_036_854_i64))
            .examples([serde_json::json!(13)])
            .into()
    }
}

impl ToSchema for Amount {
    fn name() -> Cow<'static, str> {
        "Amount".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_both_ways() {
        for text in ["0", "13", "-12.5", "0.000001", "9223372036854.775807"] {
            let amount: Amount = serde_json::from_str(text).expect(text);
            assert_eq!(serde_json::to_string(&amount).expect(text), text);
        }
    }

    #[test]
    fn an_exponent_is_another_way_to_write_it() {
        for (text, amount) in [("1e3", "1000"), ("1E+2", "100"), ("1e-6", "0.000001"), ("12.50", "12.5"), ("-0", "0")] {
            let read: Amount = serde_json::from_str(text).expect(text);
            assert_eq!(read.0.to_string(), amount, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["\"13\"", "0.0000001", "1e-7", "99999999999999", "null", "true", "[]", "1e400", "NaN"] {
            assert!(serde_json::from_str::<Amount>(text).is_err(), "{text}");
        }
    }
}
