//! What an announced version means to one account: its own charges of the last days, rated again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::rehearsal::OperationImpact;
use crate::id::AccountId;
use crate::money::Credits;

/// What an announced version means to one account. Only operations whose price changes count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Whose charges.
    pub account: AccountId,
    /// How many there were.
    pub charges: i64,
    /// What they cost.
    pub before: Credits,
    /// What they would have cost.
    pub after: Credits,
    /// Charges of operations that go away, or of options that do.
    pub refused: i64,
    /// Whether anything that the account uses goes up or away.
    pub rises: bool,
    /// By operation, the largest difference first.
    pub operations: Vec<OperationImpact>,
}

impl Impact {
    /// Gives how much more the charges would have cost (below zero: less).
    #[must_use]
    pub fn difference(&self) -> Credits {
        self.after.checked_sub(self.before).unwrap_or_default()
    }
}

/// A coming rise, for the banner of somebody whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiseNotice {
    /// The announced version.
    pub version: i32,
    /// From when it is in force.
    pub effective_at: DateTime<Utc>,
    /// How many days were rated again.
    pub days: i64,
    /// What they cost.
    pub before: Credits,
    /// What they would have cost.
    pub after: Credits,
    /// Charges of operations that go away.
    pub refused: i64,
}

#[cfg(feature = "postgres")]
pub(crate) use tally::ImpactTally;

#[cfg(feature = "postgres")]
mod tally {
    use std::collections::{BTreeMap, BTreeSet};

    use super::Impact;
    use crate::id::AccountId;
    use crate::ledger::spent::Spent;
    use crate::money::Credits;
    use crate::tariff::rehearsal::OperationImpact;
    use crate::tariff::tally::Rater;
    use crate::tariff::{PriceBook, PriceChange};

    /// Sums of one operation of one account.
    #[derive(Clone, Copy, Debug, Default)]
    struct Sums {
        charges: i64,
        refused: i64,
        before: i128,
        after: i128,
    }

    /// Adds up what a version means to every account, one debit after the other; what it holds grows with accounts
    /// and changed operations, not with charges.
    pub(crate) struct ImpactTally<'b> {
        rater: Rater<'b>,
        changed: BTreeSet<&'b str>,
        accounts: BTreeMap<AccountId, BTreeMap<String, Sums>>,
    }

    impl<'b> ImpactTally<'b> {
        /// Starts with nothing.
        pub(crate) fn new(book: &'b PriceBook, changes: &'b [PriceChange]) -> Self {
            let counts = |change: &&PriceChange| change.direction.moves_a_price();
            let changed = changes.iter().filter(counts).map(|change| change.operation.as_str()).collect();
            Self { rater: Rater::new(book), changed, accounts: BTreeMap::new() }
        }

        /// Rates equal debits again, where their operation's price changes.
        pub(crate) fn rate(&mut self, spent: &Spent) {
            if !self.changed.contains(spent.operation.as_str()) {
                return;
            }
            let all = |credits: Credits| i128::from(credits.micros()).saturating_mul(i128::from(spent.times));
            let sums = self.accounts.entry(spent.account).or_default().entry(spent.operation.clone()).or_default();
            match self.rater.price(&spent.operation, &spent.params, spent.count) {
                Ok(price) => {
                    sums.charges = sums.charges.saturating_add(spent.times);
                    sums.before = sums.before.saturating_add(all(spent.credits));
                    sums.after = sums.after.saturating_add(all(price));
                }
                Err(_) => sums.refused = sums.refused.saturating_add(spent.times),
            }
        }

        /// Sums up.
        pub(crate) fn finish(self) -> Vec<Impact> {
            self.accounts.into_iter().map(|(account, sums)| impact(account, sums)).collect()
        }
    }

    fn credits(micros: i128) -> Credits {
        Credits::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn impact(account: AccountId, sums: BTreeMap<String, Sums>) -> Impact {
        let mut total = Sums::default();
        for sums in sums.values() {
            total.charges = total.charges.saturating_add(sums.charges);
            total.refused = total.refused.saturating_add(sums.refused);
            total.before = total.before.saturating_add(sums.before);
            total.after = total.after.saturating_add(sums.after);
        }
        let rises = sums.values().any(|sums| sums.after > sums.before || sums.refused > 0);
        let mut operations: Vec<OperationImpact> = sums
            .into_iter()
            .map(|(operation, sums)| OperationImpact {
                operation,
                charges: sums.charges.saturating_add(sums.refused),
                before: credits(sums.before),
                after: credits(sums.after),
            })
            .collect();
        operations.sort_by_key(|impact| {
            std::cmp::Reverse(impact.after.micros().saturating_sub(impact.before.micros()).saturating_abs())
        });
        Impact {
            account,
            charges: total.charges,
            before: credits(total.before),
            after: credits(total.after),
            refused: total.refused,
            rises,
            operations,
        }
    }

    #[cfg(test)]
    mod tests {
        use chrono::{DateTime, Utc};
        use serde_json::Value;

        use super::*;
        use crate::tariff::rule::Flat;
        use crate::tariff::{BookStatus, Category, Rule, Tariff};

        fn book(prices: &[(&str, i64)]) -> PriceBook {
            let tariff = |(operation, price): &(&str, i64)| Tariff {
                operation: (*operation).into(),
                name: operation.to_uppercase(),
                category: Category::Text,
                unit: "request".into(),
                supplier: None,
                upstream_cost: None,
                minimum_plan: None,
                gates: Vec::new(),
                rule: Rule::Flat(Flat { credits: Credits::from_whole(*price).expect("fits") }),
                position: 0,
            };
            PriceBook {
                version: 1,
                status: BookStatus::Active,
                effective_at: None,
                retired_at: None,
                revision: 1,
                rounding_step: Credits::ONE,
                based_on: None,
                created_by: String::new(),
                created_at: DateTime::<Utc>::UNIX_EPOCH,
                tariffs: prices.iter().map(tariff).collect(),
            }
        }

        fn spent(account: AccountId, operation: &str, times: i64, cost: i64) -> Spent {
            let credits = Credits::from_whole(cost).expect("fits");
            Spent { account, operation: operation.into(), params: Value::Null, count: 1, times, credits }
        }

        #[test]
        fn only_changed_operations_count_and_each_account_sees_its_own() {
            let before = book(&[("a", 2), ("b", 5), ("c", 1), ("gone", 3)]);
            let after = book(&[("a", 4), ("b", 4), ("c", 1)]);
            let changes = before.changes(&after, |_| None);
            let (one, two, three) = (AccountId::new(), AccountId::new(), AccountId::new());
            let mut tally = ImpactTally::new(&after, &changes);
            for spent in [
                spent(one, "a", 10, 2),
                spent(one, "b", 3, 5),
                spent(one, "c", 100, 1),
                spent(two, "b", 1, 5),
                spent(two, "gone", 2, 3),
                spent(three, "c", 7, 1),
            ] {
                tally.rate(&spent);
            }
            let found = tally.finish();
            assert_eq!(found.len(), 2, "the third uses nothing that changes");
            let of = |account| found.iter().find(|impact| impact.account == account).expect("there");
            let whole = |impact: &Impact| (impact.before.to_string(), impact.after.to_string());
            assert_eq!(whole(of(one)), ("35".into(), "52".into()));
            assert_eq!((of(one).charges, of(one).rises, of(one).difference().to_string()), (13, true, "17".into()));
            assert_eq!(of(one).operations[0].operation, "a", "the largest difference first");
            assert_eq!((of(two).refused, of(two).rises), (2, true));
            assert!(of(two).difference().is_negative());
        }
    }
}
