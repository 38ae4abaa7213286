//! Metered items: storage, connected accounts, domains. The platform says how many there are; a month costs by how many
//! there were and for how long.
//!
//! Reading order: `model` (a gauge, a month as its owner and as storage see it), `rule` (which month runs, what it
//! costs, what is charged: pure), `service` (set a gauge, look at the month, close it). A closed month is one entry of
//! the ledger at most and one row of its own, in one transaction, under one key. Waiting for a top-up joins several
//! concepts: `app_service/metered.rs`.

mod model;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
pub(crate) mod rule;
#[cfg(feature = "postgres")]
mod service;

pub(crate) use model::{ItemMonth, MeteredWallet, Terms, Usage};
pub use model::{MeteredItemView, MeteredView, NewGauge, Quantity, symbol};
#[cfg(feature = "postgres")]
pub(crate) use service::Closed;
#[cfg(feature = "postgres")]
pub use service::Metered;
