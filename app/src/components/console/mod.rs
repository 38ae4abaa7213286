//! Payments, refunds and disputes for staff.

pub mod dispute_form;
pub mod dispute_table;
pub mod document_links;
pub mod payment_decision;
pub mod payment_list;
pub mod payment_story;
pub mod reconciliation;
pub mod refund_decision;
pub mod refund_queue;
pub mod refund_story;
