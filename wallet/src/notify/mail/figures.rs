//! Figures as readers of a mail write them.

use crate::money::{Currency, Money};

/// Writes money for a reader of a mail: `449 ₽`, `$4.50`, `1 290,50 ₽`.
pub(super) fn money_text(money: Money, locale: &str) -> String {
    let exact = money.to_string();
    let number = exact.split(' ').next().unwrap_or_default();
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let (gap, point) = if locale == "ru" { ("\u{a0}", ",") } else { (",", ".") };
    let whole = grouped(whole, gap);
    let number = if part.bytes().all(|digit| digit == b'0') { whole } else { format!("{whole}{point}{part}") };
    match (locale, money.currency()) {
        ("ru", Currency::RUB) => format!("{number}\u{a0}₽"),
        (_, Currency::RUB) => format!("₽{number}"),
        ("ru", Currency::USD) => format!("{number}\u{a0}$"),
        (_, Currency::USD) => format!("${number}"),
        (_, other) => format!("{number}\u{a0}{other}"),
    }
}

/// Divides thousands.
pub(super) fn grouped(digits: &str, gap: &str) -> String {
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left % 3 == 0 && !text.ends_with('-') {
            text.push_str(gap);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_as_people_write_it() {
        let roubles = |minor| Money::from_minor(minor, Currency::RUB);
        assert_eq!(money_text(roubles(129_050), "ru"), "1\u{a0}290,50\u{a0}₽");
        assert_eq!(money_text(Money::from_minor(123_456_700, Currency::USD), "en"), "$1,234,567");
        assert_eq!(money_text(roubles(99), "en"), "₽0.99");
    }
}
