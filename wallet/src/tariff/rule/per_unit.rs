//! By quantity: 0.024 a minute, 10 per million characters, other prices for input and output.

use serde::{Deserialize, Serialize};

use super::{Checker, Line, PriceDirection, Worked};
use crate::error::Problem;
use crate::money::Credits;
use crate::tariff::rule::fraction::Exact;
use crate::tariff::rule::param::{ParamKind, ParamSpec, QUANTITY_MAX, Reader};

/// A price for each of several quantities, and a least price of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerUnit {
    /// What is counted; usually one, two where input and output differ.
    pub(crate) meters: Vec<Meter>,
    /// The least that a call costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Credits>,
}

/// A quantity and its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "FlatMeter")]
pub struct Meter {
    /// What is counted.
    #[serde(flatten)]
    pub quantity: Quantity,
    /// The price of `per` units.
    pub price: Credits,
}

/// A meter as it is read: below `flatten`, serde knows neither the place of a mistake nor fields that there are not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Meter")]
struct FlatMeter {
    param: String,
    #[serde(default = "one")]
    per: i64,
    default: Option<i64>,
    max: Option<i64>,
    price: Credits,
}

impl From<FlatMeter> for Meter {
    fn from(FlatMeter { param, per, default, max, price }: FlatMeter) -> Self {
        Self { quantity: Quantity { param, per, default, max }, price }
    }
}

/// Something counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// The param that carries it: `characters`.
    pub param: String,
    /// How many units one price is for: 1000.
    #[serde(default = "one")]
    pub per: i64,
    /// What a call without the param means; without it the param is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<i64>,
    /// The most that one call may count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

const fn one() -> i64 {
    1
}

impl Quantity {
    pub(crate) fn spec(&self) -> ParamSpec {
        ParamSpec {
            name: self.param.clone(),
            kind: ParamKind::Integer { min: 0, max: self.most(), unit: self.param.clone() },
            required: self.default.is_none(),
            default: self.default.map(|default| default.to_string()),
        }
    }

    fn most(&self) -> i64 {
        self.max.unwrap_or(QUANTITY_MAX)
    }

    pub(crate) fn read(&self, reader: &mut Reader<'_>) -> Option<i64> {
        reader.integer(&self.param, 0, self.most(), self.default)
    }

    /// Writes a quantity: `2000 characters`.
    pub(crate) fn text(&self, quantity: i64) -> String {
        format!("{quantity} {}", self.param)
    }

    /// Writes what a price is for: `per 1000 characters`.
    pub(crate) fn per_text(&self) -> String {
        if self.per == 1 {
            format!("per {}", self.param.strip_suffix('s').unwrap_or(&self.param))
        } else {
            format!("per {} {}", self.per, self.param)
        }
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        checker.name("param", &self.param);
        if self.per < 1 {
            checker.wrong("per", Problem::TooSmall, "A price is for at least 1 unit.");
        }
        if self.most() < 1 || self.most() > QUANTITY_MAX {
            checker.wrong("max", Problem::NotAllowed, format!("max is from 1 to {QUANTITY_MAX}."));
        }
        if self.default.is_some_and(|default| default < 0 || default > self.most()) {
            checker.wrong("default", Problem::NotAllowed, "default is from 0 to max.");
        }
    }
}

impl PerUnit {
    pub(crate) fn bounds(&self) -> (Credits, Credits) {
        // One unit of the dearest and the cheapest meter, "1 per 1000 characters", and never less than a call costs.
        let least = self.minimum.unwrap_or_default();
        let prices = || self.meters.iter().map(|meter| meter.price.max(least));
        (prices().min().unwrap_or(least), prices().max().unwrap_or(least))
    }

    pub(crate) fn params(&self) -> Vec<ParamSpec> {
        self.meters.iter().map(|meter| meter.quantity.spec()).collect()
    }

    pub(crate) fn check(&self, checker: &mut Checker) {
        checker.names("meters", self.meters.iter().map(|meter| meter.quantity.param.as_str()));
        for meter in &self.meters {
            checker.inside(&meter.quantity.param, |checker| {
                meter.quantity.check(checker);
                checker.price("price", meter.price);
            });
        }
        if let Some(minimum) = self.minimum {
            checker.price("minimum", minimum);
        }
    }

    pub(crate) fn work(&self, reader: &mut Reader<'_>) -> Option<Worked> {
        let mut total = Some(Exact::ZERO);
        let mut lines = Vec::with_capacity(self.meters.len());
        for meter in &self.meters {
            let amount = meter
                .quantity
                .read(reader)
                .and_then(|quantity| Some((quantity, Exact::ratio(meter.price, quantity, meter.quantity.per)?)));
            let Some((quantity, amount)) = amount else {
                total = None;
                continue;
            };
            total = total.and_then(|total| total.plus(amount));
            lines.push(Line {
                label: meter.quantity.per_text(),
                measured: Some(meter.quantity.text(quantity)),
                unit_price: Some(meter.price),
                amount,
            });
        }
        let total = total?;
        let Some(minimum) = self.minimum.map(Exact::of) else { return Some(Worked::fixed(total, lines)) };
        if total.compare(minimum).is_lt() {
            // The lines stay as the reason; the price is the minimum.
            for line in &mut lines {
                line.amount = Exact::ZERO;
            }
            let line = Line { label: "Minimum".to_owned(), measured: None, unit_price: self.minimum, amount: minimum };
            lines.push(line);
        }
        Some(Worked::fixed(total.at_least(minimum), lines))
    }

    pub(crate) fn price_direction(&self, later: &Self) -> PriceDirection {
        let mut direction =
            PriceDirection::between(&self.minimum.unwrap_or_default(), &later.minimum.unwrap_or_default());
        for meter in &later.meters {
            let before = self.meters.iter().find(|before| before.quantity.param == meter.quantity.param);
            direction = direction.and(match before {
                Some(before) => before.price_direction(meter),
                None => PriceDirection { up: meter.price.is_positive(), down: false },
            });
        }
        let gone = |meter: &&Meter| !later.meters.iter().any(|after| after.quantity.param == meter.quantity.param);
        if self.meters.iter().any(|meter| gone(&meter) && meter.price.is_positive()) {
            direction.down = true;
        }
        direction
    }
}

impl Meter {
    /// Compares the prices of one unit by cross multiplication; a smaller limit or a dearer default is a rise too.
    fn price_direction(&self, later: &Self) -> PriceDirection {
        let worth =
            |meter: &Self, other: &Self| i128::from(meter.price.micros()).checked_mul(i128::from(other.quantity.per));
        let (Some(before), Some(after)) = (worth(self, later), worth(later, self)) else {
            return PriceDirection::UNKNOWN;
        };
        let limit = PriceDirection::between(&later.quantity.most(), &self.quantity.most());
        let default = match (self.quantity.default, later.quantity.default) {
            (Some(before), Some(after)) => PriceDirection::between(&before, &after),
            (Some(_), None) => PriceDirection::UNKNOWN,
            (None, _) => PriceDirection::default(),
        };
        PriceDirection::between(&before, &after).and(PriceDirection { up: limit.up, down: false }).and(default)
    }
}
