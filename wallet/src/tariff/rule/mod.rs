//! The rules of a tariff: pure functions from params to credits.
//!
//! Prices are whole micro-credits per so many units; products are exact in 128 bits, and a price is rounded once,
//! up, to the price book's step. Every rule answers the same way: [`Priced`] with the credits, the least and the most
//! that the same quantity can cost under other options, and the formula as lines that a person can read.

mod cells;
mod check;
mod composite;
mod flat;
pub(super) mod fraction;
mod matrix;
pub(super) mod param;
mod per_unit;
mod price_direction;
mod range;
mod sum;
mod tiered;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use cells::{PriceCell, read_price};
pub use composite::Composite;
pub(crate) use composite::{PerTarget, Surcharge, SurchargeOption};
pub use flat::Flat;
pub use matrix::{Axis, CELLS_MAX, Matrix};
pub use per_unit::{Meter, PerUnit, Quantity};
pub(crate) use price_direction::PriceDirection;
pub use range::{Level, Range};
pub(crate) use range::{Modifier, ModifierOption};
pub use sum::{Sum, SumPart};
pub(crate) use tiered::Tier;
pub use tiered::Tiered;

pub(crate) use check::Checker;

use crate::error::{FieldError, Problem, Refusal};
use crate::ledger::FormulaLine;
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;
use crate::tariff::rule::param::{ParamKind, ParamSpec, Reader};

/// The dearest price that a rule may name: a thousand million credits. More is a slip of the hand.
pub(crate) const PRICE_MAX: Credits = Credits::from_micros(1_000_000_000_000_000);
/// The most calls that one charge or quote may stand for.
pub const COUNT_MAX: i64 = 1_000_000;
/// The most options, levels, tiers, meters or parts of one rule.
pub(crate) const PARTS_MAX: usize = 200;

/// How an operation is priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Rule {
    /// The same for every call.
    Flat(Flat),
    /// By quantity.
    PerUnit(PerUnit),
    /// By quantity, each tier's units at the tier's price.
    Graduated(Tiered),
    /// By quantity, all units at the price of the tier that the quantity reaches.
    Volume(Tiered),
    /// By options, a price in every cell.
    Matrix(Matrix),
    /// Between two bounds, by level and modifiers.
    Range(Range),
    /// A base, surcharges by option, and so much per target.
    Composite(Composite),
    /// The sum of other operations: a pipeline, a benchmark.
    Sum(Sum),
}

/// What a call costs, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    /// What it costs.
    pub credits: Credits,
    /// The least that the same quantity costs under other options.
    pub min: Credits,
    /// The most.
    pub max: Credits,
    /// The formula; the lines' credits add up to `credits`. An empty label stands for the operation's name.
    pub lines: Vec<FormulaLine>,
}

/// What one unit can cost, for a price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRange {
    /// The least.
    pub min: Credits,
    /// The most, without what is counted per target.
    pub max: Credits,
    /// The rule's name: `matrix`.
    pub pricing_type: String,
}

/// One line of the working, still exact.
pub(crate) struct Line {
    pub(crate) label: String,
    /// What was counted, where it isn't the number of calls.
    pub(crate) measured: Option<String>,
    pub(crate) unit_price: Option<Credits>,
    pub(crate) amount: Exact,
}

/// The working of one call, still exact.
pub(crate) struct Worked {
    pub(crate) total: Exact,
    pub(crate) min: Exact,
    pub(crate) max: Exact,
    pub(crate) lines: Vec<Line>,
}

impl Worked {
    /// A price without choices: least and most are the same.
    pub(crate) fn fixed(total: Exact, lines: Vec<Line>) -> Self {
        Self { total, min: total, max: total, lines }
    }
}

