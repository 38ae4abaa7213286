//! Text of numbers, dates, money and labels, in the reader's language.

pub mod accent;
pub mod amount;
pub mod audit_labels;
pub mod auto_top_up;
pub mod category;
pub mod console;
pub mod date_time;
pub mod document;
pub mod event;
pub mod import_error;
pub mod notification;
pub mod payment;
pub mod price_labels;
pub mod refund;
pub mod refusal;
