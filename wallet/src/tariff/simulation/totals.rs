//! Adding up a simulation, one charge after the other: pure, and small in memory however many there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::error::Refusal;
use crate::id::AccountId;
use crate::money::Credits;
use crate::tariff::model::price_book::PriceBook;
use crate::tariff::model::simulation::{AccountImpact, Failing, OperationImpact, Simulation};
use crate::tariff::model::tariff::Tariff;

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
    fn add(&mut self, other: Self) {
        self.charges = self.charges.saturating_add(other.charges);
        self.before = self.before.saturating_add(other.before);
        self.after = self.after.saturating_add(other.after);
    }
}

fn credits(micros: i128) -> Credits {
    Credits::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// What a call costs under a book, and the highest plan that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rated<'b> {
    pub(crate) credits: Credits,
    pub(crate) plan: Option<&'b str>,
}

/// The ranks of plans by code.
pub(crate) type Ranks = [(String, i32)];

/// Says whether accounts on a plan of this rank are below a plan. One that is not offered is above everybody's.
pub(crate) fn is_below(ranks: &Ranks, rank: i32, plan: &str) -> bool {
    height(ranks, plan) > rank
}

fn height(ranks: &Ranks, plan: &str) -> i32 {
    ranks.iter().find(|(code, _)| code == plan).map_or(i32::MAX, |(_, rank)| *rank)
}

/// Prices calls under a book: a map in front of it, since there are few operations and many charges.
pub(crate) struct Rater<'b> {
    book: &'b PriceBook,
    ranks: &'b Ranks,
    tariffs: BTreeMap<&'b str, &'b Tariff>,
}

impl<'b> Rater<'b> {
    /// Prices under this book.
    pub(crate) fn new(book: &'b PriceBook, ranks: &'b Ranks) -> Self {
        let tariffs = book.tariffs.iter().map(|tariff| (tariff.operation.as_str(), tariff)).collect();
        Self { book, ranks, tariffs }
    }

    /// Prices a call, or says why it would be refused to everybody.
    pub(crate) fn price(&self, operation: &str, params: &serde_json::Value, count: i64) -> Result<Rated<'b>, Refusal> {
        let none = serde_json::Map::new();
        let params = params.as_object().unwrap_or(&none);
        let Some(tariff) = self.tariffs.get(operation) else {
            return self.book.tariff_or_refuse(operation).and(Err(Refusal::not_found(operation)));
        };
        let credits = tariff.rule.price(params, count, self.book.rounding_step)?.credits;
        let plan = self.book.plans_needed(operation, params).into_iter().max_by_key(|plan| height(self.ranks, plan));
        Ok(Rated { credits, plan })
    }
}

/// Charges of one operation that would be refused.
#[derive(Debug)]
struct Refused {
    charges: i64,
    before: i128,
    accounts: BTreeSet<AccountId>,
    why: Refusal,
}

/// Equal debits of one account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Equal<'d> {
    pub(crate) account: AccountId,
    pub(crate) operation: &'d str,
    pub(crate) times: i64,
    /// What each cost.
    pub(crate) cost: Credits,
}

/// Adds charges up, one after the other; what it holds grows with operations and accounts, not with charges.
pub(crate) struct Totals<'b> {
    draft: &'b PriceBook,
    rater: Rater<'b>,
    operations: BTreeMap<String, Sums>,
    accounts: BTreeMap<AccountId, Sums>,
    /// What needs a plan waits for the accounts' plans: by operation and plan.
    gated: BTreeMap<(String, &'b str), BTreeMap<AccountId, Sums>>,
    failing: BTreeMap<String, Refused>,
    left_out: i64,
}

impl<'b> Totals<'b> {
    /// Starts with nothing.
    pub(crate) fn new(draft: &'b PriceBook, ranks: &'b Ranks) -> Self {
        Self {
            draft,
            rater: Rater::new(draft, ranks),
            operations: BTreeMap::new(),
            accounts: BTreeMap::new(),
            gated: BTreeMap::new(),
            failing: BTreeMap::new(),
            left_out: 0,
        }
    }

    /// Notes debits that can't be rated again.
    pub(crate) fn leave_out(&mut self, times: i64) {
        self.left_out = self.left_out.saturating_add(times);
    }

    /// Rates equal debits again.
    pub(crate) fn rate(&mut self, debits: Equal<'_>, params: &serde_json::Value, count: i64) {
        let all = |credits: Credits| i128::from(credits.micros()).saturating_mul(i128::from(debits.times));
        let before = all(debits.cost);
        match self.rater.price(debits.operation, params, count) {
            Ok(Rated { credits, plan }) => {
                let sums = Sums { charges: debits.times, before, after: all(credits) };
                match plan {
                    Some(plan) => {
                        let waiting = self.gated.entry((debits.operation.to_owned(), plan)).or_default();
                        waiting.entry(debits.account).or_default().add(sums);
                    }
                    None => self.add(debits.account, debits.operation, sums),
                }
            }
            Err(refusal) => {
                let sums = Sums { charges: debits.times, before, after: 0 };
                self.refuse(debits.account, debits.operation, sums, &refusal);
            }
        }
    }

