//! The ledger: what happened to every wallet, and the one door through which anything happens.
//!
//! Reading order: [`entry`] (rows, and what people see), [`command`] (what can be asked), [`receipt`], [`state`]
//! (a wallet as the core sees it), [`decide`] (the rules) with its parts `authority` (who may decide a cost), `burn`, `grant`, `hold`, [`budget`] and
//! [`chain`]; [`proof`], [`export`] and [`head`] (what outsiders check); then, with a database, the writer, the queries and the handle [`Ledger`].

#[cfg(feature = "postgres")]
mod archive;
mod authority;
mod balance;
pub mod batch;
pub mod budget;
mod burn;
#[cfg(feature = "postgres")]
mod cache;
pub mod chain;
pub mod changes;
pub mod command;
#[cfg(feature = "postgres")]
mod commit;
pub mod decide;
pub mod detail;
#[cfg(feature = "postgres")]
mod detour;
mod draft;
pub mod entry;
pub mod export;
#[cfg(feature = "postgres")]
mod flight;
#[cfg(feature = "postgres")]
mod follow;
#[cfg(feature = "postgres")]
mod gather;
mod grant;
pub mod head;
#[cfg(feature = "postgres")]
mod history;
pub mod hold;
#[cfg(feature = "postgres")]
mod manage;
pub mod metadata;
pub mod proof;
#[cfg(feature = "postgres")]
mod queue;
#[cfg(feature = "postgres")]
mod rebuild;
#[cfg(feature = "postgres")]
mod recall;
pub mod receipt;
#[cfg(feature = "postgres")]
mod repo;
#[cfg(feature = "postgres")]
mod seal;
#[cfg(feature = "postgres")]
mod search;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub mod spent;
#[cfg(feature = "postgres")]
mod staff;
pub mod state;
#[cfg(feature = "postgres")]
mod sweeps;
#[cfg(feature = "postgres")]
pub mod usage;
#[cfg(feature = "postgres")]
mod verify;
#[cfg(feature = "postgres")]
mod writer;

#[cfg(feature = "postgres")]
pub use archive::{ArchiveFile, ArchivePart};
pub use budget::{Budget, BudgetPeriod, BudgetScope, Window};
pub use command::{BalanceAfter, CaptureAmount, Command, FeeKind, NewGrant, Outcome, ReleaseReason};
pub use entry::{
    AllocationView, ArchivedRows, BalanceView, EntryDetail, EntryFilter, EntryKind, EntryPage, EntryView, GrantSource,
    GrantView, HoldLine, HoldState, HoldView, Page, ReceiptPart,
};
#[cfg(feature = "postgres")]
pub use manage::{NewBudget, Unseen};
#[cfg(feature = "postgres")]
pub use rebuild::RebuiltNumber;
pub use receipt::{FormulaLine, Receipt};
#[cfg(feature = "postgres")]
pub use search::Export;
#[cfg(feature = "postgres")]
pub use service::{Envelope, Ledger, LedgerOptions, NewWallet, Rider};
pub use state::{CustomerFailure, Rules};
#[cfg(feature = "postgres")]
pub use verify::{Breach, Lateness, Scope};
#[cfg(feature = "postgres")]
pub(crate) use {repo::invariants::Invariant, verify::check};

pub use crate::identity::Environment;
