//! People, accounts, projects and keys, and what each may do.

pub mod actor;

pub use actor::Actor;
