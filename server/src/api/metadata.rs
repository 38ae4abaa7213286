//! Metadata on the wire: an object of the caller's own, kept as it was sent or refused.
//!
//! JSON numbers may have any number of digits; what reads and stores them here holds 64 bits. A number that would come
//! back as another one is refused: two long ids must not become one customer.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use wallet::ledger::NESTING_MAX;

use crate::json;

/// Reads an object whose numbers all stay what they are.
pub(super) fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let (mut level, mut deepest) = (0_usize, 0_usize);
    for token in tokens(raw.get()) {
        match token {
            Token::Open => level += 1,
            Token::Close => level = level.saturating_sub(1),
            Token::Number(text) if !is_kept(text) => {
                let shown: String = text.chars().take(40).collect();
                let told = format!("the number {shown} has more digits than can be kept: send it as a text");
                return Err(de::Error::custom(told));
            }
            Token::Number(_) => {}
        }
        deepest = deepest.max(level);
    }
    if deepest > NESTING_MAX {
        let told = format!("at most {NESTING_MAX} levels of lists and objects inside each other");
        return Err(de::Error::custom(told));
    }
    let read: Result<Map<String, Value>, _> = json::from_slice(raw.get().as_bytes());
    let mut metadata = read.map_err(|error| de::Error::custom(json::handed_on(&error)))?;
    metadata.values_mut().for_each(write_alike);
    Ok(metadata)
}

/// Writes whole numbers in one way: `1e2` and `100.0` are 100, or one customer's number would name two.
fn write_alike(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let text = number.to_string();
            let plain = json::plain_decimal(&text).unwrap_or_default();
            if let Ok(whole) = plain.parse::<i64>() {
                *value = whole.into();
            } else if let Ok(whole) = plain.parse::<u64>() {
                *value = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(write_alike),
        Value::Object(fields) => fields.values_mut().for_each(write_alike),
        _ => {}
    }
}

/// Tells how many levels of lists and objects a JSON text has.
pub(super) fn nesting(json: &[u8]) -> usize {
    let (mut level, mut deepest, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' if !in_text => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// What matters here of a JSON text.
enum Token<'a> {
    Open,
    Close,
    Number(&'a str),
}

/// Goes through a text that is JSON.
fn tokens(json: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let (first, after) = (rest.chars().next()?, rest);
            rest = rest.get(first.len_utf8()..)?;
            match first {
                '{' | '[' => return Some(Token::Open),
                '}' | ']' => return Some(Token::Close),
                '"' => rest = after_text(rest),
                '-' | '0'..='9' => {
                    let is_of = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
                    let end = after.find(|c| !is_of(c)).unwrap_or(after.len());
                    let number = after.get(..end)?;
                    rest = after.get(end..)?;
                    return Some(Token::Number(number));
                }
                _ => {}
            }
        }
    })
}

/// Gives what follows the end of a text whose beginning is read.
fn after_text(text: &str) -> &str {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return text.get(at + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

/// Says whether a number is the same after it was read.
fn is_kept(text: &str) -> bool {
    let read = serde_json::from_str::<Number>(text).ok();
    read.is_some_and(|read| value(&read.to_string()) == value(text))
}

/// Gives a number's value as its digits and the power of ten of the last one; `None` where that does not fit.
fn value(text: &str) -> Option<(bool, String, i64)> {
    let (text, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let power: i64 = power.trim_start_matches('+').parse().ok()?;
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}");
    let digits = digits.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return Some((false, String::new(), 0));
    }
    let moved = i64::try_from(digits.len() - kept.len()).ok()?.checked_sub(i64::try_from(part.len()).ok()?)?;
    Some((negative, kept.to_owned(), power.checked_add(moved)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        #[serde(deserialize_with = "exact")]
        metadata: Map<String, Value>,
    }

    fn read(metadata: &str) -> Result<String, String> {
        let read = serde_json::from_str::<Holder>(&format!(r#"{{"metadata":{metadata}}}"#));
        read.map(|read| Value::Object(read.metadata).to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_kept_or_refused() {
        for kept in
            ["0", "-7", "9007199254740993", "18446744073709551615", "0.1", "12.5", "-0.000001", "1.5e-7", "1e300"]
        {
            read(&format!(r#"{{"a":[{kept}]}}"#)).expect(kept);
        }
        assert_eq!(
            read(r#"{"a":9007199254740993,"b":"1 \"2\\"}"#).expect("kept"),
            r#"{"a":9007199254740993,"b":"1 \"2\\"}"#
        );
        // Written otherwise, the same number.
        for same in ["1.0", "0.10", "1E2", "-0", "100e-2"] {
            read(&format!(r#"{{"a":{same}}}"#)).expect(same);
        }
        let spellings = r#"{"a":100,"b":1e2,"c":[100.0,{"d":-0.0,"e":1e19,"f":0.5,"g":1e300}],"h":"1e2"}"#;
        let alike = r#"{"a":100,"b":100,"c":[100,{"d":0,"e":10000000000000000000,"f":0.5,"g":1e+300}],"h":"1e2"}"#;
        assert_eq!(read(spellings).expect("kept"), alike);
        for lost in
            ["12345678901234567890123", "-9223372036854775809", "0.1000000000000000055", "18446744073709551617.0"]
        {
            let told = read(&format!(r#"{{"a":{{"b":{lost}}}}}"#)).expect_err(lost);
            assert!(told.contains(lost) && told.contains("send it as a text"), "{told}");
        }
        // What only looks like a number.
        read(r#"{"12345678901234567890123":"12345678901234567890123 \" 12345678901234567890123"}"#).expect("texts");
    }

    #[test]
    fn depth_is_bounded_and_only_objects_are_taken() {
        let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        read(&nested(16)).expect("sixteen");
        assert!(read(&nested(17)).expect_err("seventeen").contains("16 levels"));
        assert_eq!(nesting(nested(17).as_bytes()), 17);
        assert_eq!(nesting(br#"{"a":"[[[[","b":"\"[[","c":[]}"#), 2);
        for wrong in ["[]", "7", "\"a\""] {
            assert!(read(wrong).expect_err(wrong).contains("object"), "{wrong}");
        }
    }
}
