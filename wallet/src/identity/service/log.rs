//! What the audit log holds of signing in: each success; each failure and refusal while there are few, fewer of many.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::super::repo::{self, user::UserRow};
use super::Identity;
use crate::error::Result;
use crate::id::UserId;
use crate::identity::model::actor::Actor;
use crate::identity::model::audit::{AuditRow, NewAudit};
use crate::identity::model::device::Device;
use crate::identity::model::key::KeyAccess;
use crate::identity::model::person::User;
use crate::identity::model::service_key::ServiceAccess;
use crate::identity::model::session::Visit;
use crate::identity::model::viewer::Viewer;
use crate::identity::rules::throttle::name_of_network;
use crate::identity::service::sampler::{EACH, Sampler, Told};

/// The most letters of a path that are written down.
const PATH_MAX: usize = 200;
/// How many of a person's own events are shown.
const EVENTS_MAX: i64 = 12;
/// The longest wait for what this node is still writing into the log.
const SETTLE_MAX: Duration = Duration::from_secs(2);

/// What is written down of many alike events, each kind by itself: no flood of one kind hides another.
#[derive(Debug)]
pub(super) struct Samplers {
    /// Wrong passwords of people, by person.
    failed: Sampler,
    /// Attempts at addresses that nobody has, by network.
    unknown: Sampler,
    /// Refused access, by account.
    refused: Sampler,
}

impl Samplers {
    pub(super) fn new() -> Self {
        Self {
            failed: Sampler::new(100_000, 20_000),
            unknown: Sampler::new(10_000, 2_000),
            refused: Sampler::new(10_000, 10_000),
        }
    }
}

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
    /// Writes down that a person has signed in, in the caller's transaction: always.
    pub(super) async fn note_sign_in_in_tx(&self, tx: &mut PgConnection, user: &User, visit: &Visit) -> Result<()> {
        let audit = NewAudit {
            actor: Actor::User { id: user.id, name: user.name.clone() },
            action: "sign_in.succeeded".to_owned(),
            subject: subject(user.id),
            before: Value::Null,
            after: place(visit),
        };
        self.audit_in_tx(tx, &audit).await
    }

    /// Writes down that a password was wrong, after the answer. Of an address that nobody has, the log says nothing but
    /// that.
    pub(super) fn note_failure(&self, row: Option<&UserRow>, visit: &Visit) {
        let (told, subject) = match row {
            Some(row) => (self.samplers.failed.note(key(&["failed", &row.id.to_string()])), subject(row.id)),
            None => {
                let from = visit.from.map(name_of_network).unwrap_or_default();
                (self.samplers.unknown.note(key(&["unknown", &from])), "unknown address".to_owned())
            }
        };
        self.note_later(told, (Actor::system("sign-in"), "sign_in.failed"), subject, place(visit));
    }

    /// Writes down that a person asked for what that person may not see or do, after the answer.
    pub fn note_refused(&self, viewer: &Viewer, path: &str) {
        let told = self.samplers.refused.note(key(&["account", &viewer.account.to_string()]));
        self.note_later(told, (viewer.actor(), "access.refused"), subject(viewer.user), json!({ "path": shown(path) }));
    }

    /// Writes down that an API key asked for what it may not do, after the answer.
    pub fn note_refused_key(&self, access: &KeyAccess, path: &str) {
        let told = self.samplers.refused.note(key(&["account", &access.account.to_string()]));
        let subject = format!("key {}", access.id);
        self.note_later(told, (access.actor(), "access.refused"), subject, json!({ "path": shown(path) }));
    }

    /// Writes down that a service key asked for what it may not do, after the answer.
    pub fn note_refused_service_key(&self, access: &ServiceAccess, path: &str) {
        let told = self.samplers.refused.note(key(&["service key", &access.id.to_string()]));
        let subject = format!("service key {}", access.id);
        self.note_later(told, (access.actor(), "access.refused"), subject, json!({ "path": shown(path) }));
    }

    /// Writes a row that nobody waits for, where it is to be written.
    fn note_later(&self, told: Option<Told>, (actor, action): (Actor, &str), subject: String, mut after: Value) {
        let Some(told) = told else { return };
        note_count(&mut after, told);
        let audit = NewAudit { actor, action: action.to_owned(), subject, before: Value::Null, after };
        let identity = self.clone();
        let started = self.background.start(async move {
            if let Err(error) = identity.audit(&audit).await {
                tracing::warn!(action = audit.action, %error, "an event is not in the audit log");
            }
        });
        if !started {
            tracing::warn!(action, "an event is not in the audit log: too many are being written");
        }
    }

    /// Waits until what this node writes into the audit log beside its answers is written, and not for long, since
    /// others may go on writing: before the log is read, and before the node ends.
    pub(crate) async fn settle(&self) {
        _ = tokio::time::timeout(SETTLE_MAX, self.background.settle()).await;
    }

    /// Lists the newest of what happened to a person's own sign-in.
    pub async fn security_events(&self, viewer: &Viewer) -> Result<Vec<AuditRow>> {
        self.settle().await;
        repo::audit::about(self.db.pool(), &subject(viewer.user), EVENTS_MAX).await
    }
}

/// Cuts a path to what can be stored and shown.
fn shown(path: &str) -> String {
    path.chars().filter(|letter| !letter.is_control()).take(PATH_MAX).collect()
}

/// Tells how many there were in this hour, where not each has a row.
fn note_count(after: &mut Value, told: Told) {
    let Some(after) = after.as_object_mut() else { return };
    match told {
        Told::OfKey(count) if count > EACH => _ = after.insert("times".to_owned(), json!(count)),
        Told::OfKey(_) => {}
        Told::OfOthers(count) => _ = after.insert("others".to_owned(), json!(count)),
    }
}
