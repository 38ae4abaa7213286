//! By options: dall-e-3 by size × quality, a price in every cell.

use serde::{Deserialize, Serialize};

use super::{Checker, Line, PriceDirection, Worked};
use crate::error::Problem;
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;
use crate::tariff::rule::param::{ParamKind, ParamSpec, Reader};

/// The most cells of one matrix.
pub const CELLS_MAX: usize = 2_000;

/// A price for every combination of options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// The options, from the outermost on.
    pub axes: Vec<Axis>,
    /// A price for each combination, the last axis running fastest.
    pub cells: Vec<Credits>,
}

/// One option of a matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// The param: `size`.
    pub param: String,
    /// What it takes.
    pub values: Vec<String>,
    /// What a call without it means; without it the param is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

impl Matrix {
    pub(crate) fn bounds(&self) -> (Credits, Credits) {
        let (min, max) = (self.cells.iter().min(), self.cells.iter().max());
        (min.copied().unwrap_or_default(), max.copied().unwrap_or_default())
    }

    /// Gives the place of a combination, one place per axis; `None` outside the matrix.
    #[must_use]
    pub fn place(&self, places: &[usize]) -> Option<usize> {
        if places.len() != self.axes.len() {
            return None;
        }
        self.axes.iter().zip(places).try_fold(0_usize, |so_far, (axis, place)| {
            if *place >= axis.values.len() {
                return None;
            }
            so_far.checked_mul(axis.values.len())?.checked_add(*place)
        })
    }

    /// Gives the price of a combination, one place per axis.
    #[must_use]
    pub fn cell(&self, places: &[usize]) -> Option<Credits> {
        self.cells.get(self.place(places)?).copied()
    }

    /// Lists every combination with its price, in the order of the cells.
    pub(crate) fn combinations(&self) -> impl Iterator<Item = (Vec<&str>, Credits)> {
        self.cells.iter().enumerate().map(|(place, credits)| {
            let mut rest = place;
            let mut values: Vec<&str> = Vec::with_capacity(self.axes.len());
            for axis in self.axes.iter().rev() {
                let size = axis.values.len();
                let value = rest.checked_rem(size).and_then(|place| axis.values.get(place));
                values.push(value.map_or("", String::as_str));
                rest = rest.checked_div(size).unwrap_or(0);
            }
            values.reverse();
            (values, *credits)
        })
    }

    pub(crate) fn params(&self) -> Vec<ParamSpec> {
        let spec = |axis: &Axis| ParamSpec {
            name: axis.param.clone(),
            kind: ParamKind::Choice(axis.values.clone()),
            required: axis.default.is_none(),
            default: axis.default.clone(),
        };
        self.axes.iter().map(spec).collect()
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        checker.names("axes", self.axes.iter().map(|axis| axis.param.as_str()));
        for axis in &self.axes {
            checker.inside(&axis.param, |checker| {
                checker.names("values", axis.values.iter().map(String::as_str));
                if axis.default.as_ref().is_some_and(|default| !axis.values.contains(default)) {
                    checker.wrong("default", Problem::NotAllowed, "default is one of the values.");
                }
            });
        }
        let needed = self.axes.iter().try_fold(1_usize, |so_far, axis| so_far.checked_mul(axis.values.len()));
        if needed.is_none_or(|needed| needed > CELLS_MAX) {
            checker.wrong("cells", Problem::TooLong, format!("A matrix has at most {CELLS_MAX} cells."));
        } else if needed != Some(self.cells.len()) {
            let (needed, found) = (needed.unwrap_or(0), self.cells.len());
            checker.wrong(
                "cells",
                Problem::Required,
                format!("Every cell needs a price: {needed} cells, {found} prices."),
            );
        }
        for (values, credits) in self.combinations() {
            checker.price(&format!("cells.{}", values.join(".")), credits);
        }
    }

    pub(crate) fn work(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        let mut place = Some(0_usize);
        let mut label = String::new();
        for axis in &self.axes {
            let chosen = reader.choice(&axis.param, axis.values.iter().map(String::as_str), axis.default.as_deref());
            place =
                place.zip(chosen).and_then(|(place, chosen)| place.checked_mul(axis.values.len())?.checked_add(chosen));
            if let Some(value) = chosen.and_then(|chosen| axis.values.get(chosen)) {
                if !label.is_empty() {
                    label.push_str(", ");
                }
                label.push_str(value);
            }
        }
        let credits = self.cells.get(place?).copied()?;
        let (min, max) = self.bounds();
        let line = Line { label, measured: None, unit_price: Some(credits), amount: Exact::of(credits) };
        Some(Worked { total: Exact::of(credits), min: Exact::of(min), max: Exact::of(max), lines: vec![line] })
    }

    pub(crate) fn price_direction(&self, later: &Self) -> PriceDirection {
        let same_params = self.axes.iter().map(|axis| &axis.param).eq(later.axes.iter().map(|axis| &axis.param));
        if !same_params {
            let ((least, most), (later_least, later_most)) = (self.bounds(), later.bounds());
            return PriceDirection { up: later_most > least, down: later_least < most };
        }
        // An option or a default that goes away is a rise: what worked is refused then.
        let defaults = self
            .axes
            .iter()
            .zip(&later.axes)
            .any(|(before, after)| before.default.is_some() && before.default != after.default);
        let mut direction = PriceDirection { up: defaults, down: false };
        for (values, before) in self.combinations() {
            let places: Option<Vec<usize>> = later
                .axes
                .iter()
                .zip(&values)
                .map(|(axis, value)| axis.values.iter().position(|candidate| candidate == value))
                .collect();
            direction = direction.and(match places.and_then(|places| later.cell(&places)) {
                Some(after) => PriceDirection::between(&before, &after),
                None => PriceDirection::UNKNOWN,
            });
        }
        direction
    }
}
