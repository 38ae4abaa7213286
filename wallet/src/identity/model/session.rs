//! Sessions of browsers, as they are kept.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::id::UserId;
use crate::identity::model::device::Device;

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

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its name, to end it by; it opens nothing.
    pub id: Uuid,
    /// On what machine, as its browser says.
    pub device: Device,
    /// The network address that it was used from last, as far as known.
    pub address: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was used last, to the minute.
    pub last_used_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// From where a browser asks: what signing in needs to know beside address and password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// The network address of its machine, where it is known.
    pub from: Option<std::net::IpAddr>,
    /// The secret by which a machine is known from which somebody has signed in before.
    pub device: Option<String>,
    /// What the browser says of itself.
    pub user_agent: String,
    /// The token of its session.
    pub session: Option<[u8; 16]>,
}

impl std::fmt::Debug for Visit {
    /// Shows no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("from", &self.from).finish_non_exhaustive()
    }
}

/// How much of what a person had was ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Sessions of browsers.
    pub sessions: u64,
    /// API keys.
    pub keys: u64,
    /// Webhook endpoints that were on.
    pub webhooks: u64,
}

impl Ended {
    /// Says whether nothing was ended.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.sessions == 0 && self.keys == 0 && self.webhooks == 0
    }
}
