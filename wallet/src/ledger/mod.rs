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

pub use audit::chain_verifier::{ProvenEntry, Verifier};
pub use audit::checkpoint::{Checkpoint, CheckpointKey};
pub use audit::export_file::{Audit, verify_export};
pub use audit::hash_chain::entry_hash;
pub use model::archive::{ArchivedRows, Header, Verified};
pub use model::budget::{Budget, BudgetPeriod, BudgetScope, Window};
pub use model::command::{BalanceAfter, CaptureAmount, Command, FeeKind, NewGrant, Outcome, ReleaseReason};
pub use model::entry::{
    AllocationView, BalanceView, EntryDetail, EntryFilter, EntryKind, EntryPage, EntryView, GrantSource, GrantView,
    HoldLine, HoldState, HoldView, Page, ReceiptPart,
};
pub use model::hash::Hash;
pub use model::metadata::NESTING_MAX;
pub use model::receipt::{FormulaLine, Receipt};
pub use model::request::{EarlierAnswer, Request, WalletRequest};
pub use model::wallet_state::{Core, CustomerFailure, Entry, PastDebit, Rules, Subject, WalletState};
pub use rules::batch::Batch;
pub use rules::budget_spend::tightest;
pub use rules::checks::MAX_AMOUNT;
pub use rules::hold::MAX_LINES;
#[cfg(feature = "postgres")]
pub use {
    model::archive::ArchiveFile,
    model::breach::{Breach, Lateness, Scope},
    model::budget::{NewBudget, Unseen},
    model::submission::Submission,
    model::tx_hook::TxHook,
    model::usage::{GroupBy, UsageRow},
    model::wallet_state::NewWallet,
    service::Ledger,
    service::archive::ArchivePart,
    service::charge_history::{Debit, Spent},
    service::rebuild::RebuiltNumber,
    service::search::Export,
    writer::LedgerOptions,
};
#[cfg(feature = "postgres")]
pub(crate) use {repo::invariants::Invariant, service::verify::check};

pub use crate::identity::Environment;
