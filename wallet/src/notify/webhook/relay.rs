//! The relay: follows ledgers and price books, and queues what endpoints are to hear.

use std::sync::PoisonError;

use chrono::TimeDelta;
use uuid::Uuid;

use super::notice::{AddOnNotice, AutoTopUpNotice, Notice};
use super::repo::notice;
use super::repo::outbox::{self, Behind, Message};
use super::service::{Webhooks, envelope};
use super::{EventKind, QUEUED_MAX, alerts, is_told};
use crate::error::Result;
use crate::id::WalletId;
use crate::ledger::{BalanceView, EntryView};
use crate::money::Credits;
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
    /// What happened to auto top-up of a wallet.
    fn auto_top_up(&self, wallet: WalletId, notice: &AutoTopUpNotice) -> Result<String>;
    /// What happened to an add-on of a wallet.
    fn add_on(&self, wallet: WalletId, notice: &AddOnNotice) -> Result<String>;
    /// An announced change of prices.
    fn price_change(&self, announcement: Announcement) -> Result<String>;
}

impl Webhooks {
    /// Queues what has happened since the last round, for every endpoint that listens; says how many messages.
    ///
    /// Any number of nodes may do it: an endpoint's cursor moves with its messages, by one of them. Where many messages
    /// wait for an endpoint already, its cursor stays: what happens is kept in the ledger, and queued later.
    pub async fn relay(&self, payloads: &dyn Payloads) -> Result<u64> {
        let mut queued = self.relay_notices(payloads).await?;
        for (endpoint, version, subject) in self.untold_prices().await? {
            let told = self.relay_prices(endpoint, version, subject, payloads).await;
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
            let data = match &notice {
                Notice::AutoTopUp(about) => payloads.auto_top_up(new.wallet, about)?,
                Notice::AddOn(about) => payloads.add_on(new.wallet, about)?,
            };
            messages.extend(new.endpoints.into_iter().map(|endpoint| Message {
                endpoint,
                event,
                subject: format!("notice:{}", new.id),
                payload: envelope(event, new.at, &data),
                replay_of: None,
            }));
        }
        let queued = outbox::queue(&mut tx, &messages, now).await?;
        tx.commit().await?;
        Ok(queued)
    }

    async fn relay_prices(
        &self,
        endpoint: Uuid,
        version: i32,
        subject: String,
        payloads: &dyn Payloads,
    ) -> Result<u64> {
        let announcement = self.tariffs.announcement(version).await?;
        let is_withdrawn = announcement.status == BookStatus::Withdrawn;
        let at = if is_withdrawn { announcement.changed_at } else { announcement.announced_at };
        let event = EventKind::PriceChangeAnnounced;
        let payload = envelope(event, at, &payloads.price_change(announcement)?);
        let message = Message { endpoint, event, subject, payload, replay_of: None };
        let mut tx = self.db.begin().await?;
        let queued = outbox::queue(&mut tx, &[message], self.db.now()).await?;
        tx.commit().await?;
        Ok(queued)
    }

    async fn untold_prices(&self) -> Result<Vec<(Uuid, i32, String)>> {
        outbox::untold_prices(self.db.pool(), self.db.now() - PRICES_TOLD, ENDPOINTS_AT_ONCE).await
    }

    async fn relay_rows(&self, behind: &Behind, payloads: &dyn Payloads) -> Result<u64> {
        let entries = self.ledger.entries_after(behind.wallet, behind.told_seq, ROWS_AT_ONCE).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let low_below = self.low_below(&self.ledger.balance(behind.wallet).await?).await?;
        let mut messages = Vec::new();
        for entry in &entries {
            add_messages(&mut messages, behind, entry, low_below, payloads)?;
        }
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
    low_below: Option<Credits>,
    payloads: &dyn Payloads,
) -> Result<()> {
    let row = is_told(entry).then_some(EventKind::LedgerEntryCreated);
    for event in row.into_iter().chain(alerts(entry, low_below)).filter(|event| behind.events.contains(event)) {
        let data = match event {
            EventKind::LedgerEntryCreated => payloads.entry(entry)?,
            _ => payloads.credits(entry, low_below)?,
        };
        let subject = format!("entry:{}", entry.seq);
        let payload = envelope(event, entry.created_at, &data);
        messages.push(Message { endpoint: behind.id, event, subject, payload, replay_of: None });
    }
    Ok(())
}
