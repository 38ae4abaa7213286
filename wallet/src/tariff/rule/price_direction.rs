//! One rule against another: which way prices go, and in what else the two differ.

use std::cmp::Ordering;

use super::{Flat, Rule};
use crate::money::Credits;
use crate::tariff::rule::param;

/// One price against another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PriceDirection {
    /// Some input may cost more.
    pub up: bool,
    /// Some input costs less.
    pub down: bool,
}

impl PriceDirection {
    /// What can't be compared counts as a rise: nobody is surprised by a price that we could not prove to be lower.
    pub(crate) const UNKNOWN: Self = Self { up: true, down: false };

    /// Compares two prices.
    pub(crate) fn between<T: Ord>(before: &T, after: &T) -> Self {
        match after.cmp(before) {
            Ordering::Greater => Self { up: true, down: false },
            Ordering::Less => Self { up: false, down: true },
            Ordering::Equal => Self::default(),
        }
    }

    /// Takes both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { up: self.up || other.up, down: self.down || other.down }
    }
}

impl Rule {
    /// Says whether the later rule can cost more or less than this one for any input. A call that is refused then is a
    /// rise: what worked is broken.
    #[must_use]
    pub(crate) fn price_direction(&self, later: &Self) -> PriceDirection {
        if self == later {
            return PriceDirection::default();
        }
        let breaks = PriceDirection { up: param::breaks(&self.params(), &later.params()), down: false };
        breaks.and(self.compare_prices(later))
    }

    /// Compares the prices of calls that both rules take.
    fn compare_prices(&self, later: &Self) -> PriceDirection {
        match (self, later) {
            (before, after) if before == after => PriceDirection::default(),
            (Self::Flat(before), Self::Flat(after)) => PriceDirection::between(&before.credits, &after.credits),
            (Self::PerUnit(before), Self::PerUnit(after)) => before.price_direction(after),
            (Self::Graduated(before), Self::Graduated(after)) | (Self::Volume(before), Self::Volume(after)) => {
                before.price_direction(after)
            }
            (Self::Matrix(before), Self::Matrix(after)) => before.price_direction(after),
            (Self::Range(before), Self::Range(after)) => before.price_direction(after),
            (Self::Composite(before), Self::Composite(after)) => before.price_direction(after),
            (Self::Sum(before), Self::Sum(after)) => before.price_direction(after),
            // Between rules without quantities the dearest new price decides: not above the cheapest old one.
            (Self::Flat(_) | Self::Matrix(_), Self::Flat(_) | Self::Matrix(_)) => {
                let (before, after) = (self.range(), later.range());
                PriceDirection { up: after.max > before.min, down: after.min < before.max }
            }
            _ => PriceDirection::UNKNOWN,
        }
    }

    /// Says whether the later rule differs in its labels alone: every call costs the same.
    #[must_use]
    pub(crate) fn is_reworded(&self, later: &Self) -> bool {
        self.without_labels() == later.without_labels()
    }

    fn without_labels(&self) -> Self {
        let mut rule = self.clone();
        match &mut rule {
            Self::Composite(composite) => composite.clear_labels(),
            Self::Sum(sum) => sum.parts.iter_mut().for_each(|part| *part.rule = part.rule.without_labels()),
            _ => {}
        }
        rule
    }

    /// Says whether two rules differ at most in their prices: the same calls, with the same cells in the same order.
    /// The parts of a sum are priced elsewhere.
    #[must_use]
    pub(crate) fn same_but_for_prices(&self, other: &Self) -> bool {
        let prices: Vec<Credits> = other.cells().into_iter().map(|cell| cell.credits).collect();
        self.own().with_cells(&prices).is_some_and(|rule| rule == other.own())
    }

    /// Says whether two rules name the same prices, whatever the parts of a sum cost elsewhere in their books.
    #[must_use]
    pub(crate) fn same_own_prices(&self, other: &Self) -> bool {
        self.own() == other.own()
    }

    /// Gives the rule without what is copied into it from elsewhere in the book.
    fn own(&self) -> Self {
        let mut rule = self.clone();
        if let Self::Sum(sum) = &mut rule {
            sum.parts.iter_mut().for_each(|part| *part.rule = Self::Flat(Flat { credits: Credits::ZERO }));
        }
        rule
    }
}
