//! Prices as a sheet: CSV that a spreadsheet opens, one row for each price, and back into a price book.
//!
//! Reading changes prices of operations that there are and adds flat ones; nothing is removed, and a sheet with one
//! wrong cell changes nothing: every mistake is named by line and column.

mod costs;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::rule::Flat;
use super::{Category, PRICE_MAX, PriceBook, Rule, Tariff, UpstreamCost, is_operation};
use crate::error::{Mistake, SheetError};
use crate::money::{Credits, Currency, TypedError, read_amount};

pub use costs::{SourcedCost, read_sourced_costs, write_costs};

/// The columns of a price sheet.
const PRICE_COLUMNS: [&str; 7] = ["operation", "name", "category", "unit", "supplier", "option", "price"];
/// Joins the options of a price: `1792x1024 × hd`.
const JOINT: &str = " × ";
/// The most rows of a sheet.
const ROWS_MAX: usize = 20_000;

/// One cell and where it begins.
#[derive(Clone, Debug, Default)]
struct Cell {
    text: String,
    line: usize,
    column: usize,
}

impl Cell {
    const fn wrong(&self, mistake: Mistake) -> SheetError {
        SheetError { line: self.line, column: self.column, mistake }
    }
}

/// Writes the prices of a book as a sheet.
#[must_use]
pub fn write_prices(book: &PriceBook) -> String {
    let mut out = PRICE_COLUMNS.join(",");
    out.push('\n');
    for tariff in &book.tariffs {
        let supplier = tariff.supplier.as_deref().unwrap_or("");
        let head = [&tariff.operation, &tariff.name, tariff.category.code(), &tariff.unit, supplier];
        for cell in tariff.rule.cells() {
            let (option, price) = (cell.labels.join(JOINT), cell.credits.to_field());
            let row = head.iter().copied().chain([option.as_str(), price.as_str()]);
            out.push_str(&row.map(quoted).collect::<Vec<_>>().join(","));
            out.push('\n');
        }
    }
    out
}

