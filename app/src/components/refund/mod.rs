//! Asking for a refund, and how far a request is.

pub mod job;
pub mod purchase;
pub mod reasons;
pub mod request_table;
pub mod steps;
pub mod summary;
