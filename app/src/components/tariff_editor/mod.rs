//! The editor of price books: grid, drafts, simulations, margins.

pub mod cells;
pub mod diff;
pub mod draft_edits;
pub mod draft_page;
pub mod grid;
pub mod import_warnings;
pub mod margin_table;
pub mod outdated;
pub mod rule_form;
pub mod simulation;
