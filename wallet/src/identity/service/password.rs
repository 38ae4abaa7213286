//! Hashing passwords: argon2id with 19 MiB, two passes, one lane; on few threads, in short queues.
//!
//! A hash takes a whole processor for tens of milliseconds. Half of the processors hash at most, so that a flood of
//! sign-ins leaves the other half to everybody else; who finds the queue full hears "too many requests" at once.
//!
//! Whoever is known (a session, a machine from which the person has signed in) has a queue apart from strangers. No
//! machine, person or network takes more than a few of its places at once: what is more waits where strangers wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Refusal, Result};

/// Kibibytes of memory of one hash.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// How many strangers wait for each hashing thread: about a second's work.
const QUEUE_EACH: usize = 32;
/// How many known ones wait: places of their own, so that a flood of strangers keeps none of them out.
const QUEUE_KNOWN: usize = 256;
/// The most of those places that one machine takes at once.
pub(crate) const OF_MACHINE: u32 = 2;
/// The most that one person takes, on all machines together.
pub(crate) const OF_PERSON: u32 = 4;
/// The most that one network takes.
pub(crate) const OF_NETWORK: u32 = 16;
/// After how many seconds whoever found the queue full may come again.
const RETRY_SECONDS: u32 = 2;
/// A hash of nothing in particular: an unknown address costs the same time as a known one. Nobody's password.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2NyaXBzY3JpcHNjcmlwcw$0M5nZ4hHhQd2wYxq0o9i3x0k1Q7bq1nX4mXv8JwKk2A";

/// In which queue somebody waits.
#[derive(Debug)]
pub(crate) enum Queue {
    /// Anybody.
    Strangers,
    /// Whoever is known, at a place that [`Passwords::known`] gave.
    Known(KnownPlace),
}

/// A place in the queue of known ones; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct KnownPlace {
    _place: OwnedSemaphorePermit,
    _shares: TakenShares,
}

/// Whose places are counted, and how many may be taken at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Names the machine, person or network.
    pub(crate) key: String,
    /// The most places at once.
    pub(crate) most: u32,
}

/// How many places are taken under each key.
type Taken = Arc<Mutex<HashMap<String, u32>>>;

/// Places that are counted under some keys until this is dropped.
#[derive(Debug)]
struct TakenShares {
    taken: Taken,
    keys: Vec<String>,
}

impl TakenShares {
    /// Counts one place under each key; `None` where one of them has no more.
    fn take(taken: &Taken, shares: Vec<Share>) -> Option<Self> {
        let mut counts = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = |share: &Share| counts.get(&share.key).is_none_or(|count| *count < share.most);
        if !shares.iter().all(is_free) {
            return None;
        }
        let keys: Vec<String> = shares.into_iter().map(|share| share.key).collect();
        for key in &keys {
            let count = counts.entry(key.clone()).or_default();
            *count = count.saturating_add(1);
        }
        Some(Self { taken: Arc::clone(taken), keys })
    }
}

