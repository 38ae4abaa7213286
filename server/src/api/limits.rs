//! Rate limits, by API key: requests of the running minute.
//!
//! Each node counts for itself and allows the whole limit, so that no request pays for a round trip; with several nodes
//! behind one address a key may make that many times more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use wallet::id::KeyId;

/// How long a window lasts.
const WINDOW: Duration = Duration::from_secs(60);
/// From how many keys on old windows are swept out.
const KEYS_MAX: usize = 10_000;

/// Counts the requests of every key.
#[derive(Debug)]
pub struct RateLimits {
    reads: u32,
    writes: u32,
    windows: Mutex<HashMap<(KeyId, bool), Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    started: Instant,
    used: u32,
}

/// Where a key stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    limit: u32,
    remaining: u32,
    reset_seconds: u32,
    /// Whether the request is one too many.
    pub over: bool,
}

impl RateLimits {
    /// Takes the limits of a minute.
    #[must_use]
    pub fn new(reads: u32, writes: u32) -> Self {
        Self { reads, writes, windows: Mutex::default() }
    }

    /// Counts a request.
    pub fn count(&self, key: KeyId, method: &Method) -> Standing {
        let write = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let limit = if write { self.writes } else { self.reads };
        let now = Instant::now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEYS_MAX {
            windows.retain(|_, window| now.duration_since(window.started) < WINDOW);
        }
        let window = windows.entry((key, write)).or_insert(Window { started: now, used: 0 });
        if now.duration_since(window.started) >= WINDOW {
            *window = Window { started: now, used: 0 };
        }
        window.used = window.used.saturating_add(1);
        let left = WINDOW.saturating_sub(now.duration_since(window.started));
        Standing {
            limit,
            remaining: limit.saturating_sub(window.used),
            reset_seconds: u32::try_from(left.as_secs()).unwrap_or(60).saturating_add(1),
            over: window.used > limit,
        }
    }
}

impl Standing {
    /// After how many seconds the next window begins.
    #[must_use]
    pub const fn reset_seconds(&self) -> u32 {
        self.reset_seconds
    }

    /// Writes the headers that tell where the key stands.
    pub fn write(&self, headers: &mut HeaderMap) {
        let values = [
            ("ratelimit-limit", self.limit),
            ("ratelimit-remaining", self.remaining),
            ("ratelimit-reset", self.reset_seconds),
        ];
        for (name, value) in values {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_are_counted_apart_and_by_key() {
        let limits = RateLimits::new(2, 1);
        let (key, other) = (KeyId::new(), KeyId::new());
        assert!(!limits.count(key, &Method::GET).over);
        assert!(!limits.count(key, &Method::GET).over);
        let third = limits.count(key, &Method::GET);
        assert!(third.over && third.remaining == 0 && third.reset_seconds <= 61);
        assert!(!limits.count(key, &Method::POST).over);
        assert!(limits.count(key, &Method::POST).over);
        assert!(!limits.count(other, &Method::GET).over);
    }
}
