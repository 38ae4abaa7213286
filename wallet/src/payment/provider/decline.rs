//! Why a payment was declined: codes that all providers' own reasons are mapped to, and what follows from each.

pub use crate::plan::due::AfterDecline;

/// The bank said no and gave no reason.
pub const CARD_DECLINED: &str = "card_declined";
/// There is too little money on the card or in the wallet.
pub const INSUFFICIENT_FUNDS: &str = "insufficient_funds";
/// The card's time is over.
pub const CARD_EXPIRED: &str = "card_expired";
/// The card was lost, stolen or closed.
pub const CARD_LOST: &str = "card_lost";
/// A number, date or code was typed wrong.
pub const CARD_WRONG: &str = "card_wrong";
/// The bank asks for the owner: 3-D Secure without them.
pub const AUTHENTICATION_REQUIRED: &str = "authentication_required";
/// The owner was asked (3-D Secure) and did not pass.
pub const AUTHENTICATION_FAILED: &str = "authentication_failed";
/// The owner has taken back the right to charge the saved method.
pub const PERMISSION_REVOKED: &str = "permission_revoked";
/// The provider does not have the saved method any more.
pub const METHOD_GONE: &str = "method_gone";
/// The provider does not have the account's customer any more, and with it none of its saved methods.
pub const CUSTOMER_GONE: &str = "customer_gone";
/// The provider that has the saved method is not set up any more.
pub const PROVIDER_OFF: &str = "provider_off";
/// A limit of the card, the wallet or the shop was reached.
pub const LIMIT_REACHED: &str = "limit_reached";
/// The provider takes it for fraud.
pub const FRAUD_SUSPECTED: &str = "fraud_suspected";
/// The country or the currency is not taken.
pub const NOT_ALLOWED: &str = "not_allowed";
/// The amount is below or above what the provider takes.
pub const AMOUNT_NOT_TAKEN: &str = "amount_not_taken";
/// The provider or the bank has a fault of its own; trying later may help.
pub const TRY_LATER: &str = "try_later";

/// Says what follows from a code. Unknown codes are tried again: there is a last try in any case.
#[must_use]
pub fn after(code: &str) -> AfterDecline {
    match code {
        AUTHENTICATION_REQUIRED | AUTHENTICATION_FAILED | PROVIDER_OFF => AfterDecline::AskOwner,
        CARD_LOST | PERMISSION_REVOKED | METHOD_GONE | CUSTOMER_GONE | CARD_EXPIRED => AfterDecline::DropMethod,
        _ => AfterDecline::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_its_owner_is_never_retried_and_a_lost_card_is_dropped() {
        assert_eq!(after(AUTHENTICATION_REQUIRED), AfterDecline::AskOwner);
        assert_eq!(after(PERMISSION_REVOKED), AfterDecline::DropMethod);
        assert_eq!(after(INSUFFICIENT_FUNDS), AfterDecline::Retry);
        assert_eq!(after("a reason of next year"), AfterDecline::Retry);
    }
}
