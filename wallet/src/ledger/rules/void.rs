//! A grant whose money goes back: what is left of it is taken before the money is sent, and given back where the money
//! did not go.

use crate::error::{Problem, Refusal};
use crate::ledger::model::decision::DecideError;
use crate::ledger::model::entry::EntryKind;
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::wallet_state::{Allocation, DEBT, Grant, PastDebit};
use crate::ledger::rules::grant::text;
use crate::ledger::rules::posting::{NewEntry, Posting, minus, negated, plus};
use crate::ledger::rules::{burn_order, checks};
use crate::money::Credits;

/// Takes what is left of a grant, or a part of it; refused where it has less, so that nothing else is ever taken.
pub(in crate::ledger) fn void(
    posting: &mut Posting<'_>,
    grant: i64,
    amount: Credits,
    reason: &str,
) -> Result<(), DecideError> {
    checks::above_zero("amount", amount)?;
    text("reason", reason)?;
    posting.expire_due()?;
    let found = named(posting, grant)?;
    if amount > found.remaining {
        let message = "the grant has less than that; work the amount out again";
        return Err(Refusal::unprocessable("amount", Problem::TooLarge, message).into());
    }
    posting.grant_mut(grant)?.clawed = plus(found.clawed, amount)?;
    let share = Allocation { grant, amount: negated(amount)?, held: Credits::ZERO };
    posting.post(row(found.terms.seq, vec![share], reason))?;
    Ok(())
}

/// Gives back what such a row took, to the grant that it came from, once. It repays debt first; where the grant's time is
/// over it ends at once.
pub(in crate::ledger) fn restore(posting: &mut Posting<'_>, void: &PastDebit, reason: &str) -> Result<(), DecideError> {
    text("reason", reason)?;
    let shares: Vec<&Allocation> = void.allocations.iter().collect();
    let (EntryKind::Clawback, [share]) = (void.entry.kind, shares.as_slice()) else { return Err(not_void()) };
    let amount = negated(share.amount)?;
    if share.grant == DEBT || !amount.is_positive() {
        return Err(not_void());
    }
    if void.credited_by.is_some() {
        return Err(Refusal::unprocessable("void", Problem::Taken, "this was given back before").into());
    }
    posting.expire_due()?;
    let found = named(posting, share.grant)?;
    // Taken for this grant's money, and not for another one's.
    if void.entry.refers_to != Some(found.terms.seq) || found.clawed < amount {
        return Err(not_void());
    }
    posting.grant_mut(share.grant)?.clawed = minus(found.clawed, amount)?;
    let too_large = DecideError::Inconsistent("the debt is too large");
    let (repaid, rest) = burn_order::repay(posting.debt_for(share.grant), amount).ok_or(too_large)?;
    let mut shares = Vec::new();
    if rest.is_positive() {
        shares.push(Allocation { grant: share.grant, amount: rest, held: Credits::ZERO });
    }
    if repaid.is_positive() {
        shares.push(burn_order::repayment(repaid));
    }
    let seq = posting.post(row(void.entry.seq, shares, reason))?;
    posting.credited = Some((void.entry.seq, seq));
    posting.expire_due()
}

fn not_void() -> DecideError {
    let message = "only what was taken from one grant can be given back";
    Refusal::unprocessable("void", Problem::NotAllowed, message).into()
}

fn named(posting: &Posting<'_>, grant: i64) -> Result<Grant, DecideError> {
    Ok(posting.core.grant(grant).cloned().ok_or_else(|| Refusal::not_found("grant"))?)
}

fn row(refers_to: i64, shares: Vec<Allocation>, reason: &str) -> NewEntry {
    let mut row = NewEntry::new(EntryKind::Clawback, shares);
    row.title = Some(reason.to_owned());
    row.refers_to = Some(refers_to);
    row.detail = Some(EntryPayload::Why(reason.to_owned()));
    row
}
