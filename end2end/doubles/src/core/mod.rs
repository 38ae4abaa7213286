//! What both stand-ins share, without a word about either provider.

pub mod call;
pub mod clock;
pub mod delivery;
pub mod faults;
pub mod guard;
pub mod idempotency;
pub mod ids;
pub mod listener;
pub mod page;
pub mod requests;

use std::path::Path;
use std::sync::Mutex;
use std::sync::MutexGuard;

pub use call::{Answer, Call};
pub use guard::{Dialect, Refusal};

use clock::Clock;
use delivery::Deliveries;
use faults::Faults;
use idempotency::IdempotencyStore;
use ids::Ids;
use requests::RequestLog;

/// Clock, faults, request log, idempotency keys and events on their way.
#[derive(Debug)]
pub struct Core {
    /// Where this program serves, without a slash at the end.
    pub base_url: String,
    /// The time that both providers go by.
    pub clock: Clock,
    /// What goes wrong with the next calls.
    pub faults: Faults,
    /// Every request to an API.
    pub requests: RequestLog,
    /// Idempotency keys of both providers.
    pub idempotency: IdempotencyStore,
    /// Events on their way to receivers.
    pub deliveries: Deliveries,
    /// Ids that no other run of this program gives.
    pub ids: Ids,
}

impl Core {
    /// Starts with the time of day and nothing kept. Must be called inside a Tokio runtime.
    pub fn new(base_url: String, requests: Option<&Path>) -> std::io::Result<Self> {
        Ok(Self {
            base_url,
            clock: Clock::default(),
            faults: Faults::default(),
            requests: RequestLog::new(requests)?,
            idempotency: IdempotencyStore::default(),
            deliveries: Deliveries::start(),
            ids: Ids::new(),
        })
    }

    /// Forgets everything but the request log's file.
    pub fn reset(&self) {
        self.clock.reset();
        self.faults.clear();
        self.requests.clear();
        self.idempotency.clear();
        self.deliveries.clear();
    }
}

/// Locks; a test program goes on with what a panicking thread left.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
