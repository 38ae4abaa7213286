//! For developers: keys.

mod keys;
mod webhooks;

pub use keys::KeysPage;
pub use webhooks::WebhooksPage;
