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
/// From how many windows on old ones are swept out.
const SWEEP_FROM: usize = 10_000;

/// Counts the requests of every key.
#[derive(Debug)]
pub struct RateLimits {
    reads: u32,
    writes: u32,
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    of_keys: HashMap<(KeyId, bool), Window>,
    /// At how many windows the next sweep comes: each goes through all of them, so it must be earned by as many new ones.
    sweep_at: usize,
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
        windows.sweep(now);
        let window = windows.of_keys.entry((key, write)).or_insert(Window { started: now, used: 0 });
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

impl Windows {
    /// Forgets windows that are over, once there are twice as many as the last sweep left.
    fn sweep(&mut self, now: Instant) {
        if self.of_keys.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.of_keys.retain(|_, window| now.duration_since(window.started) < WINDOW);
            self.sweep_at = self.of_keys.len().saturating_mul(2);
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

    #[test]
    fn old_windows_go_and_a_sweep_is_earned_by_as_many_new_ones() {
        let mut windows = Windows::default();
        let began = Instant::now();
        let fill = |windows: &mut Windows, count: usize, started: Instant| {
            for _ in 0..count {
                windows.of_keys.insert((KeyId::new(), true), Window { started, used: 1 });
            }
        };
        fill(&mut windows, SWEEP_FROM, began);
        windows.sweep(began);
        assert_eq!(windows.of_keys.len(), SWEEP_FROM, "all of them still run");
        let later = began + WINDOW;
        fill(&mut windows, SWEEP_FROM - 1, later);
        windows.sweep(later);
        assert_eq!(windows.of_keys.len(), 2 * SWEEP_FROM - 1, "no sweep for every request");
        fill(&mut windows, 1, later);
        windows.sweep(later);
        assert_eq!(windows.of_keys.len(), SWEEP_FROM, "the old ones are gone");
    }
}
