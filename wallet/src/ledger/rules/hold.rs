//! Credits set aside for a job: placed, then captured, released or expired, and finished once.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Problem, Refusal};
use crate::id::WalletId;
use crate::ledger::model::command::{CaptureAmount, ReleaseReason};
use crate::ledger::model::decision::DecideError;
use crate::ledger::model::entry::{EntryKind, HoldLine, HoldState, HoldView};
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::receipt::Receipt;
use crate::ledger::model::wallet_state::{Allocation, Core, CustomerFailure, Hold, Rules};
use crate::ledger::rules::burn_order::Takings;
use crate::ledger::rules::posting::{NewEntry, Posting, minus, negated, plus, sum};
use crate::ledger::rules::{authority, budget_spend, burn_order, checks};
use crate::money::Credits;

/// How long a hold lasts where nothing is said, in seconds.
pub(crate) const DEFAULT_LIFETIME: u32 = 24 * 60 * 60;
/// How long a hold may last, in seconds.
pub(crate) const MAX_LIFETIME: u32 = 7 * 24 * 60 * 60;
/// How many lines a hold may have.
pub const MAX_LINES: usize = 64;

impl Hold {
    /// Shows it as it is at a moment: one whose time is over has expired, swept or not.
    #[must_use]
    pub fn view(&self, wallet: WalletId, at: DateTime<Utc>) -> HoldView {
        let timed_out = self.state == HoldState::Open && self.expires_at <= at;
        HoldView {
            wallet,
            seq: self.seq,
            state: if timed_out { HoldState::Expired } else { self.state },
            amount: self.amount,
            captured: self.captured,
            lines: self.lines.as_ref().clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            finished_by: self.finished_by,
        }
    }
}

/// Sets credits aside.
pub(in crate::ledger) fn place(
    posting: &mut Posting<'_>,
    lines: &[Receipt],
    expires_in: Option<u32>,
    rules: &Rules,
) -> Result<(), DecideError> {
    let lifetime = expires_in.unwrap_or(DEFAULT_LIFETIME);
    if lifetime == 0 || lifetime > MAX_LIFETIME {
        let message = format!("from 1 to {MAX_LIFETIME} seconds");
        return Err(Refusal::unprocessable("expires_in", Problem::TooLarge, message).into());
    }
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(Refusal::unprocessable("lines", Problem::TooMany, format!("from 1 to {MAX_LINES} lines")).into());
    }
    for line in lines {
        checks::price(line)?;
    }
    let total = Credits::checked_sum(lines.iter().map(|line| line.total)).filter(|total| *total <= checks::MAX_AMOUNT);
    let too_much =
        || Refusal::unprocessable("lines", Problem::TooLarge, format!("at most {} together", checks::MAX_AMOUNT));
    let total = total.ok_or_else(too_much)?;
    checks::may_spend(posting, rules)?;
    posting.expire_due()?;
    let shares = posting.enough(lines.iter().map(|line| (line.purpose(), line.total)))?;
    let subject = posting.request.subject();
    budget_spend::spend(&mut posting.core, &subject, total)?;
    let share = |(grant, share): &(i64, Credits)| Allocation { grant: *grant, amount: Credits::ZERO, held: *share };
    let mut row = NewEntry::new(EntryKind::Hold, shares.iter().map(share).collect());
    let lines: Vec<HoldLine> =
        lines.iter().map(|receipt| HoldLine { receipt: receipt.clone(), captured: Credits::ZERO }).collect();
    name(&mut row, &lines);
    row.detail = Some(EntryPayload::lines(&lines));
    let expires_at = posting.now.checked_add_signed(TimeDelta::seconds(i64::from(lifetime)));
    let expires_at = expires_at.ok_or(DecideError::Inconsistent("the clock is at its end"))?;
    if rules.swept_until.is_some_and(|swept| expires_at <= swept) {
        return Err(Refusal::Unavailable.into());
    }
    row.expires_at = Some(expires_at);
    let seq = posting.post(row)?;
    posting.holds.push(Hold {
        seq,
        amount: total,
        captured: Credits::ZERO,
        state: HoldState::Open,
        created_at: posting.now,
        expires_at,
        lines: Arc::new(lines),
        allocations: shares,
        subject,
        made_by: Some(posting.request.actor.side()),
        metadata: Arc::new(posting.request.metadata.clone()),
        finished_by: None,
    });
    Ok(())
}

