//! Add-ons: features that cost credits every month, switched on and off by a wallet's owner.
//!
//! Reading order: `model` (an add-on as its owner and as storage see it), `rule` (what is due of it and when: pure),
//! `service` (switch on and off, deduct, pause, end). A month's deduction is one entry of the ledger and one row of its
//! month, in one transaction, under one key. Waiting for a top-up joins several concepts: `app_service/add_ons.rs`.

mod model;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
pub(crate) mod rule;
#[cfg(feature = "postgres")]
mod service;

pub use model::{AddOnPause, AddOnState, AddOnView, PauseReason};
pub(crate) use model::{AddOnSubscription, StoredState};
#[cfg(feature = "postgres")]
pub use service::AddOns;
#[cfg(feature = "postgres")]
pub(crate) use service::Deducted;
