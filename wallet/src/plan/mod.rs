//! Plans: what an account is on, when its billing periods begin and end, and what is due then.
//!
//! Paying is not this concept's: a settled payment calls down to here, in the transaction of its grant, and the renewal
//! job asks both (`app_service/renewal.rs`).

pub(crate) mod change;
pub(crate) mod coming;
pub(crate) mod due;
pub(crate) mod period;
#[cfg(feature = "postgres")]
pub(crate) mod ports;
mod subscription;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[cfg(feature = "postgres")]
pub(crate) mod month;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
#[cfg(feature = "postgres")]
mod service;
#[cfg(feature = "postgres")]
pub use service::{Assignment, Plans};
#[cfg(feature = "postgres")]
pub(crate) use service::{PaidPlan, Settlement};

pub use crate::identity::PlanSummary;
pub use change::{ChangeStart, DaysLeft, PlanChange, Proration};
pub use subscription::{BillingPeriod, NextPlan, SubscriptionStatus, SubscriptionView, Terms};
pub(crate) use subscription::{SavedMethod, Subscription};

/// The dates of a plan that would begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstDates {
    /// When it is paid next.
    pub next_payment_at: DateTime<Utc>,
    /// Where months are the calendar's: when the first one ends, which counts as a whole one.
    pub short_month_ends_at: Option<DateTime<Utc>>,
}
