//! Scrip's wallet: the one place of the wallet logic.
//!
//! Without features the crate is pure (numbers, ids, decisions, read models) and compiles to WebAssembly, so that
//! the browser counts with the same [`money::Credits`]. Feature `postgres` adds the services and their SQL, and the
//! façade [`Wallet`] that everybody calls.
//!
//! Modules import from left to right only: money, id → error, db, clock, zone, idempotency → identity → ledger → tariff →
//! catalog → plan → notify → payment → the façade's own files, which join concepts.

#![warn(clippy::disallowed_methods)]

pub mod id;
pub mod money;

#[cfg(feature = "postgres")]
pub mod clock;
#[cfg(feature = "postgres")]
pub mod db;
pub mod error;
pub mod idempotency;
pub mod zone;

pub mod identity;

pub mod ledger;

pub mod tariff;

pub mod insight;

pub mod catalog;

pub mod plan;

pub mod notify;

pub mod payment;

#[cfg(feature = "postgres")]
mod announce;
#[cfg(feature = "postgres")]
mod boundary;
#[cfg(feature = "postgres")]
pub mod demo;
#[cfg(feature = "postgres")]
mod inactivity;
#[cfg(feature = "postgres")]
mod renewal;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
mod upstream;
#[cfg(feature = "postgres")]
mod welcome;
#[cfg(feature = "postgres")]
pub use renewal::Renewed;
#[cfg(feature = "postgres")]
pub use service::{Options, Wallet};
#[cfg(feature = "postgres")]
pub use upstream::Reviewed;
