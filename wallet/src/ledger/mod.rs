//! The ledger: what happened to every wallet, and the one way by which anything happens. README.md is its contract.
//!
//! Each part imports only what stands before it: `model` (types), `audit` (pure: the hash chain and its proofs),
//! `rules` (pure decisions), `repo` (SQL), `writer` (batches and their commits), `service` (the handle [`Ledger`]).

mod audit;
#[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "stored forms are read with a database only"))]
mod model;
#[cfg(feature = "postgres")]
mod repo;
mod rules;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
mod writer;

pub use audit::chain_verifier::ProvenEntry;
#[cfg(feature = "postgres")]
pub(crate) use audit::checkpoint::hmac;
pub use audit::checkpoint::{Checkpoint, CheckpointKey};
pub use audit::export_file::{Audit, verify_export};
pub use audit::hash_chain::entry_hash;
#[cfg(feature = "postgres")]
pub use model::archive::ArchiveFile;
pub use model::archive::{ArchivedRows, Header, Verified};
#[cfg(feature = "postgres")]
pub use model::breach::{Breach, Lateness, Scope};
#[cfg(feature = "postgres")]
pub use model::budget::NewBudget;
#[cfg(feature = "postgres")]
pub(crate) use model::budget::Unseen;
pub use model::budget::{Budget, BudgetPeriod, BudgetScope, Window};
pub use model::command::{BalanceAfter, CaptureAmount, Command, FeeKind, NewGrant, Outcome, ReleaseReason};
pub use model::entry::{
    AllocationView, BalanceView, EntryDetail, EntryFilter, EntryKind, EntryPage, EntryView, GrantSource, GrantView,
    HoldLine, HoldState, HoldView, Page, ReceiptPart,
};
pub use model::grant_limit::{GrantLimit, Purpose};
pub use model::hash::Hash;
pub use model::metadata::NESTING_MAX;
pub use model::receipt::{FormulaLine, Receipt};
#[cfg(feature = "postgres")]
pub use model::submission::Submission;
#[cfg(feature = "postgres")]
pub use model::tx_hook::TxHook;
#[cfg(feature = "postgres")]
pub(crate) use model::tx_hook::{HookError, RefusingHook};
#[cfg(feature = "postgres")]
pub use model::usage::{GroupBy, UsageRow};
#[cfg(feature = "postgres")]
pub use model::wallet_state::NewWallet;
pub use model::wallet_state::{CustomerFailure, Rules, Subject};
pub use rules::budget_spend::tightest;
pub use rules::hold::MAX_LINES;
#[cfg(feature = "postgres")]
pub use service::Ledger;
#[cfg(feature = "postgres")]
pub use service::archive::ArchivePart;
#[cfg(feature = "postgres")]
pub use service::charge_history::{Debit, Spent};
#[cfg(feature = "postgres")]
pub use service::rebuild::RebuiltNumber;
#[cfg(feature = "postgres")]
pub use service::search::Export;
#[cfg(feature = "postgres")]
pub use service::staff::Gift;
#[cfg(feature = "postgres")]
pub(crate) use writer::LedgerOptions;
#[cfg(feature = "postgres")]
pub(crate) use {repo::invariants::Invariant, service::verify::check};

pub use crate::identity::Environment;

/// What only tests need: the pure core without the writer, and the proof of a chain.
#[doc(hidden)]
pub mod test_support {
    pub use super::audit::chain_verifier::Verifier;
    pub use super::model::entry_payload::lines_of;
    pub use super::model::request::{EarlierAnswer, Request, WalletRequest};
    pub use super::model::wallet_state::{Core, Entry, PastDebit, WalletState};
    pub use super::rules::batch::Batch;
    pub use super::rules::checks::MAX_AMOUNT;
}
