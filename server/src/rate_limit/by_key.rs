//! Rate limits, by API key: requests of the running minute, across all nodes.
//!
//! No request pays for a round trip: each node counts for itself, tells the others once a second what it has counted,
//! and adds what it hears of them. Keys that are far from their limit are told of nobody: most are, and telling of each
//! of them would cost as much as their calls. So a key may get past its limit by what all nodes take within a second,
//! and by an eighth of it for each node.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use chrono::Utc;
use uuid::Uuid;
use wallet::Wallet;
use wallet::error::Result;
use wallet::id::KeyId;
use wallet::identity::RateCount;

use super::{Counted, is_write};

/// How long a window lasts, in seconds; it begins with the minute, on every node.
const WINDOW: i64 = 60;
/// How often nodes tell each other.
pub const SHARED_EVERY: Duration = Duration::from_secs(1);
/// Nodes tell each other of a key from this part of its limit on.
const SHARED_FROM: u32 = 8;
/// From how many windows on old ones are swept out.
const SWEEP_FROM: usize = 10_000;

/// Counts the requests of every key.
#[derive(Debug)]
pub struct RateLimits {
    reads: u32,
    writes: u32,
    /// What tells this node's counts from others'.
    node: Uuid,
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    of_keys: HashMap<(KeyId, bool), Window>,
    /// At how many windows the next sweep comes: each goes through all of them, so it must be earned by as many new ones.
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    minute: i64,
    used: u32,
    /// How many of them the other nodes know of.
    told: u32,
    /// What the other nodes have counted.
    elsewhere: u32,
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
        Self { reads, writes, node: Uuid::now_v7(), windows: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request.
    pub fn count(&self, key: KeyId, method: &Method) -> Standing {
        let kind = (key, is_write(method));
        self.add(kind, Counted::Request, Utc::now().timestamp())
    }

    /// Counts the writes of a request beyond the one that it is.
    pub fn count_more(&self, key: KeyId, writes: u32) -> Standing {
        self.add((key, true), Counted::More(writes), Utc::now().timestamp())
    }

    const fn limit(&self, is_write: bool) -> u32 {
        if is_write { self.writes } else { self.reads }
    }

    fn add(&self, kind: (KeyId, bool), counted: Counted, now: i64) -> Standing {
        let limit = self.limit(kind.1);
        let minute = now.div_euclid(WINDOW);
        let mut windows = self.lock();
        windows.sweep(minute);
        let window = windows.of_keys.entry(kind).or_default();
        if window.minute != minute {
            *window = Window { minute, ..Window::default() };
        }
        let all = window.used.saturating_add(window.elsewhere).saturating_add(counted.count());
        let over = all > limit;
        if !over || counted.counts_when_refused() {
            window.used = window.used.saturating_add(counted.count());
        }
        Standing {
            limit,
            remaining: limit.saturating_sub(window.used.saturating_add(window.elsewhere)),
            reset_seconds: u32::try_from(WINDOW - now.rem_euclid(WINDOW)).unwrap_or(60),
            over,
        }
    }

    /// Tells the other nodes what was counted since the last time, and hears of them about the same keys.
    pub async fn share(&self, wallet: &Wallet) -> Result<()> {
        let minute = Utc::now().timestamp().div_euclid(WINDOW);
        let counts = self.untold(minute);
        if counts.is_empty() {
            return Ok(());
        }
        let others = wallet.identity().share_rates(self.node, minute, &counts).await?;
        let mut windows = self.lock();
        for count in counts {
            if let Some(window) = windows.running(&count, minute) {
                window.told = count.used;
            }
        }
        for count in others {
            if let Some(window) = windows.running(&count, minute) {
                window.elsewhere = count.used;
            }
        }
        Ok(())
    }

    fn untold(&self, minute: i64) -> Vec<RateCount> {
        let windows = self.lock();
        let is_near = |is_write: bool, used: u32| used >= self.limit(is_write).div_ceil(SHARED_FROM);
        let untold = windows.of_keys.iter().filter(|((_, is_write), window)| {
            window.minute == minute && window.used > window.told && is_near(*is_write, window.used)
        });
        untold.map(|(&(key, is_write), window)| RateCount { key, is_write, used: window.used }).collect()
    }
}

impl Windows {
    /// Finds the window that a count is about, where it is still the running one.
    fn running(&mut self, count: &RateCount, minute: i64) -> Option<&mut Window> {
        self.of_keys.get_mut(&(count.key, count.is_write)).filter(|window| window.minute == minute)
    }

    /// Forgets windows that are over, once there are twice as many as the last sweep left.
    fn sweep(&mut self, minute: i64) {
        if self.of_keys.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.of_keys.retain(|_, window| window.minute == minute);
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

    /// The first second of a minute.
    const MINUTE: i64 = 1_790_000_040;

    #[test]
    fn reads_and_writes_are_counted_apart_and_by_key() {
        let limits = RateLimits::new(2, 1);
        let (key, other) = (KeyId::new(), KeyId::new());
        let read = |key| limits.add((key, false), Counted::Request, MINUTE + 20);
        assert!(!read(key).over && !read(key).over);
        let third = read(key);
        assert!(third.over && third.remaining == 0 && third.reset_seconds == 40, "{third:?}");
        let write = |at| limits.add((key, true), Counted::Request, at);
        assert!(!write(MINUTE).over && write(MINUTE + 59).over && !write(MINUTE + 60).over);
        assert!(!read(other).over);
    }

    #[test]
    fn many_writes_in_one_request_count_as_many() {
        let limits = RateLimits::new(1, 10);
        let key = KeyId::new();
        let add = |counted| limits.add((key, true), counted, MINUTE);
        assert!(!add(Counted::Request).over && add(Counted::More(10)).over, "eleven in all");
        let standing = add(Counted::More(9));
        assert!(!standing.over && standing.remaining == 0, "what was refused took nothing");
        assert!(add(Counted::Request).over);
        assert!(add(Counted::More(1)).over);
    }

    #[test]
    fn only_keys_that_come_near_their_limit_are_told_of() {
        let limits = RateLimits::new(800, 80);
        let (busy, quiet) = (KeyId::new(), KeyId::new());
        limits.add((busy, true), Counted::More(10), MINUTE);
        limits.add((busy, false), Counted::More(99), MINUTE);
        limits.add((quiet, true), Counted::More(9), MINUTE);
        let told: Vec<_> = limits.untold(MINUTE / WINDOW).iter().map(|count| (count.key, count.is_write)).collect();
        assert_eq!(told, [(busy, true)]);
    }

    #[test]
    fn old_windows_go_and_a_sweep_is_earned_by_as_many_new_ones() {
        let mut windows = Windows::default();
        let fill = |windows: &mut Windows, count: usize, minute: i64| {
            for _ in 0..count {
                windows.of_keys.insert((KeyId::new(), true), Window { minute, used: 1, ..Window::default() });
            }
        };
        fill(&mut windows, SWEEP_FROM, 1);
        windows.sweep(1);
        assert_eq!(windows.of_keys.len(), SWEEP_FROM, "all of them still run");
        fill(&mut windows, SWEEP_FROM - 1, 2);
        windows.sweep(2);
        assert_eq!(windows.of_keys.len(), 2 * SWEEP_FROM - 1, "no sweep for every request");
        fill(&mut windows, 1, 2);
        windows.sweep(2);
        assert_eq!(windows.of_keys.len(), SWEEP_FROM, "the old ones are gone");
    }
}
