//! What webhooks say: the API's own bodies.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use wallet::error::Result;
use wallet::id::WalletId;
use wallet::ledger::EntryView;
use wallet::money::Credits;
use wallet::notify::webhook::{AddOnNotice, AutoTopUpNotice, Payloads};
use wallet::tariff::Announcement;

use super::amount::Amount;
use super::catalog::Price;
use super::ledger::EntryBody;
use super::price_changes::ChangeBody;
use crate::state::AppState;

/// Writes events with the bodies of the API.
#[derive(Clone, Debug)]
pub struct ApiPayloads {
    public_url: String,
}

impl ApiPayloads {
    /// Takes what the bodies need.
    #[must_use]
    pub fn of(state: &AppState) -> Self {
        Self { public_url: state.app.public_url.clone() }
    }
}

/// The data of `ledger.entry.created`.
#[derive(Debug, Serialize, ToSchema)]
struct EntryEvent {
    /// The wallet.
    wallet: String,
    /// The row.
    entry: EntryBody,
}

/// The data of `project.credits_low` and `project.out_of_credits`.
#[derive(Debug, Serialize, ToSchema)]
struct CreditsEvent {
    /// The wallet.
    wallet: String,
    /// What is available after the row.
    available: Amount,
    /// The line that was crossed, for `credits_low`: a part of the last refill.
    low_below: Option<Amount>,
    /// The row that crossed it.
    entry_seq: i64,
}

/// The data of `auto_top_up.*`.
#[derive(Debug, Serialize, ToSchema)]
struct AutoTopUpEvent {
    /// The wallet.
    wallet: String,
    /// The payment, where it is about one.
    payment_id: Option<String>,
    /// The credits that the payment brings.
    credits: Option<Amount>,
    /// What it costs, without tax.
    price: Option<Price>,
    /// Why it failed or has stopped, as a code.
    reason: Option<String>,
    /// When it is tried again, or goes on by itself.
    until: Option<DateTime<Utc>>,
}

/// The data of `add_on.*`.
#[derive(Debug, Serialize, ToSchema)]
struct AddOnEvent {
    /// The wallet.
    wallet: String,
    /// The add-on, as in `GET /add-ons`.
    add_on: String,
    /// Its name for people.
    name: String,
    /// What a month costs.
    monthly_credits: Amount,
    /// Until when it is on at least, where it is on: where the month that was deducted ends.
    until: Option<DateTime<Utc>>,
    /// Why it is paused: `out_of_credits`, `wallet_frozen` or `wallet_inactive`.
    reason: Option<String>,
    /// What was available when it was paused.
    available: Option<Amount>,
}

fn written(body: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(body)?)
}

impl Payloads for ApiPayloads {
    fn entry(&self, entry: &EntryView) -> Result<String> {
        written(&EntryEvent { wallet: entry.wallet.to_string(), entry: EntryBody::from(entry.clone()) })
    }

    fn credits(&self, entry: &EntryView, low_below: Option<Credits>) -> Result<String> {
        let available = entry.available_after()?;
        written(&CreditsEvent {
            wallet: entry.wallet.to_string(),
            available: available.into(),
            low_below: low_below.map(Amount::from),
            entry_seq: entry.seq,
        })
    }

    fn auto_top_up(&self, wallet: WalletId, notice: &AutoTopUpNotice) -> Result<String> {
        written(&AutoTopUpEvent {
            wallet: wallet.to_string(),
            payment_id: notice.payment.map(|payment| payment.to_string()),
            credits: notice.credits.map(Amount::from),
            price: notice.money.map(Price::from),
            reason: notice.reason.clone(),
            until: notice.until,
        })
    }

    fn add_on(&self, wallet: WalletId, notice: &AddOnNotice) -> Result<String> {
        written(&AddOnEvent {
            wallet: wallet.to_string(),
            add_on: notice.add_on.clone(),
            name: notice.name.clone(),
            monthly_credits: notice.credits.into(),
            until: notice.until,
            reason: notice.reason.clone(),
            available: notice.available.map(Amount::from),
        })
    }

    fn price_change(&self, announcement: Announcement) -> Result<String> {
        written(&ChangeBody::of(announcement, &self.public_url))
    }
}
