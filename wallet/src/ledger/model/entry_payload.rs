//! What a row says beyond its columns, as compact JSON: a receipt, a hold's lines, a grant's terms, a reason.
//!
//! Every charge carries one, so the keys are single letters and what the row's columns say is not said again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ledger::model::entry::HoldLine;
use crate::ledger::model::grant_limit::GrantLimit;
use crate::ledger::model::receipt::{FormulaLine, Receipt};
use crate::ledger::model::wallet_state::GrantTerms;
use crate::money::Credits;

/// The detail of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EntryPayload {
    /// A debit's receipt; operation, name, category, count and total stand in the row's columns.
    #[serde(rename = "r")]
    Receipt(Priced),
    /// A hold's lines, or a capture's with what was taken of each.
    #[serde(rename = "l")]
    Lines(Vec<Line>),
    /// A grant's terms.
    #[serde(rename = "g")]
    Grants(Vec<Terms>),
    /// Why it was done, for people.
    #[serde(rename = "w")]
    Why(String),
}

/// What a tariff made of the inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Priced {
    #[serde(rename = "v")]
    version: i32,
    #[serde(rename = "r")]
    rule: String,
    #[serde(rename = "t")]
    pricing_type: String,
    #[serde(rename = "p", default, skip_serializing_if = "Value::is_null")]
    params: Value,
    /// Label, quantity, unit price, credits.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<(String, String, Option<Credits>, Credits)>,
    /// The locked quote's name; absent where the book in force priced it, and in rows that are older than this field.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
}

/// One line of a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    #[serde(rename = "o")]
    operation: String,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "c")]
    category: String,
    #[serde(rename = "q")]
    count: i64,
    #[serde(rename = "a")]
    total: Credits,
    #[serde(rename = "k", default)]
    captured: Credits,
    #[serde(flatten)]
    priced: Priced,
}

/// A grant's terms, so that the hash chain covers them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    #[serde(rename = "i")]
    id: i64,
    #[serde(rename = "s")]
    source: i16,
    #[serde(rename = "a")]
    granted: Credits,
    #[serde(rename = "l")]
    label: String,
    #[serde(rename = "p")]
    priority: i16,
    /// Microseconds since 1970.
    #[serde(rename = "f")]
    effective_at: i64,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// Minor units and currency.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    cost: Option<(i64, String)>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    limit: Option<GrantLimit>,
}

impl Priced {
    fn of(receipt: &Receipt) -> Self {
        let line = |line: &FormulaLine| (line.label.clone(), line.quantity.clone(), line.unit_price, line.credits);
        Self {
            version: receipt.price_book_version,
            rule: receipt.rule.clone(),
            pricing_type: receipt.pricing_type.clone(),
            params: receipt.params.clone(),
            lines: receipt.lines.iter().map(line).collect(),
            quote: receipt.quote.clone(),
        }
    }

    fn receipt(self, operation: String, name: String, category: String, count: i64, total: Credits) -> Receipt {
        let line = |(label, quantity, unit_price, credits)| FormulaLine { label, quantity, unit_price, credits };
        Receipt {
            operation,
            name,
            category,
            params: self.params,
            count,
            price_book_version: self.version,
            rule: self.rule,
            pricing_type: self.pricing_type,
            lines: self.lines.into_iter().map(line).collect(),
            total,
            quote: self.quote,
        }
    }
}

impl Line {
    fn of(line: &HoldLine) -> Self {
        let receipt = &line.receipt;
        Self {
            operation: receipt.operation.clone(),
            name: receipt.name.clone(),
            category: receipt.category.clone(),
            count: receipt.count,
            total: receipt.total,
            captured: line.captured,
            priced: Priced::of(receipt),
        }
    }

    fn line(self) -> HoldLine {
        let receipt = self.priced.receipt(self.operation, self.name, self.category, self.count, self.total);
        HoldLine { receipt, captured: self.captured }
    }
}

impl EntryPayload {
    /// Keeps a debit's receipt.
    #[must_use]
    pub(crate) fn receipt(receipt: &Receipt) -> Self {
        Self::Receipt(Priced::of(receipt))
    }

    /// Keeps a hold's lines.
    #[must_use]
    pub(crate) fn lines(lines: &[HoldLine]) -> Self {
        Self::Lines(lines.iter().map(Line::of).collect())
    }

