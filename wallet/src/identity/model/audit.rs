//! The audit log: who did what to what and when, with the state before and after.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[cfg(feature = "postgres")]
use crate::error::{FieldError, Problem};
use crate::identity::model::actor::Actor;

/// The longest note of staff, in characters.
#[cfg(feature = "postgres")]
const NOTE_MAX: usize = 500;

/// Reads why staff do something, for the log: trimmed, not empty, at most 500 characters.
#[cfg(feature = "postgres")]
pub(crate) fn note(text: &str) -> Result<&str, FieldError> {
    let text = text.trim();
    let problem = match text.chars().count() {
        0 => Problem::Required,
        1..=NOTE_MAX if text.contains('\0') => Problem::Malformed,
        1..=NOTE_MAX => return Ok(text),
        _ => Problem::TooLong,
    };
    Err(FieldError::new("note", problem, format!("Say why, in at most {NOTE_MAX} characters.")))
}

/// The most rows of one page of the log.
pub(crate) const AUDIT_PAGE_MAX: i64 = 200;

/// One row to write.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    /// Who.
    pub actor: Actor,
    /// What, as `noun.verb`: `tariff.published`, `key.revoked`.
    pub action: String,
    /// To what: `price book 4`, `key 0192…`.
    pub subject: String,
    /// The state before; null where there was none.
    pub before: Value,
    /// The state after; null where nothing is left.
    pub after: Value,
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The row; later rows have greater ids.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// What, as `noun.verb`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The state before.
    pub before: Value,
    /// The state after.
    pub after: Value,
}

/// One page of the log, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// Pass it as `before` for the next page; `None` on the last one.
    pub next: Option<Uuid>,
}
