//! A rule written into a sheet.

use std::collections::BTreeMap;

use super::{RuleFields, cell_field};
use crate::tariff::rule::{Meter, Quantity, Rule};

fn written(number: Option<i64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

impl From<&Rule> for RuleFields {
    fn from(rule: &Rule) -> Self {
        let mut sheet = Self { kind: rule.pricing_type().to_owned(), values: BTreeMap::new() };
        let quantity = |sheet: &mut Self, quantity: &Quantity| {
            sheet.set("rule.param", &quantity.param);
            sheet.set("rule.per", quantity.per);
            sheet.set("rule.default", written(quantity.default));
            sheet.set("rule.max", written(quantity.max));
        };
        match rule {
            Rule::Flat(flat) => sheet.set("rule.price", flat.credits.to_field()),
            Rule::PerUnit(per_unit) => {
                sheet.set("rule.minimum", per_unit.minimum.map(|minimum| minimum.to_field()).unwrap_or_default());
                for (row, Meter { quantity, price }) in per_unit.meters.iter().enumerate() {
                    let Quantity { param, per, default, max } = quantity.clone();
                    let columns = [
                        ("param", param),
                        ("price", price.to_field()),
                        ("per", per.to_string()),
                        ("default", written(default)),
                        ("max", written(max)),
                    ];
                    sheet.set_row("meters", row, &columns);
                }
            }
            Rule::Graduated(tiered) | Rule::Volume(tiered) => {
                quantity(&mut sheet, &tiered.quantity);
                for (row, tier) in tiered.tiers.iter().enumerate() {
                    sheet.set_row("tiers", row, &[("up_to", written(tier.up_to)), ("price", tier.price.to_field())]);
                }
            }
            Rule::Matrix(matrix) => {
                for (row, axis) in matrix.axes.iter().enumerate() {
                    let default = axis.default.clone().unwrap_or_default();
                    let columns =
                        [("param", axis.param.clone()), ("values", axis.values.join(", ")), ("default", default)];
                    sheet.set_row("axes", row, &columns);
                }
                for (options, price) in sheet.combinations().iter().zip(&matrix.cells) {
                    let options: Vec<&str> = options.iter().map(String::as_str).collect();
                    sheet.set(cell_field(&options), price.to_field());
                }
            }
            Rule::Range(range) => {
                sheet.set("rule.min", range.min.to_field());
                sheet.set("rule.max", range.max.to_field());
                if let Some(Quantity { param, per, default, max }) = &range.quantity {
                    sheet.set("rule.param", param);
                    sheet.set("rule.per", per);
                    sheet.set("rule.default", written(*default));
                    sheet.set("rule.most", written(*max));
                }
                sheet.set("rule.level", &range.param);
                sheet.set("rule.level_default", range.default.clone().unwrap_or_default());
                for (row, level) in range.levels.iter().enumerate() {
                    sheet.set_row("levels", row, &[("value", level.value.clone()), ("price", level.price.to_field())]);
                }
                let options = range.modifiers.iter().flat_map(|of| of.options.iter().map(move |option| (of, option)));
                for (row, (of, option)) in options.enumerate() {
                    let percent = option.percent.to_string();
                    let columns = [("param", of.param.clone()), ("value", option.value.clone()), ("percent", percent)];
                    sheet.set_row("modifiers", row, &columns);
                }
            }
            Rule::Composite(composite) => {
                sheet.set("rule.base", composite.base.to_field());
                sheet.set("rule.label", &composite.label);
                let options =
                    composite.surcharges.iter().flat_map(|of| of.options.iter().map(move |option| (of, option)));
                for (row, (of, option)) in options.enumerate() {
                    let columns = [
                        ("param", of.param.clone()),
                        ("value", option.value.clone()),
                        ("price", option.credits.to_field()),
                        ("label", option.label.clone()),
                    ];
                    sheet.set_row("surcharges", row, &columns);
                }
                for (row, target) in composite.targets.iter().enumerate() {
                    let columns = [
                        ("param", target.param.clone()),
                        ("price", target.credits.to_field()),
                        ("max", target.max.to_string()),
                        ("label", target.label.clone()),
                    ];
                    sheet.set_row("targets", row, &columns);
                }
            }
            Rule::Sum(sum) => {
                sheet.set("rule.shared", sum.shared.join(", "));
                sheet.set("rule.select", sum.select.clone().unwrap_or_default());
                for (row, part) in sum.parts.iter().enumerate() {
                    sheet.set_row("parts", row, &[("key", part.key.clone()), ("operation", part.operation.clone())]);
                }
            }
        }
        sheet
    }
}
