//! Reads unknown API keys from the database, many in one query.
//!
//! Wrong keys come in any number, and right ones must be heard beside them: so each unknown key is looked up, but one
//! query runs at a time on a node, for all keys that came while the one before it ran. Guesses cost the database no
//! more than that one connection, and a right key waits for two short queries at most.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq;
use tokio::sync::oneshot;

use super::Identity;
use super::keys::access;
use crate::error::{Error, Refusal, Result};
use crate::id::{AccountId, KeyId};
use crate::identity::model::key::{KeyAccess, KeyText};
use crate::identity::repo::{self, key::AccessRow};

/// Keys of one query.
const AT_ONCE: usize = 500;
/// Keys that wait to be looked up at most; a call beyond is asked to come again.
const WAITING_MAX: usize = 10_000;

/// The keys of one node that are to be looked up.
#[derive(Default)]
pub(in crate::identity) struct KeyLookups {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    asked: Vec<Asked>,
    is_reading: bool,
}

/// A key, and whoever waits for what it is: nothing where it is wrong.
struct Asked {
    key: KeyText,
    answer: oneshot::Sender<Result<Option<Arc<KeyAccess>>>>,
}

/// Brings what was read of a key.
type Answered = oneshot::Receiver<Result<Option<Arc<KeyAccess>>>>;

impl KeyLookups {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a key; says whether its caller must have them read, since nobody does. `None` where too many wait.
    fn ask(&self, key: KeyText) -> Option<(Answered, bool)> {
        let mut waiting = self.lock();
        if waiting.asked.len() >= WAITING_MAX {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        waiting.asked.push(Asked { key, answer });
        Some((answered, !std::mem::replace(&mut waiting.is_reading, true)))
    }

    /// Takes the keys that came first; where there are none, the reading is over.
    fn take(&self) -> Vec<Asked> {
        let mut waiting = self.lock();
        let count = waiting.asked.len().min(AT_ONCE);
        let taken: Vec<Asked> = waiting.asked.drain(..count).collect();
        waiting.is_reading = !taken.is_empty();
        taken
    }
}

/// Ends the reading however its task ends: who still waits is told so, and the next call begins anew.
struct Reading(Arc<KeyLookups>);

impl Drop for Reading {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.lock() = Waiting::default();
        }
    }
}

impl Identity {
    /// Reads a key that is not remembered, together with others that come at the same time.
    pub(super) async fn look_key_up(&self, key: KeyText) -> Result<Arc<KeyAccess>> {
        let (answered, must_read) = self.lookups.ask(key).ok_or(Refusal::Unavailable)?;
        if must_read {
            // A task of its own: the call that began it may be given up, and others wait for it.
            tokio::spawn(self.clone().read_asked_keys());
        }
        let found = answered.await.map_err(|_| Refusal::Unavailable)??;
        Ok(found.ok_or(Refusal::Unauthenticated)?)
    }

    async fn read_asked_keys(self) {
        let _reading = Reading(Arc::clone(&self.lookups));
        loop {
            let asked = self.lookups.take();
            if asked.is_empty() {
                return;
            }
            let ids: Vec<KeyId> = asked.iter().map(|asked| asked.key.id).collect();
            match self.read_keys(&ids).await {
                Ok(found) => asked.into_iter().for_each(|asked| self.answer(asked, &found)),
                Err(error) => tell_all(asked, &error),
            }
        }
    }

    async fn read_keys(&self, ids: &[KeyId]) -> Result<Vec<(AccessRow, Arc<KeyAccess>)>> {
        let rows = repo::key::working(self.db.pool(), ids).await?;
        let accounts: Vec<AccountId> = rows.iter().map(|row| row.account).collect();
        let plans = if rows.is_empty() { Default::default() } else { self.account_setup.plans_of(&accounts).await? };
        let content_only = self.content_only(&rows).await?;
        let known = rows.into_iter().map(|row| {
            let plan = plans.get(&row.account).cloned().unwrap_or_default();
            let access = Arc::new(access(&row, plan, content_only));
            (row, access)
        });
        Ok(known.collect())
    }

    /// Answers and remembers what a key is.
    fn answer(&self, asked: Asked, found: &[(AccessRow, Arc<KeyAccess>)]) {
        let Asked { key, answer } = asked;
        let is_it = |row: &AccessRow| row.id == key.id && bool::from(row.hash.as_slice().ct_eq(&key.hash));
        let found = found.iter().find(|(row, _)| is_it(row)).map(|(_, access)| Arc::clone(access));
        match &found {
            Some(access) => self.keys.put_right(&key, Arc::clone(access), self.db.now()),
            None => self.keys.put_wrong(&key),
        }
        // Whoever asked may have gone.
        answer.send(Ok(found)).ok();
    }
}

/// Tells all who wait for a query that it failed.
fn tell_all(asked: Vec<Asked>, error: &Error) {
    for Asked { answer, .. } in asked {
        let told = if error.is_transient() {
            Error::from(Refusal::Unavailable)
        } else {
            Error::internal(format!("API keys can't be read: {error}"))
        };
        answer.send(Err(told)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> KeyText {
        KeyText { id: KeyId::new(), hash: [number; 32] }
    }

    #[test]
    fn one_reads_for_all_who_come_meanwhile() {
        let lookups = KeyLookups::default();
        let (_first, must_read) = lookups.ask(key(0)).expect("asked");
        assert!(must_read);
        assert_eq!(lookups.take().len(), 1);
        let others: Vec<_> = (0..WAITING_MAX).map(|_| lookups.ask(key(1)).expect("asked")).collect();
        assert!(others.iter().all(|(_, must_read)| !must_read), "somebody reads");
        assert!(lookups.ask(key(2)).is_none(), "so many wait, and no more");
        let mut queries = 0;
        while !lookups.take().is_empty() {
            queries += 1;
        }
        assert_eq!(queries, WAITING_MAX / AT_ONCE);
        assert!(lookups.ask(key(3)).expect("asked").1, "the reading was over");
    }
}
