//! The file as it is written, before it is checked. Amounts are whole numbers or decimals in quotes: a bare decimal
//! would pass through a float, and a price must be exact.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, Visitor};
use toml::Spanned;

use crate::catalog::{
    AutoTopUpMode, BillingDates, BurnOrder, Expiry, FailurePolicy, Interval, PlanFeatures, RefundPolicy, UnitName,
};
use crate::money::{Credits, Currency};
use crate::tariff::{Axis, Category, ModifierOption, OptionGate, Quantity};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) preset: Spanned<String>,
    pub(super) settings: Settings,
    #[serde(default, rename = "plan")]
    pub(super) plans: Vec<Plan>,
    #[serde(default, rename = "package")]
    pub(super) packages: Vec<Package>,
    #[serde(default, rename = "add_on")]
    pub(super) add_ons: Vec<AddOn>,
    #[serde(default, rename = "metered")]
    pub(super) metered: Vec<Metered>,
    #[serde(default, rename = "operation")]
    pub(super) operations: Vec<Operation>,
}

/// A price list: a preset of which only the operations count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    #[serde(default, rename = "preset")]
    _preset: IgnoredAny,
    #[serde(default, rename = "settings")]
    _settings: IgnoredAny,
    #[serde(default, rename = "plan")]
    _plans: IgnoredAny,
    #[serde(default, rename = "package")]
    _packages: IgnoredAny,
    #[serde(default, rename = "add_on")]
    _add_ons: IgnoredAny,
    #[serde(default, rename = "metered")]
    _metered: IgnoredAny,
    #[serde(rename = "operation")]
    pub(super) operations: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) name: Spanned<String>,
    pub(super) unit: Spanned<UnitName>,
    pub(super) currencies: Spanned<Vec<Currency>>,
    pub(super) rounding_step: Spanned<Amount>,
    pub(super) top_up: TopUp,
    pub(super) allowance_expiry: Expiry,
    pub(super) top_up_expiry: Spanned<Expiry>,
    pub(super) billing_dates: Option<BillingDates>,
    #[serde(default)]
    pub(super) intervals: Vec<Interval>,
    pub(super) customer_failure: FailurePolicy,
    #[serde(default)]
    pub(super) customer_credit_back: bool,
    pub(super) auto_top_up: AutoTopUp,
    pub(super) inactivity_months: Option<u16>,
    pub(super) notice_days: u16,
    pub(super) low_alert_percent: Spanned<u8>,
    pub(super) webhook_retry_fee: Spanned<Amount>,
    pub(super) webhook_retries: u8,
    pub(super) key_prefix: Spanned<String>,
    pub(super) burn_order: BurnOrder,
    pub(super) refund: Option<RefundPolicy>,
    pub(super) quote_minutes: Spanned<u16>,
    pub(super) rehearsal_days: Spanned<u16>,
    pub(super) upstream_review_days: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopUp {
    pub(super) packages: bool,
    pub(super) free_amount: Option<FreeAmount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreeAmount {
    pub(super) min: Spanned<Amount>,
    pub(super) max: Spanned<Amount>,
    pub(super) credits: Spanned<Amount>,
    pub(super) price: Prices,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AutoTopUp {
    pub(super) mode: AutoTopUpMode,
    pub(super) amount: Option<Prices>,
}

/// Prices by currency: `{ RUB = 249, USD = "2.90" }`.
pub(super) type Prices = BTreeMap<Spanned<String>, Spanned<Amount>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) code: Spanned<String>,
    pub(super) name: Spanned<String>,
    pub(super) rank: Spanned<i32>,
    #[serde(default)]
    pub(super) month: Prices,
    #[serde(default)]
    pub(super) year: Prices,
    pub(super) monthly_credits: Option<Spanned<Amount>>,
    pub(super) one_time_credits: Option<Spanned<Amount>>,
    #[serde(default)]
    pub(super) custom: bool,
    #[serde(default)]
    pub(super) features: PlanFeatures,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) code: Spanned<String>,
    pub(super) name: Spanned<String>,
    pub(super) credits: Spanned<Amount>,
    pub(super) price: Spanned<Prices>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddOn {
    pub(super) code: Spanned<String>,
    pub(super) name: Spanned<String>,
    pub(super) monthly_credits: Spanned<Amount>,
    pub(super) summary: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metered {
    pub(super) code: Spanned<String>,
    pub(super) name: Spanned<String>,
    pub(super) unit: String,
    #[serde(default)]
    pub(super) included: u32,
    pub(super) monthly_credits: Spanned<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub(super) code: Spanned<String>,
    pub(super) name: String,
    pub(super) category: Category,
    pub(super) unit: String,
    pub(super) supplier: Option<String>,
    pub(super) upstream_cost: Option<Cost>,
    pub(super) minimum_plan: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) gates: Vec<Spanned<OptionGate>>,
    pub(super) flat: Option<Spanned<Amount>>,
    pub(super) per_unit: Option<Spanned<PerUnit>>,
    pub(super) graduated: Option<Spanned<Tiered>>,
    pub(super) volume: Option<Spanned<Tiered>>,
    pub(super) matrix: Option<Spanned<Matrix>>,
    pub(super) range: Option<Spanned<Range>>,
    pub(super) composite: Option<Spanned<Composite>>,
    pub(super) sum: Option<Spanned<Sum>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cost {
    pub(super) amount: Spanned<Amount>,
    pub(super) per: Option<i64>,
    pub(super) currency: Currency,
    pub(super) review_on: Option<chrono::NaiveDate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PerUnit {
    pub(super) meters: Vec<Meter>,
    pub(super) minimum: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meter {
    pub(super) param: String,
    #[serde(default = "one")]
    pub(super) per: i64,
    pub(super) default: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) price: Amount,
}

const fn one() -> i64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tiered {
    pub(super) quantity: Quantity,
    pub(super) tiers: Vec<Tier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tier {
    pub(super) up_to: Option<i64>,
    pub(super) price: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matrix {
    pub(super) axes: Vec<Axis>,
    pub(super) cells: Vec<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) min: Amount,
    pub(super) max: Amount,
    pub(super) param: String,
    pub(super) default: Option<String>,
    pub(super) levels: Vec<Level>,
    #[serde(default)]
    pub(super) modifiers: Vec<Modifier>,
    pub(super) quantity: Option<Quantity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Level {
    pub(super) value: String,
    pub(super) price: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modifier {
    pub(super) param: String,
    pub(super) options: Vec<ModifierOption>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Composite {
    pub(super) base: Amount,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) surcharges: Vec<Surcharge>,
    #[serde(default)]
    pub(super) targets: Vec<PerTarget>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Surcharge {
    pub(super) param: String,
    pub(super) options: Vec<SurchargeOption>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SurchargeOption {
    pub(super) value: String,
    pub(super) credits: Amount,
    #[serde(default)]
    pub(super) label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PerTarget {
    pub(super) param: String,
    pub(super) credits: Amount,
    pub(super) max: i64,
    #[serde(default)]
    pub(super) label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    pub(super) parts: Vec<Part>,
    #[serde(default)]
    pub(super) shared: Vec<String>,
    pub(super) select: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) key: String,
    pub(super) operation: Spanned<String>,
}

/// An amount as plain decimal text, not negative: `2`, `"0.024"`.
#[derive(Clone, Debug)]
pub(super) struct Amount(pub(super) String);

impl Amount {
    /// Reads it as credits.
    pub(super) fn credits(&self) -> Credits {
        // The text was read as credits when the file was parsed.
        self.0.parse().unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount that is not negative: a whole number (2) or a decimal in quotes (\"0.024\")")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Amount, E> {
        Err(E::custom(format!("{value} is a bare decimal; write it in quotes, \"{value}\", so that it stays exact")))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Amount, E> {
        match value.parse::<Credits>() {
            Ok(credits) if credits.is_negative() => {
                Err(E::custom(format!("{value} is negative; an amount is 0 or more")))
            }
            Ok(_) => Ok(Amount(value.to_owned())),
            Err(error) => {
                let expected =
                    "expected a whole number (2) or a decimal in quotes with at most six decimals (\"0.024\")";
                Err(E::custom(format!("“{value}” is {error}; {expected}")))
            }
        }
    }
}
