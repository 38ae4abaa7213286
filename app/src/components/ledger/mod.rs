//! The balance, the rows of the ledger, receipts, spending.

pub mod alerts;
pub mod receipt;
pub mod runway;
pub mod spending;
