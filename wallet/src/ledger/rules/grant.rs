//! Credits that come in, end, are taken back or move: grants, expiry, credit-back, clawback, adjustments, transfers.

use std::sync::Arc;

use crate::error::{Problem, Refusal};
use crate::id::WalletId;
use crate::ledger::model::command::NewGrant;
use crate::ledger::model::decision::DecideError;
use crate::ledger::model::entry::{EntryKind, GrantSource};
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::grant_limit::Purpose;
use crate::ledger::model::wallet_state::{Allocation, Core, DEBT, Grant, GrantTerms, PastDebit, Rules};
use crate::ledger::rules::burn_order::Takings;
use crate::ledger::rules::checks::{self, MAX_AMOUNT};
use crate::ledger::rules::posting::{NewEntry, OVERFLOW, Posting, minus, negated, plus, sum};
use crate::ledger::rules::{authority, budget_spend, burn_order, hold};
use crate::money::Credits;

/// The longest text that people may give for a label or a reason.
const MAX_TEXT: usize = 500;

/// Puts credits in.
pub(in crate::ledger) fn grant(posting: &mut Posting<'_>, new: &NewGrant) -> Result<(), DecideError> {
    checks::above_zero("amount", new.amount)?;
    text("label", &new.label)?;
    let effective_at = new.effective_at.unwrap_or(posting.now);
    if effective_at > posting.now {
        let message = "a grant is posted when it takes effect, not before";
        return Err(Refusal::unprocessable("effective_at", Problem::NotAllowed, message).into());
    }
    if new.expires_at.is_some_and(|at| at <= posting.now) {
        return Err(
            Refusal::unprocessable("expires_at", Problem::Expired, "give a moment that is still to come").into()
        );
    }
    let terms = GrantTerms {
        seq: 0,
        source: new.source,
        label: new.label.clone(),
        granted: new.amount,
        priority: new.priority,
        effective_at,
        expires_at: new.expires_at,
        cost: new.cost,
        reference: new.reference.clone(),
        limit: new.limit.clone(),
    };
    if matches!(new.source, GrantSource::TopUp | GrantSource::Allowance | GrantSource::OneTime) {
        posting.core.last_refill = Some(new.amount);
    }
    let mut row = NewEntry::new(EntryKind::Grant, Vec::new());
    row.title = Some(new.label.clone());
    row.category = Some(new.source.as_str().to_owned());
    receive(posting, vec![terms], row)
}

/// Adds grants with one row; the debt is repaid first.
fn receive(posting: &mut Posting<'_>, terms: Vec<GrantTerms>, mut row: NewEntry) -> Result<(), DecideError> {
    posting.expire_due()?;
    let total = sum(terms.iter().map(|terms| terms.granted))?;
    if plus(posting.core.settled, total)? > MAX_AMOUNT {
        return Err(Refusal::unprocessable("amount", Problem::TooLarge, "a wallet can't hold so much").into());
    }
    let seq = posting.core.seq.checked_add(1).ok_or(DecideError::Inconsistent("the ledger is full"))?;
    let mut debt = posting.core.debt;
    let mut repaid = Credits::ZERO;
    let mut added = Vec::with_capacity(terms.len());
    for mut terms in terms {
        terms.seq = seq;
        let id = posting.core.grants_made.checked_add(1).ok_or(DecideError::Inconsistent("too many grants"))?;
        posting.core.grants_made = id;
        let (repays, rest) =
            burn_order::repay(debt, terms.granted).ok_or(DecideError::Inconsistent("the debt is too large"))?;
        debt = minus(debt, repays)?;
        repaid = plus(repaid, repays)?;
        let terms = Arc::new(terms);
        added.push((id, Arc::clone(&terms)));
        let zero = Credits::ZERO;
        posting.core.grants.push(Grant { id, remaining: zero, held: zero, clawed: zero, terms });
        if rest.is_positive() {
            row.allocations.push(Allocation { grant: id, amount: rest, held: Credits::ZERO });
        }
    }
    posting.core.grants.sort_by_key(Grant::burn_key);
    if repaid.is_positive() {
        row.allocations.push(burn_order::repayment(repaid));
    }
    row.detail = Some(EntryPayload::grants(added.iter().map(|(id, terms)| (*id, terms.as_ref()))));
    posting.post(row)?;
    Ok(())
}

impl Posting<'_> {
    /// Writes off what has expired and is not set aside.
    pub(in crate::ledger) fn expire_due(&mut self) -> Result<(), DecideError> {
        let now = self.now;
        let due = |grant: &&Grant| grant.remaining.is_positive() && grant.is_expired(now);
        let due: Vec<Grant> = self.core.grants.iter().filter(due).cloned().collect();
        for grant in due {
            let gone = Allocation { grant: grant.id, amount: negated(grant.remaining)?, held: Credits::ZERO };
            let mut row = NewEntry::new(EntryKind::GrantExpired, vec![gone]);
            row.title = Some(grant.terms.label.clone());
            row.category = Some(grant.terms.source.as_str().to_owned());
            row.refers_to = Some(grant.terms.seq);
            self.post_consequence(row, "grant_expired")?;
        }
        Ok(())
    }
}

