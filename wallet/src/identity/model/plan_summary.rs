//! What is known of an account's plan wherever somebody asks; the plans themselves stand above identity.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The plan that an account is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl PlanSummary {
    /// Where there is no plan to be on: below every plan that an operation may need.
    #[must_use]
    pub(crate) const fn none() -> Self {
        Self { code: String::new(), name: String::new(), rank: -1, expires_at: None }
    }
}

impl Default for PlanSummary {
    fn default() -> Self {
        Self::none()
    }
}
