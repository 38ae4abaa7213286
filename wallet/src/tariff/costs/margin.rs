//! Margins: what an operation costs us beside what it costs customers, and drops that can be passed on. Exact
//! integers: money in millionths of the main unit, products in 128 bits, a margin rounded down to a tenth of a percent
//! so that it never flatters.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::money::{Credits, Currency, Money};
use crate::tariff::model::cost::{CostRow, product};
use crate::tariff::model::tariff::{Tariff, UpstreamCost};
use crate::tariff::rule::PriceRange;
#[cfg(any(test, feature = "postgres"))]
use crate::tariff::rule::Rule;

/// Gives the greatest common divisor of two numbers, of which one is above zero.
#[cfg(any(test, feature = "postgres"))]
fn common_divisor(mut left: i128, mut right: i128) -> i128 {
    while let Some(rest) = left.checked_rem(right) {
        (left, right) = (right, rest);
    }
    left
}

/// Divides, rounding up.
#[cfg(any(test, feature = "postgres"))]
fn up(top: i128, bottom: i128) -> Option<i64> {
    let rest = i128::from(top.checked_rem(bottom)? > 0);
    i64::try_from(top.checked_div(bottom)?.checked_add(rest)?).ok()
}

/// What one credit is sold for: the dearest way to buy it, a sum of money for a number of credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRate {
    /// The sum.
    pub money: Money,
    /// What it buys.
    pub credits: Credits,
}

impl BaseRate {
    /// Gives what credits are sold for, in millionths of the main unit, rounded down.
    #[must_use]
    pub fn price(&self, credits: Credits) -> Option<i64> {
        let (top, bottom) = self.fraction(credits)?;
        i64::try_from(top.checked_div(bottom)?).ok()
    }

    /// The same, exact: millionths of the main unit as a fraction.
    fn fraction(&self, credits: Credits) -> Option<(i128, i128)> {
        let scale = 10_i128.checked_pow(6_u32.checked_sub(self.money.currency().exponent())?)?;
        let top = product(credits.micros(), self.money.minor()).checked_mul(scale)?;
        let bottom = i128::from(self.credits.micros());
        (bottom > 0).then_some((top, bottom))
    }
}

/// A margin, in tenths of a percent of the price: 400 is 40 %; below zero the operation is sold below its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Margin(pub i64);

impl Margin {
    /// Works out the margin of a price; `None` where there is no price, or another currency's.
    #[must_use]
    pub(crate) fn of(price: Credits, rate: &BaseRate, cost: &CostRow) -> Option<Self> {
        if rate.money.currency() != cost.currency {
            return None;
        }
        // (price − cost ÷ per) ÷ price, with the price as top ÷ bottom.
        let (top, bottom) = rate.fraction(price)?;
        let priced = top.checked_mul(i128::from(cost.per))?;
        let costs = bottom.checked_mul(i128::from(cost.micros))?;
        if priced <= 0 {
            return None;
        }
        let tenths = priced.checked_sub(costs)?.checked_mul(1_000)?.checked_div_euclid(priced)?;
        i64::try_from(tenths).ok().map(Self)
    }
}

/// Why an operation has no margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoMargin {
    /// Nobody has said what it costs.
    NoCost,
    /// Credits aren't sold in the cost's currency.
    NoRate,
    /// It is free.
    Free,
}

/// One operation of the table of margins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarginRow {
    /// The operation.
    pub operation: String,
    /// Its name.
    pub name: String,
    /// What its price is for.
    pub unit: String,
    /// What it costs customers.
    pub price: PriceRange,
    /// What that is in money, in millionths of the main unit, in the cost's currency (else the catalog's first).
    pub money: Option<(i64, i64, Currency)>,
    /// What it costs us.
    pub cost: Option<CostRow>,
    /// The margin at the lowest price and at the highest.
    pub margin: Result<(Margin, Margin), NoMargin>,
    /// The cost that the price in force rests on, where the newest one is lower: a drop to pass on.
    pub drop_from: Option<UpstreamCost>,
    /// Whether the cost is to be looked at again.
    pub is_due: bool,
}

