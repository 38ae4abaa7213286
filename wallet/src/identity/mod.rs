//! People, accounts, projects and keys, and what each may do.
//!
//! A person ([`User`]) is a member of accounts in a [`Role`]; an account pays for projects; a project has a wallet for
//! each [`Environment`]; an API key spends from one of them. [`Viewer`] and [`KeyAccess`] say who asks.

pub mod actor;
mod audit;
mod device;
mod key;
mod name;
mod person;
mod plan_summary;
mod scope;
mod service_key;
mod session;
mod viewer;

#[cfg(feature = "postgres")]
mod common_passwords;
#[cfg(feature = "postgres")]
mod key_cache;
#[cfg(feature = "postgres")]
mod password;
#[cfg(feature = "postgres")]
pub(crate) mod ports;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod sampler;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
mod service_key_cache;
#[cfg(feature = "postgres")]
mod throttle;

pub use actor::{Actor, Side};
pub use audit::{AUDIT_PAGE_MAX, AuditPage, AuditRow, NewAudit};
#[cfg(feature = "postgres")]
pub use common_passwords::check_password;
pub use device::{Device, kept_user_agent};
pub use key::{
    ApiKeyView, CreatedKey, Environment, KEY_MAX, KeyAccess, KeyText, NewKey, RateCount, SCOPES_MAX, hint_of, write_key,
};
#[cfg(feature = "postgres")]
pub(crate) use name::name_error_at;
pub use name::{NAME_MAX, check_label, check_name};
pub use person::{EMAIL_MAX, Email, NewUser, PASSWORD_MAX, PASSWORD_MIN, SignUp, User, check_locale};
pub use plan_summary::PlanSummary;
#[cfg(feature = "postgres")]
pub(crate) use repo::invariants::INVARIANTS;
pub use scope::KeyScope;
#[cfg(feature = "postgres")]
pub use service::Identity;
#[cfg(feature = "postgres")]
pub use service::{Confirmed, DEVICE_DAYS, SignedIn};
#[cfg(feature = "postgres")]
pub(crate) use service::{
    audit_in_tx, is_working_key_in_tx, lock_account_in_tx, must_be_proven_in_tx, offer_taken, prove_in_tx,
    take_offer_in_tx, time_zones,
};
pub use service_key::{
    CreatedServiceKey, NewServiceKey, ServiceAccess, ServiceKeyText, ServiceKeyView, ServiceScope, WalletPlace,
    write_service_key,
};
pub use session::{Ended, SessionRecord, SessionView, Visit};
pub use viewer::{Role, StaffRole, Viewer, WalletOwner};
