//! Reads the operations of a file, each with its one rule, and checks them as a price book is checked.

use std::ops::Range;

use serde::de::Error as _;
use toml::de::Error;

use super::file;
use super::node::Node;
use super::read::{Entry, Report};
use crate::catalog::{Plan, RULE_KINDS};
use crate::tariff::rule::Flat;
use crate::tariff::{Apart, Rule, Tariff};

/// Reads one operation and the rules that it has.
pub(super) fn read(node: Node<'_>) -> Result<(file::Operation, Vec<Rule>), Error> {
    let operation = node.read()?;
    let rules = RULE_KINDS.iter().filter_map(|kind| Some(rule(kind, node.get(kind)?)));
    Ok((operation, rules.collect::<Result<_, _>>()?))
}

/// Reads the rule that stands under a name.
pub(super) fn rule(kind: &str, node: Node<'_>) -> Result<Rule, Error> {
    Ok(match kind {
        "flat" => Rule::Flat(Flat { credits: node.read()? }),
        "per_unit" => Rule::PerUnit(node.read()?),
        "graduated" => Rule::Graduated(node.read()?),
        "volume" => Rule::Volume(node.read()?),
        "matrix" => Rule::Matrix(node.read()?),
        "range" => Rule::Range(node.read()?),
        "composite" => Rule::Composite(node.read()?),
        "sum" => Rule::Sum(node.read::<file::Sum>()?.into()),
        _ => return Err(Error::unknown_variant(kind, &RULE_KINDS)),
    })
}

/// Gives the place of an operation's rule.
fn rule_span(node: Node<'_>) -> Range<usize> {
    RULE_KINDS.iter().find_map(|kind| node.get(kind)).unwrap_or_else(|| node.at("code")).span()
}

/// Gives the price list that the operations make, for plans that there are.
pub(super) fn operations(
    report: &mut Report<'_>,
    entries: Vec<Entry<'_, (file::Operation, Vec<Rule>)>>,
    plans: &[Plan],
) -> Vec<Tariff> {
    let mut list: Vec<Entry<'_, Tariff>> = Vec::with_capacity(entries.len());
    for Entry { node, value: (operation, rules) } in entries {
        known_plans(report, node, &operation, plans);
        let Some(rule) = only_rule(report, node, &operation.code, rules) else { continue };
        let tariff = operation.into_tariff(rule, list.len());
        let (span, code) = (node.at("code").span(), &tariff.operation);
        match list.iter().find(|known| known.value.operation == *code) {
            None => list.push(Entry { node, value: tariff }),
            Some(known) if known.value.apart(&tariff) == Apart::Place => {
                let message = format!("the operation {code} is listed twice with the same price; one row is kept");
                report.warn(span, code, message);
            }
            Some(_) => {
                report.error(span, format!("the operation {code} is listed twice with different prices; keep one"));
            }
        }
    }
    link(report, &mut list);
    for Entry { node, value: tariff } in &list {
        for problem in tariff.problems() {
            let span = if problem.field.contains(".rule") { rule_span(*node) } else { node.at("code").span() };
            report.error(span, format!("{}: {}", problem.field, problem.message));
        }
    }
    list.into_iter().map(|entry| entry.value).collect()
}

/// The plans that an operation names are in the file.
fn known_plans(report: &mut Report<'_>, node: Node<'_>, operation: &file::Operation, plans: &[Plan]) {
    let minimum = operation.minimum_plan.iter().map(|plan| (node.at("minimum_plan"), plan));
    let gates = node.at("gates").items().zip(operation.gates.iter().map(|gate| &gate.plan));
    for (place, plan) in minimum.chain(gates) {
        if !plans.iter().any(|known| known.code == *plan) {
            report.error(place.span(), format!("there is no plan “{plan}” in this file"));
        }
    }
}

/// An operation has one rule.
fn only_rule(report: &mut Report<'_>, node: Node<'_>, code: &str, mut rules: Vec<Rule>) -> Option<Rule> {
    let (names, found) = (RULE_KINDS.join(", "), rules.len());
    let message = match found {
        1 => return rules.pop(),
        0 => format!("the operation {code} has no price; give one of {names}"),
        _ => format!("the operation {code} has {found} rules; give only one of {names}"),
    };
    report.error(node.at("code").span(), message);
    None
}

/// Copies the rules of operations into the sums that name them.
fn link(report: &mut Report<'_>, list: &mut [Entry<'_, Tariff>]) {
    let rules: Vec<(String, Rule)> =
        list.iter().map(|entry| (entry.value.operation.clone(), entry.value.rule.clone())).collect();
    for Entry { node, value: tariff } in list {
        let Rule::Sum(sum) = &mut tariff.rule else { continue };
        for (part, place) in sum.parts.iter_mut().zip(node.at("sum").at("parts").items()) {
            match rules.iter().find(|(operation, _)| *operation == part.operation) {
                Some((_, rule)) => *part.rule = rule.clone(),
                None => {
                    let span = place.at("operation").span();
                    report.error(span, format!("there is no operation “{}”", part.operation));
                }
            }
        }
    }
}
