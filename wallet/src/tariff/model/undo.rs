//! How an edit of a draft is taken back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tariff::model::change::Apart;
use crate::tariff::model::tariff::Tariff;

/// How to take an edit back: the operations that it changed as they were, and the order of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::tariff) struct Undo {
    before: BTreeMap<String, Option<Tariff>>,
    order: Vec<String>,
}

impl Undo {
    /// Notes what is needed to come back from `after` to `before`.
    pub(in crate::tariff) fn between(before: &[Tariff], after: &[Tariff]) -> Self {
        let old = by_operation(before);
        let new = by_operation(after);
        let is_kept =
            |tariff: &&Tariff| new.get(tariff.operation.as_str()).is_some_and(|new| tariff.apart(new) == Apart::Place);
        let changed = before.iter().filter(|tariff| !is_kept(tariff));
        let added = after.iter().filter(|tariff| !old.contains_key(tariff.operation.as_str()));
        let changed = changed.map(|tariff| (tariff.operation.clone(), Some(tariff.clone())));
        let added = added.map(|tariff| (tariff.operation.clone(), None));
        Self {
            before: changed.chain(added).collect(),
            order: before.iter().map(|tariff| tariff.operation.clone()).collect(),
        }
    }

    /// Takes the edit back.
    pub(in crate::tariff) fn apply(&self, tariffs: &[Tariff]) -> Vec<Tariff> {
        let now = by_operation(tariffs);
        let was = |operation: &String| match self.before.get(operation) {
            Some(before) => before.clone(),
            None => now.get(operation.as_str()).map(|tariff| Tariff::clone(tariff)),
        };
        self.order.iter().filter_map(was).collect()
    }
}

fn by_operation(tariffs: &[Tariff]) -> BTreeMap<&str, &Tariff> {
    tariffs.iter().map(|tariff| (tariff.operation.as_str(), tariff)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tariff::fixtures;
    use crate::tariff::rule::{Flat, Rule};

    fn book(prices: &[(&str, &str)]) -> Vec<Tariff> {
        let flat = |price: &str| Rule::Flat(Flat { credits: price.parse().expect("a price") });
        prices.iter().map(|(operation, price)| fixtures::tariff(operation, flat(price))).collect()
    }

    #[test]
    fn every_edit_can_be_taken_back() {
        let before = book(&[("a", "1"), ("b", "2"), ("c", "3")]);
        for after in [
            book(&[("a", "1"), ("b", "5"), ("c", "3")]),
            book(&[("a", "1"), ("c", "3")]),
            book(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]),
            book(&[("c", "9"), ("x", "0")]),
            Vec::new(),
        ] {
            let undo = Undo::between(&before, &after);
            assert_eq!(undo.apply(&after), before);
        }
    }

    #[test]
    fn what_did_not_change_is_not_kept() {
        let undo = Undo::between(&book(&[("a", "1"), ("b", "2")]), &book(&[("a", "1"), ("b", "3")]));
        assert_eq!(undo.before.keys().collect::<Vec<_>>(), ["b"]);
    }
}
