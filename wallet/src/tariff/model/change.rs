//! What changes between two tariffs of one operation: how far they are apart, and which way the price goes.

use serde::{Deserialize, Serialize};

use crate::money::Credits;
use crate::tariff::model::plan_requirement::RequirementChange;
use crate::tariff::model::tariff::Tariff;
use crate::tariff::rule::{PriceRange, Rule};

/// How far two tariffs of one operation are apart: the farthest of what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Apart {
    /// At most in their place, which follows from the order of all.
    Place,
    /// In what the price rests on; customers see none of it.
    Cost,
    /// In words: name, category, unit, supplier.
    Words,
    /// In what a call costs, or who may make it.
    Price,
}

impl Tariff {
    /// Says how far another tariff of the same operation is from this one.
    #[must_use]
    pub(crate) fn apart(&self, other: &Self) -> Apart {
        if self.rule != other.rule || self.minimum_plan != other.minimum_plan || self.gates != other.gates {
            Apart::Price
        } else if !self.same_words(other) {
            Apart::Words
        } else if self.upstream_cost != other.upstream_cost {
            Apart::Cost
        } else {
            Apart::Place
        }
    }

    /// Says whether people read the same of both.
    pub(in crate::tariff) fn same_words(&self, other: &Self) -> bool {
        (&self.name, self.category, &self.unit, &self.supplier)
            == (&other.name, other.category, &other.unit, &other.supplier)
    }
}

/// Which way a price goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Some call may cost more, needs a higher plan, or is refused.
    Rise,
    /// Some calls cost less and none more.
    Drop,
    /// The operation is new.
    New,
    /// The operation goes away; it needs notice like a rise.
    Removed,
    /// No call costs anything else, and some are possible that were not: a new option, a lower plan.
    Wider,
    /// Only words change: name, category, supplier, labels.
    Wording,
}

impl Direction {
    /// Says whether the change needs notice.
    #[must_use]
    pub const fn needs_notice(self) -> bool {
        matches!(self, Self::Rise | Self::Removed)
    }

    /// Says whether a call that there was may cost something else now.
    #[must_use]
    pub const fn moves_a_price(self) -> bool {
        matches!(self, Self::Rise | Self::Drop | Self::Removed)
    }
}

/// One operation's change between two price books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceChange {
    /// The operation.
    pub operation: String,
    /// Its name for people.
    pub name: String,
    /// What one call is.
    pub unit: String,
    /// The price before.
    pub before: Option<PriceRange>,
    /// The price after.
    pub after: Option<PriceRange>,
    /// Which way it goes.
    pub direction: Direction,
    /// The options that change, where the operation has several prices and they compare one by one.
    #[serde(default)]
    pub options: Vec<OptionChange>,
    /// The plans that change, of the operation and its options.
    #[serde(default)]
    pub gates: Vec<RequirementChange>,
}

impl PriceChange {
    /// Puts two tariffs of an operation beside each other; one of them may be missing.
    pub(in crate::tariff) fn between(before: Option<&Tariff>, after: Option<&Tariff>, direction: Direction) -> Self {
        let tariff = after.or(before);
        Self {
            operation: tariff.map(|tariff| tariff.operation.clone()).unwrap_or_default(),
            name: tariff.map(|tariff| tariff.name.clone()).unwrap_or_default(),
            unit: tariff.map(|tariff| tariff.unit.clone()).unwrap_or_default(),
            before: before.map(|tariff| tariff.rule.range()),
            after: after.map(|tariff| tariff.rule.range()),
            direction,
            options: before.zip(after).map(|(before, after)| options(&before.rule, &after.rule)).unwrap_or_default(),
            gates: Vec::new(),
        }
    }
}

/// What two books say about all of their prices.
pub(in crate::tariff) struct Sides<'r, R: Fn(&str) -> Option<i32>> {
    pub(in crate::tariff) step_before: Credits,
    pub(in crate::tariff) step_after: Credits,
    /// Gives a plan's rank.
    pub(in crate::tariff) rank: &'r R,
}

impl<R: Fn(&str) -> Option<i32>> Sides<'_, R> {
    /// Says which way one operation goes; `None` where nothing differs that anybody sees.
    pub(in crate::tariff) fn direction(&self, before: &Tariff, after: &Tariff) -> Option<Direction> {
        // Prices are rounded up: steps that lie between the old ones lower some and raise none, all others may raise.
        let is_finer = self.step_before.micros().checked_rem(self.step_after.micros()) == Some(0);
        let prices = before.rule.price_direction(&after.rule);
        if prices.up || self.requirements_rise(before, after) || !is_finer {
            return Some(Direction::Rise);
        }
        if prices.down || self.step_before != self.step_after {
            return Some(Direction::Drop);
        }
        match before.apart(after) {
            Apart::Place | Apart::Cost => None,
            Apart::Words => Some(Direction::Wording),
            Apart::Price => {
                let is_reworded = before.rule.is_reworded(&after.rule)
                    && (&before.minimum_plan, &before.gates) == (&after.minimum_plan, &after.gates);
                Some(if is_reworded { Direction::Wording } else { Direction::Wider })
            }
        }
    }

    /// Says whether a plan is needed where none, or a lower one, was.
    pub(in crate::tariff) fn requirements_rise(&self, before: &Tariff, after: &Tariff) -> bool {
        let lowest = self.height(before.minimum_plan.as_deref());
        if self.height(after.minimum_plan.as_deref()) > lowest {
            return true;
        }
        after.gates.iter().any(|gate| {
            let known = before.required_plan(&gate.param, &gate.value);
            self.height(Some(&gate.plan)) > self.height(known).max(lowest)
        })
    }

    /// Gives a plan's rank; no plan is below all, and one that isn't offered above all.
    pub(in crate::tariff) fn height(&self, plan: Option<&str>) -> i32 {
        plan.map_or(i32::MIN, |plan| (self.rank)(plan).unwrap_or(i32::MAX))
    }
}

impl Tariff {
    /// Gives the plan that an option needs, by code.
    pub(in crate::tariff) fn required_plan(&self, param: &str, value: &str) -> Option<&str> {
        self.gates.iter().find(|gate| gate.param == param && gate.value == value).map(|gate| gate.plan.as_str())
    }
}

/// One option's price before and after: `1792x1024 × hd`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionChange {
    /// What the price is for.
    pub labels: Vec<String>,
    /// The price before.
    pub before: Credits,
    /// The price after.
    pub after: Credits,
}

/// Lists the options whose prices differ between two rules of the same shape.
pub(in crate::tariff) fn options(before: &Rule, after: &Rule) -> Vec<OptionChange> {
    let (before, after) = (before.cells(), after.cells());
    let is_same_shape =
        before.len() == after.len() && before.iter().zip(&after).all(|(before, after)| before.labels == after.labels);
    if !is_same_shape || before.len() < 2 {
        return Vec::new();
    }
    let changed = before.into_iter().zip(after).filter(|(before, after)| before.credits != after.credits);
    changed
        .map(|(before, after)| OptionChange { labels: before.labels, before: before.credits, after: after.credits })
        .collect()
}
