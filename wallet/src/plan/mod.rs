//! Plans: what an account is on, when its billing periods begin and end, and what is due then.
//!
//! Paying is not this concept's: a settled payment calls down to here, in the transaction of its grant, and the renewal
//! job asks both (`renewal.rs`).

pub mod due;
pub mod period;
pub mod subscription;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[cfg(feature = "postgres")]
pub(crate) mod month;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub use service::Plans;
#[cfg(feature = "postgres")]
pub(crate) use service::{PaidPlan, Settlement};

pub use subscription::{BillingPeriod, SavedMethod, Subscription, SubscriptionStatus, SubscriptionView, Terms};

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
