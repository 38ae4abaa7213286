//! Amounts as YooKassa writes them: decimal strings with two decimals, whatever the currency.

use serde::{Deserialize, Serialize};
use wallet::money::{Currency, Money};

/// The decimals of each amount.
const DECIMALS: u32 = 2;

/// An amount in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// A decimal: `449.00`.
    value: String,
    /// A three-letter code.
    currency: String,
}

impl Amount {
    /// Writes money; `None` for less than nothing and for what two decimals can't say.
    #[must_use]
    pub fn write(money: Money) -> Option<Self> {
        let (minor, exponent) = (u64::try_from(money.minor()).ok()?, money.currency().exponent());
        let hundredths = match DECIMALS.checked_sub(exponent) {
            Some(fewer) => minor.checked_mul(10_u64.checked_pow(fewer)?)?,
            None => {
                let finer = 10_u64.checked_pow(exponent.checked_sub(DECIMALS)?)?;
                minor.checked_div(finer).filter(|_| minor.is_multiple_of(finer))?
            }
        };
        let value = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        Some(Self { value, currency: money.currency().code().to_owned() })
    }

    /// Reads money; `None` for anything but an exact amount of a currency that is known, not below nothing.
    #[must_use]
    pub fn read(&self) -> Option<Money> {
        let currency: Currency = self.currency.parse().ok()?;
        Money::parse(&self.value, currency).ok().filter(|money| money.minor() >= 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every currency that YooKassa's API names, and two whose minor units are other parts of the unit.
    const CURRENCIES: [&str; 15] =
        ["RUB", "USD", "EUR", "BYN", "CNY", "KZT", "UAH", "UZS", "TRY", "INR", "MDL", "AZN", "AMD", "JPY", "KWD"];

    fn amount(value: &str, currency: &str) -> Amount {
        Amount { value: value.to_owned(), currency: currency.to_owned() }
    }

    fn written(minor: i64, currency: &str) -> Option<String> {
        Amount::write(Money::from_minor(minor, currency.parse().expect("a currency"))).map(|amount| amount.value)
    }

    #[test]
    fn amounts_have_two_decimals_in_the_currencys_own_scale() {
        assert_eq!(written(500, "RUB").as_deref(), Some("5.00"));
        assert_eq!(written(1, "RUB").as_deref(), Some("0.01"));
        assert_eq!(written(500, "JPY").as_deref(), Some("500.00"));
        assert_eq!(written(5_000, "KWD").as_deref(), Some("5.00"));
        assert_eq!(written(5_001, "KWD"), None, "two decimals can't say it");
        assert_eq!(written(-1, "RUB"), None);
        assert_eq!(written(i64::MAX, "RUB").as_deref(), Some("92233720368547758.07"));
        assert_eq!(written(i64::MAX, "JPY"), None, "it does not fit");
    }

    #[test]
    fn what_is_no_exact_amount_is_not_read() {
        for (value, currency) in
            [("5.001", "RUB"), ("-5.00", "RUB"), ("5,00", "RUB"), ("", "RUB"), ("5.00", "XXZ"), ("1e2", "RUB")]
        {
            assert_eq!(amount(value, currency).read(), None, "{value} {currency}");
        }
        assert_eq!(amount("5.00", "RUB").read(), Some(Money::from_minor(500, Currency::RUB)));
        assert_eq!(amount("5", "RUB").read(), Some(Money::from_minor(500, Currency::RUB)));
    }

    proptest! {
        #[test]
        fn amounts_come_back_as_they_were_sent(minor in 0..=90_000_000_000_000_i64, which in 0..CURRENCIES.len()) {
            let currency: Currency = CURRENCIES[which].parse().expect("a currency");
            let money = Money::from_minor(minor, currency);
            match Amount::write(money) {
                Some(amount) => {
                    let (_, decimals) = amount.value.split_once('.').expect("a point");
                    prop_assert_eq!(decimals.len(), 2);
                    prop_assert_eq!(amount.read(), Some(money));
                }
                None => prop_assert!(currency.exponent() > 2 && minor % 10 != 0, "{}", money),
            }
        }
    }
}
