//! Business acts that join several concepts.

pub(crate) mod add_ons;
pub(crate) mod alerts;
pub(crate) mod cost_review;
pub mod demo;
pub(crate) mod inactivity;
pub(crate) mod metered;
pub(crate) mod onboarding;
pub(crate) mod plan_boundary;
pub(crate) mod plan_news;
mod preview;
pub(crate) mod price_notices;
pub(crate) mod renewal;
