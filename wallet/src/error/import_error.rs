//! What is wrong in a file of prices or costs, as facts: each reader gets the words of their own language.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::money::{AmountError, Credits, Readings};

/// Something wrong in a file, and where. Its text is English, for callers of the REST API and for commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("line {line}, column {column}: {mistake}")]
pub struct PlacedImportError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was found and what was expected.
    pub mistake: ImportError,
}

/// What can be wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ImportError {
    /// There is nothing in the sheet, not even a head.
    #[error("the sheet is empty; expected the columns {}", columns.join(", "))]
    Empty {
        /// The columns that a sheet may have.
        columns: Vec<String>,
    },
    /// The head names a column that there isn't.
    #[error("unknown column “{name}”; expected {}", columns.join(", "))]
    UnknownColumn {
        /// The name that was found.
        name: String,
        /// The columns that a sheet may have.
        columns: Vec<String>,
    },
    /// The head lacks a column.
    #[error("the column {name} is missing")]
    MissingColumn {
        /// The column.
        name: String,
    },
    /// A row is longer or shorter than the head.
    #[error("{found} cells; expected {expected}")]
    Cells {
        /// The cells of the row.
        found: usize,
        /// The columns of the head.
        expected: usize,
    },
    /// More rows than a sheet may have.
    #[error("{found} rows; expected at most {most}")]
    TooManyRows {
        /// The rows that there are.
        found: usize,
        /// The most that there may be.
        most: usize,
    },
    /// A quote is opened and never closed.
    #[error("this quote is never closed")]
    UnclosedQuote,
    /// A cell with a control character.
    #[error("this cell holds a control character, such as a line end; a cell is one line of text")]
    ControlCharacter,
    /// An operation is in the sheet twice.
    #[error("{operation} is listed twice")]
    Twice {
        /// The operation.
        operation: String,
    },
    /// A price of an operation is in the sheet twice.
    #[error("{operation} with this option is listed twice")]
    OptionTwice {
        /// The operation.
        operation: String,
    },
    /// No amount where one belongs.
    #[error("the price is empty; {AN_AMOUNT}", AN_AMOUNT = AN_AMOUNT)]
    NoPrice,
    /// A text that can't be read as an amount.
    #[error("“{found}” is {why}; {AN_AMOUNT}", AN_AMOUNT = AN_AMOUNT)]
    NotAnAmount {
        /// The text.
        found: String,
        /// Why not.
        why: AmountError,
    },
    /// An amount that can be read in two ways.
    #[error("“{found}” can be read in two ways; write {} or {}", readings.grouped, readings.decimal)]
    Ambiguous {
        /// The text.
        found: String,
        /// Both readings.
        readings: Readings,
    },
    /// An amount below zero.
    #[error("{found} is negative; {AN_AMOUNT}", AN_AMOUNT = AN_AMOUNT)]
    Negative {
        /// The amount.
        found: Credits,
    },
    /// An amount above what a price may be.
    #[error("{found} is too large; a price is at most {max}")]
    TooLarge {
        /// The amount.
        found: Credits,
        /// The largest price.
        max: Credits,
    },
    /// The operation's rule has no such option.
    #[error("{operation} has no option “{option}”; expected one of {}", listed(known))]
    NoOption {
        /// The operation.
        operation: String,
        /// The option that was found.
        option: String,
        /// The options that it has.
        known: Vec<String>,
    },
    /// A text that can't be an operation's code.
    #[error("“{found}” can't name an operation: 1–64 of a–z, 0–9, dot, dash, underscore")]
    NotAnOperation {
        /// The text.
        found: String,
    },
    /// The price book doesn't have the operation.
    #[error("there is no operation “{operation}” in the price book")]
    NoOperation {
        /// The operation.
        operation: String,
    },
    /// The price book doesn't have the operation, and the row says too little to add it.
    #[error("there is no operation “{operation}” in the price book; give its name, category and unit to add it")]
    NoOperationToAdd {
        /// The operation.
        operation: String,
    },
    /// A sheet says something else of an operation than the price book, besides its price.
    #[error(
        "the {column} of {operation} is “{known}”, not “{found}”; a sheet changes prices only: change it in the editor, \
         or leave the cell empty"
    )]
    OnlyPrices {
        /// The operation.
        operation: String,
        /// The column.
        column: String,
        /// What the sheet says.
        found: String,
        /// What the price book says.
        known: String,
    },
    /// A file that is no text.
    #[error("this is not text in UTF-8; save the file as UTF-8 (in a spreadsheet: “CSV UTF-8”)")]
    NotText,
    /// A sheet can only add operations with one price.
    #[error("a new operation has one price for all; add options in the editor")]
    NewHasOptions,
    /// A text that names no category.
    #[error("“{found}” is not a category: {}", alternatives(known))]
    NotACategory {
        /// The text.
        found: String,
        /// The categories that there are.
        known: Vec<String>,
    },
    /// A text that names no currency.
    #[error("“{found}” is not a currency; expected an ISO 4217 code: USD")]
    NotACurrency {
        /// The text.
        found: String,
    },
    /// A text that names no day.
    #[error("“{found}” is not a day; expected 2026-12-21")]
    NotADay {
        /// The text.
        found: String,
    },
    /// A day of review that has passed.
    #[error("“{found}” is in the past; expected a day from {today} on")]
    DayOver {
        /// The day, as the sheet says it.
        found: String,
        /// The first day that can be named.
        today: NaiveDate,
    },
    /// A head without a row below it.
    #[error("the sheet has a header, but no costs below it")]
    NoCosts,
    /// A text that doesn't say how many units a cost is for.
    #[error("“{found}” is not a number of units; expected a whole number from 1 to {max}")]
    NotUnits {
        /// The text.
        found: String,
        /// The most units.
        max: i64,
    },
    /// The source of a cost has too many letters.
    #[error("the source is longer than {max} characters")]
    SourceTooLong {
        /// The most letters.
        max: usize,
    },
    /// A mistake of a price list in TOML, in the words of whoever read it.
    #[error("{0}")]
    Other(String),
}

