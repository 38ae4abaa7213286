//! Reads a JSON object strictly: every field has its type, and unknown fields are refused.

use serde_json::{Map, Value};

use super::error::{ApiError, Result};

/// An object that is being read, with the names that were asked for.
pub(super) struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Takes a body, or the value at `path` inside one.
    pub(super) fn of(value: &'a Value, path: &str) -> Result<Self> {
        let map = value.as_object().ok_or_else(|| {
            let named = if path.is_empty() { "body" } else { path };
            ApiError::invalid(named, format!("{named} must be an object"))
        })?;
        Ok(Self { path: path.to_owned(), map, known: Vec::new() })
    }

    /// The full name of a field, as YooKassa names it in an error.
    pub(super) fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// The raw value; `null` counts as absent.
    pub(super) fn value(&mut self, field: &'static str) -> Option<&'a Value> {
        self.known.push(field);
        self.map.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, field: &'static str, longest: usize) -> Result<Option<&'a str>> {
        let name = self.name(field);
        let Some(value) = self.value(field) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| ApiError::invalid(&name, format!("{name} must be a string")))?;
        if text.chars().count() > longest {
            return Err(ApiError::invalid(&name, format!("{name} is longer than {longest} characters")));
        }
        Ok(Some(text))
    }

    pub(super) fn needed_text(&mut self, field: &'static str, longest: usize) -> Result<&'a str> {
        let name = self.name(field);
        let text = self.text(field, longest)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| ApiError::invalid(&name, format!("{name} is missing")))
    }

    pub(super) fn flag(&mut self, field: &'static str) -> Result<Option<bool>> {
        let name = self.name(field);
        let Some(value) = self.value(field) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| ApiError::invalid(&name, format!("{name} must be true or false")))
    }

    pub(super) fn object(&mut self, field: &'static str) -> Result<Option<Fields<'a>>> {
        let name = self.name(field);
        self.value(field).map(|value| Fields::of(value, &name)).transpose()
    }

    pub(super) fn needed_object(&mut self, field: &'static str) -> Result<Fields<'a>> {
        let name = self.name(field);
        self.object(field)?.ok_or_else(|| ApiError::invalid(&name, format!("{name} is missing")))
    }

    pub(super) fn list(&mut self, field: &'static str) -> Result<&'a [Value]> {
        let name = self.name(field);
        let Some(value) = self.value(field) else { return Ok(&[]) };
        value.as_array().map(Vec::as_slice).ok_or_else(|| ApiError::invalid(&name, format!("{name} must be an array")))
    }

    /// A list that the official SDK always sends, and that this shop's contract does not cover.
    pub(super) fn empty_list(&mut self, field: &'static str) -> Result<()> {
        if self.list(field)?.is_empty() {
            return Ok(());
        }
        let name = self.name(field);
        Err(ApiError::invalid(&name, format!("{name} isn't available for this shop")))
    }

    /// Up to 16 pairs of text, kept and given back as they are.
    pub(super) fn metadata(&mut self) -> Result<Map<String, Value>> {
        let Some(fields) = self.object("metadata")? else { return Ok(Map::new()) };
        let fault = |description: &str| Err(ApiError::invalid("metadata", description));
        if fields.map.len() > 16 {
            return fault("metadata has more than 16 keys");
        }
        for (key, value) in fields.map {
            match value.as_str() {
                None => return fault("a value of metadata must be a string"),
                Some(text) if text.chars().count() > 512 => {
                    return fault("a value of metadata is longer than 512 characters");
                }
                Some(_) if key.chars().count() > 32 => return fault("a key of metadata is longer than 32 characters"),
                Some(_) => {}
            }
        }
        Ok(fields.map.clone())
    }

    /// Refuses the first field that was not asked for.
    pub(super) fn finish(self) -> Result<()> {
        match self.map.keys().find(|key| !self.known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let name = self.name(key);
                Err(ApiError::invalid(&name, format!("Unknown parameter {name}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_refused_by_their_full_name() {
        let body = json!({"confirmation": {"type": "redirect", "url": "x"}});
        let mut fields = Fields::of(&body, "").unwrap();
        let mut inner = fields.needed_object("confirmation").unwrap();
        assert_eq!(inner.needed_text("type", 20), Ok("redirect"));
        assert_eq!(inner.finish().unwrap_err().parameter(), Some("confirmation.url"));
    }

    #[test]
    fn metadata_is_text_of_limited_size() {
        for bad in [json!({"a": 1}), json!({"a": "x".repeat(513)}), json!({"k".repeat(33): ""}), json!([])] {
            let body = json!({"metadata": bad});
            assert!(Fields::of(&body, "").unwrap().metadata().is_err(), "{body}");
        }
    }
}
