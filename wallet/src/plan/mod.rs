//! Plans: what an account is on, and when its billing periods begin and end.

pub mod period;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub use service::Plans;

/// The plan that an account is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// The plan's code in the catalog; empty where the catalog has no plans.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its place among the plans: an operation with a minimum plan needs at least that rank.
    pub rank: i32,
    /// When the paid period ends; `None` on a free plan.
    pub expires_at: Option<DateTime<Utc>>,
}
