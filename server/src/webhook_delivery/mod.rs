//! Webhook delivery: takes messages that are due, signs and sends them, and keeps what came of it.
//!
//! It is a task of its own and no job of the queue: an endpoint that hangs for its 15 seconds must hold up neither
//! mails nor payments. Endpoints, accounts and hosts have shares of what is under way, and endpoints that are slow have
//! few places in all (`wallet::notify::webhook`'s `UnderWay`): those that hang delay nobody else.

mod send;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use wallet::notify::webhook::{Claim, Payloads, UnderWay};

pub use crate::webhook_delivery::send::Sender;

use crate::state::AppState;

/// How often an idle node looks for something new to send.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a node waits that can't reach its database.
const PAUSE_BROKEN: Duration = Duration::from_secs(5);

/// Starts the webhook delivery of this node; it ends when the process stops.
pub fn start(state: &AppState, payloads: impl Payloads + 'static) -> anyhow::Result<JoinHandle<()>> {
    let delivery = WebhookDelivery { sender: Sender::new(state)?, state: state.clone(), queued: Arc::default() };
    Ok(tokio::spawn(delivery.run(payloads)))
}

/// Queues what has happened, sends what is due, and waits until each is kept; says how many were sent.
pub async fn round(state: &AppState, payloads: &impl Payloads) -> anyhow::Result<usize> {
    let sender = Sender::new(state)?;
    let webhooks = state.wallet.webhooks();
    webhooks.relay(payloads).await?;
    let messages = webhooks.take(&mut UnderWay::default()).await?;
    for message in &messages {
        let sent = sender.send(message).await;
        webhooks.finish(message, &sent).await?;
    }
    Ok(messages.len())
}

struct WebhookDelivery {
    sender: Sender,
    state: AppState,
    /// Wakes the sender when something was queued.
    queued: Arc<Notify>,
}

/// Follows what has happened, and queues it: beside the sender, so that neither waits for the other.
async fn relay(state: AppState, payloads: impl Payloads, queued: Arc<Notify>) {
    let mut is_broken = false;
    loop {
        let relayed = state.wallet.webhooks().relay(&payloads).await;
        let mut pause = PAUSE;
        match relayed {
            Ok(count) => {
                is_broken = false;
                if count > 0 {
                    queued.notify_one();
                    // There may be more than what one round takes.
                    pause = Duration::ZERO;
                }
            }
            // Said once, not twice a second.
            Err(error) if !is_broken => {
                is_broken = true;
                tracing::warn!(%error, "webhooks wait: what has happened can't be read");
                pause = PAUSE_BROKEN;
            }
            Err(_) => pause = PAUSE_BROKEN,
        }
        tokio::select! {
            () = state.stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// A message that is under way: when its task is over, however it ends, its place is given back.
struct Sending {
    claim: Claim,
    done: mpsc::UnboundedSender<Claim>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.done.send(self.claim.clone()).ok();
    }
}

impl WebhookDelivery {
    async fn run(self, payloads: impl Payloads + 'static) {
        let mut tasks = JoinSet::new();
        let relay = tokio::spawn(relay(self.state.clone(), payloads, Arc::clone(&self.queued)));
        let mut under_way = UnderWay::default();
        let (done, mut ended) = mpsc::unbounded_channel();
        let mut is_broken = false;
        loop {
            match self.dispatch(&mut tasks, &mut under_way, &done).await {
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
                Some(claim) = ended.recv() => under_way.end(&claim),
                () = self.queued.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            while let Ok(claim) = ended.try_recv() {
                under_way.end(&claim);
            }
            while tasks.try_join_next().is_some() {}
        }
        relay.await.ok();
        // What is under way is kept or, where the time is over, taken again by another node.
        while tasks.join_next().await.is_some() {}
    }

    async fn dispatch(
        &self,
        tasks: &mut JoinSet<()>,
        under_way: &mut UnderWay,
        done: &mpsc::UnboundedSender<Claim>,
    ) -> wallet::error::Result<()> {
        let webhooks = self.state.wallet.webhooks();
        for message in webhooks.take(under_way).await? {
            let (sender, webhooks) = (self.sender.clone(), webhooks.clone());
            let sending = Sending { claim: message.claim.clone(), done: done.clone() };
            tasks.spawn(async move {
                let _sending = sending;
                let sent = sender.send(&message).await;
                if let Err(error) = webhooks.finish(&message, &sent).await {
                    tracing::warn!(%error, delivery = %message.id, "what came of a webhook could not be kept; it is sent again");
                }
            });
        }
        Ok(())
    }
}
