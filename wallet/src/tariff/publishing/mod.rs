//! Publishing: from draft to announced version to version in force, and who is told.

#[cfg(feature = "postgres")]
pub(super) mod impact;
#[cfg(feature = "postgres")]
pub(super) mod notice;
#[cfg(feature = "postgres")]
pub(super) mod publish;
#[cfg(feature = "postgres")]
pub(super) mod withdraw;
