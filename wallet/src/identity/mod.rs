//! People, accounts, projects and keys, and what each may do.
//!
//! A person ([`User`]) is a member of accounts in a [`Role`]; an account pays for projects; a project has a wallet for
//! each [`Environment`]; an API key spends from one of them. [`Viewer`] and [`KeyAccess`] say who asks.

pub mod actor;
mod audit;
mod key;
mod person;
mod session;
mod viewer;

#[cfg(any())]
mod key_cache;
#[cfg(any())]
mod password;
#[cfg(any())]
pub(crate) mod ports;
#[cfg(any())]
pub(crate) mod repo;
#[cfg(any())]
mod service;
#[cfg(any())]
mod throttle;

pub use actor::Actor;
pub use audit::{AUDIT_PAGE_MAX, AuditPage, AuditRow, NewAudit};
pub use key::{
    ApiKeyView, CreatedKey, Environment, KEY_MAX, KeyAccess, KeyText, NewKey, SCOPES_MAX, hint_of, write_key,
};
pub use person::{
    EMAIL_MAX, Email, NAME_MAX, NewUser, PASSWORD_MAX, PASSWORD_MIN, SignUp, User, check_locale, check_name,
    check_password,
};
#[cfg(any())]
pub use service::Identity;
pub use session::SessionRecord;
pub use viewer::{Role, StaffRole, Viewer};
