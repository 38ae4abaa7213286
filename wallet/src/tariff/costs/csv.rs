//! Upstream costs as a sheet: what each operation costs, for how many units, by which source, until when.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::error::{ImportError, PlacedImportError};
use crate::money::Credits;
use crate::tariff::costs::margin::MarginRow;
use crate::tariff::editing::csv::table::{Cell, CsvTable, cost, quoted};
use crate::tariff::model::cost::SourcedCost;
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::tariff::UpstreamCost;

/// The columns of a sheet of upstream costs that are kept with their history.
const SOURCED_COLUMNS: [&str; 6] = ["operation", "cost", "per", "currency", "source", "review_on"];
/// The longest source of a cost.
const SOURCE_MAX: usize = 200;
/// The most units that one cost is for.
const PER_MAX: i64 = 1_000_000_000;

/// Reads a sheet of upstream costs with their sources. A cost without a day of review gets one so many days from today.
pub(crate) fn read_sourced_costs(
    text: &str,
    book: &PriceBook,
    today: NaiveDate,
    review_days: u16,
) -> Result<Vec<SourcedCost>, Vec<PlacedImportError>> {
    let table = CsvTable::read(text, &SOURCED_COLUMNS, &["operation", "cost", "currency"])?;
    let mut costs: Vec<SourcedCost> = Vec::new();
    let mut errors = Vec::new();
    let known: BTreeSet<&str> = book.tariffs.iter().map(|tariff| tariff.operation.as_str()).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for row in &table.rows {
        let operation = table.cell(row, "operation");
        if !seen.insert(operation.text.clone()) {
            errors.push(operation.wrong(ImportError::Twice { operation: operation.text.clone() }));
            continue;
        }
        if !known.contains(operation.text.as_str()) {
            errors.push(operation.wrong(ImportError::NoOperation { operation: operation.text.clone() }));
            continue;
        }
        match sourced_cost(&table, row, today, review_days) {
            Ok(cost) => costs.push(cost),
            Err(error) => errors.push(error),
        }
    }
    if costs.is_empty() && errors.is_empty() {
        let start = Cell { text: String::new(), line: 1, column: 1 };
        errors.push(start.wrong(ImportError::NoCosts));
    }
    if errors.is_empty() { Ok(costs) } else { Err(errors) }
}

fn sourced_cost(
    table: &CsvTable,
    row: &[Cell],
    today: NaiveDate,
    review_days: u16,
) -> Result<SourcedCost, PlacedImportError> {
    let UpstreamCost { micros, currency, review_on, .. } = cost(table, row, today, review_days)?;
    let (per, source, day) = (table.cell(row, "per"), table.cell(row, "source"), table.cell(row, "review_on"));
    let units = if per.text.is_empty() { Some(1) } else { per.text.parse::<i64>().ok() };
    let units = units
        .filter(|units| (1..=PER_MAX).contains(units))
        .ok_or_else(|| per.wrong(ImportError::NotUnits { found: per.text.clone(), max: PER_MAX }))?;
    if source.text.chars().count() > SOURCE_MAX {
        return Err(source.wrong(ImportError::SourceTooLong { max: SOURCE_MAX }));
    }
    let review_on = review_on.filter(|day| *day >= today);
    let review_on = review_on.ok_or_else(|| day.wrong(ImportError::DayOver { found: day.text.clone(), today }))?;
    Ok(SourcedCost {
        operation: table.cell(row, "operation").text,
        micros,
        per: units,
        currency,
        source: source.text,
        review_on,
    })
}

/// Writes the costs that are known as the sheet that they can be uploaded as again.
#[must_use]
pub(crate) fn write_costs(rows: &[MarginRow]) -> String {
    let mut out = SOURCED_COLUMNS.join(",");
    out.push('\n');
    for row in rows {
        let Some(cost) = &row.cost else { continue };
        let cells = [
            Credits::from_micros(cost.micros).to_field(),
            cost.per.to_string(),
            cost.currency.to_string(),
            cost.source.clone(),
            cost.review_on.to_string(),
        ];
        let cells = std::iter::once(row.operation.as_str()).chain(cells.iter().map(String::as_str));
        out.push_str(&cells.map(quoted).collect::<Vec<_>>().join(","));
        out.push('\n');
    }
    out
}
