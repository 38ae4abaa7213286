//! Mails about what programs use: API keys and webhook endpoints.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What the mails about an API key say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMail {
    /// Whom to greet.
    pub name: String,
    /// What the key is called.
    pub key: String,
    /// How it begins and ends, as lists show it.
    pub hint: String,
    /// Who made or revoked it.
    pub by: String,
    /// Whether it was made; else it was revoked.
    pub is_new: bool,
}

/// What the mail about an endpoint that fails says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookFailingMail {
    /// Whom to greet.
    pub name: String,
    /// The endpoint's address.
    pub url: String,
    /// Since when every try has failed.
    pub since: DateTime<Utc>,
    /// When it is switched off if that goes on.
    pub off_at: DateTime<Utc>,
    /// The secret of the link that switches such mails off.
    pub unsubscribe: String,
}