impl MarginRow {
    /// Puts a tariff beside its cost. `rests_on` is the cost that the price rests on.
    #[must_use]
    pub(crate) fn of(
        tariff: &Tariff,
        cost: Option<CostRow>,
        rests_on: Option<UpstreamCost>,
        rates: &[BaseRate],
        today: NaiveDate,
    ) -> Self {
        let price = tariff.rule.range();
        let currency = cost.as_ref().map(|cost| cost.currency);
        let rate = match currency {
            Some(currency) => rates.iter().find(|rate| rate.money.currency() == currency),
            None => rates.first(),
        };
        let money = rate.and_then(|rate| Some((rate.price(price.min)?, rate.price(price.max)?, rate.money.currency())));
        let margin = match (&cost, rate) {
            (None, _) => Err(NoMargin::NoCost),
            (Some(_), None) => Err(NoMargin::NoRate),
            (Some(cost), Some(rate)) => match Margin::of(price.max, rate, cost) {
                // Some options may be free: they are sold wholly below their cost, but have no percentage.
                Some(best) => Ok((Margin::of(price.min, rate, cost).unwrap_or(best), best)),
                None => Err(NoMargin::Free),
            },
        };
        let is_due = cost.as_ref().is_some_and(|cost| cost.review_on <= today);
        let drop_from = rests_on.filter(|before| cost.as_ref().is_some_and(|cost| cost.is_below(before)));
        Self {
            operation: tariff.operation.clone(),
            name: tariff.name.clone(),
            unit: tariff.unit.clone(),
            price,
            money,
            cost,
            margin,
            drop_from,
            is_due,
        }
    }

    /// Says whether some option is sold below its cost.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.margin.as_ref().is_ok_and(|(worst, _)| worst.0 < 0)
    }
}

/// Everything that the page of margins shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Margins {
    /// The version in force.
    pub version: i32,
    /// What a credit is sold for, by currency.
    pub rates: Vec<BaseRate>,
    /// The operations: the worst margin first, those without one last.
    pub rows: Vec<MarginRow>,
    /// How many days a cost stands until it is looked at again.
    pub review_days: u16,
}

