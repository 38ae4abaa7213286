//! The handle: endpoints, tests and repeats, the log. The relay and the sender's side are files of their own.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::repo::outbox::{self, Message};
use super::repo::{endpoint, log, notice};
use super::{
    CreatedEndpoint, Delivery, DeliveryDetail, DeliveryPage, ENDPOINTS_MAX, Endpoint, EventKind, NewEndpoint,
    QUEUED_MAX,
};
use crate::catalog::Catalog;
use crate::db::Db;
use crate::error::{Error, FieldError, Problem, Refusal, Result};
use crate::id::{AccountId, WalletId};
use crate::idempotency::{self, IdempotencyKey, RequestHash};
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::Ledger;
use crate::notify::Notify;
use crate::tariff::Tariffs;

/// Tests that an account may ask for within a minute.
const TESTS_MAX: i64 = 10;
/// Repeats of messages that an account may ask for within a minute.
const REPEATS_MAX: i64 = 60;
/// How long a test or a repeat counts, in seconds.
const ASKED_SECONDS: u32 = 60;
/// The most secrets of before that sign beside the newest one: each is a signature in every message.
const OLD_SECRETS_MAX: i64 = 5;
/// How long the secret before a rotation still signs.
const OLD_SECRET: TimeDelta = TimeDelta::hours(24);
/// Finished messages are kept so long.
const KEPT: TimeDelta = TimeDelta::days(30);
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Everything about outgoing webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    pub(super) db: Db,
    pub(super) ledger: Ledger,
    pub(super) tariffs: Tariffs,
    pub(super) catalog: Catalog,
    pub(super) notify: Notify,
    /// The endpoint up to which this node's last round came.
    pub(super) relayed: Arc<Mutex<Uuid>>,
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
    pub(crate) fn new(db: Db, ledger: Ledger, tariffs: Tariffs, catalog: Catalog, notify: Notify) -> Self {
        Self { db, ledger, tariffs, catalog, notify, relayed: Arc::default() }
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
        let new = &once_each(new);
        let id = id_of(wallet, key);
        let mut tx = self.db.begin().await?;
        proven(&mut tx, wallet).await?;
        if let Some(known) = endpoint::one(&mut tx, wallet, id).await? {
            return same(known, new);
        }
        if endpoint::lock_and_count(&mut tx, wallet).await? >= ENDPOINTS_MAX {
            let message = format!("A wallet has at most {ENDPOINTS_MAX} endpoints. Remove one first.");
            return Err(Refusal::unprocessable("url", Problem::TooMany, message).into());
        }
        let secret = new_secret();
        if !endpoint::insert(&mut tx, wallet, id, new, &secret, self.db.now()).await? {
            // The same request has come twice at once, and the other one was first.
            let known = endpoint::one(&mut tx, wallet, id).await?;
            return same(known.ok_or_else(|| Refusal::not_found("the wallet"))?, new);
        }
        let after = json!({ "url": new.url, "events": new.events });
        self.audit(&mut tx, by, "webhook.created", id, Value::Null, after).await?;
        let created = endpoint::one(&mut tx, wallet, id).await?;
        tx.commit().await?;
        let (endpoint, secret) = created.ok_or_else(|| Error::internal("an endpoint vanished"))?;
        Ok(CreatedEndpoint { endpoint, secret })
    }

    /// Gives the endpoint that this key made before, for a repeat of a request that would be refused by now; `None`
    /// where the key has made none. Waits for one that is being made.
    pub async fn made_before(
        &self,
        wallet: WalletId,
        new: &NewEndpoint,
        key: &IdempotencyKey,
    ) -> Result<Option<CreatedEndpoint>> {
        let mut tx = self.db.begin().await?;
        endpoint::lock_and_count(&mut tx, wallet).await?;
        let known = endpoint::one(&mut tx, wallet, id_of(wallet, key)).await?;
        tx.commit().await?;
        known.map(|known| same(known, &once_each(new))).transpose()
    }

    /// Lists a wallet's endpoints, oldest first.
    pub async fn endpoints(&self, wallet: WalletId) -> Result<Vec<Endpoint>> {
        endpoint::list(self.db.pool(), wallet).await
    }

    /// Gives an endpoint a new secret, once per key; it is in this answer. For a day messages are signed with the one
    /// before as well, also where that one was new itself.
    pub async fn rotate(
        &self,
        wallet: WalletId,
        by: &Actor,
        id: Uuid,
        key: &IdempotencyKey,
    ) -> Result<CreatedEndpoint> {
        let (mut tx, now) = (self.db.begin().await?, self.db.now());
        proven(&mut tx, wallet).await?;
        let known = endpoint::one(&mut tx, wallet, id).await?;
        let (endpoint, secret) = known.ok_or_else(|| Refusal::not_found("the endpoint"))?;
        if endpoint::is_rotated_by(&mut tx, id, key).await? {
            return Ok(CreatedEndpoint { endpoint, secret });
        }
        if endpoint::count_old(&mut tx, id, now).await? >= OLD_SECRETS_MAX {
            let message = format!("At most {OLD_SECRETS_MAX} rotations in 24 hours: older secrets still sign.");
            return Err(Refusal::unprocessable("id", Problem::TooMany, message).into());
        }
        endpoint::rotate(&mut tx, id, key, &new_secret(), now + OLD_SECRET).await?;
        self.audit(&mut tx, by, "webhook.rotated", id, Value::Null, Value::Null).await?;
        let rotated = endpoint::one(&mut tx, wallet, id).await?;
        tx.commit().await?;
        let (endpoint, secret) = rotated.ok_or_else(|| Error::internal("an endpoint vanished"))?;
        Ok(CreatedEndpoint { endpoint, secret })
    }

    /// Switches an endpoint on again, once per key. What happened while it was off is not told.
    pub async fn enable(&self, wallet: WalletId, by: &Actor, id: Uuid, key: Option<&IdempotencyKey>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if self.was_done(&mut tx, wallet, key, &format!("enable:{id}")).await? {
            return Ok(());
        }
        let endpoint = self.of(&mut tx, wallet, id).await?;
        proven(&mut tx, wallet).await?;
        if endpoint.disabled.is_some() {
            endpoint::enable(&mut tx, id).await?;
            self.audit(&mut tx, by, "webhook.enabled", id, json!(endpoint.disabled), Value::Null).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes an endpoint with its log, once per key.
    pub async fn remove(&self, wallet: WalletId, by: &Actor, id: Uuid, key: Option<&IdempotencyKey>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if self.was_done(&mut tx, wallet, key, &format!("remove:{id}")).await? {
            return Ok(());
        }
        let endpoint = self.of(&mut tx, wallet, id).await?;
        endpoint::delete(&mut tx, id).await?;
        let before = json!({ "url": endpoint.url, "events": endpoint.events });
        self.audit(&mut tx, by, "webhook.removed", id, before, Value::Null).await?;
        Ok(tx.commit().await?)
    }

    /// Says whether a key did the same before; another thing with it is refused. Where it did not, it is used now. A
    /// person's click has none.
    async fn was_done(
        &self,
        connection: &mut PgConnection,
        wallet: WalletId,
        key: Option<&IdempotencyKey>,
        what: &str,
    ) -> Result<bool> {
        let Some(key) = key else { return Ok(false) };
        let hash = RequestHash::of(what.as_bytes());
        Ok(idempotency::first_answer(connection, wallet, (key, hash), self.db.now()).await?.is_some())
    }

    /// Queues a message that says nothing, once per key, so that somebody can see whether it arrives.
    pub async fn test(&self, wallet: WalletId, id: Uuid, key: &IdempotencyKey) -> Result<Delivery> {
        let mut tx = self.db.begin().await?;
        let endpoint = self.of(&mut tx, wallet, id).await?;
        proven(&mut tx, wallet).await?;
        let payload = match endpoint.is_slack {
            true => slack_envelope("This is a test."),
            false => envelope(EventKind::Test, self.db.now(), r#"{"message":"This is a test."}"#),
        };
        let subject = format!("test:{}", key.as_str());
        let message = Message { endpoint: id, event: EventKind::Test, subject, payload, replay_of: None };
        self.queue_one(tx, wallet, message).await
    }

    /// Queues a message again, once per key, as it was: receivers know it by its id.
    pub async fn redeliver(&self, wallet: WalletId, id: Uuid, key: &IdempotencyKey) -> Result<Delivery> {
        let mut tx = self.db.begin().await?;
        let found = log::delivery(&mut tx, wallet, id).await?;
        let (delivery, payload) = found.ok_or_else(|| Refusal::not_found("the delivery"))?;
        proven(&mut tx, wallet).await?;
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
        if outbox::by_subject(&mut tx, endpoint, &subject).await?.is_none() {
            self.may_ask(&mut tx, &message).await?;
            outbox::queue(&mut tx, &[message], self.db.now()).await?;
        }
        let id = outbox::by_subject(&mut tx, endpoint, &subject).await?;
        let id = id.ok_or_else(|| Error::internal("a message vanished"))?;
        let queued = log::delivery(&mut tx, wallet, id).await?;
        tx.commit().await?;
        queued.map(|(delivery, _)| delivery).ok_or_else(|| Error::internal("a message vanished"))
    }

    /// Refuses tests and repeats beyond what an account may ask for within a minute, and where many messages wait
    /// already.
    async fn may_ask(&self, connection: &mut PgConnection, message: &Message) -> Result<()> {
        let since = self.db.now() - TimeDelta::seconds(i64::from(ASKED_SECONDS));
        let are_tests = message.replay_of.is_none();
        let most = if are_tests { TESTS_MAX } else { REPEATS_MAX };
        let asked = outbox::lock_and_count_asked(connection, message.endpoint, are_tests, since).await?;
        if asked >= most {
            return Err(Refusal::RateLimited { retry_after_seconds: ASKED_SECONDS }.into());
        }
        if outbox::is_full(connection, message.endpoint, QUEUED_MAX).await? {
            let message = format!("{QUEUED_MAX} messages wait for this endpoint already: let it answer first.");
            return Err(Refusal::unprocessable("id", Problem::TooMany, message).into());
        }
        Ok(())
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

    /// Removes finished messages and secrets of long ago.
    pub async fn sweep(&self) -> Result<u64> {
        endpoint::sweep_old(self.db.pool(), self.db.now() - KEPT).await?;
        notice::sweep(self.db.pool(), self.db.now() - KEPT).await?;
        outbox::sweep(self.db.pool(), self.db.now() - KEPT).await
    }

    async fn of(&self, connection: &mut PgConnection, wallet: WalletId, id: Uuid) -> Result<Endpoint> {
        let found = endpoint::one(connection, wallet, id).await?;
        Ok(found.map(|(endpoint, _)| endpoint).ok_or_else(|| Refusal::not_found("the endpoint"))?)
    }

    pub(super) async fn audit(
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

/// Refuses to tell anybody anything of a wallet whose owner's address is not proven.
async fn proven(connection: &mut PgConnection, wallet: WalletId) -> Result<()> {
    match endpoint::account_of(connection, wallet).await? {
        Some(account) => identity::must_be_proven_in_tx(connection, account).await,
        None => Ok(()),
    }
}

/// Switches all endpoints of an account off, in the caller's transaction: none hears of what comes from now on, and
/// what waits is given up. Says how many were on.
pub(crate) async fn disable_all_in_tx(
    connection: &mut PgConnection,
    account: AccountId,
    (by, why): (&Actor, &str),
    at: DateTime<Utc>,
) -> Result<u64> {
    let off = endpoint::disable_all(connection, account, why, at).await?;
    for id in &off {
        outbox::give_up(connection, *id, at).await?;
        let audit = NewAudit {
            actor: by.clone(),
            action: "webhook.disabled".to_owned(),
            subject: format!("webhook endpoint {id}"),
            before: Value::Null,
            after: json!(why),
        };
        identity::audit_in_tx(connection, &audit, at).await?;
    }
    Ok(u64::try_from(off.len()).unwrap_or(u64::MAX))
}

/// Names each event once: one that is named twice is told of once.
fn once_each(new: &NewEndpoint) -> NewEndpoint {
    let mut events = Vec::with_capacity(new.events.len());
    for event in &new.events {
        if !events.contains(event) {
            events.push(*event);
        }
    }
    NewEndpoint { events, ..new.clone() }
}

/// Gives the endpoint that a repeated request made; another request with its key is refused.
fn same((endpoint, secret): (Endpoint, String), new: &NewEndpoint) -> Result<CreatedEndpoint> {
    let of_endpoint = (&endpoint.url, &endpoint.description, &endpoint.events, endpoint.is_slack);
    let is_same = of_endpoint == (&new.url, &new.description, &new.events, new.is_slack);
    if is_same { Ok(CreatedEndpoint { endpoint, secret }) } else { Err(Refusal::IdempotencyMismatch.into()) }
}

/// Writes a message: type, time and data, as Standard Webhooks has it.
pub(super) fn envelope(event: EventKind, at: DateTime<Utc>, data: &str) -> String {
    format!(r#"{{"type":"{}","timestamp":{},"data":{data}}}"#, event.code(), json!(at))
}

/// Writes a message as Slack takes it: one line of text.
pub(super) fn slack_envelope(text: &str) -> String {
    json!({ "text": text }).to_string()
}

/// Refuses what can't be an endpoint.
fn check(new: &NewEndpoint) -> Result<()> {
    let mut fields = Vec::new();
    if let Err(problem) = identity::check_label(&new.description) {
        fields.push(identity::name_error_at("description", problem));
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
