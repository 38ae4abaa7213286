//! The balance, the rows of the ledger, receipts, spending.

pub mod balance_banner;
pub mod balance_card;
pub mod entry;
pub mod feed;
pub mod receipt;
pub mod runway;
pub mod spending;
pub mod table;