    fn add(&mut self, account: AccountId, operation: &str, sums: Sums) {
        // No allocation for an operation that is known: there are few operations and many charges.
        match self.operations.get_mut(operation) {
            Some(known) => known.add(sums),
            None => self.operations.entry(operation.to_owned()).or_default().add(sums),
        }
        self.accounts.entry(account).or_default().add(sums);
    }

    /// Adds what would bring nothing any more: to what was earned, but to nobody's bill.
    fn refuse(&mut self, account: AccountId, operation: &str, sums: Sums, why: &Refusal) {
        self.operations.entry(operation.to_owned()).or_default().add(Sums { after: 0, ..sums });
        self.accounts.entry(account).or_default();
        let refused = self.failing.entry(operation.to_owned()).or_insert_with(|| Refused {
            charges: 0,
            before: 0,
            accounts: BTreeSet::new(),
            why: why.clone(),
        });
        refused.charges = refused.charges.saturating_add(sums.charges);
        refused.before = refused.before.saturating_add(sums.before);
        refused.accounts.insert(account);
    }

    /// Lists the accounts whose plans decide about something.
    pub(crate) fn undecided(&self) -> Vec<AccountId> {
        let accounts: BTreeSet<AccountId> = self.gated.values().flat_map(BTreeMap::keys).copied().collect();
        accounts.into_iter().collect()
    }

    /// Decides about what needs a plan, by the ranks of the accounts' plans.
    pub(crate) fn decide(&mut self, plans: &HashMap<AccountId, i32>) {
        for ((operation, plan), accounts) in std::mem::take(&mut self.gated) {
            for (account, sums) in accounts {
                if is_below(self.rater.ranks, plans.get(&account).copied().unwrap_or_default(), plan) {
                    self.refuse(account, &operation, sums, &Refusal::PlanRequired { plan: plan.to_owned() });
                } else {
                    self.add(account, &operation, sums);
                }
            }
        }
    }

    /// Lists what every account would have paid; without those whose charges would all be refused.
    pub(crate) fn impacts(&self) -> Vec<AccountImpact> {
        self.accounts.iter().filter(|(_, sums)| sums.charges > 0).map(impact).collect()
    }

    /// Sums up; accounts are still without names.
    pub(crate) fn finish(self, from: DateTime<Utc>, to: DateTime<Utc>) -> Simulation {
        let mut total = Sums::default();
        self.operations.values().for_each(|sums| total.add(*sums));
        let unused =
            self.draft.tariffs.iter().filter(|tariff| !self.operations.contains_key(&tariff.operation)).count();
        let operations = operations(self.operations, &self.failing);
        let failing = failing(self.failing);
        let mut histogram = [0_i64; 9];
        let (mut less, mut same, mut more) = (0_i64, 0_i64, 0_i64);
        // Whose charges would all be refused pays neither less nor the same.
        for sums in self.accounts.values().filter(|sums| sums.charges > 0) {
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
        Simulation {
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

/// Lists what each operation brought and would have brought, the largest first.
fn operations(sums: BTreeMap<String, Sums>, failing: &BTreeMap<String, Refused>) -> Vec<OperationImpact> {
    let impact = |(operation, sums): (String, Sums)| OperationImpact {
        refused: failing.get(&operation).map_or(0, |refused| refused.charges),
        operation,
        charges: sums.charges,
        before: credits(sums.before),
        after: credits(sums.after),
    };
    let mut operations: Vec<OperationImpact> = sums.into_iter().map(impact).collect();
    operations.sort_by_key(|impact| std::cmp::Reverse(impact.before));
    operations
}

/// Lists what would be refused, the most first.
fn failing(refused: BTreeMap<String, Refused>) -> Vec<Failing> {
    let one = |(operation, refused): (String, Refused)| Failing {
        operation,
        charges: refused.charges,
        accounts: i64::try_from(refused.accounts.len()).unwrap_or(i64::MAX),
        before: credits(refused.before),
        reason: refused.why.to_string(),
        why: Some(refused.why),
    };
    let mut failing: Vec<Failing> = refused.into_iter().map(one).collect();
    failing.sort_by_key(|failing| std::cmp::Reverse(failing.charges));
    failing.truncate(LISTED);
    failing
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

/// Tells what an account would have paid; still without its name.
fn impact((account, sums): (&AccountId, &Sums)) -> AccountImpact {
    AccountImpact {
        account: *account,
        name: String::new(),
        charges: sums.charges,
        before: credits(sums.before),
        after: credits(sums.after),
    }
}

/// Finds the accounts that save most and those that pay most more.
fn extremes(accounts: &BTreeMap<AccountId, Sums>) -> (Vec<AccountImpact>, Vec<AccountImpact>) {
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
