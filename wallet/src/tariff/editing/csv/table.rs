//! CSV as a spreadsheet writes it: cells with their places, and what is wrong with one.

use chrono::{Days, NaiveDate};

use crate::error::{ImportError, PlacedImportError};
use crate::money::{Credits, Currency, TypedError, read_amount};
use crate::tariff::model::tariff::UpstreamCost;
use crate::tariff::rule::PRICE_MAX;

/// One cell and where it begins.
#[derive(Clone, Debug, Default)]
pub(in crate::tariff) struct Cell {
    pub(in crate::tariff) text: String,
    pub(in crate::tariff) line: usize,
    pub(in crate::tariff) column: usize,
}

impl Cell {
    pub(in crate::tariff) const fn wrong(&self, mistake: ImportError) -> PlacedImportError {
        PlacedImportError { line: self.line, column: self.column, mistake }
    }
}

/// Quotes a cell where CSV or a spreadsheet needs it: one that begins like a formula is no formula.
pub(in crate::tariff) fn quoted(text: &str) -> String {
    let begins = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let formula = begins(text) || text.strip_prefix('\'').is_some_and(begins);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', ';', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Reads what an operation costs upstream, and when that is to be looked at again.
pub(in crate::tariff) fn cost(
    table: &CsvTable,
    row: &[Cell],
    today: NaiveDate,
    review_days: u16,
) -> Result<UpstreamCost, PlacedImportError> {
    // Credits have six decimals, like upstream costs.
    let micros = price(&table.cell(row, "cost"))?.micros();
    let currency = table.cell(row, "currency");
    let wrong = |_| currency.wrong(ImportError::NotACurrency { found: currency.text.clone() });
    let currency: Currency = currency.text.parse().map_err(wrong)?;
    let day = table.cell(row, "review_on");
    let review_on = if day.text.is_empty() {
        today.checked_add_days(Days::new(u64::from(review_days)))
    } else {
        let wrong = |_| day.wrong(ImportError::NotADay { found: day.text.clone() });
        Some(day.text.parse().map_err(wrong)?)
    };
    Ok(UpstreamCost { micros, per: 1, currency, review_on })
}

/// Rows under named columns.
pub(in crate::tariff) struct CsvTable {
    pub(in crate::tariff) columns: Vec<String>,
    pub(in crate::tariff) rows: Vec<Vec<Cell>>,
}

impl CsvTable {
    /// Reads a sheet and checks its head. Comma, semicolon or tab divide; the head decides which.
    pub(in crate::tariff) fn read(text: &str, known: &[&str], needed: &[&str]) -> Result<Self, Vec<PlacedImportError>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let head = text.lines().next().unwrap_or("");
        let divider = [';', '\t'].into_iter().find(|divider| head.contains(*divider)).unwrap_or(',');
        let mut rows = cells(text, divider).map_err(|error| vec![error])?;
        let start = Cell { text: String::new(), line: 1, column: 1 };
        let columns: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        if rows.is_empty() {
            return Err(vec![start.wrong(ImportError::Empty { columns })]);
        }
        let head = rows.remove(0);
        let mut errors: Vec<PlacedImportError> = head
            .iter()
            .filter(|cell| !columns.contains(&cell.text))
            .map(|cell| cell.wrong(ImportError::UnknownColumn { name: cell.text.clone(), columns: columns.clone() }))
            .collect();
        for name in needed {
            if !head.iter().any(|cell| cell.text == *name) {
                errors.push(start.wrong(ImportError::MissingColumn { name: (*name).to_owned() }));
            }
        }
        for row in &rows {
            if let Some(first) = row.first().filter(|_| row.len() != head.len()) {
                errors.push(first.wrong(ImportError::Cells { found: row.len(), expected: head.len() }));
            }
        }
        let cells = head.iter().chain(rows.iter().flatten());
        let is_control = |cell: &&Cell| cell.text.chars().any(char::is_control);
        errors.extend(cells.filter(is_control).map(|cell| cell.wrong(ImportError::ControlCharacter)));
        if rows.len() > ROWS_MAX {
            errors.push(start.wrong(ImportError::TooManyRows { found: rows.len(), most: ROWS_MAX }));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { columns: head.into_iter().map(|cell| cell.text).collect(), rows })
    }

    /// Gives the cell of a column; an empty one where the sheet doesn't have the column.
    pub(in crate::tariff) fn cell(&self, row: &[Cell], column: &str) -> Cell {
        let place = self.columns.iter().position(|known| known == column);
        let cell = place.and_then(|place| row.get(place)).or_else(|| row.first()).cloned().unwrap_or_default();
        if place.is_some() { cell } else { Cell { text: String::new(), ..cell } }
    }
}

/// Divides CSV into rows of cells (RFC 4180), each with its place; empty lines are left out.
fn cells(text: &str, divider: char) -> Result<Vec<Vec<Cell>>, PlacedImportError> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut row: Vec<Cell> = Vec::new();
    let (mut line, mut column) = (1_usize, 1_usize);
    let mut cell = Cell { text: String::new(), line, column };
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        column = column.saturating_add(1);
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                column = column.saturating_add(1);
                cell.text.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if cell.text.trim().is_empty() => {
                cell.text.clear();
                is_quoted = true;
            }
            '\n' => {
                line = line.saturating_add(1);
                column = 1;
                if is_quoted {
                    cell.text.push('\n');
                    continue;
                }
                end_row(&mut rows, &mut row, &mut cell, (line, column));
            }
            '\r' if !is_quoted => {}
            letter if letter == divider && !is_quoted => {
                let next = Cell { text: String::new(), line, column };
                row.push(tidy(std::mem::replace(&mut cell, next)));
            }
            letter => cell.text.push(letter),
        }
    }
    if is_quoted {
        return Err(cell.wrong(ImportError::UnclosedQuote));
    }
    end_row(&mut rows, &mut row, &mut cell, (line, column));
    Ok(rows)
}

fn end_row(rows: &mut Vec<Vec<Cell>>, row: &mut Vec<Cell>, cell: &mut Cell, (line, column): (usize, usize)) {
    let next = Cell { text: String::new(), line, column };
    row.push(tidy(std::mem::replace(cell, next)));
    let row = std::mem::take(row);
    if row.iter().any(|cell| !cell.text.is_empty()) {
        rows.push(row);
    }
}

/// Cuts spaces, and the apostrophe that keeps a spreadsheet from seeing a formula.
fn tidy(cell: Cell) -> Cell {
    let text = cell.text.trim();
    let formula = text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    Cell { text: formula.unwrap_or(text).to_owned(), ..cell }
}

pub(in crate::tariff) fn price(cell: &Cell) -> Result<Credits, PlacedImportError> {
    let found = || cell.text.clone();
    let price = read_amount(&cell.text).map_err(|error| match error {
        TypedError::Empty => cell.wrong(ImportError::NoPrice),
        TypedError::Ambiguous(readings) => cell.wrong(ImportError::Ambiguous { found: found(), readings }),
        TypedError::Wrong(why) => cell.wrong(ImportError::NotAnAmount { found: found(), why }),
    })?;
    if price.is_negative() {
        return Err(cell.wrong(ImportError::Negative { found: price }));
    }
    if price > PRICE_MAX {
        return Err(cell.wrong(ImportError::TooLarge { found: price, max: PRICE_MAX }));
    }
    Ok(price)
}

/// The most rows of a sheet.
const ROWS_MAX: usize = 20_000;
