//! Types of people, accounts and keys. No SQL.

pub(super) mod actor;
pub(super) mod audit;
#[cfg(feature = "postgres")]
pub(super) mod common_passwords;
pub(super) mod device;
pub(super) mod key;
pub(super) mod name;
pub(super) mod person;
pub(super) mod plan_summary;
pub(super) mod scope;
pub(super) mod service_key;
pub(super) mod session;
pub(super) mod viewer;
