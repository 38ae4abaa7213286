//! What became of the form that a page holds.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::context::FormOutcome;
use crate::error::AppError;
use crate::text_json::TextJson;

/// Gives what became of the form that was posted to this path; empty on an ordinary visit.
#[server(endpoint = "posted_form", input = GetUrl, output = TextJson)]
pub async fn posted_form(
    /// Where the form was posted to.
    path: String,
) -> Result<FormOutcome, AppError> {
    Ok(crate::current_user::outcome(&path))
}
