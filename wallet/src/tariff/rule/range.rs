//! Between two bounds: a request costs 1–3 by complexity, moved by language and load. The caller's params decide;
//! the bounds hold whatever they say.

use serde::{Deserialize, Serialize};

use super::{Checker, Line, PriceDirection, Quantity, Worked};
use crate::error::Problem;
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;
use crate::tariff::rule::param::{ParamKind, ParamSpec, Reader};

/// A price between two bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least.
    pub min: Credits,
    /// The most.
    pub max: Credits,
    /// The param that sets the level: `complexity`.
    pub param: String,
    /// The level of a call that names none; without it the param is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The levels and their prices.
    pub levels: Vec<Level>,
    /// What moves the level's price: language, load.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) modifiers: Vec<Modifier>,
    /// What the price is for, where it isn't one call: 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
}

/// One level of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// What the param says.
    pub value: String,
    /// The price.
    pub price: Credits,
}

/// Something that moves a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Modifier {
    /// The param: `load`.
    pub param: String,
    /// What it takes; the first is what a call without it means.
    pub options: Vec<ModifierOption>,
}

/// One option of a modifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModifierOption {
    /// What the param says.
    pub value: String,
    /// Hundredths of the price: 100 leaves it, 150 adds half.
    pub percent: u32,
}

impl Range {
    pub(crate) fn params(&self) -> Vec<ParamSpec> {
        let level = ParamSpec {
            name: self.param.clone(),
            kind: ParamKind::Choice(self.levels.iter().map(|level| level.value.clone()).collect()),
            required: self.default.is_none(),
            default: self.default.clone(),
        };
        let modifier = |modifier: &Modifier| ParamSpec {
            name: modifier.param.clone(),
            kind: ParamKind::Choice(modifier.options.iter().map(|option| option.value.clone()).collect()),
            required: false,
            default: modifier.options.first().map(|option| option.value.clone()),
        };
        let quantity = self.quantity.iter().map(Quantity::spec);
        quantity.chain([level]).chain(self.modifiers.iter().map(modifier)).collect()
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        checker.price("min", self.min);
        checker.price("max", self.max);
        if self.min > self.max {
            let message = format!("min is {} and max {}: min can't be above max.", self.min, self.max);
            checker.wrong("min", Problem::TooLarge, message);
        }
        let quantity = self.quantity.iter().map(|quantity| quantity.param.as_str());
        let modifiers = self.modifiers.iter().map(|modifier| modifier.param.as_str());
        checker.names("param", quantity.chain([self.param.as_str()]).chain(modifiers));
        checker.names("levels", self.levels.iter().map(|level| level.value.as_str()));
        for level in &self.levels {
            checker.price(&format!("levels.{}", level.value), level.price);
            if level.price < self.min || level.price > self.max {
                let message = format!("The level {} is outside {}–{}.", level.value, self.min, self.max);
                checker.wrong(&format!("levels.{}", level.value), Problem::NotAllowed, message);
            }
        }
        let known = |default: &String| self.levels.iter().any(|level| &level.value == default);
        if self.default.as_ref().is_some_and(|default| !known(default)) {
            checker.wrong("default", Problem::NotAllowed, "default is one of the levels.");
        }
        for modifier in &self.modifiers {
            checker.inside(&modifier.param, |checker| {
                checker.names("options", modifier.options.iter().map(|option| option.value.as_str()));
                if modifier.options.iter().any(|option| option.percent > 10_000) {
                    checker.wrong("options", Problem::TooLarge, "A modifier is at most 10000 percent.");
                }
            });
        }
        if let Some(quantity) = &self.quantity {
            checker.inside("quantity", |checker| quantity.check(checker));
        }
    }

    pub(crate) fn work(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        let level = reader
            .choice(&self.param, self.levels.iter().map(|level| level.value.as_str()), self.default.as_deref())
            .and_then(|place| self.levels.get(place));
        let mut price = level.map(|level| Exact::of(level.price));
        let mut label = level.map(|level| format!("{} {}", self.param, level.value)).unwrap_or_default();
        for modifier in &self.modifiers {
            let values = modifier.options.iter().map(|option| option.value.as_str());
            let first = modifier.options.first().map(|option| option.value.as_str());
            let option = reader.choice(&modifier.param, values, first).and_then(|place| modifier.options.get(place));
            price = price.zip(option).and_then(|(price, option)| price.percent(option.percent));
            if let Some(option) = option.filter(|option| option.percent != 100) {
                label.push_str(&format!(", {} {} × {} %", modifier.param, option.value, option.percent));
            }
        }
        let quantity = self.quantity.as_ref().map(|quantity| (quantity, quantity.read(reader)));
        let (min, max) = (Exact::of(self.min), Exact::of(self.max));
        let price = price?;
        let bound = price.at_least(min).at_most(max);
        if bound.compare(price).is_ne() {
            label.push_str(&format!(", within {}–{}", self.min, self.max));
        }
        let unit_price = bound.cut();
        let Some((quantity, units)) = quantity else {
            let line = Line { label, measured: None, unit_price, amount: bound };
            return Some(Worked { total: bound, min, max, lines: vec![line] });
        };
        let units = units?;
        let of = |rate: Exact| rate.times(units)?.over(quantity.per);
        let line = Line {
            label: format!("{}, {label}", quantity.per_text()),
            measured: Some(quantity.text(units)),
            unit_price,
            amount: of(bound)?,
        };
        Some(Worked { total: of(bound)?, min: of(min)?, max: of(max)?, lines: vec![line] })
    }

    pub(crate) fn price_direction(&self, later: &Self) -> PriceDirection {
        let bounds = PriceDirection::between(&self.min, &later.min).and(PriceDirection::between(&self.max, &later.max));
        let same = self.param == later.param
            && self.default == later.default
            && self.quantity == later.quantity
            && self.modifiers == later.modifiers
            && self.levels.iter().map(|level| &level.value).eq(later.levels.iter().map(|level| &level.value));
        if !same {
            return bounds.and(PriceDirection::UNKNOWN);
        }
        let pairs = self.levels.iter().zip(&later.levels);
        pairs.fold(bounds, |so_far, (before, after)| so_far.and(PriceDirection::between(&before.price, &after.price)))
    }
}
