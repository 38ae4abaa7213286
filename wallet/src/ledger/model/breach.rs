//! What `verify` checks, what it finds, and what sweeps are late with.

use serde::{Deserialize, Serialize};

use crate::id::WalletId;

/// What to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole deployment.
    Everything,
    /// One wallet.
    Wallet(WalletId),
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// Which one: `wallet_is_sum_of_entries`.
    pub invariant: String,
    /// The wallet, where it concerns one.
    pub wallet: Option<WalletId>,
    /// What was found, for people.
    pub found: String,
}

/// Work that the sweeps should have done by now: late, not wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// Open holds whose time was over two minutes ago.
    pub holds: i64,
    /// Grants with credits whose time was over ten minutes ago.
    pub grants: i64,
}
