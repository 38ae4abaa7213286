//! Sessions of a person.

pub mod session_list;
