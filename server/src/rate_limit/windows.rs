//! Windows of a minute: what is counted of each key, and how old ones go.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a window lasts, in seconds; it begins with the minute, on every node.
const WINDOW: i64 = 60;
/// From how many windows on old ones are swept out.
const SWEEP_FROM: usize = 10_000;

/// What is counted at once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    /// A request: it counts also where it is refused.
    Request,
    /// Writes of a request beyond the one that it is: where they are refused none of them is done, and none counts.
    More(u32),
}

impl Counted {
    /// Adds itself to what is used of a limit; `others` have used some of it, too. Says whether that is too much.
    pub(super) fn add(self, used: &mut u32, others: u32, limit: u32) -> bool {
        let count = match self {
            Self::Request => 1,
            Self::More(count) => count,
        };
        let over = used.saturating_add(others).saturating_add(count) > limit;
        if !over || matches!(self, Self::Request) {
            *used = used.saturating_add(count);
        }
        over
    }
}

/// The windows of some kind of key, shared by all requests.
#[derive(Debug)]
pub(super) struct SharedWindows<K, W>(Mutex<Windows<K, W>>);

impl<K, W> Default for SharedWindows<K, W> {
    fn default() -> Self {
        Self(Mutex::new(Windows { all: HashMap::new(), sweep_at: 0 }))
    }
}

impl<K, W> SharedWindows<K, W> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Windows<K, W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The windows of some kind of key.
#[derive(Debug)]
pub(super) struct Windows<K, W> {
    /// Each with its minute.
    all: HashMap<K, (i64, W)>,
    /// At how many windows the next sweep comes: each goes through all of them, so it must be earned by as many new
    /// ones.
    sweep_at: usize,
}

impl<K: Eq + Hash, W: Default> Windows<K, W> {
    /// Gives the window of a minute; one of another minute begins anew.
    pub(super) fn open(&mut self, key: K, minute: i64) -> &mut W {
        self.sweep(minute);
        let window = self.all.entry(key).or_default();
        if window.0 != minute {
            *window = (minute, W::default());
        }
        &mut window.1
    }

    /// Finds a window, where it is still that of the minute.
    pub(super) fn running(&mut self, key: &K, minute: i64) -> Option<&mut W> {
        self.all.get_mut(key).filter(|window| window.0 == minute).map(|window| &mut window.1)
    }

    /// Lists the windows of a minute.
    pub(super) fn of_minute(&self, minute: i64) -> impl Iterator<Item = (&K, &W)> {
        self.all.iter().filter(move |(_, window)| window.0 == minute).map(|(key, window)| (key, &window.1))
    }

    /// Forgets windows that are over, once there are twice as many as the last sweep left.
    fn sweep(&mut self, minute: i64) {
        if self.all.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.all.retain(|_, window| window.0 == minute);
            self.sweep_at = self.all.len().saturating_mul(2);
        }
    }
}

/// Gives the minute of an instant, which names its window.
pub(super) const fn minute_of(now: i64) -> i64 {
    now.div_euclid(WINDOW)
}

/// Gives the seconds until the next window begins.
pub(super) fn seconds_left(now: i64) -> u32 {
    u32::try_from(WINDOW - now.rem_euclid(WINDOW)).unwrap_or(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_windows_go_and_a_sweep_is_earned_by_as_many_new_ones() {
        let mut windows = Windows { all: HashMap::new(), sweep_at: 0 };
        let mut keys = 0_usize..;
        let mut fill = |windows: &mut Windows<usize, u32>, count: usize, minute: i64| {
            windows.all.extend(keys.by_ref().take(count).map(|key| (key, (minute, 1))));
        };
        fill(&mut windows, SWEEP_FROM, 1);
        windows.sweep(1);
        assert_eq!(windows.all.len(), SWEEP_FROM, "all of them still run");
        fill(&mut windows, SWEEP_FROM - 1, 2);
        windows.sweep(2);
        assert_eq!(windows.all.len(), 2 * SWEEP_FROM - 1, "no sweep for every request");
        fill(&mut windows, 1, 2);
        windows.sweep(2);
        assert_eq!(windows.all.len(), SWEEP_FROM, "the old ones are gone");
    }
}