/// Pays back a failed operation: the credits return to the grants that they came from, once.
pub(in crate::ledger) fn credit_back(
    posting: &mut Posting<'_>,
    debit: &PastDebit,
    reason: &str,
    rules: &Rules,
) -> Result<(), DecideError> {
    text("reason", reason)?;
    authority::pays_back(&posting.request.actor, &debit.entry.actor, rules)?;
    let spending = matches!(
        debit.entry.kind,
        EntryKind::Charge | EntryKind::Capture | EntryKind::AddOn | EntryKind::Metered | EntryKind::WebhookFee
    );
    if !spending {
        let message = "only a charge or a capture can be paid back";
        return Err(Refusal::unprocessable("charge", Problem::NotAllowed, message).into());
    }
    if debit.credited_by.is_some() {
        return Err(Refusal::unprocessable("charge", Problem::Taken, "this was paid back before").into());
    }
    posting.expire_due()?;
    let mut allocations = Vec::new();
    let mut repaid = Credits::ZERO;
    for (grant, back) in spent(&posting.core, debit)? {
        let debt = minus(posting.debt_for(grant), repaid)?.max(Credits::ZERO);
        let (repays, rest) = burn_order::repay(debt, back).ok_or(DecideError::Inconsistent("the debt is too large"))?;
        repaid = plus(repaid, repays)?;
        if rest.is_positive() {
            allocations.push(Allocation { grant, amount: rest, held: Credits::ZERO });
        }
    }
    if repaid.is_positive() {
        allocations.push(burn_order::repayment(repaid));
    }
    let mut row = NewEntry::new(EntryKind::CreditBack, allocations);
    row.operation = debit.entry.operation.clone();
    row.title = debit.entry.title.clone();
    row.category = debit.entry.category.clone();
    row.quantity = debit.entry.quantity;
    row.refers_to = Some(debit.entry.seq);
    row.follows = Some(Arc::new(debit.entry.metadata.clone()));
    row.detail = Some(EntryPayload::Why(reason.to_owned()));
    let back = negated(debit.entry.amount)?;
    // Budgets count charges and holds, and no fees.
    if matches!(debit.entry.kind, EntryKind::Charge | EntryKind::Capture) {
        let (subject, counted_at) = &debit.counted;
        budget_spend::unspend(&mut posting.core, subject, back, *counted_at)?;
    }
    let seq = posting.post(row)?;
    posting.credited = Some((debit.entry.seq, seq));
    // What went back into a grant whose time is over ends at once.
    posting.expire_due()
}

/// Tells from which grants a debit's credits came. A capture took from its allocations, for each line what may pay for it, in
/// their order; what else left a grant then was given back and repaid a debt, and is no part of what was spent.
fn spent(core: &Core, debit: &PastDebit) -> Result<Vec<(i64, Credits)>, DecideError> {
    if !debit.lines.is_empty() {
        let pinned = debit.allocations.iter().filter(|share| share.grant != DEBT);
        let pinned = pinned.map(|share| negated(share.held).map(|held| (share.grant, held)));
        let pinned: Vec<_> = pinned.collect::<Result<_, DecideError>>()?;
        return hold::taken(core, &pinned, &debit.lines);
    }
    let mut left = negated(debit.entry.amount)?;
    let mut parts = Vec::with_capacity(debit.allocations.len());
    for share in debit.allocations.iter().filter(|share| share.grant != DEBT) {
        let most = if debit.entry.kind == EntryKind::Capture { share.held } else { share.amount };
        let part = negated(most)?.min(left).max(Credits::ZERO);
        left = minus(left, part)?;
        if part.is_positive() {
            parts.push((share.grant, part));
        }
    }
    if left.is_positive() { Err(DecideError::Inconsistent("a debit has fewer shares than credits")) } else { Ok(parts) }
}

/// Takes credits back with their money: from the grant that it bought, then in burn order, then as debt.
pub(in crate::ledger) fn clawback(
    posting: &mut Posting<'_>,
    grant: Option<i64>,
    amount: Credits,
    reason: &str,
) -> Result<(), DecideError> {
    checks::above_zero("amount", amount)?;
    text("reason", reason)?;
    posting.expire_due()?;
    let mut shares: Vec<(i64, Credits)> = Vec::new();
    let mut missing = amount;
    let mut refers_to = None;
    if let Some(id) = grant {
        let found = posting.core.grant(id).cloned().ok_or_else(|| Refusal::not_found("grant"))?;
        let clawed = plus(found.clawed, amount)?;
        if clawed > found.terms.granted {
            let message = "more than the grant brought can't be taken back";
            return Err(Refusal::unprocessable("amount", Problem::TooLarge, message).into());
        }
        posting.grant_mut(id)?.clawed = clawed;
        refers_to = Some(found.terms.seq);
        let share = found.remaining.min(missing);
        if share.is_positive() {
            shares.push((id, share));
            missing = minus(missing, share)?;
        }
    }
    let others = others(posting, grant, missing)?;
    missing = minus(missing, sum(others.iter().map(|(_, share)| *share))?)?;
    shares.extend(others);
    let mut allocations = burn_order::debits(&shares).ok_or(DecideError::Inconsistent("a share is too large"))?;
    if missing.is_positive() {
        allocations.push(Allocation { grant: DEBT, amount: negated(missing)?, held: Credits::ZERO });
    }
    let mut row = NewEntry::new(EntryKind::Clawback, allocations);
    row.title = Some(reason.to_owned());
    row.refers_to = refers_to;
    row.detail = Some(EntryPayload::Why(reason.to_owned()));
    posting.post(row)?;
    Ok(())
}

