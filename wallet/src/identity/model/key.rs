//! API keys: how they are written, what they may do, and what is known after one was checked.
//!
//! A key reads `<prefix>_<live|test>_<id><secret><checksum>`: a typed prefix and a checksum let scanners of
//! leaked secrets recognise it without asking us, and let us refuse a mistyped key without the database.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::id::{AccountId, KeyId, ProjectId, WalletId};
use crate::identity::model::actor::Actor;
use crate::identity::model::plan_summary::PlanSummary;
use crate::identity::model::scope::KeyScope;
use crate::money::Credits;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base-62 digits that hold 128 bits.
const ID_DIGITS: usize = 22;
/// Base-62 digits of the secret: two numbers of 128 bits.
const SECRET_DIGITS: usize = 44;
/// Base-62 digits that hold a CRC-32.
const CHECKSUM_DIGITS: usize = 6;
/// The longest text that can be a key; longer ones are refused unread.
pub const KEY_MAX: usize = 128;
/// The most scopes of one key.
pub(crate) const SCOPES_MAX: usize = 16;

/// Which of a project's two wallets a key spends from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real use; keys say `live`.
    Production,
    /// Trying things out; keys say `test`.
    Preview,
}

impl Environment {
    /// Gives the name kept in storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }

    /// Reads the name kept in storage.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Production, Self::Preview].into_iter().find(|environment| environment.code() == code)
    }

    /// Gives the word inside a key.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "live",
            Self::Preview => "test",
        }
    }
}

/// What a person types to make a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// The name by which the key is found in the ledger.
    pub name: String,
    /// The wallet it spends from.
    pub environment: Environment,
    /// What it may do, by the names of [`KeyScope`]; empty means what making content takes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The most that it may spend in a calendar month; `None` for no budget of its own.
    #[serde(default)]
    pub ceiling: Option<Credits>,
}

/// A key as it is listed: never with its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyView {
    /// The key.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// The wallet it spends from.
    pub environment: Environment,
    /// What it may do; empty means what making content takes.
    pub scopes: Vec<String>,
    /// The most that it may spend in a calendar month.
    pub ceiling: Option<Credits>,
    /// The beginning by which a person recognises it: `nb_live_06Ab…`.
    pub hint: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, within half a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Since when it no longer works.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A key just made: the only moment at which its secret is known.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedKey {
    /// The whole key, shown once.
    pub secret: String,
    /// What the list will show.
    pub key: ApiKeyView,
}

impl std::fmt::Debug for CreatedKey {
    /// Shows everything but the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// How many calls of one kind a key has made in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateCount {
    /// The key.
    pub key: KeyId,
    /// Whether it is about writes; reads are counted apart.
    pub is_write: bool,
    /// How many.
    pub used: u32,
}

/// What a request may do that came with a right key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAccess {
    /// The key.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// The wallet it spends from.
    pub wallet: WalletId,
    /// The account that pays.
    pub account: AccountId,
    /// The project that spends.
    pub project: ProjectId,
    /// Which of the project's wallets it is.
    pub environment: Environment,
    /// What it may do; empty means what making content takes.
    pub scopes: Vec<String>,
    /// Whether it only makes content, whatever else its scopes hold.
    #[serde(default)]
    pub content_only: bool,
    /// The most that it may spend in a calendar month.
    pub ceiling: Option<Credits>,
    /// The plan that the account is on.
    pub plan: PlanSummary,
}

impl KeyAccess {
    /// Gives the key as the actor of what it does.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Key { id: self.id, name: self.name.clone() }
    }

    /// Says whether the key may do something. A preview key never spends money, and only makes content where the catalog
    /// says so.
    #[must_use]
    pub fn may(&self, scope: KeyScope) -> bool {
        let is_for_production = scope == KeyScope::TopUpsWrite;
        let is_allowed = self.environment == Environment::Production || !is_for_production;
        scope.is_in(&self.scopes) && is_allowed && (scope.is_content() || !self.content_only)
    }
}

/// A key's text, read: whose it claims to be, and the hash by which that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyText {
    /// The key that the text names.
    pub id: KeyId,
    /// SHA-256 of the whole text. Plain hashing is enough: the secret has over 250 random bits.
    pub hash: [u8; 32],
}

impl KeyText {
    /// Reads a key's text; `None` where its form or its checksum is wrong.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let id = KeyId::from_uuid(id_in(text, &["_live_", "_test_"])?);
        Some(Self { id, hash: hash(text) })
    }
}

