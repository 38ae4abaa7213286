//! Pricing of calls: the handle [`service::Tariffs`], the book in memory, locked quotes, affordability.

#[cfg(feature = "postgres")]
pub(super) mod service;
#[cfg(feature = "postgres")]
pub(super) mod book_cache;
#[cfg(feature = "postgres")]
pub(super) mod quote_lock;
pub(super) mod affordability;
#[cfg(feature = "postgres")]
pub(super) mod ports;
