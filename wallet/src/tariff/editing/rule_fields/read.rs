//! A sheet read into a rule: what each field holds, by its own name; what the rule as a whole must be is checked with the
//! operation.

use super::{RuleField, RuleFields, RuleTable, cell_field, list, row_field, rule_layout};
use crate::error::{FieldError, Problem};
use crate::money::Credits;
use crate::tariff::read_price;
use crate::tariff::rule::{
    Axis, CELLS_MAX, Composite, Flat, Level, Matrix, Meter, Modifier, ModifierOption, PerTarget, PerUnit, Quantity,
    Range, Rule, Sum, SumPart, Surcharge, SurchargeOption, Tier, Tiered,
};

impl RuleFields {
    /// Reads the rule; refused with everything that is wrong, each at its field. The parts of a sum have no rules yet.
    pub(crate) fn read(&self) -> Result<Rule, Vec<FieldError>> {
        let mut reader = FieldReader { sheet: self, errors: Vec::new() };
        let rule = reader.rule();
        match rule {
            Some(rule) if reader.errors.is_empty() => Ok(rule),
            None if reader.errors.is_empty() => {
                Err(vec![FieldError::new("rule", Problem::Unknown, format!("There is no rule “{}”.", self.kind))])
            }
            _ => Err(reader.errors),
        }
    }
}

struct FieldReader<'a> {
    sheet: &'a RuleFields,
    errors: Vec<FieldError>,
}

