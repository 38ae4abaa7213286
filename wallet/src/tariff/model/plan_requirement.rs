//! Plans that an operation needs, as a price list and its changes tell them.

use serde::{Deserialize, Serialize};

use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::tariff::Tariff;
use crate::tariff::rule::{Rule, Sum};

/// The plan that an operation needs, or one of its options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequirement {
    /// The option: `premium`; of a part of a sum with the part before it, `image premium`. None: the whole operation.
    pub option: Option<String>,
    /// The lowest plan that may ask for it, by code.
    pub plan: String,
}

/// The plan that an operation or option needs, before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementChange {
    /// The option; none: the whole operation.
    pub option: Option<String>,
    /// The plan before, by code; none: every plan could ask for it.
    pub before: Option<String>,
    /// The plan after.
    pub after: Option<String>,
}

/// Gives the highest of the needed plans that are above somebody's own rank; `rank` knows what a plan ranks. One that
/// is no longer offered can be nobody's: its gate stays shut.
#[must_use]
pub fn plan_above<'a>(
    needed: impl IntoIterator<Item = &'a str>,
    own: i32,
    rank: impl Fn(&str) -> Option<i32>,
) -> Option<&'a str> {
    let ranked = needed.into_iter().map(|plan| (rank(plan).unwrap_or(i32::MAX), plan));
    ranked.filter(|(rank, _)| *rank > own).max().map(|(_, plan)| plan)
}

impl PriceBook {
    /// Lists the plans that an operation of the book needs: its own, and those of a sum's parts.
    #[must_use]
    pub fn requirements_of(&self, tariff: &Tariff) -> Vec<PlanRequirement> {
        let mut gates = own(tariff, None);
        for part in parts(tariff) {
            gates.extend(self.tariff(&part.operation).map(|tariff| own(tariff, Some(&part.key))).unwrap_or_default());
        }
        gates
    }

    /// Lists the plans that change for an operation from this book to a later one.
    pub(in crate::tariff) fn requirement_changes(
        &self,
        later: &Self,
        before: &Tariff,
        after: &Tariff,
    ) -> Vec<RequirementChange> {
        let (before, after) = (self.requirements_of(before), later.requirements_of(after));
        let plan = |gates: &[PlanRequirement], option: &Option<String>| {
            gates.iter().find(|gate| gate.option == *option).map(|gate| gate.plan.clone())
        };
        let mut changes: Vec<RequirementChange> = Vec::new();
        for option in before.iter().chain(&after).map(|gate| &gate.option) {
            let (was, is) = (plan(&before, option), plan(&after, option));
            if was != is && !changes.iter().any(|known| known.option == *option) {
                changes.push(RequirementChange { option: option.clone(), before: was, after: is });
            }
        }
        changes
    }

    /// Pairs the parts that a sum had in this book and still has in a later one, as each book prices them.
    pub(in crate::tariff) fn common_parts<'a>(
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

fn parts(tariff: &Tariff) -> &[crate::tariff::rule::SumPart] {
    match &tariff.rule {
        Rule::Sum(Sum { parts, .. }) => parts,
        _ => &[],
    }
}

/// Lists what a tariff itself asks for, under the name of the part that it is.
fn own(tariff: &Tariff, part: Option<&str>) -> Vec<PlanRequirement> {
    let under = |option: &str| part.map_or_else(|| option.to_owned(), |part| format!("{part} {option}"));
    let whole =
        tariff.minimum_plan.iter().map(|plan| PlanRequirement { option: part.map(str::to_owned), plan: plan.clone() });
    let options =
        tariff.gates.iter().map(|gate| PlanRequirement { option: Some(under(&gate.value)), plan: gate.plan.clone() });
    whole.chain(options).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Credits;
    use crate::tariff::fixtures::{book, tariff};
    use crate::tariff::model::change::Direction;
    use crate::tariff::model::tariff::OptionRequirement;
    use crate::tariff::rule::{Flat, SumPart};

    #[test]
    fn a_sum_rises_with_the_plans_of_its_parts() {
        let flat = Rule::Flat(Flat { credits: Credits::ONE });
        let part = |operation: &str| SumPart {
            key: operation.to_owned(),
            operation: operation.to_owned(),
            rule: Box::new(flat.clone()),
        };
        let sum = |parts: &[&str]| {
            let parts = parts.iter().map(|operation| part(operation)).collect();
            Rule::Sum(Sum { parts, shared: Vec::new(), select: None })
        };
        let now =
            book(vec![tariff("image", flat.clone()), tariff("text", flat.clone()), tariff("post", sum(&["image"]))]);
        let rank =
            |plan: &str| ["free", "pro"].iter().position(|known| *known == plan).and_then(|at| at.try_into().ok());
        let changes = |later: &PriceBook| -> Vec<(String, Direction, Vec<RequirementChange>)> {
            let changes = now.changes(later, rank).into_iter();
            changes.map(|change| (change.operation, change.direction, change.gates)).collect()
        };
        let gate = |option: Option<&str>, before: Option<&str>, after: Option<&str>| RequirementChange {
            option: option.map(str::to_owned),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };

        let mut later = now.clone();
        later.tariffs[0].minimum_plan = Some("pro".to_owned());
        let told = changes(&later);
        assert_eq!(told[0], ("image".to_owned(), Direction::Rise, vec![gate(None, None, Some("pro"))]));
        assert_eq!(told[1], ("post".to_owned(), Direction::Rise, vec![gate(Some("image"), None, Some("pro"))]));
        assert_eq!(told.len(), 2, "{told:?}");
        // The other way round it offers more.
        let back = later.changes(&now, rank);
        assert_eq!((back.len(), back[0].direction), (1, Direction::Wider), "{back:?}");
        // A part that is not in the sum concerns it in nothing.
        let mut later = now.clone();
        later.tariffs[1].gates =
            vec![OptionRequirement { param: "tier".to_owned(), value: "premium".to_owned(), plan: "pro".to_owned() }];
        let told = changes(&later);
        assert_eq!(told, [("text".to_owned(), Direction::Rise, vec![gate(Some("premium"), None, Some("pro"))])]);
    }
}
