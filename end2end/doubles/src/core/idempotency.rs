//! Idempotency keys: one call each, whose answer is given again for a day.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::core::{Answer, lock};

/// Both providers forget a key after a day: the same key is then a new call.
pub const LIFETIME_SECONDS: i64 = 24 * 60 * 60;

/// A key and the call that it came with.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The provider and the account: keys of two accounts do not meet.
    pub scope: String,
    /// The key.
    pub key: String,
    /// What must be the same when the key comes again: method, path and params.
    pub fingerprint: String,
}

/// What a key says about a call.
#[derive(Debug)]
pub enum Begun {
    /// The key is new: do it, then [`IdempotencyStore::end`].
    New,
    /// It was done: the answer of then.
    Replay(Answer),
    /// The key came with another call.
    OtherParams,
    /// The first call with this key has not ended.
    InFlight,
}

#[derive(Debug)]
struct Entry {
    fingerprint: String,
    begun_at: i64,
    answer: Option<Answer>,
}

/// Keys that came within a day.
#[derive(Debug, Default)]
pub struct IdempotencyStore(Mutex<HashMap<(String, String), Entry>>);

impl IdempotencyStore {
    /// Begins a call.
    pub fn begin(&self, key: &IdempotencyKey, now: i64) -> Begun {
        let mut entries = lock(&self.0);
        entries.retain(|_, entry| entry.answer.is_none() || now - entry.begun_at < LIFETIME_SECONDS);
        let name = (key.scope.clone(), key.key.clone());
        let Some(entry) = entries.get(&name) else {
            let entry = Entry { fingerprint: key.fingerprint.clone(), begun_at: now, answer: None };
            entries.insert(name, entry);
            return Begun::New;
        };
        match &entry.answer {
            _ if entry.fingerprint != key.fingerprint => Begun::OtherParams,
            Some(answer) => Begun::Replay(answer.clone()),
            None => Begun::InFlight,
        }
    }

    /// Ends a call that was new; an answer that is not kept frees the key.
    pub fn end(&self, key: &IdempotencyKey, answer: &Answer) {
        let mut entries = lock(&self.0);
        let name = (key.scope.clone(), key.key.clone());
        if !answer.kept {
            entries.remove(&name);
        } else if let Some(entry) = entries.get_mut(&name) {
            entry.answer = Some(answer.clone());
        }
    }

    /// Forgets all keys.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(fingerprint: &str) -> IdempotencyKey {
        IdempotencyKey { scope: "stripe".into(), key: "k1".into(), fingerprint: fingerprint.into() }
    }

    #[test]
    fn a_key_is_one_call_for_a_day() {
        let store = IdempotencyStore::default();
        assert!(matches!(store.begin(&key("a"), 0), Begun::New));
        assert!(matches!(store.begin(&key("a"), 1), Begun::InFlight));
        assert!(matches!(store.begin(&key("b"), 1), Begun::OtherParams));
        store.end(&key("a"), &Answer::json(402, &json!({"error": 1})));
        assert!(matches!(store.begin(&key("a"), LIFETIME_SECONDS - 1), Begun::Replay(answer) if answer.status == 402));
        assert!(matches!(store.begin(&key("b"), 2), Begun::OtherParams));
        assert!(matches!(store.begin(&key("a"), LIFETIME_SECONDS), Begun::New));
    }

    #[test]
    fn an_answer_that_is_not_kept_frees_the_key() {
        let store = IdempotencyStore::default();
        assert!(matches!(store.begin(&key("a"), 0), Begun::New));
        store.end(&key("a"), &Answer::json(400, &json!({})).not_kept());
        assert!(matches!(store.begin(&key("b"), 0), Begun::New));
    }

    #[test]
    fn keys_of_two_accounts_do_not_meet() {
        let store = IdempotencyStore::default();
        assert!(matches!(store.begin(&key("a"), 0), Begun::New));
        let other = IdempotencyKey { scope: "yookassa".into(), ..key("b") };
        assert!(matches!(store.begin(&other, 0), Begun::New));
    }
}
