//! A clock that runs with the time of day and can be moved.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::Utc;

/// Seconds ahead of the time of day.
#[derive(Debug, Default)]
pub struct Clock(AtomicI64);

impl Clock {
    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.millis() / 1000
    }

    /// Milliseconds since 1970.
    pub fn millis(&self) -> i64 {
        Utc::now().timestamp_millis() + self.0.load(Ordering::SeqCst) * 1000
    }

    /// Moves it by so many seconds.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets it; from there it runs on.
    pub fn set(&self, now: i64) {
        self.0.store(now - Utc::now().timestamp(), Ordering::SeqCst);
    }

    /// Goes back to the time of day.
    pub fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_and_goes_back() {
        let clock = Clock::default();
        let begun = Utc::now().timestamp();
        clock.advance(86_400);
        assert!((begun + 86_400..begun + 86_410).contains(&clock.now()));
        clock.set(1_700_000_000);
        assert!((1_700_000_000..1_700_000_010).contains(&clock.now()));
        clock.reset();
        assert!((begun..begun + 10).contains(&clock.now()));
    }
}
