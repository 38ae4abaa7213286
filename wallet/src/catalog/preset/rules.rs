//! The operations and their rules, from the file as it is written to the tariff's own form.

use std::ops::Range;

use toml::Spanned;

use super::raw;
use super::read::Report;
use crate::catalog::Plan;
use crate::money::Credits;
use crate::tariff::{
    Apart, Composite, Flat, Level, Matrix, Meter, Modifier, OptionGate, PerTarget, PerUnit, Quantity, Rule, Sum,
    SumPart, Surcharge, SurchargeOption, Tariff, Tier, Tiered, UpstreamCost, rule,
};

/// The names of the rules, as an error lists them.
const RULES: &str = "flat, per_unit, graduated, volume, matrix, range, composite, sum";

/// Reads the operations of a file, for plans that there are.
pub(super) fn operations(report: &mut Report<'_>, raw: &[raw::Operation], plans: &[Plan]) -> Vec<Tariff> {
    let mut tariffs: Vec<Tariff> = Vec::with_capacity(raw.len());
    let mut sums: Vec<(usize, &raw::Sum)> = Vec::new();
    for operation in raw {
        let known_plan = |report: &mut Report<'_>, span: Range<usize>, plan: &str| {
            if !plans.iter().any(|known| known.code == plan) {
                report.error(span, format!("there is no plan “{plan}” in this file"));
            }
        };
        if let Some(plan) = &operation.minimum_plan {
            known_plan(report, plan.span(), plan.get_ref());
        }
        for gate in &operation.gates {
            known_plan(report, gate.span(), &gate.get_ref().plan);
        }
        let Some(rule) = rule_of(report, operation) else { continue };
        let tariff = tariff(operation, rule, tariffs.len());
        if let Some(known) = tariffs.iter().find(|known| known.operation == tariff.operation) {
            let (span, code) = (operation.code.span(), &tariff.operation);
            if known.apart(&tariff) == Apart::Place {
                let message = format!("the operation {code} is here twice with the same price; one row is kept");
                report.warn(span, code, message);
            } else {
                report.error(span, format!("the operation {code} is here twice with different prices; keep one"));
            }
            continue;
        }
        if let Some(sum) = &operation.sum {
            sums.push((tariffs.len(), sum.get_ref()));
        }
        tariffs.push(tariff);
    }
    link(report, &mut tariffs, &sums);
    for tariff in &tariffs {
        let Some(operation) = raw.iter().find(|operation| operation.code.get_ref() == &tariff.operation) else {
            continue;
        };
        for problem in tariff.problems() {
            let span = if problem.field.contains(".rule") { rule_span(operation) } else { operation.code.span() };
            report.error(span, format!("{}: {}", problem.field, problem.message));
        }
    }
    tariffs
}

fn tariff(raw: &raw::Operation, rule: Rule, position: usize) -> Tariff {
    Tariff {
        operation: raw.code.get_ref().clone(),
        name: raw.name.clone(),
        category: raw.category,
        unit: raw.unit.clone(),
        supplier: raw.supplier.clone(),
        upstream_cost: raw.upstream_cost.as_ref().map(|cost| UpstreamCost {
            // Credits have six decimals like upstream costs.
            micros: cost.amount.get_ref().credits().micros(),
            per: cost.per.unwrap_or(1),
            currency: cost.currency,
            review_on: cost.review_on,
        }),
        minimum_plan: raw.minimum_plan.as_ref().map(|plan| plan.get_ref().clone()),
        gates: raw.gates.iter().map(|gate| OptionGate::clone(gate.get_ref())).collect(),
        rule,
        position: i32::try_from(position).unwrap_or(i32::MAX),
    }
}

/// Reads the one rule of an operation.
pub(super) fn rule_of(report: &mut Report<'_>, raw: &raw::Operation) -> Option<Rule> {
    let mut rules = Vec::new();
    rules.extend(raw.flat.as_ref().map(|flat| Rule::Flat(Flat { credits: flat.get_ref().credits() })));
    rules.extend(raw.per_unit.as_ref().map(|rule| Rule::PerUnit(per_unit(rule.get_ref()))));
    rules.extend(raw.graduated.as_ref().map(|rule| Rule::Graduated(tiered(rule.get_ref()))));
    rules.extend(raw.volume.as_ref().map(|rule| Rule::Volume(tiered(rule.get_ref()))));
    rules.extend(raw.matrix.as_ref().map(|rule| Rule::Matrix(matrix(rule.get_ref()))));
    rules.extend(raw.range.as_ref().map(|rule| Rule::Range(range(rule.get_ref()))));
    rules.extend(raw.composite.as_ref().map(|rule| Rule::Composite(composite(rule.get_ref()))));
    rules.extend(raw.sum.as_ref().map(|rule| Rule::Sum(sum(rule.get_ref()))));
    let (code, found) = (raw.code.get_ref(), rules.len());
    if found == 1 {
        return rules.pop();
    }
    let message = if found == 0 {
        format!("the operation {code} has no price; give one of {RULES}")
    } else {
        format!("the operation {code} has {found} rules; give only one of {RULES}")
    };
    report.error(raw.code.span(), message);
    None
}

