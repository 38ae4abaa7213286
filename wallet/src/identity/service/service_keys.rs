//! Service keys: made, listed and revoked by staff, and checked with each call of the platform.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::super::repo;
use super::Identity;
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, ProjectId, ServiceKeyId};
use crate::identity::model::actor::Actor;
use crate::identity::model::audit::NewAudit;
use crate::identity::model::key::{Environment, hash, hint_of};
use crate::identity::model::service_key::{
    CreatedServiceKey, NewServiceKey, ServiceAccess, ServiceKeyText, ServiceKeyView, WalletPlace, write_service_key,
};
use crate::identity::service::service_key_cache::{Known, WorkingKey};

/// The most working service keys of a deployment: all of them are in memory.
const KEYS_MAX: i64 = 100;

impl Identity {
    /// Makes a service key. Its secret is in the answer and nowhere else.
    pub async fn create_service_key(&self, by: &Actor, new: &NewServiceKey) -> Result<CreatedServiceKey> {
        let (created, is_new) = self.create_service_key_with(by, new, (ServiceKeyId::new(), rand::random())).await?;
        if !is_new {
            let message = "A service key has or had this name. Choose another: rows of the ledger name it.";
            return Err(Refusal::unprocessable("name", Problem::Taken, message).into());
        }
        Ok(created)
    }

    /// Makes a service key with a given id and secret, unless it is there: for demo data, so that the printed key stays
    /// the same. Says whether it is new.
    pub(crate) async fn create_service_key_with(
        &self,
        by: &Actor,
        new: &NewServiceKey,
        (id, secret): (ServiceKeyId, [u128; 2]),
    ) -> Result<(CreatedServiceKey, bool)> {
        new.check().map_err(|fields| Refusal::Invalid { fields })?;
        let secret = write_service_key(&self.account_setup.key_prefix().await?, id, secret);
        let key = ServiceKeyView {
            id,
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            hint: hint_of(&secret),
            created_by: by.name().to_owned(),
            created_at: self.db.now(),
            last_used_at: None,
            revoked_at: None,
        };
        let mut tx = self.db.begin().await?;
        if repo::service_key::count_working(&mut tx).await? >= KEYS_MAX {
            let message = "There are at most 100 working service keys. Revoke one first.";
            return Err(Refusal::unprocessable("name", Problem::TooMany, message).into());
        }
        let is_new = repo::service_key::insert(&mut tx, &key, &hash(&secret)).await?;
        if is_new {
            let audit = NewAudit {
                actor: by.clone(),
                action: "service_key.created".to_owned(),
                subject: format!("service key {id}"),
                before: Value::Null,
                after: json!({ "name": key.name, "scopes": key.scopes, "hint": key.hint }),
            };
            self.audit_in_tx(&mut tx, &audit).await?;
        }
        tx.commit().await?;
        self.service_keys.forget();
        Ok((CreatedServiceKey { secret, key }, is_new))
    }

    /// Lists the service keys: working ones first, then newest first.
    pub async fn service_keys(&self) -> Result<Vec<ServiceKeyView>> {
        repo::service_key::list(self.db.pool(), KEYS_MAX.saturating_mul(2)).await
    }

    /// Revokes a service key by its name: within a second it works on no node. A repeat changes nothing.
    pub async fn revoke_service_key(&self, by: &Actor, name: &str) -> Result<()> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let revoked = repo::service_key::revoke(&mut tx, name, now).await?;
        let (id, first) = revoked.ok_or_else(|| Refusal::not_found("service key"))?;
        if first {
            let audit = NewAudit {
                actor: by.clone(),
                action: "service_key.revoked".to_owned(),
                subject: format!("service key {id}"),
                before: json!({ "name": name, "revoked_at": null }),
                after: json!({ "name": name, "revoked_at": now }),
            };
            self.audit_in_tx(&mut tx, &audit).await?;
        }
        tx.commit().await?;
        self.service_keys.forget();
        Ok(())
    }

    /// Says what a service key may do; refuses one that is wrong or was revoked.
    pub async fn authenticate_service_key(&self, text: &str) -> Result<Arc<ServiceAccess>> {
        let key = ServiceKeyText::parse(text.trim()).ok_or(Refusal::Unauthenticated)?;
        if let Some(known) = self.known_service_key(&key) {
            return known;
        }
        let _reading = self.service_keys.reading.lock().await;
        // Somebody else may have read them while this call waited.
        if let Some(known) = self.known_service_key(&key) {
            return known;
        }
        self.read_service_keys().await?;
        Ok(self.service_keys.find(&key, self.db.now()).ok_or(Refusal::Unauthenticated)?)
    }

    /// Answers from memory; `None` where the keys must be read first.
    fn known_service_key(&self, key: &ServiceKeyText) -> Option<Result<Arc<ServiceAccess>>> {
        match self.service_keys.get(key, self.db.now()) {
            Known::Right(access) => Some(Ok(access)),
            Known::Wrong => Some(Err(Refusal::Unauthenticated.into())),
            Known::Unread => None,
        }
    }

    async fn read_service_keys(&self) -> Result<()> {
        let began = Instant::now();
        let rows = repo::service_key::working(self.db.pool()).await?;
        let known = rows.into_iter().map(|row| {
            let id = ServiceKeyId::from_uuid(row.id);
            let access = Arc::new(ServiceAccess { id, name: row.name, scopes: row.scopes });
            (id, WorkingKey { hash: row.key_hash, access })
        });
        self.service_keys.put(known.collect(), began);
        let used = self.service_keys.take_uses_when_due();
        if used.is_empty() { Ok(()) } else { repo::service_key::touch(self.db.pool(), &used).await }
    }

    /// Finds a wallet by the account that pays, the project that spends and its environment.
    pub async fn wallet_place(
        &self,
        account: AccountId,
        project: ProjectId,
        environment: Environment,
    ) -> Result<WalletPlace> {
        let found = repo::service_key::wallet_at(self.db.pool(), account, project, environment).await?;
        let wallet = found.ok_or_else(|| Refusal::not_found("project of this account"))?;
        let plan = self.account_setup.plans_of(&[account]).await?.remove(&account).unwrap_or_default();
        Ok(WalletPlace { wallet, account, project, environment, plan })
    }
}
