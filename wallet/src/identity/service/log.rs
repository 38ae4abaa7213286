//! What the audit log holds of signing in: each success and failure while there are few, fewer of many.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::repo::{self, user::UserRow};
use super::Identity;
use crate::error::Result;
use crate::id::UserId;
use crate::identity::model::actor::Actor;
use crate::identity::model::audit::{AuditRow, NewAudit};
use crate::identity::model::device::Device;
use crate::identity::model::session::Visit;
use crate::identity::model::viewer::Viewer;
use crate::identity::service::sampler::EACH;

/// The most letters of a path that are written down.
const PATH_MAX: usize = 200;
/// How many of a person's own events are shown.
const EVENTS_MAX: i64 = 12;

/// Names a person in the audit log.
pub(super) fn subject(id: UserId) -> String {
    format!("user {id}")
}

/// Tells from where somebody came, as far as known.
pub(super) fn place(visit: &Visit) -> Value {
    let Device { browser, system, .. } = Device::of(&visit.user_agent);
    json!({ "browser": browser, "system": system, "address": visit.from.map(|from| from.to_canonical().to_string()) })
}

fn key(parts: &[&str]) -> [u8; 32] {
    Sha256::digest(parts.join("\u{0}").as_bytes()).into()
}

impl Identity {
    /// Writes down that a person has signed in.
    pub(super) async fn note_sign_in(&self, row: &UserRow, visit: &Visit) -> Result<()> {
        let Some(count) = self.sampler.note(key(&["in", &row.id.to_string()])) else { return Ok(()) };
        let mut after = place(visit);
        note_count(&mut after, count);
        let mut tx = self.db.begin().await?;
        self.audit_person_in_tx(&mut tx, row, "sign_in.succeeded", (Value::Null, after)).await?;
        Ok(tx.commit().await?)
    }

    /// Writes down that a password was wrong. Of an address that nobody has, the log says nothing but that.
    pub(super) async fn note_failure(&self, row: Option<&UserRow>, visit: &Visit) -> Result<()> {
        let mut after = place(visit);
        let from = visit.from.map(|from| from.to_string()).unwrap_or_default();
        let (sampled, subject) = match row {
            Some(row) => (key(&["failed", &row.id.to_string()]), subject(row.id)),
            None => (key(&["unknown", &from]), "unknown address".to_owned()),
        };
        let Some(count) = self.sampler.note(sampled) else { return Ok(()) };
        note_count(&mut after, count);
        let actor = Actor::system("sign-in");
        let (action, before) = ("sign_in.failed".to_owned(), Value::Null);
        self.audit(&NewAudit { actor, action, subject, before, after }).await
    }

    /// Writes down that a person asked for a page that only staff may see.
    pub async fn note_refused(&self, viewer: &Viewer, path: &str) -> Result<()> {
        let Some(count) = self.sampler.note(key(&["refused", &viewer.user.to_string()])) else { return Ok(()) };
        let path: String = path.chars().filter(|letter| !letter.is_control()).take(PATH_MAX).collect();
        let mut after = json!({ "path": path });
        note_count(&mut after, count);
        let (actor, action, before) = (viewer.actor(), "access.refused".to_owned(), Value::Null);
        self.audit(&NewAudit { actor, action, subject: subject(viewer.user), before, after }).await
    }

    /// Lists the newest of what happened to a person's own sign-in.
    pub async fn security_events(&self, viewer: &Viewer) -> Result<Vec<AuditRow>> {
        repo::audit::about(self.db.pool(), &subject(viewer.user), EVENTS_MAX).await
    }
}

/// Tells how many there were in this hour, where not each has a row.
fn note_count(after: &mut Value, count: u32) {
    if let Some(after) = after.as_object_mut().filter(|_| count > EACH) {
        after.insert("times".to_owned(), json!(count));
    }
}
