//! Rules of signing in: how wrong passwords are slowed. Pure.

pub(super) mod throttle;
