//! Metadata of rows: what callers send along, how deep it may be, and what a row that follows another one inherits.

use serde_json::Value;

/// The most levels of lists and objects inside each other, the outermost included.
pub const NESTING_MAX: usize = 16;

/// Names the end customer that a row is for.
pub(crate) const CUSTOMER: &str = "customer_id";

/// Reads what metadata says under a key: a text as it is, anything else as its JSON; `None` where it says nothing, or
/// null.
///
/// Sums, filters and files read the same by PostgreSQL's `->>`: what a budget counts is what they tell.
#[must_use]
pub(crate) fn text_of(metadata: &Value, key: &str) -> Option<String> {
    match metadata.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Tells how many levels of lists and objects a value has: none for a text, a number, true, false and null.
#[must_use]
pub(crate) fn nesting(value: &Value) -> usize {
    // With a list of its own, so that no depth can use up the stack.
    let (mut deepest, mut open) = (0_usize, vec![(value, 1_usize)]);
    while let Some((value, level)) = open.pop() {
        let below = level.saturating_add(1);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, below))),
            Value::Object(fields) => open.extend(fields.values().map(|item| (item, below))),
            _ => continue,
        }
        deepest = deepest.max(level);
    }
    deepest
}

/// Gives the metadata of a row that follows another one: a capture its hold, a credit-back its charge.
///
/// It says everything that the other row says, and over it what its own caller sent along. A key of its own wins, also
/// with null.
#[must_use]
pub(crate) fn following(of: &Value, own: &Value) -> Value {
    match (of, own) {
        (Value::Object(of), Value::Object(own)) => {
            let mut both = of.clone();
            both.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
            Value::Object(both)
        }
        (_, Value::Null) => of.clone(),
        _ => own.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_that_follows_says_what_the_first_said_unless_it_says_otherwise() {
        let of = json!({"customer_id": "acme", "job": 7});
        assert_eq!(following(&of, &Value::Null), of);
        assert_eq!(following(&Value::Null, &of), of);
        assert_eq!(following(&Value::Null, &Value::Null), Value::Null);
        let own = json!({"job": null, "step": "b"});
        assert_eq!(following(&of, &own), json!({"customer_id": "acme", "job": null, "step": "b"}));
    }

    #[test]
    fn what_stands_under_a_key_is_read_as_the_database_reads_it() {
        for (text, read) in [
            (r#"{"customer_id":"acme"}"#, Some("acme")),
            (r#"{"customer_id":""}"#, Some("")),
            (r#"{"customer_id":100}"#, Some("100")),
            (r#"{"customer_id":0.5}"#, Some("0.5")),
            (r#"{"customer_id":true}"#, Some("true")),
            (r#"{"customer_id":["a",1]}"#, Some(r#"["a",1]"#)),
            (r#"{"customer_id":null}"#, None),
            (r#"{"other":1}"#, None),
            ("null", None),
        ] {
            let metadata: Value = serde_json::from_str(text).expect(text);
            assert_eq!(text_of(&metadata, CUSTOMER).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn levels_are_counted_not_values() {
        for (text, levels) in
            [("7", 0), ("null", 0), ("{}", 1), ("[1,2,3]", 1), (r#"{"a":{"b":[]},"c":1}"#, 3), ("[[],[[[]]]]", 4)]
        {
            assert_eq!(nesting(&serde_json::from_str(text).expect(text)), levels, "{text}");
        }
    }
}
