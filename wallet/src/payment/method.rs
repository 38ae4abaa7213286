//! Ways to pay: what a buyer chooses between, and the methods that were saved.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::provider::{AmountLimits, MethodKind};
use crate::id::PaymentMethodId;
use crate::money::Money;

/// The way to pay that a buyer has chosen: `stripe.card`, or `saved.` and the id of a saved method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PayWith {
    /// On the provider's page.
    New {
        /// The provider's name.
        provider: String,
        /// The kind of method.
        kind: MethodKind,
    },
    /// With a saved method, at once.
    Saved(PaymentMethodId),
}

/// Why a text names no way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no way to pay has this name")]
pub struct PayWithError;

impl fmt::Display for PayWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { provider, kind } => write!(f, "{provider}.{}", kind.code()),
            Self::Saved(method) => write!(f, "saved.{method}"),
        }
    }
}

impl FromStr for PayWith {
    type Err = PayWithError;

    fn from_str(text: &str) -> Result<Self, PayWithError> {
        let (provider, kind) = text.split_once('.').ok_or(PayWithError)?;
        if provider == "saved" {
            return kind.parse().map(Self::Saved).map_err(|_| PayWithError);
        }
        let is_name = (1..=32).contains(&provider.len()) && provider.bytes().all(|byte| byte.is_ascii_lowercase());
        let kind = MethodKind::from_code(kind).filter(|_| is_name).ok_or(PayWithError)?;
        Ok(Self::New { provider: provider.to_owned(), kind })
    }
}

impl TryFrom<String> for PayWith {
    type Error = PayWithError;

    fn try_from(text: String) -> Result<Self, PayWithError> {
        text.parse()
    }
}

impl From<PayWith> for String {
    fn from(with: PayWith) -> Self {
        with.to_string()
    }
}

/// A way to pay on a provider's page that is offered to a buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayOption {
    /// The provider's name.
    pub provider: String,
    /// The kind of method.
    pub kind: MethodKind,
    /// Whether no real money moves.
    pub is_test: bool,
    /// Whether the provider has answered when it was last asked.
    pub is_answering: bool,
    /// Whether a method can be saved with a payment.
    pub saves: bool,
    /// Whether a method can be saved without a payment.
    pub adds: bool,
    /// The amounts that it takes in the currency that was asked about.
    pub limits: AmountLimits,
}

impl PayOption {
    /// Gives the choice that it stands for.
    #[must_use]
    pub fn with(&self) -> PayWith {
        PayWith::New { provider: self.provider.clone(), kind: self.kind }
    }
}

/// A saved way to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// Which one.
    pub id: PaymentMethodId,
    /// The provider's name.
    pub provider: String,
    /// What it is.
    pub kind: MethodKind,
    /// The card's brand, as the provider writes it.
    pub brand: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// The last month in which the card can be charged: year, and month from 1.
    pub expires: Option<(u16, u8)>,
    /// The method, for people: `Visa •• 4242`.
    pub label: String,
    /// Whether it is the one that is offered first.
    pub is_default: bool,
    /// Whether the account's plan is paid with it.
    pub pays_plan: bool,
    /// Whether auto top-up charges it.
    #[serde(default)]
    pub pays_auto_top_up: bool,
    /// Whether its provider takes no real money.
    pub is_test: bool,
    /// When it was saved.
    pub created_at: DateTime<Utc>,
}

/// How near a card's end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CardTerm {
    /// It can be charged for more than a month.
    Valid,
    /// It ends this month or next month.
    Expiring,
    /// It is over.
    Expired,
}

impl PaymentMethod {
    /// Says how near its end is. A card can be charged until the last day of its month.
    #[must_use]
    pub fn term(&self, now: DateTime<Utc>) -> CardTerm {
        term(self.expires, now)
    }
}

/// Says how near the end of a card is that ends with a month.
#[must_use]
pub(crate) fn term(expires: Option<(u16, u8)>, now: DateTime<Utc>) -> CardTerm {
    let Some((year, month)) = expires else { return CardTerm::Valid };
    let months = |year: i32, month: u32| i64::from(year).saturating_mul(12).saturating_add(i64::from(month));
    let left = months(i32::from(year), u32::from(month)).saturating_sub(months(now.year(), now.month()));
    match left {
        ..0 => CardTerm::Expired,
        0..=1 => CardTerm::Expiring,
        _ => CardTerm::Valid,
    }
}

/// A page where a method is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSetup {
    /// The method that will be.
    pub id: PaymentMethodId,
    /// Where to go, while it is open.
    pub url: Option<String>,
    /// Whether the method is saved.
    pub is_saved: bool,
    /// Why nothing was saved, as a code.
    pub failure: Option<String>,
}

/// Why a provider does not take an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountRefused {
    /// It is below the least.
    Below(Money),
    /// It is above the most.
    Above(Money),
}

/// Compares an amount with what a provider takes.
pub(crate) fn within(limits: AmountLimits, money: Money) -> Result<(), AmountRefused> {
    let of = |minor| Money::from_minor(minor, money.currency());
    match (limits.min, limits.max) {
        (Some(min), _) if money.minor() < min => Err(AmountRefused::Below(of(min))),
        (_, Some(max)) if money.minor() > max => Err(AmountRefused::Above(of(max))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::money::Currency;

    #[test]
    fn choices_are_read_as_they_are_written() {
        let saved = PayWith::Saved(PaymentMethodId::new());
        let new = PayWith::New { provider: "yookassa".into(), kind: MethodKind::YooMoney };
        for with in [saved, new] {
            assert_eq!(with.to_string().parse(), Ok(with));
        }
        for wrong in ["", "stripe", "stripe.", ".card", "stripe.cheque", "saved.1", "Stripe.card", "saved.", "a b.card"]
        {
            assert_eq!(wrong.parse::<PayWith>(), Err(PayWithError), "{wrong}");
        }
    }

    #[test]
    fn a_card_can_be_charged_until_its_month_is_over() {
        let at = |month, day| Utc.with_ymd_and_hms(2026, month, day, 12, 0, 0).single().expect("a day");
        for (expires, expected) in [
            (None, CardTerm::Valid),
            (Some((2026, 10)), CardTerm::Expired),
            (Some((2026, 11)), CardTerm::Expiring),
            (Some((2026, 12)), CardTerm::Expiring),
            (Some((2027, 1)), CardTerm::Valid),
        ] {
            assert_eq!(term(expires, at(11, 30)), expected, "{expires:?}");
        }
        assert_eq!(term(Some((2027, 1)), at(12, 1)), CardTerm::Expiring);
    }

    #[test]
    fn amounts_are_taken_from_the_least_to_the_most() {
        let limits = AmountLimits { min: Some(50), max: Some(99) };
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        assert_eq!(within(limits, usd(49)), Err(AmountRefused::Below(usd(50))));
        assert_eq!((within(limits, usd(50)), within(limits, usd(99))), (Ok(()), Ok(())));
        assert_eq!(within(limits, usd(100)), Err(AmountRefused::Above(usd(99))));
        assert_eq!(within(AmountLimits::default(), usd(1)), Ok(()));
    }
}
