//! Plans that an operation needs, as a price list and its changes tell them.

use serde::{Deserialize, Serialize};

use super::rule::Sum;
use super::{PriceBook, Rule, Tariff};

/// The plan that an operation needs, or one of its options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The option: `premium`; of a part of a sum with the part before it, `image premium`. None: the whole operation.
    pub option: Option<String>,
    /// The lowest plan that may ask for it, by code.
    pub plan: String,
}

/// The plan that an operation or option needs, before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateChange {
    /// The option; none: the whole operation.
    pub option: Option<String>,
    /// The plan before, by code; none: every plan could ask for it.
    pub before: Option<String>,
    /// The plan after.
    pub after: Option<String>,
}

impl PriceBook {
    /// Lists the plans that an operation of the book needs: its own, and those of a sum's parts.
    #[must_use]
    pub fn gates_of(&self, tariff: &Tariff) -> Vec<Gate> {
        let mut gates = own(tariff, None);
        for part in parts(tariff) {
            gates.extend(self.tariff(&part.operation).map(|tariff| own(tariff, Some(&part.key))).unwrap_or_default());
        }
        gates
    }

    /// Lists the plans that change for an operation from this book to a later one.
    pub(super) fn gate_changes(&self, later: &Self, before: &Tariff, after: &Tariff) -> Vec<GateChange> {
        let (before, after) = (self.gates_of(before), later.gates_of(after));
        let plan = |gates: &[Gate], option: &Option<String>| {
            gates.iter().find(|gate| gate.option == *option).map(|gate| gate.plan.clone())
        };
        let mut changes: Vec<GateChange> = Vec::new();
        for option in before.iter().chain(&after).map(|gate| &gate.option) {
            let (was, is) = (plan(&before, option), plan(&after, option));
            if was != is && !changes.iter().any(|known| known.option == *option) {
                changes.push(GateChange { option: option.clone(), before: was, after: is });
            }
        }
        changes
    }

    /// Pairs the parts that a sum had in this book and still has in a later one, as each book prices them.
    pub(super) fn common_parts<'a>(
        &'a self,
        later: &'a Self,
        before: &'a Tariff,
        after: &'a Tariff,
    ) -> impl Iterator<Item = (&'a Tariff, &'a Tariff)> {
        let had = move |operation: &str| parts(before).iter().any(|part| part.operation == operation);
        let kept = parts(after).iter().filter(move |part| had(&part.operation));
        kept.filter_map(|part| Some((self.tariff(&part.operation)?, later.tariff(&part.operation)?)))
    }
}

fn parts(tariff: &Tariff) -> &[super::rule::SumPart] {
    match &tariff.rule {
        Rule::Sum(Sum { parts, .. }) => parts,
        _ => &[],
    }
}

/// Lists what a tariff itself asks for, under the name of the part that it is.
fn own(tariff: &Tariff, part: Option<&str>) -> Vec<Gate> {
    let under = |option: &str| part.map_or_else(|| option.to_owned(), |part| format!("{part} {option}"));
    let whole = tariff.minimum_plan.iter().map(|plan| Gate { option: part.map(str::to_owned), plan: plan.clone() });
    let options = tariff.gates.iter().map(|gate| Gate { option: Some(under(&gate.value)), plan: gate.plan.clone() });
    whole.chain(options).collect()
}
