//! Keys that were checked lately, so that a request with a key costs no database round trip.
//!
//! As long as requests come, one of them starts the upkeep twice a second, beside its own work: other nodes'
//! revocations are asked for, and every few seconds all keys that were used meanwhile are read again in one query.
//! After a silence the first request waits for it. So a revocation is heeded at once on its own node and within a
//! second on others, and a change of plan within a few seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

use crate::id::KeyId;
use crate::identity::model::key::{KeyAccess, KeyText};

/// How long a key is trusted after it was last read.
const TRUSTED: Duration = Duration::from_secs(10);
/// How long a wrong key is refused without looking.
const REFUSED: Duration = Duration::from_secs(5);
/// How often the upkeep is done while requests come.
const UPKEEP_EVERY: Duration = Duration::from_millis(400);
/// After how long without upkeep nothing is trusted any more.
const UPKEEP_LATEST: Duration = Duration::from_millis(900);
/// How often keys in use are read again: all of them at once, so no more often than they must be to stay trusted.
const READ_EVERY: Duration = Duration::from_secs(6);
/// How often the times of use are written down: a row for each key that was used.
const USES_EVERY: Duration = Duration::from_secs(60);
/// The most keys that are remembered, right and wrong ones each.
const MOST: usize = 100_000;
/// How often room is made where that is reached: it goes through all of them.
const ROOM_EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Inner {
    right: HashMap<KeyId, Right>,
    wrong: HashMap<[u8; 32], Instant>,
    used: HashMap<KeyId, DateTime<Utc>>,
    kept_up: Option<Instant>,
    is_keeping_up: bool,
    read: Option<Instant>,
    uses_written: Option<Instant>,
    room_made: Option<Instant>,
}

impl Inner {
    /// Forgets what is too old to be trusted, where there is no room for more.
    fn make_room(&mut self) {
        let is_full = self.right.len() >= MOST || self.wrong.len() >= MOST;
        if is_full && self.room_made.is_none_or(|at| at.elapsed() >= ROOM_EVERY) {
            self.room_made = Some(Instant::now());
            self.right.retain(|_, right| right.read_at.elapsed() < TRUSTED);
            self.wrong.retain(|_, at| at.elapsed() < REFUSED);
        }
    }
}

/// A right key.
struct Right {
    hash: [u8; 32],
    access: Arc<KeyAccess>,
    read_at: Instant,
    used_since: bool,
}

/// The memory of one node.
#[derive(Default)]
pub(crate) struct KeyCache {
    inner: Mutex<Inner>,
}

/// Whether the memory must be brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upkeep {
    /// It is up to date.
    Nothing,
    /// Beside other work; nobody else does it.
    Beside,
    /// Before anything in it is trusted.
    First,
}

/// What is remembered of a key.
pub(crate) enum Remembered {
    /// Checked lately, and right.
    Right(Arc<KeyAccess>),
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
        if let Some(right) = inner.right.get_mut(&key.id)
            && bool::from(right.hash.ct_eq(&key.hash))
            && right.read_at.elapsed() < TRUSTED
        {
            right.used_since = true;
            inner.used.insert(key.id, now);
            return Remembered::Right(Arc::clone(&right.access));
        }
        match inner.wrong.get(&key.hash) {
            Some(at) if at.elapsed() < REFUSED => Remembered::Wrong,
            _ => Remembered::Nothing,
        }
    }

    /// Remembers a right key.
    pub(crate) fn put_right(&self, key: &KeyText, access: Arc<KeyAccess>, now: DateTime<Utc>) {
        let mut inner = self.lock();
        inner.make_room();
        if inner.right.len() < MOST {
            let right = Right { hash: key.hash, access, read_at: Instant::now(), used_since: false };
            inner.right.insert(key.id, right);
        }
        inner.used.insert(key.id, now);
    }

    /// Renews what is remembered of a key that was read again.
    pub(crate) fn renew(&self, hash: &[u8], access: KeyAccess, read_at: Instant) {
        if let Some(right) = self.lock().right.get_mut(&access.id)
            && right.hash.as_slice() == hash
        {
            (right.access, right.read_at) = (Arc::new(access), read_at);
        }
    }

    /// Remembers a wrong key.
    pub(crate) fn put_wrong(&self, key: &KeyText) {
        let mut inner = self.lock();
        inner.make_room();
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

    /// Says whether the upkeep is due; whoever hears [`Upkeep::Beside`] must do it and call [`KeyCache::kept_up`].
    pub(crate) fn upkeep(&self) -> Upkeep {
        let mut inner = self.lock();
        match inner.kept_up.map(|at| at.elapsed()) {
            Some(age) if age < UPKEEP_EVERY => Upkeep::Nothing,
            Some(age) if age < UPKEEP_LATEST => {
                if std::mem::replace(&mut inner.is_keeping_up, true) {
                    Upkeep::Nothing
                } else {
                    Upkeep::Beside
                }
            }
            _ => Upkeep::First,
        }
    }

    /// Notes that the upkeep which began at an instant has ended, well or not.
    pub(crate) fn kept_up(&self, began: Instant, well: bool) {
        let mut inner = self.lock();
        inner.is_keeping_up = false;
        if well {
            inner.kept_up = inner.kept_up.max(Some(began));
        }
    }

    /// Takes the keys that are in use and should be read again, once every few seconds.
    pub(crate) fn take_stale(&self) -> Vec<KeyId> {
        let mut inner = self.lock();
        if inner.read.is_some_and(|at| at.elapsed() < READ_EVERY) {
            return Vec::new();
        }
        inner.read = Some(Instant::now());
        inner.right.retain(|_, right| right.read_at.elapsed() < TRUSTED);
        let in_use = |(id, right): (&KeyId, &mut Right)| std::mem::take(&mut right.used_since).then_some(*id);
        inner.right.iter_mut().filter_map(in_use).collect()
    }

    /// Takes the times of use, once a minute.
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
