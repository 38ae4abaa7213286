//! Counts spendings under budgets.

use chrono::{DateTime, Utc};

use crate::error::Refusal;
use crate::ledger::model::budget::Budget;
use crate::ledger::model::decision::DecideError;
use crate::ledger::model::wallet_state::{Core, Subject};
use crate::ledger::rules::posting::minus;
use crate::money::Credits;

/// Finds the budget that leaves somebody least, and how much it leaves; `None` where none counts what they spend. Of
/// equal ones the first.
#[must_use]
pub fn tightest<'a>(budgets: &'a [Budget], subject: &Subject) -> Option<(&'a Budget, Credits)> {
    let counted = budgets.iter().filter(|budget| budget.counts(subject));
    let left = |budget: &'a Budget| {
        (budget, budget.ceiling.checked_sub(budget.spent).unwrap_or(Credits::ZERO).max(Credits::ZERO))
    };
    counted.map(left).min_by_key(|(_, left)| *left)
}

/// Counts a spending under every budget that it falls under, or refuses by the first that is too low.
pub(in crate::ledger) fn spend(core: &mut Core, subject: &Subject, amount: Credits) -> Result<(), DecideError> {
    if !amount.is_positive() {
        // What is free goes on, also where a budget was lowered below what was spent.
        return Ok(());
    }
    for budget in core.budgets.iter_mut().filter(|budget| budget.counts(subject)) {
        let spent = budget.spent;
        let after = spent.checked_add(amount).filter(|after| *after <= budget.ceiling);
        let Some(after) = after else {
            let left = minus(budget.ceiling, spent)?.max(Credits::ZERO);
            let ceiling = Some(budget.name.clone());
            let (needed, limited) = (amount, Credits::ZERO);
            return Err(Refusal::OutOfCredits { needed, available: left, limited, ceiling, auto_top_up: None }.into());
        };
        budget.spent = after;
    }
    Ok(())
}

/// Takes back what was counted at `spent_at` and was not spent in the end; a period that is over stays as it is.
pub(in crate::ledger) fn unspend(
    core: &mut Core,
    subject: &Subject,
    amount: Credits,
    spent_at: DateTime<Utc>,
) -> Result<(), DecideError> {
    for budget in core.budgets.iter_mut().filter(|budget| budget.counts(subject)) {
        if budget.window.contains(spent_at) {
            budget.spent = minus(budget.spent, amount)?.max(Credits::ZERO);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ledger::model::budget::{BudgetPeriod, BudgetScope, Window};

    #[test]
    fn the_tightest_budget_binds_and_others_subjects_do_not_count() {
        let credits = |whole| Credits::from_whole(whole).expect("fits");
        let at = DateTime::<Utc>::UNIX_EPOCH;
        let budget = |scope, ceiling, spent| Budget {
            id: Uuid::nil(),
            name: "n".to_owned(),
            scope,
            period: BudgetPeriod::Day,
            ceiling: credits(ceiling),
            window: Window { start: at, end: at },
            spent: credits(spent),
        };
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let budgets = [
            budget(BudgetScope::Project, 100, 20),
            budget(BudgetScope::Key(own), 50, 45),
            budget(BudgetScope::Key(other), 1, 1),
            budget(BudgetScope::Customer("acme".to_owned()), 1, 1),
        ];
        let left = |key: Option<Uuid>| {
            let subject = Subject { key, customer: None };
            tightest(&budgets, &subject).map(|(budget, left)| (budget.scope.clone(), left))
        };
        assert_eq!(left(Some(own)), Some((BudgetScope::Key(own), credits(5))));
        assert_eq!(left(None), Some((BudgetScope::Project, credits(80))));
        // One that was lowered below what was spent leaves nothing.
        let lowered = [budget(BudgetScope::Environment, 3, 9)];
        assert_eq!(tightest(&lowered, &Subject::default()).map(|(_, left)| left), Some(Credits::ZERO));
        assert_eq!(tightest(&[], &Subject::default()), None);
    }
}
