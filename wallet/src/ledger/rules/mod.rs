//! The ledger's rules: pure functions from a wallet and a request to rows, or to a refusal.

pub(super) mod authority;
#[cfg(feature = "postgres")]
pub(super) mod balance;
pub(super) mod batch;
pub(super) mod budget_spend;
pub(super) mod burn_order;
pub(super) mod checks;
pub(super) mod decide;
pub(super) mod grant;
pub(super) mod hold;
pub(super) mod posting;
pub(super) mod void;
