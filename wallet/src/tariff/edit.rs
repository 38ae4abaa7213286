//! Edits of a draft: what each changed, who made it, and how to take it back.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{PriceChange, Tariff};

/// What kind of edit it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// Prices or words of one operation changed.
    Changed,
    /// An operation was added.
    Added,
    /// An operation was removed.
    Removed,
    /// A file was imported.
    Imported,
    /// An earlier edit was taken back.
    Undone,
}

impl EditKind {
    /// Gives the name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Imported => "imported",
            Self::Undone => "undone",
        }
    }
}

impl fmt::Display for EditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for EditKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Changed, Self::Added, Self::Removed, Self::Imported, Self::Undone];
        all.into_iter().find(|kind| kind.code() == text).ok_or(())
    }
}

/// One edit of a draft, as its editors read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftEdit {
    /// The revision that it made.
    pub revision: i64,
    /// What kind it was.
    pub kind: EditKind,
    /// What it changed in the draft.
    pub changes: Vec<PriceChange>,
    /// Whether it can still be taken back.
    pub is_standing: bool,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// How to take an edit back: the operations that it changed as they were, and the order of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Undo {
    before: BTreeMap<String, Option<Tariff>>,
    order: Vec<String>,
}

impl Undo {
    /// Notes what is needed to come back from `after` to `before`.
    pub(super) fn between(before: &[Tariff], after: &[Tariff]) -> Self {
        let old = by_operation(before);
        let new = by_operation(after);
        let is_kept =
            |tariff: &&Tariff| new.get(tariff.operation.as_str()).is_some_and(|new| same_but_for_place(tariff, new));
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
    pub(super) fn apply(&self, tariffs: &[Tariff]) -> Vec<Tariff> {
        let now = by_operation(tariffs);
        let was = |operation: &String| match self.before.get(operation) {
            Some(before) => before.clone(),
            None => now.get(operation.as_str()).map(|tariff| Tariff::clone(tariff)),
        };
        self.order.iter().filter_map(was).collect()
    }
}

/// Says whether two tariffs differ at most in their place, which follows from the order of all.
fn same_but_for_place(one: &Tariff, other: &Tariff) -> bool {
    one.position == other.position && one == other || *one == Tariff { position: one.position, ..other.clone() }
}

fn by_operation(tariffs: &[Tariff]) -> BTreeMap<&str, &Tariff> {
    tariffs.iter().map(|tariff| (tariff.operation.as_str(), tariff)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tariff::Category;
    use crate::tariff::rule::{Flat, Rule};

    fn book(prices: &[(&str, &str)]) -> Vec<Tariff> {
        let tariff = |(operation, price): &(&str, &str)| Tariff {
            operation: (*operation).to_owned(),
            name: (*operation).to_owned(),
            category: Category::Text,
            unit: "request".to_owned(),
            supplier: None,
            upstream_cost: None,
            minimum_plan: None,
            gates: Vec::new(),
            rule: Rule::Flat(Flat { credits: price.parse().expect("a price") }),
            position: 0,
        };
        prices.iter().map(tariff).collect()
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
