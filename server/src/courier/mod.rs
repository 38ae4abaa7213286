//! The courier: takes webhook messages that are due, signs and sends them, and keeps what came of it.
//!
//! It is a task of its own and no job of the queue: an endpoint that hangs for its 15 seconds must hold up neither
//! mails nor payments. An endpoint has at most a few messages under way, all of them together
//! no more than a fixed number.

mod address;
mod send;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

pub use address::{AddressRules, check, check_resolved};
pub use send::Sender;

use crate::api::ApiPayloads;
use crate::state::AppState;

/// How often an idle courier looks for something new.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a courier waits that can't reach its database.
const PAUSE_BROKEN: Duration = Duration::from_secs(5);
/// Messages under way at once.
const UNDER_WAY_MAX: usize = 64;

/// Starts the courier of this node; it ends when the process stops.
pub fn start(state: &AppState) -> anyhow::Result<JoinHandle<()>> {
    let courier = Courier { sender: Sender::new(state)?, state: state.clone() };
    Ok(tokio::spawn(courier.run()))
}

/// Queues what has happened, sends what is due, and waits until each is kept; says how many were sent.
pub async fn round(state: &AppState) -> anyhow::Result<usize> {
    let sender = Sender::new(state)?;
    let webhooks = state.wallet.webhooks();
    webhooks.relay(&ApiPayloads::of(state)).await?;
    let messages = webhooks.take(&[], UNDER_WAY_MAX).await?;
    for message in &messages {
        let sent = sender.send(message).await;
        webhooks.finish(message, &sent).await?;
    }
    Ok(messages.len())
}

struct Courier {
    sender: Sender,
    state: AppState,
}

impl Courier {
    async fn run(self) {
        let mut under_way: JoinSet<Uuid> = JoinSet::new();
        let mut busy: BTreeMap<Uuid, usize> = BTreeMap::new();
        let mut is_broken = false;
        loop {
            match self.dispatch(&mut under_way, &mut busy).await {
                Ok(()) => is_broken = false,
                // Said once, not twice a second.
                Err(error) if !is_broken => {
                    is_broken = true;
                    tracing::warn!(%error, "webhooks wait: the outbox can't be read");
                }
                Err(_) => {}
            }
            let pause = if is_broken { PAUSE_BROKEN } else { PAUSE };
            tokio::select! {
                () = self.state.stopping.cancelled() => break,
                Some(done) = under_way.join_next() => {
                    if let Ok(endpoint) = done {
                        release(&mut busy, endpoint);
                    } else {
                        // A task that panicked doesn't say whose it was; none is busy once all are back.
                        under_way.is_empty().then(|| busy.clear());
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
        // What is under way is kept or, where the time is over, taken again by another courier.
        while under_way.join_next().await.is_some() {}
    }

    async fn dispatch(
        &self,
        under_way: &mut JoinSet<Uuid>,
        busy: &mut BTreeMap<Uuid, usize>,
    ) -> wallet::error::Result<()> {
        let webhooks = self.state.wallet.webhooks();
        webhooks.relay(&ApiPayloads::of(&self.state)).await?;
        let free = UNDER_WAY_MAX.saturating_sub(under_way.len());
        if free == 0 {
            return Ok(());
        }
        let endpoints: Vec<Uuid> = busy.keys().copied().collect();
        for message in webhooks.take(&endpoints, free).await? {
            *busy.entry(message.endpoint).or_default() += 1;
            let (sender, webhooks) = (self.sender.clone(), webhooks.clone());
            under_way.spawn(async move {
                let sent = sender.send(&message).await;
                if let Err(error) = webhooks.finish(&message, &sent).await {
                    tracing::warn!(%error, delivery = %message.id, "what came of a webhook could not be kept; it is sent again");
                }
                message.endpoint
            });
        }
        Ok(())
    }
}

fn release(busy: &mut BTreeMap<Uuid, usize>, endpoint: Uuid) {
    if let Some(count) = busy.get_mut(&endpoint) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            busy.remove(&endpoint);
        }
    }
}