/// Lowers a price by what its cost fell, rounded up to the step and never above the price: the margin in percent stays.
#[cfg(any(test, feature = "postgres"))]
#[must_use]
pub(crate) fn passed_on(tariff: &Tariff, before: &UpstreamCost, now: &CostRow, step: Credits) -> Option<Rule> {
    if !now.is_below(before) {
        return None;
    }
    // now ÷ before as a fraction, as small as it gets: products with prices stay within 128 bits.
    let (part, whole) = (product(now.micros, before.per), product(before.micros, now.per));
    let common = common_divisor(part, whole);
    let (part, base) = (part.checked_div(common)?, whole.checked_div(common)?);
    let lowered = |price: Credits| {
        let step = i128::from(step.micros());
        // price × part ÷ base, up to a whole number of steps.
        let top = i128::from(price.micros()).checked_mul(part)?;
        let steps = up(top, base.checked_mul(step)?)?;
        let lower = Credits::from_micros(i64::try_from(i128::from(steps).checked_mul(step)?).ok()?);
        Some(lower.min(price))
    };
    let prices: Option<Vec<Credits>> = tariff.rule.cells().iter().map(|cell| lowered(cell.credits)).collect();
    let rule = tariff.rule.with_cells(&prices?)?;
    (rule != tariff.rule).then_some(rule)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use chrono::DateTime;

    use super::*;
    use crate::tariff::fixtures;
    use crate::tariff::rule::Flat;

    fn credits(text: &str) -> Credits {
        text.parse().expect("an amount")
    }

    fn cost(micros: i64, per: i64) -> CostRow {
        CostRow {
            operation: "gpt-5".into(),
            micros,
            per,
            currency: Currency::USD,
            source: "price list".into(),
            review_on: "2026-12-21".parse().expect("a day"),
            uploaded_at: DateTime::UNIX_EPOCH,
            uploaded_by: "Lev".into(),
        }
    }

    fn rate() -> BaseRate {
        // $0.01 a credit.
        BaseRate { money: Money::from_minor(1_000, Currency::USD), credits: credits("1000") }
    }

    fn tariff(price: &str) -> Tariff {
        fixtures::tariff("gpt-5", Rule::Flat(Flat { credits: credits(price) }))
    }

    fn before(micros: i64) -> UpstreamCost {
        UpstreamCost { micros, per: 1, currency: Currency::USD, review_on: None }
    }

    #[test]
    fn a_margin_is_a_part_of_the_price_and_never_flatters() {
        let margin = |price: &str, micros, per| Margin::of(credits(price), &rate(), &cost(micros, per));
        assert_eq!(margin("5", 30_000, 1), Some(Margin(400)), "5 credits are $0.05; $0.03 leaves 40 %");
        assert_eq!(margin("5", 30, 1), Some(Margin(999)), "99.94 % rounds down");
        assert_eq!(margin("5", 60_000, 1), Some(Margin(-200)));
        assert_eq!(margin("5", 50_001, 1), Some(Margin(-1)), "a loss is a loss");
        assert_eq!(margin("0.01", 50_000, 1_000), Some(Margin(500)), "$0.05 for a thousand of $0.0001");
        assert_eq!(margin("0", 1, 1), None);
        let roubles = CostRow { currency: Currency::RUB, ..cost(1, 1) };
        assert_eq!(Margin::of(credits("5"), &rate(), &roubles), None);
    }

    #[test]
    fn a_row_says_what_is_wrong() {
        let today = "2026-12-21".parse().expect("a day");
        let row = MarginRow::of(&tariff("5"), Some(cost(60_000, 1)), Some(before(70_000)), &[rate()], today);
        assert!(row.is_negative() && row.is_due && row.drop_from.is_some());
        assert_eq!(row.money, Some((50_000, 50_000, Currency::USD)));
        let none = MarginRow::of(&tariff("5"), None, None, &[rate()], today);
        assert_eq!((none.margin, none.is_due), (Err(NoMargin::NoCost), false));
        let roubles = CostRow { currency: Currency::RUB, ..cost(1, 1) };
        let other = MarginRow::of(&tariff("5"), Some(roubles), None, &[rate()], today);
        assert_eq!((other.margin, other.money), (Err(NoMargin::NoRate), None));
    }

    #[test]
    fn a_drop_is_passed_on_in_proportion_and_rounded_up() {
        let lower = |price: &str, from, to: CostRow| {
            passed_on(&tariff(price), &before(from), &to, Credits::ONE).map(|rule| rule.range().min.to_string())
        };
        assert_eq!(lower("10", 40_000, cost(30_000, 1)), Some("8".into()), "7.5, up");
        assert_eq!(lower("10", 40_000, cost(20_000_000, 1_000)), Some("5".into()), "$20 for a thousand");
        assert_eq!(lower("1", 40_000, cost(30_000, 1)), None, "a whole credit is the least step");
        assert_eq!(lower("10", 40_000, cost(50_000, 1)), None, "a rise is never passed on by itself");
        assert_eq!(lower("10", 40_000, CostRow { currency: Currency::RUB, ..cost(1, 1) }), None);
    }

    #[test]
    fn a_drop_below_a_millionth_is_passed_on_once() {
        let rests_on = UpstreamCost { per: 1_000_000, ..before(1_000_000) };
        let now = cost(500_000, 1_000_000);
        let step = "0.000001".parse().expect("an amount");
        let rule = passed_on(&tariff("10"), &rests_on, &now, step).expect("lower");
        assert_eq!(rule.range().min.to_string(), "5", "$1 → $0.5 for a million");
        assert_eq!(passed_on(&Tariff { rule, ..tariff("10") }, &now.cost(), &now, step), None, "and not again");
    }

    proptest! {
        #[test]
        fn a_price_only_falls_and_keeps_its_margin(
            price in 1_i64..1_000_000, from in 1_i64..1_000_000_000, to in 0_i64..1_000_000_000,
            per_before in 1_i64..2_000_000, per in 1_i64..2_000_000,
        ) {
            let old = tariff(&price.to_string());
            let now = cost(to, per);
            let rests_on = UpstreamCost { per: per_before, ..before(from) };
            if let Some(rule) = passed_on(&old, &rests_on, &now, Credits::ONE) {
                let (was, is) = (old.rule.range().min, rule.range().min);
                prop_assert!(is < was);
                let lower = Tariff { rule, ..old };
                prop_assert_eq!(passed_on(&lower, &now.cost(), &now, Credits::ONE), None, "once");
                let old_cost = cost(from, per_before);
                if let (Some(was), Some(is)) = (Margin::of(was, &rate(), &old_cost), Margin::of(is, &rate(), &now)) {
                    prop_assert!(is >= was, "{was:?} {is:?}");
                }
            }
        }
    }
}
