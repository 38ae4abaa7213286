//! Events on their way to receivers: in order, with retries, and with what can go wrong.

mod fault;
mod send;
mod sign;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Notify, mpsc};

pub use fault::{DeliveryFault, DeliveryFaultKind};
pub use sign::Signer;

use crate::core::lock;
use fault::Spoiled;

/// Attempts of one delivery, all in all.
const ATTEMPTS_MAX: u32 = 8;
/// The wait before the second attempt; each further one doubles it.
const RETRY_WAIT: Duration = Duration::from_millis(500);

/// An event for one receiver.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// `stripe` or `yookassa`.
    pub provider: &'static str,
    /// The event's id, or for a provider without any its name and object: for redelivery.
    pub event: String,
    /// `charge.refunded`, `payment.succeeded`.
    pub kind: String,
    /// `http://` and a loopback address.
    pub url: String,
    /// The bytes that are sent.
    pub body: Vec<u8>,
    /// What is proven by a header.
    pub signer: Signer,
}

/// An attempt to deliver an event.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// The provider.
    pub provider: &'static str,
    /// The event's id.
    pub event: String,
    /// The event's kind.
    pub kind: String,
    /// The receiver.
    pub url: String,
    /// 1 for the first.
    pub attempt: u32,
    /// The receiver's status; none when it gave none.
    pub status: Option<u16>,
    /// Why there is none.
    pub error: Option<String>,
}

#[derive(Debug, Default)]
struct Shared {
    faults: Mutex<Vec<DeliveryFault>>,
    sent: Mutex<Vec<Outgoing>>,
    held: Mutex<VecDeque<Outgoing>>,
    attempts: Mutex<Vec<Attempt>>,
    waiting: Mutex<usize>,
    idle: Notify,
}

/// Sends events; each first attempt in order, retries as they come.
#[derive(Debug)]
pub struct Deliveries {
    shared: Arc<Shared>,
    queue: mpsc::UnboundedSender<Spoiled>,
}

impl Deliveries {
    /// Starts the task that sends. Must be called inside a Tokio runtime.
    pub fn start() -> Self {
        let (queue, mut events) = mpsc::unbounded_channel::<Spoiled>();
        let shared = Arc::new(Shared::default());
        let sender = shared.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if !attempt(&sender, &event, 1).await {
                    tokio::spawn(retry(sender.clone(), event));
                }
                let mut waiting = lock(&sender.waiting);
                *waiting -= 1;
                if *waiting == 0 {
                    sender.idle.notify_waiters();
                }
            }
        });
        Self { shared, queue }
    }

    /// Sends an event, unless a fault says otherwise.
    pub fn send(&self, event: Outgoing) {
        lock(&self.shared.sent).push(event.clone());
        let fault = fault::take(&mut lock(&self.shared.faults), event.provider, &event.kind);
        let Some(fault) = fault else { return self.queue(Spoiled::none(event)) };
        match fault.kind {
            DeliveryFaultKind::Drop => {}
            DeliveryFaultKind::Delay => lock(&self.shared.held).push_back(event),
            DeliveryFaultKind::Duplicate => {
                (0..fault.copies.max(1)).for_each(|_| self.queue(Spoiled::none(event.clone())));
            }
            DeliveryFaultKind::Reorder => {
                lock(&self.shared.held).push_back(event);
                // The last of them: all are there, and the newest goes first.
                if fault.times == 0 {
                    self.release(Order::NewestFirst);
                }
            }
            DeliveryFaultKind::BadSignature => self.queue(Spoiled::badly_signed(event)),
            DeliveryFaultKind::OldTimestamp => self.queue(Spoiled::aged(event, fault.seconds)),
        }
    }

    /// Sends the events that are held back.
    pub fn release(&self, order: Order) -> usize {
        let mut held: Vec<Outgoing> = lock(&self.shared.held).drain(..).collect();
        if order == Order::NewestFirst {
            held.reverse();
        }
        let count = held.len();
        held.into_iter().for_each(|event| self.queue(Spoiled::none(event)));
        count
    }

    /// Sends an event again, to each receiver that it was for. Returns how many these are.
    pub fn redeliver(&self, event: &str, copies: u32) -> usize {
        let mut events: Vec<Outgoing> = Vec::new();
        for sent in lock(&self.shared.sent).iter().filter(|sent| sent.event == event) {
            if !events.iter().any(|known| known.url == sent.url) {
                events.push(sent.clone());
            }
        }
        for event in &events {
            (0..copies.max(1)).for_each(|_| self.queue(Spoiled::none(event.clone())));
        }
        events.len()
    }

    /// Sets a fault for coming events.
    pub fn set_fault(&self, fault: DeliveryFault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Faults still to come.
    pub fn faults(&self) -> Vec<DeliveryFault> {
        lock(&self.shared.faults).clone()
    }

    /// Takes the faults back; events that are held stay so.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// All attempts so far.
    pub fn attempts(&self) -> Vec<Attempt> {
        lock(&self.shared.attempts).clone()
    }

    /// Kinds and ids of the events that are held back.
    pub fn held(&self) -> Vec<(String, String)> {
        lock(&self.shared.held).iter().map(|event| (event.kind.clone(), event.event.clone())).collect()
    }

    /// Waits until each event that was to be sent has had its first attempt.
    pub async fn idle(&self) {
        loop {
            let idle = self.shared.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if *lock(&self.shared.waiting) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Forgets all; what is being sent is sent.
    pub fn clear(&self) {
        lock(&self.shared.faults).clear();
        lock(&self.shared.sent).clear();
        lock(&self.shared.held).clear();
        lock(&self.shared.attempts).clear();
    }

    fn queue(&self, event: Spoiled) {
        *lock(&self.shared.waiting) += 1;
        // The task ends only with the program.
        let _ = self.queue.send(event);
    }
}

/// In which order held events are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// As they happened.
    OldestFirst,
    /// Against that.
    NewestFirst,
}

/// Sends once; says whether the receiver took it.
async fn attempt(shared: &Shared, event: &Spoiled, attempt: u32) -> bool {
    let outgoing = &event.event;
    let sent = send::post(&outgoing.url, &outgoing.body, &event.headers()).await;
    let taken = matches!(sent, Ok(200..=299));
    lock(&shared.attempts).push(Attempt {
        provider: outgoing.provider,
        event: outgoing.event.clone(),
        kind: outgoing.kind.clone(),
        url: outgoing.url.clone(),
        attempt,
        status: sent.as_ref().ok().copied(),
        error: sent.err(),
    });
    taken
}

/// Sends again, with longer and longer waits. A spoiled event is not repaired by it.
async fn retry(shared: Arc<Shared>, event: Spoiled) {
    let mut wait = RETRY_WAIT;
    for number in 2..=ATTEMPTS_MAX {
        tokio::time::sleep(wait).await;
        if attempt(&shared, &event, number).await {
            return;
        }
        wait *= 2;
    }
}
