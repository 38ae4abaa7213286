//! Scrip's wallet: the one place of the wallet logic.
//!
//! Without features the crate is pure (numbers, ids, decisions, read models) and compiles to WebAssembly, so that
//! the browser counts with the same [`money::Credits`]. Feature `postgres` adds the services and their SQL, and the
//! façade [`Wallet`] that everybody calls.
//!
//! Each module imports only what stands to its left: money, id, error, clock, `time_zone`, idempotency, db, identity,
//! ledger, tariff, catalog, plan, notify, promo, payment, refund, invoice, `add_on`, metered, insight, `app_service`, wallet.

#![warn(clippy::disallowed_methods)]
#![cfg_attr(feature = "postgres", warn(unreachable_pub))]
#![cfg_attr(
    not(feature = "postgres"),
    expect(dead_code, unused_imports, reason = "the browser's half uses a part of what is pure")
)]

pub mod id;
pub mod money;

#[cfg(feature = "postgres")]
pub mod clock;
#[cfg(feature = "postgres")]
pub mod db;
pub mod error;
pub mod idempotency;
pub mod time_zone;

pub mod identity;

pub mod ledger;

pub mod tariff;

pub mod catalog;

pub mod plan;

pub mod notify;

pub mod promo;

pub mod payment;

pub mod refund;

pub mod invoice;

pub mod add_on;

pub mod metered;

pub mod insight;

#[doc(hidden)]
pub use ledger::test_support;

#[cfg(feature = "postgres")]
mod app_service;
#[cfg(feature = "postgres")]
mod wallet;

#[cfg(feature = "postgres")]
pub use app_service::add_ons::AddOnsDeducted;
#[cfg(feature = "postgres")]
pub use app_service::cost_review::Reviewed;
#[cfg(feature = "postgres")]
pub use app_service::demo;
#[cfg(feature = "postgres")]
pub use app_service::metered::MonthsClosed;
#[cfg(feature = "postgres")]
pub use app_service::renewal::Renewed;
#[cfg(feature = "postgres")]
pub use wallet::{Options, Wallet};
