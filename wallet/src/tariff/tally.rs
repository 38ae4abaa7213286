//! Adding up a rehearsal, one charge after the other: pure, and small in memory however many there are.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::rehearsal::{AccountImpact, Failing, OperationImpact, Rehearsal};
use super::{PriceBook, Tariff};
use crate::error::Refusal;
use crate::id::AccountId;
use crate::money::Credits;

/// How many winners and losers, and how many failing operations, are listed.
const LISTED: usize = 10;

/// Sums of an operation or an account.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    charges: i64,
    before: i128,
    after: i128,
}

impl Sums {
    fn add(&mut self, times: i64, before: i128, after: i128) {
        self.charges = self.charges.saturating_add(times);
        self.before = self.before.saturating_add(before);
        self.after = self.after.saturating_add(after);
    }
}

fn credits(micros: i128) -> Credits {
    Credits::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// Prices calls under a book: a map in front of it, since there are few operations and many charges.
pub(crate) struct Rater<'b> {
    book: &'b PriceBook,
    tariffs: BTreeMap<&'b str, &'b Tariff>,
}

impl<'b> Rater<'b> {
    /// Prices under this book.
    pub(crate) fn new(book: &'b PriceBook) -> Self {
        Self { book, tariffs: book.tariffs.iter().map(|tariff| (tariff.operation.as_str(), tariff)).collect() }
    }

    /// Prices a call, or says why it would be refused.
    pub(crate) fn price(&self, operation: &str, params: &serde_json::Value, count: i64) -> Result<Credits, Refusal> {
        let none = serde_json::Map::new();
        let params = params.as_object().unwrap_or(&none);
        match self.tariffs.get(operation) {
            Some(tariff) => Ok(tariff.rule.price(params, count, self.book.rounding_step)?.credits),
            None => self.book.tariff_or_refuse(operation).and(Err(Refusal::not_found(operation))),
        }
    }
}

/// Adds charges up, one after the other; what it holds grows with operations and accounts, not with charges.
pub(crate) struct Tally<'b> {
    draft: &'b PriceBook,
    rater: Rater<'b>,
    operations: BTreeMap<String, Sums>,
    accounts: BTreeMap<AccountId, Sums>,
    failing: BTreeMap<String, (i64, String)>,
    left_out: i64,
}

impl<'b> Tally<'b> {
    /// Starts with nothing.
    pub(crate) fn new(draft: &'b PriceBook) -> Self {
        Self {
            draft,
            rater: Rater::new(draft),
            operations: BTreeMap::new(),
            accounts: BTreeMap::new(),
            failing: BTreeMap::new(),
            left_out: 0,
        }
    }

    /// Notes debits that can't be rated again.
    pub(crate) fn leave_out(&mut self, times: i64) {
        self.left_out = self.left_out.saturating_add(times);
    }

    /// Rates equal debits again.
    pub(crate) fn rate(
        &mut self,
        account: AccountId,
        operation: &str,
        params: &serde_json::Value,
        count: i64,
        times: i64,
        cost: Credits,
    ) {
        match self.rater.price(operation, params, count) {
            Ok(price) => {
                let all = |credits: Credits| i128::from(credits.micros()).saturating_mul(i128::from(times));
                let (before, after) = (all(cost), all(price));
                // No allocation for an operation that is known: there are few operations and many charges.
                match self.operations.get_mut(operation) {
                    Some(sums) => sums.add(times, before, after),
                    None => self.operations.entry(operation.to_owned()).or_default().add(times, before, after),
                }
                self.accounts.entry(account).or_default().add(times, before, after);
            }
            Err(refusal) => {
                let failing = self.failing.entry(operation.to_owned()).or_insert_with(|| (0, refusal.to_string()));
                failing.0 = failing.0.saturating_add(times);
            }
        }
    }

