//! Keys that make a repeated command answer as the first did.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Refusal;

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
    pub fn sent(&self) -> Option<&str> {
        if self.is_internal() { None } else { Some(self.0.strip_prefix(PLATFORM).unwrap_or(&self.0)) }
    }

    /// Takes the key from storage.
    #[must_use]
    pub const fn stored(key: String) -> Self {
        Self(key)
    }

    /// Says whether Scrip itself made the key.
    #[must_use]
    pub fn is_internal(&self) -> bool {
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
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the hexadecimal form.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
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
