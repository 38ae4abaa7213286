//! Rules of signing in: common passwords, and how wrong ones are slowed. Pure.

pub(super) mod common_passwords;
pub(super) mod throttle;
