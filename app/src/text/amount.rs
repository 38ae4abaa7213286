//! The only place where a number becomes text: credits, money, ranges, and the word for the unit.

use leptos::prelude::*;
use wallet::catalog::{Rate, UnitName};
use wallet::metered::Quantity;
use wallet::money::{Credits, Currency, Money};

use crate::i18n::Locale;

/// What the deployment calls its unit; put into the context by the shell.
#[derive(Clone, Debug)]
pub struct Unit(pub UnitName);

const MINUS: char = '−';
const NBSP: char = '\u{a0}';

/// Puts a separator between thousands.
fn grouped(locale: Locale, digits: &str) -> String {
    let separator = match locale {
        Locale::en => ',',
        Locale::ru => NBSP,
    };
    // Russian leaves four digits together in prose; figures in tables stay grouped everywhere alike.
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// The sign before the decimals.
#[must_use]
pub const fn point(locale: Locale) -> char {
    match locale {
        Locale::en => '.',
        Locale::ru => ',',
    }
}

/// Writes an amount without sign: two decimals, more where less would read as zero, trailing zeros cut.
fn plain(locale: Locale, micros: u64) -> String {
    let mut part = micros % 1_000_000;
    let mut whole = micros / 1_000_000;
    if micros >= 10_000 {
        // Two decimals, rounded half up.
        let hundredths = (micros + 5_000) / 10_000;
        whole = hundredths / 100;
        part = hundredths % 100 * 10_000;
    }
    let text = grouped(locale, &whole.to_string());
    if part == 0 {
        return text;
    }
    let decimals = format!("{part:06}");
    format!("{text}{}{}", point(locale), decimals.trim_end_matches('0'))
}

/// Writes an amount of credits: `12,480.5`, `12 480,5`.
#[must_use]
pub fn credits_text(locale: Locale, amount: Credits) -> String {
    let text = plain(locale, amount.micros().unsigned_abs());
    if amount.is_negative() { format!("{MINUS}{text}") } else { text }
}

/// Writes an amount of credits with all of its decimals: `0.024`, `1 234,000001`. The one function for prices, and for
/// what a receipt adds up.
#[must_use]
pub fn exact_text(locale: Locale, amount: Credits) -> String {
    let micros = amount.micros().unsigned_abs();
    let mut text = grouped(locale, &(micros / 1_000_000).to_string());
    let decimals = format!("{:06}", micros % 1_000_000);
    let decimals = decimals.trim_end_matches('0');
    if !decimals.is_empty() {
        text = format!("{text}{}{decimals}", point(locale));
    }
    if amount.is_negative() { format!("{MINUS}{text}") } else { text }
}

/// Writes what was measured: `18.4`, `1 234,5`.
#[must_use]
pub fn measure_text(locale: Locale, quantity: Quantity) -> String {
    exact_text(locale, Credits::from_micros(quantity.thousandths().saturating_mul(1_000)))
}

/// Writes how many there are: `1,234`, `1 234`.
#[must_use]
pub fn count_text(locale: Locale, count: i64) -> String {
    let text = grouped(locale, &count.unsigned_abs().to_string());
    if count < 0 { format!("{MINUS}{text}") } else { text }
}

/// Writes a reading of a typed amount with the language's own sign before decimals: `1.00`, `1,00`.
#[must_use]
pub fn reading_text(locale: Locale, reading: &str) -> String {
    reading.replace('.', &point(locale).to_string())
}

/// Writes a change: `+100`, `−37`, `0`.
#[must_use]
pub fn signed_text(locale: Locale, amount: Credits) -> String {
    let text = credits_text(locale, amount);
    if amount.is_positive() { format!("+{text}") } else { text }
}

/// Writes a price or its range: `4`, `5–13`.
#[must_use]
pub fn range_text(locale: Locale, min: Credits, max: Credits) -> String {
    if min == max {
        exact_text(locale, min)
    } else {
        format!("{}–{}", exact_text(locale, min), exact_text(locale, max))
    }
}

/// Writes the word for the unit beside an amount: `credit`, `credits`, `токена`.
#[must_use]
pub fn unit_text(locale: Locale, amount: Credits) -> String {
    let language = match locale {
        Locale::en => "en",
        Locale::ru => "ru",
    };
    use_context::<Unit>().map(|unit| unit.0.word(language, amount).to_owned()).unwrap_or_default()
}

/// Writes money: `₽449.00`, `449,00 ₽`.
#[must_use]
pub fn money_text(locale: Locale, money: Money) -> String {
    let exponent = money.currency().exponent();
    let scale = 10_u64.pow(exponent);
    let minor = money.minor().unsigned_abs();
    let mut text = grouped(locale, &(minor / scale).to_string());
    if exponent > 0 {
        let width = usize::try_from(exponent).unwrap_or(0);
        text = format!("{text}{}{:0width$}", point(locale), minor % scale);
    }
    let sign = if money.minor() < 0 { "−" } else { "" };
    let code = money.currency().code();
    let symbol = match code {
        "RUB" => "₽",
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        other => other,
    };
    match locale {
        Locale::en if symbol == code => format!("{sign}{symbol}{NBSP}{text}"),
        Locale::en => format!("{sign}{symbol}{text}"),
        Locale::ru => format!("{sign}{text}{NBSP}{symbol}"),
    }
}

/// Writes a decimal with the sign of its currency: `$0.00476`.
pub fn decimal_text(locale: Locale, decimal: &str, currency: Currency) -> String {
    let zero = money_text(locale, Money::from_minor(0, currency));
    let figure = match locale {
        Locale::en => decimal.to_owned(),
        Locale::ru => decimal.replace('.', ","),
    };
    match (zero.find('0'), zero.rfind('0')) {
        (Some(first), Some(last)) => format!("{}{figure}{}", &zero[..first], &zero[last + 1..]),
        _ => figure,
    }
}

/// Writes what one credit costs, with the digits that it needs: `$0.005`. The one function for rates of money.
#[must_use]
pub fn rate_text(locale: Locale, rate: Rate) -> String {
    decimal_text(locale, &rate.fine(), rate.currency())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credits(text: &str) -> Credits {
        text.parse().expect("an amount")
    }

    #[test]
    fn credits_follow_the_language() {
        assert_eq!(credits_text(Locale::en, credits("12480.5")), "12,480.5");
        assert_eq!(credits_text(Locale::ru, credits("12480.5")), "12\u{a0}480,5");
        assert_eq!(credits_text(Locale::en, credits("-37")), "−37");
        assert_eq!(signed_text(Locale::ru, credits("0.02")), "+0,02");
        assert_eq!(credits_text(Locale::en, credits("0.000024")), "0.000024");
        assert_eq!(credits_text(Locale::en, credits("1.005")), "1.01");
        assert_eq!(credits_text(Locale::en, credits("999.999")), "1,000");
        assert_eq!(range_text(Locale::en, credits("5"), credits("13")), "5–13");
    }

    #[test]
    fn receipts_keep_every_decimal() {
        assert_eq!(exact_text(Locale::en, credits("1.005")), "1.005");
        assert_eq!(exact_text(Locale::ru, credits("-12480.000024")), "−12\u{a0}480,000024");
        assert_eq!(exact_text(Locale::en, credits("37")), "37");
    }

    #[test]
    fn money_follows_the_language_and_the_currency() {
        let roubles = Money::from_minor(2_499_000, Currency::RUB);
        assert_eq!(money_text(Locale::en, roubles), "₽24,990.00");
        assert_eq!(money_text(Locale::ru, roubles), "24\u{a0}990,00\u{a0}₽");
        let yen = Money::from_minor(500, "JPY".parse().expect("a currency"));
        assert_eq!(money_text(Locale::en, yen), "¥500");
        let dinars = Money::from_minor(-1_234, "KWD".parse().expect("a currency"));
        assert_eq!(money_text(Locale::en, dinars), "−KWD\u{a0}1.234");
    }

    #[test]
    fn a_rate_stands_beside_the_sign_of_its_currency_whatever_its_decimals() {
        let of = |code: &str| code.parse::<Currency>().expect("a currency");
        assert_eq!(decimal_text(Locale::en, "0.00476", Currency::USD), "$0.00476");
        assert_eq!(decimal_text(Locale::ru, "2.967", Currency::RUB), "2,967\u{a0}₽");
        assert_eq!(decimal_text(Locale::en, "0.035", of("KWD")), "KWD\u{a0}0.035");
        assert_eq!(decimal_text(Locale::ru, "3", of("JPY")), "3\u{a0}¥");
    }

    #[test]
    fn a_rate_has_the_digits_that_it_needs() {
        let dollars = |minor: i64, amount: &str| Rate::new(Money::from_minor(minor, Currency::USD), credits(amount));
        assert_eq!(dollars(500, "1000").map(|rate| rate_text(Locale::en, rate)).as_deref(), Some("$0.005"));
        assert_eq!(dollars(240, "100").map(|rate| rate_text(Locale::ru, rate)).as_deref(), Some("0,024\u{a0}$"));
    }

    #[test]
    fn a_price_keeps_every_decimal() {
        assert_eq!(range_text(Locale::en, credits("0.024"), credits("0.024")), "0.024");
        assert_eq!(range_text(Locale::ru, credits("0.005"), credits("1.125")), "0,005–1,125");
    }
}
