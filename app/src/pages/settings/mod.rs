//! What a person sets about the own sign-in.

mod security;

pub use security::SecurityPage;
