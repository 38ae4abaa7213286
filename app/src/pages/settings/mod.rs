//! What a person sets: the own sign-in, and to whom the account's documents are addressed.

mod billing;
mod security;

pub use billing::BillingPage;
pub use security::SecurityPage;
