//! Ending what was made before somebody showed that an address is theirs: sessions, machines, API keys, webhooks.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::repo::{self, user::UserRow};
use super::Identity;
use crate::error::Result;
use crate::id::KeyId;
use crate::identity::model::actor::Actor;
use crate::identity::model::audit::NewAudit;
use crate::identity::model::session::Ended;

/// What stays when everything else ends: the browser that asks.
#[derive(Clone, Copy, Default)]
pub(super) struct Kept<'a> {
    /// Its session, by the token's hash.
    pub(super) session: Option<&'a [u8; 32]>,
    /// Its machine, by the token's hash.
    pub(super) device: Option<&'a [u8; 32]>,
}

/// What was ended, and what this node must forget of it once that is committed.
pub(super) struct Endings {
    pub(super) ended: Ended,
    pub(super) keys: Vec<KeyId>,
}

impl Identity {
    /// Ends a person's sessions and forgets the machines, in the caller's transaction.
    pub(super) async fn end_sessions_in_tx(
        &self,
        tx: &mut PgConnection,
        row: &UserRow,
        kept: Kept<'_>,
    ) -> Result<Ended> {
        let sessions = repo::session::delete_of(tx, row.id, kept.session).await?;
        repo::device::forget_of(tx, row.id, kept.device).await?;
        Ok(Ended { sessions, ..Ended::default() })
    }

    /// Ends everything that acts or hears for a person, in the caller's transaction: whoever had the password before
    /// may have made it.
    pub(super) async fn end_all_in_tx(
        &self,
        tx: &mut PgConnection,
        row: &UserRow,
        kept: Kept<'_>,
        why: &str,
    ) -> Result<Endings> {
        let mut ended = self.end_sessions_in_tx(tx, row, kept).await?;
        let by = Actor::User { id: row.id, name: row.name.clone() };
        let now = self.db.now();
        let mut keys = Vec::new();
        for account in repo::tree::owned(tx, row.id).await? {
            for (key, name, wallet) in repo::key::of_account(tx, account).await? {
                repo::key::revoke(tx, account, key, now).await?;
                self.account_setup.uncap_key_in_tx(tx, wallet, key).await?;
                let audit = NewAudit {
                    actor: by.clone(),
                    action: "key.revoked".to_owned(),
                    subject: format!("key {key}"),
                    before: json!({ "name": name, "revoked_at": null }),
                    after: json!({ "name": name, "revoked_at": now, "why": why }),
                };
                self.audit_in_tx(tx, &audit).await?;
                keys.push(key);
                ended.keys = ended.keys.saturating_add(1);
            }
            let off = self.account_setup.silence_in_tx(tx, account, (&by, why)).await?;
            ended.webhooks = ended.webhooks.saturating_add(off);
        }
        Ok(Endings { ended, keys })
    }

    /// Writes down what was done about a person's sign-in, in the caller's transaction.
    pub(super) async fn audit_person_in_tx(
        &self,
        tx: &mut PgConnection,
        row: &UserRow,
        action: &str,
        (before, after): (Value, Value),
    ) -> Result<()> {
        let audit = NewAudit {
            actor: Actor::User { id: row.id, name: row.name.clone() },
            action: action.to_owned(),
            subject: super::log::subject(row.id),
            before,
            after,
        };
        self.audit_in_tx(tx, &audit).await
    }
}
