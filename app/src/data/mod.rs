//! What pages read: one file a noun; each function asks who is there, makes one call, converts.

pub mod audit;
pub mod changelog;
pub mod console;
pub mod documents;
pub mod form;
pub mod invitations;
pub mod keys;
pub mod ledger;
pub mod margins;
pub mod notifications;
pub mod payment_methods;
pub mod payments;
pub mod plan;
pub mod playground;
pub mod prices;
pub mod quotes;
pub mod refunds;
pub mod security;
pub mod session;
pub mod staff_refunds;
pub mod tariffs;
pub mod top_up;
pub mod wallet;
pub mod webhooks;