impl Rule {
    /// Names the rule: what `NeuralBox`'s API calls `pricing_type`.
    #[must_use]
    pub const fn pricing_type(&self) -> &'static str {
        match self {
            Self::Flat(_) => "flat",
            Self::PerUnit(_) => "per_unit",
            Self::Graduated(_) => "graduated",
            Self::Volume(_) => "volume",
            Self::Matrix(_) => "matrix",
            Self::Range(_) => "range",
            Self::Composite(_) => "composite",
            Self::Sum(_) => "sum",
        }
    }

    /// Prices `count` calls with the same params, rounded once, up, to `step`.
    pub fn price(&self, params: &Map<String, Value>, count: i64, step: Credits) -> Result<Priced, Refusal> {
        let mut reader = Reader::new(params);
        let worked = self.work(&mut reader);
        reader.finish(|| self.params())?;
        check_count(count)?;
        let worked = worked.ok_or_else(too_large)?;
        sum_up(worked, count, step).ok_or_else(too_large)
    }

    /// Gives what one unit can cost.
    #[must_use]
    pub fn range(&self) -> PriceRange {
        let (min, max) = match self {
            Self::Flat(rule) => (rule.credits, rule.credits),
            Self::PerUnit(rule) => rule.bounds(),
            Self::Graduated(rule) | Self::Volume(rule) => rule.bounds(),
            Self::Matrix(rule) => rule.bounds(),
            Self::Range(rule) => (rule.min, rule.max),
            Self::Composite(rule) => rule.bounds(),
            Self::Sum(rule) => rule.bounds(),
        };
        PriceRange { min, max, pricing_type: self.pricing_type().to_owned() }
    }

    /// Gives the least that a call costs however small it is, where the rule sets one.
    #[must_use]
    pub const fn minimum(&self) -> Option<Credits> {
        match self {
            Self::PerUnit(rule) => rule.minimum,
            _ => None,
        }
    }

    /// Lists the params that the rule takes, in the order of a form.
    #[must_use]
    pub fn params(&self) -> Vec<ParamSpec> {
        match self {
            Self::Flat(_) => Vec::new(),
            Self::PerUnit(rule) => rule.params(),
            Self::Graduated(rule) | Self::Volume(rule) => rule.params(),
            Self::Matrix(rule) => rule.params(),
            Self::Range(rule) => rule.params(),
            Self::Composite(rule) => rule.params(),
            Self::Sum(rule) => rule.params(),
        }
    }

    /// Gives params that make a call of the rule: what must be said, with the first option and the quantity that the
    /// price is for. What may be left out is.
    #[must_use]
    pub fn example(&self) -> Map<String, Value> {
        let mut params = Map::new();
        for spec in self.params().into_iter().filter(|spec| spec.required) {
            let value = match &spec.kind {
                ParamKind::Choice(values) => values.first().map(|value| Value::from(value.as_str())),
                ParamKind::Choices(values) => Some(Value::from(values.clone())),
                ParamKind::Integer { min, max, .. } => {
                    let per = self.quantities().into_iter().find(|(name, _)| *name == spec.name).map(|(_, per)| per);
                    Some(Value::from(per.unwrap_or(*min).clamp(*min, *max)))
                }
            };
            params.extend(value.map(|value| (spec.name, value)));
        }
        params
    }

    /// Lists the quantities that the rule counts, each with the number of units that a price is for.
    #[must_use]
    pub fn quantities(&self) -> Vec<(String, i64)> {
        let of = |quantity: &Quantity| (quantity.param.clone(), quantity.per);
        match self {
            Self::PerUnit(rule) => rule.meters.iter().map(|meter| of(&meter.quantity)).collect(),
            Self::Graduated(rule) | Self::Volume(rule) => vec![of(&rule.quantity)],
            Self::Range(rule) => rule.quantity.iter().map(of).collect(),
            Self::Sum(rule) => rule.quantities(),
            Self::Flat(_) | Self::Matrix(_) | Self::Composite(_) => Vec::new(),
        }
    }

    /// Finds what is wrong with the rule itself; each at its path under `path`.
    #[must_use]
    pub fn problems(&self, path: &str) -> Vec<FieldError> {
        let mut checker = Checker::at(path);
        self.check(&mut checker);
        checker.problems
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        match self {
            Self::Flat(rule) => checker.price("credits", rule.credits),
            Self::PerUnit(rule) => rule.check(checker),
            Self::Graduated(rule) | Self::Volume(rule) => rule.check(checker),
            Self::Matrix(rule) => rule.check(checker),
            Self::Range(rule) => rule.check(checker),
            Self::Composite(rule) => rule.check(checker),
            Self::Sum(rule) => rule.check(checker),
        }
    }

    /// Works one call out exactly; `None` where a param is wrong (the reader knows which) or a number too large.
    pub(crate) fn work(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        match self {
            Self::Flat(rule) => Some(rule.work()),
            Self::PerUnit(rule) => rule.work(reader),
            Self::Graduated(rule) => rule.work_graduated(reader),
            Self::Volume(rule) => rule.work_volume(reader),
            Self::Matrix(rule) => rule.work(reader),
            Self::Range(rule) => rule.work(reader),
            Self::Composite(rule) => rule.work(reader),
            Self::Sum(rule) => rule.work(reader),
        }
    }
}

/// The number of calls is from 1 to [`COUNT_MAX`].
fn check_count(count: i64) -> Result<(), Refusal> {
    let problem = match count {
        ..1 => Problem::TooSmall,
        1..=COUNT_MAX => return Ok(()),
        _ => Problem::TooLarge,
    };
    let message = format!("count must be from 1 to {COUNT_MAX}.");
    Err(Refusal::unprocessable("count", problem, message))
}

/// The product does not fit; nobody has so many credits.
fn too_large() -> Refusal {
    let message = "This would cost more credits than there can be. Ask for less at once.";
    Refusal::unprocessable("count", Problem::TooLarge, message)
}

/// Multiplies by the number of calls, rounds once, and writes the lines so that they add up.
fn sum_up(worked: Worked, count: i64, step: Credits) -> Option<Priced> {
    let credits = worked.total.times(count)?.round_up(step)?;
    let mut lines = Vec::with_capacity(worked.lines.len().checked_add(1)?);
    let mut shown = Credits::ZERO;
    for line in worked.lines {
        let amount = line.amount.times(count)?.cut()?;
        shown = shown.checked_add(amount)?;
        let quantity = match line.measured {
            Some(measured) if count > 1 => format!("{count} × {measured}"),
            Some(measured) => measured,
            None => count.to_string(),
        };
        lines.push(FormulaLine { label: line.label, quantity, unit_price: line.unit_price, credits: amount });
    }
    let rest = credits.checked_sub(shown)?;
    if rest != Credits::ZERO {
        let label =
            format!("Rounded up to {}", if step == Credits::ONE { "a whole one".to_owned() } else { step.to_string() });
        lines.push(FormulaLine { label, quantity: String::new(), unit_price: None, credits: rest });
    }
    Some(Priced {
        credits,
        min: worked.min.times(count)?.round_up(step)?,
        max: worked.max.times(count)?.round_up(step)?,
        lines,
    })
}

#[cfg(test)]
mod tests;
