//! The stand-in of YooKassa: API v3 of a test shop, its hosted pages and its notifications.
//!
//! Reading order: [`request`] (bodies, read strictly by [`fields`]), [`payment`], [`method`] and [`refund`] (what is
//! made), [`shop`] and [`page_steps`] (what may happen to it, without HTTP), [`api`], [`pages`], [`control`].

mod amount;
mod api;
mod auth;
mod cards;
mod control;
mod error;
mod fields;
mod list;
mod method;
mod page_steps;
mod pages;
mod payment;
mod receipt;
mod refund;
mod request;
mod shop;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use axum::Router;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::core::delivery::{Outgoing, Signer};
use crate::core::idempotency::IdempotencyStore;
use crate::core::{Core, lock};
use crate::{Options, Provider};
use payment::Time;
use shop::Shop;

/// The name of this provider in logs, faults and events.
const NAME: &str = "yookassa";
/// Seconds of 1 January 2000, from which the ids of YooKassa count.
const ID_EPOCH: i64 = 946_684_800;

/// The stand-in: its shops, and what it shares.
#[derive(Debug)]
pub struct Yookassa {
    core: Arc<Core>,
    webhook: Option<String>,
    shops: Mutex<Vec<Account>>,
    /// What was done under a key whose answer was lost in a 500: the same key brings it.
    done: IdempotencyStore,
}

/// A shop and the secret key that it came with first.
#[derive(Debug)]
struct Account {
    key: Option<String>,
    shop: Shop,
}

impl Yookassa {
    /// Starts empty.
    pub fn new(core: Arc<Core>, options: &Options) -> Arc<Self> {
        let webhook = options.yookassa_webhook.clone();
        Arc::new(Self { core, webhook, shops: Mutex::default(), done: IdempotencyStore::default() })
    }

    /// Its calls, pages, and the control calls that only it has.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().merge(api::router()).merge(pages::router()).merge(control::router()).with_state(self)
    }

    fn now(&self) -> Time {
        DateTime::from_timestamp_millis(self.core.clock.millis()).unwrap_or_default()
    }

    /// Does something in a shop at the present time, and sends what it causes to be told.
    ///
    /// `key` is that of the call; a shop's first call says which it is.
    fn in_shop<T>(&self, id: &str, act: impl FnOnce(&mut Shop, Time) -> T) -> T {
        let mut accounts = lock(&self.shops);
        let place = account(&mut accounts, id, &self.core.base_url);
        self.in_account(&mut accounts[place], act)
    }

    /// The same in the shop that has made a payment, method or refund; `None` if no shop has.
    fn where_made<T>(&self, id: &str, act: impl FnOnce(&mut Shop, Time) -> T) -> Option<T> {
        let mut accounts = lock(&self.shops);
        let found = accounts.iter_mut().find(|account| account.shop.has(id));
        found.map(|account| self.in_account(account, act))
    }

    fn in_account<T>(&self, account: &mut Account, act: impl FnOnce(&mut Shop, Time) -> T) -> T {
        let now = self.now();
        account.shop.advance(now);
        let done = act(&mut account.shop, now);
        for told in account.shop.take_notifications() {
            let Some(url) = self.webhook.clone() else { continue };
            let body = json!({"type": "notification", "event": told.event, "object": told.object});
            self.core.deliveries.send(Outgoing {
                provider: NAME,
                event: format!("{}:{}", told.event, told.id),
                kind: told.event.to_owned(),
                url,
                body: body.to_string().into_bytes(),
                signer: Signer::None,
            });
        }
        done
    }

    /// Whether the key is the shop's; the first one that comes is.
    fn knows(&self, id: &str, key: &str) -> bool {
        let mut accounts = lock(&self.shops);
        let place = account(&mut accounts, id, &self.core.base_url);
        accounts[place].key.get_or_insert_with(|| key.to_owned()) == key
    }

    /// An id as YooKassa makes them: the time, what it is of, and something that no other has.
    fn new_id(&self, kind: &str) -> String {
        let seconds = self.core.clock.now() - ID_EPOCH;
        format!("{seconds:08x}-{kind}-5000-8000-{}", hex(&self.core.ids.bytes()[..6]))
    }

    /// An id for one error.
    fn error_id(&self) -> String {
        let text = hex(&self.core.ids.bytes()[..16]);
        format!("{}-{}-4{}-8{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..])
    }
}

fn account(accounts: &mut Vec<Account>, id: &str, base_url: &str) -> usize {
    accounts.iter().position(|account| account.shop.id == id).unwrap_or_else(|| {
        let pages = format!("{base_url}/yookassa/pages");
        accounts.push(Account { key: None, shop: Shop::new(id, &pages) });
        accounts.len() - 1
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Provider for Yookassa {
    fn tick(&self) {
        for account in lock(&self.shops).iter_mut() {
            self.in_account(account, |_, _| ());
        }
    }

    fn reset(&self) {
        lock(&self.shops).clear();
        self.done.clear();
    }

    fn snapshot(&self) -> Value {
        lock(&self.shops).iter().map(|account| (account.shop.id.clone(), account.shop.snapshot())).collect()
    }
}
