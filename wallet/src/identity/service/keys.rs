//! API keys: made, listed, revoked, and checked with each request.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::{Builder, Uuid};

use super::super::repo::{self, key::AccessRow, key::NewKeyRow};
use super::Identity;
use crate::error::{FieldError, Problem, Refusal, Result};
use crate::id::{AccountId, KeyId, WalletId};
use crate::identity::model::audit::NewAudit;
use crate::identity::model::key::{
    ApiKeyView, CreatedKey, Environment, KeyAccess, KeyText, NewKey, RateCount, SCOPES_MAX, hash, hint_of, write_key,
};
use crate::identity::model::name::{check_name, name_error};
use crate::identity::model::plan_summary::PlanSummary;
use crate::identity::model::scope::KeyScope;
use crate::identity::model::viewer::Viewer;
use crate::identity::ports::{AccountMail, Recipient};
use crate::identity::service::key_cache::{Remembered, Upkeep};

/// The most working keys of an account.
const KEYS_MAX: i64 = 100;
/// The shortest secret of a form that makes a key, in characters: as hard to guess as the key.
const FORM_SECRET_MIN: usize = 64;
/// How far back revocations are asked for: more than nodes' clocks differ.
const REVOKED_LATELY_SECONDS: i64 = 30;

impl Identity {
    /// Makes a key. Its secret is in the answer and nowhere else.
    pub async fn create_key(&self, viewer: &Viewer, new: &NewKey) -> Result<CreatedKey> {
        self.create_key_with(viewer, new, (KeyId::new(), rand::random())).await
    }

    /// Makes a key, once per form: whoever sends the same form again, by a double click or a reload, sees the same key.
    ///
    /// The key is worked out from the form's own secret, of which nothing is stored. What else the form says is part of
    /// it: a form that was changed and sent again makes another key.
    pub async fn create_key_once(&self, viewer: &Viewer, new: &NewKey, form: &str) -> Result<CreatedKey> {
        if form.len() < FORM_SECRET_MIN {
            let message = "The form is incomplete: load the page again.";
            return Err(FieldError::new("idempotency_key", Problem::Required, message).into());
        }
        let said = serde_json::to_string(&(viewer.user, viewer.project, new))?;
        let part = |what: &str| {
            let digest: [u8; 32] = Sha256::digest(format!("{what}\u{0}{form}\u{0}{said}").as_bytes()).into();
            let mut bytes = digest.iter();
            let mut number = || bytes.by_ref().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
            [number(), number()]
        };
        let [id, _] = part("id of an API key");
        let id = KeyId::from_uuid(Builder::from_custom_bytes(id.to_be_bytes()).into_uuid());
        let made = self.create_key_with(viewer, new, (id, part("secret of an API key"))).await?;
        if repo::key::working(self.db.pool(), &[id]).await?.is_empty() {
            let message = "This form's key was made and revoked. Load the page again for another one.";
            return Err(Refusal::unprocessable("idempotency_key", Problem::Expired, message).into());
        }
        Ok(made)
    }

    /// Makes the secret of a form for a new key.
    #[must_use]
    pub fn form_secret(&self) -> String {
        super::new_token().0
    }

    /// Makes a key with a given id and secret: for demo data, so that the printed key stays the same.
    pub(crate) async fn create_key_with(
        &self,
        viewer: &Viewer,
        new: &NewKey,
        (id, secret): (KeyId, [u128; 2]),
    ) -> Result<CreatedKey> {
        if !viewer.role.may_manage_keys() {
            return Err(Refusal::Forbidden { why: "your role can't make keys".to_owned() }.into());
        }
        let name = check(new)?;
        self.check_preview(new).await?;
        let secret = write_key(&self.account_setup.key_prefix().await?, new.environment, id, secret);
        let key = ApiKeyView {
            id,
            name,
            environment: new.environment,
            scopes: each_once(&new.scopes),
            ceiling: new.ceiling,
            hint: hint_of(&secret),
            created_by: viewer.name.clone(),
            created_at: self.db.now(),
            last_used_at: None,
            revoked_at: None,
        };
        self.store_key(viewer, &key, hash(&secret)).await?;
        Ok(CreatedKey { secret, key })
    }

    /// Refuses scopes that a preview key can't have where the catalog keeps it to content.
    async fn check_preview(&self, new: &NewKey) -> Result<()> {
        let beyond = |scope: &&KeyScope| !scope.is_content() && scope.is_in(&new.scopes);
        let Some(scope) = KeyScope::ALL.iter().find(beyond) else { return Ok(()) };
        if new.environment == Environment::Preview && self.account_setup.previews_content_only().await? {
            let message = format!("Preview keys only make content here; leave {} out.", scope.code());
            return Err(Refusal::invalid("scopes", Problem::NotAllowed, message).into());
        }
        Ok(())
    }

