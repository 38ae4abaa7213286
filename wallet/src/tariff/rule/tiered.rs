//! By quantity in tiers: `graduated` prices each tier's units at its own price, `volume` prices all units at the price
//! of the tier that the quantity reaches.

use serde::{Deserialize, Serialize};

use super::{Checker, Line, PriceDirection, Quantity, Worked};
use crate::error::Problem;
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;
use crate::tariff::rule::param::{ParamSpec, Reader};

/// Tiers of one quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiered {
    /// What is counted.
    pub quantity: Quantity,
    /// From small to large; the last has no end.
    pub(crate) tiers: Vec<Tier>,
}

/// One tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tier {
    /// The last unit of the tier; none for the last tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
    /// The price of `per` units.
    pub price: Credits,
}

impl Tiered {
    pub(crate) fn bounds(&self) -> (Credits, Credits) {
        let prices = || self.tiers.iter().map(|tier| tier.price);
        (prices().min().unwrap_or_default(), prices().max().unwrap_or_default())
    }

    pub(crate) fn params(&self) -> Vec<ParamSpec> {
        vec![self.quantity.spec()]
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        self.quantity.check(checker);
        if self.tiers.is_empty() || self.tiers.len() > super::PARTS_MAX {
            checker.wrong("tiers", Problem::Required, format!("From 1 to {} tiers.", super::PARTS_MAX));
        }
        let last = self.tiers.len().saturating_sub(1);
        let mut from = 0;
        for (place, tier) in self.tiers.iter().enumerate() {
            checker.inside(&format!("tiers.{place}"), |checker| {
                checker.price("price", tier.price);
                match tier.up_to {
                    None if place < last => checker.wrong("up_to", Problem::Required, "Only the last tier has no end."),
                    Some(_) if place == last => {
                        checker.wrong(
                            "up_to",
                            Problem::NotAllowed,
                            "The last tier has no end, so that no quantity is without a price.",
                        );
                    }
                    Some(up_to) if up_to <= from => {
                        checker.wrong("up_to", Problem::TooSmall, format!("This tier must end above {from}."));
                    }
                    _ => {}
                }
            });
            from = tier.up_to.unwrap_or(from);
        }
    }

    fn line(&self, label: String, units: i64, price: Credits) -> Option<Line> {
        let amount = Exact::ratio(price, units, self.quantity.per)?;
        Some(Line { label, measured: Some(self.quantity.text(units)), unit_price: Some(price), amount })
    }

    pub(crate) fn work_graduated(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        let quantity = self.quantity.read(reader)?;
        let mut lines = Vec::new();
        let mut total = Exact::ZERO;
        let mut from = 0_i64;
        for tier in &self.tiers {
            let to = tier.up_to.unwrap_or(i64::MAX).min(quantity);
            let units = to.checked_sub(from)?;
            if units <= 0 && !(lines.is_empty() && quantity == 0) {
                break;
            }
            let label = format!("{}, from {}", self.quantity.per_text(), from.checked_add(1)?);
            let line = self.line(label, units, tier.price)?;
            total = total.plus(line.amount)?;
            lines.push(line);
            from = to;
        }
        Some(Worked::fixed(total, lines))
    }

    pub(crate) fn work_volume(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        let quantity = self.quantity.read(reader)?;
        let tier = self.tiers.iter().find(|tier| tier.up_to.is_none_or(|up_to| quantity <= up_to))?;
        let line = self.line(self.quantity.per_text(), quantity, tier.price)?;
        Some(Worked::fixed(line.amount, vec![line]))
    }

    pub(crate) fn price_direction(&self, later: &Self) -> PriceDirection {
        let same_steps = self.quantity == later.quantity
            && self.tiers.iter().map(|tier| tier.up_to).eq(later.tiers.iter().map(|tier| tier.up_to));
        if !same_steps {
            return PriceDirection::UNKNOWN;
        }
        let pairs = self.tiers.iter().zip(&later.tiers);
        pairs.fold(PriceDirection::default(), |so_far, (before, after)| {
            so_far.and(PriceDirection::between(&before.price, &after.price))
        })
    }
}
