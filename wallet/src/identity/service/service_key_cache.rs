//! The deployment's working service keys in memory, so that a call with one costs no database round trip.
//!
//! They are few: all of them are read at once, and again after a moment. So a key that was revoked works nowhere any
//! more within a second, and a key that was just made works at once, since an unknown one is looked for afresh.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

use crate::id::ServiceKeyId;
use crate::identity::model::service_key::{ServiceAccess, ServiceKeyText};

/// How long the keys are trusted after they were last read.
const TRUSTED: Duration = Duration::from_millis(800);
/// How soon they are read again for a key that is not among them: wrong keys must not make a query each.
const ASKED_AGAIN: Duration = Duration::from_millis(100);
/// How often the times of use are written down.
const USES_EVERY: Duration = Duration::from_secs(60);

/// A working service key, as it is stored.
pub(crate) struct WorkingKey {
    pub(crate) hash: Vec<u8>,
    pub(crate) access: Arc<ServiceAccess>,
}

#[derive(Default)]
struct Inner {
    keys: HashMap<ServiceKeyId, WorkingKey>,
    read_at: Option<Instant>,
    used: HashMap<ServiceKeyId, DateTime<Utc>>,
    uses_written: Option<Instant>,
}

/// The memory of one node.
#[derive(Default)]
pub(crate) struct ServiceKeyCache {
    inner: Mutex<Inner>,
    /// Held by whoever reads the keys again; the others wait for the same answer.
    pub(crate) reading: tokio::sync::Mutex<()>,
}

/// What is remembered of a service key.
pub(crate) enum Known {
    /// It works.
    Right(Arc<ServiceAccess>),
    /// It is wrong, was revoked, or never was.
    Wrong,
    /// The keys must be read first.
    Unread,
}

impl ServiceKeyCache {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks a key up, and notes its use.
    pub(crate) fn get(&self, key: &ServiceKeyText, now: DateTime<Utc>) -> Known {
        let age = self.lock().read_at.map(|at| at.elapsed());
        let Some(age) = age.filter(|age| *age < TRUSTED) else { return Known::Unread };
        match self.find(key, now) {
            Some(access) => Known::Right(access),
            None if age < ASKED_AGAIN => Known::Wrong,
            None => Known::Unread,
        }
    }

    /// Looks a key up in what was just read, however long the reading took.
    pub(crate) fn find(&self, key: &ServiceKeyText, now: DateTime<Utc>) -> Option<Arc<ServiceAccess>> {
        let mut inner = self.lock();
        let known = inner.keys.get(&key.id).filter(|known| bool::from(known.hash.as_slice().ct_eq(&key.hash)))?;
        let access = Arc::clone(&known.access);
        inner.used.insert(key.id, now);
        Some(access)
    }

    /// Takes the keys over that were read; they are as old as the beginning of the query.
    pub(crate) fn put(&self, keys: HashMap<ServiceKeyId, WorkingKey>, began: Instant) {
        let mut inner = self.lock();
        (inner.keys, inner.read_at) = (keys, Some(began));
    }

    /// Forgets all keys: the next call reads them again.
    pub(crate) fn forget(&self) {
        self.lock().read_at = None;
    }

    /// Takes the times of use, once a minute.
    pub(crate) fn take_uses_when_due(&self) -> Vec<(ServiceKeyId, DateTime<Utc>)> {
        let mut inner = self.lock();
        if inner.uses_written.is_some_and(|at| at.elapsed() < USES_EVERY) {
            return Vec::new();
        }
        inner.uses_written = Some(Instant::now());
        inner.used.drain().collect()
    }

    /// Takes the times of use now.
    pub(crate) fn take_uses(&self) -> Vec<(ServiceKeyId, DateTime<Utc>)> {
        self.lock().used.drain().collect()
    }
}