    async fn store_key(&self, viewer: &Viewer, key: &ApiKeyView, hash: [u8; 32]) -> Result<()> {
        let row = NewKeyRow {
            id: key.id,
            account: viewer.account,
            project: viewer.project,
            environment: key.environment,
            name: &key.name,
            hash,
            hint: &key.hint,
            scopes: &key.scopes,
            ceiling: key.ceiling,
            created_by: viewer.user,
            created_at: key.created_at,
        };
        let mut tx = self.db.begin().await?;
        // One after the other: two at once would both find room for one.
        repo::tree::lock_account(&mut tx, viewer.account).await?;
        super::must_be_proven_in_tx(&mut tx, viewer.account).await?;
        if repo::key::count_working(&mut tx, viewer.account).await? >= KEYS_MAX {
            let message = "An account has at most 100 working keys. Revoke one first.";
            return Err(Refusal::unprocessable("name", Problem::TooMany, message).into());
        }
        if repo::key::insert(&mut tx, &row).await? {
            let audit = NewAudit {
                actor: viewer.actor(),
                action: "key.created".to_owned(),
                subject: format!("key {}", key.id),
                before: Value::Null,
                after: json!({ "name": key.name, "environment": key.environment, "scopes": key.scopes,
                               "ceiling": key.ceiling, "hint": key.hint }),
            };
            self.audit_in_tx(&mut tx, &audit).await?;
            self.tell_of_key(&mut tx, viewer, (key.name.clone(), key.hint.clone()), true).await?;
            if let Some(ceiling) = key.ceiling {
                let wallet = match key.environment {
                    crate::identity::model::key::Environment::Production => viewer.wallet,
                    crate::identity::model::key::Environment::Preview => viewer.preview_wallet,
                };
                self.account_setup.cap_key_in_tx(&mut tx, wallet, key.id, &key.name, ceiling).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// Mails the account's owner that a key was made or revoked, whoever did it: who takes over a session makes a key.
    async fn tell_of_key(
        &self,
        connection: &mut PgConnection,
        viewer: &Viewer,
        (key, hint): (String, String),
        is_new: bool,
    ) -> Result<()> {
        let Some(owner) = repo::tree::owner(&mut *connection, viewer.account).await? else { return Ok(()) };
        let to = Recipient { email: &owner.email, name: &owner.name, locale: &owner.locale };
        let letter = AccountMail::Key { key, hint, by: viewer.name.clone(), is_new };
        self.account_setup.write_in_tx(connection, to, letter).await
    }

    /// Lists the account's keys: working ones first, then newest first.
    pub async fn keys(&self, viewer: &Viewer) -> Result<Vec<ApiKeyView>> {
        repo::key::list(self.db.pool(), viewer.account, KEYS_MAX.saturating_mul(2)).await
    }

    /// Revokes a key: on this node at once, on others within a second. A repeat changes nothing.
    pub async fn revoke_key(&self, viewer: &Viewer, id: KeyId) -> Result<()> {
        if !viewer.role.may_manage_keys() {
            return Err(Refusal::Forbidden { why: "your role can't revoke keys".to_owned() }.into());
        }
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let revoked = repo::key::revoke(&mut tx, viewer.account, id, now).await?;
        let (name, hint, first) = revoked.ok_or_else(|| Refusal::not_found("key"))?;
        if first {
            self.account_setup.uncap_key_in_tx(&mut tx, viewer.wallet, id).await?;
            let audit = NewAudit {
                actor: viewer.actor(),
                action: "key.revoked".to_owned(),
                subject: format!("key {id}"),
                before: json!({ "name": name, "revoked_at": null }),
                after: json!({ "name": name, "revoked_at": now }),
            };
            self.audit_in_tx(&mut tx, &audit).await?;
            self.tell_of_key(&mut tx, viewer, (name, hint), false).await?;
        }
        tx.commit().await?;
        self.keys.forget(&[id]);
        Ok(())
    }

    /// Says what a key may do; refuses one that is wrong or was revoked.
    pub async fn authenticate_key(&self, text: &str) -> Result<Arc<KeyAccess>> {
        let key = KeyText::parse(text.trim()).ok_or(Refusal::Unauthenticated)?;
        match self.keys.upkeep() {
            Upkeep::Nothing => {}
            Upkeep::Beside => {
                let identity = self.clone();
                tokio::spawn(async move {
                    if let Err(error) = identity.keep_keys_up().await {
                        tracing::warn!(%error, "API keys in memory could not be brought up to date");
                    }
                });
            }
            Upkeep::First => Box::pin(self.keep_keys_up()).await?,
        }
        match self.keys.get(&key, self.db.now()) {
            Remembered::Right(access) => Ok(access),
            Remembered::Wrong => Err(Refusal::Unauthenticated.into()),
            // Rare, and large: in a box of its own, or every call would carry the room for it.
            Remembered::Nothing => Box::pin(self.look_key_up(key)).await,
        }
    }

    /// Tells the other nodes what this one has counted of a minute (since 1970), and hears what they have of the same
    /// keys.
    pub async fn share_rates(&self, node: Uuid, minute: i64, counts: &[RateCount]) -> Result<Vec<RateCount>> {
        repo::rate::share(self.db.pool(), node, minute, counts).await
    }

    /// Says whether a key was ever made, revoked or not.
    pub(crate) async fn key_exists(&self, id: KeyId) -> Result<bool> {
        repo::key::exists(self.db.pool(), id).await
    }

    /// Says which of these keys still work.
    pub async fn keys_working(&self, keys: &[KeyId]) -> Result<Vec<KeyId>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(repo::key::working(self.db.pool(), keys).await?.into_iter().map(|row| row.id).collect())
    }

    /// Brings what is remembered of keys up to date: revocations of other nodes, and what keys in use may do now.
    async fn keep_keys_up(&self) -> Result<()> {
        let began = Instant::now();
        let done = self.refresh_keys(began).await;
        self.keys.kept_up(began, done.is_ok());
        done
    }

    async fn refresh_keys(&self, began: Instant) -> Result<()> {
        let stale = self.keys.take_stale();
        if !stale.is_empty() {
            let rows = repo::key::working(self.db.pool(), &stale).await?;
            let accounts: Vec<AccountId> = rows.iter().map(|row| row.account).collect();
            let plans = self.account_setup.plans_of(&accounts).await?;
            let content_only = self.content_only(&rows).await?;
            for row in rows {
                let plan = plans.get(&row.account).cloned().unwrap_or_default();
                self.keys.renew(&row.hash, access(&row, plan, content_only), began);
            }
        }
        // Last, so that nothing read before a revocation survives it.
        let since = self.db.now() - chrono::TimeDelta::seconds(REVOKED_LATELY_SECONDS);
        self.keys.forget(&repo::key::revoked_since(self.db.pool(), since).await?);
        let used = self.keys.take_uses_when_due();
        if used.is_empty() { Ok(()) } else { repo::key::touch(self.db.pool(), &used).await }
    }

    /// Says whether the preview keys among some only make content.
    pub(super) async fn content_only(&self, rows: &[AccessRow]) -> Result<bool> {
        let is_preview = |row: &AccessRow| row.environment == Environment::Preview;
        Ok(rows.iter().any(is_preview) && self.account_setup.previews_content_only().await?)
    }

    /// Writes down now when keys were last used; otherwise it happens every fifteen seconds of traffic.
    pub async fn flush_key_uses(&self) -> Result<()> {
        let used = self.keys.take_uses();
        if !used.is_empty() {
            repo::key::touch(self.db.pool(), &used).await?;
        }
        let used = self.service_keys.take_uses();
        if used.is_empty() { Ok(()) } else { repo::service_key::touch(self.db.pool(), &used).await }
    }
}

/// Keeps of equal texts the first.
fn each_once(texts: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        if !kept.contains(text) {
            kept.push(text.clone());
        }
    }
    kept
}

fn check(new: &NewKey) -> Result<String> {
    let mut problems = Vec::new();
    let name = check_name(&new.name).map_err(|problem| problems.push(name_error(problem))).unwrap_or_default();
    if new.scopes.len() > SCOPES_MAX {
        problems.push(FieldError::new("scopes", Problem::TooMany, "A key has at most 16 scopes."));
    }
    if let Some(unknown) = new.scopes.iter().find(|scope| !KeyScope::is_known(scope)) {
        let known = KeyScope::ALL.map(KeyScope::code).join(", ");
        let shown: String = unknown.chars().take(40).collect();
        let message = format!("There is no scope {shown}. Choose among {}, {known}.", KeyScope::CONTENT);
        problems.push(FieldError::new("scopes", Problem::Unknown, message));
    }
    if new.ceiling.is_some_and(|ceiling| !ceiling.is_positive()) {
        problems.push(FieldError::new("ceiling", Problem::TooSmall, "Enter more than zero, or leave it empty."));
    }
    if problems.is_empty() { Ok(name) } else { Err(Refusal::Invalid { fields: problems }.into()) }
}

/// Says what a stored key may do, where preview keys are for content only or not.
pub(super) fn access(row: &AccessRow, plan: PlanSummary, previews_content_only: bool) -> KeyAccess {
    KeyAccess {
        id: row.id,
        name: row.name.clone(),
        wallet: row.wallet,
        account: row.account,
        project: row.project,
        environment: row.environment,
        scopes: row.scopes.clone(),
        content_only: previews_content_only && row.environment == Environment::Preview,
        ceiling: row.ceiling,
        plan,
    }
}

/// Says whether a working key spends from a wallet, in the caller's transaction.
pub(crate) async fn is_working_key_in_tx(connection: &mut PgConnection, wallet: WalletId, id: KeyId) -> Result<bool> {
    let found = repo::key::working(connection, &[id]).await?;
    Ok(found.iter().any(|row| row.wallet == wallet))
}
