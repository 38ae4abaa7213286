//! Components: plain data in, no fetching.

#![warn(clippy::disallowed_methods)]

pub mod amount;
pub mod audit_words;
pub mod balance_stub;
pub mod doubled;
pub mod draft_edits;
pub mod entry;
pub mod field;
pub mod head;
pub mod icon;
pub mod key_table;
pub mod ledger_feed;
pub mod ledger_table;
pub mod live_status;
pub mod margin_table;
pub mod mistake;
pub mod not_a_draft;
pub mod order_steps;
pub mod outdated;
pub mod pack_picker;
pub mod panel;
pub mod plan;
pub mod plan_panel;
pub mod price_cells;
pub mod price_change;
pub mod price_diff;
pub mod price_grid;
pub mod price_keys;
pub mod prices;
pub mod public_shell;
pub mod receipt;
pub mod refusal;
pub mod rehearsal;
pub mod runway;
pub mod session_list;
pub mod shell;
pub mod spending;
pub mod webhook_table;
pub mod when;
