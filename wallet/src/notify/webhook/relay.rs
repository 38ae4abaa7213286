//! The relay: follows ledgers and price books, and queues what endpoints are to hear.

use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::notice::Notice;
use super::repo::Form;
use super::repo::notice;
use super::repo::outbox::{self, Behind, Message, UntoldPrices};
use super::service::{Webhooks, envelope, slack_envelope};
use super::{EventKind, QUEUED_MAX, alerts, is_told};
use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::{BalanceView, EntryView};
use crate::money::Credits;
use crate::notify::low_below;
use crate::tariff::{Announcement, BookStatus};

/// Ledger rows that one round tells an endpoint of.
const ROWS_AT_ONCE: u16 = 200;
/// Endpoints of one round.
const ENDPOINTS_AT_ONCE: i64 = 100;
/// Notices of one round.
const NOTICES_AT_ONCE: i64 = 200;
/// An endpoint that comes later than this after an announcement is not told of it.
const PRICES_TOLD: TimeDelta = TimeDelta::days(7);

/// Writes what events say, as JSON: bodies belong to the API, and amounts in them are exact.
pub trait Payloads: Send + Sync {
    /// A ledger row.
    fn entry(&self, entry: &EntryView) -> Result<String>;
    /// Credits that run low, or out, at a row.
    fn credits(&self, entry: &EntryView, low_below: Option<Credits>) -> Result<String>;
    /// What happened to a hold at a row.
    fn hold(&self, entry: &EntryView) -> Result<String>;
    /// What a wallet's endpoints are told besides rows and prices.
    fn notice(&self, wallet: WalletId, notice: &Notice) -> Result<String>;
    /// An announced change of prices.
    fn price_change(&self, announcement: Announcement) -> Result<String>;
    /// One line for people about an event with its data, in a language: what Slack shows.
    fn line(&self, event: EventKind, data: &str, locale: &str) -> Result<String>;
}

impl Webhooks {
    /// Queues what has happened since the last round, for every endpoint that listens; says how many messages.
    ///
    /// Any number of nodes may do it: an endpoint's cursor moves with its messages, by one of them. Where many messages
    /// wait for an endpoint already, its cursor stays: what happens is kept in the ledger, and queued later.
    pub async fn relay(&self, payloads: &dyn Payloads) -> Result<u64> {
        let mut queued = self.relay_notices(payloads).await?;
        for untold in self.untold_prices().await? {
            let endpoint = untold.endpoint;
            let told = self.relay_prices(untold, payloads).await;
            queued = queued.saturating_add(or_nothing(endpoint, told)?);
        }
        let after = *self.relayed.lock().unwrap_or_else(PoisonError::into_inner);
        for behind in outbox::behind(self.db.pool(), after, (ENDPOINTS_AT_ONCE, QUEUED_MAX)).await? {
            *self.relayed.lock().unwrap_or_else(PoisonError::into_inner) = behind.id;
            let told = self.relay_rows(&behind, payloads).await;
            queued = queued.saturating_add(or_nothing(behind.id, told)?);
        }
        Ok(queued)
    }

