//! The open connections: how many there may be, which have waited for too long, and which make room for others.
//!
//! Time is counted in ticks of the reaper, so that a request costs no look at a clock. A reader is measured by what it
//! takes while the server waits for it, so that neither a stream with nothing to say nor a file that takes long is
//! slow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wallet::identity::network;

use tokio::sync::Notify;

/// How long a tick of the reaper lasts, in milliseconds.
pub const TICK_MILLIS: u64 = 250;
const TICKS_A_SECOND: u32 = 4;

/// What connections may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections in all.
    pub most: usize,
    /// Connections of one address (of one /64, for IPv6).
    pub of_address: usize,
    /// How long a request's head may take to come, from its first byte or from the beginning of the connection.
    pub head_ticks: u32,
    /// How long a connection may wait for the next request.
    pub idle_ticks: u32,
    /// How long a reader may take nothing of an answer.
    pub stalled_ticks: u32,
    /// How many bytes a reader must take for each such time in which it is waited for.
    pub stalled_bytes: u64,
}

/// A reader that has taken nothing for five seconds makes room where all places are taken.
const STALLED_TICKS: u32 = 5 * TICKS_A_SECOND;
/// So does one that was waited for thirty seconds in all, within one answer.
const SLOW_TICKS: u32 = 30 * TICKS_A_SECOND;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No byte has come since it was opened.
    New,
    /// A request's head comes.
    Head,
    /// A request is answered.
    Busy,
    /// It waits for the next request.
    Idle,
}

impl Phase {
    const fn code(self) -> u64 {
        match self {
            Self::New => 0,
            Self::Head => 1,
            Self::Busy => 2,
            Self::Idle => 3,
        }
    }

    const fn of(code: u64) -> Self {
        match code {
            0 => Self::New,
            1 => Self::Head,
            2 => Self::Busy,
            _ => Self::Idle,
        }
    }
}

/// One connection, as its own task and the reaper see it.
#[derive(Debug)]
pub struct Connection {
    /// The phase, and above it the tick since when.
    phase: AtomicU64,
    /// Since which tick its reader takes nothing; 0 where it does.
    stalled: AtomicU32,
    /// The bytes that were written when the reader was last waited for.
    written: AtomicU64,
    /// How many ticks of this answer its reader was waited for. These three are the reaper's.
    waited: AtomicU32,
    /// How many of them since the bytes were last looked at, and what they were then.
    window: AtomicU32,
    window_written: AtomicU64,
    ticks: Arc<AtomicU32>,
    end: AtomicU8,
    /// Wakes the connection's task where it must end. One of its own: a token that all share would be one lock for all.
    told: Notify,
}

/// How a connection must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With what is being answered on it.
    Gently,
    /// At once.
    Now,
}

impl Connection {
    fn new(ticks: Arc<AtomicU32>) -> Self {
        let connection = Self {
            phase: AtomicU64::new(0),
            stalled: AtomicU32::new(0),
            written: AtomicU64::new(0),
            waited: AtomicU32::new(0),
            window: AtomicU32::new(0),
            window_written: AtomicU64::new(0),
            ticks,
            end: AtomicU8::new(0),
            told: Notify::new(),
        };
        connection.set(Phase::New);
        connection
    }

    fn end(&self, how: End) {
        self.end.fetch_max(if how == End::Now { 2 } else { 1 }, Ordering::Relaxed);
        self.told.notify_one();
    }

    /// Waits until the connection must end, and says how; again where that becomes more urgent.
    pub async fn ended(&self) -> End {
        loop {
            self.told.notified().await;
            match self.end.load(Ordering::Relaxed) {
                0 => {}
                1 => return End::Gently,
                _ => return End::Now,
            }
        }
    }

    fn now(&self) -> u32 {
        self.ticks.load(Ordering::Relaxed)
    }

    fn set(&self, phase: Phase) {
        self.phase.store(u64::from(self.now()) << 2 | phase.code(), Ordering::Relaxed);
    }

    fn phase(&self) -> (Phase, u32) {
        let packed = self.phase.load(Ordering::Relaxed);
        (Phase::of(packed & 3), u32::try_from(packed >> 2).unwrap_or(u32::MAX))
    }

    /// Notes that bytes have come.
    pub fn heard(&self) {
        match self.phase() {
            // What is new is measured from its beginning: a byte now and then must not keep it.
            (Phase::New, since) => self.phase.store(u64::from(since) << 2 | Phase::Head.code(), Ordering::Relaxed),
            (Phase::Idle, _) => self.set(Phase::Head),
            (Phase::Head | Phase::Busy, _) => {}
        }
    }

    /// Notes that a request is being answered.
    pub fn begun(&self) {
        self.waited.store(0, Ordering::Relaxed);
        self.window.store(0, Ordering::Relaxed);
        self.window_written.store(self.written.load(Ordering::Relaxed), Ordering::Relaxed);
        self.set(Phase::Busy);
    }

    /// Notes that an answer is complete.
    pub fn answered(&self) {
        self.set(Phase::Idle);
    }

    /// Notes that the reader takes what is written.
    pub fn takes(&self) {
        if self.stalled.load(Ordering::Relaxed) != 0 {
            self.stalled.store(0, Ordering::Relaxed);
        }
    }

