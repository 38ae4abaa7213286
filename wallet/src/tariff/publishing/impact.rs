//! Rates the charges of accounts under an announced version.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::id::AccountId;
use crate::ledger::Spent;
use crate::money::Credits;
use crate::tariff::model::change::PriceChange;
use crate::tariff::model::impact::Impact;
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::simulation::OperationImpact;
use crate::tariff::simulation::totals::{Ranks, Rater, is_below};

/// Sums of one operation of one account.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    charges: i64,
    refused: i64,
    before: i128,
    after: i128,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.charges = self.charges.saturating_add(other.charges);
        self.refused = self.refused.saturating_add(other.refused);
        self.before = self.before.saturating_add(other.before);
        self.after = self.after.saturating_add(other.after);
    }
}

/// Which calls are summed together: of one operation, that need the same plans before and after.
type Calls<'b> = (String, Option<&'b str>, Option<&'b str>);

/// Adds up what a version means to every account, one debit after the other; what it holds grows with accounts
/// and changed operations, not with charges. Both sides are priced: what was paid may be older than the prices
/// that change.
pub(crate) struct ImpactTotals<'b> {
    before: Rater<'b>,
    after: Rater<'b>,
    ranks: &'b Ranks,
    changed: BTreeSet<&'b str>,
    accounts: BTreeMap<AccountId, BTreeMap<Calls<'b>, Sums>>,
}

impl<'b> ImpactTotals<'b> {
    /// Starts with nothing.
    pub(crate) fn new(
        before: &'b PriceBook,
        after: &'b PriceBook,
        changes: &'b [PriceChange],
        ranks: &'b Ranks,
    ) -> Self {
        let counts = |change: &&PriceChange| change.direction.moves_a_price();
        let changed = changes.iter().filter(counts).map(|change| change.operation.as_str()).collect();
        let (before, after) = (Rater::new(before, ranks), Rater::new(after, ranks));
        Self { before, after, ranks, changed, accounts: BTreeMap::new() }
    }

    /// Rates equal debits again, where their operation's price changes.
    pub(crate) fn rate(&mut self, spent: &Spent) {
        if !self.changed.contains(spent.operation.as_str()) {
            return;
        }
        // What is refused before the change already is none of it.
        let Ok(before) = self.before.price(&spent.operation, &spent.params, spent.count) else { return };
        let all = |credits: Credits| i128::from(credits.micros()).saturating_mul(i128::from(spent.times));
        let after = self.after.price(&spent.operation, &spent.params, spent.count);
        let (plan, sums) = match after {
            Ok(after) => {
                let (cost, would) = (all(before.credits), all(after.credits));
                (after.plan, Sums { charges: spent.times, refused: 0, before: cost, after: would })
            }
            Err(_) => (None, Sums { refused: spent.times, ..Sums::default() }),
        };
        let calls = self.accounts.entry(spent.account).or_default();
        calls.entry((spent.operation.clone(), before.plan, plan)).or_default().add(sums);
    }

    /// Lists the accounts whose plans decide about something.
    pub(crate) fn undecided(&self) -> Vec<AccountId> {
        let is_gated = |(_, before, after): &Calls<'_>| before.is_some() || after.is_some();
        let accounts = self.accounts.iter().filter(|(_, calls)| calls.keys().any(is_gated));
        accounts.map(|(account, _)| *account).collect()
    }

    /// Sums up, by the ranks of the accounts' plans.
    pub(crate) fn finish(self, plans: &HashMap<AccountId, i32>) -> Vec<Impact> {
        let ranks = self.ranks;
        let of = |(account, calls): (AccountId, BTreeMap<Calls<'_>, Sums>)| {
            let rank = plans.get(&account).copied().unwrap_or_default();
            let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
            let is_shut = |plan: Option<&str>| plan.is_some_and(|plan| is_below(ranks, rank, plan));
            for ((operation, before, after), calls) in calls {
                if is_shut(before) {
                    continue;
                }
                let refused = Sums { refused: calls.charges.saturating_add(calls.refused), ..Sums::default() };
                sums.entry(operation).or_default().add(if is_shut(after) { refused } else { calls });
            }
            (!sums.is_empty()).then(|| impact(account, sums))
        };
        self.accounts.into_iter().filter_map(of).collect()
    }
}

