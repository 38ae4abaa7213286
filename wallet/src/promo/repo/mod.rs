//! The SQL of promotions.

pub(crate) mod code;
pub(crate) mod grant;
pub(crate) mod invariants;
pub(crate) mod referral;
