//! Forms with files (`multipart/form-data`): every field as text, also a file's.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::state::AppState;

/// The most fields of one form.
const FIELDS_MAX: usize = 50;

/// Reads the fields. The layer around all forms bounds their size. What is not UTF-8 becomes replacement characters,
/// which no rule takes.
pub async fn read(request: Request, state: &AppState) -> Result<BTreeMap<String, String>, Response> {
    let mut form = Multipart::from_request(request, state).await.map_err(IntoResponse::into_response)?;
    let mut fields = BTreeMap::new();
    while let Some(field) = form.next_field().await.map_err(IntoResponse::into_response)? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let bytes = field.bytes().await.map_err(IntoResponse::into_response)?;
        if fields.len() >= FIELDS_MAX {
            return Err((StatusCode::BAD_REQUEST, "The form has too many fields.").into_response());
        }
        // Browsers send line ends of their own.
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        fields.insert(name, text);
    }
    Ok(fields)
}
