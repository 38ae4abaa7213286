//! Credits in a stored mail: a plain decimal, `100`. Older versions wrote the unit's word behind it, `100 tokens`.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

use crate::money::{AmountError, Credits};

/// Writes the amount.
pub(in crate::notify) fn serialize<S: Serializer>(credits: &Credits, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(credits)
}

/// Reads the amount.
pub(in crate::notify) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Credits, D::Error> {
    read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn read(text: &str) -> Result<Credits, AmountError> {
    text.split(' ').next().unwrap_or_default().parse()
}

/// The same where there may be none.
pub(in crate::notify) mod optional {
    use super::*;

    /// Writes the amount.
    pub(in crate::notify) fn serialize<S: Serializer>(
        credits: &Option<Credits>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match credits {
            Some(credits) => serializer.collect_str(credits),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the amount.
    pub(in crate::notify) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Credits>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| read(&text)).transpose().map_err(D::Error::custom)
    }
}
