//! Keys that were checked lately, so that a request with a key costs no database round trip.
//!
//! A right key is trusted for five seconds and a wrong one refused for as long, unless a revocation is seen: this node's at
//! once, other nodes' by asking twice a second, as long as requests come, which keys were revoked lately.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::id::KeyId;
use crate::identity::{KeyAccess, KeyText};

/// How long a checked key is trusted.
const TRUSTED: Duration = Duration::from_secs(5);
/// How often other nodes' revocations are asked for.
const REVOCATIONS_EVERY: Duration = Duration::from_millis(500);
/// How often the times of use are written down.
const USES_EVERY: Duration = Duration::from_secs(15);
/// The most keys that are remembered, right and wrong ones each.
const MOST: usize = 20_000;

#[derive(Default)]
struct Inner {
    right: HashMap<KeyId, ([u8; 32], KeyAccess, Instant)>,
    wrong: HashMap<[u8; 32], Instant>,
    used: HashMap<KeyId, DateTime<Utc>>,
    revocations_asked: Option<Instant>,
    uses_written: Option<Instant>,
}

/// The memory of one node.
#[derive(Default)]
pub(crate) struct KeyCache {
    inner: Mutex<Inner>,
}

/// What is remembered of a key.
pub(crate) enum Remembered {
    /// Checked lately, and right.
    Right(Box<KeyAccess>),
    /// Checked lately, and wrong.
    Wrong,
    /// Must be looked up.
    Nothing,
}

impl KeyCache {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here can be left half done: a panic elsewhere must not stop all keys.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks a key up, and notes its use.
    pub(crate) fn get(&self, key: &KeyText, now: DateTime<Utc>) -> Remembered {
        let mut inner = self.lock();
        let inner = &mut *inner;
        if let Some((hash, access, at)) = inner.right.get(&key.id)
            && *hash == key.hash
            && at.elapsed() < TRUSTED
        {
            inner.used.insert(key.id, now);
            return Remembered::Right(Box::new(access.clone()));
        }
        match inner.wrong.get(&key.hash) {
            Some(at) if at.elapsed() < TRUSTED => Remembered::Wrong,
            _ => Remembered::Nothing,
        }
    }

    /// Remembers a right key.
    pub(crate) fn put_right(&self, key: &KeyText, access: KeyAccess, now: DateTime<Utc>) {
        let mut inner = self.lock();
        if inner.right.len() >= MOST {
            inner.right.retain(|_, (_, _, at)| at.elapsed() < TRUSTED);
        }
        if inner.right.len() < MOST {
            inner.right.insert(key.id, (key.hash, access, Instant::now()));
        }
        inner.used.insert(key.id, now);
    }

    /// Remembers a wrong key.
    pub(crate) fn put_wrong(&self, key: &KeyText) {
        let mut inner = self.lock();
        if inner.wrong.len() >= MOST {
            inner.wrong.retain(|_, at| at.elapsed() < TRUSTED);
        }
        if inner.wrong.len() < MOST {
            inner.wrong.insert(key.hash, Instant::now());
        }
    }

    /// Forgets keys that were revoked.
    pub(crate) fn forget(&self, keys: &[KeyId]) {
        let mut inner = self.lock();
        for key in keys {
            inner.right.remove(key);
        }
    }

    /// Says once every half second that revocations should be asked for.
    pub(crate) fn should_ask_revocations(&self) -> bool {
        let mut inner = self.lock();
        let due = inner.revocations_asked.is_none_or(|at| at.elapsed() >= REVOCATIONS_EVERY);
        if due {
            inner.revocations_asked = Some(Instant::now());
        }
        due
    }

    /// Takes the times of use, once every fifteen seconds.
    pub(crate) fn take_uses_when_due(&self) -> Vec<(KeyId, DateTime<Utc>)> {
        let mut inner = self.lock();
        if inner.uses_written.is_some_and(|at| at.elapsed() < USES_EVERY) {
            return Vec::new();
        }
        inner.uses_written = Some(Instant::now());
        inner.used.drain().collect()
    }

    /// Takes the times of use now.
    pub(crate) fn take_uses(&self) -> Vec<(KeyId, DateTime<Utc>)> {
        self.lock().used.drain().collect()
    }
}
