//! The ledger's types: rows, commands, receipts, and a wallet as the rules see it. No rules, no SQL.

pub(super) mod archive;
pub(super) mod batch_changes;
#[cfg(feature = "postgres")]
pub(super) mod breach;
pub(super) mod budget;
pub(super) mod command;
pub(super) mod decision;
pub(super) mod entry;
pub(super) mod entry_payload;
pub(super) mod grant_limit;
pub(super) mod hash;
pub(super) mod metadata;
pub(super) mod receipt;
pub(super) mod request;
#[cfg(feature = "postgres")]
pub(super) mod submission;
#[cfg(feature = "postgres")]
pub(super) mod tx_hook;
#[cfg(feature = "postgres")]
pub(super) mod usage;
pub(super) mod wallet_state;
