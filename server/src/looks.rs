//! Plans renew when they are due, not at the next minute: every node looks twice a second.
//!
//! The job of every minute stays, for a node on which this stands still. Any number of nodes may look at once: each
//! plan that is due is taken by one of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::state::AppState;

/// How often a node looks.
const EVERY: Duration = Duration::from_millis(500);
/// Looks that are under way at once: one whose provider does not answer must not hold up the others.
const AT_ONCE: usize = 4;

/// Starts to look; it ends when the process stops.
pub fn start(state: &AppState) -> JoinHandle<()> {
    let state = state.clone();
    tokio::spawn(async move {
        let (mut ticks, places) = (tokio::time::interval(EVERY), Arc::new(Semaphore::new(AT_ONCE)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = state.stopping.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let wallet = state.wallet.clone();
            tokio::spawn(async move {
                // A database that is away is told of by those who need it more; the next look comes soon.
                if let Err(error) = wallet.renew_plans().await {
                    tracing::debug!(%error, "plans that are due could not be looked for");
                }
                drop(place);
            });
        }
    })
}
