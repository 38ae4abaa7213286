//! What a person sets: the own sign-in, what the account's owner is told of, and to whom its documents are addressed.

mod billing;
mod notifications;
mod security;

pub use billing::BillingPage;
pub use notifications::NotificationsPage;
pub use security::SecurityPage;
