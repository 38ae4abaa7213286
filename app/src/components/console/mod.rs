//! Payments for staff.

pub mod payment_decision;
pub mod payment_list;
pub mod payment_story;
pub mod reconciliation;
