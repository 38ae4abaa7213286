//! What an operation costs us.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Currency;
use crate::tariff::model::tariff::UpstreamCost;

/// What an operation costs us, as somebody uploaded it. History: rows are only added, the newest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostRow {
    /// The operation.
    pub operation: String,
    /// Millionths of the currency's main unit, for `per` units of the tariff.
    pub micros: i64,
    /// How many units of the tariff that is for.
    pub per: i64,
    /// The currency.
    pub currency: Currency,
    /// Where the number is from.
    pub source: String,
    /// When it is to be looked at again.
    pub review_on: NaiveDate,
    /// When it was uploaded.
    pub uploaded_at: DateTime<Utc>,
    /// Who uploaded it.
    pub uploaded_by: String,
}

impl CostRow {
    /// Says whether it costs less than another one for the same quantity; `false` for another currency.
    #[must_use]
    pub(crate) fn is_below(&self, other: &UpstreamCost) -> bool {
        self.currency == other.currency && product(self.micros, other.per) < product(other.micros, self.per)
    }

    /// Gives the cost as a price book keeps it: with what it is for, so that nothing is rounded.
    #[must_use]
    pub const fn cost(&self) -> UpstreamCost {
        UpstreamCost { micros: self.micros, per: self.per, currency: self.currency, review_on: Some(self.review_on) }
    }
}

pub(in crate::tariff) fn product(left: i64, right: i64) -> i128 {
    i128::from(left).saturating_mul(i128::from(right))
}

/// A cost as a sheet says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourcedCost {
    /// The operation.
    pub operation: String,
    /// Millionths of the currency's main unit, for `per` units of the tariff.
    pub micros: i64,
    /// How many units that is for.
    pub per: i64,
    /// The currency.
    pub currency: Currency,
    /// Where the number is from.
    pub source: String,
    /// When it is to be looked at again.
    pub review_on: NaiveDate,
}
