//! Forms with files (`multipart/form-data`): every field as text, also a file's.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::state::AppState;

/// The most fields of one form.
const FIELDS_MAX: usize = 50;
/// The longest name of a file that is shown, in letters.
const NAME_MAX: usize = 100;

/// What a form with files brings.
#[derive(Debug, Default)]
pub struct Parts {
    /// Every field as text; a file's too, where it is text.
    pub fields: BTreeMap<String, String>,
    /// What the files are called, by their fields.
    pub names: BTreeMap<String, String>,
    /// The fields that are not UTF-8: they have no text.
    pub unreadable: BTreeSet<String>,
}

/// Reads the fields. The layer around all forms bounds their size.
pub async fn read(request: Request, state: &AppState) -> Result<Parts, Response> {
    let mut form = Multipart::from_request(request, state).await.map_err(IntoResponse::into_response)?;
    let mut parts = Parts::default();
    while let Some(field) = form.next_field().await.map_err(IntoResponse::into_response)? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let file = field.file_name().map(shown_name).filter(|file| !file.is_empty());
        let bytes = field.bytes().await.map_err(IntoResponse::into_response)?;
        if parts.fields.len().saturating_add(parts.unreadable.len()) >= FIELDS_MAX {
            return Err((StatusCode::BAD_REQUEST, "The form has too many fields.").into_response());
        }
        if let Some(file) = file {
            parts.names.insert(name.clone(), file);
        }
        match std::str::from_utf8(&bytes) {
            // Browsers send line ends of their own.
            Ok(text) => _ = parts.fields.insert(name, text.replace("\r\n", "\n")),
            Err(_) => _ = parts.unreadable.insert(name),
        }
    }
    Ok(parts)
}

/// Writes the name of a file for a page: without folders, short, of one line.
fn shown_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|letter| !letter.is_control()).take(NAME_MAX).collect()
}
