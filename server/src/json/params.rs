//! Params of an operation: no value is null, and a whole number is one however it is written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::strict::NULL;

/// Reads params. A param that is null would mean what a missing one means, which may cost something else.
pub fn params<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    deserializer.deserialize_map(Params)
}

struct Params;

impl<'de> Visitor<'de> for Params {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut params = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let Param(value) = fields.next_value()?;
            params.insert(name, value);
        }
        Ok(params)
    }
}

/// The value of one param.
struct Param(Value);

impl<'de> Deserialize<'de> for Param {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Err(D::Error::custom(NULL)),
            Value::Number(number) => Ok(Self(whole(&number).map_or(Value::Number(number), Value::from))),
            value => Ok(Self(value)),
        }
    }
}

/// Gives the whole number that is written with a point.
fn whole(number: &serde_json::Number) -> Option<i64> {
    if number.is_i64() || number.is_u64() {
        return None;
    }
    let text = number.to_string();
    let plain = super::plain_decimal(&text)?;
    // Above this a number with a point may be another one than was sent.
    plain.parse::<i64>().ok().filter(|whole| whole.unsigned_abs() <= 1 << 53)
}
