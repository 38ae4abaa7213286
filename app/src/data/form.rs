//! What became of the form that a page holds.

use crate::context::FormOutcome;
use crate::error::AppError;

/// Gives what became of the form that was posted to this path; empty on an ordinary visit.
pub async fn posted_form(path: String) -> Result<FormOutcome, AppError> {
    Ok(crate::current_user::outcome(&path))
}
