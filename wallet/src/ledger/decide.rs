//! The rules of the wallet: a pure function from what is, and what is asked, to what happens.
//!
//! [`decide`] has no I/O, no clock and no randomness: the writer, the model tests and previews ask the same function.
//! It never changes what it is given; a refusal leaves no trace.

use chrono::{DateTime, Utc};

use super::budget;
use super::burn;
use super::command::{Command, FeeKind};
use super::detail::Detail;
use super::draft::{Draft, Row};
use super::entry::EntryKind;
use super::grant;
use super::hold;
use super::receipt::Receipt;
use super::state::{Decision, Hold, PastDebit, Request, Rules, Stop, WalletState};
use crate::error::{Problem, Refusal};
use crate::money::Credits;

/// The most that one command may move and one wallet may hold: 1e12 credits, so that no sum can overflow.
pub const MAX_AMOUNT: Credits = Credits::from_micros(1_000_000_000_000_000_000);

/// Decides what a command does to its wallet. A transfer is decided by [`decide_transfer`].
pub fn decide(wallet: &WalletState, request: &Request, now: DateTime<Utc>, rules: &Rules) -> Result<Decision, Stop> {
    let mut draft = Draft::new(&wallet.core, request, now);
    match &request.command {
        Command::Grant(new) => grant::grant(&mut draft, new)?,
        Command::Charge { receipt } => {
            let subject = request.subject();
            price(receipt)?;
            may_spend(&draft, rules)?;
            debit(&mut draft, EntryKind::Charge, receipt)?;
            budget::spend(&mut draft.core, &subject, receipt.total)?;
        }
        Command::Fee { kind, receipt } => {
            price(receipt)?;
            may_spend(&draft, rules)?;
            let kind = match kind {
                FeeKind::AddOn => EntryKind::AddOn,
                FeeKind::Metered => EntryKind::Metered,
                FeeKind::WebhookFee => EntryKind::WebhookFee,
            };
            debit(&mut draft, kind, receipt)?;
        }
        Command::Hold { lines, expires_in } => hold::place(&mut draft, lines, *expires_in, rules)?,
        Command::Capture { hold, amount } => hold::capture(&mut draft, find_hold(wallet, *hold)?, amount, rules)?,
        Command::Release { hold, reason } => hold::release(&mut draft, find_hold(wallet, *hold)?, *reason, rules)?,
        Command::ExpireHold { hold } => hold::expire(&mut draft, find_hold(wallet, *hold)?)?,
        Command::CreditBack { charge, reason } => {
            grant::credit_back(&mut draft, find_debit(wallet, *charge)?, reason, rules)?;
        }
        Command::Clawback { grant, amount, reason } => grant::clawback(&mut draft, *grant, *amount, reason)?,
        Command::Adjustment { amount, reason } => grant::adjustment(&mut draft, *amount, reason, rules)?,
        Command::ExpireGrants => draft.expire_due()?,
        // A key that was used before is answered before anything is decided.
        Command::Replay => {}
        Command::Transfer { .. } => return Err(Stop::Broken("a transfer needs both wallets")),
    }
    draft.finish()
}

