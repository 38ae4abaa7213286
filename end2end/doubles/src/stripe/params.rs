//! Stripe's params: bracketed forms as a tree, read strictly.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::StripeError;

/// Result of reading a param.
pub type Read<T> = Result<T, StripeError>;

/// Texts by name.
pub type Metadata = BTreeMap<String, String>;

/// A form as a tree: `a[b]=1` is an object, `a[]=1` and `a[0]=1` are lists.
pub fn tree(form: &str) -> Value {
    let mut root = Map::new();
    for (name, value) in form_urlencoded::parse(form.as_bytes()) {
        let parts: Vec<&str> = name.split('[').map(|part| part.strip_suffix(']').unwrap_or(part)).collect();
        insert(&mut root, &parts, value.into_owned());
    }
    lists(Value::Object(root))
}

fn insert(node: &mut Map<String, Value>, parts: &[&str], value: String) {
    let [name, rest @ ..] = parts else { return };
    let name = if name.is_empty() { node.len().to_string() } else { (*name).to_owned() };
    if rest.is_empty() {
        node.insert(name, Value::String(value));
        return;
    }
    let child = node.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    if let Value::Object(child) = child {
        insert(child, rest, value);
    }
}

/// Objects whose names are all numbers are lists.
fn lists(value: Value) -> Value {
    let Value::Object(node) = value else { return value };
    let node: Map<String, Value> = node.into_iter().map(|(name, value)| (name, lists(value))).collect();
    let numbers: Option<Vec<usize>> = node.keys().map(|name| name.parse().ok()).collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let mut items: Vec<(usize, Value)> =
                numbers.into_iter().zip(node.into_iter().map(|(_, item)| item)).collect();
            items.sort_by_key(|(number, _)| *number);
            Value::Array(items.into_iter().map(|(_, item)| item).collect())
        }
        _ => Value::Object(node),
    }
}

/// Params that are taken one by one; what is left at the end is unknown.
#[derive(Debug)]
pub struct Params {
    /// `payment_intent_data`, or nothing at the top.
    prefix: String,
    left: Map<String, Value>,
}

impl Params {
    /// The params of a form.
    pub fn of(form: &str) -> Self {
        let left = match tree(form) {
            Value::Object(left) => left,
            _ => Map::new(),
        };
        Self { prefix: String::new(), left }
    }