/// Reads the id in a key's text; `None` where its form, its typed prefix or its checksum is wrong.
pub(in crate::identity) fn id_in(text: &str, types: &[&str]) -> Option<Uuid> {
    if text.len() > KEY_MAX || !text.is_ascii() {
        return None;
    }
    let start = text.rfind('_')?.checked_add(1)?;
    let (front, tail) = text.split_at_checked(start)?;
    if !types.iter().any(|kind| front.ends_with(kind)) {
        return None;
    }
    let signed = text.len().checked_sub(CHECKSUM_DIGITS)?;
    let (body, checksum) = text.split_at_checked(signed)?;
    let (id, secret) = tail.split_at_checked(ID_DIGITS)?;
    let right_length = secret.len() == SECRET_DIGITS.checked_add(CHECKSUM_DIGITS)?;
    if !right_length || checksum != checksum_of(body) {
        return None;
    }
    Some(Uuid::from_u128(decode(id)?))
}

/// Writes a key from its parts; `secret` must come from a secure source of random numbers.
#[doc(hidden)]
#[must_use]
pub fn write_key(prefix: &str, environment: Environment, id: KeyId, secret: [u128; 2]) -> String {
    write_text(prefix, environment.word(), id.uuid(), secret)
}

/// Writes the text of a key of some type.
pub(in crate::identity) fn write_text(prefix: &str, kind: &str, id: Uuid, secret: [u128; 2]) -> String {
    let prefix = prefix.trim_end_matches('_');
    let [first, second] = secret;
    let body = format!(
        "{prefix}_{kind}_{}{}{}",
        encode(id.as_u128(), ID_DIGITS),
        encode(first, ID_DIGITS),
        encode(second, ID_DIGITS)
    );
    let checksum = checksum_of(&body);
    format!("{body}{checksum}")
}

/// Gives the beginning by which a person recognises a key.
#[must_use]
pub(crate) fn hint_of(key: &str) -> String {
    let secret = SECRET_DIGITS.saturating_add(CHECKSUM_DIGITS);
    let shown = key.len().saturating_sub(secret);
    format!("{}…", key.get(..shown).unwrap_or_default())
}

/// Hashes a key for storage.
#[must_use]
pub(crate) fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn checksum_of(body: &str) -> String {
    encode(u128::from(crc32fast::hash(body.as_bytes())), CHECKSUM_DIGITS)
}

fn encode(mut number: u128, digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for slot in text.iter_mut().rev() {
        let digit = usize::try_from(number % 62).unwrap_or(0);
        *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
        number /= 62;
    }
    text.into_iter().map(char::from).collect()
}

fn decode(text: &str) -> Option<u128> {
    text.bytes().try_fold(0_u128, |number, byte| {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        number.checked_mul(62)?.checked_add(u128::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_says_where_it_belongs() {
        let key = write_key("nb_", Environment::Production, KeyId::from_uuid(Uuid::from_u128(7)), [1, u128::MAX]);
        assert!(key.starts_with("nb_live_0000000000000000000007"), "{key}");
        assert!(key.len() <= KEY_MAX);
        assert_eq!(hint_of(&key), "nb_live_0000000000000000000007…");
    }

    #[test]
    fn scopes_open_what_they_name() {
        let mut access = KeyAccess {
            id: KeyId::new(),
            name: "ci".into(),
            wallet: WalletId::new(AccountId::new()),
            account: AccountId::new(),
            project: ProjectId::new(),
            environment: Environment::Preview,
            scopes: vec![],
            content_only: false,
            ceiling: None,
            plan: PlanSummary::default(),
        };
        assert!(access.may(KeyScope::ChargesWrite) && !access.may(KeyScope::BudgetsWrite));
        access.scopes = vec!["balance:read".into(), "top_ups:write".into()];
        assert!(access.may(KeyScope::BalanceRead) && !access.may(KeyScope::ChargesWrite));
        assert!(!access.may(KeyScope::TopUpsWrite), "a preview key spends no money");
        access.environment = Environment::Production;
        assert!(access.may(KeyScope::TopUpsWrite));
        access.scopes.push("budgets:write".into());
        access.content_only = true;
        assert!(access.may(KeyScope::BalanceRead) && !access.may(KeyScope::BudgetsWrite));
        assert!(!access.may(KeyScope::TopUpsWrite) && !access.may(KeyScope::ChargesWrite), "nothing is added by it");
    }

    proptest! {
        #[test]
        fn a_key_is_read_back_and_a_changed_one_is_not(
            id in any::<u128>(), first in any::<u128>(), second in any::<u128>(),
            at in 0_usize..80, digit in 0_usize..62,
        ) {
            let id = KeyId::from_uuid(Uuid::from_u128(id));
            let key = write_key("my_cat_", Environment::Preview, id, [first, second]);
            let read = KeyText::parse(&key);
            prop_assert_eq!(read.map(|read| read.id), Some(id));
            let mut changed = key.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = ALPHABET[digit];
            let changed = String::from_utf8(changed).expect("ASCII");
            if changed != key {
                prop_assert_eq!(KeyText::parse(&changed), None);
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC*") {
            prop_assert_eq!(KeyText::parse(&text), None);
        }
    }
}
