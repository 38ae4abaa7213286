//! Prices on a real database: loading, quoting, charging, drafting, rehearsing, publishing.
#![cfg(feature = "postgres")]

mod book;
mod draft;
mod files;
#[path = "../ledger_support/mod.rs"]
mod ledger_support;
mod publish;
mod simulation;
mod support;
mod switch;
