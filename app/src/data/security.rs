//! A person's own sign-in: sessions, and what happened to it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use wallet::identity::{AuditRow, SessionView};

use crate::context::FormOutcome;
use crate::error::AppError;

/// Everything that the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Security {
    /// What the person is called.
    pub name: String,
    /// The address.
    pub email: String,
    /// The person's sessions, the one that was used last first.
    pub sessions: Vec<SessionView>,
    /// The newest of what happened to the sign-in.
    pub events: Vec<AuditRow>,
    /// What became of the form that was posted.
    pub outcome: FormOutcome,
    /// When the page was drawn.
    pub now: DateTime<Utc>,
}

/// Gives the page of a person's own sign-in.
pub async fn load_security() -> Result<Security, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let identity = wallet.identity();
    Ok(Security {
        sessions: identity.sessions(&viewer, crate::context::session_token().as_ref()).await?,
        events: identity.security_events(&viewer).await?,
        outcome: crate::current_user::outcome("/settings/security"),
        name: viewer.name,
        email: viewer.email,
        // Sessions follow the machines' own time, not a demo's.
        now: Utc::now(),
    })
}
