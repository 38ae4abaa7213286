//! The sender's side: messages are taken by shares, and what came of a try is kept, for the message and its endpoint.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::repo::{due, endpoint, outbox};
use super::service::Webhooks;
use super::{
    DeliveryState, FAILING_MAX, FAILING_TOLD, OFF_FAILING, OFF_GONE, Outgoing, RETRIES_MAX, Sent, UnderWay, wait_after,
};
use crate::error::{Error, Refusal, Result};
use crate::idempotency::IdempotencyKey;
use crate::identity::Actor;
use crate::ledger::{Command, FeeKind, Receipt, Submission};
use crate::notify::{Mail, Topic, WebhookFailingMail, alert};

/// Messages of one endpoint that one look at the outbox compares.
const EACH_AT_ONCE: i64 = 4;
/// How many messages a look at the outbox compares for each free place.
const COMPARED: usize = 4;
/// How long a sender has for a message before another one may take it.
const LEASE: TimeDelta = TimeDelta::seconds(90);

impl Webhooks {
    /// Takes messages that are due and for which there is a place in the shares of their endpoints, accounts and hosts;
    /// they are counted in. They go round the accounts, each one's oldest first.
    pub async fn take(&self, under_way: &mut UnderWay) -> Result<Vec<Outgoing>> {
        let (now, free) = (self.db.now(), under_way.free());
        if free == 0 {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(free.saturating_mul(COMPARED)).unwrap_or(i64::MAX);
        let mut due = due::due(self.db.pool(), under_way, (limit, EACH_AT_ONCE), now).await?;
        due.retain(|due| under_way.begin(&due.claim));
        let wanted: Vec<Uuid> = due.iter().map(|due| due.id).collect();
        let taken = if wanted.is_empty() {
            Ok(Vec::new())
        } else {
            outbox::take(self.db.pool(), &wanted, now, now + LEASE).await
        };
        // Each is counted as it was chosen, and out again where somebody else was first.
        let mut taken = taken.inspect_err(|_| due.iter().for_each(|due| under_way.end(&due.claim)))?;
        for due in due {
            match taken.iter_mut().find(|message| message.id == due.id) {
                Some(message) => message.claim = due.claim,
                None => under_way.end(&due.claim),
            }
        }
        Ok(taken)
    }

    /// Keeps what came of a try: delivered, tried again later, or given up; and what it tells of the endpoint.
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
                    let wait = wait_after(outgoing.tries, outgoing.message);
                    due_at = Some(now + sent.pause().map_or(wait, |pause| pause.max(wait)));
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
        self.note_endpoint(&mut tx, outgoing.endpoint, &sent).await?;
        Ok(tx.commit().await?)
    }

    /// Notes how an endpoint does, and switches it off where it is gone or has failed for days. Its owner is mailed
    /// then.
    async fn note_endpoint(&self, connection: &mut PgConnection, id: Uuid, sent: &Sent) -> Result<()> {
        let now = self.db.now();
        let tried = endpoint::Tried {
            is_taken: sent.is_taken(),
            is_slow: sent.is_slow(),
            paused_until: sent.pause().map(|pause| now + pause),
        };
        let failing_since = endpoint::note_try(connection, id, &tried, now).await?;
        let fails_for = |since| now.signed_duration_since(since);
        let why = match (sent.is_gone(), failing_since) {
            (true, _) => OFF_GONE,
            (false, Some(since)) if fails_for(since) >= FAILING_MAX => OFF_FAILING,
            (false, Some(since)) if fails_for(since) >= FAILING_TOLD => {
                return self.tell_failing(connection, id, since).await;
            }
            (false, _) => return Ok(()),
        };
        if !endpoint::disable(connection, id, why, now).await? {
            return Ok(());
        }
        outbox::give_up(connection, id, now).await?;
        let by = Actor::system("webhooks");
        self.audit(connection, &by, "webhook.disabled", id, Value::Null, json!({ "why": why })).await?;
        if let Some((email, name, locale, url)) = endpoint::owner(connection, id).await? {
            let mail = Mail::WebhookOff { name, url, is_gone: sent.is_gone() };
            self.notify.enqueue_mail_in_tx(connection, &email, &locale, &mail).await?;
        }
        Ok(())
    }

    /// Mails the owner of an endpoint that it fails: once until a message arrives again.
    async fn tell_failing(&self, connection: &mut PgConnection, id: Uuid, since: DateTime<Utc>) -> Result<()> {
        if !endpoint::note_failing(connection, id, self.db.now()).await? {
            return Ok(());
        }
        let Some((account, url)) = endpoint::place(connection, id).await? else { return Ok(()) };
        let owner = alert::repo::owner(connection, account).await?.filter(|owner| owner.wants(Topic::WebhookFailing));
        let Some(owner) = owner else { return Ok(()) };
        let unsubscribe = self.notify.unsubscribe_token(connection, account, Topic::WebhookFailing).await?;
        let off_at = since.checked_add_signed(FAILING_MAX).unwrap_or(since);
        let mail = WebhookFailingMail { name: owner.name, url, since, off_at, unsubscribe };
        let mail = Mail::WebhookFailing(mail);
        self.notify.enqueue_mail_in_tx(connection, &owner.email, &owner.locale, &mail).await.map(drop)
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
        match self.ledger.submit(Submission::new(wallet, key, Actor::system("webhooks"), command)).await {
            Ok(_) => Ok(()),
            Err(Error::Refused(_)) if outgoing.event.is_notice() => Ok(()),
            Err(error) => Err(error),
        }
    }
}
