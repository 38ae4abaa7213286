//! What must hold at every moment, as SQL: each query gives no row when the ledger is right.
//!
//! `$1` and `$2` are shard and number of one wallet, or null for all; a row is shard, wallet, and what was found.
//! Every one has a canary in the tests: a planted violation that it must catch. Rows that were archived are counted by
//! the sums that they left; what they said in detail, their file says.

mod history;
mod rules;
mod sums;

/// One invariant. Concepts to the right of the ledger have their own, of the same form.
#[derive(Debug)]
pub(crate) struct Invariant {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// All of them.
pub(in crate::ledger) const INVARIANTS: [&[Invariant]; 3] = [sums::INVARIANTS, history::INVARIANTS, rules::INVARIANTS];
