//! What an amount of credits buys, for a price list.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::money::Credits;
use crate::tariff::model::category::Category;
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::tariff::Tariff;

/// How many of one operation an amount buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buy {
    /// The operation.
    pub operation: String,
    /// Its name for people.
    pub name: String,
    /// What its price is for: `image`, `minute`.
    pub unit: String,
    /// How many with the dearest options.
    pub least: i64,
    /// How many with the cheapest options.
    pub most: i64,
    /// How many quantities its rule counts; none where a price is for one call.
    pub quantities: usize,
    /// What is counted, where that isn't the unit: `characters`, where the amount buys less than a million of them.
    pub counted: Option<String>,
    /// The price of one unit with the cheapest options.
    pub min: Credits,
    /// The price of one unit with the dearest options.
    pub max: Credits,
}

impl PriceBook {
    /// Says what an amount buys: at most so many rows, from every category something, the most numerous first. What is
    /// free, or costs more than the amount, is left out.
    #[must_use]
    pub fn affordable(&self, amount: Credits, rows: usize) -> Vec<Buy> {
        // A price is a whole number of steps.
        let budget = amount.down_to_steps_of(self.rounding_step);
        let mut taken: Vec<Buy> = Vec::new();
        let mut queues: Vec<Vec<&Tariff>> = Category::ALL.into_iter().map(|category| self.in_turn(category)).collect();
        while taken.len() < rows && queues.iter().any(|queue| !queue.is_empty()) {
            for queue in &mut queues {
                // The next one of the category that the amount is enough for.
                while let Some(tariff) = queue.pop() {
                    if let Some(buy) = buy(tariff, budget, self.rounding_step) {
                        taken.push(buy);
                        break;
                    }
                }
            }
        }
        taken.truncate(rows);
        taken.sort_by_key(|buy| (buy.counted.is_some(), std::cmp::Reverse(buy.most)));
        taken
    }

    /// Lists the priced operations of a category, the one to show first last: the cheapest, the dearest, then the
    /// others from dear to cheap.
    fn in_turn(&self, category: Category) -> Vec<&Tariff> {
        let is_priced = |tariff: &&Tariff| tariff.category == category && tariff.rule.range().max.is_positive();
        let mut tariffs: Vec<&Tariff> = self.tariffs.iter().filter(is_priced).collect();
        tariffs.sort_by_key(|tariff| tariff.rule.range().max);
        if !tariffs.is_empty() {
            let cheapest = tariffs.remove(0);
            tariffs.push(cheapest);
        }
        tariffs
    }
}

fn buy(tariff: &Tariff, budget: Credits, step: Credits) -> Option<Buy> {
    let range = tariff.rule.range();
    let (least, most, counted) = match tariff.rule.quantities().as_slice() {
        [] => {
            let one = tariff.rule.price(&tariff.rule.example(), 1, step).ok()?;
            (times(budget, one.max)?, times(budget, one.min)?, None)
        }
        [(param, per)] => {
            let units =
                |pick: fn(&crate::tariff::rule::Priced) -> Credits| affordable(tariff, param, budget, step, pick);
            let (least, most) = (units(|priced| priced.max)?, units(|priced| priced.min)?);
            // Whole units of the price, where the amount buys any.
            match (least.checked_div(*per)?, most.checked_div(*per)?) {
                (_, 0) => (least, most, Some(param.clone())),
                (least, most) => (least, most, None),
            }
        }
        // Several things are counted: a call of each unit of them.
        _ => {
            let one = tariff.rule.price(&tariff.rule.example(), 1, step).ok()?;
            (times(budget, one.max)?, times(budget, one.min)?, None)
        }
    };
    (most > 0).then(|| Buy {
        operation: tariff.operation.clone(),
        name: tariff.name.clone(),
        unit: tariff.unit.clone(),
        least,
        most,
        quantities: tariff.rule.quantities().len(),
        counted,
        min: range.min,
        max: range.max,
    })
}

fn times(budget: Credits, price: Credits) -> Option<i64> {
    budget.micros().checked_div(price.micros())
}

/// Finds the largest quantity that costs no more than a budget, by halving.
fn affordable(
    tariff: &Tariff,
    param: &str,
    budget: Credits,
    step: Credits,
    pick: fn(&crate::tariff::rule::Priced) -> Credits,
) -> Option<i64> {
    let mut params: Map<String, Value> = tariff.rule.example();
    let mut fits = |quantity: i64| {
        params.insert(param.to_owned(), Value::from(quantity));
        tariff.rule.price(&params, 1, step).is_ok_and(|priced| pick(&priced) <= budget)
    };
    let (mut enough, mut too_much) = (0_i64, crate::tariff::rule::param::QUANTITY_MAX.checked_add(1)?);
    if !fits(enough) {
        return None;
    }
    while too_much.checked_sub(enough)? > 1 {
        let middle = enough.checked_add(too_much)?.checked_div(2)?;
        if fits(middle) { enough = middle } else { too_much = middle }
    }
    Some(enough)
}
