//! Upstream costs and margins.

pub(super) mod csv;
pub(super) mod margin;
#[cfg(feature = "postgres")]
pub(super) mod review;
