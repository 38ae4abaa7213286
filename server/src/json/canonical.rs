//! One text for all spellings of the same JSON, exact in every digit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The most zeros that a number is filled up with; one that would need more keeps its exponent.
const ZEROS_MAX: usize = 40;

/// Writes JSON without spaces, names in order, numbers without exponents and needless zeros; `None` where it is no
/// JSON.
pub fn canonical(bytes: &[u8]) -> Option<String> {
    let raw: &RawValue = serde_json::from_slice(bytes).ok()?;
    let mut text = String::with_capacity(bytes.len());
    write(&mut text, raw)?;
    Some(text)
}

fn write(text: &mut String, raw: &RawValue) -> Option<()> {
    let value = raw.get();
    match value.bytes().next()? {
        b'{' => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(value).ok()?;
            text.push('{');
            for (place, (name, value)) in fields.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(&name).ok()?);
                text.push(':');
                write(text, value)?;
            }
            text.push('}');
        }
        b'[' => {
            let values: Vec<&RawValue> = serde_json::from_str(value).ok()?;
            text.push('[');
            for (place, value) in values.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(text, value)?;
            }
            text.push(']');
        }
        b'"' => text.push_str(&serde_json::to_string(&serde_json::from_str::<String>(value).ok()?).ok()?),
        b'-' | b'0'..=b'9' => text.push_str(&plain_decimal(value).unwrap_or(Cow::Borrowed(value))),
        _ => text.push_str(value),
    }
    Some(())
}

/// Writes a JSON number as a plain decimal without needless zeros: `1e3` is `1000`, `1.50` is `1.5`, `-0` is `0`.
/// `None` where that would be very long.
pub fn plain_decimal(number: &str) -> Option<Cow<'_, str>> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (number, 0),
    };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let after = i64::try_from(part.len()).ok()?.checked_sub(exponent)?;
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(Cow::Borrowed("0"));
    }
    let text = match usize::try_from(after) {
        Ok(after) if after > digits.len() && after - digits.len() > ZEROS_MAX => return None,
        Ok(after) => {
            let digits = format!("{}{digits}", "0".repeat(after.saturating_sub(digits.len())));
            let (whole, part) = digits.split_at_checked(digits.len().checked_sub(after)?)?;
            let (whole, part) = (if whole.is_empty() { "0" } else { whole }, part.trim_end_matches('0'));
            if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
        }
        Err(_) => {
            let zeros = usize::try_from(after.checked_neg()?).ok().filter(|zeros| *zeros <= ZEROS_MAX)?;
            format!("{sign}{digits}{}", "0".repeat(zeros))
        }
    };
    Some(Cow::Owned(text))
}
