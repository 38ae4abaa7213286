//! A wallet's balance at a moment: what is over by then is gone, swept or not.

use chrono::{DateTime, Utc};

use crate::ledger::model::wallet_state::{self, Grant};
use crate::ledger::rules::burn_order;
use crate::money::Credits;

/// The numbers of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) struct Balances {
    /// Posted.
    pub(in crate::ledger) settled: Credits,
    /// Set aside.
    pub(in crate::ledger) held: Credits,
    /// What can be spent.
    pub(in crate::ledger) available: Credits,
}

/// Makes grants what they are at a moment, and sums them up; `None` where a number is too large.
///
/// `timed_out` says how much of which grant holds still keep whose time is over: it is back in the grant, and repays
/// debt first. What a grant has whose own time is over is gone.
pub(in crate::ledger) fn at(
    grants: &mut [Grant],
    debt: Credits,
    timed_out: &[(i64, Credits)],
    at: DateTime<Utc>,
) -> Option<Balances> {
    let mut debt = debt;
    for grant in grants.iter_mut() {
        for (_, freed) in timed_out.iter().filter(|(id, _)| *id == grant.id) {
            grant.held = grant.held.checked_sub(*freed)?;
            grant.remaining = grant.remaining.checked_add(*freed)?;
        }
        if grant.is_expired(at) {
            grant.remaining = Credits::ZERO;
        } else {
            let (repays, rest) = burn_order::repay(debt, grant.remaining)?;
            debt = debt.checked_sub(repays)?;
            grant.remaining = rest;
        }
    }
    let held = Credits::checked_sum(grants.iter().map(|grant| grant.held))?;
    let available = wallet_state::available(grants, debt, at)?;
    Some(Balances { settled: available.checked_add(held)?, held, available })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;

    use super::*;
    use crate::ledger::GrantSource;
    use crate::ledger::model::entry::available_after;
    use crate::ledger::model::wallet_state::GrantTerms;

    fn credits(whole: i64) -> Credits {
        Credits::from_whole(whole).expect("fits")
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
    }

    fn grant(id: i64, (remaining, held): (i64, i64), ends_in: Option<i64>) -> Grant {
        let terms = GrantTerms {
            seq: id,
            source: GrantSource::TopUp,
            label: String::new(),
            granted: credits(100),
            priority: 0,
            effective_at: now(),
            expires_at: ends_in.map(|hours| now() + TimeDelta::hours(hours)),
            cost: None,
            reference: None,
            limit: None,
        };
        Grant { id, remaining: credits(remaining), held: credits(held), clawed: Credits::ZERO, terms: Arc::new(terms) }
    }

    fn balances(grants: &[Grant], debt: i64, timed_out: &[(i64, i64)], hours: i64) -> (i64, i64, i64) {
        let timed_out: Vec<_> = timed_out.iter().map(|(id, held)| (*id, credits(*held))).collect();
        let at = at(&mut grants.to_vec(), credits(debt), &timed_out, now() + TimeDelta::hours(hours)).expect("fits");
        let whole = |credits: Credits| credits.micros() / 1_000_000;
        (whole(at.settled), whole(at.held), whole(at.available))
    }

    #[test]
    fn what_is_over_is_gone_before_the_sweep() {
        let grants = [grant(1, (5, 10), Some(2)), grant(2, (20, 4), None)];
        assert_eq!(balances(&grants, 0, &[], 1), (39, 14, 25));
        // A hold of ten is over, the grant that it kept them of is not.
        assert_eq!(balances(&grants, 0, &[(1, 10)], 1), (39, 4, 35));
        // Grant 1 is over: what an open hold keeps of it stays, what one kept whose time is over is gone as well.
        assert_eq!(balances(&grants, 0, &[], 2), (34, 14, 20));
        assert_eq!(balances(&grants, 0, &[(1, 10)], 2), (24, 4, 20));
        assert_eq!(balances(&grants, 0, &[(1, 10), (2, 4)], 2), (24, 0, 24));
    }

    #[test]
    fn what_a_row_leaves_is_what_its_grants_have() {
        for (grants, debt) in [(vec![grant(1, (5, 10), Some(2)), grant(2, (20, 4), None)], 0), (Vec::new(), 3)] {
            let all = at(&mut grants.clone(), credits(debt), &[], now()).expect("fits");
            let left = available_after(all.settled, all.held).expect("fits");
            assert_eq!((all.available, wallet_state::available(&grants, credits(debt), now())), (left, Some(left)));
        }
    }

    #[test]
    fn what_comes_back_repays_debt_first() {
        let grants = [grant(1, (0, 10), None)];
        assert_eq!(balances(&grants, 3, &[], 0), (7, 10, -3));
        assert_eq!(balances(&grants, 3, &[(1, 10)], 0), (7, 0, 7));
        let mut grants = grants.to_vec();
        at(&mut grants, credits(3), &[(1, credits(10))], now()).expect("fits");
        assert_eq!((grants[0].remaining, grants[0].held), (credits(7), Credits::ZERO));
    }
}
