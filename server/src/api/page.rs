//! Cursors: an opaque text that says where the next page begins.

use super::envelope::{Answer, Fault};

/// Rows of a page where nothing is said.
pub const LIMIT_DEFAULT: u16 = 50;
/// Rows of a page at most.
pub const LIMIT_MAX: u16 = 200;

/// Reads `limit`.
pub fn limit(limit: Option<u16>) -> Answer<u16> {
    match limit {
        None => Ok(LIMIT_DEFAULT),
        Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(Fault::invalid("limit", format!("From 1 to {LIMIT_MAX}."))),
    }
}

/// Reads `cursor`.
pub fn cursor<T: std::str::FromStr>(cursor: Option<&str>) -> Answer<Option<T>> {
    let read = |text: &str| text.strip_prefix("c_").and_then(|text| text.parse().ok());
    let wrong = || Fault::invalid("cursor", "Pass the next_cursor of the page before.");
    cursor.map(|text| read(text).ok_or_else(wrong)).transpose()
}

/// Writes `next_cursor`.
pub fn next(place: Option<impl std::fmt::Display>) -> Option<String> {
    place.map(|place| format!("c_{place}"))
}
