//! Checks that several commands share.

use crate::error::{Problem, Refusal};
use crate::ledger::model::decision::DecideError;
use crate::ledger::model::receipt::Receipt;
use crate::ledger::model::wallet_state::Rules;
use crate::ledger::rules::posting::Posting;
use crate::money::Credits;

/// The most that one command may move and one wallet may hold: 1e12 credits, so that no sum can overflow.
pub const MAX_AMOUNT: Credits = Credits::from_micros(1_000_000_000_000_000_000);

/// Refuses to spend from a wallet that is frozen, or whose owner has not been seen for too long.
pub(in crate::ledger) fn may_spend(posting: &Posting<'_>, rules: &Rules) -> Result<(), DecideError> {
    if let Some(why) = &posting.core.frozen {
        return Err(Refusal::Forbidden { why: format!("the wallet is frozen: {why}") }.into());
    }
    if rules.waits(posting.core.active_at, posting.now) {
        return Err(Refusal::WalletInactive.into());
    }
    Ok(())
}

/// Refuses a price that would put credits in, or is out of bounds.
pub(in crate::ledger) fn price(receipt: &Receipt) -> Result<(), DecideError> {
    not_below_zero("total", receipt.total)?;
    if receipt.count < 0 {
        return Err(Refusal::unprocessable("count", Problem::TooSmall, "not below zero").into());
    }
    Ok(())
}

/// Refuses an amount that is zero, negative or out of bounds.
pub(in crate::ledger) fn above_zero(field: &str, amount: Credits) -> Result<(), DecideError> {
    if !amount.is_positive() {
        return Err(Refusal::unprocessable(field, Problem::TooSmall, "more than 0").into());
    }
    not_below_zero(field, amount)
}

/// Refuses an amount that is negative or out of bounds.
pub(in crate::ledger) fn not_below_zero(field: &str, amount: Credits) -> Result<(), DecideError> {
    if amount.is_negative() {
        return Err(Refusal::unprocessable(field, Problem::TooSmall, "not below 0").into());
    }
    if amount > MAX_AMOUNT {
        return Err(Refusal::unprocessable(field, Problem::TooLarge, format!("at most {MAX_AMOUNT}")).into());
    }
    Ok(())
}