    async fn relay_notices(&self, payloads: &dyn Payloads) -> Result<u64> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let mut messages = Vec::new();
        for new in notice::take(&mut tx, now, NOTICES_AT_ONCE).await? {
            let notice: Notice = serde_json::from_value(new.data)?;
            let event = notice.event();
            let data = payloads.notice(new.wallet, &notice)?;
            for (endpoint, form) in new.endpoints {
                messages.push(Message {
                    endpoint,
                    event,
                    subject: format!("notice:{}", new.id),
                    payload: form.payload(payloads, event, new.at, &data)?,
                    replay_of: None,
                });
            }
        }
        let queued = outbox::queue(&mut tx, &messages, now).await?;
        tx.commit().await?;
        Ok(queued)
    }

    async fn relay_prices(&self, untold: UntoldPrices, payloads: &dyn Payloads) -> Result<u64> {
        let UntoldPrices { endpoint, version, subject, form } = untold;
        let announcement = self.tariffs.announcement(version).await?;
        let is_withdrawn = announcement.status == BookStatus::Withdrawn;
        let at = if is_withdrawn { announcement.changed_at } else { announcement.announced_at };
        let event = EventKind::PriceChangeAnnounced;
        let payload = form.payload(payloads, event, at, &payloads.price_change(announcement)?)?;
        let message = Message { endpoint, event, subject, payload, replay_of: None };
        let mut tx = self.db.begin().await?;
        let queued = outbox::queue(&mut tx, &[message], self.db.now()).await?;
        tx.commit().await?;
        Ok(queued)
    }

    async fn untold_prices(&self) -> Result<Vec<UntoldPrices>> {
        outbox::untold_prices(self.db.pool(), self.db.now() - PRICES_TOLD, ENDPOINTS_AT_ONCE).await
    }

    async fn relay_rows(&self, behind: &Behind, payloads: &dyn Payloads) -> Result<u64> {
        let entries = self.ledger.entries_after(behind.wallet, behind.told_seq, ROWS_AT_ONCE).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let lines = self.lines(&self.ledger.balance(behind.wallet).await?).await?;
        let mut messages = Vec::new();
        for entry in &entries {
            add_messages(&mut messages, behind, entry, &lines, payloads)?;
        }
        let mut tx = self.db.begin().await?;
        if !outbox::advance(&mut tx, behind.id, behind.told_seq, last).await? {
            return Ok(0);
        }
        let queued = outbox::queue(&mut tx, &messages, self.db.now()).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// Gives the lines below which credits are low: a part (setting) of the last refill, and the owner's own threshold.
    async fn lines(&self, balance: &BalanceView) -> Result<Vec<Credits>> {
        let percent = self.catalog.view().await?.settings.low_alert_percent;
        let own = self.notify.own_threshold(balance.wallet).await?;
        Ok(low_below(balance.last_refill, percent).into_iter().chain(own).collect())
    }
}

impl Form {
    /// Writes a message as its endpoint takes it.
    fn payload(&self, payloads: &dyn Payloads, event: EventKind, at: DateTime<Utc>, data: &str) -> Result<String> {
        match self {
            Self::Standard => Ok(envelope(event, at, data)),
            Self::Slack { locale } => Ok(slack_envelope(&payloads.line(event, data, locale)?)),
        }
    }
}

/// Lets a round go on after an endpoint that can't be told: the others must not wait for it.
fn or_nothing(endpoint: Uuid, told: Result<u64>) -> Result<u64> {
    match told {
        Err(error) if !error.is_transient() => {
            tracing::error!(%endpoint, %error, "a webhook endpoint can't be told");
            Ok(0)
        }
        told => told,
    }
}

/// Adds what an endpoint hears of a row.
fn add_messages(
    messages: &mut Vec<Message>,
    behind: &Behind,
    entry: &EntryView,
    lines: &[Credits],
    payloads: &dyn Payloads,
) -> Result<()> {
    let row = is_told(entry).then_some((EventKind::LedgerEntryCreated, None));
    let told = row.into_iter().chain(alerts(entry, lines)).filter(|(event, _)| behind.events.contains(event));
    for (event, below) in told {
        let data = match event {
            EventKind::LedgerEntryCreated | EventKind::GrantExpired => payloads.entry(entry)?,
            EventKind::CreditsLow | EventKind::OutOfCredits => payloads.credits(entry, below)?,
            _ => payloads.hold(entry)?,
        };
        let subject = format!("entry:{}", entry.seq);
        let payload = behind.form.payload(payloads, event, entry.created_at, &data)?;
        messages.push(Message { endpoint: behind.id, event, subject, payload, replay_of: None });
    }
    Ok(())
}
