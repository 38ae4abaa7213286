//! Ids that look like a provider's and that no other run gives.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Utc;
use sha2::{Digest, Sha256};

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Gives ids, each once.
#[derive(Debug)]
pub struct Ids {
    seed: String,
    given: AtomicU64,
}

impl Ids {
    /// Seeded by the time and the process.
    pub fn new() -> Self {
        let nanos = Utc::now().timestamp_nanos_opt().unwrap_or_default();
        Self { seed: format!("{nanos}-{}", std::process::id()), given: AtomicU64::new(0) }
    }

    /// 32 bytes that were not given before.
    pub fn bytes(&self) -> [u8; 32] {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        Sha256::digest(format!("{}-{number}", self.seed)).into()
    }

    /// So many letters and digits, at most 32, that were not given before.
    pub fn token(&self, length: usize) -> String {
        self.bytes().iter().take(length).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
    }
}

impl Default for Ids {
    fn default() -> Self {
        Self::new()
    }
}