    /// A param's full name, as errors give it.
    pub fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.prefix) }
    }

    /// A text; none when it did not come.
    pub fn text(&mut self, name: &str) -> Read<Option<String>> {
        match self.left.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(StripeError::invalid(&self.name(name), format!("Invalid string: {}", self.name(name)))),
        }
    }

    /// A text that must come, and not be empty.
    pub fn required(&mut self, name: &str) -> Read<String> {
        let full = self.name(name);
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(StripeError::invalid(
                &full,
                format!("You passed an empty string for '{full}'. We assume empty values are an attempt to unset a parameter; however '{full}' cannot be unset."),
            )
            .code("parameter_invalid_empty")),
            None => Err(StripeError::missing(&full)),
        }
    }

    /// A whole number.
    pub fn int(&mut self, name: &str) -> Read<Option<i64>> {
        let full = self.name(name);
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = text.parse().map_err(|_| {
            StripeError::invalid(&full, format!("Invalid integer: {text}")).code("parameter_invalid_integer")
        })?;
        Ok(Some(number))
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Read<Option<bool>> {
        let full = self.name(name);
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(StripeError::invalid(&full, format!("Invalid boolean: {other}"))),
        }
    }

    /// One of some words.
    pub fn choice(&mut self, name: &str, words: &[&str]) -> Read<Option<String>> {
        let full = self.name(name);
        let Some(text) = self.text(name)? else { return Ok(None) };
        if words.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        Err(StripeError::invalid(&full, format!("Invalid {full}: must be one of {}", words.join(", "))))
    }

    /// Whether a param came as a text, where it may also be an object.
    pub fn is_text(&self, name: &str) -> bool {
        self.left.get(name).is_some_and(Value::is_string)
    }

    /// Params inside a param, to be read and finished like these.
    pub fn object(&mut self, name: &str) -> Read<Option<Params>> {
        let prefix = self.name(name);
        match self.left.remove(name) {
            None => Ok(None),
            Some(Value::Object(left)) => Ok(Some(Self { prefix, left })),
            Some(Value::String(text)) if text.is_empty() => Ok(Some(Self { prefix, left: Map::new() })),
            Some(_) => Err(StripeError::invalid(&prefix, "Invalid object".to_owned())),
        }
    }

    /// Params in a list.
    pub fn objects(&mut self, name: &str) -> Read<Vec<Params>> {
        let full = self.name(name);
        let items = match self.left.remove(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(StripeError::invalid(&full, "Invalid array".to_owned())),
        };
        let object = |(number, item)| match item {
            Value::Object(left) => Ok(Self { prefix: format!("{full}[{number}]"), left }),
            _ => Err(StripeError::invalid(&full, "Invalid object".to_owned())),
        };
        items.into_iter().enumerate().map(object).collect()
    }

    /// Texts in a list.
    pub fn texts(&mut self, name: &str) -> Read<Option<Vec<String>>> {
        let full = self.name(name);
        let invalid = || StripeError::invalid(&full, "Invalid array".to_owned());
        let items = match self.left.remove(name) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(invalid()),
        };
        let text = |item: Value| item.as_str().map(str::to_owned).ok_or_else(invalid);
        items.into_iter().map(text).collect::<Read<_>>().map(Some)
    }

    /// Metadata: what is empty is to be removed. An empty text in its place removes all.
    pub fn metadata(&mut self) -> Read<Option<Metadata>> {
        let full = self.name("metadata");
        let left = match self.left.remove("metadata") {
            None => return Ok(None),
            Some(Value::Object(left)) => left,
            Some(Value::Array(items)) => {
                items.into_iter().enumerate().map(|(number, item)| (number.to_string(), item)).collect()
            }
            Some(Value::String(text)) if text.is_empty() => Map::new(),
            Some(_) => return Err(StripeError::invalid(&full, "Invalid hash".to_owned())),
        };
        let mut metadata = Metadata::new();
        for (name, value) in left {
            let Value::String(value) = value else {
                return Err(StripeError::invalid(&format!("{full}[{name}]"), "Invalid string".to_owned()));
            };
            if name.chars().count() > 40 || value.chars().count() > 500 {
                let message = "Metadata keys have at most 40 characters, and values at most 500.".to_owned();
                return Err(StripeError::invalid(&format!("{full}[{name}]"), message));
            }
            metadata.insert(name, value);
        }
        if metadata.len() > 50 {
            return Err(StripeError::invalid(&full, "Metadata can have at most 50 keys.".to_owned()));
        }
        Ok(Some(metadata))
    }

    /// Refuses what is left.
    pub fn finish(self) -> Read<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(StripeError::unknown(&self.name(name))),
        }
    }
}

/// Merges metadata into what is there.
pub fn merge(into: &mut Metadata, metadata: Option<Metadata>) {
    for (name, value) in metadata.unwrap_or_default() {
        if value.is_empty() {
            into.remove(&name);
        } else {
            into.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_become_trees() {
        let form = "mode=payment&line_items[0][price_data][unit_amount]=5&line_items[1][quantity]=2\
                    &expand[]=a&expand[]=b.c&metadata[order]=%C3%A9&created[gte]=1";
        let expected = json!({
            "mode": "payment", "line_items": [{"price_data": {"unit_amount": "5"}}, {"quantity": "2"}],
            "expand": ["a", "b.c"], "metadata": {"order": "é"}, "created": {"gte": "1"},
        });
        assert_eq!(tree(form), expected);
    }

    #[test]
    fn what_nobody_takes_is_unknown() {
        let mut params = Params::of("amount=5&payment_intent_data[bogus]=1");
        assert_eq!(params.int("amount").unwrap(), Some(5));
        let inner = params.object("payment_intent_data").unwrap().unwrap();
        let error = inner.finish().unwrap_err();
        assert_eq!(error.param.as_deref(), Some("payment_intent_data[bogus]"));
        assert_eq!(error.code.as_deref(), Some("parameter_unknown"));
        params.finish().unwrap();
    }
}
