//! Simulations: what the charges of the last weeks would have cost under a draft.

#[cfg(feature = "postgres")]
pub(super) mod run;
#[cfg(feature = "postgres")]
pub(super) mod totals;
