//! The handle: endpoints, the relay that follows ledger and price books, messages to take and finish, the log.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::repo::outbox::{self, Behind, Message};
use super::repo::{endpoint, log};
use super::{
    CreatedEndpoint, Delivery, DeliveryDetail, DeliveryPage, DeliveryState, ENDPOINTS_MAX, Endpoint, EventKind,
    NewEndpoint, Outgoing, RETRIES_MAX, Sent, alerts, is_told, wait_after,
};
use crate::catalog::Catalog;
use crate::db::Db;
use crate::error::{Error, FieldError, Problem, Refusal, Result};
use crate::id::WalletId;
use crate::idempotency::IdempotencyKey;
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::command::FeeKind;
use crate::ledger::{BalanceView, Command, EntryView, Envelope, Ledger, Receipt};
use crate::money::Credits;
use crate::tariff::{Announcement, BookStatus, Tariffs};

/// Ledger rows that one round tells an endpoint of.
const ROWS_AT_ONCE: u16 = 200;
/// Endpoints of one round.
const ENDPOINTS_AT_ONCE: i64 = 100;
/// Messages of one endpoint that are under way at once: one that hangs holds up nobody else.
const EACH_AT_ONCE: i64 = 4;
/// How long a courier has for a message before another one may take it.
const LEASE: TimeDelta = TimeDelta::seconds(90);
/// How long the secret before a rotation still signs.
const OLD_SECRET: TimeDelta = TimeDelta::hours(24);
/// Finished messages are kept so long.
const KEPT: TimeDelta = TimeDelta::days(30);
/// An endpoint that comes later than this after an announcement is not told of it.
const PRICES_TOLD: TimeDelta = TimeDelta::days(7);
/// The longest description.
const DESCRIPTION_MAX: usize = 100;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Writes what events say, as JSON: bodies belong to the API, and amounts in them are exact.
pub trait Payloads: Send + Sync {
    /// A ledger row.
    fn entry(&self, entry: &EntryView) -> String;
    /// Credits that run low, or out, at a row.
    fn credits(&self, entry: &EntryView, low_below: Option<Credits>) -> String;
    /// An announced change of prices.
    fn price_change(&self, announcement: Announcement) -> String;
}

/// Everything about outgoing webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    db: Db,
    ledger: Ledger,
    tariffs: Tariffs,
    catalog: Catalog,
}

/// Makes a secret: `whsec_` and 44 letters that are base64 of 33 random bytes.
fn new_secret() -> String {
    let random: [u128; 4] = rand::random();
    let letters = random.into_iter().flat_map(|mut number| {
        std::iter::repeat_with(move || {
            let digit = usize::try_from(number % 62).unwrap_or(0);
            number /= 62;
            char::from(ALPHABET.get(digit).copied().unwrap_or(b'A'))
        })
        .take(11)
    });
    format!("whsec_{}", letters.collect::<String>())
}

/// Makes the id that a repeated request finds again.
fn id_of(wallet: WalletId, key: &IdempotencyKey) -> Uuid {
    let digest = Sha256::digest(format!("webhook endpoint {wallet} {}", key.as_str()).as_bytes());
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    Uuid::from_bytes(bytes)
}

impl Webhooks {
    pub(crate) const fn new(db: Db, ledger: Ledger, tariffs: Tariffs, catalog: Catalog) -> Self {
        Self { db, ledger, tariffs, catalog }
    }

    /// Makes an endpoint for a wallet, once per key; its secret is in this answer. It hears of what comes from now on.
    pub async fn create(
        &self,
        wallet: WalletId,
        by: &Actor,
        new: &NewEndpoint,
        key: &IdempotencyKey,
    ) -> Result<CreatedEndpoint> {
        check(new)?;
        let id = id_of(wallet, key);
        let mut tx = self.db.begin().await?;
        if let Some((endpoint, secret)) = endpoint::one(&mut tx, wallet, id).await? {
            let is_same =
                (&endpoint.url, &endpoint.description, &endpoint.events) == (&new.url, &new.description, &new.events);
            if !is_same {
                return Err(Refusal::IdempotencyMismatch.into());
            }
            return Ok(CreatedEndpoint { endpoint, secret });
        }
        if endpoint::lock_and_count(&mut tx, wallet).await? >= ENDPOINTS_MAX {
            let message = format!("A wallet has at most {ENDPOINTS_MAX} endpoints. Remove one first.");
            return Err(Refusal::unprocessable("url", Problem::TooMany, message).into());
        }
        let secret = new_secret();
        if !endpoint::insert(&mut tx, wallet, id, new, &secret, self.db.now()).await? {
            return Err(Refusal::not_found("the wallet").into());
        }
        let after = json!({ "url": new.url, "events": new.events });
        self.audit(&mut tx, by, "webhook.created", id, Value::Null, after).await?;
        let created = endpoint::one(&mut tx, wallet, id).await?;
        tx.commit().await?;
        let (endpoint, secret) = created.ok_or_else(|| Error::internal("an endpoint vanished"))?;
        Ok(CreatedEndpoint { endpoint, secret })
    }

