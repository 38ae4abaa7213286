//! Who watches which wallet: the newest committed `seq`, pushed by this node's writer and polled for other nodes'.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::id::WalletId;
use crate::ledger::repo::read;

/// How often watched wallets are asked for what other nodes wrote: one query for all of them.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// The watched wallets of this node.
#[derive(Default)]
pub(in crate::ledger) struct Watchers {
    wallets: Mutex<HashMap<WalletId, watch::Sender<i64>>>,
    added: Notify,
}

impl Watchers {
    /// Watches a wallet. The first value is 0 until the newest `seq` is known, within a moment.
    pub(in crate::ledger) fn watch(&self, wallet: WalletId) -> watch::Receiver<i64> {
        let receiver = self.lock().entry(wallet).or_insert_with(|| watch::channel(0).0).subscribe();
        self.added.notify_one();
        receiver
    }

    /// Tells the watchers of a wallet what was committed.
    pub(in crate::ledger) fn publish(&self, wallet: WalletId, seq: i64) {
        if let Some(sender) = self.lock().get(&wallet) {
            sender.send_if_modified(|newest| {
                let newer = seq > *newest;
                if newer {
                    *newest = seq;
                }
                newer
            });
        }
    }

    /// Forgets wallets that nobody watches any more, and names the others.
    fn watched(&self) -> Vec<WalletId> {
        let mut wallets = self.lock();
        wallets.retain(|_, sender| sender.receiver_count() > 0);
        wallets.keys().copied().collect()
    }

    /// Polls until stopped.
    pub(in crate::ledger) async fn poll(&self, pool: &PgPool, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(POLL_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.added.notified() => {}
                _ = tick.tick() => {}
            }
            let wallets = self.watched();
            if wallets.is_empty() {
                continue;
            }
            match read::newest_seqs(pool, &wallets).await {
                Ok(heads) => heads.into_iter().for_each(|(wallet, seq)| self.publish(wallet, seq)),
                Err(error) => tracing::warn!(%error, "watched wallets could not be polled"),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WalletId, watch::Sender<i64>>> {
        self.wallets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
