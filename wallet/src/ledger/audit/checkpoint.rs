//! Checkpoints: the newest hash of a chain with a signature, kept apart from the database.
//!
//! A chain proves that no row was changed; it can't prove that none was cut off at its end, or that the whole was not
//! written anew. A checkpoint that was kept elsewhere does: its row must still be there, with its hash.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::ledger::model::hash::Hash;

/// The shortest secret that may sign.
const MIN_SECRET: usize = 32;
/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// The key that signs checkpoints (HMAC-SHA-256); its secret never shows itself.
#[derive(Clone)]
pub struct CheckpointKey {
    id: String,
    secret: Vec<u8>,
}

impl CheckpointKey {
    /// Takes a key: a name for it, and at least 32 bytes of secret.
    pub fn new(id: impl Into<String>, secret: &[u8]) -> Result<Self> {
        if secret.len() < MIN_SECRET {
            return Err(Error::internal(format!("the key that signs ledgers needs {MIN_SECRET} bytes or more")));
        }
        Ok(Self { id: id.into(), secret: secret.to_vec() })
    }

    /// Gives the key's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Signs the newest hash of a chain.
    #[must_use]
    pub fn sign(&self, wallet: WalletId, seq: i64, hash: Hash, signed_at: DateTime<Utc>) -> Checkpoint {
        let mut head = Checkpoint {
            wallet: wallet.to_string(),
            seq,
            hash: hash.to_string(),
            signed_at,
            key_id: self.id.clone(),
            signature: String::new(),
        };
        head.signature = Hash::from_bytes(hmac(&self.secret, head.text().as_bytes())).to_string();
        head
    }

    /// Says whether this key has signed the checkpoint as it is.
    #[must_use]
    pub fn has_signed(&self, head: &Checkpoint) -> bool {
        let expected = hmac(&self.secret, head.text().as_bytes());
        let Some(given) = Hash::from_hex(&head.signature) else { return false };
        // Compared whole, so that the time tells nothing.
        let differing = expected.iter().zip(given.as_bytes()).fold(0_u8, |all, (one, other)| all | (one ^ other));
        differing == 0 && head.key_id == self.id
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The newest hash of a chain at one time, signed: one line of the file that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The wallet.
    pub wallet: String,
    /// The row.
    pub seq: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
    /// Which key signed it.
    pub key_id: String,
    /// The signature, in hexadecimal.
    pub signature: String,
}

impl Checkpoint {
    /// Writes what is signed.
    fn text(&self) -> String {
        let at = self.signed_at.timestamp_micros();
        format!("scrip-head-1\n{}\n{}\n{}\n{at}\n{}", self.wallet, self.seq, self.hash, self.key_id)
    }
}

/// Computes HMAC-SHA-256 (RFC 2104).
pub(crate) fn hmac(secret: &[u8], message: &[u8]) -> [u8; 32] {
    let mut key = [0_u8; BLOCK];
    if secret.len() > BLOCK {
        key.iter_mut().zip(Sha256::digest(secret)).for_each(|(to, from)| *to = from);
    } else {
        key.iter_mut().zip(secret).for_each(|(to, from)| *to = *from);
    }
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;

    #[test]
    fn the_code_is_the_standards() {
        // RFC 4231, test case 2, and test case 6 with a key longer than a block.
        let code = |secret: &[u8], message: &[u8]| Hash::from_bytes(hmac(secret, message)).to_string();
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(code(b"Jefe", b"what do ya want for nothing?"), expected);
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(code(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"), expected);
    }

    #[test]
    fn a_changed_head_is_not_signed() {
        let key = CheckpointKey::new("2026", &[7; 32]).expect("long enough");
        let other = CheckpointKey::new("2026", &[8; 32]).expect("long enough");
        let head = key.sign(WalletId::new(AccountId::new()), 5, Hash::default(), DateTime::UNIX_EPOCH);
        assert!(key.has_signed(&head) && !other.has_signed(&head));
        assert!(!key.has_signed(&Checkpoint { seq: 6, ..head.clone() }));
        assert!(!key.has_signed(&Checkpoint { signature: String::new(), ..head }));
        assert!(CheckpointKey::new("2026", b"short").is_err());
        assert!(!format!("{key:?}").contains('7'));
    }
}
