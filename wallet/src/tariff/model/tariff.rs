//! The price of one operation.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{FieldError, Problem, Refusal};
use crate::money::Credits;
use crate::tariff::model::category::Category;
use crate::tariff::rule::param::ParamKind;
use crate::tariff::rule::{Priced, Rule};

/// The longest name of an operation or a supplier, in letters.
const NAME_MAX: usize = 100;

/// The longest unit, in letters.
const UNIT_MAX: usize = 40;

/// The price of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tariff {
    /// What is charged for: `dall-e-3`.
    pub operation: String,
    /// What people read: `DALL·E 3`.
    pub name: String,
    /// What it makes.
    pub category: Category,
    /// What one call is, in English and singular: `image`, `request`, `1000 characters`, `minute`.
    pub unit: String,
    /// Who makes the model, for attribution.
    pub supplier: Option<String>,
    /// What it costs us, for margins; never shown to customers.
    pub upstream_cost: Option<UpstreamCost>,
    /// The lowest plan that may call it, by code.
    pub minimum_plan: Option<String>,
    /// Options that need a plan: `tier=premium` needs Build.
    #[serde(default)]
    pub gates: Vec<OptionRequirement>,
    /// How it is priced.
    pub rule: Rule,
    /// The place in the price list, from 0.
    pub position: i32,
}

/// An option that needs a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionRequirement {
    /// The param: `tier`.
    pub param: String,
    /// The option: `premium`.
    pub value: String,
    /// The lowest plan that may ask for it, by code.
    pub plan: String,
}

const fn one() -> i64 {
    1
}

/// What an operation costs upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamCost {
    /// Millionths of the currency's main unit, for `per` units of the tariff: 40 000 is $0.04.
    #[serde(alias = "amount")]
    #[cfg_attr(feature = "postgres", serde(with = "crate::money::notation::micros"))]
    pub micros: i64,
    /// How many units of the tariff that is for.
    #[serde(default = "one")]
    pub per: i64,
    /// The currency.
    pub currency: crate::money::Currency,
    /// When it should be looked at again.
    pub review_on: Option<NaiveDate>,
}

impl Tariff {
    /// Prices a call of the operation.
    pub fn price(&self, params: &Map<String, Value>, count: i64, step: Credits) -> Result<Priced, Refusal> {
        let mut priced = self.rule.price(params, count, step)?;
        for line in &mut priced.lines {
            if line.label.is_empty() {
                line.label.clone_from(&self.name);
            }
        }
        Ok(priced)
    }

    /// Lists the plans that the operation itself needs; `given` knows the params by the rule's own names. What the
    /// parts of a sum need too, [`PriceBook::plans_needed`] knows.
    pub(in crate::tariff) fn plans_of<'v>(&self, given: impl Fn(&str) -> Option<&'v Value>) -> Vec<&str> {
        let mut plans: Vec<&str> = self.minimum_plan.as_deref().into_iter().collect();
        if self.gates.is_empty() {
            return plans;
        }
        let specs = self.rule.params();
        for gate in &self.gates {
            let asked = match given(&gate.param) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Null) | None => {
                    specs.iter().find(|spec| spec.name == gate.param).and_then(|spec| spec.default.clone())
                }
                Some(other) => Some(other.to_string()),
            };
            if asked.as_ref() == Some(&gate.value) {
                plans.push(&gate.plan);
            }
        }
        plans
    }

    /// Finds what is wrong with the tariff, each problem at its path under the operation's name.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, problem: Problem, message: &str| {
            let field = format!("{}.{field}", self.operation);
            problems.push(FieldError::new(field, problem, message));
        };
        if !is_operation(&self.operation) {
            wrong("operation", Problem::NotAllowed, "An operation is 1–64 of a–z, 0–9, dot, dash and underscore.");
        }
        let texts = [
            ("name", self.name.as_str(), NAME_MAX, "A name has 1–100 letters."),
            ("unit", &self.unit, UNIT_MAX, "A unit has 1–40 letters: image, minute, 1000 characters."),
            ("supplier", self.supplier.as_deref().unwrap_or("—"), NAME_MAX, "A supplier has 1–100 letters."),
        ];
        for (field, text, longest, message) in texts {
            if text.trim().is_empty() {
                wrong(field, Problem::Required, message);
            } else if text.chars().count() > longest {
                wrong(field, Problem::TooLong, message);
            } else if text.chars().any(char::is_control) {
                wrong(field, Problem::NotAllowed, "No control characters here: no line ends, no NUL.");
            }
        }
        if self.upstream_cost.as_ref().is_some_and(|cost| cost.micros < 0 || cost.per < 1) {
            wrong(
                "upstream_cost",
                Problem::TooSmall,
                "An upstream cost can't be negative, and is for at least 1 unit.",
            );
        }
        let specs = self.rule.params();
        for gate in &self.gates {
            let known = specs.iter().any(|spec| match &spec.kind {
                ParamKind::Choice(values) => spec.name == gate.param && values.contains(&gate.value),
                ParamKind::Choices(_) | ParamKind::Integer { .. } => false,
            });
            if !known {
                wrong("gates", Problem::Unknown, "A gate names an option that the rule doesn't have.");
            }
        }
        problems.extend(self.rule.problems(&format!("{}.rule", self.operation)));
        problems
    }
}

/// Says whether a text can name an operation.
#[must_use]
pub(crate) fn is_operation(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}
