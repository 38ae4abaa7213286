//! Which grants a debit takes from.

use chrono::{DateTime, Utc};

use crate::ledger::model::grant_limit::Purpose;
use crate::ledger::model::wallet_state::{Allocation, Core, DEBT, Grant};
use crate::money::Credits;

/// What may be taken, grant by grant in burn order, and what has been.
///
/// Several things are taken one after another, each from the most limited grant that pays for it. Where limits contain
/// one another or have nothing in common, all that could be paid in any order is paid so; where they overlap, a grant may
/// be empty for the second that another order would have left it. Taking less of each, from the same grants, never
/// lacks anything: what is left of every grant is then at least as much.
pub(in crate::ledger) struct Takings<'a> {
    grants: Vec<(&'a Grant, Credits)>,
    taken: Vec<Credits>,
}

impl<'a> Takings<'a> {
    /// Starts from what can be spent now.
    pub(in crate::ledger) fn of(core: &'a Core, now: DateTime<Utc>) -> Self {
        let live = core.grants.iter().filter(|grant| grant.remaining.is_positive() && !grant.is_expired(now));
        Self::from(live.map(|grant| (grant, grant.remaining)).collect())
    }

    /// Starts from what was set aside of which grant; `None` where a grant is not known.
    pub(in crate::ledger) fn pinned(core: &'a Core, pinned: &[(i64, Credits)]) -> Option<Self> {
        let grants: Option<Vec<_>> =
            pinned.iter().map(|(grant, amount)| Some((core.grant(*grant)?, *amount))).collect();
        grants.map(Self::from)
    }

    fn from(grants: Vec<(&'a Grant, Credits)>) -> Self {
        let taken = vec![Credits::ZERO; grants.len()];
        Self { grants, taken }
    }

    /// Takes an amount for something, or as much of it as there is, and tells what is missing. `None` on overflow.
    pub(in crate::ledger) fn take(&mut self, purpose: Purpose<'_>, amount: Credits) -> Option<Credits> {
        self.take_where(|grant| grant.pays_for(purpose), amount)
    }

    /// Takes an amount of whatever there is: what is not limited first.
    pub(in crate::ledger) fn take_anything(&mut self, amount: Credits) -> Option<Credits> {
        let missing = self.take(Purpose::Other, amount)?;
        self.take_where(|_| true, missing)
    }

    fn take_where(&mut self, pays: impl Fn(&Grant) -> bool, amount: Credits) -> Option<Credits> {
        let mut missing = amount;
        for ((grant, left), taken) in self.grants.iter_mut().zip(&mut self.taken) {
            if !missing.is_positive() {
                break;
            }
            if !pays(grant) {
                continue;
            }
            let share = (*left).min(missing);
            *left = left.checked_sub(share)?;
            *taken = taken.checked_add(share)?;
            missing = missing.checked_sub(share)?;
        }
        Some(missing)
    }

    /// Gives what was taken from which grant, in burn order.
    pub(in crate::ledger) fn shares(self) -> Vec<(i64, Credits)> {
        let shares = self.grants.iter().zip(self.taken).map(|((grant, _), taken)| (grant.id, taken));
        shares.filter(|(_, taken)| taken.is_positive()).collect()
    }
}

/// Splits credits that come in between the debt, which is repaid first, and the rest.
pub(in crate::ledger) fn repay(debt: Credits, amount: Credits) -> Option<(Credits, Credits)> {
    let repaid = debt.min(amount).max(Credits::ZERO);
    Some((repaid, amount.checked_sub(repaid)?))
}

/// Makes the shares of an immediate debit.
pub(in crate::ledger) fn debits(shares: &[(i64, Credits)]) -> Option<Vec<Allocation>> {
    shares
        .iter()
        .map(|(grant, share)| Some(Allocation { grant: *grant, amount: share.checked_neg()?, held: Credits::ZERO }))
        .collect()
}

/// Makes the share that repays debt.
pub(in crate::ledger) const fn repayment(amount: Credits) -> Allocation {
    Allocation { grant: DEBT, amount, held: Credits::ZERO }
}