/// Decides a transfer between two wallets of one account: two linked rows.
pub fn decide_transfer(
    from: &WalletState,
    to: &WalletState,
    request: &Request,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Result<(Decision, Decision), Stop> {
    let Command::Transfer { amount, reason, .. } = &request.command else {
        return Err(Stop::Broken("not a transfer"));
    };
    if from.core.id == to.core.id || from.core.account != to.core.account {
        let message = "choose another wallet of the same account";
        return Err(Refusal::unprocessable("to", Problem::NotAllowed, message).into());
    }
    // One moment for both rows.
    let now = now.max(from.core.last_at).max(to.core.last_at);
    let mut out = Draft::new(&from.core, request, now);
    may_spend(&out, rules)?;
    if *amount != out.available()? {
        rules.in_steps("amount", *amount)?;
    }
    // What has expired in the receiving wallet is written off before the credits arrive.
    let due = to.core.grants.iter().filter(|grant| grant.remaining.is_positive() && grant.is_expired(now)).count();
    let arrives_as = i64::try_from(due)
        .ok()
        .and_then(|due| to.core.seq.checked_add(due)?.checked_add(1))
        .ok_or(Stop::Broken("the ledger is full"))?;
    let terms = grant::transfer_out(&mut out, to.core.id, arrives_as, *amount, reason)?;
    let left_as = out.core.seq;
    let mut arriving = request.clone();
    arriving.key = crate::idempotency::IdempotencyKey::internal(format!("transfer:{}:{left_as}", from.core.id));
    let mut draft = Draft::new(&to.core, &arriving, now);
    grant::transfer_in(&mut draft, from.core.id, left_as, terms, reason)?;
    Ok((out.finish()?, draft.finish()?))
}

/// Posts an immediate debit.
fn debit(draft: &mut Draft<'_>, kind: EntryKind, receipt: &Receipt) -> Result<(), Stop> {
    draft.expire_due()?;
    let shares = draft.enough(receipt.total)?;
    let mut row = Row::new(kind, burn::debits(&shares).ok_or(Stop::Broken("a share is too large"))?);
    row.operation = Some(receipt.operation.clone());
    row.title = Some(receipt.name.clone());
    row.category = Some(receipt.category.clone());
    row.quantity = receipt.count;
    row.detail = Some(Detail::receipt(receipt));
    draft.post(row)?;
    Ok(())
}

impl Draft<'_> {
    /// Splits an amount over the grants, or refuses with what is needed and what there is.
    pub(super) fn enough(&self, needed: Credits) -> Result<Vec<(i64, Credits)>, Stop> {
        let available = self.available()?;
        if needed.is_positive() && needed > available {
            return Err(Refusal::OutOfCredits { needed, available, ceiling: None }.into());
        }
        burn::take(&self.core, needed, self.now).ok_or(Stop::Broken("the grants are less than the balance"))
    }
}

/// Refuses to spend from a wallet that is frozen, or whose owner has not been seen for too long.
pub(super) fn may_spend(draft: &Draft<'_>, rules: &Rules) -> Result<(), Stop> {
    if let Some(why) = &draft.core.frozen {
        return Err(Refusal::Forbidden { why: format!("the wallet is frozen: {why}") }.into());
    }
    if rules.waits(draft.core.active_at, draft.now) {
        return Err(Refusal::WalletInactive.into());
    }
    Ok(())
}

/// Refuses a price that would put credits in, or is out of bounds.
pub(super) fn price(receipt: &Receipt) -> Result<(), Stop> {
    not_below_zero("total", receipt.total)?;
    if receipt.count < 0 {
        return Err(Refusal::unprocessable("count", Problem::TooSmall, "not below zero").into());
    }
    Ok(())
}

/// Refuses an amount that is zero, negative or out of bounds.
pub(super) fn above_zero(field: &str, amount: Credits) -> Result<(), Stop> {
    if !amount.is_positive() {
        return Err(Refusal::unprocessable(field, Problem::TooSmall, "more than 0").into());
    }
    not_below_zero(field, amount)
}

/// Refuses an amount that is negative or out of bounds.
pub(super) fn not_below_zero(field: &str, amount: Credits) -> Result<(), Stop> {
    if amount.is_negative() {
        return Err(Refusal::unprocessable(field, Problem::TooSmall, "not below 0").into());
    }
    if amount > MAX_AMOUNT {
        return Err(Refusal::unprocessable(field, Problem::TooLarge, format!("at most {MAX_AMOUNT}")).into());
    }
    Ok(())
}

fn find_hold(wallet: &WalletState, seq: i64) -> Result<&Hold, Stop> {
    wallet.holds.get(&seq).ok_or_else(|| Refusal::not_found("hold").into())
}

fn find_debit(wallet: &WalletState, seq: i64) -> Result<&PastDebit, Stop> {
    if seq > 0 && seq <= wallet.core.archived {
        let message = "This charge is archived and can't be paid back any more; adjust the balance instead.";
        return Err(Refusal::unprocessable("charge", Problem::NotAllowed, message).into());
    }
    wallet.debits.get(&seq).ok_or_else(|| Refusal::not_found("charge").into())
}