/// Takes what was set aside, all or part; the rest goes back to the same grants.
pub(in crate::ledger) fn capture(
    posting: &mut Posting<'_>,
    hold: &Hold,
    amount: &CaptureAmount,
    rules: &Rules,
) -> Result<(), DecideError> {
    authority::finishes(&posting.request.actor, hold)?;
    may_finish(posting, hold)?;
    let taken = split(hold, amount, rules)?;
    let total = sum(taken.iter().copied())?;
    let lines: Vec<HoldLine> = hold
        .lines
        .iter()
        .zip(&taken)
        .map(|(line, captured)| HoldLine { receipt: line.receipt.clone(), captured: *captured })
        .collect();
    let mut row = NewEntry::new(EntryKind::Capture, give_back(posting, hold, &lines)?);
    name(&mut row, &lines);
    row.detail = Some(EntryPayload::lines(&lines));
    finish(posting, hold, row, HoldState::Captured, total, Some(lines))
}

/// Gives back what was set aside. Where the catalog says that a job which failed for the customer's reasons is charged
/// once, it is taken instead.
pub(in crate::ledger) fn release(
    posting: &mut Posting<'_>,
    hold: &Hold,
    reason: ReleaseReason,
    rules: &Rules,
) -> Result<(), DecideError> {
    authority::releases(&posting.request.actor, hold, reason, rules)?;
    may_finish(posting, hold)?;
    if (reason, rules.customer_failure) == (ReleaseReason::CustomerFailure, CustomerFailure::ChargedOnce) {
        return capture(posting, hold, &CaptureAmount::All, rules);
    }
    let mut row = NewEntry::new(EntryKind::Release, give_back(posting, hold, &[])?);
    name(&mut row, &hold.lines);
    let reason = match reason {
        ReleaseReason::PlatformFailure => "platform_failure",
        ReleaseReason::CustomerFailure => "customer_failure",
        ReleaseReason::Cancelled => "cancelled",
    };
    row.detail = Some(EntryPayload::Why(reason.to_owned()));
    finish(posting, hold, row, HoldState::Released, Credits::ZERO, None)
}

/// Ends a hold whose time is over.
pub(in crate::ledger) fn expire(posting: &mut Posting<'_>, hold: &Hold) -> Result<(), DecideError> {
    is_open(hold)?;
    if posting.now < hold.expires_at {
        return Err(Refusal::unprocessable("hold", Problem::TooSoon, "its time is not over").into());
    }
    let mut row = NewEntry::new(EntryKind::HoldExpired, give_back(posting, hold, &[])?);
    name(&mut row, &hold.lines);
    finish(posting, hold, row, HoldState::Expired, Credits::ZERO, None)
}

/// Names the row after the lines.
fn name(row: &mut NewEntry, lines: &[HoldLine]) {
    let Some(first) = lines.first().map(|line| &line.receipt) else { return };
    let names: Vec<&str> = lines.iter().map(|line| line.receipt.name.as_str()).collect();
    row.operation = Some(first.operation.clone());
    row.title = Some(names.join(" + "));
    row.category = Some(first.category.clone());
    row.quantity = if lines.len() == 1 { first.count } else { 1 };
}

/// Refuses to finish what is finished.
fn is_open(hold: &Hold) -> Result<(), DecideError> {
    match hold.state {
        HoldState::Open => Ok(()),
        HoldState::Captured => Err(Refusal::HoldCaptured.into()),
        HoldState::Released => Err(Refusal::HoldReleased.into()),
        HoldState::Expired => Err(Refusal::HoldExpired.into()),
    }
}

/// Refuses to finish what is finished, or whose time is over, swept or not.
fn may_finish(posting: &Posting<'_>, hold: &Hold) -> Result<(), DecideError> {
    is_open(hold)?;
    if posting.now >= hold.expires_at { Err(Refusal::HoldExpired.into()) } else { Ok(()) }
}

