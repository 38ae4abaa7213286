//! The settings of a catalog: every point where the five systems differ.

use serde::{Deserialize, Serialize};

use super::{Brand, Interval, Rate, UnitName};
use crate::ledger::{CustomerFailure, Rules};
use crate::money::{Credits, Currency, Money};

/// Where one deployment differs from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the platform is called.
    pub name: String,
    /// What the wallet counts in.
    pub unit: UnitName,
    /// The currencies that prices are in; the first is the default.
    pub currencies: Vec<Currency>,
    /// Prices are rounded up to whole steps.
    pub rounding_step: Credits,
    /// How credits are bought.
    pub top_up: TopUp,
    /// When a plan's monthly credits expire.
    pub allowance_expiry: Expiry,
    /// When bought credits expire.
    pub top_up_expiry: Expiry,
    /// How billing dates run; none where there are no plans.
    pub billing_dates: Option<BillingDates>,
    /// The intervals that plans are paid in.
    #[serde(default)]
    pub intervals: Vec<Interval>,
    /// What a job costs that failed for the customer's reasons.
    pub customer_failure: FailurePolicy,
    /// Whether customers' keys may pay back their own charges, and release their own holds for the platform's reasons.
    /// Without it only the platform's service keys and staff do.
    #[serde(default)]
    pub(crate) customer_credit_back: bool,
    /// Whether low wallets fill themselves.
    pub auto_top_up: AutoTopUp,
    /// After so many months without a debit, spending waits for the owner; none: never.
    pub inactivity_months: Option<u16>,
    /// A rise of a price takes effect no earlier than this after its announcement.
    pub notice_days: u16,
    /// The alert comes when less than this part of the last refill is left.
    pub low_alert_percent: u8,
    /// What a webhook retry costs that follows an answer other than 2xx.
    pub(crate) webhook_retry_fee: Credits,
    /// How often a webhook is tried again.
    pub(crate) webhook_retries: u8,
    /// What API keys begin with.
    pub(crate) key_prefix: String,
    /// Which credits go first.
    pub(crate) burn_order: BurnOrder,
    /// Which bought credits can be given back for money; none: by hand only.
    pub refund: Option<RefundPolicy>,
    /// How long a locked quote holds.
    pub quote_minutes: u16,
    /// How many days of real charges a rehearsal rates again.
    pub rehearsal_days: u16,
    /// Upstream costs are looked at again after so many days.
    pub(crate) upstream_review_days: u16,
    /// What an invitation brings; none: nobody is rewarded for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<ReferralReward>,
    /// What the preview environments of projects may do, and what they get.
    #[serde(default, skip_serializing_if = "PreviewRules::is_plain")]
    pub preview: PreviewRules,
    /// How the platform looks, and where its customers reach it.
    #[serde(default, skip_serializing_if = "Brand::is_plain")]
    pub brand: Brand,
}

impl Settings {
    /// Gives what the ledger's decisions follow. Priorities, ends and prices are not among them: a grant or a receipt
    /// brings its own with it.
    #[must_use]
    pub(crate) const fn ledger_rules(&self) -> Rules {
        let customer_failure = match self.customer_failure {
            FailurePolicy::Free => CustomerFailure::Free,
            FailurePolicy::ChargedOnce => CustomerFailure::ChargedOnce,
        };
        Rules {
            inactivity_months: self.inactivity_months,
            customer_failure,
            customer_credit_back: self.customer_credit_back,
            step: Some(self.rounding_step),
            swept_until: None,
        }
    }
}

/// What the preview environments of projects may do, and what they get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewRules {
    /// Whether preview keys only make content (`content:*`), whatever else they were given.
    #[serde(default)]
    pub content_only: bool,
    /// The part of each month's plan credits that is moved to the preview wallet, from 0 to 100 percent.
    #[serde(default)]
    pub allowance_percent: u8,
}