    /// Lists a wallet's endpoints, oldest first.
    pub async fn endpoints(&self, wallet: WalletId) -> Result<Vec<Endpoint>> {
        endpoint::list(self.db.pool(), wallet).await
    }

    /// Gives an endpoint a new secret, which is in this answer; for a day messages are signed with both.
    pub async fn rotate(&self, wallet: WalletId, by: &Actor, id: Uuid) -> Result<CreatedEndpoint> {
        let mut tx = self.db.begin().await?;
        self.of(&mut tx, wallet, id).await?;
        endpoint::rotate(&mut tx, id, &new_secret(), self.db.now() + OLD_SECRET).await?;
        self.audit(&mut tx, by, "webhook.rotated", id, Value::Null, Value::Null).await?;
        let rotated = endpoint::one(&mut tx, wallet, id).await?;
        tx.commit().await?;
        let (endpoint, secret) = rotated.ok_or_else(|| Error::internal("an endpoint vanished"))?;
        Ok(CreatedEndpoint { endpoint, secret })
    }

    /// Switches an endpoint on again. What happened while it was off is not told.
    pub async fn enable(&self, wallet: WalletId, by: &Actor, id: Uuid) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let endpoint = self.of(&mut tx, wallet, id).await?;
        if endpoint.disabled.is_some() {
            endpoint::enable(&mut tx, id).await?;
            self.audit(&mut tx, by, "webhook.enabled", id, json!(endpoint.disabled), Value::Null).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes an endpoint with its log.
    pub async fn remove(&self, wallet: WalletId, by: &Actor, id: Uuid) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let endpoint = self.of(&mut tx, wallet, id).await?;
        endpoint::delete(&mut tx, id).await?;
        let before = json!({ "url": endpoint.url, "events": endpoint.events });
        self.audit(&mut tx, by, "webhook.removed", id, before, Value::Null).await?;
        Ok(tx.commit().await?)
    }

