//! Why a debit cost what it cost.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ledger::model::grant_limit::Purpose;
use crate::money::Credits;

/// Why a debit cost what it cost: tariff version, inputs, formula lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The operation's code: `dall-e-3`.
    pub operation: String,
    /// The operation's name, as the price book had it.
    pub name: String,
    /// The operation's category, by its snake-case name: `image`.
    pub category: String,
    /// The inputs that the rule priced.
    pub params: Value,
    /// How many times.
    pub count: i64,
    /// The price book's version.
    pub price_book_version: i32,
    /// The tariff's rule: `matrix`.
    pub rule: String,
    /// How the price is shown: `fixed`, `range`, `matrix`.
    pub pricing_type: String,
    /// The lines of the formula, in order.
    pub lines: Vec<FormulaLine>,
    /// What it cost.
    pub total: Credits,
    /// The name of the locked quote that it was priced by: `quo_…`; `None` where the book in force priced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
}

impl Receipt {
    /// Tells what it takes credits for.
    #[must_use]
    pub(crate) fn purpose(&self) -> Purpose<'_> {
        Purpose::Operation { code: &self.operation, category: &self.category }
    }

    /// Makes the receipt of something that costs the same always and has no price book.
    pub fn flat(operation: impl Into<String>, name: impl Into<String>, total: Credits) -> Self {
        Self {
            operation: operation.into(),
            name: name.into(),
            category: "tool".to_owned(),
            params: Value::Null,
            count: 1,
            price_book_version: 0,
            rule: "flat".to_owned(),
            pricing_type: "fixed".to_owned(),
            lines: Vec::new(),
            total,
            quote: None,
        }
    }
}

/// One line of a formula, as a person reads it: `4 languages × 7 = 28`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormulaLine {
    /// What is counted.
    pub label: String,
    /// How much of it, with its unit.
    pub quantity: String,
    /// The price of one, where there is one.
    pub unit_price: Option<Credits>,
    /// What the line comes to.
    pub credits: Credits,
}