/// Where the rule of an operation is written.
pub(super) fn rule_span(raw: &raw::Operation) -> Range<usize> {
    let spans = [
        raw.flat.as_ref().map(Spanned::span),
        raw.per_unit.as_ref().map(Spanned::span),
        raw.graduated.as_ref().map(Spanned::span),
        raw.volume.as_ref().map(Spanned::span),
        raw.matrix.as_ref().map(Spanned::span),
        raw.range.as_ref().map(Spanned::span),
        raw.composite.as_ref().map(Spanned::span),
        raw.sum.as_ref().map(Spanned::span),
    ];
    spans.into_iter().flatten().next().unwrap_or_else(|| raw.code.span())
}

fn per_unit(raw: &raw::PerUnit) -> PerUnit {
    let meter = |raw: &raw::Meter| Meter {
        quantity: Quantity { param: raw.param.clone(), per: raw.per, default: raw.default, max: raw.max },
        price: raw.price.credits(),
    };
    PerUnit { meters: raw.meters.iter().map(meter).collect(), minimum: raw.minimum.as_ref().map(raw::Amount::credits) }
}

fn tiered(raw: &raw::Tiered) -> Tiered {
    let tier = |raw: &raw::Tier| Tier { up_to: raw.up_to, price: raw.price.credits() };
    Tiered { quantity: raw.quantity.clone(), tiers: raw.tiers.iter().map(tier).collect() }
}

fn matrix(raw: &raw::Matrix) -> Matrix {
    Matrix { axes: raw.axes.clone(), cells: raw.cells.iter().map(raw::Amount::credits).collect() }
}

fn range(raw: &raw::Range) -> rule::Range {
    let level = |raw: &raw::Level| Level { value: raw.value.clone(), price: raw.price.credits() };
    let modifier = |raw: &raw::Modifier| Modifier { param: raw.param.clone(), options: raw.options.clone() };
    rule::Range {
        min: raw.min.credits(),
        max: raw.max.credits(),
        param: raw.param.clone(),
        default: raw.default.clone(),
        levels: raw.levels.iter().map(level).collect(),
        modifiers: raw.modifiers.iter().map(modifier).collect(),
        quantity: raw.quantity.clone(),
    }
}

fn composite(raw: &raw::Composite) -> Composite {
    let option = |raw: &raw::SurchargeOption| SurchargeOption {
        value: raw.value.clone(),
        credits: raw.credits.credits(),
        label: raw.label.clone(),
    };
    let surcharge = |raw: &raw::Surcharge| Surcharge {
        param: raw.param.clone(),
        options: raw.options.iter().map(option).collect(),
    };
    let target = |raw: &raw::PerTarget| PerTarget {
        param: raw.param.clone(),
        credits: raw.credits.credits(),
        max: raw.max,
        label: raw.label.clone(),
    };
    Composite {
        base: raw.base.credits(),
        label: raw.label.clone(),
        surcharges: raw.surcharges.iter().map(surcharge).collect(),
        targets: raw.targets.iter().map(target).collect(),
    }
}

/// Reads a sum; the rules of its parts are copied in by [`link`], once all operations are known.
fn sum(raw: &raw::Sum) -> Sum {
    let part = |raw: &raw::Part| SumPart {
        key: raw.key.clone(),
        operation: raw.operation.get_ref().clone(),
        rule: Box::new(Rule::Flat(Flat { credits: Credits::ZERO })),
    };
    Sum { parts: raw.parts.iter().map(part).collect(), shared: raw.shared.clone(), select: raw.select.clone() }
}

/// Copies the rules of operations into the sums that name them.
fn link(report: &mut Report<'_>, tariffs: &mut [Tariff], sums: &[(usize, &raw::Sum)]) {
    let rules: Vec<(String, Rule)> =
        tariffs.iter().map(|tariff| (tariff.operation.clone(), tariff.rule.clone())).collect();
    for (place, raw) in sums {
        let Some(Rule::Sum(sum)) = tariffs.get_mut(*place).map(|tariff| &mut tariff.rule) else { continue };
        for (part, raw) in sum.parts.iter_mut().zip(&raw.parts) {
            match rules.iter().find(|(operation, _)| *operation == part.operation) {
                Some((_, rule)) => *part.rule = rule.clone(),
                None => report.error(raw.operation.span(), format!("there is no operation “{}”", part.operation)),
            }
        }
    }
}
