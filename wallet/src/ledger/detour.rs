//! The way around a wallet that somebody else keeps locked: a session that hangs, or a person at the database.
//!
//! A batch waits for such a wallet only briefly; then it goes on without it, and the wallet's commands wait in a
//! transaction of their own, where nobody waits behind them. There are few such places: who finds none hears
//! "unavailable" at once. The wallet's later commands go the same way until one of them got through, or
//! [`REMEMBERED`] is over.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::commit::{Known, Patience, Shared};
use super::queue::Job;
use crate::error::{Error, Refusal};
use crate::id::WalletId;

/// How many wallets' commands may wait apart at the same time.
pub(super) const MAX_DETOURS: usize = 4;
/// How long a wallet that was found locked is kept out of batches.
const REMEMBERED: Duration = Duration::from_secs(5);

/// The wallets that were found locked by somebody else, and the places to wait for them.
pub(super) struct Detours {
    wallets: Mutex<HashMap<WalletId, Instant>>,
    places: Arc<Semaphore>,
}

impl Default for Detours {
    fn default() -> Self {
        Self { wallets: Mutex::default(), places: Arc::new(Semaphore::new(MAX_DETOURS)) }
    }
}

impl Detours {
    /// Names the wallets that are to be kept out of batches now.
    pub(super) fn now(&self) -> HashSet<WalletId> {
        let mut wallets = self.lock();
        if !wallets.is_empty() {
            let now = Instant::now();
            wallets.retain(|_, until| *until > now);
        }
        wallets.keys().copied().collect()
    }

    /// Keeps wallets out of batches for a while.
    pub(super) fn note(&self, found: &BTreeSet<WalletId>) {
        let Some(until) = Instant::now().checked_add(REMEMBERED) else { return };
        self.lock().extend(found.iter().map(|wallet| (*wallet, until)));
    }

    fn forget(&self, wallet: WalletId) {
        self.lock().remove(&wallet);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WalletId, Instant>> {
        self.wallets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Lets commands wait apart for their wallets, each wallet's in their order.
    pub(super) fn detour(self: &Arc<Self>, jobs: Vec<Job>, known: Known) {
        let mut wallets: BTreeMap<WalletId, Vec<Job>> = BTreeMap::new();
        for job in jobs {
            wallets.entry(job.work.wallet).or_default().push(job);
        }
        for (wallet, jobs) in wallets {
            match Arc::clone(&self.detours.places).try_acquire_owned() {
                Ok(place) => {
                    let shared = Arc::clone(self);
                    tokio::spawn(async move {
                        shared.wait_apart(wallet, jobs, known).await;
                        drop(place);
                    });
                }
                Err(_) => refuse(jobs, known),
            }
        }
    }

    /// Does a wallet's commands one by one; the first that the wallet is not free for speaks for all behind it.
    async fn wait_apart(&self, wallet: WalletId, jobs: Vec<Job>, known: Known) {
        let mut jobs = jobs.into_iter();
        while let Some(Job { work, reply }) = jobs.next() {
            let answer = self.alone(&work, None, known, Patience::Long).await;
            let is_blocked = matches!(&answer, Err(Error::Refused(Refusal::Unavailable | Refusal::OutcomeUnknown)));
            drop(reply.send(answer));
            if is_blocked {
                return refuse(jobs, known);
            }
            self.detours.forget(wallet);
        }
    }
}

/// Answers commands that were not tried.
fn refuse(jobs: impl IntoIterator<Item = Job>, known: Known) {
    for job in jobs {
        let refusal = if known == Known::Perhaps { Refusal::OutcomeUnknown } else { Refusal::Unavailable };
        drop(job.reply.send(Err(refusal.into())));
    }
}