impl FieldReader<'_> {
    fn rule(&mut self) -> Option<Rule> {
        Some(match self.sheet.kind.as_str() {
            "flat" => Rule::Flat(Flat { credits: self.price("rule.price") }),
            "per_unit" => {
                let meters = self.rows("meters", |reader, row| Meter {
                    quantity: reader.quantity_of_row(row),
                    price: reader.price(&row_field("meters", row, "price")),
                });
                Rule::PerUnit(PerUnit { meters, minimum: self.optional_price("rule.minimum") })
            }
            "graduated" => Rule::Graduated(self.tiered()),
            "volume" => Rule::Volume(self.tiered()),
            "matrix" => Rule::Matrix(self.matrix()),
            "range" => Rule::Range(self.range()),
            "composite" => Rule::Composite(self.composite()),
            "sum" => {
                let parts = self.rows("parts", |reader, row| SumPart {
                    key: reader.text(&row_field("parts", row, "key")),
                    operation: reader.text(&row_field("parts", row, "operation")),
                    rule: Box::new(Rule::Flat(Flat { credits: Credits::ZERO })),
                });
                let (shared, select) = (list(self.sheet.value("rule.shared")), self.optional_text("rule.select"));
                Rule::Sum(Sum { parts, shared, select })
            }
            _ => return None,
        })
    }

    fn tiered(&mut self) -> Tiered {
        let quantity = Quantity {
            param: self.text("rule.param"),
            per: self.optional_count("rule.per").unwrap_or(1),
            default: self.optional_count("rule.default"),
            max: self.optional_count("rule.max"),
        };
        let tiers = self.rows("tiers", |reader, row| Tier {
            up_to: reader.optional_count(&row_field("tiers", row, "up_to")),
            price: reader.price(&row_field("tiers", row, "price")),
        });
        Tiered { quantity, tiers }
    }

    fn matrix(&mut self) -> Matrix {
        let axes = self.rows("axes", |reader, row| Axis {
            param: reader.text(&row_field("axes", row, "param")),
            values: reader.names(&row_field("axes", row, "values")),
            default: reader.optional_text(&row_field("axes", row, "default")),
        });
        let combinations = self.sheet.combinations();
        if combinations.is_empty() && self.errors.is_empty() {
            let message = format!("A grid has from 1 to {CELLS_MAX} prices.");
            self.errors.push(FieldError::new("rule", Problem::TooMany, message));
        }
        let cells = combinations.iter().map(|options| {
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            self.price(&cell_field(&options))
        });
        let cells = cells.collect();
        Matrix { axes, cells }
    }

    fn range(&mut self) -> Range {
        let param = self.optional_text("rule.param");
        let quantity = param.map(|param| Quantity {
            param,
            per: self.optional_count("rule.per").unwrap_or(1),
            default: self.optional_count("rule.default"),
            max: self.optional_count("rule.most"),
        });
        let levels = self.rows("levels", |reader, row| Level {
            value: reader.text(&row_field("levels", row, "value")),
            price: reader.price(&row_field("levels", row, "price")),
        });
        let options = self.rows("modifiers", |reader, row| {
            let percent = reader.count(&row_field("modifiers", row, "percent"));
            let percent = u32::try_from(percent).unwrap_or(u32::MAX);
            let value = reader.text(&row_field("modifiers", row, "value"));
            (reader.text(&row_field("modifiers", row, "param")), ModifierOption { value, percent })
        });
        let modifiers = grouped(options).into_iter().map(|(param, options)| Modifier { param, options });
        Range {
            min: self.price("rule.min"),
            max: self.price("rule.max"),
            param: self.text("rule.level"),
            default: self.optional_text("rule.level_default"),
            levels,
            modifiers: modifiers.collect(),
            quantity,
        }
    }

    fn composite(&mut self) -> Composite {
        let options = self.rows("surcharges", |reader, row| {
            let option = SurchargeOption {
                value: reader.text(&row_field("surcharges", row, "value")),
                credits: reader.price(&row_field("surcharges", row, "price")),
                label: reader.sheet.value(&row_field("surcharges", row, "label")).to_owned(),
            };
            (reader.text(&row_field("surcharges", row, "param")), option)
        });
        let surcharges = grouped(options).into_iter().map(|(param, options)| Surcharge { param, options });
        let targets = self.rows("targets", |reader, row| PerTarget {
            param: reader.text(&row_field("targets", row, "param")),
            credits: reader.price(&row_field("targets", row, "price")),
            max: reader.count(&row_field("targets", row, "max")),
            label: reader.sheet.value(&row_field("targets", row, "label")).to_owned(),
        });
        Composite {
            base: self.price("rule.base"),
            label: self.sheet.value("rule.label").to_owned(),
            surcharges: surcharges.collect(),
            targets,
        }
    }

    fn quantity_of_row(&mut self, row: usize) -> Quantity {
        let name = |column: &str| row_field("meters", row, column);
        Quantity {
            param: self.text(&name("param")),
            per: self.optional_count(&name("per")).unwrap_or(1),
            default: self.optional_count(&name("default")),
            max: self.optional_count(&name("max")),
        }
    }

    /// Reads the rows of a table; those without any text count for nothing.
    fn rows<T>(&mut self, name: &str, mut read: impl FnMut(&mut Self, usize) -> T) -> Vec<T> {
        let Some(table) = rule_layout(&self.sheet.kind).tables.iter().find(|table| table.name == name) else {
            return Vec::new();
        };
        let is_used = |row: &usize| self.sheet.is_used(table, *row);
        let used: Vec<usize> = (0..self.sheet.rows(table)).filter(is_used).collect();
        if used.is_empty() && !table.is_optional {
            let first = table.columns.first().map_or("", |column: &RuleField| column.name);
            self.errors.push(required(&row_field(name, 0, first)));
        }
        used.into_iter().map(|row| read(self, row)).collect()
    }

    fn text(&mut self, name: &str) -> String {
        let text = self.sheet.value(name).to_owned();
        if text.is_empty() {
            self.errors.push(required(name));
        }
        text
    }

    fn optional_text(&self, name: &str) -> Option<String> {
        Some(self.sheet.value(name).to_owned()).filter(|text| !text.is_empty())
    }

    fn names(&mut self, name: &str) -> Vec<String> {
        let names = list(self.sheet.value(name));
        if names.is_empty() {
            self.errors.push(required(name));
        }
        names
    }

    fn price(&mut self, name: &str) -> Credits {
        read_price(name, self.sheet.value(name)).map_err(|error| self.errors.push(error)).unwrap_or_default()
    }

    fn optional_price(&mut self, name: &str) -> Option<Credits> {
        (!self.sheet.value(name).is_empty()).then(|| self.price(name))
    }

    fn count(&mut self, name: &str) -> i64 {
        match self.optional_count(name) {
            Some(count) => count,
            None if self.sheet.value(name).is_empty() => {
                self.errors.push(required(name));
                0
            }
            None => 0,
        }
    }

    /// Reads a whole number of zero or more; spaces between its digits count for nothing.
    fn optional_count(&mut self, name: &str) -> Option<i64> {
        let text: String = self.sheet.value(name).chars().filter(|letter| !letter.is_whitespace()).collect();
        if text.is_empty() {
            return None;
        }
        let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
        let count = text.parse::<i64>().ok().filter(|_| is_whole);
        if count.is_none() {
            let problem = if is_whole { Problem::TooLarge } else { Problem::NotANumber };
            self.errors.push(FieldError::new(name, problem, "Enter a whole number such as 1000."));
        }
        count
    }
}

impl RuleFields {
    /// Whether anything stands in a row.
    fn is_used(&self, table: &RuleTable, row: usize) -> bool {
        table.columns.iter().any(|column| !self.value(&row_field(table.name, row, column.name)).is_empty())
    }
}

fn required(name: &str) -> FieldError {
    FieldError::new(name, Problem::Required, "Enter something here.")
}

/// Puts the options of each param together, in the order in which the params come first.
fn grouped<T>(options: Vec<(String, T)>) -> Vec<(String, Vec<T>)> {
    let mut groups: Vec<(String, Vec<T>)> = Vec::new();
    for (param, option) in options {
        match groups.iter_mut().find(|(known, _)| *known == param) {
            Some((_, group)) => group.push(option),
            None => groups.push((param, vec![option])),
        }
    }
    groups
}