    /// Keeps the terms of new grants.
    pub(crate) fn grants<'a>(grants: impl IntoIterator<Item = (i64, &'a GrantTerms)>) -> Self {
        let terms = |(id, terms): (i64, &GrantTerms)| Terms {
            id,
            source: terms.source.code(),
            granted: terms.granted,
            label: terms.label.clone(),
            priority: terms.priority,
            effective_at: terms.effective_at.timestamp_micros(),
            expires_at: terms.expires_at.map(|at| at.timestamp_micros()),
            cost: terms.cost.map(|cost| (cost.minor(), cost.currency().code().to_owned())),
            reference: terms.reference.clone(),
            limit: terms.limit.clone(),
        };
        Self::Grants(grants.into_iter().map(terms).collect())
    }

    /// Writes the stored form.
    #[must_use]
    pub(crate) fn to_text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Reads the stored form; `None` where it is of a later version.
    #[must_use]
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Gives the receipt of a debit, completed from its row's columns.
    ///
    /// A capture has one only where it took the whole of one line; what several lines or a part of one come to is told
    /// by [`EntryPayload::into_lines`].
    #[must_use]
    pub(crate) fn into_receipt(
        self,
        operation: Option<String>,
        name: Option<String>,
        category: Option<String>,
        count: i64,
        total: Credits,
    ) -> Option<Receipt> {
        match self {
            Self::Receipt(priced) => {
                Some(priced.receipt(operation?, name.unwrap_or_default(), category.unwrap_or_default(), count, total))
            }
            Self::Lines(lines) => match <[Line; 1]>::try_from(lines) {
                Ok([line]) if line.captured == line.total && line.total == total => Some(line.line().receipt),
                _ => None,
            },
            Self::Grants(_) | Self::Why(_) => None,
        }
    }

    /// Names the grants that the row brought.
    pub(crate) fn grant_ids(&self) -> impl Iterator<Item = i64> {
        let terms = match self {
            Self::Grants(terms) => terms.as_slice(),
            _ => &[],
        };
        terms.iter().map(|terms| terms.id)
    }

    /// Gives why it was done, where somebody said so.
    #[must_use]
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Why(reason) => Some(reason),
            _ => None,
        }
    }

    /// Gives the lines of a hold or capture.
    #[must_use]
    pub(crate) fn into_lines(self) -> Vec<HoldLine> {
        match self {
            Self::Lines(lines) => lines.into_iter().map(Line::line).collect(),
            _ => Vec::new(),
        }
    }
}

/// Reads the lines of a hold or capture from what its row says; none of any other row.
#[must_use]
pub fn lines_of(detail: Option<&str>) -> Vec<HoldLine> {
    detail.and_then(EntryPayload::from_text).map(EntryPayload::into_lines).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credits(whole: i64) -> Credits {
        Credits::from_whole(whole).expect("fits")
    }

    fn line(whole: i64, captured: i64) -> HoldLine {
        HoldLine { receipt: Receipt::flat("job", "Job", credits(whole)), captured: credits(captured) }
    }

    fn receipt_of(lines: &[HoldLine], total: i64) -> Option<Receipt> {
        let text = EntryPayload::lines(lines).to_text().expect("a text");
        let detail = EntryPayload::from_text(&text).expect("a detail");
        assert_eq!(detail.clone().into_lines(), lines);
        detail.into_receipt(Some("job".to_owned()), None, None, 1, credits(total))
    }

    #[test]
    fn a_capture_has_one_receipt_only_where_one_line_was_taken_whole() {
        assert_eq!(receipt_of(&[line(44, 44)], 44).expect("the whole line").total, credits(44));
        assert_eq!(receipt_of(&[line(44, 40)], 40), None);
        assert_eq!(receipt_of(&[line(5, 5), line(32, 32)], 37), None);
        assert_eq!(receipt_of(&[line(44, 0)], 0), None);
    }

    #[test]
    fn a_quote_is_kept_and_rows_without_one_read_as_before() {
        let mut receipt = Receipt::flat("gpt-5", "GPT-5", credits(2));
        let old = r#"{"r":{"v":0,"r":"flat","t":"fixed"}}"#;
        assert_eq!(EntryPayload::receipt(&receipt).to_text().as_deref(), Some(old));
        let read = |text: &str| {
            let (operation, title, category) = ("gpt-5".to_owned(), "GPT-5".to_owned(), "tool".to_owned());
            let detail = EntryPayload::from_text(text).expect("a detail");
            detail.into_receipt(Some(operation), Some(title), Some(category), 1, credits(2)).expect("a receipt")
        };
        assert_eq!(read(old), receipt);
        receipt.quote = Some("quo_0193a1d27f5e7c3a9b1e5d2f8c6a4b10".to_owned());
        assert_eq!(read(&EntryPayload::receipt(&receipt).to_text().expect("a text")), receipt);
        let held = [HoldLine { receipt, captured: Credits::ZERO }];
        let text = EntryPayload::lines(&held).to_text().expect("a text");
        assert_eq!(EntryPayload::from_text(&text).expect("a detail").into_lines(), held);
    }
}
