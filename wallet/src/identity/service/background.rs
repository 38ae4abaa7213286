//! Writes that no answer waits for, bounded in number.
//!
//! What an answer waits for can be timed: whether a failed sign-in is written down depends on who exists, so it is
//! written after the answer.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

/// The most writes that run or wait; beyond them one is left out.
const MOST: usize = 1_000;
/// How many run at once: they must not take the connections that answers need.
const AT_ONCE: usize = 2;

/// Counts what runs and waits. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Background {
    running: watch::Sender<usize>,
    turns: Arc<Semaphore>,
}

/// One write: it has ended when this is dropped, also by a panic.
struct Running(watch::Sender<usize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl Background {
    pub(crate) fn new() -> Self {
        Self { running: watch::Sender::new(0), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Starts a write; `false` where too many run.
    pub(crate) fn start(&self, write: impl Future<Output = ()> + Send + 'static) -> bool {
        let starts = self.running.send_if_modified(|running| {
            let has_room = *running < MOST;
            if has_room {
                *running = running.saturating_add(1);
            }
            has_room
        });
        if starts {
            let (running, turns) = (Running(self.running.clone()), Arc::clone(&self.turns));
            tokio::spawn(async move {
                let turn = turns.acquire().await;
                write.await;
                drop((turn, running));
            });
        }
        starts
    }

    /// Waits until nothing runs.
    pub(crate) async fn settle(&self) {
        // Fails only where there is no sender, and this is one.
        _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_started_is_waited_for_and_bounded() {
        let (background, gate) = (Background::new(), Arc::new(Semaphore::new(0)));
        let wait = || {
            let gate = Arc::clone(&gate);
            async move { _ = gate.acquire().await }
        };
        assert!((0..MOST).all(|_| background.start(wait())));
        assert!(!background.start(wait()), "one too many");
        gate.add_permits(MOST);
        background.settle().await;
        assert!(background.start(async {}), "there is room again");
        background.settle().await;
    }
}
