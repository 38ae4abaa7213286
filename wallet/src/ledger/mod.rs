//! The ledger: what happened to every wallet, and the one door through which anything happens.
//!
//! Reading order: [`entry`] (rows, and what people see), [`command`] (what can be asked), [`receipt`].

pub mod command;
pub mod entry;
pub mod receipt;
#[cfg(feature = "postgres")]
mod service;

pub use command::{BalanceAfter, CaptureAmount, Command, FeeKind, NewGrant, Outcome, ReleaseReason};
pub use entry::{
    AllocationView, BalanceView, EntryDetail, EntryFilter, EntryKind, EntryPage, EntryView, GrantSource, GrantView,
    HoldLine, HoldState, HoldView, Page,
};
pub use receipt::{FormulaLine, Receipt};
#[cfg(feature = "postgres")]
pub use service::{Breach, Envelope, Environment, Ledger, LedgerOptions, NewWallet, Rider, Scope};