impl PreviewRules {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What an invitation brings once who was invited has paid for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferralReward {
    /// What the account gets that invited.
    pub credits_referrer: Credits,
    /// What the account gets that was invited.
    pub credits_invited: Credits,
    /// How many invitations of one account are rewarded in a calendar month (UTC).
    #[serde(default = "ReferralReward::monthly_limit")]
    pub monthly_limit: u16,
}

impl ReferralReward {
    /// Gives the limit that holds where nothing is said.
    const fn monthly_limit() -> u16 {
        20
    }
}

/// How credits are bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopUp {
    /// Packages may be bought.
    pub packages: bool,
    /// Any amount may be bought, at a base rate; none: packages only.
    pub free_amount: Option<FreeAmount>,
}

/// Buying any amount at a base rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeAmount {
    /// The least amount.
    pub min: Credits,
    /// The most.
    pub max: Credits,
    /// How many credits the prices below are for.
    pub credits: Credits,
    /// What they cost, by currency.
    #[serde(alias = "price")]
    #[cfg_attr(feature = "postgres", serde(with = "crate::money::notation::prices"))]
    pub prices: Vec<Money>,
}

impl FreeAmount {
    /// Prices an amount in a currency, rounded up to the minor unit; `None` for another currency or an overflow.
    #[must_use]
    pub fn price(&self, amount: Credits, currency: Currency) -> Option<Money> {
        let price = self.prices.iter().find(|price| price.currency() == currency)?;
        let per = i128::from(self.credits.micros());
        let top = i128::from(price.minor()).checked_mul(i128::from(amount.micros()))?;
        let rest = i128::from(top.checked_rem(per)? > 0);
        let minor = top.checked_div(per)?.checked_add(rest)?;
        Some(Money::from_minor(i64::try_from(minor).ok()?, currency))
    }

    /// Gives the price of one credit.
    #[must_use]
    pub fn rate(&self, currency: Currency) -> Option<Rate> {
        let price = self.prices.iter().find(|price| price.currency() == currency)?;
        Rate::new(*price, self.credits)
    }
}

/// When credits expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// Never.
    Never,
    /// Never while the project is active.
    NeverWhileActive,
    /// At the end of the billing period.
    PeriodEnd,
    /// So many months after they came.
    Months(u16),
}

/// How billing dates run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingDates {
    /// On the day of the month of signing up.
    Anniversary,
    /// On the first of each month.
    CalendarMonth,
}

impl BillingDates {
    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Anniversary => "anniversary",
            Self::CalendarMonth => "calendar_month",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Anniversary, Self::CalendarMonth].into_iter().find(|dates| dates.code() == code)
    }
}

/// What a job costs that failed for the customer's reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailurePolicy {
    /// Nothing.
    Free,
    /// Its price, once.
    ChargedOnce,
}

/// Whether low wallets fill themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoTopUp {
    /// Whether, and who switches it on.
    pub mode: AutoTopUpMode,
    /// The amount that is offered first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// Who switches auto top-up on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoTopUpMode {
    /// It isn't offered.
    Off,
    /// The owner may switch it on.
    OptIn,
    /// It is on until the owner switches it off.
    On,
}

/// A class of credits in the burn order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BurnClass {
    /// A plan's monthly or one-time credits.
    Allowance,
    /// Gifts.
    Promo,
    /// Bought credits.
    TopUp,
}

/// Which credits go first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BurnOrder {
    /// By class; within one, what expires first, then what came first.
    Classes(Vec<BurnClass>),
    /// What came first.
    OldestFirst,
}

impl BurnOrder {
    /// Gives the priority of a class for a new grant: lower goes first; the same for all where age decides.
    #[must_use]
    pub(crate) fn priority(&self, class: BurnClass) -> i16 {
        match self {
            Self::OldestFirst => 0,
            Self::Classes(classes) => {
                let place = classes.iter().position(|known| *known == class).unwrap_or(classes.len());
                i16::try_from(place).unwrap_or(i16::MAX)
            }
        }
    }
}

/// Which bought credits can be given back for money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundPolicy {
    /// For so many days after the purchase.
    pub days: u16,
    /// While at most so much of it is used.
    pub max_used_percent: u8,
    /// Up to so much requests are approved without staff; none where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_up_to: Option<Money>,
}
