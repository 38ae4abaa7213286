//! From a preset to its file: plain, in the order of the built-in ones, without comments.

use std::fmt::Write;

use serde::Serialize;

use super::Preset;
use crate::catalog::{AutoTopUp, Interval, Plan, Settings};
use crate::money::{Credits, Money};
use crate::tariff::{Composite, Matrix, PerUnit, Quantity, Range, Rule, Sum, Tariff, Tiered};

/// Writes a preset as a file.
pub(super) fn write(preset: &Preset) -> String {
    let mut file = Writer::default();
    file.line("preset", &text(&preset.name));
    file.settings(&preset.view.settings);
    for plan in &preset.view.plans {
        file.plan(plan);
    }
    for package in &preset.view.packages {
        file.table("[[package]]");
        file.line("code", &text(&package.code));
        file.line("name", &text(&package.name));
        file.line("credits", &amount(package.credits));
        file.line("price", &prices(&package.prices));
    }
    for add_on in &preset.view.add_ons {
        file.table("[[add_on]]");
        file.line("code", &text(&add_on.code));
        file.line("name", &text(&add_on.name));
        file.line("monthly_credits", &amount(add_on.monthly_credits));
        file.option("summary", add_on.summary.as_deref().map(text));
    }
    for item in &preset.view.metered {
        file.table("[[metered]]");
        file.line("code", &text(&item.code));
        file.line("name", &text(&item.name));
        file.line("unit", &text(&item.unit));
        file.line("included", &item.included.to_string());
        file.line("monthly_credits", &amount(item.monthly_credits));
    }
    for tariff in &preset.tariffs {
        file.operation(tariff);
    }
    file.0
}

/// Writes operations only.
pub(super) fn write_prices(tariffs: &[Tariff]) -> String {
    let mut file = Writer::default();
    for tariff in tariffs {
        file.operation(tariff);
    }
    file.0.trim_start().to_owned()
}

/// Writes one rule as a price list does: a flat price alone, else the lines under `[operation.<rule>]`.
pub(super) fn write_rule(rule: &Rule) -> String {
    let mut file = Writer::default();
    match rule {
        Rule::Flat(rule) => return amount(rule.credits),
        Rule::PerUnit(rule) => return per_unit(rule).join("\n"),
        Rule::Graduated(rule) | Rule::Volume(rule) => return tiered(rule).join("\n"),
        Rule::Matrix(rule) => file.matrix(rule),
        Rule::Range(rule) => file.range(rule),
        Rule::Composite(rule) => file.composite(rule),
        Rule::Sum(rule) => file.sum(rule),
    }
    // Without the table's head.
    file.0.lines().filter(|line| !line.is_empty() && !line.starts_with("[operation.")).collect::<Vec<_>>().join("\n")
}

#[derive(Default)]
struct Writer(String);

impl Writer {
    fn table(&mut self, head: &str) {
        // Writing to a String can't fail.
        let _ = write!(self.0, "\n{head}\n");
    }

