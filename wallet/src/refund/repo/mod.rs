//! The SQL of refunds and disputes.

pub(crate) mod dispute;
pub(crate) mod invariants;
pub(crate) mod purchase;
pub(crate) mod refund;
pub(crate) mod request;

use crate::error::{Error, Result};
use crate::money::{Currency, Money};

/// Reads an amount of money.
fn money(minor: i64, currency: &str) -> Result<Money> {
    let currency: Currency = currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
    Ok(Money::from_minor(minor, currency))
}
