//! Which of many alike events are written down: each one at first, then the 8th, the 16th, the 32nd of an hour.
//!
//! Whoever can make events at will (wrong passwords, closed pages) would otherwise fill the audit log. Kinds of events
//! have samplers of their own, and no sampler ever falls silent: what is too much to be told apart is counted together,
//! and that count is written down at each power of two.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long is counted before the counts begin anew.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// How many events of one key are written down before they get rarer.
pub(crate) const EACH: u32 = 5;

/// Counts events of one kind by key on this node.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// The most keys that are counted apart.
    keys_max: usize,
    /// The most events of those keys that this node writes down in a window.
    told_max: u32,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    counts: HashMap<[u8; 32], u32>,
    told: u32,
    others: u32,
}

impl Window {
    fn new() -> Self {
        Self { began: Instant::now(), counts: HashMap::new(), told: 0, others: 0 }
    }
}

/// An event that is to be written down, with how many there were in this window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Of the same key.
    OfKey(u32),
    /// Of all keys that are not counted apart any more.
    OfOthers(u32),
}

impl Sampler {
    pub(crate) fn new(keys_max: usize, told_max: u32) -> Self {
        Self { keys_max, told_max, window: Mutex::new(Window::new()) }
    }

    /// Counts an event; says how it is to be written down, if it is.
    pub(crate) fn note(&self, key: [u8; 32]) -> Option<Told> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.elapsed() >= WINDOW {
            *window = Window::new();
        }
        let has_no_place = window.counts.len() >= self.keys_max && !window.counts.contains_key(&key);
        if has_no_place || window.told >= self.told_max {
            window.others = window.others.saturating_add(1);
            return window.others.is_power_of_two().then_some(Told::OfOthers(window.others));
        }
        let count = window.counts.entry(key).or_default();
        *count = count.saturating_add(1);
        let count = *count;
        if count > EACH && !count.is_power_of_two() {
            return None;
        }
        window.told = window.told.saturating_add(1);
        Some(Told::OfKey(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_alike_events_are_few_rows() {
        let sampler = Sampler::new(10, 100);
        let told: Vec<Told> = (0..1_000).filter_map(|_| sampler.note([1; 32])).collect();
        assert_eq!(told, [1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512].map(Told::OfKey));
        assert_eq!(sampler.note([2; 32]), Some(Told::OfKey(1)), "another key has counts of its own");
    }

    #[test]
    fn however_many_keys_there_are_rows_are_bounded_and_never_end() {
        let sampler = Sampler::new(100, 50);
        let key = |number: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_be_bytes());
            key
        };
        let told: Vec<Told> = (0..100_000).filter_map(|number| sampler.note(key(number))).collect();
        let apart = told.iter().filter(|told| **told == Told::OfKey(1)).count();
        let others: Vec<Told> = told.into_iter().filter(|told| matches!(told, Told::OfOthers(_))).collect();
        assert_eq!(apart, 50);
        assert_eq!(others.len(), 17);
        assert_eq!(others.last(), Some(&Told::OfOthers(65_536)));
    }
}
