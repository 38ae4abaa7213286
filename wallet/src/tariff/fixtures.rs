//! Tariffs and books for tests.

use crate::money::Credits;
use crate::tariff::model::category::Category;
use crate::tariff::model::price_book::{BookStatus, PriceBook};
use crate::tariff::model::tariff::Tariff;
use crate::tariff::rule::Rule;

/// A tariff with nothing but its rule.
pub(crate) fn tariff(operation: &str, rule: Rule) -> Tariff {
    Tariff {
        operation: operation.to_owned(),
        name: operation.to_uppercase(),
        category: Category::Text,
        unit: "request".to_owned(),
        supplier: None,
        upstream_cost: None,
        minimum_plan: None,
        gates: Vec::new(),
        rule,
        position: 0,
    }
}

/// A book in force.
pub(crate) fn book(tariffs: Vec<Tariff>) -> PriceBook {
    let mut book = PriceBook {
        version: 1,
        status: BookStatus::Active,
        effective_at: None,
        retired_at: None,
        revision: 1,
        rounding_step: Credits::ONE,
        based_on: None,
        created_by: String::new(),
        created_at: chrono::DateTime::UNIX_EPOCH,
        tariffs,
    };
    for (position, tariff) in (0..).zip(&mut book.tariffs) {
        tariff.position = position;
    }
    book
}
