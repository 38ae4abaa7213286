//! Pages: each fetches, and hands plain data to components.

pub mod account;
pub mod admin;
pub mod developers;
pub mod playground;
pub mod public;
pub mod settings;