fn credits(micros: i128) -> Credits {
    Credits::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn impact(account: AccountId, sums: BTreeMap<String, Sums>) -> Impact {
    let mut total = Sums::default();
    sums.values().for_each(|sums| total.add(*sums));
    let rises = sums.values().any(|sums| sums.after > sums.before || sums.refused > 0);
    let mut operations: Vec<OperationImpact> = sums
        .into_iter()
        .map(|(operation, sums)| OperationImpact {
            operation,
            charges: sums.charges.saturating_add(sums.refused),
            refused: sums.refused,
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
    use serde_json::Value;

    use super::*;
    use crate::tariff::fixtures;
    use crate::tariff::rule::Flat;
    use crate::tariff::rule::Rule;

    fn book(prices: &[(&str, i64)]) -> PriceBook {
        let flat = |price| Rule::Flat(Flat { credits: Credits::from_whole(price).expect("fits") });
        fixtures::book(prices.iter().map(|(operation, price)| fixtures::tariff(operation, flat(*price))).collect())
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
        let mut tally = ImpactTotals::new(&before, &after, &changes, &[]);
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
        let found = tally.finish(&HashMap::new());
        assert_eq!(found.len(), 2, "the third uses nothing that changes");
        let of = |account| found.iter().find(|impact| impact.account == account).expect("there");
        let whole = |impact: &Impact| (impact.before.to_string(), impact.after.to_string());
        assert_eq!(whole(of(one)), ("35".into(), "52".into()));
        assert_eq!((of(one).charges, of(one).rises, of(one).difference().to_string()), (13, true, "17".into()));
        assert_eq!(of(one).operations[0].operation, "a", "the largest difference first");
        assert_eq!((of(two).refused, of(two).rises), (2, true));
        assert!(of(two).difference().is_negative());
    }

    fn one_of(before: &PriceBook, after: &PriceBook, charges: &[Spent], rank: i32) -> Option<Impact> {
        let ranks = [("free".to_owned(), 0), ("build".to_owned(), 1)];
        let changes = before.changes(after, |plan| ranks.iter().find(|rank| rank.0 == plan).map(|rank| rank.1));
        let mut tally = ImpactTotals::new(before, after, &changes, &ranks);
        charges.iter().for_each(|spent| tally.rate(spent));
        let plans = tally.undecided().into_iter().map(|account| (account, rank)).collect();
        tally.finish(&plans).pop()
    }

    #[test]
    fn a_rise_is_one_against_the_price_in_force_not_what_was_paid() {
        let account = AccountId::new();
        let (before, after) = (book(&[("a", 3)]), book(&[("a", 4)]));
        let older = one_of(&before, &after, &[spent(account, "a", 10, 5)], 0).expect("hers");
        assert!(older.rises, "charges from before a drop to 3 rise too");
        assert_eq!((older.before.to_string(), older.after.to_string()), ("30".into(), "40".into()));
        let newer = one_of(&before, &after, &[spent(account, "a", 10, 1)], 0).expect("hers");
        assert_eq!(newer.difference().to_string(), "10", "an earlier rise is no part of this one");
    }

    #[test]
    fn a_plan_that_is_asked_for_refuses_those_below_it() {
        let account = AccountId::new();
        let (before, mut after) = (book(&[("a", 3), ("b", 1)]), book(&[("a", 3), ("b", 1)]));
        after.tariffs[0].minimum_plan = Some("build".into());
        let charges = [spent(account, "a", 4, 3), spent(account, "b", 4, 1)];
        let free = one_of(&before, &after, &charges, 0).expect("hers");
        assert_eq!((free.refused, free.rises, free.charges, free.operations[0].refused), (4, true, 0, 4));
        let build = one_of(&before, &after, &charges, 1).expect("hers");
        assert_eq!((build.refused, build.rises, build.charges), (0, false, 4));
        assert_eq!(one_of(&after, &book(&[("b", 1)]), &charges, 0), None, "it was refused before already");
    }
}
