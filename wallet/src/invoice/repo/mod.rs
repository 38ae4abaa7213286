//! The SQL of documents.

pub(crate) mod details;
pub(crate) mod document;
pub(crate) mod due;
pub(crate) mod invariants;
pub(crate) mod number;

use crate::error::{Error, Result};
use crate::invoice::model::DocumentKind;
use crate::money::{Currency, Money};

/// Reads an amount of money.
fn money(minor: i64, currency: &str) -> Result<Money> {
    let currency: Currency = currency.parse().map_err(|_| Error::internal("an unknown currency"))?;
    Ok(Money::from_minor(minor, currency))
}

/// Reads what a document is.
fn kind(code: &str) -> Result<DocumentKind> {
    DocumentKind::from_code(code).ok_or_else(|| Error::internal("an unknown kind of document"))
}
