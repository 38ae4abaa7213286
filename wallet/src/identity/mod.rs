//! People, accounts, projects and keys, and what each may do.
//!
//! A person ([`User`]) is a member of accounts in a [`Role`]; an account pays for projects; a project has a wallet for
//! each [`Environment`]; an API key spends from one of them. [`Viewer`] and [`KeyAccess`] say who asks.

mod model;
#[cfg(feature = "postgres")]
pub(crate) mod ports;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod rules;
#[cfg(feature = "postgres")]
mod service;

pub use model::actor::{Actor, Side};
#[cfg(feature = "postgres")]
pub(crate) use model::audit::note;
pub use model::audit::{AuditPage, AuditRow, NewAudit};
pub use model::device::{Device, kept_user_agent};
pub use model::key::{ApiKeyView, CreatedKey, Environment, KEY_MAX, KeyAccess, NewKey, RateCount, write_key};
pub use model::name::NAME_MAX;
#[cfg(feature = "postgres")]
pub(crate) use model::name::name_error_at;
pub(crate) use model::name::{check_label, check_name};
pub use model::person::{SignUp, User};
pub use model::plan_summary::PlanSummary;
pub use model::scope::KeyScope;
pub use model::service_key::{
    CreatedServiceKey, NewServiceKey, ServiceAccess, ServiceKeyText, ServiceKeyView, ServiceScope, WalletPlace,
    write_service_key,
};
pub use model::session::{Ended, SessionRecord, SessionView, Visit};
pub use model::viewer::{Role, StaffRole, Viewer, WalletOwner};
#[cfg(feature = "postgres")]
pub(crate) use repo::invariants::INVARIANTS;
#[cfg(feature = "postgres")]
pub use rules::throttle::network;
#[cfg(feature = "postgres")]
pub use service::{Confirmed, DEVICE_DAYS, Identity, SignedIn};
#[cfg(feature = "postgres")]
pub(crate) use service::{
    audit_in_tx, has_person_in_tx, is_working_key_in_tx, lock_account_in_tx, must_be_proven_in_tx, offer_taken,
    prove_in_tx, take_offer_in_tx, time_zones,
};
