//! A gauge, and a month of metered items: as its owner sees it, and as it is stored.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, WalletId};
use crate::money::Credits;

/// Thousandths in one.
pub(crate) const THOUSANDTHS: i64 = 1_000;

/// How many of something there are, in thousandths of its unit: from 0 to 1 000 000 000 units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// The most that can be measured: a month of it, summed by the second, still fits 64 bits.
    pub const MAX: Self = Self(1_000_000_000_000);

    /// Takes thousandths, whatever they are; what can be measured is checked where a gauge is set.
    #[must_use]
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// Gives the thousandths.
    #[must_use]
    pub const fn thousandths(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Quantity {
    /// Writes a plain decimal: `18.4`, `7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.unsigned_abs();
        let (whole, part) = (parts / THOUSANDTHS.unsigned_abs(), parts % THOUSANDTHS.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:03}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

/// Gives a unit that is a symbol and stands beside figures: `GB`; `None` for a word for what is counted by the piece:
/// `domain`.
#[must_use]
pub fn symbol(unit: &str) -> Option<&str> {
    unit.contains(char::is_uppercase).then_some(unit)
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGauge {
    /// The wallet of the project.
    pub wallet: WalletId,
    /// The account that pays.
    pub account: AccountId,
    /// The item, as the catalog names it.
    pub item: String,
    /// How many there are, until the next gauge.
    pub value: Quantity,
    /// Since when; now where nothing is said.
    pub at: Option<DateTime<Utc>>,
}

/// The running month of a wallet's metered items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeteredView {
    /// Its first instant.
    pub starts_at: DateTime<Utc>,
    /// The first instant after it.
    pub ends_at: DateTime<Utc>,
    /// When it is closed, and charged: a little later, so that gauges on their way still count.
    pub closes_at: DateTime<Utc>,
    /// Up to when it was summed.
    pub now: DateTime<Utc>,
    /// What the months before came to and the wallet could not pay.
    pub carried: Credits,
    /// The items of the catalog, and those that are measured though they are not offered any more.
    pub items: Vec<MeteredItemView>,
}

impl MeteredView {
    /// Sums what the month has come to so far.
    #[must_use]
    pub fn so_far(&self) -> Credits {
        self.sum(|item| item.so_far)
    }

    /// Sums what it will come to, if nothing changes.
    #[must_use]
    pub fn forecast(&self) -> Credits {
        self.sum(|item| item.forecast)
    }

    fn sum(&self, of: impl Fn(&MeteredItemView) -> Credits) -> Credits {
        self.items.iter().map(of).fold(Credits::ZERO, |sum, credits| sum.checked_add(credits).unwrap_or(Credits::MAX))
    }
}

/// A metered item in the running month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeteredItemView {
    /// The name in the API: `storage`.
    pub code: String,
    /// The name for people.
    pub name: String,
    /// What is counted: `GB`.
    pub unit: String,
    /// How many are included in this month.
    pub included: i64,
    /// What one more costs for a month.
    pub monthly_credits: Credits,
    /// Whether the catalog has it.
    pub is_offered: bool,
    /// How many there are now; `None` where nobody has said.
    pub value: Option<Quantity>,
    /// What the month has come to so far.
    pub so_far: Credits,
    /// What it will come to, if nothing changes.
    pub forecast: Credits,
}

/// The terms of an item in a month: as they were when it began, or when the item was first measured in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) item: String,
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) included: i64,
    /// What one more costs for a month.
    pub(crate) credits: Credits,
    /// Gauges of before do not count.
    pub(crate) since: DateTime<Utc>,
}

/// What was measured of an item, from a month's first instant on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) terms: Terms,
    /// The sum, in thousandths of the unit × seconds.
    pub(crate) used: i64,
    /// How many there were in the end; `None` where nobody has said.
    pub(crate) last: Option<Quantity>,
}

/// An item of a month that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemMonth {
    /// The terms that it was charged by.
    pub(crate) terms: Terms,
    /// The sum over the month, in thousandths of the unit × seconds.
    pub(crate) used: i64,
    /// What it came to, rounded up to a step.
    pub(crate) cost: Credits,
    /// The catalog's step.
    pub(crate) step: Credits,
}

/// A wallet for which something is measured, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MeteredWallet {
    pub(crate) wallet: WalletId,
    pub(crate) account: AccountId,
    /// Which month is running, from 0.
    pub(crate) month: u32,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    /// What came over from the months before.
    pub(crate) carried: Credits,
    /// How many gauges were set.
    pub(crate) gauges: i64,
    /// Since when credits that are on their way are waited for.
    pub(crate) short_since: Option<DateTime<Utc>>,
    /// Counts the changes of the running month.
    pub(crate) version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_plain_decimals() {
        for (thousandths, text) in [(0, "0"), (7_000, "7"), (18_400, "18.4"), (1, "0.001"), (-1_500, "-1.5")] {
            assert_eq!(Quantity::from_thousandths(thousandths).to_string(), text);
        }
        assert_eq!(Quantity::MAX.to_string(), "1000000000");
    }
}
