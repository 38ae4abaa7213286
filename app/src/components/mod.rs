//! Components: plain data in, no fetching.

pub mod amount;
pub mod balance_stub;
pub mod draft_edits;
pub mod entry;
pub mod field;
pub mod icon;
pub mod key_table;
pub mod ledger_feed;
pub mod ledger_table;
pub mod live_status;
pub mod order_steps;
pub mod pack_picker;
pub mod panel;
pub mod price_cells;
pub mod price_diff;
pub mod price_grid;
pub mod price_keys;
pub mod prices;
pub mod public_shell;
pub mod receipt;
pub mod refusal;
pub mod rehearsal;
pub mod shell;
pub mod when;
