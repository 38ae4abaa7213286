//! The entries of a file whose layout is not their type's: prices by interval, a rule under its own name, the parts of a
//! sum without their rules. Everything else in a file is a type of the domain.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::catalog::{self, Interval, PlanFeatures, PlanPrice};
use crate::money::notation::prices;
use crate::money::{Credits, Money};
use crate::tariff::rule::{self, Flat};
use crate::tariff::{Category, OptionRequirement, Rule, Tariff, UpstreamCost};

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `[[plan]]`
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) rank: i32,
    #[serde(default, with = "prices", skip_serializing_if = "is_default")]
    pub(super) month: Vec<Money>,
    #[serde(default, with = "prices", skip_serializing_if = "is_default")]
    pub(super) year: Vec<Money>,
    #[serde(default, skip_serializing_if = "is_default")]
    monthly_credits: Credits,
    #[serde(default, skip_serializing_if = "is_default")]
    one_time_credits: Credits,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) custom: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    features: PlanFeatures,
}

impl From<Plan> for catalog::Plan {
    fn from(plan: Plan) -> Self {
        let of = |interval, prices: Vec<Money>| prices.into_iter().map(move |money| PlanPrice { interval, money });
        Self {
            code: plan.code,
            name: plan.name,
            rank: plan.rank,
            prices: of(Interval::Month, plan.month).chain(of(Interval::Year, plan.year)).collect(),
            monthly_credits: plan.monthly_credits,
            one_time_credits: plan.one_time_credits,
            custom: plan.custom,
            features: plan.features,
        }
    }
}

impl From<&catalog::Plan> for Plan {
    fn from(plan: &catalog::Plan) -> Self {
        let of = |interval| {
            let prices = plan.prices.iter().filter(|price| price.interval == interval);
            prices.map(|price| price.money).collect()
        };
        Self {
            code: plan.code.clone(),
            name: plan.name.clone(),
            rank: plan.rank,
            month: of(Interval::Month),
            year: of(Interval::Year),
            monthly_credits: plan.monthly_credits,
            one_time_credits: plan.one_time_credits,
            custom: plan.custom,
            features: plan.features.clone(),
        }
    }
}

/// `[[operation]]`; its rule is read on its own, by the name that it stands under, which is only known here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub(super) code: String,
    name: String,
    category: Category,
    unit: String,
    supplier: Option<String>,
    upstream_cost: Option<UpstreamCost>,
    pub(super) minimum_plan: Option<String>,
    #[serde(default)]
    pub(super) gates: Vec<OptionRequirement>,
    #[serde(rename = "flat")]
    _flat: Option<IgnoredAny>,
    #[serde(rename = "per_unit")]
    _per_unit: Option<IgnoredAny>,
    #[serde(rename = "graduated")]
    _graduated: Option<IgnoredAny>,
    #[serde(rename = "volume")]
    _volume: Option<IgnoredAny>,
    #[serde(rename = "matrix")]
    _matrix: Option<IgnoredAny>,
    #[serde(rename = "range")]
    _range: Option<IgnoredAny>,
    #[serde(rename = "composite")]
    _composite: Option<IgnoredAny>,
    #[serde(rename = "sum")]
    _sum: Option<IgnoredAny>,
}

impl Operation {
    /// Gives the operation as the price list keeps it.
    pub(super) fn into_tariff(self, rule: Rule, position: usize) -> Tariff {
        Tariff {
            operation: self.code,
            name: self.name,
            category: self.category,
            unit: self.unit,
            supplier: self.supplier,
            upstream_cost: self.upstream_cost,
            minimum_plan: self.minimum_plan,
            gates: self.gates,
            rule,
            position: i32::try_from(position).unwrap_or(i32::MAX),
        }
    }
}

/// `[operation.sum]`
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    parts: Vec<SumPart>,
    #[serde(default, skip_serializing_if = "is_default")]
    shared: Vec<String>,
    select: Option<String>,
}

/// One part of a sum: an operation of the same file, whose rule is copied in once all are known.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SumPart {
    key: String,
    operation: String,
}

impl From<Sum> for rule::Sum {
    fn from(sum: Sum) -> Self {
        let unlinked = || Box::new(Rule::Flat(Flat { credits: Credits::ZERO }));
        let part = |part: SumPart| rule::SumPart { key: part.key, operation: part.operation, rule: unlinked() };
        Self { parts: sum.parts.into_iter().map(part).collect(), shared: sum.shared, select: sum.select }
    }
}

impl From<&rule::Sum> for Sum {
    fn from(sum: &rule::Sum) -> Self {
        let part = |part: &rule::SumPart| SumPart { key: part.key.clone(), operation: part.operation.clone() };
        Self { parts: sum.parts.iter().map(part).collect(), shared: sum.shared.clone(), select: sum.select.clone() }
    }
}
