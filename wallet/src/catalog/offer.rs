//! What is sold besides single calls: plans, packages, add-ons, metered items.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{Credits, Currency, Money};

/// How often a plan is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// Every month.
    Month,
    /// Every year; credits still come every month.
    Year,
}

impl Interval {
    /// Gives the name in the API and the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Month, Self::Year].into_iter().find(|interval| interval.code() == code)
    }

    /// Gives the number of months that one payment is for.
    #[must_use]
    pub const fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }
}

/// An offer: credits every month for a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The name in the API: `vip`.
    pub code: String,
    /// The name for people.
    pub name: String,
    /// The order of plans, from 0: a gate asks for at least so much.
    pub rank: i32,
    /// What it costs, by interval and currency; empty for a custom plan.
    pub prices: Vec<PlanPrice>,
    /// The credits of each month.
    pub monthly_credits: Credits,
    /// The credits that come once per person.
    pub one_time_credits: Credits,
    /// To be talked about: no price, no self-service.
    pub custom: bool,
    /// What else it brings.
    pub features: PlanFeatures,
}

/// What a plan brings besides credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFeatures {
    /// The customer's pages show a “Built with” badge.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub badge_required: bool,
    /// Said of a custom plan: `up to 40 %`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) discount_note: Option<String>,
    /// One line for the price page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// What a plan costs in one interval and currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPrice {
    /// How often.
    pub interval: Interval,
    /// How much.
    pub money: Money,
}

impl Plan {
    /// Finds the price in an interval and currency.
    #[must_use]
    pub fn price(&self, interval: Interval, currency: Currency) -> Option<Money> {
        let found = self.prices.iter().find(|price| price.interval == interval && price.money.currency() == currency);
        found.map(|price| price.money)
    }

    /// Says whether the plan costs money.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.prices.iter().any(|price| price.money.minor() > 0)
    }

    /// Gives the price of one credit; `None` for a free or custom plan.
    #[must_use]
    pub fn rate(&self, interval: Interval, currency: Currency) -> Option<Rate> {
        let credits = self.monthly_credits.checked_mul(i64::from(interval.months()))?;
        Rate::new(self.price(interval, currency)?, credits)
    }
}

/// A one-time bundle of credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The name in the API: `light`.
    pub code: String,
    /// The name for people.
    pub name: String,
    /// What it holds.
    pub credits: Credits,
    /// What it brings for nothing beside them; 0 where nothing is said.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub bonus: Credits,
    /// What it costs, by currency.
    #[serde(alias = "price")]
    #[cfg_attr(feature = "postgres", serde(with = "crate::money::notation::prices"))]
    pub prices: Vec<Money>,
}

impl Package {
    /// Finds the price in a currency.
    #[must_use]
    pub fn price(&self, currency: Currency) -> Option<Money> {
        self.prices.iter().find(|price| price.currency() == currency).copied()
    }

    /// Gives the price of one credit.
    #[must_use]
    pub fn rate(&self, currency: Currency) -> Option<Rate> {
        Rate::new(self.price(currency)?, self.credits)
    }
}

/// A feature that costs credits every month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddOn {
    /// The name in the API: `voice_cloning`.
    pub code: String,
    /// The name for people.
    pub name: String,
    /// What it costs a month.
    pub monthly_credits: Credits,
    /// One line for the price page.
    pub summary: Option<String>,
}

/// Something metered by the hour and billed at the month's end: storage, connected accounts, domains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeteredItem {
    /// The name in the API: `storage`.
    pub code: String,
    /// The name for people.
    pub name: String,
    /// What is counted: `GB`.
    pub unit: String,
    /// How many are included, with a plan that `included_by_plan` does not name.
    #[serde(default)]
    pub included: i64,
    /// How many are included with a plan, by the plan's code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub included_by_plan: BTreeMap<String, i64>,
    /// What one more costs for a month.
    pub monthly_credits: Credits,
}

impl MeteredItem {
    /// Gives how many are included with a plan.
    #[must_use]
    pub fn included_with(&self, plan: &str) -> i64 {
        self.included_by_plan.get(plan).copied().unwrap_or(self.included)
    }
}

/// The most decimals of a price of one credit.
const RATE_DECIMALS: u32 = 6;

/// The price of one credit, exact: a sum of money for a number of credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    money: Money,
    credits: Credits,
}

impl Rate {
    /// Takes a price and what it buys; `None` where either is not above zero.
    #[must_use]
    pub fn new(money: Money, credits: Credits) -> Option<Self> {
        (money.minor() > 0 && credits.is_positive()).then_some(Self { money, credits })
    }