/// What is expected where an amount belongs.
const AN_AMOUNT: &str = "expected an amount that is not negative, with at most six decimals: 4 or 0.5";

/// Joins texts that a file could say instead: `“s × hd”, “l × hd”`.
fn listed(known: &[String]) -> String {
    known.iter().map(|text| format!("“{text}”")).collect::<Vec<_>>().join(", ")
}

/// Joins words of which one is right: `text, image or video`.
fn alternatives(known: &[String]) -> String {
    match known.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => known.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each() -> Vec<(ImportError, &'static str)> {
        let text = || "x".to_owned();
        let two = || vec!["s × hd".to_owned(), "l".to_owned()];
        let credits = |whole| Credits::from_whole(whole).expect("fits");
        let amount = |why| ImportError::NotAnAmount { found: text(), why };
        let today = "2026-11-21".parse().expect("a day");
        vec![
            (ImportError::Empty { columns: two() }, "the sheet is empty; expected the columns s × hd, l"),
            (ImportError::UnknownColumn { name: text(), columns: two() }, "unknown column “x”; expected s × hd, l"),
            (ImportError::MissingColumn { name: text() }, "the column x is missing"),
            (ImportError::Cells { found: 1, expected: 2 }, "1 cells; expected 2"),
            (ImportError::TooManyRows { found: 20_001, most: 20_000 }, "20001 rows; expected at most 20000"),
            (ImportError::UnclosedQuote, "this quote is never closed"),
            (
                ImportError::ControlCharacter,
                "this cell holds a control character, such as a line end; a cell is one line of text",
            ),
            (ImportError::Twice { operation: text() }, "x is listed twice"),
            (ImportError::OptionTwice { operation: text() }, "x with this option is listed twice"),
            (ImportError::NoPrice, "the price is empty; {amount}"),
            (amount(AmountError::NotANumber), "“x” is not a number; {amount}"),
            (amount(AmountError::TooPrecise), "“x” is too many decimals; {amount}"),
            (amount(AmountError::TooLarge), "“x” is too large; {amount}"),
            (
                ImportError::Ambiguous {
                    found: text(),
                    readings: Readings { grouped: "1000".to_owned(), decimal: "1.00".to_owned() },
                },
                "“x” can be read in two ways; write 1000 or 1.00",
            ),
            (ImportError::Negative { found: credits(-2) }, "-2 is negative; {amount}"),
            (ImportError::TooLarge { found: credits(9), max: credits(8) }, "9 is too large; a price is at most 8"),
            (
                ImportError::NoOption { operation: text(), option: text(), known: two() },
                "x has no option “x”; expected one of “s × hd”, “l”",
            ),
            (
                ImportError::NotAnOperation { found: text() },
                "“x” can't name an operation: 1–64 of a–z, 0–9, dot, dash, underscore",
            ),
            (ImportError::NoOperation { operation: text() }, "there is no operation “x” in the price book"),
            (
                ImportError::NoOperationToAdd { operation: text() },
                "there is no operation “x” in the price book; give its name, category and unit to add it",
            ),
            (
                ImportError::OnlyPrices { operation: text(), column: "unit".to_owned(), found: text(), known: text() },
                "the unit of x is “x”, not “x”; a sheet changes prices only: change it in the editor, or leave the cell \
                 empty",
            ),
            (ImportError::NotText, "this is not text in UTF-8; save the file as UTF-8 (in a spreadsheet: “CSV UTF-8”)"),
            (ImportError::NewHasOptions, "a new operation has one price for all; add options in the editor"),
            (ImportError::NotACategory { found: text(), known: two() }, "“x” is not a category: s × hd or l"),
            (ImportError::NotACurrency { found: text() }, "“x” is not a currency; expected an ISO 4217 code: USD"),
            (ImportError::NotADay { found: text() }, "“x” is not a day; expected 2026-12-21"),
            (ImportError::DayOver { found: text(), today }, "“x” is in the past; expected a day from 2026-11-21 on"),
            (ImportError::NoCosts, "the sheet has a header, but no costs below it"),
            (
                ImportError::NotUnits { found: text(), max: 9 },
                "“x” is not a number of units; expected a whole number from 1 to 9",
            ),
            (ImportError::SourceTooLong { max: 200 }, "the source is longer than 200 characters"),
            (ImportError::Other("missing field `price`".to_owned()), "missing field `price`"),
        ]
    }

    #[test]
    fn each_error_says_what_was_found_and_what_was_expected() {
        for (mistake, words) in each() {
            let error = PlacedImportError { line: 3, column: 10, mistake };
            assert_eq!(error.to_string(), format!("line 3, column 10: {}", words.replace("{amount}", AN_AMOUNT)));
        }
    }

    #[test]
    fn each_error_comes_back_from_json_as_it_was() {
        for (mistake, words) in each() {
            let error = PlacedImportError { line: 3, column: 10, mistake };
            let json = serde_json::to_string(&error).expect("plain data");
            assert_eq!(serde_json::from_str::<PlacedImportError>(&json).expect("the same"), error, "{words}");
        }
    }
}
