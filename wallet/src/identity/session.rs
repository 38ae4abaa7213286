//! Sessions of browsers, as they are kept.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::id::UserId;

/// One browser's session. Its token is never stored: rows are keyed by the token's SHA-256, so that a copy of
/// the database holds no working cookie.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    /// The person signed in, if one is; "sign out everywhere" deletes by it.
    pub user: Option<UserId>,
    /// What the web layer keeps in it.
    pub data: Value,
    /// Until when it can be loaded.
    pub expires_at: DateTime<Utc>,
}
