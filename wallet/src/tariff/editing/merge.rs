//! Two changes of the same prices put together: what takes effect at once is carried into the book that is announced,
//! and a draft is brought up to date with what was published since it was begun. Pure.
//!
//! Prices are compared one by one, so that a drop of one option and an announced rise of another keep out of each
//! other's way. Where both changes say something about the same price, the kept one stands, and the operation is named.

use std::collections::BTreeSet;

use crate::money::Credits;
use crate::tariff::model::change::{Apart, Direction, Sides};
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::tariff::{OptionRequirement, Tariff};
use crate::tariff::rule::Rule;

/// Both changes in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tariff) struct Merged {
    /// The tariffs, in the order of the kept change; what the other one adds comes last.
    pub(in crate::tariff) tariffs: Vec<Tariff>,
    /// The operations of which both changes say something else.
    pub(in crate::tariff) conflicts: Vec<String>,
}

/// Puts together what `taken` and `kept` have made of `base`. Where both changed the same, `kept` stands.
pub(in crate::tariff) fn merge(base: &PriceBook, taken: &PriceBook, kept: &PriceBook) -> Merged {
    let mut merged = Merged { tariffs: Vec::with_capacity(kept.tariffs.len()), conflicts: Vec::new() };
    for mine in &kept.tariffs {
        let operation = mine.operation.as_str();
        match (base.tariff(operation), taken.tariff(operation)) {
            (Some(base), Some(theirs)) => merged.both(base, theirs, mine),
            (Some(base), None) if base.apart(mine) <= Apart::Cost => {}
            (None, None) => merged.tariffs.push(mine.clone()),
            (_, theirs) => {
                if theirs.is_none_or(|theirs| theirs.apart(mine) > Apart::Cost) {
                    merged.conflicts.push(operation.to_owned());
                }
                merged.tariffs.push(mine.clone());
            }
        }
    }
    for theirs in taken.tariffs.iter().filter(|theirs| kept.tariff(&theirs.operation).is_none()) {
        match base.tariff(&theirs.operation) {
            None => merged.tariffs.push(theirs.clone()),
            Some(base) if base.apart(theirs) > Apart::Cost => merged.conflicts.push(theirs.operation.clone()),
            Some(_) => {}
        }
    }
    for (position, tariff) in (0..).zip(&mut merged.tariffs) {
        tariff.position = position;
    }
    merged
}

impl Merged {
    /// Puts together what became of one operation.
    fn both(&mut self, base: &Tariff, theirs: &Tariff, mine: &Tariff) {
        let mut both = mine.clone();
        let mut is_conflict = false;
        if mine.same_words(base) {
            both.name.clone_from(&theirs.name);
            both.category = theirs.category;
            both.unit.clone_from(&theirs.unit);
            both.supplier.clone_from(&theirs.supplier);
        } else {
            is_conflict |= !theirs.same_words(base) && !theirs.same_words(mine);
        }
        is_conflict |= one(&base.minimum_plan, &theirs.minimum_plan, &mut both.minimum_plan);
        is_conflict |= one(&base.upstream_cost, &theirs.upstream_cost, &mut both.upstream_cost)
            && mine.rule.same_own_prices(&base.rule);
        let (gates, is_gate_conflict) = requirements(base, theirs, mine);
        let (rule, is_rule_conflict) = rules(&base.rule, &theirs.rule, &mine.rule);
        (both.gates, both.rule) = (gates, rule);
        if is_conflict || is_gate_conflict || is_rule_conflict {
            self.conflicts.push(mine.operation.clone());
        }
        self.tariffs.push(both);
    }
}

/// Takes their value where mine is as it was; says whether both are new and differ.
fn one<T: Clone + PartialEq>(base: &T, theirs: &T, mine: &mut T) -> bool {
    if mine == base {
        mine.clone_from(theirs);
        return false;
    }
    theirs != base && theirs != mine
}

/// Puts options' plans together, one by one.
fn requirements(base: &Tariff, theirs: &Tariff, mine: &Tariff) -> (Vec<OptionRequirement>, bool) {
    let mut gates: Vec<OptionRequirement> = Vec::new();
    let mut is_conflict = false;
    for gate in mine.gates.iter().chain(&theirs.gates) {
        if gates.iter().any(|known| (&known.param, &known.value) == (&gate.param, &gate.value)) {
            continue;
        }
        let of = |tariff: &Tariff| tariff.required_plan(&gate.param, &gate.value).map(str::to_owned);
        let mut plan = of(mine);
        is_conflict |= one(&of(base), &of(theirs), &mut plan);
        gates.extend(plan.map(|plan| OptionRequirement { plan, ..gate.clone() }));
    }
    (gates, is_conflict)
}

