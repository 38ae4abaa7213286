//! Amounts as people type them: the one reader of every form and every sheet.
//!
//! English and Russian habits are both at home here: `12,480.5` and `12 480,5`, with spaces of any width or apostrophes
//! between thousands. What has one meaning is read; what has two (`1,000`, `1.000`) is refused with both, since the
//! wrong guess is wrong by a thousand.

use serde::{Deserialize, Serialize};

use super::{AmountError, Credits, parse_decimal};

/// Why a typed text is not taken as an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedError {
    /// Nothing was typed.
    Empty,
    /// It is no amount.
    Wrong(AmountError),
    /// It can be read in two ways.
    Ambiguous(Readings),
}

/// The two meanings of an ambiguous text, each written so that it has only one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings {
    /// With the sign between thousands: `1000`.
    pub grouped: String,
    /// With the sign before decimals: `1.00`.
    pub decimal: String,
}

impl From<AmountError> for TypedError {
    fn from(error: AmountError) -> Self {
        Self::Wrong(error)
    }
}

/// What stands between two groups of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// A space of any width, or an apostrophe: only ever between thousands.
    Gap,
    Comma,
    Point,
}

impl Sign {
    const fn of(letter: char) -> Option<Self> {
        match letter {
            '\'' | '’' => Some(Self::Gap),
            ',' => Some(Self::Comma),
            '.' => Some(Self::Point),
            letter if letter.is_whitespace() => Some(Self::Gap),
            _ => None,
        }
    }
}

/// Reads an amount of credits as a person types it.
pub fn read_amount(typed: &str) -> Result<Credits, TypedError> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(TypedError::Empty);
    }
    let (negative, digits) = match typed.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, typed),
    };
    let (groups, signs) = divided(digits).ok_or(AmountError::NotANumber)?;
    let plain = plain(&groups, &signs)?;
    let plain = if negative { format!("-{plain}") } else { plain };
    Ok(parse_decimal(&plain, 6).map(Credits::from_micros)?)
}

impl Credits {
    /// Writes the amount for a field that a person may change: read by [`read_amount`] it is this amount again.
    #[must_use]
    pub fn to_field(self) -> String {
        let text = self.to_string();
        // Three decimals could be thousands; four can not.
        match read_amount(&text) {
            Err(TypedError::Ambiguous(_)) => format!("{text}0"),
            _ => text,
        }
    }
}

/// Divides a text into groups of digits and the signs between them; `None` where something else stands there. Spaces
/// beside a comma or a point mean nothing.
fn divided(text: &str) -> Option<(Vec<String>, Vec<Sign>)> {
    let (mut groups, mut signs) = (vec![String::new()], Vec::new());
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            groups.last_mut()?.push(letter);
            continue;
        }
        let sign = Sign::of(letter)?;
        let is_open = groups.last()?.is_empty();
        match (signs.last_mut(), sign) {
            // A second sign right after the first: one of the two is a space.
            (Some(_), Sign::Gap) if is_open => {}
            (Some(last @ Sign::Gap), sign) if is_open => *last = sign,
            (Some(_), _) if is_open => return None,
            _ => {
                signs.push(sign);
                groups.push(String::new());
            }
        }
    }
    Some((groups, signs))
}

/// Writes the groups as a plain decimal.
fn plain(groups: &[String], signs: &[Sign]) -> Result<String, TypedError> {
    let wrong = || TypedError::Wrong(AmountError::NotANumber);
    let (last, before) = groups.split_last().ok_or_else(wrong)?;
    if last.is_empty() {
        return Err(wrong());
    }
    let Some((sign, others)) = signs.split_last() else { return Ok(last.clone()) };
    let is_alone = !others.contains(sign);
    if *sign == Sign::Gap || !is_alone {
        return if others.iter().all(|other| other == sign) {
            thousands(groups).ok_or_else(wrong)
        } else {
            Err(wrong())
        };
    }
    // The only comma or the only point, after which nothing comes but digits: before decimals, or between thousands.
    if others.is_empty() {
        return match thousands(groups) {
            Some(grouped) if !is_zero_led(before) => Err(TypedError::Ambiguous(readings(&grouped, before, last))),
            _ => Ok(format!("{}.{last}", whole(before).ok_or_else(wrong)?)),
        };
    }
    let grouping = others.first().ok_or_else(wrong)?;
    if others.iter().any(|other| other != grouping) {
        return Err(wrong());
    }
    Ok(format!("{}.{last}", thousands(before).ok_or_else(wrong)?))
}

/// Joins groups of thousands: one to three digits, then three each.
fn thousands(groups: &[String]) -> Option<String> {
    let (first, rest) = groups.split_first()?;
    let fits = (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3);
    // `0,125` is no thousand, and `1 234` has no zero before it.
    (fits && (rest.is_empty() || !first.starts_with('0'))).then(|| groups.concat())
}

/// Says whether the part before the sign can't be the first group of thousands.
fn is_zero_led(before: &[String]) -> bool {
    before.first().is_none_or(|first| first.is_empty() || first.starts_with('0'))
}

/// The whole part before decimals: `.5` is a half.
fn whole(before: &[String]) -> Option<&str> {
    match before {
        [whole] if whole.is_empty() => Some("0"),
        [whole] => Some(whole),
        _ => None,
    }
}

