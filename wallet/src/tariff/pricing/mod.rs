//! Pricing of calls: the handle [`service::Tariffs`], the book in memory, locked quotes, affordability.

pub(super) mod affordability;
#[cfg(feature = "postgres")]
pub(super) mod book_cache;
#[cfg(feature = "postgres")]
mod grant_limit;
#[cfg(feature = "postgres")]
pub(super) mod ports;
#[cfg(feature = "postgres")]
pub(super) mod quote_lock;
#[cfg(feature = "postgres")]
pub(super) mod service;
