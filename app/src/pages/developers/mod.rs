//! For developers: keys.

mod keys;

pub use keys::KeysPage;
