//! YooKassa: API v3 over HTTP, redirect payments, saved methods, refunds and receipts.
//!
//! Reading order: `config::yookassa`, `bodies` (what is sent) and `wire` (what comes back), `api` (one call, and what
//! an answer that did not come means), `outcome` (states in the wallet's words), `search` (payments whose names
//! never reached us), `notification` and `senders` (hints from YooKassa), `provider` (all of it as the wallet
//! calls it), `examine` (`scrip doctor`). docs/PAYMENTS.md is for whoever sets it up.

mod amount;
mod api;
mod bodies;
mod examine;
mod notification;
mod outcome;
mod provider;
mod search;
mod senders;
mod wire;

pub use provider::YooKassa;

/// The name under which its payments are stored.
pub const NAME: &str = "yookassa";
