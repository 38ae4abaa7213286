//! Quotes: priced answers before charging, with the receipt that a charge of the same will carry.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::{NoContext, Timestamp, Uuid};

use crate::id::IdError;
use crate::ledger::{FormulaLine, Receipt};
use crate::money::Credits;
use crate::tariff::model::category::Category;

/// The name of a locked quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuoteId(Uuid);

impl QuoteId {
    /// Makes a new name, which tells when the price was locked.
    #[must_use]
    pub(crate) fn new(at: DateTime<Utc>) -> Self {
        let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
        Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos())))
    }

    /// When the price was locked, to the millisecond; `None` of a name that this program did not make.
    #[must_use]
    pub fn locked_at(self) -> Option<DateTime<Utc>> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }

    /// Gives the name for storage.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for QuoteId {
    /// Writes `quo_` and 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "quo_{}", self.0.simple())
    }
}

impl FromStr for QuoteId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let id = text.strip_prefix("quo_").ok_or(IdError)?;
        Uuid::try_parse(id).map(Self).map_err(|_| IdError)
    }
}

/// One thing to price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineRequest {
    /// The operation.
    pub operation: String,
    /// Its params.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// The number of calls.
    #[serde(default = "one")]
    pub count: i64,
}

const fn one() -> i64 {
    1
}

/// A priced answer before charging.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// The operation.
    pub operation: String,
    /// Its name for people.
    pub name: String,
    /// What it makes.
    pub category: Category,
    /// The params as asked.
    pub params: Map<String, Value>,
    /// The number of calls.
    pub count: i64,
    /// What it costs.
    pub credits: Credits,
    /// The least that the same quantity costs under other options.
    pub min: Credits,
    /// The most.
    pub max: Credits,
    /// The rule's name: `matrix`.
    pub pricing_type: String,
    /// What one call is: `image`.
    pub unit: String,
    /// The formula; the credits of the lines add up to `credits`.
    pub lines: Vec<FormulaLine>,
    /// The version of the price book.
    pub price_book_version: i32,
}

impl Quote {
    /// Writes the receipt that a charge at this price carries.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        Receipt {
            operation: self.operation.clone(),
            name: self.name.clone(),
            category: self.category.code().to_owned(),
            params: Value::Object(self.params.clone()),
            count: self.count,
            price_book_version: self.price_book_version,
            rule: self.pricing_type.clone(),
            pricing_type: self.pricing_type.clone(),
            lines: self.lines.clone(),
            total: self.credits,
            quote: None,
        }
    }
}

/// Several quotes and their sum: a pipeline, a blog post with its translations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuoteBatch {
    /// The quotes, in the order asked.
    pub quotes: Vec<Quote>,
    /// Their sum.
    pub total: Credits,
    /// The sum of the least.
    pub min: Credits,
    /// The sum of the most.
    pub max: Credits,
}

/// A quote with a name and a lifetime, that a charge or hold honours to the credit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LockedQuote {
    /// The name.
    pub id: QuoteId,
    /// Until when it holds.
    pub expires_at: DateTime<Utc>,
    /// The price.
    pub quote: Quote,
}

impl LockedQuote {
    /// Writes the receipt that a charge by this quote carries.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        Receipt { quote: Some(self.id.to_string()), ..self.quote.receipt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotes_name_tells_when_it_was_locked() {
        let at = DateTime::from_timestamp_millis(1_795_746_000_123).expect("an instant");
        let id = QuoteId::new(at);
        assert_ne!(id, QuoteId::new(at));
        assert_eq!(id.locked_at(), Some(at));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("quo_67e5504410b1426f9247bb680e5fe0c8".parse::<QuoteId>().expect("a name").locked_at(), None);
    }
}
