//! Components: plain data in, no fetching.

pub mod amount;
pub mod balance_stub;
pub mod entry;
pub mod field;
pub mod icon;
pub mod key_table;
pub mod ledger_feed;
pub mod ledger_table;
pub mod live_status;
pub mod margin_table;
pub mod order_steps;
pub mod pack_picker;
pub mod panel;
pub mod price_change;
pub mod price_grid;
pub mod prices;
pub mod public_shell;
pub mod receipt;
pub mod refusal;
pub mod rehearsal;
pub mod shell;
pub mod webhook_table;
pub mod when;
