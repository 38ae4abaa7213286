//! Drafts of the price book: edits, undo, merges with what was published meanwhile, and sheets.

#[cfg(feature = "postgres")]
pub(super) mod bring_up_to_date;
pub(super) mod csv;
#[cfg(feature = "postgres")]
pub(super) mod draft;
#[cfg(feature = "postgres")]
pub(super) mod merge;
pub(super) mod rule_fields;
