//! The SQL of people, accounts, keys, sessions and the audit log.

pub(crate) mod audit;
pub(crate) mod device;
pub(crate) mod invariants;
pub(crate) mod key;
pub(crate) mod rate;
pub(crate) mod service_key;
pub(crate) mod session;
pub(crate) mod throttle;
pub(crate) mod tree;
pub(crate) mod user;
