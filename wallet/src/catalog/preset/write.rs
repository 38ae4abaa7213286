//! Lays a preset out as a file: plain, in the order of the built-in ones, without comments.

use std::fmt::Write;

use serde::Serialize;
use toml::{Table, Value};

use super::Preset;
use super::file;
use super::read::FILE_NAMES;
use crate::money::notation::in_file;
use crate::tariff::{Rule, Tariff};

/// The tables that stand under a heading of their own, in the order of a file; others are written in one line.
const HEADED: [&str; 13] = [
    "top_up",
    "free_amount",
    "auto_top_up",
    "unit",
    "forms",
    "note",
    "preview",
    "referral",
    "brand",
    "matrix",
    "range",
    "composite",
    "sum",
];
/// The lists that have a line for each item, and a matrix's cells one for each row.
const LINED: [&str; 7] = ["axes", "cells", "levels", "modifiers", "surcharges", "targets", "parts"];

/// Writes a preset as a file.
pub(super) fn write(preset: &Preset) -> String {
    let view = &preset.view;
    let mut file = format!("preset = {}\n", text(&preset.name));
    write_table(&mut file, "[settings]", "settings", to_table(&view.settings));
    write_entries(&mut file, "plan", view.plans.iter().map(|plan| to_table(&file::Plan::from(plan))));
    write_entries(&mut file, "package", view.packages.iter().map(to_table));
    write_entries(&mut file, "add_on", view.add_ons.iter().map(to_table));
    write_entries(&mut file, "metered", view.metered.iter().map(to_table));
    write_entries(&mut file, "operation", preset.tariffs.iter().map(operation));
    file
}

/// Writes operations only.
pub(super) fn write_prices(tariffs: &[Tariff]) -> String {
    let mut file = String::new();
    write_entries(&mut file, "operation", tariffs.iter().map(operation));
    file.trim_start().to_owned()
}

/// Writes one rule as a price list does: a flat price alone, else the lines under `[operation.<rule>]`.
pub(super) fn write_rule(rule: &Rule) -> String {
    match to_rule(rule) {
        Some(Value::Table(table)) => {
            table.iter().map(|(key, value)| line(&table, key, value)).collect::<Vec<_>>().join("\n")
        }
        flat => flat.as_ref().map(text).unwrap_or_default(),
    }
}

/// Gives a rule without its name.
fn to_rule(rule: &Rule) -> Option<Value> {
    match rule {
        Rule::Flat(rule) => to_toml(&rule.credits),
        Rule::PerUnit(rule) => to_toml(rule),
        Rule::Graduated(rule) | Rule::Volume(rule) => to_toml(rule),
        Rule::Matrix(rule) => to_toml(rule),
        Rule::Range(rule) => to_toml(rule),
        Rule::Composite(rule) => to_toml(rule),
        Rule::Sum(rule) => to_toml(&file::Sum::from(rule)),
    }
}

fn operation(tariff: &Tariff) -> Table {
    let gates = Some(&tariff.gates).filter(|gates| !gates.is_empty());
    let entries = [
        ("code", to_toml(&tariff.operation)),
        ("name", to_toml(&tariff.name)),
        ("category", to_toml(&tariff.category)),
        ("unit", to_toml(&tariff.unit)),
        ("supplier", to_toml(&tariff.supplier)),
        ("minimum_plan", to_toml(&tariff.minimum_plan)),
        ("gates", to_toml(&gates)),
        ("upstream_cost", to_toml(&tariff.upstream_cost)),
        (tariff.rule.pricing_type(), to_rule(&tariff.rule)),
    ];
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn write_entries(file: &mut String, name: &str, entries: impl Iterator<Item = Table>) {
    for table in entries {
        write_table(file, &format!("[[{name}]]"), name, table);
    }
}

/// Writes a table under its heading, and then those of its own that have one.
fn write_table(file: &mut String, head: &str, path: &str, mut table: Table) {
    let headed: Vec<&str> = HEADED.into_iter().filter(|name| table.get(*name).is_some_and(Value::is_table)).collect();
    let headed: Vec<(&str, Value)> = headed.into_iter().filter_map(|name| Some((name, table.remove(name)?))).collect();
    // Writing to a String can't fail.
    let _ = writeln!(file, "\n{head}");
    for (key, value) in &table {
        let _ = writeln!(file, "{}", line(&table, key, value));
    }
    for (name, value) in headed {
        if let Value::Table(table) = value {
            let path = format!("{path}.{name}");
            write_table(file, &format!("[{path}]"), &path, table);
        }
    }
}

/// Writes one entry of a table.
fn line(table: &Table, key: &str, value: &Value) -> String {
    match value {
        Value::Array(items) if LINED.contains(&key) => {
            let width = if key == "cells" { width(table).unwrap_or(1) } else { 1 };
            let row = |items: &[Value]| items.iter().map(text).collect::<Vec<_>>().join(", ");
            let rows: String = items.chunks(width.max(1)).map(|items| format!("  {},\n", row(items))).collect();
            format!("{key} = [\n{rows}]")
        }
        _ => format!("{key} = {}", text(value)),
    }
}

/// Gives the length of a matrix's rows: the last axis runs fastest.
fn width(matrix: &Table) -> Option<usize> {
    Some(matrix.get("axes")?.as_array()?.last()?.get("values")?.as_array()?.len())
}

/// Gives a value as a file has it; none for what it leaves out.
fn to_toml<T: Serialize>(value: &T) -> Option<Value> {
    // A catalog has nothing but an absent option that TOML can't write.
    in_file(|| Value::try_from(value)).ok().map(in_file_names)
}

fn to_table<T: Serialize>(value: &T) -> Table {
    to_toml(value).and_then(|value| value.try_into().ok()).unwrap_or_default()
}

/// Names fields as a file does, and leaves out the one unit that a price is for without a word.
fn in_file_names(value: Value) -> Value {
    let entry = |(key, value): (String, Value)| {
        let name = FILE_NAMES.iter().find(|(field, _)| *field == key).map(|(_, name)| (*name).to_owned());
        let is_one = key == "per" && value.as_integer() == Some(1);
        (!is_one).then(|| (name.unwrap_or(key), in_file_names(value)))
    };
    match value {
        Value::Table(table) => Value::Table(table.into_iter().filter_map(entry).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(in_file_names).collect()),
        scalar => scalar,
    }
}

/// Writes a value in one line.
fn text<T: Serialize>(value: &T) -> String {
    let mut out = String::new();
    // A catalog has neither floats nor what else TOML can't write.
    if value.serialize(toml::ser::ValueSerializer::new(&mut out)).is_err() {
        out.clear();
    }
    out
}
