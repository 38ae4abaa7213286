//! Service keys: what the platform's own backend spends with, on behalf of its customers.
//!
//! A service key belongs to the deployment and to no account; staff make it on the command line. It reads
//! `<prefix>_service_<id><secret><checksum>`, so that no scanner and no reader takes it for a customer's key.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Problem};
use crate::id::{AccountId, ProjectId, ServiceKeyId, WalletId};
use crate::identity::model::actor::Actor;
use crate::identity::model::key::{Environment, KeyAccess, hash, id_in, write_text};
use crate::identity::model::plan_summary::PlanSummary;

/// The word inside a service key, in the place where customers' keys name their environment.
const TYPE: &str = "service";
/// The longest name of a service key.
const NAME_MAX: usize = 40;

/// What a service key may be limited to. More will follow; a name that is not known is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ServiceScope {
    /// Charges, holds, captures, releases and pays back for any wallet; reads what it spends from.
    SpendWrite,
    /// Tells what a customer's key is: its wallet, scopes, budgets, plan and balance.
    KeysRead,
}

impl ServiceScope {
    /// All of them.
    #[doc(hidden)]
    pub const ALL: [Self; 2] = [Self::SpendWrite, Self::KeysRead];

    /// Gives the name kept in storage, which staff type.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SpendWrite => "spend:write",
            Self::KeysRead => "keys:read",
        }
    }

    /// Says whether a list of scopes holds this one. Who spends may look at what it spends from.
    #[must_use]
    pub fn is_in(self, held: &[String]) -> bool {
        let holds = |scope: Self| held.iter().any(|name| name == scope.code());
        holds(self) || (self == Self::KeysRead && holds(Self::SpendWrite))
    }
}

/// What staff say of a service key to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewServiceKey {
    /// The name that stands in the ledger beside what the key did; customers read it there.
    pub name: String,
    /// What it may do, by the names of [`ServiceScope`].
    pub scopes: Vec<String>,
}

impl NewServiceKey {
    /// Checks the name and the scopes; gives every problem at once.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let mut problems = Vec::new();
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if self.name.is_empty() || self.name.len() > NAME_MAX || !self.name.chars().all(is_plain) {
            let message = "A name is 1 to 40 letters a-z, digits, dots, dashes and underscores, such as gateway-eu.";
            problems.push(FieldError::new("name", Problem::Malformed, message));
        }
        let known = ServiceScope::ALL.map(ServiceScope::code).join(", ");
        if self.scopes.is_empty() {
            problems.push(FieldError::new("scope", Problem::Required, format!("Give a scope: {known}.")));
        }
        let is_known = |name: &&String| ServiceScope::ALL.iter().any(|scope| scope.code() == name.as_str());
        if let Some(unknown) = self.scopes.iter().find(|name| !is_known(name)) {
            let shown: String = unknown.chars().take(NAME_MAX).collect();
            let message = format!("There is no scope {shown}. Choose among {known}.");
            problems.push(FieldError::new("scope", Problem::Unknown, message));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// A service key as it is listed: never with its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceKeyView {
    /// The key.
    pub id: ServiceKeyId,
    /// Its name; never given to another key, since rows of the ledger name it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The beginning by which a person recognises it.
    pub hint: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Since when it no longer works.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A service key just made: the only moment at which its secret is known.
#[derive(Clone, PartialEq, Eq)]
pub struct CreatedServiceKey {
    /// The whole key, shown once.
    pub secret: String,
    /// What the list will show.
    pub key: ServiceKeyView,
}

impl std::fmt::Debug for CreatedServiceKey {
    /// Shows everything but the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedServiceKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What a request may do that came with a right service key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccess {
    /// The key.
    pub id: ServiceKeyId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl ServiceAccess {
    /// Says whether the key may do something.
    #[must_use]
    pub fn may(&self, scope: ServiceScope) -> bool {
        scope.is_in(&self.scopes)
    }

    /// Gives the actor of what the key does for a wallet that it named.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Service { id: self.id, name: self.name.clone() }
    }

    /// Gives the actor of what the key does on behalf of a customer's key.
    #[must_use]
    pub fn actor_for(&self, key: &KeyAccess) -> Actor {
        Actor::on_behalf_of(&self.name, key.id, &key.name)
    }
}

/// One of a project's wallets, found by account, project and environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletPlace {
    /// The wallet.
    pub wallet: WalletId,
    /// The account that pays.
    pub account: AccountId,
    /// The project that spends.
    pub project: ProjectId,
    /// Which of the project's wallets it is.
    pub environment: Environment,
    /// The plan that the account is on.
    pub plan: PlanSummary,
}

/// A service key's text, read: whose it claims to be, and the hash by which that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServiceKeyText {
    /// The key that the text names.
    pub id: ServiceKeyId,
    /// SHA-256 of the whole text. Plain hashing is enough: the secret has over 250 random bits.
    pub hash: [u8; 32],
}

impl ServiceKeyText {
    /// Reads a service key's text; `None` where its form or its checksum is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = ServiceKeyId::from_uuid(id_in(text, &["_service_"])?);
        Some(Self { id, hash: hash(text) })
    }
}

/// Writes a service key from its parts; `secret` must come from a secure source of random numbers.
#[doc(hidden)]
#[must_use]
pub fn write_service_key(prefix: &str, id: ServiceKeyId, secret: [u128; 2]) -> String {
    write_text(prefix, TYPE, id.uuid(), secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::KeyId;
    use crate::identity::model::key::{KEY_MAX, KeyText, write_key};

    #[test]
    fn a_service_key_is_never_taken_for_a_customers_key() {
        let id = ServiceKeyId::new();
        let text = write_service_key("nb_", id, [7, u128::MAX]);
        assert!(text.starts_with("nb_service_") && text.len() <= KEY_MAX, "{text}");
        assert_eq!(ServiceKeyText::parse(&text).map(|read| read.id), Some(id));
        assert_eq!(KeyText::parse(&text), None);
        let customers = write_key("nb", Environment::Production, KeyId::new(), [7, 8]);
        assert_eq!(ServiceKeyText::parse(&customers), None);
        let mistyped = format!("{}0", &text[..text.len() - 1]);
        assert!(mistyped == text || ServiceKeyText::parse(&mistyped).is_none());
    }

    #[test]
    fn scopes_open_what_they_name() {
        let held = |scope: ServiceScope, names: &[&str]| {
            scope.is_in(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert!(held(ServiceScope::SpendWrite, &["spend:write"]) && held(ServiceScope::KeysRead, &["keys:read"]));
        assert!(held(ServiceScope::KeysRead, &["spend:write"]), "who spends may look at what it spends from");
        assert!(!held(ServiceScope::SpendWrite, &["keys:read"]) && !held(ServiceScope::SpendWrite, &[]));
    }

    #[test]
    fn a_new_key_has_a_plain_name_and_known_scopes() {
        let new = |name: &str, scopes: &[&str]| NewServiceKey {
            name: name.to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        };
        assert_eq!(new("gateway-eu.1", &["spend:write", "keys:read"]).check(), Ok(()));
        for (name, scopes, fields) in [
            ("", &["spend:write"][..], &["name"][..]),
            ("two words", &["spend:write"], &["name"]),
            ("a · b", &["spend:write"], &["name"]),
            (&"x".repeat(41), &["spend:write"], &["name"]),
            ("gateway", &[], &["scope"]),
            ("gateway", &["grants:write"], &["scope"]),
            ("ключ", &["*"], &["name", "scope"]),
        ] {
            let problems = new(name, scopes).check().expect_err(name);
            assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), fields, "{name}");
        }
    }
}
