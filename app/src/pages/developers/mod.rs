//! For developers: keys and webhooks.

mod keys;
mod webhooks;

pub use keys::KeysPage;
pub use webhooks::WebhooksPage;
