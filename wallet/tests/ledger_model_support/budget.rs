//! Budgets of the reference: what was spent under each, day by day.

use std::collections::BTreeMap;

use super::purse::Verdict;
use super::{Scope, start};

/// A day in seconds; ceilings count days of UTC.
pub const DAY: i64 = 86_400;

/// A spending: from which wallet, for which end customer, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    pub wallet: usize,
    pub customer: Option<u8>,
    pub at: i128,
}

impl Spending {
    fn day(self) -> i128 {
        (i128::from(start().timestamp()) + self.at).div_euclid(DAY.into())
    }

    fn is_under(self, scope: Scope) -> bool {
        match scope {
            Scope::Project => true,
            Scope::Wallet(wallet) => wallet == self.wallet,
            Scope::Customer(wallet, customer) => wallet == self.wallet && Some(customer) == self.customer,
        }
    }
}

/// One ceiling.
#[derive(Clone, Debug)]
pub struct ModelBudget {
    pub scope: Scope,
    most: i128,
    /// What was spent before, it never counted.
    since: i128,
    spent: BTreeMap<i128, i128>,
}

/// All ceilings of a project.
#[derive(Clone, Debug, Default)]
pub struct ModelBudgets(pub Vec<ModelBudget>);

impl ModelBudgets {
    /// Sets a ceiling, which keeps what was spent under the one before; or takes it away.
    pub fn set(&mut self, scope: Scope, most: Option<i64>, now: i128) {
        let Some(most) = most.map(i128::from) else { return self.0.retain(|known| known.scope != scope) };
        match self.0.iter_mut().find(|known| known.scope == scope) {
            Some(known) => known.most = most,
            None => self.0.push(ModelBudget { scope, most, since: now, spent: BTreeMap::new() }),
        }
    }

    /// Counts a spending, unless it is too much for one of them. What is free is never too much.
    pub fn count(&mut self, spending: Spending, amount: i128) -> Verdict {
        if amount == 0 {
            return Ok(());
        }
        let day = spending.day();
        let mut under: Vec<&mut ModelBudget> =
            self.0.iter_mut().filter(|known| spending.is_under(known.scope)).collect();
        if under.iter().any(|known| known.on(day) + amount > known.most) {
            return Err("out_of_credits");
        }
        under.iter_mut().for_each(|known| *known.spent.entry(day).or_default() += amount);
        Ok(())
    }

    /// Gives back what was counted for a spending and was not spent in the end: where, and on the day when, it was.
    pub fn give_back(&mut self, (spending, amount): (Spending, i128)) {
        let day = spending.day();
        for known in self.0.iter_mut().filter(|known| spending.is_under(known.scope) && spending.at >= known.since) {
            let spent = known.spent.entry(day).or_default();
            *spent = (*spent - amount).max(0);
        }
    }
}

impl ModelBudget {
    fn on(&self, day: i128) -> i128 {
        self.spent.get(&day).copied().unwrap_or(0)
    }

    /// What was spent on the day of a moment.
    pub fn spent_at(&self, now: i128) -> i128 {
        self.on(Spending { wallet: 0, customer: None, at: now }.day())
    }
}
