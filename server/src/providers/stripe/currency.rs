//! Amounts as Stripe has them: the one place where a currency's decimals at Stripe are known.

use wallet::money::{Currency, Money};
use wallet::payment::AmountLimits;

/// Currencies that Stripe takes by card, as <https://docs.stripe.com/currencies> lists them.
const TAKEN: [&str; 135] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD", "BND",
    "BOB", "BRL", "BSD", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CVE", "CZK", "DJF",
    "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD",
    "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KRW", "KWD",
    "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MUR", "MVR",
    "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR",
    "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SEK", "SGD", "SHP", "SOS", "SRD", "SZL",
    "THB", "TJS", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VND", "VUV", "WST",
    "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
];
/// Currencies that Stripe counts in whole units.
const NO_DECIMALS: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Currencies that Stripe counts in thousandths, of which the last digit is always 0.
const THREE_DECIMALS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// Currencies without decimals that Stripe counts in hundredths all the same; both are always 0.
const TWO_ZEROS: [&str; 2] = ["ISK", "UGX"];

/// The least that Stripe charges, in Stripe's unit. Other currencies have the account's own least, converted by the
/// rate of the day, which nobody can know before.
const LEAST: [(&str, i64); 24] = [
    ("AED", 200),
    ("AUD", 50),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17500),
    ("INR", 50),
    ("JPY", 50),
    ("MXN", 1000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("THB", 1000),
    ("USD", 50),
    ("COP", 200_000),
];
/// The most that Stripe charges, in Stripe's unit: eight digits.
const MOST: i64 = 99_999_999;

/// Lists the currencies that Stripe takes.
#[must_use]
pub fn taken() -> Vec<Currency> {
    TAKEN.iter().filter_map(|code| code.parse().ok()).collect()
}

/// Says how many decimals Stripe's amounts of a currency have.
fn decimals(code: &str) -> u32 {
    match code {
        code if NO_DECIMALS.contains(&code) => 0,
        code if THREE_DECIMALS.contains(&code) => 3,
        _ => 2,
    }
}

/// Gives the step of Stripe's amounts: others are refused.
fn step(code: &str) -> i64 {
    match code {
        code if THREE_DECIMALS.contains(&code) => 10,
        code if TWO_ZEROS.contains(&code) => 100,
        _ => 1,
    }
}

/// How an amount of ours becomes one of Stripe's.
enum Scale {
    /// Ours, so many times.
    Up(i64),
    /// Ours, divided without a rest.
    Down(i64),
}

fn scale(currency: Currency) -> Scale {
    let (ours, theirs) = (currency.exponent(), decimals(currency.code()));
    if theirs >= ours { Scale::Up(10_i64.pow(theirs - ours)) } else { Scale::Down(10_i64.pow(ours - theirs)) }
}

/// Writes an amount as Stripe has it; `None` where Stripe has no such amount or not the currency.
#[must_use]
pub fn to_stripe(money: Money) -> Option<i64> {
    let code = money.currency().code();
    if !TAKEN.contains(&code) {
        return None;
    }
    let amount = match scale(money.currency()) {
        Scale::Up(by) => money.minor().checked_mul(by)?,
        Scale::Down(by) if money.minor() % by == 0 => money.minor() / by,
        Scale::Down(_) => return None,
    };
    (amount % step(code) == 0).then_some(amount)
}

/// Reads an amount of Stripe's; `None` where it is no whole number of the currency's own minor unit.
#[must_use]
pub fn from_stripe(amount: i64, currency: Currency) -> Option<Money> {
    let minor = match scale(currency) {
        Scale::Up(by) if amount % by == 0 => amount / by,
        Scale::Up(_) => return None,
        Scale::Down(by) => amount.checked_mul(by)?,
    };
    Some(Money::from_minor(minor, currency))
}

/// Gives Stripe's name of a currency.
#[must_use]
pub fn name(currency: Currency) -> stripe_types::Currency {
    let Ok(name) = currency.code().to_ascii_lowercase().parse::<stripe_types::Currency>();
    name
}

/// Reads Stripe's name of a currency.
#[must_use]
pub fn named(currency: &stripe_types::Currency) -> Option<Currency> {
    currency.to_string().to_ascii_uppercase().parse().ok()
}