    fn line(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.0, "{name} = {value}");
    }

    fn option(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.line(name, &value);
        }
    }

    fn settings(&mut self, settings: &Settings) {
        self.table("[settings]");
        self.line("name", &text(&settings.name));
        self.line("currencies", &list(settings.currencies.iter().map(|currency| text(currency.code()))));
        self.line("rounding_step", &amount(settings.rounding_step));
        self.line("allowance_expiry", &value(&settings.allowance_expiry));
        self.line("top_up_expiry", &value(&settings.top_up_expiry));
        self.option("billing_dates", settings.billing_dates.as_ref().map(value));
        self.line("intervals", &list(settings.intervals.iter().map(value)));
        self.line("customer_failure", &value(&settings.customer_failure));
        self.line("customer_credit_back", &settings.customer_credit_back.to_string());
        self.option("inactivity_months", settings.inactivity_months.map(|months| months.to_string()));
        self.line("notice_days", &settings.notice_days.to_string());
        self.line("low_alert_percent", &settings.low_alert_percent.to_string());
        self.line("webhook_retry_fee", &amount(settings.webhook_retry_fee));
        self.line("webhook_retries", &settings.webhook_retries.to_string());
        self.line("key_prefix", &text(&settings.key_prefix));
        self.line("burn_order", &value(&settings.burn_order));
        self.option("refund", settings.refund.as_ref().map(value));
        self.line("quote_minutes", &settings.quote_minutes.to_string());
        self.line("rehearsal_days", &settings.rehearsal_days.to_string());
        self.line("upstream_review_days", &settings.upstream_review_days.to_string());
        self.table("[settings.top_up]");
        self.line("packages", &settings.top_up.packages.to_string());
        if let Some(free) = &settings.top_up.free_amount {
            self.table("[settings.top_up.free_amount]");
            self.line("min", &amount(free.min));
            self.line("max", &amount(free.max));
            self.line("credits", &amount(free.credits));
            self.line("price", &prices(&free.prices));
        }
        self.auto_top_up(&settings.auto_top_up);
        self.table("[settings.unit]");
        self.line("code", &text(&settings.unit.code));
        self.table("[settings.unit.forms]");
        for (language, forms) in &settings.unit.forms {
            self.line(language, &value(forms));
        }
        if !settings.unit.note.is_empty() {
            self.table("[settings.unit.note]");
            for (language, note) in &settings.unit.note {
                self.line(language, &text(note));
            }
        }
    }

    fn auto_top_up(&mut self, auto: &AutoTopUp) {
        self.table("[settings.auto_top_up]");
        self.line("mode", &value(&auto.mode));
        self.option("amount", auto.amount.map(|money| prices(&[money])));
    }

    fn plan(&mut self, plan: &Plan) {
        self.table("[[plan]]");
        self.line("code", &text(&plan.code));
        self.line("name", &text(&plan.name));
        self.line("rank", &plan.rank.to_string());
        for interval in [Interval::Month, Interval::Year] {
            let of_interval = plan.prices.iter().filter(|price| price.interval == interval);
            let of_interval: Vec<Money> = of_interval.map(|price| price.money).collect();
            if !of_interval.is_empty() {
                self.line(interval.code(), &prices(&of_interval));
            }
        }
        for (name, credits) in [("monthly_credits", plan.monthly_credits), ("one_time_credits", plan.one_time_credits)]
        {
            if credits.is_positive() {
                self.line(name, &amount(credits));
            }
        }
        if plan.custom {
            self.line("custom", "true");
        }
        if plan.features != crate::catalog::PlanFeatures::default() {
            self.line("features", &value(&plan.features));
        }
    }

    fn operation(&mut self, tariff: &Tariff) {
        self.table("[[operation]]");
        self.line("code", &text(&tariff.operation));
        self.line("name", &text(&tariff.name));
        self.line("category", &text(tariff.category.code()));
        self.line("unit", &text(&tariff.unit));
        self.option("supplier", tariff.supplier.as_deref().map(text));
        self.option("minimum_plan", tariff.minimum_plan.as_deref().map(text));
        if !tariff.gates.is_empty() {
            self.line("gates", &list(tariff.gates.iter().map(value)));
        }
        if let Some(cost) = &tariff.upstream_cost {
            let review = cost.review_on.map(|day| format!(", review_on = \"{day}\"")).unwrap_or_default();
            let cost_amount = amount(Credits::from_micros(cost.micros));
            let per = if cost.per == 1 { String::new() } else { format!(", per = {}", cost.per) };
            let cost = format!("{{ amount = {cost_amount}{per}, currency = {}{review} }}", text(cost.currency.code()));
            self.line("upstream_cost", &cost);
        }
        match &tariff.rule {
            Rule::Flat(rule) => self.line("flat", &amount(rule.credits)),
            Rule::PerUnit(rule) => self.line("per_unit", &inline(&per_unit(rule))),
            Rule::Graduated(rule) => self.line("graduated", &inline(&tiered(rule))),
            Rule::Volume(rule) => self.line("volume", &inline(&tiered(rule))),
            Rule::Matrix(rule) => self.matrix(rule),
            Rule::Range(rule) => self.range(rule),
            Rule::Composite(rule) => self.composite(rule),
            Rule::Sum(rule) => self.sum(rule),
        }
    }

    fn matrix(&mut self, rule: &Matrix) {
        self.table("[operation.matrix]");
        self.line("axes", &lines(rule.axes.iter().map(value)));
        // One row for each value of all axes but the last.
        let width = rule.axes.last().map_or(1, |axis| axis.values.len()).max(1);
        let rows = rule.cells.chunks(width);
        let row = |row: &[Credits]| row.iter().map(|credits| amount(*credits)).collect::<Vec<_>>().join(", ");
        self.line("cells", &lines(rows.map(row)));
    }

    fn range(&mut self, rule: &Range) {
        self.table("[operation.range]");
        self.line("min", &amount(rule.min));
        self.line("max", &amount(rule.max));
        self.line("param", &text(&rule.param));
        self.option("default", rule.default.as_deref().map(text));
        let level = |level: &crate::tariff::Level| {
            format!("{{ value = {}, price = {} }}", text(&level.value), amount(level.price))
        };
        self.line("levels", &lines(rule.levels.iter().map(level)));
        if !rule.modifiers.is_empty() {
            self.line("modifiers", &lines(rule.modifiers.iter().map(value)));
        }
        self.option("quantity", rule.quantity.as_ref().map(quantity));
    }

    fn composite(&mut self, rule: &Composite) {
        self.table("[operation.composite]");
        self.line("base", &amount(rule.base));
        self.option("label", label(&rule.label));
        let with_label = |so_far: String, text: &str| match label(text) {
            Some(label) => format!("{{ {so_far}, label = {label} }}"),
            None => format!("{{ {so_far} }}"),
        };
        if !rule.surcharges.is_empty() {
            let surcharge = |surcharge: &crate::tariff::Surcharge| {
                let option = |option: &crate::tariff::SurchargeOption| {
                    let fields = format!("value = {}, credits = {}", text(&option.value), amount(option.credits));
                    with_label(fields, &option.label)
                };
                let options = list(surcharge.options.iter().map(option));
                format!("{{ param = {}, options = {options} }}", text(&surcharge.param))
            };
            self.line("surcharges", &lines(rule.surcharges.iter().map(surcharge)));
        }
        if !rule.targets.is_empty() {
            let target = |target: &crate::tariff::PerTarget| {
                let (param, credits) = (text(&target.param), amount(target.credits));
                with_label(format!("param = {param}, credits = {credits}, max = {}", target.max), &target.label)
            };
            self.line("targets", &lines(rule.targets.iter().map(target)));
        }
    }

    fn sum(&mut self, rule: &Sum) {
        self.table("[operation.sum]");
        let part = |part: &crate::tariff::SumPart| {
            format!("{{ key = {}, operation = {} }}", text(&part.key), text(&part.operation))
        };
        self.line("parts", &lines(rule.parts.iter().map(part)));
        if !rule.shared.is_empty() {
            self.line("shared", &list(rule.shared.iter().map(|name| text(name))));
        }
        self.option("select", rule.select.as_deref().map(text));
    }
}