impl Drop for TakenShares {
    fn drop(&mut self) {
        let mut counts = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            match counts.get_mut(key) {
                Some(count) if *count > 1 => *count = count.saturating_sub(1),
                _ => _ = counts.remove(key),
            }
        }
    }
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
    taken: Taken,
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl Passwords {
    /// Hashes on half of this machine's processors, one at least.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::on(processors.checked_div(2).unwrap_or(1).max(1))
    }

    fn on(threads: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(threads)),
            strangers: Arc::new(Semaphore::new(threads.saturating_mul(QUEUE_EACH))),
            known: Arc::new(Semaphore::new(QUEUE_KNOWN)),
            taken: Taken::default(),
        }
    }

    /// Gives a place in the queue of known ones; `None` where one of the shares is used up, or the queue is full.
    pub(crate) fn known(&self, shares: Vec<Share>) -> Option<KnownPlace> {
        let shares = TakenShares::take(&self.taken, shares)?;
        let place = Arc::clone(&self.known).try_acquire_owned().ok()?;
        Some(KnownPlace { _place: place, _shares: shares })
    }

    /// Hashes a password under a new salt.
    pub(crate) async fn hash(&self, password: &str, queue: Queue) -> Result<String> {
        let password = SecretString::from(password);
        self.run(queue, move || {
            let hash = hasher()?.hash_password(password.expose_secret().as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|cause| Error::internal(cause.to_string()))
        })
        .await
    }

    /// Says whether a password is the hashed one. Without a hash it takes as long and says no.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>, queue: Queue) -> Result<bool> {
        let password = SecretString::from(password);
        let known = hash.is_some();
        let hash = hash.unwrap_or(DUMMY).to_owned();
        self.run(queue, move || {
            let hash = PasswordHash::new(&hash).map_err(|cause| Error::internal(cause.to_string()))?;
            let right = hasher()?.verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
            Ok(right && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        queue: Queue,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let full = |_| Refusal::RateLimited { retry_after_seconds: RETRY_SECONDS };
        let place = match queue {
            Queue::Strangers => (Some(Arc::clone(&self.strangers).try_acquire_owned().map_err(full)?), None),
            Queue::Known(place) => (None, Some(place)),
        };
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::internal)?;
        let work = move || {
            let done = work();
            drop((turn, place));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_and_an_unknown_person_is_not() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse", Queue::Strangers).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(&hash), Queue::Strangers).await.expect("checked"));
        assert!(!passwords.verify("correct horsf", Some(&hash), Queue::Strangers).await.expect("checked"));
        let nobody = passwords.verify("correct horse", None, Queue::Strangers).await;
        assert!(!nobody.expect("the dummy is a hash that can be read"));
    }

    #[tokio::test]
    async fn a_flood_takes_few_threads_and_keeps_nobody_out_who_is_known() {
        let passwords = Passwords::on(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let work = || {
            let (running, most, gate) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&gate));
            move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Nobody comes through before the flood is there.
                gate.lock().expect("a gate").recv().ok();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        };
        let flood = (0..200).map(|_| passwords.run(Queue::Strangers, work()));
        let place = passwords.known(vec![]).expect("a place");
        let known = passwords.run(Queue::Known(place), work());
        let all = async { tokio::join!(futures::future::join_all(flood), known) };
        let opened = async { drop(open) };
        let ((strangers, known), ()) = tokio::join!(all, opened);
        known.expect("a known machine is not kept out");
        let (through, refused): (Vec<_>, Vec<_>) = strangers.into_iter().partition(Result::is_ok);
        assert_eq!((through.len(), refused.len()), (64, 136));
        let is_told =
            |error: &Error| matches!(error.refusal(), Some(Refusal::RateLimited { retry_after_seconds: 1.. }));
        assert!(refused.iter().all(|refused| refused.as_ref().err().is_some_and(is_told)));
        assert!(most.load(Ordering::SeqCst) <= 2);
    }

    fn share(key: &str, most: u32) -> Share {
        Share { key: key.to_owned(), most }
    }

    #[tokio::test]
    async fn nobody_takes_all_places_of_known_ones() {
        let passwords = Passwords::on(1);
        let shares = |machine: &str| vec![share(machine, OF_MACHINE), share("person anna", OF_PERSON)];
        let mut taken: Vec<KnownPlace> = Vec::new();
        for machine in ["machine 1", "machine 2", "machine 3"] {
            taken.extend((0..100).filter_map(|_| passwords.known(shares(machine))));
        }
        assert_eq!(taken.len(), 4, "two of each machine, four of the person");
        let boris = vec![share("machine 1 of boris", OF_MACHINE), share("person boris", OF_PERSON)];
        let place = passwords.known(boris).expect("another person has places");
        assert!(passwords.verify("x", None, Queue::Known(place)).await.is_ok());
        taken.pop();
        taken.push(passwords.known(shares("machine 3")).expect("one was given back"));
        drop(taken);
        assert!(passwords.taken.lock().expect("no panic").is_empty(), "nothing is left behind");
        let all: Vec<KnownPlace> = (0..1_000).filter_map(|_| passwords.known(vec![])).collect();
        assert_eq!(all.len(), QUEUE_KNOWN);
    }
}