/// Gives the amounts that Stripe takes, in the currency's own minor unit.
#[must_use]
pub fn limits(currency: Currency) -> AmountLimits {
    let code = currency.code();
    if !TAKEN.contains(&code) {
        return AmountLimits::default();
    }
    let least = LEAST.iter().find(|(known, _)| *known == code).map(|(_, amount)| *amount);
    let most = MOST - MOST % step(code);
    match scale(currency) {
        Scale::Up(by) => AmountLimits { min: least.map(|amount| amount.div_euclid(by)), max: Some(most / by) },
        Scale::Down(by) => AmountLimits { min: least.map(|amount| amount * by), max: Some(most * by) },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        let (amount, code) = text.split_once(' ').expect("an amount and a code");
        Money::parse(amount, code.parse().expect("a currency")).expect("an amount")
    }

    #[test]
    fn amounts_are_written_in_stripes_unit() {
        for (text, amount) in [
            ("5 USD", Some(500)),
            ("500 JPY", Some(500)),
            ("1.230 KWD", Some(1_230)),
            ("1.234 KWD", None),
            ("5 ISK", Some(500)),
            ("5 UGX", Some(500)),
            ("500 MGA", Some(500)),
            ("0.50 MGA", None),
            ("449 RUB", Some(44_900)),
            ("10.45 HUF", Some(1_045)),
        ] {
            assert_eq!(to_stripe(money(text)), amount, "{text}");
        }
        assert_eq!(to_stripe(Money::from_minor(i64::MAX, "ISK".parse().expect("a currency"))), None);
        assert_eq!(to_stripe(money("5 CUP")), None, "Stripe does not take it");
        assert_eq!(from_stripe(550, "ISK".parse().expect("a currency")), None);
    }

    #[test]
    fn every_currency_is_known_by_both() {
        assert_eq!(taken().len(), TAKEN.len());
        for currency in taken() {
            assert_eq!(named(&name(currency)), Some(currency));
        }
        for code in NO_DECIMALS.iter().chain(&THREE_DECIMALS).chain(&TWO_ZEROS) {
            assert!(TAKEN.contains(code), "{code}");
        }
    }

    #[test]
    fn limits_are_in_the_currencys_own_unit() {
        let of = |code: &str| {
            let limits = limits(code.parse().expect("a currency"));
            (limits.min, limits.max)
        };
        assert_eq!(of("USD"), (Some(50), Some(99_999_999)));
        assert_eq!(of("GBP"), (Some(30), Some(99_999_999)));
        assert_eq!(of("JPY"), (Some(50), Some(99_999_999)));
        assert_eq!(of("KWD"), (None, Some(99_999_990)));
        assert_eq!(of("ISK"), (None, Some(999_999)));
        assert_eq!(of("MGA"), (None, Some(9_999_999_900)));
        for currency in taken() {
            let limits = limits(currency);
            let edges = [limits.min, limits.max].into_iter().flatten();
            for edge in edges {
                let amount = to_stripe(Money::from_minor(edge, currency)).expect("an amount that Stripe has");
                assert!((1..=MOST).contains(&amount), "{currency}");
            }
        }
    }

    proptest! {
        #[test]
        fn amounts_survive_the_way_to_stripe_and_back(place in 0..TAKEN.len(), minor in 0..=99_999_999_i64) {
            let currency: Currency = TAKEN[place].parse().expect("a currency");
            let money = Money::from_minor(minor, currency);
            match to_stripe(money) {
                Some(amount) => prop_assert_eq!(from_stripe(amount, currency), Some(money)),
                // Only what Stripe has no amount for: thousandths, and hundredths of an ariary.
                None => prop_assert!(matches!(currency.code(), "BHD" | "JOD" | "KWD" | "OMR" | "TND" | "MGA")),
            }
        }

        #[test]
        fn amounts_survive_the_way_from_stripe_and_back(place in 0..TAKEN.len(), amount in 0..=MOST) {
            let currency: Currency = TAKEN[place].parse().expect("a currency");
            match from_stripe(amount, currency) {
                Some(money) if amount % step(currency.code()) == 0 => prop_assert_eq!(to_stripe(money), Some(amount)),
                Some(money) => prop_assert_eq!(to_stripe(money), None),
                None => prop_assert!(TWO_ZEROS.contains(&currency.code())),
            }
        }
    }
}