    /// Sums up; accounts are still without names.
    pub(crate) fn finish(self, from: DateTime<Utc>, to: DateTime<Utc>) -> Rehearsal {
        let mut total = Sums::default();
        self.operations.values().for_each(|sums| total.add(sums.charges, sums.before, sums.after));
        let unused =
            self.draft.tariffs.iter().filter(|tariff| !self.operations.contains_key(&tariff.operation)).count();
        let mut operations: Vec<OperationImpact> = self
            .operations
            .into_iter()
            .map(|(operation, sums)| OperationImpact {
                operation,
                charges: sums.charges,
                before: credits(sums.before),
                after: credits(sums.after),
            })
            .collect();
        operations.sort_by_key(|impact| std::cmp::Reverse(impact.before));
        let mut failing: Vec<Failing> = self
            .failing
            .into_iter()
            .map(|(operation, (charges, reason))| Failing { operation, charges, reason })
            .collect();
        failing.sort_by_key(|failing| std::cmp::Reverse(failing.charges));
        failing.truncate(LISTED);
        let mut histogram = [0_i64; 9];
        let (mut less, mut same, mut more) = (0_i64, 0_i64, 0_i64);
        for sums in self.accounts.values() {
            let side = match sums.after.cmp(&sums.before) {
                std::cmp::Ordering::Less => &mut less,
                std::cmp::Ordering::Equal => &mut same,
                std::cmp::Ordering::Greater => &mut more,
            };
            *side = side.saturating_add(1);
            if let Some(bar) = histogram.get_mut(bar_of(sums)) {
                *bar = bar.saturating_add(1);
            }
        }
        let (winners, losers) = extremes(&self.accounts);
        Rehearsal {
            version: self.draft.version,
            revision: self.draft.revision,
            from,
            to,
            charges: total.charges,
            left_out: self.left_out,
            accounts: i64::try_from(self.accounts.len()).unwrap_or(i64::MAX),
            before: credits(total.before),
            after: credits(total.after),
            operations,
            winners,
            losers,
            less,
            same,
            more,
            histogram,
            failing,
            unused: i64::try_from(unused).unwrap_or(i64::MAX),
        }
    }
}

/// Finds an account's bar of the histogram, without a division: change × 100 against border × before.
fn bar_of(sums: &Sums) -> usize {
    let change = sums.after.saturating_sub(sums.before);
    match change.cmp(&0) {
        std::cmp::Ordering::Equal => 4,
        std::cmp::Ordering::Less => {
            let under = |border: i64| change.saturating_mul(100) < sums.before.saturating_mul(i128::from(border));
            [-20, -10, -5].into_iter().position(under).unwrap_or(3)
        }
        std::cmp::Ordering::Greater => {
            let over = |border: i64| change.saturating_mul(100) > sums.before.saturating_mul(i128::from(border));
            [20, 10, 5].into_iter().position(over).map_or(5, |place| 8_usize.saturating_sub(place))
        }
    }
}

/// Finds the accounts that save most and those that pay most more.
fn extremes(accounts: &BTreeMap<AccountId, Sums>) -> (Vec<AccountImpact>, Vec<AccountImpact>) {
    let impact = |(account, sums): (&AccountId, &Sums)| AccountImpact {
        account: *account,
        name: String::new(),
        before: credits(sums.before),
        after: credits(sums.after),
    };
    let mut changed: Vec<(i128, AccountImpact)> = accounts
        .iter()
        .map(|(account, sums)| (sums.after.saturating_sub(sums.before), impact((account, sums))))
        .filter(|(change, _)| *change != 0)
        .collect();
    changed.sort_by_key(|(change, _)| *change);
    let winners = changed.iter().filter(|(change, _)| *change < 0).take(LISTED).map(|(_, impact)| impact.clone());
    let losers = changed.iter().rev().filter(|(change, _)| *change > 0).take(LISTED).map(|(_, impact)| impact.clone());
    (winners.collect(), losers.collect())
}
