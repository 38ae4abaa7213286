//! Keys that make a repeated command answer as the first did.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Refusal;
#[cfg(feature = "postgres")]
use crate::{error::Result, id::WalletId};

/// The longest key that a caller may send.
const MAX_LENGTH: usize = 255;
/// Leads the keys that Scrip makes itself; a caller's key is ASCII, so the two never meet.
const INTERNAL: char = '§';

/// Leads the keys that come with a service key: the platform's and its customers' never meet, or a customer could use a
/// key first, and the platform would take the customer's hold for its own.
const PLATFORM: char = '¶';

/// The key of a command, unique within its wallet and kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

impl IdempotencyKey {
    /// Takes the key that a caller sent: 1 to 255 visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_LENGTH || !visible {
            return Err(Refusal::IdempotencyKeyRequired);
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes the key of something that Scrip itself does, from what must happen only once: `payment:<id>`.
    /// No caller can send the same one.
    pub fn internal(what: impl AsRef<str>) -> Self {
        Self(format!("{INTERNAL}{}", what.as_ref()))
    }

    /// Makes the platform's key of one that came with a service key. No customer can send the same one.
    #[must_use]
    pub fn of_platform(self) -> Self {
        Self(format!("{PLATFORM}{}", self.0))
    }

    /// Gives the key as its caller sent it; `None` where Scrip itself made it.
    #[must_use]
    pub(crate) fn sent(&self) -> Option<&str> {
        if self.is_internal() { None } else { Some(self.0.strip_prefix(PLATFORM).unwrap_or(&self.0)) }
    }

    /// Takes the key from storage.
    #[must_use]
    pub(crate) const fn stored(key: String) -> Self {
        Self(key)
    }

    /// Says whether Scrip itself made the key.
    #[must_use]
    pub(crate) fn is_internal(&self) -> bool {
        self.0.starts_with(INTERNAL)
    }

    /// Gives the key as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What identifies the body of a request: SHA-256 of its canonical form, cut to 16 bytes as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestHash([u8; 16]);

impl RequestHash {
    /// Hashes the body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let digest = Sha256::digest(body);
        let mut hash = [0; 16];
        for (to, from) in hash.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        Self(hash)
    }

    /// Takes the hash from storage; `None` where it is not 16 bytes.
    #[must_use]
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the hexadecimal form.
    #[must_use]
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0_u8; 16];
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Gives the hash for storage.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Begins a write that leaves no row in the ledger, once per key, in the caller's transaction.
///
/// Gives the first answer where the key was used with the same request before. Where it gives none, [`keep_answer`]
/// must end the write in the same transaction; a repeat waits for that. A write that is undone leaves the key unused.
#[cfg(feature = "postgres")]
pub(crate) async fn first_answer(
    connection: &mut sqlx::PgConnection,
    wallet: WalletId,
    (key, hash): (&IdempotencyKey, RequestHash),
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<String>> {
    let begun = sqlx::query!(
        "INSERT INTO answered_calls (shard, wallet_id, idem_key, request_hash, answer, created_at)
         VALUES ($1, $2, $3, $4, '', $5)
         ON CONFLICT ON CONSTRAINT answered_calls_pk DO NOTHING",
        wallet.shard.as_i16(),
        wallet.number,
        key.as_str(),
        &hash.as_bytes()[..],
        now
    )
    .execute(&mut *connection)
    .await?;
    if begun.rows_affected() == 1 {
        return Ok(None);
    }
    let first = sqlx::query!(
        "SELECT request_hash, answer FROM answered_calls WHERE shard = $1 AND wallet_id = $2 AND idem_key = $3",
        wallet.shard.as_i16(),
        wallet.number,
        key.as_str()
    )
    .fetch_one(connection)
    .await?;
    if RequestHash::from_slice(&first.request_hash) != Some(hash) {
        return Err(Refusal::IdempotencyMismatch.into());
    }
    Ok(Some(first.answer))
}

/// Ends a write that [`first_answer`] began.
#[cfg(feature = "postgres")]
pub(crate) async fn keep_answer(
    connection: &mut sqlx::PgConnection,
    wallet: WalletId,
    key: &IdempotencyKey,
    answer: &str,
) -> Result<()> {
    sqlx::query!(
        "UPDATE answered_calls SET answer = $4 WHERE shard = $1 AND wallet_id = $2 AND idem_key = $3",
        wallet.shard.as_i16(),
        wallet.number,
        key.as_str(),
        answer
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_keys_and_customers_keys_never_meet() {
        let sent = IdempotencyKey::parse("job-17").expect("a key");
        let platform = sent.clone().of_platform();
        assert_ne!(platform, sent);
        assert!(IdempotencyKey::parse(platform.as_str()).is_err(), "no customer can send it");
        assert_eq!((platform.sent(), sent.sent()), (Some("job-17"), Some("job-17")));
        assert!(!platform.is_internal() && IdempotencyKey::internal("payment:1").sent().is_none());
    }

    #[test]
    fn keys_are_visible_ascii() {
        for text in ["", " ", "a b", "ключ", "a\0", "§payment:1", &"x".repeat(256)] {
            assert!(IdempotencyKey::parse(text).is_err(), "{text:?}");
        }
        assert!(IdempotencyKey::parse(&"x".repeat(255)).is_ok());
    }
}