/// Tells how much is taken of each line. What was set aside may be taken whole, whatever the unit's step is by now.
fn split(hold: &Hold, amount: &CaptureAmount, rules: &Rules) -> Result<Vec<Credits>, DecideError> {
    let totals = hold.lines.iter().map(|line| line.receipt.total);
    let too_much = || Refusal::unprocessable("amount", Problem::TooLarge, "more than was set aside");
    match amount {
        CaptureAmount::All => Ok(totals.collect()),
        CaptureAmount::Total(total) => {
            checks::not_below_zero("amount", *total)?;
            if *total != hold.amount {
                rules.in_steps("amount", *total)?;
            }
            let mut left = *total;
            let mut taken = Vec::with_capacity(hold.lines.len());
            for line in totals {
                let share = line.min(left);
                left = minus(left, share)?;
                taken.push(share);
            }
            if left.is_positive() { Err(too_much().into()) } else { Ok(taken) }
        }
        CaptureAmount::Lines(lines) => {
            if lines.len() != hold.lines.len() {
                let message = format!("give an amount for each of the {} lines", hold.lines.len());
                return Err(Refusal::unprocessable("lines", Problem::Malformed, message).into());
            }
            for (place, (taken, total)) in lines.iter().zip(totals).enumerate() {
                checks::not_below_zero("lines", *taken)?;
                if *taken > total {
                    return Err(too_much().into());
                }
                if *taken != total {
                    rules.in_steps(&format!("lines.{place}"), *taken)?;
                }
            }
            Ok(lines.clone())
        }
    }
}

/// Tells from which of the grants that are set aside so much of each line is taken, in their order.
pub(in crate::ledger) fn taken(
    core: &Core,
    pinned: &[(i64, Credits)],
    lines: &[HoldLine],
) -> Result<Vec<(i64, Credits)>, DecideError> {
    let mut takings = Takings::pinned(core, pinned).ok_or(DecideError::Inconsistent("a grant is missing"))?;
    for line in lines {
        if takings.take(line.receipt.purpose(), line.captured) != Some(Credits::ZERO) {
            return Err(DecideError::Inconsistent("a hold has fewer allocations than credits"));
        }
    }
    Ok(takings.shares())
}

/// Makes the shares of a finish: what is taken of the lines leaves their grants, the rest goes back to them.
fn give_back(posting: &Posting<'_>, hold: &Hold, lines: &[HoldLine]) -> Result<Vec<Allocation>, DecideError> {
    let taken = taken(&posting.core, &hold.allocations, lines)?;
    let mut repaid = Credits::ZERO;
    let mut allocations = Vec::with_capacity(hold.allocations.len());
    for (grant, pinned) in &hold.allocations {
        let share = taken.iter().find(|(id, _)| id == grant).map_or(Credits::ZERO, |(_, share)| *share);
        let back = minus(*pinned, share)?;
        let debt = minus(posting.debt_for(*grant), repaid)?.max(Credits::ZERO);
        let (repays, _) = burn_order::repay(debt, back).ok_or(DecideError::Inconsistent("the debt is too large"))?;
        repaid = plus(repaid, repays)?;
        let gone = plus(share, repays)?;
        allocations.push(Allocation { grant: *grant, amount: negated(gone)?, held: negated(*pinned)? });
    }
    if repaid.is_positive() {
        allocations.push(burn_order::repayment(repaid));
    }
    Ok(allocations)
}

/// Posts the finishing row; what went back into a grant whose time is over ends at once.
fn finish(
    posting: &mut Posting<'_>,
    hold: &Hold,
    mut row: NewEntry,
    state: HoldState,
    captured: Credits,
    lines: Option<Vec<HoldLine>>,
) -> Result<(), DecideError> {
    row.refers_to = Some(hold.seq);
    row.follows = Some(Arc::clone(&hold.metadata));
    let unspent = minus(hold.amount, captured)?;
    budget_spend::unspend(&mut posting.core, &hold.subject, unspent, hold.created_at)?;
    let seq = posting.post(row)?;
    let mut hold = hold.clone();
    hold.state = state;
    hold.captured = captured;
    hold.finished_by = Some(seq);
    if let Some(lines) = lines {
        hold.lines = Arc::new(lines);
    }
    posting.holds.push(hold);
    posting.expire_due()
}