/// Splits what the named grant does not have over the other grants.
fn others(posting: &Posting<'_>, named: Option<i64>, missing: Credits) -> Result<Vec<(i64, Credits)>, DecideError> {
    let mut rest = posting.core.clone();
    rest.grants.retain(|grant| Some(grant.id) != named);
    let mut takings = Takings::of(&rest, posting.now);
    takings.take_anything(missing).ok_or(OVERFLOW)?;
    Ok(takings.shares())
}

/// Mends a mistake: above zero it puts in, below zero it takes out. A rest that is smaller than the unit's step may be
/// taken out with the last of it.
pub(in crate::ledger) fn adjustment(
    posting: &mut Posting<'_>,
    amount: Credits,
    reason: &str,
    rules: &Rules,
) -> Result<(), DecideError> {
    text("reason", reason)?;
    if negated(amount)? != posting.available_for(Purpose::Other)? {
        rules.in_steps("amount", amount)?;
    }
    let mut row = NewEntry::new(EntryKind::Adjustment, Vec::new());
    row.title = Some(reason.to_owned());
    if amount.is_positive() {
        checks::above_zero("amount", amount)?;
        row.category = Some(GrantSource::Adjustment.as_str().to_owned());
        let new = NewGrant::new(amount, GrantSource::Adjustment, reason);
        let terms = GrantTerms {
            seq: 0,
            source: new.source,
            label: new.label,
            granted: amount,
            priority: new.priority,
            effective_at: posting.now,
            expires_at: None,
            cost: None,
            reference: None,
            limit: None,
        };
        return receive(posting, vec![terms], row);
    }
    let needed = negated(amount)?;
    checks::above_zero("amount", needed)?;
    posting.expire_due()?;
    let shares = posting.enough([(Purpose::Other, needed)])?;
    row.allocations = burn_order::debits(&shares).ok_or(DecideError::Inconsistent("a share is too large"))?;
    row.detail = Some(EntryPayload::Why(reason.to_owned()));
    posting.post(row)?;
    Ok(())
}

/// Takes credits out for another wallet; gives the terms under which they arrive there.
pub(in crate::ledger) fn transfer_out(
    posting: &mut Posting<'_>,
    to: WalletId,
    arrives_as: i64,
    (amount, grant): (Credits, Option<i64>),
    reason: &str,
) -> Result<Vec<GrantTerms>, DecideError> {
    checks::above_zero("amount", amount)?;
    text("reason", reason)?;
    posting.expire_due()?;
    let shares = match grant {
        Some(grant) => vec![posting.enough_of(grant, amount)?],
        None => posting.enough([(Purpose::Other, amount)])?,
    };
    let mut terms = Vec::with_capacity(shares.len());
    for (id, share) in &shares {
        let from = posting.core.grant(*id).ok_or(DecideError::Inconsistent("a grant is missing"))?;
        let mut kept = from.terms.as_ref().clone();
        kept.granted = *share;
        kept.source = GrantSource::Transfer;
        kept.cost = None;
        kept.reference = Some(format!("transfer:{}:{id}", posting.core.id));
        terms.push(kept);
    }
    let mut row = NewEntry::new(
        EntryKind::TransferOut,
        burn_order::debits(&shares).ok_or(DecideError::Inconsistent("a share is too large"))?,
    );
    row.title = Some(reason.to_owned());
    row.counterpart = Some(to);
    row.refers_to = Some(arrives_as);
    posting.post(row)?;
    Ok(terms)
}

/// Puts transferred credits in, under the terms that they had.
pub(in crate::ledger) fn transfer_in(
    posting: &mut Posting<'_>,
    from: WalletId,
    left_as: i64,
    terms: Vec<GrantTerms>,
    reason: &str,
) -> Result<(), DecideError> {
    let mut row = NewEntry::new(EntryKind::TransferIn, Vec::new());
    row.title = Some(reason.to_owned());
    row.category = Some(GrantSource::Transfer.as_str().to_owned());
    row.counterpart = Some(from);
    row.refers_to = Some(left_as);
    receive(posting, terms, row)
}

/// Refuses a text that is missing or too long.
pub(in crate::ledger) fn text(field: &str, text: &str) -> Result<(), DecideError> {
    if text.trim().is_empty() {
        return Err(Refusal::invalid(field, Problem::Required, "say it in a few words").into());
    }
    if text.chars().count() > MAX_TEXT {
        return Err(Refusal::invalid(field, Problem::TooLong, format!("at most {MAX_TEXT} characters")).into());
    }
    Ok(())
}
