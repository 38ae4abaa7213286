//! API keys and webhooks.

pub mod key_table;
pub mod secret_panel;
pub mod webhook_table;