/// Puts two rules together, price by price where they have the same; says whether both changed the same.
fn rules(base: &Rule, theirs: &Rule, mine: &Rule) -> (Rule, bool) {
    if mine.same_own_prices(base) {
        return (theirs.clone(), false);
    }
    if theirs.same_own_prices(base) || theirs == mine {
        return (mine.clone(), false);
    }
    let Some(cells) = cells(base, theirs, mine) else { return (mine.clone(), true) };
    let mut is_conflict = false;
    let merged: Vec<Credits> = cells
        .iter()
        .map(|cell| {
            let mut price = cell.kept;
            is_conflict |= one(&cell.base, &cell.taken, &mut price);
            price
        })
        .collect();
    (mine.with_cells(&merged).unwrap_or_else(|| mine.clone()), is_conflict)
}

/// One price in three books.
struct Cell {
    base: Credits,
    taken: Credits,
    kept: Credits,
}

/// Lists the prices of three rules side by side; `None` where they differ in more than prices.
fn cells(base: &Rule, taken: &Rule, kept: &Rule) -> Option<Vec<Cell>> {
    if !base.same_but_for_prices(taken) || !base.same_but_for_prices(kept) {
        return None;
    }
    let (base, taken, kept) = (base.cells(), taken.cells(), kept.cells());
    let cells = base.into_iter().zip(taken).zip(kept);
    Some(
        cells
            .map(|((base, taken), kept)| Cell { base: base.credits, taken: taken.credits, kept: kept.credits })
            .collect(),
    )
}

/// What is in force, what is announced, and what was announced before a change took effect at once.
pub(in crate::tariff) struct Announced<'b> {
    /// In force before the change.
    pub(in crate::tariff) base: &'b PriceBook,
    /// In force now.
    pub(in crate::tariff) now: &'b PriceBook,
    /// As people were told of it.
    pub(in crate::tariff) told: &'b PriceBook,
    /// With the change carried into it.
    pub(in crate::tariff) carried: &'b PriceBook,
}

impl Announced<'_> {
    /// Lists operations that will cost more than now, or go away, though nobody was told of such a rise: only of a
    /// drop, of a new price, or of nothing.
    pub(in crate::tariff) fn untold(&self, rank: impl Fn(&str) -> Option<i32>) -> BTreeSet<String> {
        let sides = Sides { step_before: self.now.rounding_step, step_after: self.carried.rounding_step, rank: &rank };
        let changes = self.now.changes(self.carried, &rank);
        let untold = changes.into_iter().filter(|change| match change.direction {
            Direction::Removed => {
                self.base.tariff(&change.operation).is_none() || self.told.tariff(&change.operation).is_some()
            }
            Direction::Rise => !self.was_told(&change.operation, &sides),
            _ => false,
        });
        untold.map(|change| change.operation).collect()
    }

    /// Says whether everything that rises of an operation was announced as a rise.
    fn was_told<R: Fn(&str) -> Option<i32>>(&self, operation: &str, sides: &Sides<'_, R>) -> bool {
        let of = |book: &PriceBook| book.tariff(operation).cloned();
        let (Some(base), Some(now), Some(told), Some(carried)) =
            (of(self.base), of(self.now), of(self.told), of(self.carried))
        else {
            return false;
        };
        let step = self.now.rounding_step == self.carried.rounding_step
            || (self.now.rounding_step == self.base.rounding_step
                && self.carried.rounding_step == self.told.rounding_step);
        step && plans_were_told([&base, &now, &told, &carried], sides)
            && prices_were_told([&base.rule, &now.rule, &told.rule, &carried.rule])
    }
}

/// The same for the plans: of the operation, and of each of its options.
fn plans_were_told<R: Fn(&str) -> Option<i32>>([base, now, told, carried]: [&Tariff; 4], sides: &Sides<'_, R>) -> bool {
    let was_told = |of: &dyn Fn(&Tariff) -> i32| of(carried) <= of(now) || of(told) > of(base);
    was_told(&|tariff| sides.height(tariff.minimum_plan.as_deref()))
        && carried
            .gates
            .iter()
            .all(|gate| was_told(&|tariff| sides.height(tariff.required_plan(&gate.param, &gate.value))))
}

/// The same for the prices.
fn prices_were_told([base, now, told, carried]: [&Rule; 4]) -> bool {
    // What was announced is all that happens.
    if now.same_own_prices(base) && carried.same_own_prices(told) {
        return true;
    }
    if !now.price_direction(carried).up {
        return true;
    }
    let told_cells = cells(base, now, told).zip(cells(base, now, carried));
    told_cells.is_some_and(|(told, carried)| {
        told.iter().zip(&carried).all(|(told, carried)| carried.kept <= carried.taken || told.kept > told.base)
    })
}

#[cfg(test)]
mod tests;
