//! Which grants a debit takes from.

use chrono::{DateTime, Utc};

use crate::ledger::model::wallet_state::{Allocation, Core, DEBT};
use crate::money::Credits;

/// Splits an amount over the live grants in burn order; `None` where there is not enough.
pub(in crate::ledger) fn take(core: &Core, amount: Credits, now: DateTime<Utc>) -> Option<Vec<(i64, Credits)>> {
    let (shares, missing) = take_up_to(core, amount, now)?;
    (missing == Credits::ZERO).then_some(shares)
}

/// Splits as much of an amount as there is; gives what is missing. `None` on overflow.
pub(in crate::ledger) fn take_up_to(
    core: &Core,
    amount: Credits,
    now: DateTime<Utc>,
) -> Option<(Vec<(i64, Credits)>, Credits)> {
    let mut shares = Vec::with_capacity(1);
    let mut missing = amount;
    for grant in core.grants.iter().filter(|grant| grant.remaining.is_positive() && !grant.is_expired(now)) {
        if !missing.is_positive() {
            break;
        }
        let share = grant.remaining.min(missing);
        missing = missing.checked_sub(share)?;
        shares.push((grant.id, share));
    }
    Some((shares, missing))
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
