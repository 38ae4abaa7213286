//! Promotions: credits that nobody pays for. Bonus credits of packages, redemption codes, rewards for invitations.
//!
//! Reading order: `model` (what callers see), `code` (how codes are written), `rule` (what can be redeemed and what is
//! rewarded: pure), `service`. All of it comes as grants of the ledger with the source `promo`, which cost no money.
//!
//! A code is claimed in the transaction of its grant. What a payment brings for nothing (its bonus, the rewards for an
//! invitation) is written as a row in the payment's transaction, and granted by a step of its own with its own key,
//! which is repeated until it is done: decision 069.

pub(crate) mod code;
mod model;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
mod rule;
#[cfg(feature = "postgres")]
mod service;

pub use model::{CodeBatchView, InvitationView, MadeCodes, NewCodeBatch, Redeemed};
#[cfg(feature = "postgres")]
pub use service::{CODES_MAX, GivenPromos, Promos, Redeemer};
#[cfg(feature = "postgres")]
pub(crate) use service::{FirstPayment, Owed, PromoKind, invite_in_tx, owe_in_tx, take_back_in_tx};