/// Quotes a cell where CSV or a spreadsheet needs it: one that begins like a formula is no formula.
fn quoted(text: &str) -> String {
    let begins = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let formula = begins(text) || text.strip_prefix('\'').is_some_and(begins);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', ';', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Reads a price sheet on top of a book: gives the book's tariffs with the sheet's prices.
pub fn read_prices(text: &str, book: &PriceBook) -> Result<Vec<Tariff>, Vec<SheetError>> {
    let sheet = Sheet::read(text, &PRICE_COLUMNS, &["operation", "price"])?;
    let mut known: BTreeMap<&str, Known<'_>> =
        book.tariffs.iter().map(|tariff| (tariff.operation.as_str(), Known::new(tariff))).collect();
    let mut new: Vec<Tariff> = Vec::new();
    let mut errors = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for row in &sheet.rows {
        let operation = sheet.cell(row, "operation");
        let option = sheet.cell(row, "option");
        if !seen.insert((operation.text.clone(), option.text.clone())) {
            errors.push(operation.wrong(Mistake::OptionTwice { operation: operation.text.clone() }));
            continue;
        }
        let price = match price(&sheet.cell(row, "price")) {
            Ok(price) => price,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        match known.get_mut(operation.text.as_str()) {
            Some(known) => {
                errors.extend(known.differences(&sheet, row));
                errors.extend(known.set(&option, price).err());
            }
            None => match add_flat(&sheet, row, price, book.tariffs.len().saturating_add(new.len())) {
                // The second price of a new operation.
                Ok(tariff) if new.iter().any(|known| known.operation == tariff.operation) => {
                    errors.push(option.wrong(Mistake::NewHasOptions));
                }
                Ok(tariff) => new.push(tariff),
                Err(error) => errors.push(error),
            },
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let priced = |tariff: &Tariff| known.get(tariff.operation.as_str()).map_or_else(|| tariff.clone(), Known::priced);
    Ok(book.tariffs.iter().map(priced).chain(new).collect())
}

/// An operation of the book and the prices that the sheet gives it.
struct Known<'b> {
    tariff: &'b Tariff,
    prices: Vec<Credits>,
    /// Where each option's price is; of equal names the first.
    places: BTreeMap<String, usize>,
    is_changed: bool,
}

impl<'b> Known<'b> {
    fn new(tariff: &'b Tariff) -> Self {
        let cells = tariff.rule.cells();
        let mut places = BTreeMap::new();
        for (place, cell) in cells.iter().enumerate() {
            places.entry(cell.labels.join(JOINT)).or_insert(place);
        }
        let prices = cells.into_iter().map(|cell| cell.credits).collect();
        Self { tariff, prices, places, is_changed: false }
    }

    fn set(&mut self, option: &Cell, price: Credits) -> Result<(), SheetError> {
        let place = self.places.get(&option.text).and_then(|place| self.prices.get_mut(*place));
        let Some(known) = place else {
            let known = self.tariff.rule.cells().iter().map(|cell| cell.labels.join(JOINT)).collect();
            let (operation, found) = (self.tariff.operation.clone(), option.text.clone());
            return Err(option.wrong(Mistake::NoOption { operation, option: found, known }));
        };
        self.is_changed |= *known != price;
        *known = price;
        Ok(())
    }

    /// Lists what a row says of the operation besides its price, where that is something else than the book says. An
    /// empty cell says nothing.
    fn differences(&self, sheet: &Sheet, row: &[Cell]) -> Vec<SheetError> {
        let supplier = self.tariff.supplier.as_deref().unwrap_or("");
        let said = [
            ("name", self.tariff.name.as_str()),
            ("category", self.tariff.category.code()),
            ("unit", self.tariff.unit.as_str()),
            ("supplier", supplier),
        ];
        let differs = |(column, known): (&str, &str)| {
            let cell = sheet.cell(row, column);
            let mistake = Mistake::OnlyPrices {
                operation: self.tariff.operation.clone(),
                column: column.to_owned(),
                found: cell.text.clone(),
                known: known.to_owned(),
            };
            (!cell.text.is_empty() && cell.text != known.trim()).then(|| cell.wrong(mistake))
        };
        said.into_iter().filter_map(differs).collect()
    }

    fn priced(&self) -> Tariff {
        let rule = Some(()).filter(|()| self.is_changed).and_then(|()| self.tariff.rule.with_cells(&self.prices));
        Tariff { rule: rule.unwrap_or_else(|| self.tariff.rule.clone()), ..self.tariff.clone() }
    }
}

fn price(cell: &Cell) -> Result<Credits, SheetError> {
    let found = || cell.text.clone();
    let price = read_amount(&cell.text).map_err(|error| match error {
        TypedError::Empty => cell.wrong(Mistake::NoPrice),
        TypedError::Ambiguous(readings) => cell.wrong(Mistake::Ambiguous { found: found(), readings }),
        TypedError::Wrong(why) => cell.wrong(Mistake::NotAnAmount { found: found(), why }),
    })?;
    if price.is_negative() {
        return Err(cell.wrong(Mistake::Negative { found: price }));
    }
    if price > PRICE_MAX {
        return Err(cell.wrong(Mistake::TooLarge { found: price, max: PRICE_MAX }));
    }
    Ok(price)
}

/// Makes a flat tariff of a row that names an operation which the book doesn't have.
fn add_flat(sheet: &Sheet, row: &[Cell], price: Credits, position: usize) -> Result<Tariff, SheetError> {
    let cell = |name: &str| sheet.cell(row, name);
    let (operation, option, category) = (cell("operation"), cell("option"), cell("category"));
    if !is_operation(&operation.text) {
        return Err(operation.wrong(Mistake::NotAnOperation { found: operation.text.clone() }));
    }
    let (name, unit) = (cell("name"), cell("unit"));
    if name.text.is_empty() || unit.text.is_empty() || category.text.is_empty() {
        return Err(operation.wrong(Mistake::NoOperationToAdd { operation: operation.text.clone() }));
    }
    if !option.text.is_empty() {
        return Err(option.wrong(Mistake::NewHasOptions));
    }
    let category: Category = category.text.parse().map_err(|_| {
        let known = Category::ALL.map(|known| known.code().to_owned()).to_vec();
        category.wrong(Mistake::NotACategory { found: category.text.clone(), known })
    })?;
    Ok(Tariff {
        operation: operation.text,
        name: name.text,
        category,
        unit: unit.text,
        supplier: Some(cell("supplier").text).filter(|text| !text.is_empty()),
        upstream_cost: None,
        minimum_plan: None,
        gates: Vec::new(),
        rule: Rule::Flat(Flat { credits: price }),
        position: i32::try_from(position).unwrap_or(i32::MAX),
    })
}

fn cost(sheet: &Sheet, row: &[Cell], today: NaiveDate, review_days: u16) -> Result<UpstreamCost, SheetError> {
    // Credits have six decimals, like upstream costs.
    let micros = price(&sheet.cell(row, "cost"))?.micros();
    let currency = sheet.cell(row, "currency");
    let wrong = |_| currency.wrong(Mistake::NotACurrency { found: currency.text.clone() });
    let currency: Currency = currency.text.parse().map_err(wrong)?;
    let day = sheet.cell(row, "review_on");
    let review_on = if day.text.is_empty() {
        today.checked_add_days(Days::new(u64::from(review_days)))
    } else {
        let wrong = |_| day.wrong(Mistake::NotADay { found: day.text.clone() });
        Some(day.text.parse().map_err(wrong)?)
    };
    Ok(UpstreamCost { micros, per: 1, currency, review_on })
}

/// Rows under named columns.
struct Sheet {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// Reads a sheet and checks its head. Comma, semicolon or tab divide; the head decides which.
    fn read(text: &str, known: &[&str], needed: &[&str]) -> Result<Self, Vec<SheetError>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let head = text.lines().next().unwrap_or("");
        let divider = [';', '\t'].into_iter().find(|divider| head.contains(*divider)).unwrap_or(',');
        let mut rows = cells(text, divider).map_err(|error| vec![error])?;
        let start = Cell { text: String::new(), line: 1, column: 1 };
        let columns: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        if rows.is_empty() {
            return Err(vec![start.wrong(Mistake::Empty { columns })]);
        }
        let head = rows.remove(0);
        let mut errors: Vec<SheetError> = head
            .iter()
            .filter(|cell| !columns.contains(&cell.text))
            .map(|cell| cell.wrong(Mistake::UnknownColumn { name: cell.text.clone(), columns: columns.clone() }))
            .collect();
        for name in needed {
            if !head.iter().any(|cell| cell.text == *name) {
                errors.push(start.wrong(Mistake::MissingColumn { name: (*name).to_owned() }));
            }
        }
        for row in &rows {
            if let Some(first) = row.first().filter(|_| row.len() != head.len()) {
                errors.push(first.wrong(Mistake::Cells { found: row.len(), expected: head.len() }));
            }
        }
        let cells = head.iter().chain(rows.iter().flatten());
        let is_control = |cell: &&Cell| cell.text.chars().any(char::is_control);
        errors.extend(cells.filter(is_control).map(|cell| cell.wrong(Mistake::ControlCharacter)));
        if rows.len() > ROWS_MAX {
            errors.push(start.wrong(Mistake::TooManyRows { found: rows.len(), most: ROWS_MAX }));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { columns: head.into_iter().map(|cell| cell.text).collect(), rows })
    }

    /// Gives the cell of a column; an empty one where the sheet doesn't have the column.
    fn cell(&self, row: &[Cell], column: &str) -> Cell {
        let place = self.columns.iter().position(|known| known == column);
        let cell = place.and_then(|place| row.get(place)).or_else(|| row.first()).cloned().unwrap_or_default();
        if place.is_some() { cell } else { Cell { text: String::new(), ..cell } }
    }
}

/// Divides CSV into rows of cells (RFC 4180), each with its place; empty lines are left out.
fn cells(text: &str, divider: char) -> Result<Vec<Vec<Cell>>, SheetError> {
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
        return Err(cell.wrong(Mistake::UnclosedQuote));
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

#[cfg(test)]
mod tests;
