//! The one source of time: the database's clock, seen from this process; or a clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time; every clone is the same clock.
///
/// The system clock follows the database's: `Clock::observe` is called with the database's time at start and
/// every second after, and between two observations the process's monotonic clock counts on. So a wrong clock of
/// this machine, or a step of it, changes nothing. On top comes the demo offset (`scrip clock advance`).
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where the monotonic count starts; `None` for a clock that stands still.
    base: Option<Instant>,
    /// Microseconds since 1970 at `base`, or the fixed time.
    epoch: AtomicI64,
    /// What demo mode adds, in microseconds.
    offset: AtomicI64,
}

impl Clock {
    /// Makes the clock that follows the database.
    #[must_use]
    pub fn system() -> Self {
        Self::starting(Some(Instant::now()), Utc::now())
    }

    /// Makes a clock that stands still until it is moved: for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::starting(None, at)
    }

    fn starting(base: Option<Instant>, at: DateTime<Utc>) -> Self {
        Self(Arc::new(Inner { base, epoch: AtomicI64::new(at.timestamp_micros()), offset: AtomicI64::new(0) }))
    }

    /// Tells the time, in whole microseconds like the database.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = self
            .0
            .epoch
            .load(Ordering::Relaxed)
            .saturating_add(self.elapsed())
            .saturating_add(self.0.offset.load(Ordering::Relaxed));
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Says whether the clock stands still (a test's).
    #[must_use]
    pub(crate) fn is_fixed(&self) -> bool {
        self.0.base.is_none()
    }

    /// Moves the clock forward or back: for tests, and for demo mode on this node.
    pub fn advance(&self, by: TimeDelta) {
        let by = by.num_microseconds().unwrap_or(0);
        self.0.epoch.fetch_add(by, Ordering::Relaxed);
    }

    /// Sets a fixed clock.
    pub fn set(&self, at: DateTime<Utc>) {
        let start = at.timestamp_micros().saturating_sub(self.elapsed());
        self.0.epoch.store(start, Ordering::Relaxed);
    }

    /// Takes over the database's time and the deployment's demo offset; a fixed clock stays as it is.
    pub(crate) fn observe(&self, database: DateTime<Utc>, offset: TimeDelta) {
        if !self.is_fixed() {
            self.set(database);
            self.0.offset.store(offset.num_microseconds().unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// Microseconds that the monotonic clock has counted.
    fn elapsed(&self) -> i64 {
        self.0.base.map_or(0, |base| i64::try_from(base.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_by_hand() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let clock = Clock::fixed(start);
        clock.observe(start + TimeDelta::days(1), TimeDelta::zero());
        assert_eq!(clock.now(), start);
        clock.clone().advance(TimeDelta::days(32));
        assert_eq!(clock.now(), start + TimeDelta::days(32));
    }

    #[test]
    fn the_system_clock_follows_the_database() {
        let clock = Clock::system();
        let database = Utc::now() - TimeDelta::days(1);
        clock.observe(database, TimeDelta::days(40));
        let ahead = clock.now() - (database + TimeDelta::days(40));
        assert!(ahead >= TimeDelta::zero() && ahead < TimeDelta::seconds(5), "{ahead}");
    }
}
