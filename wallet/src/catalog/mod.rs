//! The catalog: what one deployment sells. Unit name, settings, plans, packages and add-ons; the price book is in
//! [`crate::tariff`].
//!
//! Five existing systems are described by five presets; where they contradict each other, the rule is a setting here
//! and never code.

mod brand;
mod offer;
mod operation;
mod settings;
mod unit;

#[cfg(feature = "postgres")]
mod margins;
#[cfg(feature = "postgres")]
mod preset;
#[cfg(feature = "postgres")]
mod repo;
#[cfg(feature = "postgres")]
mod service;

use serde::{Deserialize, Serialize};

pub use brand::{Accent, Brand, NotAColor};
pub use offer::{AddOn, Interval, MeteredItem, Package, Plan, PlanFeatures, PlanPrice, Rate};
pub use operation::{OperationForm, RULE_KINDS, rule_example};
pub use settings::{
    AutoTopUp, AutoTopUpMode, BillingDates, Expiry, FailurePolicy, FreeAmount, PreviewRules, ReferralReward,
    RefundPolicy, Settings, TopUp,
};
pub(crate) use settings::{BurnClass, BurnOrder};
pub use unit::{PluralForms, UnitName};

#[cfg(feature = "postgres")]
pub use preset::{Preset, PresetError, Warning};
#[cfg(feature = "postgres")]
pub use service::{Catalog, Loaded, PriceFormat};

use crate::money::Currency;

/// What the deployment sells, as pages and services read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogView {
    /// The settings.
    pub settings: Settings,
    /// The plans, from the lowest rank on.
    pub plans: Vec<Plan>,
    /// The packages, from small to large.
    pub packages: Vec<Package>,
    /// The add-ons.
    pub add_ons: Vec<AddOn>,
    /// What is metered by the hour.
    pub metered: Vec<MeteredItem>,
}

impl CatalogView {
    /// Gives what one credit costs somebody on a plan, and that plan; for whoever has none that costs anything, what it
    /// costs on the lowest one that does, else at the price of a free amount or of the smallest package.
    #[must_use]
    pub fn rate_for(&self, own: Option<&str>, interval: Interval, currency: Currency) -> Option<(Option<&Plan>, Rate)> {
        let of_plan = |plan: &Plan| {
            let rate = plan.rate(interval, currency);
            rate.or_else(|| plan.rate(Interval::Month, currency))
        };
        let of = |plan| Some((Some(plan), of_plan(plan)?));
        let free = || self.settings.top_up.free_amount.as_ref()?.rate(currency);
        let smallest = || self.packages.iter().find_map(|package| package.rate(currency));
        own.and_then(|code| self.plan(code))
            .and_then(of)
            .or_else(|| self.plans.iter().find_map(of))
            .or_else(|| Some((None, free().or_else(smallest)?)))
    }

    /// Finds a plan by code.
    #[must_use]
    pub fn plan(&self, code: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.code == code)
    }

    /// Finds a package by code.
    #[must_use]
    pub fn package(&self, code: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.code == code)
    }

    /// Lists the plans, code and name, from the lowest on.
    #[must_use]
    pub fn plan_names(&self) -> Vec<(String, String)> {
        self.plans.iter().map(|plan| (plan.code.clone(), plan.name.clone())).collect()
    }

    /// Gives the plan that everybody starts on and that ended plans go down to: the lowest one that costs nothing and needs
    /// no talk. A preset with plans has one; a catalog without plans has none.
    #[must_use]
    pub fn starting_plan(&self) -> Option<&Plan> {
        self.plans.iter().filter(|plan| !plan.is_paid() && !plan.custom).min_by_key(|plan| plan.rank)
    }

    /// Gives the plan that discounts are counted from: the cheapest paid one.
    #[must_use]
    pub(crate) fn base_plan(&self) -> Option<&Plan> {
        self.plans.iter().filter(|plan| plan.is_paid()).min_by_key(|plan| plan.rank)
    }

    /// Gives a plan's discount per credit against the base plan, in whole percent, rounded to the nearest.
    #[must_use]
    pub fn discount_percent(&self, plan: &Plan, interval: Interval, currency: Currency) -> Option<i64> {
        let base = self.base_plan()?.rate(Interval::Month, currency)?;
        plan.rate(interval, currency)?.discount_percent(base)
    }
}
