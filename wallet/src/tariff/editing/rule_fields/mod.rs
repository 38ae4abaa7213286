//! A rule as a sheet of named fields and rows, as a form has it: read into the rule, or refused field by field.
//!
//! The names of a form: `rule.<field>`, `rule.<table>.<row>.<column>`, and `cell.<option>|<option>` for the prices of a
//! matrix, so that a price stays where it is when another option comes or goes.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tariff::rule::CELLS_MAX;

/// The most rows of a table.
const ROWS_MAX: usize = 200;
/// What an empty row of a new table has.
const START_ROWS: usize = 2;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// A name: of a param, an option, a line.
    Text,
    /// Names, with commas between them.
    List,
    /// Credits.
    Price,
    /// A whole number.
    Count,
    /// Another operation of the price book.
    Operation,
}

/// A field of a sheet, or a column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleField {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: CellKind,
    /// Whether it may be left empty.
    pub is_optional: bool,
}

/// A table of a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleTable {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [RuleField],
    /// Whether it may have no rows.
    pub is_optional: bool,
}

/// What a rule's sheet is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleLayout {
    /// The fields.
    pub fields: &'static [RuleField],
    /// The tables.
    pub tables: &'static [RuleTable],
    /// Whether there is a grid of prices: one for each combination of the axes' values.
    pub has_grid: bool,
}

const fn cell(name: &'static str, kind: CellKind) -> RuleField {
    RuleField { name, kind, is_optional: false }
}

const fn optional(name: &'static str, kind: CellKind) -> RuleField {
    RuleField { name, kind, is_optional: true }
}

const fn table(name: &'static str, columns: &'static [RuleField]) -> RuleTable {
    RuleTable { name, columns, is_optional: false }
}

const fn optional_table(name: &'static str, columns: &'static [RuleField]) -> RuleTable {
    RuleTable { name, columns, is_optional: true }
}

const QUANTITY: [RuleField; 4] = [
    cell("param", CellKind::Text),
    optional("per", CellKind::Count),
    optional("default", CellKind::Count),
    optional("max", CellKind::Count),
];
const METERS: &[RuleField] = &[QUANTITY[0], cell("price", CellKind::Price), QUANTITY[1], QUANTITY[2], QUANTITY[3]];
const TIERS: &[RuleField] = &[optional("up_to", CellKind::Count), cell("price", CellKind::Price)];
const AXES: &[RuleField] =
    &[cell("param", CellKind::Text), cell("values", CellKind::List), optional("default", CellKind::Text)];
const LEVELS: &[RuleField] = &[cell("value", CellKind::Text), cell("price", CellKind::Price)];
const MODIFIERS: &[RuleField] =
    &[cell("param", CellKind::Text), cell("value", CellKind::Text), cell("percent", CellKind::Count)];
const SURCHARGES: &[RuleField] = &[
    cell("param", CellKind::Text),
    cell("value", CellKind::Text),
    cell("price", CellKind::Price),
    optional("label", CellKind::Text),
];
const TARGETS: &[RuleField] = &[
    cell("param", CellKind::Text),
    cell("price", CellKind::Price),
    cell("max", CellKind::Count),
    optional("label", CellKind::Text),
];
const PARTS: &[RuleField] = &[cell("key", CellKind::Text), cell("operation", CellKind::Operation)];

const NO_FIELDS: RuleLayout = RuleLayout { fields: &[], tables: &[], has_grid: false };

/// Gives what the sheet of a rule is made of, by the rule's name; an empty one where there is no such rule.
#[must_use]
pub fn rule_layout(kind: &str) -> RuleLayout {
    match kind {
        "flat" => RuleLayout { fields: const { &[cell("price", CellKind::Price)] }, ..NO_FIELDS },
        "per_unit" => RuleLayout {
            fields: const { &[optional("minimum", CellKind::Price)] },
            tables: const { &[table("meters", METERS)] },
            ..NO_FIELDS
        },
        "graduated" | "volume" => {
            RuleLayout { fields: &QUANTITY, tables: const { &[table("tiers", TIERS)] }, ..NO_FIELDS }
        }
        "matrix" => RuleLayout { tables: const { &[table("axes", AXES)] }, has_grid: true, ..NO_FIELDS },
        "range" => RuleLayout {
            fields: const {
                &[
                    cell("min", CellKind::Price),
                    cell("max", CellKind::Price),
                    cell("level", CellKind::Text),
                    optional("level_default", CellKind::Text),
                    optional("param", CellKind::Text),
                    QUANTITY[1],
                    QUANTITY[2],
                    optional("most", CellKind::Count),
                ]
            },
            tables: const { &[table("levels", LEVELS), optional_table("modifiers", MODIFIERS)] },
            ..NO_FIELDS
        },
        "composite" => RuleLayout {
            fields: const { &[cell("base", CellKind::Price), optional("label", CellKind::Text)] },
            tables: const { &[optional_table("surcharges", SURCHARGES), optional_table("targets", TARGETS)] },
            ..NO_FIELDS
        },
        "sum" => RuleLayout {
            fields: const { &[optional("shared", CellKind::List), optional("select", CellKind::Text)] },
            tables: const { &[table("parts", PARTS)] },
            ..NO_FIELDS
        },
        _ => NO_FIELDS,
    }
}

