//! Upstream costs and margins.

pub(super) mod margin;
pub(super) mod csv;
#[cfg(feature = "postgres")]
pub(super) mod review;
