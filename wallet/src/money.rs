//! Credits and money: integers with private fields and checked arithmetic only.

#[cfg(feature = "postgres")]
pub(crate) mod notation;
mod typed;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use typed::{Readings, TypedError, read_amount};

/// Micro-credits in one credit.
pub(crate) const MICROS_PER_CREDIT: i64 = 1_000_000;

/// An amount of credits, in whole micro-credits (1 credit = 1 000 000), from −9.2e12 to 9.2e12 credits.
///
/// The scale is fixed for good: the smallest price of the sources is 0.02 credit for a webhook retry,
/// and 10 credits for a million characters is 10 micro-credits each.
///
/// JSON has the number of micro-credits; a preset's file, which only the server reads, has decimals (`notation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(not(feature = "postgres"), derive(Serialize, Deserialize), serde(transparent))]
pub struct Credits(i64);

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// One credit.
    pub const ONE: Self = Self(MICROS_PER_CREDIT);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// Takes an amount in micro-credits.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Takes an amount in whole credits; `None` where it does not fit.
    #[must_use]
    pub const fn from_whole(credits: i64) -> Option<Self> {
        match credits.checked_mul(MICROS_PER_CREDIT) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Gives the amount in micro-credits.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Adds; `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Subtracts; `None` on overflow.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Multiplies by a count; `None` on overflow.
    #[must_use]
    pub(crate) const fn checked_mul(self, count: i64) -> Option<Self> {
        match self.0.checked_mul(count) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Turns the sign; `None` for the one value that has no opposite.
    #[must_use]
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Sums amounts; `None` on overflow.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Says whether the amount is nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Says whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Says whether an amount consists of whole steps; every amount does where a step is nothing.
    #[must_use]
    pub(crate) const fn is_in_steps_of(self, step: Self) -> bool {
        !step.is_positive() || matches!(self.0.checked_rem(step.0), Some(0))
    }

    /// Rounds an amount that is not below zero down to whole steps; it stays as it is where a step is nothing.
    #[must_use]
    pub(crate) fn down_to_steps_of(self, step: Self) -> Self {
        let rest = Self(self.0.checked_rem(step.0).filter(|_| step.is_positive()).unwrap_or(0));
        self.checked_sub(rest).unwrap_or(self)
    }

    /// Rounds an amount that is not below zero up to whole steps; `None` on overflow.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub(crate) fn up_to_steps_of(self, step: Self) -> Option<Self> {
        if self.is_in_steps_of(step) { Some(self) } else { self.down_to_steps_of(step).checked_add(step) }
    }

    /// Says whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl fmt::Display for Credits {
    /// Writes the exact amount as a plain decimal: `37`, `0.02`, `-12.5`. For logs, REST and CSV; people get
    /// their locale's form from the app's `Amount`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.unsigned_abs();
        let (whole, part) = (micros / MICROS_PER_CREDIT.unsigned_abs(), micros % MICROS_PER_CREDIT.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        if part == 0 {
            write!(f, "{sign}{whole}")
        } else {
            let part = format!("{part:06}");
            write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
        }
    }
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AmountError {
    /// Not digits with an optional sign and point.
    #[error("not a number")]
    NotANumber,
    /// More decimals than the unit has.
    #[error("too many decimals")]
    TooPrecise,
    /// Outside what 64 bits hold.
    #[error("too large")]
    TooLarge,
}

/// Parses a plain decimal into an integer with `exponent` decimals, exactly.
fn parse_decimal(text: &str, exponent: u32) -> Result<i64, AmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(part) || (digits.contains('.') && part.is_empty()) {
        return Err(AmountError::NotANumber);
    }
    let part = part.trim_end_matches('0');
    let decimals = u32::try_from(part.len()).map_err(|_| AmountError::TooPrecise)?;
    let missing = exponent.checked_sub(decimals).ok_or(AmountError::TooPrecise)?;
    let scale = 10_i64.checked_pow(missing).ok_or(AmountError::TooLarge)?;
    let digits: i64 = format!("{whole}{part}").parse().map_err(|_| AmountError::TooLarge)?;
    let value = digits.checked_mul(scale).ok_or(AmountError::TooLarge)?;
    if negative { value.checked_neg().ok_or(AmountError::TooLarge) } else { Ok(value) }
}

impl FromStr for Credits {
    type Err = AmountError;

    /// Reads a plain decimal with at most six decimals.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        parse_decimal(text, 6).map(Self)
    }
}

/// An ISO 4217 currency; knows its own number of decimals (RUB 2, JPY 0, KWD 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Russian rouble.
    pub const RUB: Self = Self(iso_currency::Currency::RUB);
    /// US dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);

    /// Gives the three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Gives the number of decimals of the currency's minor unit.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(code: &str) -> Result<Self, AmountError> {
        iso_currency::Currency::from_code(code).map(Self).ok_or(AmountError::NotANumber)
    }
}

/// An amount of money in the currency's minor unit (kopecks, cents).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(not(feature = "postgres"), derive(Serialize, Deserialize))]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// Takes an amount in minor units.
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a plain decimal with at most the currency's decimals.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        parse_decimal(text, currency.exponent()).map(|minor| Self { minor, currency })
    }

    /// Gives the amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Gives the currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Adds; `None` on overflow or for another currency.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self { minor: self.minor.checked_add(other.minor)?, currency: self.currency })
    }
}

impl fmt::Display for Money {
    /// Writes the exact amount and its currency: `449.00 RUB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        let scale = 10_u64.pow(exponent);
        let minor = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        if exponent == 0 {
            return write!(f, "{sign}{minor} {}", self.currency);
        }
        let width = usize::try_from(exponent).unwrap_or(0);
        write!(f, "{sign}{}.{:0width$} {}", minor / scale, minor % scale, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credits_read_and_write_exactly() {
        for (text, micros) in [("0", 0), ("37", 37_000_000), ("0.02", 20_000), ("-12.5", -12_500_000), ("0.000001", 1)]
        {
            let credits: Credits = text.parse().expect(text);
            assert_eq!(credits.micros(), micros);
            assert_eq!(credits.to_string(), text);
        }
    }

    #[test]
    fn credits_refuse_what_they_cannot_hold() {
        for text in ["", "-", ".", "1.", ".5", "1e3", "NaN", "１", "+1", " 1", "0x1"] {
            assert_eq!(text.parse::<Credits>(), Err(AmountError::NotANumber), "{text:?}");
        }
        assert_eq!("0.0000001".parse::<Credits>(), Err(AmountError::TooPrecise));
        assert_eq!("9223372036855".parse::<Credits>(), Err(AmountError::TooLarge));
    }

    #[test]
    fn money_knows_the_decimals_of_its_currency() {
        let yen: Currency = "JPY".parse().expect("a currency");
        let dinar: Currency = "KWD".parse().expect("a currency");
        assert_eq!(Money::parse("449", Currency::RUB).map(Money::minor), Ok(44_900));
        assert_eq!(Money::from_minor(44_900, Currency::RUB).to_string(), "449.00 RUB");
        assert_eq!(Money::from_minor(-5, Currency::USD).to_string(), "-0.05 USD");
        assert_eq!(Money::parse("500", yen).map(Money::minor), Ok(500));
        assert_eq!(Money::parse("0.5", yen), Err(AmountError::TooPrecise));
        assert_eq!(Money::parse("1.234", dinar).map(Money::minor), Ok(1_234));
    }

    proptest! {
        #[test]
        fn credits_survive_their_own_text(micros in i64::MIN + 1..=i64::MAX) {
            let credits = Credits::from_micros(micros);
            prop_assert_eq!(credits.to_string().parse::<Credits>(), Ok(credits));
        }
    }
}