/// A sheet as it is typed: texts by the names of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFields {
    /// The name of the rule: `matrix`.
    pub kind: String,
    /// What stands in the fields.
    pub values: BTreeMap<String, String>,
}

/// Names a field of a row.
#[must_use]
pub fn row_field(table: &str, row: usize, column: &str) -> String {
    format!("rule.{table}.{row}.{column}")
}

/// Names the price of a combination.
#[must_use]
pub fn cell_field(options: &[&str]) -> String {
    format!("cell.{}", options.join("|"))
}

impl RuleFields {
    /// Takes what a form sent, as far as it belongs to a sheet.
    #[must_use]
    pub fn typed(kind: &str, sent: &BTreeMap<String, String>) -> Self {
        let values =
            sent.iter().filter(|(name, _)| Self::holds(name)).map(|(name, value)| (name.clone(), value.clone()));
        Self { kind: kind.to_owned(), values: values.collect() }
    }

    /// Whether a field of a form belongs to a sheet.
    #[must_use]
    pub fn holds(name: &str) -> bool {
        name.starts_with("rule.") || name.starts_with("cell.")
    }

    /// Gives what stands in a field.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    /// Counts the rows of a table: as far as a field of one was sent, and two where nothing was.
    #[must_use]
    pub fn rows(&self, table: &RuleTable) -> usize {
        let prefix = format!("rule.{}.", table.name);
        let row = |name: &String| name.strip_prefix(&prefix)?.split('.').next()?.parse::<usize>().ok();
        let last = self.values.keys().filter_map(row).filter(|row| *row < ROWS_MAX).max();
        match last {
            Some(last) => last + 1,
            None if table.is_optional => 0,
            None => START_ROWS,
        }
    }

    /// Does what a button asks for: `add tiers`, `remove tiers 1`. Anything else changes nothing.
    #[must_use]
    pub fn edited(mut self, command: &str) -> Self {
        let mut words = command.split(' ');
        let (act, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let Some(table) = rule_layout(&self.kind).tables.iter().find(|table| table.name == name) else { return self };
        let rows = self.rows(table);
        match (act, words.next().and_then(|row| row.parse::<usize>().ok())) {
            ("add", _) if rows < ROWS_MAX => {
                // Also the rows that nobody has typed into.
                for row in 0..=rows {
                    for column in table.columns {
                        self.values.entry(row_field(name, row, column.name)).or_default();
                    }
                }
            }
            ("remove", Some(gone)) if gone < rows => {
                for row in gone..rows {
                    for column in table.columns {
                        let next = self.values.remove(&row_field(name, row + 1, column.name));
                        let here = row_field(name, row, column.name);
                        match next {
                            Some(next) if row + 1 < rows => self.values.insert(here, next),
                            _ => self.values.remove(&here),
                        };
                    }
                }
            }
            _ => {}
        }
        self
    }

    /// Gives the values of each axis of a matrix, by its param, as far as they are typed.
    #[must_use]
    pub fn axes(&self) -> Vec<(String, Vec<String>)> {
        let Some(table) = rule_layout(&self.kind).tables.iter().find(|table| table.name == "axes") else {
            return Vec::new();
        };
        let axis = |row| (self.at("axes", row, "param").to_owned(), list(self.at("axes", row, "values")));
        (0..self.rows(table)).map(axis).filter(|(_, values)| !values.is_empty()).collect()
    }

    /// Gives the combinations of a matrix, the last axis running fastest; none where there are more than a matrix can
    /// have.
    #[must_use]
    pub fn combinations(&self) -> Vec<Vec<String>> {
        let axes = self.axes();
        let count = axes.iter().try_fold(1_usize, |count, (_, values)| count.checked_mul(values.len()));
        if axes.is_empty() || count.is_none_or(|count| count > CELLS_MAX) {
            return Vec::new();
        }
        axes.iter().fold(vec![Vec::new()], |so_far, (_, values)| {
            let with = |before: &Vec<String>, value: &String| before.iter().chain([value]).cloned().collect();
            so_far.iter().flat_map(|before| values.iter().map(move |value| with(before, value))).collect()
        })
    }

    fn at(&self, table: &str, row: usize, column: &str) -> &str {
        self.value(&row_field(table, row, column))
    }

    fn set(&mut self, name: impl Into<String>, value: impl ToString) {
        self.values.insert(name.into(), value.to_string());
    }

    fn set_row(&mut self, table: &str, row: usize, columns: &[(&str, String)]) {
        for (column, value) in columns {
            self.set(row_field(table, row, column), value);
        }
    }
}

/// Reads names with commas between them.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
