//! The two ways to write amounts. JSON (the database, the browser's half) has integers of the smallest unit; a preset's
//! file has decimals, `2` or `"0.024"`, and money by currency, `{ USD = "2.90" }`.
//!
//! serde tells a type nothing of the format that it is read from or written to. So the reader and the writer of files
//! put their calls into [`in_file`], which holds for the thread until the call returns: one type serves both.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::{Credits, Currency, Money};

thread_local! {
    static IN_FILE: Cell<bool> = const { Cell::new(false) };
}

/// Runs what reads or writes a file, with amounts as a file has them.
pub(crate) fn in_file<T>(act: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            IN_FILE.set(self.0);
        }
    }
    let _restore = Restore(IN_FILE.replace(true));
    act()
}

impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if IN_FILE.get() { Decimal(self.to_string()).serialize(serializer) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Credits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if IN_FILE.get() {
            Decimal::deserialize(deserializer)?.0.parse().map_err(de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

/// Money as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Money")]
struct Minor {
    minor: i64,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if IN_FILE.get() {
            prices::serialize(&[*self], serializer)
        } else {
            Minor { minor: self.minor, currency: self.currency }.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if IN_FILE.get() {
            let first = prices::deserialize(deserializer)?.first().copied();
            first.ok_or_else(|| de::Error::custom("expected money: { USD = 10 }"))
        } else {
            Minor::deserialize(deserializer).map(|Minor { minor, currency }| Self { minor, currency })
        }
    }
}

/// Prices by currency, as a field: a list in JSON, `{ RUB = 249, USD = "2.90" }` in a file.
pub(crate) mod prices {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(prices: &[Money], serializer: S) -> Result<S::Ok, S::Error> {
        let price = |money: &Money| {
            let text = money.to_string();
            let number = text.split(' ').next().unwrap_or_default();
            (money.currency(), Decimal(number.strip_suffix(".00").unwrap_or(number).to_owned()))
        };
        if IN_FILE.get() { serializer.collect_map(prices.iter().map(price)) } else { prices.serialize(serializer) }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Money>, D::Error> {
        if IN_FILE.get() { deserializer.deserialize_map(ByCurrency) } else { Vec::deserialize(deserializer) }
    }
}

/// Millionths as a field: a whole number in JSON, a decimal in a file.
pub(crate) mod micros {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        Credits(*micros).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        Credits::deserialize(deserializer).map(Credits::micros)
    }
}

/// Reads `{ RUB = 249, USD = "2.90" }`.
struct ByCurrency;

impl<'de> Visitor<'de> for ByCurrency {
    type Value = Vec<Money>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("prices by currency: { USD = 25 }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<Money>, A::Error> {
        let mut prices = Vec::new();
        while let Some(Code(currency)) = entries.next_key()? {
            prices.push(entries.next_value_seed(AmountOf(currency))?);
        }
        Ok(prices)
    }
}

/// The code of a currency; an unknown one is refused at its own place.
struct Code(Currency);

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        let unknown = |_| de::Error::custom(format!("“{code}” is not a currency; expected an ISO 4217 code: USD"));
        code.parse().map(Self).map_err(unknown)
    }
}

/// An amount of a currency.
struct AmountOf(Currency);

impl<'de> DeserializeSeed<'de> for AmountOf {
    type Value = Money;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Money, D::Error> {
        let (currency, decimals) = (self.0, self.0.exponent());
        let wrong = |error| de::Error::custom(format!("{error}; {currency} has at most {decimals} decimals"));
        Money::parse(&Decimal::deserialize(deserializer)?.0, currency).map_err(wrong)
    }
}

/// An amount, not negative, as the decimal that a file has. A bare decimal would pass through a float, and a price must
/// be exact: it stands in quotes.
struct Decimal(String);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<i64>() {
            Ok(whole) => whole.serialize(serializer),
            Err(_) => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadDecimal).map(Self)
    }
}

struct ReadDecimal;

impl Visitor<'_> for ReadDecimal {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount that is not negative: a whole number (2) or a decimal in quotes (\"0.024\")")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<String, E> {
        Err(E::custom(format!("{value} is a bare decimal; write it in quotes, \"{value}\", so that it stays exact")))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<String, E> {
        match value.parse::<Credits>() {
            Ok(credits) if credits.is_negative() => {
                Err(E::custom(format!("{value} is negative; an amount is 0 or more")))
            }
            Ok(_) => Ok(value.to_owned()),
            Err(error) => {
                let expected =
                    "expected a whole number (2) or a decimal in quotes with at most six decimals (\"0.024\")";
                Err(E::custom(format!("“{value}” is {error}; {expected}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        credits: Credits,
        money: Money,
        #[serde(with = "prices")]
        prices: Vec<Money>,
        #[serde(with = "micros")]
        micros: i64,
    }

    const JSON: &str = r#"{"credits":24000,"money":{"minor":290,"currency":"USD"},"prices":[{"minor":24900,"currency":"RUB"},{"minor":290,"currency":"USD"}],"micros":2000000}"#;
    const FILE: &str =
        "credits = \"0.024\"\nmicros = 2\n\n[money]\nUSD = \"2.90\"\n\n[prices]\nRUB = 249\nUSD = \"2.90\"\n";

    #[test]
    fn json_has_integers_and_a_file_has_decimals() {
        let sample: Sample = serde_json::from_str(JSON).expect("JSON");
        assert_eq!(sample.credits, Credits::from_micros(24_000));
        assert_eq!(in_file(|| toml::from_str::<Sample>(FILE)).as_ref(), Ok(&sample));
        let file = in_file(|| toml::to_string(&sample)).expect("a file");
        assert_eq!(in_file(|| toml::from_str::<Sample>(&file)).as_ref(), Ok(&sample));
        assert!(file.contains("credits = \"0.024\"\n") && file.contains("RUB = 249\n"), "{file}");
        assert_eq!(serde_json::to_string(&sample).expect("JSON"), JSON);
    }

    #[test]
    fn a_file_ends_with_its_call() {
        let number = || serde_json::to_string(&Credits::ONE).expect("JSON");
        assert_eq!(in_file(|| (in_file(number), number())), ("1".to_owned(), "1".to_owned()));
        assert!(std::panic::catch_unwind(|| in_file(|| panic!("in a file"))).is_err());
        assert_eq!(number(), "1000000");
    }
}