    /// Queues a message that says nothing, once per key, so that somebody can see whether it arrives.
    pub async fn test(&self, wallet: WalletId, id: Uuid, key: &IdempotencyKey) -> Result<Delivery> {
        let mut tx = self.db.begin().await?;
        self.of(&mut tx, wallet, id).await?;
        let payload = envelope(EventKind::Test, self.db.now(), r#"{"message":"This is a test."}"#);
        let subject = format!("test:{}", key.as_str());
        let message = Message { endpoint: id, event: EventKind::Test, subject, payload, replay_of: None };
        self.queue_one(tx, wallet, message).await
    }

    /// Queues a message again, once per key, as it was: receivers know it by its id.
    pub async fn redeliver(&self, wallet: WalletId, id: Uuid, key: &IdempotencyKey) -> Result<Delivery> {
        let mut tx = self.db.begin().await?;
        let found = log::delivery(&mut tx, wallet, id).await?;
        let (delivery, payload) = found.ok_or_else(|| Refusal::not_found("the delivery"))?;
        let original = delivery.replay_of.unwrap_or(delivery.id);
        let subject = format!("replay:{id}:{}", key.as_str());
        let (endpoint, event) = (delivery.endpoint, delivery.event);
        self.queue_one(tx, wallet, Message { endpoint, event, subject, payload, replay_of: Some(original) }).await
    }

    async fn queue_one(
        &self,
        mut tx: sqlx::Transaction<'static, sqlx::Postgres>,
        wallet: WalletId,
        message: Message,
    ) -> Result<Delivery> {
        let (endpoint, subject) = (message.endpoint, message.subject.clone());
        outbox::queue(&mut tx, &[message], self.db.now()).await?;
        let id = outbox::by_subject(&mut tx, endpoint, &subject).await?;
        let id = id.ok_or_else(|| Error::internal("a message vanished"))?;
        let queued = log::delivery(&mut tx, wallet, id).await?;
        tx.commit().await?;
        queued.map(|(delivery, _)| delivery).ok_or_else(|| Error::internal("a message vanished"))
    }

    /// Gives a page of the delivery log, newest first.
    pub async fn deliveries(
        &self,
        wallet: WalletId,
        endpoint: Option<Uuid>,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<DeliveryPage> {
        let limit = limit.clamp(1, 200);
        let more = i64::from(limit).saturating_add(1);
        let mut deliveries = log::deliveries(self.db.pool(), wallet, endpoint, before, more).await?;
        let is_more = deliveries.len() > usize::from(limit);
        deliveries.truncate(usize::from(limit));
        let next = deliveries.last().filter(|_| is_more).map(|last| last.id);
        Ok(DeliveryPage { deliveries, next })
    }

    /// Gives a message with what it says and every try.
    pub async fn delivery(&self, wallet: WalletId, id: Uuid) -> Result<DeliveryDetail> {
        let mut tx = self.db.begin().await?;
        let found = log::delivery(&mut tx, wallet, id).await?;
        let (delivery, payload) = found.ok_or_else(|| Refusal::not_found("the delivery"))?;
        let attempts = log::attempts(&mut tx, id).await?;
        tx.commit().await?;
        Ok(DeliveryDetail { delivery, payload, attempts })
    }

    /// Queues what has happened since the last round, for every endpoint that listens; says how many messages.
    ///
    /// Any number of nodes may do it: an endpoint's cursor moves with its messages, by one of them.
    pub async fn relay(&self, payloads: &dyn Payloads) -> Result<u64> {
        let mut queued = 0_u64;
        for (endpoint, version, subject) in self.untold_prices().await? {
            let announcement = self.tariffs.announcement(version).await?;
            let is_withdrawn = announcement.status == BookStatus::Withdrawn;
            let at = if is_withdrawn { announcement.changed_at } else { announcement.announced_at };
            let payload = envelope(EventKind::PriceChangeAnnounced, at, &payloads.price_change(announcement));
            let event = EventKind::PriceChangeAnnounced;
            let mut tx = self.db.begin().await?;
            let message = Message { endpoint, event, subject, payload, replay_of: None };
            queued = queued.saturating_add(outbox::queue(&mut tx, &[message], self.db.now()).await?);
            tx.commit().await?;
        }
        for behind in outbox::behind(self.db.pool(), ENDPOINTS_AT_ONCE).await? {
            queued = queued.saturating_add(self.relay_rows(&behind, payloads).await?);
        }
        Ok(queued)
    }

    async fn untold_prices(&self) -> Result<Vec<(Uuid, i32, String)>> {
        outbox::untold_prices(self.db.pool(), self.db.now() - PRICES_TOLD, ENDPOINTS_AT_ONCE).await
    }

    async fn relay_rows(&self, behind: &Behind, payloads: &dyn Payloads) -> Result<u64> {
        let entries = self.ledger.entries_after(behind.wallet, behind.told_seq, ROWS_AT_ONCE).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let low_below = self.low_below(&self.ledger.balance(behind.wallet).await?).await?;
        let messages: Vec<Message> =
            entries.iter().flat_map(|entry| messages(behind, entry, low_below, payloads)).collect();
        let mut tx = self.db.begin().await?;
        if !outbox::advance(&mut tx, behind.id, behind.told_seq, last).await? {
            return Ok(0);
        }
        let queued = outbox::queue(&mut tx, &messages, self.db.now()).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// Gives the line below which credits are low: a part (setting) of the last refill.
    async fn low_below(&self, balance: &BalanceView) -> Result<Option<Credits>> {
        let percent = i64::from(self.catalog.view().await?.settings.low_alert_percent);
        let part = |refill: Credits| refill.micros().checked_div(100)?.checked_mul(percent).map(Credits::from_micros);
        Ok(balance.last_refill.and_then(part))
    }

    /// Takes messages that are due, of endpoints that aren't busy with others; at most `limit`.
    pub async fn take(&self, busy: &[Uuid], limit: usize) -> Result<Vec<Outgoing>> {
        let (now, limit) = (self.db.now(), i64::try_from(limit).unwrap_or(i64::MAX));
        outbox::take(self.db.pool(), busy, (limit, EACH_AT_ONCE), now, now + LEASE).await
    }

    /// Keeps what came of a try: delivered, tried again later, or given up.
    pub async fn finish(&self, outgoing: &Outgoing, sent: &Sent) -> Result<()> {
        let now = self.db.now();
        let retries = u32::from(self.catalog.view().await?.settings.webhook_retries).min(RETRIES_MAX);
        let mut due_at = None;
        let mut sent = sent.clone();
        let mut state = if sent.is_taken() { DeliveryState::Delivered } else { DeliveryState::Failed };
        if !sent.is_taken() && !sent.is_gone() && outgoing.tries <= retries {
            match self.pay_retry(outgoing, &sent).await {
                Ok(()) => {
                    state = DeliveryState::Queued;
                    due_at = Some(now + wait_after(outgoing.tries, outgoing.message));
                }
                Err(Error::Refused(Refusal::OutOfCredits { .. })) => {
                    sent.note = format!("{} · There are not enough credits for a retry.", sent.note);
                }
                Err(error) => return Err(error),
            }
        }
        let mut tx = self.db.begin().await?;
        outbox::insert_attempt(&mut tx, outgoing.id, outgoing.tries, &sent, now).await?;
        outbox::set_state(&mut tx, outgoing.id, state, due_at, now).await?;
        if sent.is_gone() {
            endpoint::disable(&mut tx, outgoing.endpoint, "The endpoint answered 410 Gone.", now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Charges for a retry where the catalog says so: after an answer other than 2xx, once, never below zero. Notices
    /// of the platform go out either way.
    async fn pay_retry(&self, outgoing: &Outgoing, sent: &Sent) -> Result<()> {
        let fee = self.catalog.view().await?.settings.webhook_retry_fee;
        if !fee.is_positive() || sent.status.is_none() {
            return Ok(());
        }
        let Some(wallet) = endpoint::wallet_of(self.db.pool(), outgoing.endpoint).await? else { return Ok(()) };
        let receipt = Receipt::flat("webhook_retry", "Webhook retry", fee);
        let command = Command::Fee { kind: FeeKind::WebhookFee, receipt };
        let key = IdempotencyKey::internal(format!("webhook:{}:{}", outgoing.id, outgoing.tries));
        match self.ledger.submit(Envelope::new(wallet, key, Actor::system("webhooks"), command)).await {
            Ok(_) => Ok(()),
            Err(Error::Refused(_)) if outgoing.event.is_notice() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes finished messages of long ago.
    pub async fn sweep(&self) -> Result<u64> {
        outbox::sweep(self.db.pool(), self.db.now() - KEPT).await
    }

    async fn of(&self, connection: &mut PgConnection, wallet: WalletId, id: Uuid) -> Result<Endpoint> {
        let found = endpoint::one(connection, wallet, id).await?;
        Ok(found.map(|(endpoint, _)| endpoint).ok_or_else(|| Refusal::not_found("the endpoint"))?)
    }

    async fn audit(
        &self,
        connection: &mut PgConnection,
        by: &Actor,
        action: &str,
        id: Uuid,
        before: Value,
        after: Value,
    ) -> Result<()> {
        let audit = NewAudit {
            actor: by.clone(),
            action: action.to_owned(),
            subject: format!("webhook endpoint {id}"),
            before,
            after,
        };
        identity::audit_in_tx(connection, &audit, self.db.now()).await
    }
}

/// Lists what an endpoint hears of a row.
fn messages(behind: &Behind, entry: &EntryView, low_below: Option<Credits>, payloads: &dyn Payloads) -> Vec<Message> {
    let row = is_told(entry).then_some(EventKind::LedgerEntryCreated);
    let events = row.into_iter().chain(alerts(entry, low_below)).filter(|event| behind.events.contains(event));
    events
        .map(|event| {
            let data = match event {
                EventKind::LedgerEntryCreated => payloads.entry(entry),
                _ => payloads.credits(entry, low_below),
            };
            let subject = format!("entry:{}", entry.seq);
            let payload = envelope(event, entry.created_at, &data);
            Message { endpoint: behind.id, event, subject, payload, replay_of: None }
        })
        .collect()
}

/// Writes a message: type, time and data, as Standard Webhooks has it.
fn envelope(event: EventKind, at: chrono::DateTime<chrono::Utc>, data: &str) -> String {
    format!(r#"{{"type":"{}","timestamp":{},"data":{data}}}"#, event.code(), json!(at))
}

/// Refuses what can't be an endpoint.
fn check(new: &NewEndpoint) -> Result<()> {
    let mut fields = Vec::new();
    if new.description.chars().count() > DESCRIPTION_MAX || new.description.chars().any(char::is_control) {
        let message = format!("A description has at most {DESCRIPTION_MAX} letters.");
        fields.push(FieldError::new("description", Problem::TooLong, message));
    }
    if new.events.is_empty() {
        fields.push(FieldError::new("events", Problem::Required, "Choose at least one event."));
    }
    if new.events.contains(&EventKind::Test) {
        fields.push(FieldError::new("events", Problem::NotAllowed, "A test comes only when it is asked for."));
    }
    if fields.is_empty() { Ok(()) } else { Err(Refusal::Invalid { fields }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (new_secret(), new_secret());
        assert_ne!(one, other);
        let letters = one.strip_prefix("whsec_").expect("a prefix");
        assert!(letters.len() == 44 && letters.bytes().all(|letter| letter.is_ascii_alphanumeric()));
    }
}
