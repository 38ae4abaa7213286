//! Which of many alike events are written down: each one at first, then the 8th, the 16th, the 32nd of an hour.
//!
//! Whoever can make events at will (wrong passwords, closed pages) would otherwise fill the audit log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long is counted before the counts begin anew.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// How many events of one key are written down before they get rarer.
pub(crate) const EACH: u32 = 5;
/// The most keys that are counted apart; events of further ones are not written down.
const KEYS_MAX: usize = 10_000;
/// The most events that this node writes down in a window.
const TOLD_MAX: u32 = 2_000;

/// Counts events by key on this node.
#[derive(Debug)]
pub(crate) struct Sampler(Mutex<Window>);

#[derive(Debug)]
struct Window {
    began: Instant,
    counts: HashMap<[u8; 32], u32>,
    told: u32,
}

impl Sampler {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Window { began: Instant::now(), counts: HashMap::new(), told: 0 }))
    }

    /// Counts an event; gives the count where it is to be written down.
    pub(crate) fn note(&self, key: [u8; 32]) -> Option<u32> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.elapsed() >= WINDOW {
            *window = Window { began: Instant::now(), counts: HashMap::new(), told: 0 };
        }
        if window.told >= TOLD_MAX || (window.counts.len() >= KEYS_MAX && !window.counts.contains_key(&key)) {
            return None;
        }
        let count = window.counts.entry(key).or_default();
        *count = count.saturating_add(1);
        let count = *count;
        if count > EACH && !count.is_power_of_two() {
            return None;
        }
        window.told = window.told.saturating_add(1);
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_alike_events_are_few_rows() {
        let sampler = Sampler::new();
        let told: Vec<u32> = (0..1_000).filter_map(|_| sampler.note([1; 32])).collect();
        assert_eq!(told, [1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512]);
        assert_eq!(sampler.note([2; 32]), Some(1), "another key has counts of its own");
    }

    #[test]
    fn however_many_keys_there_are_rows_are_bounded() {
        let sampler = Sampler::new();
        let key = |number: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_be_bytes());
            key
        };
        let told = (0..100_000).filter(|number| sampler.note(key(*number)).is_some()).count();
        assert_eq!(u32::try_from(told), Ok(TOLD_MAX));
    }
}
