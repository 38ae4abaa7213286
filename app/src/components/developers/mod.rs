//! API keys and webhooks.

pub mod key_table;
pub mod webhook_table;