    /// Notes that the reader is waited for, after so many bytes in all.
    pub fn waits(&self, written: u64) {
        self.written.store(written, Ordering::Relaxed);
        if self.stalled.load(Ordering::Relaxed) == 0 {
            self.stalled.store(self.now().max(1), Ordering::Relaxed);
        }
    }

    /// Says whether it has waited for too long, or its reader takes too little.
    fn is_over(&self, limits: &ConnectionLimits) -> bool {
        let (phase, since) = self.phase();
        let waited = self.now().saturating_sub(since);
        if self.stalled_for() >= limits.stalled_ticks || self.is_slow(limits) {
            return true;
        }
        match phase {
            Phase::New | Phase::Head => waited >= limits.head_ticks,
            Phase::Idle => waited >= limits.idle_ticks,
            Phase::Busy => false,
        }
    }

    /// Tells for how many ticks its reader has taken nothing.
    fn stalled_for(&self) -> u32 {
        match self.stalled.load(Ordering::Relaxed) {
            0 => 0,
            since => self.now().saturating_sub(since),
        }
    }

    /// Counts this tick where the reader is waited for; says whether it has taken too little for the time that it was.
    /// Only the reaper calls it, once a tick.
    fn is_slow(&self, limits: &ConnectionLimits) -> bool {
        if self.stalled.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.waited.fetch_add(1, Ordering::Relaxed);
        let window = self.window.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if window < limits.stalled_ticks {
            return false;
        }
        let written = self.written.load(Ordering::Relaxed);
        self.window.store(0, Ordering::Relaxed);
        written.saturating_sub(self.window_written.swap(written, Ordering::Relaxed)) < limits.stalled_bytes
    }

    /// Tells how willingly it makes room: a reader that takes nothing or too slowly first, then whoever waits for a
    /// request, each by how long; nothing where it is being answered as it should.
    fn makes_room(&self) -> Option<(u8, std::cmp::Reverse<u32>)> {
        let stalled = self.stalled_for();
        let waited = self.waited.load(Ordering::Relaxed);
        if stalled >= STALLED_TICKS || waited >= SLOW_TICKS {
            return Some((0, std::cmp::Reverse(waited.max(stalled))));
        }
        let (phase, since) = self.phase();
        (phase != Phase::Busy).then(|| (1, std::cmp::Reverse(self.now().saturating_sub(since))))
    }
}

/// The connections of this node.
#[derive(Debug)]
pub struct Registry {
    limits: ConnectionLimits,
    ticks: Arc<AtomicU32>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, (Option<IpAddr>, Arc<Connection>)>,
    of_addresses: HashMap<IpAddr, usize>,
}

impl Open {
    /// Finds the connection that makes room first, of one address or of all.
    fn making_room(&self, address: Option<IpAddr>) -> Option<u64> {
        let of_address = |found: &Option<IpAddr>| address.is_none() || *found == address;
        let all = self.connections.iter().filter(|(_, (found, _))| of_address(found));
        let willing = all.filter_map(|(number, (_, connection))| Some((connection.makes_room()?, *number)));
        willing.min().map(|(_, number)| number)
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Connection>> {
        let (address, connection) = self.connections.remove(&number)?;
        if let Some(address) = address
            && let Some(count) = self.of_addresses.get_mut(&address)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_addresses.remove(&address);
            }
        }
        Some(connection)
    }
}

/// The place of one connection; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    registry: Arc<Registry>,
    number: u64,
    /// The connection.
    pub connection: Arc<Connection>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.lock().remove(self.number);
    }
}

impl Registry {
    /// Makes an empty one.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Self {
        // Tick 0 says "not stalled".
        Self { limits, ticks: Arc::new(AtomicU32::new(1)), open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a connection its place; `address` is none for a trusted proxy, which speaks for many.
    ///
    /// Where all places are taken, one connection makes room: of the same address where that has too many, else of all;
    /// one whose reader is slow, else the one that has waited longest for a request. `None` where all are being
    /// answered.
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let address = address.map(network);
        let mut open = self.lock();
        let own = address.map_or(0, |address| open.of_addresses.get(&address).copied().unwrap_or(0));
        let leaves = if address.is_some() && own >= self.limits.of_address {
            Some(open.making_room(address)?)
        } else if open.connections.len() >= self.limits.most {
            Some(open.making_room(None)?)
        } else {
            None
        };
        if let Some(connection) = leaves.and_then(|number| open.remove(number)) {
            connection.end(End::Now);
        }
        if let Some(address) = address {
            *open.of_addresses.entry(address).or_default() += 1;
        }
        let connection = Arc::new(Connection::new(Arc::clone(&self.ticks)));
        let number = open.next;
        open.next = open.next.wrapping_add(1);
        open.connections.insert(number, (address, Arc::clone(&connection)));
        Some(Place { registry: Arc::clone(self), number, connection })
    }

    /// Counts a tick, and ends the connections that have waited for too long.
    pub fn tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
        for (_, connection) in self.lock().connections.values() {
            if connection.is_over(&self.limits) {
                connection.end(End::Now);
            }
        }
    }

    /// Ends all connections: at once where no request comes and none is being answered, the others with their answers.
    pub fn end_all(&self) {
        for (_, connection) in self.lock().connections.values() {
            let is_silent = matches!(connection.phase().0, Phase::New | Phase::Idle);
            connection.end(if is_silent { End::Now } else { End::Gently });
        }
    }

    /// Counts the connections.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().connections.len()
    }
}

#[cfg(test)]
mod tests;
