//! Strict JSON: the one reader of everything that outsiders send.
//!
//! serde alone is lenient where money is at stake: it reads a struct from an array, takes `null` for "not given", and
//! lets the last of two equal names win. [`from_slice`] does not: an object is an object, an explicit null is refused,
//! each name stands once at every depth, `1.0` is the whole number one, and what is wrong is named by the field's full
//! path.
//!
//! Texts that are one of several words are enums without data; fields that use `#[serde(flatten)]` are read by serde's
//! own buffer and are not covered.

mod canonical;
mod message;
mod params;
mod steps;
mod strict;

use serde::de::DeserializeOwned;

pub use canonical::{canonical, plain_decimal};
pub use message::{handed_on, path};
pub use params::params;
use steps::Track;
use strict::Strict;

/// What is wrong with a JSON text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The field's full path, `lines[2].params.size`; empty where the text as a whole is wrong.
    pub field: String,
    /// What to do.
    pub message: String,
}

/// Reads a whole JSON text.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let track = Track::default();
    let value = T::deserialize(Strict::new(&mut json, &track)).map_err(|error| {
        let is_text = error.is_syntax() || error.is_eof();
        message::told(track.path(), &error.to_string(), is_text)
    })?;
    json.end().map_err(|error| message::told(Vec::new(), &error.to_string(), true))?;
    Ok(value)
}

/// Reads the parameters of an address, `a=1&b=2`, by the same rules.
pub fn from_query<T: DeserializeOwned>(query: &str) -> Result<T, ReadError> {
    let params = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    let track = Track::default();
    T::deserialize(Strict::new(params, &track)).map_err(|error| message::told(track.path(), &error.to_string(), false))
}

#[cfg(test)]
mod tests;
