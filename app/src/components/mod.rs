//! Components: plain data in, no fetching.

#![warn(clippy::disallowed_methods)]

pub mod console;
pub mod developers;
pub mod ledger;
pub mod payment;
pub mod people;
pub mod plan;
pub mod pricing;
pub mod refund;
pub mod tariff_editor;
pub mod ui;
