//! Documents as callers see them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::details::Party;
use crate::id::{AccountId, DocumentId, IdError, PaymentId};
use crate::money::{Credits, Money};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Confirms a payment; every payment that succeeded has one.
    Receipt,
    /// Tells the same of a payment, addressed to its buyer; issued on request.
    Invoice,
    /// Reduces a receipt or an invoice by what went back.
    CreditNote,
    /// Takes a credit note back: the money did not arrive after all.
    DebitNote,
}

impl DocumentKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Receipt, Self::Invoice, Self::CreditNote, Self::DebitNote];

    /// Gives the name kept in storage and used on the command line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::DebitNote => "debit_note",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bought {
    /// Credits: a package or an amount, by hand or by auto top-up.
    Credits,
    /// A month of a plan.
    PlanMonth,
    /// A year of a plan.
    PlanYear,
    /// The difference to a higher plan.
    PlanChange,
}

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentLine {
    /// What was bought.
    pub bought: Bought,
    /// What it is called.
    pub title: String,
    /// The credits that it brought, or that were taken back with the money.
    pub credits: Credits,
    /// The word for them, in the document's language.
    pub unit: String,
    /// What it costs without tax, in the currency's minor unit.
    pub net_minor: i64,
}

/// The tax line of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentTax {
    /// What it is called; empty where the provider added it and nobody has named it.
    pub name: String,
    /// The rate in hundredths of a percent, where prices include it; none where the provider worked it out.
    pub basis_points: Option<u16>,
    /// How much it is, in the currency's minor unit.
    pub minor: i64,
}

/// Everything that a document prints besides its number and its total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentContent {
    /// Who sells.
    pub seller: Party,
    /// Who buys.
    pub buyer: Party,
    /// What for.
    pub lines: Vec<DocumentLine>,
    /// The tax, where there is any.
    pub tax: Option<DocumentTax>,
    /// The number of the document that it is issued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// Whether money went back since the buyer's bank took it, and not by a refund.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_dispute: bool,
    /// The day on which the money moved, in the account's time zone.
    pub paid_on: NaiveDate,
    /// The day of the document, in the account's time zone.
    pub issued_on: NaiveDate,
    /// Who took the money: `stripe`, `yookassa`, `sandbox`.
    pub provider: String,
    /// The instrument: `Visa •• 4242`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What the seller prints below the totals.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A document that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The document.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// The series of its number.
    pub series: String,
    /// Its number in the series, from 1.
    pub number: i64,
    /// Whose.
    pub account: AccountId,
    /// The payment that it is about.
    pub payment: PaymentId,
    /// The total with tax: of a credit note what went back.
    pub total: Money,
    /// The part of it that is tax, in the minor unit.
    pub tax_minor: i64,
    /// Its language: `en` or `ru`.
    pub locale: String,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// Everything else that it prints.
    pub content: DocumentContent,
}

impl Document {
    /// Gives what people call it: `INV-00042`.
    #[must_use]
    pub fn code(&self) -> String {
        document_code(&self.series, self.number)
    }
}

/// Writes a number with its series: `INV-00042`.
#[must_use]
pub(super) fn document_code(series: &str, number: i64) -> String {
    format!("{series}-{number:05}")
}

/// A document in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentSummary {
    /// The document.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// What people call it: `INV-00042`.
    pub code: String,
    /// What was bought.
    pub title: String,
    /// The payment that it is about.
    pub payment: PaymentId,
    /// The number of the document that it is issued for.
    pub original: Option<String>,
    /// The total with tax.
    pub total: Money,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// Whether its payment has an invoice.
    pub has_invoice: bool,
}

/// One page of documents, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPage {
    /// The documents.
    pub documents: Vec<DocumentSummary>,
    /// Pass it as `before` for the next page; `None` on the last one.
    pub next: Option<DocumentId>,
    /// The months of which there are statements, newest first.
    pub months: Vec<Month>,
}

/// A series, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesView {
    /// Its name: `INV`.
    pub name: String,
    /// What takes its numbers from it.
    pub kind: DocumentKind,
    /// The last number that was taken; 0 for none.
    pub last_number: i64,
    /// Whether new documents take their numbers from it.
    pub is_current: bool,
}

/// A month of the calendar: `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(NaiveDate);

impl Month {
    /// Gives the month of a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Gives its first day.
    #[must_use]
    pub const fn first(self) -> NaiveDate {
        self.0
    }

    /// Gives the first day of the month after it; the same where the calendar ends.
    #[must_use]
    pub fn end(self) -> NaiveDate {
        self.0.checked_add_months(chrono::Months::new(1)).unwrap_or(self.0)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = IdError;

    /// Reads `2026-11`, of the years 1970 to 9999.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let day = (text.len() == 7).then(|| NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok());
        let day = day.flatten().filter(|day| (1970..=9999).contains(&day.year()));
        day.map(Self).ok_or(IdError)
    }
}

impl TryFrom<String> for Month {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

/// One document in a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRow {
    /// What it is.
    pub kind: DocumentKind,
    /// What people call it.
    pub code: String,
    /// What was bought.
    pub title: String,
    /// Its day, in the account's time zone.
    pub on: NaiveDate,
    /// The total with tax; below zero where it reduces.
    pub total: Money,
    /// The part of it that is tax, of the same sign.
    pub tax_minor: i64,
}

/// What a month comes to in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementTotals {
    /// What was paid, by receipts.
    pub paid: Money,
    /// What went back, by credit notes less debit notes.
    pub returned: Money,
    /// The difference.
    pub net: Money,
    /// The part of it that is tax, in the minor unit.
    pub tax_minor: i64,
}

/// What was paid and what went back in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The month, in the account's time zone.
    pub month: Month,
    /// Whether it is over: then the statement is the same for ever.
    pub is_final: bool,
    /// Who sells.
    pub seller: Party,
    /// Who buys.
    pub buyer: Party,
    /// The language.
    pub locale: String,
    /// Receipts, credit notes and debit notes, oldest first. An invoice tells the same as its receipt.
    pub rows: Vec<StatementRow>,
    /// By currency.
    pub totals: Vec<StatementTotals>,
    /// The day on which it was made, in the account's time zone.
    pub made_on: NaiveDate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_back() {
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(DocumentKind::from_code("bill"), None);
    }

    #[test]
    fn numbers_sort_as_files() {
        assert_eq!(document_code("INV", 42), "INV-00042");
        assert_eq!(document_code("2027-INV", 123_456), "2027-INV-123456");
    }

    #[test]
    fn months_are_read_back() {
        let month: Month = "2026-12".parse().expect("a month");
        assert_eq!(month.to_string(), "2026-12");
        assert_eq!(month.end(), NaiveDate::from_ymd_opt(2027, 1, 1).expect("a day"));
        assert_eq!(Month::of(NaiveDate::from_ymd_opt(2026, 12, 31).expect("a day")), month);
        for wrong in ["", "2026-13", "2026-1", "20261", "2026-12-01", "0000-01", "1969-12", "２０２６-12"] {
            assert_eq!(wrong.parse::<Month>(), Err(IdError), "{wrong:?}");
        }
    }
}
