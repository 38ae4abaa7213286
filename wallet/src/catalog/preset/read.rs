//! Reads a file: every mistake of form at once, or, where there is none, every mistake of meaning.

use std::ops::Range;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::check;
use super::file;
use super::node::Node;
use super::operations::{self, operations};
use super::{Preset, PresetError, Warning};
use crate::catalog::{CatalogView, Plan};
use crate::tariff::{Rule, Tariff};

/// What a preset has at the top.
const KEYS: [&str; 7] = ["preset", "settings", "plan", "package", "add_on", "metered", "operation"];

/// The fields that a file calls otherwise: their names in the code and in the file.
pub(super) const FILE_NAMES: [(&str, &str); 2] = [("prices", "price"), ("micros", "amount")];

/// Names fields as a file does; serde lists both names of such a field, in the order of the alphabet.
fn in_file_names(message: &str) -> String {
    FILE_NAMES.iter().fold(message.to_owned(), |message, (field, name)| {
        let both = message.replace(&format!("`{field}`"), &format!("`{name}`"));
        both.replace(&format!("`{name}`, `{name}`"), &format!("`{name}`"))
    })
}

/// Gathers mistakes and oddities with their places.
pub(super) struct Report<'t> {
    text: &'t str,
    /// What is no TOML; it may stop the reader in several places, each time at the same mistake.
    syntax: Vec<Error>,
    errors: Vec<PresetError>,
    warnings: Vec<Warning>,
}

/// A value, and where the file has it.
pub(super) struct Entry<'t, T> {
    pub(super) node: Node<'t>,
    pub(super) value: T,
}

/// Where a byte of the text is: line and column from 1, the column in characters.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
    let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
    let column = before.get(line_start..).unwrap_or("").chars().count().saturating_add(1);
    (line, column)
}

impl<'t> Report<'t> {
    const fn of(text: &'t str) -> Self {
        Self { text, syntax: Vec::new(), errors: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>) {
        let (line, column) = place(self.text, span.start);
        self.errors.push(PresetError { line, column, message: message.into() });
    }

    /// Reports what does not hold at a place.
    pub(super) fn check(&mut self, node: Node<'_>, holds: bool, message: &str) {
        if !holds {
            self.error(node.span(), message);
        }
    }

    pub(super) fn warn(&mut self, span: Range<usize>, operation: &str, message: impl Into<String>) {
        let (line, _) = place(self.text, span.start);
        self.warnings.push(Warning { line, operation: operation.to_owned(), message: message.into() });
    }

    /// Gives what was read; a mistake is reported.
    fn read<T>(&mut self, read: Result<T, Error>) -> Option<T> {
        read.map_err(|error| self.error(error.span().unwrap_or_default(), in_file_names(error.message()))).ok()
    }

    /// Refuses what is no TOML.
    fn refuse_syntax(&mut self) -> Result<(), Vec<PresetError>> {
        let first = self.syntax.first().cloned();
        self.read(first.map_or(Ok(()), Err));
        self.refuse()
    }

    /// Reads what must be at the top.
    fn one<T: DeserializeOwned>(&mut self, root: Node<'t>, key: &'static str) -> Option<Entry<'t, T>> {
        let node = root.get(key).ok_or_else(|| Error::missing_field(key));
        let entry = node.and_then(|node| Ok(Entry { node, value: node.read()? }));
        self.read(entry)
    }

    /// Reads a list at the top, each entry by itself, so that one mistake hides none of another entry's. What stands
    /// before the first counts to it.
    fn each<T>(&mut self, root: Node<'t>, key: &str, read: impl Fn(Node<'t>) -> Result<T, Error>) -> Vec<Entry<'t, T>> {
        let Some(list) = root.get(key) else { return Vec::new() };
        if self.syntax.is_empty() {
            let _: Option<Vec<IgnoredAny>> = self.read(list.read());
        }
        let ends = list.items().skip(1).map(|node| node.span().start).chain([usize::MAX]);
        let mut start = 0;
        let mut entries = Vec::new();
        for (node, end) in list.items().zip(ends) {
            let own = std::mem::replace(&mut start, end)..end;
            let syntax = self.syntax.iter().find(|error| own.contains(&error.span().unwrap_or_default().start));
            let value = syntax.cloned().map_or_else(|| read(node), Err);
            entries.extend(self.read(value).map(|value| Entry { node, value }));
        }
        entries
    }

    /// Refuses what is wrong so far, in the order of the file.
    fn refuse(&mut self) -> Result<(), Vec<PresetError>> {
        self.errors.sort_by_key(|error| (error.line, error.column));
        if self.errors.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.errors)) }
    }
}

