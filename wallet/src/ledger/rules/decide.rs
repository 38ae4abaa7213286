//! The rules of the wallet: a pure function from what is, and what is asked, to what happens.
//!
//! [`decide`] has no I/O, no clock and no randomness: the writer, the model tests and previews ask the same function.
//! It never changes what it is given; a refusal leaves no trace.

use chrono::{DateTime, Utc};

use crate::error::{Problem, Refusal};
use crate::ledger::model::command::{Command, FeeKind};
use crate::ledger::model::decision::{DecideError, Decision};
use crate::ledger::model::entry::EntryKind;
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::grant_limit::Purpose;
use crate::ledger::model::receipt::Receipt;
use crate::ledger::model::request::Request;
use crate::ledger::model::wallet_state::{Hold, PastDebit, Rules, WalletState};
use crate::ledger::rules::burn_order::Takings;
use crate::ledger::rules::checks::{may_spend, price};
use crate::ledger::rules::posting::{NewEntry, OVERFLOW, Posting, minus, plus};
use crate::ledger::rules::{budget_spend, burn_order, grant, hold, void};
use crate::money::Credits;

/// Decides what a command does to its wallet. A transfer is decided by [`decide_transfer`].
pub(crate) fn decide(
    wallet: &WalletState,
    request: &Request,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Result<Decision, DecideError> {
    let mut posting = Posting::new(&wallet.core, request, now);
    match &request.command {
        Command::Grant(new) => grant::grant(&mut posting, new)?,
        Command::Charge { receipt } => {
            let subject = request.subject();
            price(receipt)?;
            may_spend(&posting, rules)?;
            debit(&mut posting, EntryKind::Charge, receipt, receipt.purpose())?;
            budget_spend::spend(&mut posting.core, &subject, receipt.total)?;
        }
        Command::Fee { kind, receipt } => {
            price(receipt)?;
            may_spend(&posting, rules)?;
            let kind = match kind {
                FeeKind::AddOn => EntryKind::AddOn,
                FeeKind::Metered => EntryKind::Metered,
                FeeKind::WebhookFee => EntryKind::WebhookFee,
            };
            debit(&mut posting, kind, receipt, Purpose::Other)?;
        }
        Command::Hold { lines, expires_in } => hold::place(&mut posting, lines, *expires_in, rules)?,
        Command::Capture { hold, amount } => hold::capture(&mut posting, find_hold(wallet, *hold)?, amount, rules)?,
        Command::Release { hold, reason } => hold::release(&mut posting, find_hold(wallet, *hold)?, *reason, rules)?,
        Command::ExpireHold { hold } => hold::expire(&mut posting, find_hold(wallet, *hold)?)?,
        Command::CreditBack { charge, reason } => {
            grant::credit_back(&mut posting, find_debit(wallet, *charge)?, reason, rules)?;
        }
        Command::Clawback { grant, amount, reason } => grant::clawback(&mut posting, *grant, *amount, reason)?,
        Command::Void { grant, amount, reason } => void::void(&mut posting, *grant, *amount, reason)?,
        Command::Restore { void, reason } => void::restore(&mut posting, find_debit(wallet, *void)?, reason)?,
        Command::Adjustment { amount, reason } => grant::adjustment(&mut posting, *amount, reason, rules)?,
        Command::ExpireGrants => posting.expire_due()?,
        // A key that was used before is answered before anything is decided.
        Command::Replay => {}
        Command::Transfer { .. } => return Err(DecideError::Inconsistent("a transfer needs both wallets")),
    }
    posting.finish()
}

/// Decides a transfer between two wallets of one account: two linked rows.
pub(crate) fn decide_transfer(
    from: &WalletState,
    to: &WalletState,
    request: &Request,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Result<(Decision, Decision), DecideError> {
    let Command::Transfer { amount, reason, grant, .. } = &request.command else {
        return Err(DecideError::Inconsistent("not a transfer"));
    };
    if from.core.id == to.core.id || from.core.account != to.core.account {
        let message = "choose another wallet of the same account";
        return Err(Refusal::unprocessable("to", Problem::NotAllowed, message).into());
    }
    // One moment for both rows.
    let now = now.max(from.core.last_at).max(to.core.last_at);
    let mut out = Posting::new(&from.core, request, now);
    may_spend(&out, rules)?;
    let most = match grant {
        Some(grant) => out.left_of(*grant),
        None => out.available_for(Purpose::Other)?,
    };
    if *amount != most {
        rules.in_steps("amount", *amount)?;
    }
    // What has expired in the receiving wallet is written off before the credits arrive.
    let due = to.core.grants.iter().filter(|grant| grant.remaining.is_positive() && grant.is_expired(now)).count();
    let arrives_as = i64::try_from(due)
        .ok()
        .and_then(|due| to.core.seq.checked_add(due)?.checked_add(1))
        .ok_or(DecideError::Inconsistent("the ledger is full"))?;
    let terms = grant::transfer_out(&mut out, to.core.id, arrives_as, (*amount, *grant), reason)?;
    let left_as = out.core.seq;
    let mut arriving = request.clone();
    arriving.key = crate::idempotency::IdempotencyKey::internal(format!("transfer:{}:{left_as}", from.core.id));
    let mut posting = Posting::new(&to.core, &arriving, now);
    grant::transfer_in(&mut posting, from.core.id, left_as, terms, reason)?;
    Ok((out.finish()?, posting.finish()?))
}

/// Posts an immediate debit.
fn debit(
    posting: &mut Posting<'_>,
    kind: EntryKind,
    receipt: &Receipt,
    purpose: Purpose<'_>,
) -> Result<(), DecideError> {
    posting.expire_due()?;
    let shares = posting.enough([(purpose, receipt.total)])?;
    let mut row =
        NewEntry::new(kind, burn_order::debits(&shares).ok_or(DecideError::Inconsistent("a share is too large"))?);
    row.operation = Some(receipt.operation.clone());
    row.title = Some(receipt.name.clone());
    row.category = Some(receipt.category.clone());
    row.quantity = receipt.count;
    row.detail = Some(EntryPayload::receipt(receipt));
    posting.post(row)?;
    Ok(())
}

impl Posting<'_> {
    /// Splits amounts over the grants that may pay for each, or refuses with what is needed and what there is.
    pub(in crate::ledger) fn enough<'p>(
        &self,
        amounts: impl IntoIterator<Item = (Purpose<'p>, Credits)>,
    ) -> Result<Vec<(i64, Credits)>, DecideError> {
        let mut takings = Takings::of(&self.core, self.now);
        let (mut needed, mut missing) = (Credits::ZERO, Credits::ZERO);
        for (purpose, amount) in amounts {
            needed = plus(needed, amount)?;
            missing = plus(missing, takings.take(purpose, amount).ok_or(OVERFLOW)?)?;
        }
        let all = self.available()?;
        // What is owed is paid first: nothing can be spent until then.
        let available = if self.core.debt.is_positive() { all } else { minus(needed, missing)? };
        if needed.is_positive() && needed > available {
            let limited = minus(all, available)?;
            return Err(Refusal::OutOfCredits { needed, available, limited, ceiling: None, auto_top_up: None }.into());
        }
        Ok(takings.shares())
    }

    /// Takes an amount from one grant, or refuses with what it has.
    pub(in crate::ledger) fn enough_of(&self, grant: i64, needed: Credits) -> Result<(i64, Credits), DecideError> {
        let available = self.left_of(grant);
        if needed > available {
            let limited = minus(self.available()?, available)?.max(Credits::ZERO);
            return Err(Refusal::OutOfCredits { needed, available, limited, ceiling: None, auto_top_up: None }.into());
        }
        Ok((grant, needed))
    }
}

fn find_hold(wallet: &WalletState, seq: i64) -> Result<&Hold, DecideError> {
    wallet.holds.get(&seq).ok_or_else(|| Refusal::not_found("hold").into())
}

fn find_debit(wallet: &WalletState, seq: i64) -> Result<&PastDebit, DecideError> {
    if seq > 0 && seq <= wallet.core.archived {
        let message = "This charge is archived and can't be paid back any more; adjust the balance instead.";
        return Err(Refusal::unprocessable("charge", Problem::NotAllowed, message).into());
    }
    wallet.debits.get(&seq).ok_or_else(|| Refusal::not_found("charge").into())
}
