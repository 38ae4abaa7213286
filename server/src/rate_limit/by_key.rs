//! Rate limits, by API key: requests of the running minute, across all nodes.
//!
//! No request pays for a round trip: each node counts for itself, tells the others once a second what it has counted,
//! and adds what it hears of them. Keys that are far from their limit are told of nobody: most are, and telling of each
//! of them would cost as much as their calls. So a key may get past its limit by what all nodes take within a second,
//! and by an eighth of it for each node.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use chrono::Utc;
use uuid::Uuid;
use wallet::Wallet;
use wallet::error::Result;
use wallet::id::KeyId;
use wallet::identity::RateCount;

use super::is_write;
use super::windows::{Counted, SharedWindows, minute_of, seconds_left};

/// How often nodes tell each other.
pub const SHARED_EVERY: Duration = Duration::from_secs(1);
/// Nodes tell each other of a key from this part of its limit on.
const SHARED_FROM: u32 = 8;

/// Counts the requests of every key.
#[derive(Debug)]
pub struct RateLimits {
    reads: u32,
    writes: u32,
    /// What tells this node's counts from others'.
    node: Uuid,
    /// By key, for reads and writes.
    windows: SharedWindows<(KeyId, bool), Window>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
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
        Self { reads, writes, node: Uuid::now_v7(), windows: SharedWindows::default() }
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
        let mut windows = self.windows.lock();
        let window = windows.open(kind, minute_of(now));
        let over = counted.add(&mut window.used, window.elsewhere, limit);
        Standing {
            limit,
            remaining: limit.saturating_sub(window.used.saturating_add(window.elsewhere)),
            reset_seconds: seconds_left(now),
            over,
        }
    }

    /// Tells the other nodes what was counted since the last time, and hears of them about the same keys.
    pub async fn share(&self, wallet: &Wallet) -> Result<()> {
        let minute = minute_of(Utc::now().timestamp());
        let counts = self.untold(minute);
        if counts.is_empty() {
            return Ok(());
        }
        let others = wallet.identity().share_rates(self.node, minute, &counts).await?;
        let mut windows = self.windows.lock();
        for count in counts {
            if let Some(window) = windows.running(&(count.key, count.is_write), minute) {
                window.told = count.used;
            }
        }
        for count in others {
            if let Some(window) = windows.running(&(count.key, count.is_write), minute) {
                window.elsewhere = count.used;
            }
        }
        Ok(())
    }

    fn untold(&self, minute: i64) -> Vec<RateCount> {
        let windows = self.windows.lock();
        let is_near = |is_write: bool, used: u32| used >= self.limit(is_write).div_ceil(SHARED_FROM);
        let untold = windows
            .of_minute(minute)
            .filter(|((_, is_write), window)| window.used > window.told && is_near(*is_write, window.used));
        untold.map(|(&(key, is_write), window)| RateCount { key, is_write, used: window.used }).collect()
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
        let told: Vec<_> = limits.untold(minute_of(MINUTE)).iter().map(|count| (count.key, count.is_write)).collect();
        assert_eq!(told, [(busy, true)]);
    }
}