/// Reads the text as TOML.
fn parse<'t>(report: &mut Report<'t>, text: &'t str) -> Spanned<DeValue<'t>> {
    let (table, syntax) = DeTable::parse_recoverable(text);
    report.syntax = syntax;
    Spanned::new(table.span(), DeValue::Table(table.into_inner()))
}

/// Refuses what a preset doesn't have at the top.
fn only_known_keys(report: &mut Report<'_>, root: Node<'_>) {
    for key in root.keys().filter(|key| !KEYS.contains(&key.get_ref().as_ref())) {
        report.error(key.span(), Error::unknown_field(key.get_ref(), &KEYS).message());
    }
}

/// Reads a preset file.
pub(super) fn read(text: &str) -> Result<(Preset, Vec<Warning>), Vec<PresetError>> {
    let mut report = Report::of(text);
    let tree = parse(&mut report, text);
    report.refuse_syntax()?;
    let root = Node(&tree);
    only_known_keys(&mut report, root);
    let name = report.one::<String>(root, "preset");
    let settings = report.one(root, "settings");
    let plans = report.each(root, "plan", Node::read::<file::Plan>);
    let packages = report.each(root, "package", Node::read);
    let add_ons = report.each(root, "add_on", Node::read);
    let metered = report.each(root, "metered", Node::read);
    let entries = report.each(root, "operation", operations::read);
    report.refuse()?;
    let (Some(name), Some(settings)) = (name, settings) else { return Err(Vec::new()) };
    check::name(&mut report, name.node, &name.value);
    let settings = check::settings(&mut report, settings);
    let plans = check::plans(&mut report, plans, &settings.currencies);
    let view = CatalogView {
        packages: check::packages(&mut report, packages, &settings),
        add_ons: check::add_ons(&mut report, add_ons),
        metered: check::metered(&mut report, metered, &plans),
        plans,
        settings,
    };
    let tariffs = operations(&mut report, entries, &view.plans);
    report.refuse()?;
    Ok((Preset { name: name.value, view, tariffs, source: text.to_owned() }, report.warnings))
}

/// Reads a price list: the operations of a file, for plans that there are.
pub(super) fn read_prices(text: &str, plans: &[Plan]) -> Result<(Vec<Tariff>, Vec<Warning>), Vec<PresetError>> {
    let mut report = Report::of(text);
    let tree = parse(&mut report, text);
    let root = Node(&tree);
    let entries = report.each(root, "operation", operations::read);
    report.refuse()?;
    report.refuse_syntax()?;
    only_known_keys(&mut report, root);
    if root.get("operation").is_none() {
        report.error(root.span(), Error::missing_field("operation").message());
    }
    report.refuse()?;
    let tariffs = operations(&mut report, entries, plans);
    report.refuse()?;
    Ok((tariffs, report.warnings))
}

/// Reads one rule as a price list writes it: `4` for a flat price, else the lines under `[operation.<rule>]`.
pub(super) fn read_rule(kind: &str, body: &str) -> Result<Rule, Vec<PresetError>> {
    let mut report = Report::of(body);
    let tree = if kind == "flat" {
        let (value, syntax) = DeValue::parse_recoverable(body);
        report.syntax = syntax;
        value
    } else {
        parse(&mut report, body)
    };
    report.refuse_syntax()?;
    let rule = report.read(operations::rule(kind, Node(&tree)));
    for problem in rule.iter().flat_map(|rule| rule.problems(kind)) {
        report.error(0..0, format!("{}: {}", problem.field, problem.message));
    }
    report.refuse()?;
    rule.ok_or_else(Vec::new)
}
