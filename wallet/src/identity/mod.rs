//! People, accounts, projects and keys, and what each may do.
//!
//! A person ([`User`]) is a member of accounts in a [`Role`]; an account pays for projects; a project has a wallet for
//! each [`Environment`]; an API key spends from one of them. [`Viewer`] and [`KeyAccess`] say who asks.

pub mod actor;
mod audit;
mod key;
mod person;
mod plan_summary;
mod scope;
mod service_key;
mod session;
mod viewer;

#[cfg(feature = "postgres")]
mod key_cache;
#[cfg(feature = "postgres")]
mod password;
#[cfg(feature = "postgres")]
pub(crate) mod ports;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
mod service_key_cache;
#[cfg(feature = "postgres")]
mod throttle;

pub use actor::{Actor, Side};
pub use audit::{AUDIT_PAGE_MAX, AuditPage, AuditRow, NewAudit};
pub use key::{
    ApiKeyView, CreatedKey, Environment, KEY_MAX, KeyAccess, KeyText, NewKey, RateCount, SCOPES_MAX, hint_of, write_key,
};
pub use person::{
    EMAIL_MAX, Email, NAME_MAX, NewUser, PASSWORD_MAX, PASSWORD_MIN, SignUp, User, check_locale, check_name,
    check_password,
};
pub use plan_summary::PlanSummary;
pub use scope::KeyScope;
#[cfg(feature = "postgres")]
pub use service::Identity;
#[cfg(feature = "postgres")]
pub(crate) use service::{audit_in_tx, offer_taken, prove_in_tx, take_offer_in_tx, time_zones};
pub use service_key::{
    CreatedServiceKey, NewServiceKey, ServiceAccess, ServiceKeyText, ServiceKeyView, ServiceScope, WalletPlace,
    write_service_key,
};
pub use session::SessionRecord;
pub use viewer::{Role, StaffRole, Viewer};