fn label(text_of: &str) -> Option<String> {
    (!text_of.is_empty()).then(|| text(text_of))
}

fn quantity(quantity: &Quantity) -> String {
    format!("{{ {} }}", quantity_fields(quantity))
}

fn quantity_fields(quantity: &Quantity) -> String {
    let mut fields = format!("param = {}", text(&quantity.param));
    for (name, number) in
        [("per", (quantity.per != 1).then_some(quantity.per)), ("default", quantity.default), ("max", quantity.max)]
    {
        if let Some(number) = number {
            let _ = write!(fields, ", {name} = {number}");
        }
    }
    fields
}

/// Puts fields into one line: `{ meters = […], minimum = 1 }`.
fn inline(fields: &[String]) -> String {
    format!("{{ {} }}", fields.join(", "))
}

fn per_unit(rule: &PerUnit) -> Vec<String> {
    let meters = rule
        .meters
        .iter()
        .map(|meter| format!("{{ {}, price = {} }}", quantity_fields(&meter.quantity), amount(meter.price)));
    let meters = format!("meters = {}", list(meters));
    let minimum = rule.minimum.map(|minimum| format!("minimum = {}", amount(minimum)));
    std::iter::once(meters).chain(minimum).collect()
}

fn tiered(rule: &Tiered) -> Vec<String> {
    let tiers = rule.tiers.iter().map(|tier| match tier.up_to {
        Some(up_to) => format!("{{ up_to = {up_to}, price = {} }}", amount(tier.price)),
        None => format!("{{ price = {} }}", amount(tier.price)),
    });
    vec![format!("quantity = {}", quantity(&rule.quantity)), format!("tiers = {}", list(tiers))]
}

/// Writes an amount: whole, or a decimal in quotes.
fn amount(credits: Credits) -> String {
    quoted_decimal(&credits.to_string())
}

fn quoted_decimal(number: &str) -> String {
    if number.contains('.') { format!("\"{number}\"") } else { number.to_owned() }
}

/// Writes prices by currency: `{ RUB = 249, USD = "2.90" }`.
fn prices(prices: &[Money]) -> String {
    let one = |money: &Money| {
        let text = money.to_string();
        let number = text.split(' ').next().unwrap_or_default();
        let number = number.strip_suffix(".00").unwrap_or(number);
        format!("{} = {}", money.currency(), quoted_decimal(number))
    };
    format!("{{ {} }}", prices.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Writes a text as TOML.
fn text(text: &str) -> String {
    value(&text)
}

/// Writes plain data (texts, whole numbers, flags) as an inline value.
fn value<T: Serialize>(data: &T) -> String {
    let mut out = String::new();
    // Only data without floats and nulls gets here, which always can be written.
    if data.serialize(toml::ser::ValueSerializer::new(&mut out)).is_err() {
        out.clear();
    }
    out
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Writes a list with a line for each item.
fn lines(items: impl Iterator<Item = String>) -> String {
    let mut out = "[\n".to_owned();
    for item in items {
        let _ = writeln!(out, "  {item},");
    }
    out.push(']');
    out
}
