//! Prices as a sheet: CSV that a spreadsheet opens, one row for each price, and back into a price book.
//!
//! Reading changes prices of operations that there are and adds flat ones; nothing is removed, and a sheet with one
//! wrong cell changes nothing: every mistake is named by line and column.

pub(in crate::tariff) mod table;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{ImportError, PlacedImportError};
use crate::money::Credits;
use crate::tariff::editing::csv::table::{Cell, CsvTable, price, quoted};
use crate::tariff::model::category::Category;
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::tariff::{Tariff, is_operation};
use crate::tariff::rule::{Flat, Rule};

/// The columns of a price sheet.
const PRICE_COLUMNS: [&str; 7] = ["operation", "name", "category", "unit", "supplier", "option", "price"];
/// Joins the options of a price: `1792x1024 × hd`.
const JOINT: &str = " × ";
/// Writes the prices of a book as a sheet.
#[must_use]
pub(crate) fn write_prices(book: &PriceBook) -> String {
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

/// Reads a price sheet on top of a book: gives the book's tariffs with the sheet's prices.
pub(crate) fn read_prices(text: &str, book: &PriceBook) -> Result<Vec<Tariff>, Vec<PlacedImportError>> {
    let table = CsvTable::read(text, &PRICE_COLUMNS, &["operation", "price"])?;
    let mut known: BTreeMap<&str, Known<'_>> =
        book.tariffs.iter().map(|tariff| (tariff.operation.as_str(), Known::new(tariff))).collect();
    let mut new: Vec<Tariff> = Vec::new();
    let mut errors = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for row in &table.rows {
        let operation = table.cell(row, "operation");
        let option = table.cell(row, "option");
        if !seen.insert((operation.text.clone(), option.text.clone())) {
            errors.push(operation.wrong(ImportError::OptionTwice { operation: operation.text.clone() }));
            continue;
        }
        let price = match price(&table.cell(row, "price")) {
            Ok(price) => price,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        match known.get_mut(operation.text.as_str()) {
            Some(known) => {
                errors.extend(known.differences(&table, row));
                errors.extend(known.set(&option, price).err());
            }
            None => match add_flat(&table, row, price, book.tariffs.len().saturating_add(new.len())) {
                // The second price of a new operation.
                Ok(tariff) if new.iter().any(|known| known.operation == tariff.operation) => {
                    errors.push(option.wrong(ImportError::NewHasOptions));
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

    fn set(&mut self, option: &Cell, price: Credits) -> Result<(), PlacedImportError> {
        let place = self.places.get(&option.text).and_then(|place| self.prices.get_mut(*place));
        let Some(known) = place else {
            let known = self.tariff.rule.cells().iter().map(|cell| cell.labels.join(JOINT)).collect();
            let (operation, found) = (self.tariff.operation.clone(), option.text.clone());
            return Err(option.wrong(ImportError::NoOption { operation, option: found, known }));
        };
        self.is_changed |= *known != price;
        *known = price;
        Ok(())
    }

    /// Lists what a row says of the operation besides its price, where that is something else than the book says. An
    /// empty cell says nothing.
    fn differences(&self, table: &CsvTable, row: &[Cell]) -> Vec<PlacedImportError> {
        let supplier = self.tariff.supplier.as_deref().unwrap_or("");
        let said = [
            ("name", self.tariff.name.as_str()),
            ("category", self.tariff.category.code()),
            ("unit", self.tariff.unit.as_str()),
            ("supplier", supplier),
        ];
        let differs = |(column, known): (&str, &str)| {
            let cell = table.cell(row, column);
            let mistake = ImportError::OnlyPrices {
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

/// Makes a flat tariff of a row that names an operation which the book doesn't have.
fn add_flat(table: &CsvTable, row: &[Cell], price: Credits, position: usize) -> Result<Tariff, PlacedImportError> {
    let cell = |name: &str| table.cell(row, name);
    let (operation, option, category) = (cell("operation"), cell("option"), cell("category"));
    if !is_operation(&operation.text) {
        return Err(operation.wrong(ImportError::NotAnOperation { found: operation.text.clone() }));
    }
    let (name, unit) = (cell("name"), cell("unit"));
    if name.text.is_empty() || unit.text.is_empty() || category.text.is_empty() {
        return Err(operation.wrong(ImportError::NoOperationToAdd { operation: operation.text.clone() }));
    }
    if !option.text.is_empty() {
        return Err(option.wrong(ImportError::NewHasOptions));
    }
    let category: Category = category.text.parse().map_err(|_| {
        let known = Category::ALL.map(|known| known.code().to_owned()).to_vec();
        category.wrong(ImportError::NotACategory { found: category.text.clone(), known })
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
