//! Orders: what to buy, and how far one is.

pub mod auto_top_up;
pub mod code_form;
pub mod currency_links;
pub mod document_table;
pub mod method_list;
pub mod order_steps;
pub mod own_amount;
pub mod pack_picker;
pub mod refund_lines;
