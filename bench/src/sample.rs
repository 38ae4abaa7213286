//! What one measurement found.

use std::time::Duration;

use serde_json::{Value, json};

/// Calls and how long each took, in one window of time.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// What was done.
    pub name: String,
    /// How many did it at once.
    pub callers: usize,
    /// Calls that came back in the window, a second.
    pub per_second: f64,
    /// The median of their times.
    pub p50: Duration,
    /// The time that one in a hundred exceeds.
    pub p99: Duration,
    /// Their average time.
    pub mean: Duration,
    /// What the work cost PostgreSQL and the machine.
    pub cost: Cost,
}

/// What a window of work cost.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// WAL bytes a call.
    pub wal_bytes: f64,
    /// Times that the WAL was flushed to the disk, a second.
    pub fsyncs: f64,
    /// The share of the machine's processors that was busy, 0 to 1.
    pub machine: f64,
    /// The processor time of all of PostgreSQL, in cores.
    pub postgres: f64,
    /// The processor time of its busiest process, in cores.
    pub busiest: f64,
    /// What holds the figure back, in words.
    pub bound: String,
}

impl Sample {
    /// Sums up the times of single calls.
    pub fn new(name: &str, callers: usize, mut times: Vec<Duration>, window: Duration, cost: Cost) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let last = times.len().saturating_sub(1);
            times.get(((last as f64) * share).round() as usize).copied().unwrap_or_default()
        };
        let total: Duration = times.iter().sum();
        Self {
            name: name.to_owned(),
            callers,
            per_second: times.len() as f64 / window.as_secs_f64(),
            p50: at(0.50),
            p99: at(0.99),
            mean: total.checked_div(u32::try_from(times.len()).unwrap_or(u32::MAX)).unwrap_or_default(),
            cost,
        }
    }

    /// For the report's JSON.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name, "callers": self.callers, "per_second": self.per_second.round(),
            "p50_ms": milliseconds(self.p50), "p99_ms": milliseconds(self.p99), "mean_ms": milliseconds(self.mean),
            "wal_bytes_per_call": self.cost.wal_bytes.round(), "fsyncs_per_second": self.cost.fsyncs.round(),
            "machine_busy": rounded(self.cost.machine), "postgres_cores": rounded(self.cost.postgres),
            "busiest_backend_cores": rounded(self.cost.busiest), "bound_by": self.cost.bound,
        })
    }
}

/// A time in milliseconds, with two decimals.
pub fn milliseconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1000.0)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times = (1..=100).rev().map(Duration::from_millis).collect();
        let sample = Sample::new("x", 4, times, Duration::from_secs(2), Cost::default());
        assert_eq!(sample.p50, Duration::from_millis(51));
        assert_eq!(sample.p99, Duration::from_millis(99));
        assert!((sample.per_second - 50.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_measured_is_nothing() {
        let sample = Sample::new("x", 1, Vec::new(), Duration::from_secs(1), Cost::default());
        assert_eq!((sample.p50, sample.p99, sample.mean), Default::default());
    }
}