    /// Gives the currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.money.currency()
    }

    /// Gives how much cheaper this is than a base, in whole percent, rounded to the nearest (below zero: dearer).
    #[must_use]
    pub fn discount_percent(self, base: Self) -> Option<i64> {
        if self.currency() != base.currency() {
            return None;
        }
        let ours = i128::from(self.money.minor()).checked_mul(i128::from(base.credits.micros()))?;
        let theirs = i128::from(base.money.minor()).checked_mul(i128::from(self.credits.micros()))?;
        // round(100 × (theirs − ours) ÷ theirs), halves up.
        let top = theirs.checked_sub(ours)?.checked_mul(200)?.checked_add(theirs)?;
        i64::try_from(top.checked_div_euclid(theirs.checked_mul(2)?)?).ok()
    }

    /// Writes the price of one credit in main units with at most `decimals` decimals, rounded to the nearest, without
    /// zeros at the end: `0.00476`.
    #[must_use]
    pub fn decimal(self, decimals: u32) -> String {
        self.try_decimal(decimals).unwrap_or_default()
    }

    fn try_decimal(self, decimals: u32) -> Option<String> {
        let (whole, part) = divided(self.scaled(Credits::ONE, decimals)?, decimals)?;
        let part = part.trim_end_matches('0');
        Some(if part.is_empty() { whole } else { format!("{whole}.{part}") })
    }

    /// Writes the price of one credit so that near prices can be told apart: with three significant digits and at least
    /// three decimals, six at most: `2.967`, `0.00476`.
    #[must_use]
    pub fn fine(self) -> String {
        let decimals = (3..RATE_DECIMALS).find(|decimals| self.scaled(Credits::ONE, *decimals) >= Some(100));
        self.decimal(decimals.unwrap_or(RATE_DECIMALS))
    }

    /// Writes what so many credits cost in main units, with the currency's decimals, and more where less would be no
    /// price at all: `0.18`, `0.0024`.
    #[must_use]
    pub fn cost(self, credits: Credits) -> String {
        self.try_cost(credits).unwrap_or_default()
    }

    fn try_cost(self, credits: Credits) -> Option<String> {
        let exponent = self.currency().exponent();
        let fine = (exponent..RATE_DECIMALS).find(|decimals| self.scaled(credits, *decimals) >= Some(10));
        let decimals = if credits.is_positive() { fine.unwrap_or(RATE_DECIMALS) } else { exponent };
        let (whole, mut part) = divided(self.scaled(credits, decimals)?, decimals)?;
        // Beyond the currency's own decimals a zero says nothing.
        let own = usize::try_from(exponent).ok()?;
        while part.len() > own && part.ends_with('0') {
            part.pop();
        }
        Some(if part.is_empty() { whole } else { format!("{whole}.{part}") })
    }

    /// Gives what so many credits cost, in main units × 10^decimals, rounded to the nearest.
    fn scaled(self, credits: Credits, decimals: u32) -> Option<i128> {
        // minor ÷ 10^exponent × (credits ÷ own credits) × 10^decimals
        let top = i128::from(self.money.minor()).checked_mul(i128::from(credits.micros()))?;
        let top = top.checked_mul(10_i128.checked_pow(decimals)?)?.checked_mul(2)?;
        let bottom = 10_i128.checked_pow(self.currency().exponent())?.checked_mul(i128::from(self.credits.micros()))?;
        top.checked_add(bottom)?.checked_div(bottom.checked_mul(2)?)
    }
}

/// Parts a number × 10^decimals into what stands before and after the point.
fn divided(scaled: i128, decimals: u32) -> Option<(String, String)> {
    let one = 10_i128.checked_pow(decimals)?;
    let (whole, part) = (scaled.checked_div(one)?, scaled.checked_rem(one)?);
    let width = usize::try_from(decimals).ok()?;
    let part = if decimals == 0 { String::new() } else { format!("{part:0width$}") };
    Some((whole.to_string(), part))
}

impl fmt::Display for Rate {
    /// Writes `0.00476 USD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(6), self.currency())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(money: &str, credits: &str) -> Rate {
        let money = Money::parse(money, Currency::USD).expect("money");
        Rate::new(money, credits.parse().expect("credits")).expect("above zero")
    }

    #[test]
    fn discounts_are_the_ones_that_neural_draft_states() {
        let (hobby, build, scale) = (rate("25", "5000"), rate("119", "25000"), rate("399", "100000"));
        assert_eq!(
            (hobby.decimal(6), build.decimal(6), scale.decimal(6)),
            ("0.005".into(), "0.00476".into(), "0.00399".into())
        );
        assert_eq!(build.discount_percent(hobby), Some(5));
        assert_eq!(scale.discount_percent(hobby), Some(20));
        assert_eq!(hobby.discount_percent(hobby), Some(0));
        assert_eq!(scale.discount_percent(build), Some(16));
    }

    #[test]
    fn near_prices_of_a_credit_can_be_told_apart() {
        let cases = [
            (("25", "5000"), "0.005"),
            (("119", "25000"), "0.00476"),
            (("399", "100000"), "0.00399"),
            (("890", "300"), "2.967"),
            (("100", "12000"), "0.00833"),
            (("3.50", "100"), "0.035"),
            (("1", "1"), "1"),
            (("0.01", "100000"), "0"),
        ];
        for ((money, credits), shown) in cases {
            assert_eq!(rate(money, credits).fine(), shown, "{money} for {credits}");
        }
    }

    #[test]
    fn credits_cost_money_at_a_rate() {
        let cost = |rate: Rate, credits: &str| rate.cost(credits.parse().expect("credits"));
        let pro = rate("18.50", "700");
        assert_eq!((cost(pro, "7"), cost(pro, "13"), cost(pro, "700")), ("0.19".into(), "0.34".into(), "18.50".into()));
        assert_eq!((cost(rate("1", "1"), "0.024"), cost(rate("1", "1"), "10")), ("0.024".into(), "10.00".into()));
        assert_eq!((cost(rate("25", "5000"), "1"), cost(rate("25", "5000"), "0")), ("0.005".into(), "0.00".into()));
        assert_eq!(cost(rate("1", "1"), "0.000001"), "0.000001");
    }
}