fn readings(grouped: &str, before: &[String], decimals: &str) -> Readings {
    let decimals = match decimals.trim_end_matches('0') {
        "" => "00".to_owned(),
        short if short.len() == 3 => format!("{short}0"),
        short => short.to_owned(),
    };
    Readings { grouped: grouped.to_owned(), decimal: format!("{}.{decimals}", before.concat()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ambiguous(grouped: &str, decimal: &str) -> Result<String, TypedError> {
        Err(TypedError::Ambiguous(Readings { grouped: grouped.to_owned(), decimal: decimal.to_owned() }))
    }

    fn read(typed: &str) -> Result<String, TypedError> {
        read_amount(typed).map(|amount| amount.to_string())
    }

    #[test]
    fn what_has_one_meaning_is_read() {
        for (typed, amount) in [
            ("100", "100"),
            (" 12.5 ", "12.5"),
            ("12,5", "12.5"),
            ("0,125", "0.125"),
            ("0.125", "0.125"),
            (",5", "0.5"),
            (".5", "0.5"),
            ("1,0000", "1"),
            ("1000,125", "1000.125"),
            ("1000.125", "1000.125"),
            ("1 000", "1000"),
            ("1\u{a0}000", "1000"),
            ("1\u{202f}000", "1000"),
            ("1\u{2009}234\u{2009}567,5", "1234567.5"),
            ("1'234'567.25", "1234567.25"),
            ("1’000", "1000"),
            ("1,000,000", "1000000"),
            ("1.000.000", "1000000"),
            ("12,480.5", "12480.5"),
            ("12.480,5", "12480.5"),
            ("1,234.567", "1234.567"),
            ("1 234,567", "1234.567"),
            ("1 234, 5", "1234.5"),
            ("-12,5", "-12.5"),
            ("− 12,5", "-12.5"),
            ("007", "7"),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(amount), "{typed:?}");
        }
    }

    #[test]
    fn what_has_two_meanings_is_refused_with_both() {
        for (typed, grouped, decimal) in [
            ("1,000", "1000", "1.00"),
            ("1.000", "1000", "1.00"),
            ("10,000", "10000", "10.00"),
            ("12,500", "12500", "12.5"),
            ("1.125", "1125", "1.1250"),
            ("999,999", "999999", "999.9990"),
            ("1 ,000", "1000", "1.00"),
            ("-1,000", "1000", "1.00"),
        ] {
            assert_eq!(read(typed), ambiguous(grouped, decimal), "{typed:?}");
            assert!(read(grouped).is_ok() && read(decimal).is_ok(), "{typed:?}: each reading can be typed");
        }
    }

    #[test]
    fn everything_else_is_no_amount() {
        assert_eq!(read(" "), Err(TypedError::Empty));
        for typed in [
            "-",
            ".",
            ",",
            "5.",
            "5,",
            "1,,000",
            "1..5",
            "1,23.4",
            "1.23,4",
            "1 00",
            "10 00",
            "1 0000",
            "1,00,000",
            "1 000,000,000",
            "1 234,567.8",
            "1,234.5.6",
            "0 125",
            "1e3",
            "0x1",
            "+1",
            "NaN",
            "１",
            "1_000",
            "12 rub",
            "--1",
            "1'000,000'000",
        ] {
            assert_eq!(read(typed), Err(TypedError::Wrong(AmountError::NotANumber)), "{typed:?}");
        }
        assert_eq!(read("0,0000001"), Err(TypedError::Wrong(AmountError::TooPrecise)));
        assert_eq!(read("9 223 372 036 855"), Err(TypedError::Wrong(AmountError::TooLarge)));
    }

    /// Writes an amount with these signs.
    fn habit(amount: Credits, gap: &str, point: char) -> String {
        let text = amount.to_string();
        let (whole, part) = text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
        let mut written = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                written.push_str(gap);
            }
            written.push(digit);
        }
        part.map_or_else(|| written.clone(), |part| format!("{written}{point}{part}"))
    }

    proptest! {
        #[test]
        fn no_habit_is_read_as_another_amount(
            micros in prop_oneof![0..=i64::MAX, 0..=2_000_000_000_i64, (0..=2_000_000_i64).prop_map(|thousandth| thousandth * 1_000)],
            habit_of in prop_oneof![
                Just((",", '.')), Just((".", ',')), Just((" ", ',')), Just(("\u{a0}", ',')), Just(("\u{202f}", ',')),
                Just(("'", '.')), Just(("", '.')), Just(("", ',')), Just((" ", '.')),
            ],
        ) {
            let amount = Credits::from_micros(micros);
            let written = habit(amount, habit_of.0, habit_of.1);
            match read_amount(&written) {
                Ok(read) => prop_assert_eq!(read, amount, "{}", written),
                Err(TypedError::Ambiguous(readings)) => {
                    let meanings = [read_amount(&readings.grouped), read_amount(&readings.decimal)];
                    prop_assert!(meanings.contains(&Ok(amount)), "{}: {:?}", written, meanings);
                }
                Err(error) => prop_assert!(false, "{}: {:?}", written, error),
            }
        }

        #[test]
        fn a_field_is_read_back_as_it_was(micros in any::<i64>().prop_filter("has an opposite", |micros| *micros > i64::MIN), thousandths in 0..2_000_000_i64) {
            for amount in [Credits::from_micros(micros), Credits::from_micros(thousandths * 1_000)] {
                prop_assert_eq!(read_amount(&amount.to_field()), Ok(amount));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,24}", digits in "[0-9 ,.'−-]{0,16}") {
            read_amount(&text).ok();
            read_amount(&digits).ok();
        }
    }
}
