//! What webhooks say: the API's own bodies.

mod described;
mod line;

pub use described::described;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use wallet::error::{Error, Result};
use wallet::id::WalletId;
use wallet::ledger::EntryView;
use wallet::money::Credits;
use wallet::notify::webhook::{AddOnNotice, AutoTopUpNotice, EventKind, Notice, Payloads};
use wallet::tariff::Announcement;

use super::amount::Amount;
use super::catalog::Price;
use super::events::HoldChange;
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

/// The data of `ledger.entry.created` and `grant.expired`.
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
    /// The line that was crossed, for `credits_low`: a part of the last refill, or the owner's own threshold.
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

/// The data of `hold.*`.
#[derive(Debug, Serialize, ToSchema)]
struct HoldEvent {
    /// The wallet.
    wallet: String,
    /// The hold, as in `GET /holds/{id}`.
    hold_id: i64,
    /// How far it is: `open`, `captured`, `released` or `expired`.
    state: &'static str,
    /// What was set aside, taken, or given back.
    amount: Amount,
    /// The row.
    entry: EntryBody,
}

/// The data of `grant.expiring`.
#[derive(Debug, Serialize, ToSchema)]
struct GrantEvent {
    /// The wallet.
    wallet: String,
    /// The grant, as in `expiring` of `GET /balance`.
    grant_id: i64,
    /// Its name for people.
    label: String,
    /// What is left of it.
    credits: Amount,
    /// When it ends.
    expires_at: DateTime<Utc>,
    /// Within how many days: 30, 7 or 1.
    days: i16,
}

/// The data of `payment.*`.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentEvent {
    /// The wallet.
    wallet: String,
    /// The payment, as in `GET /payments/{id}`.
    payment_id: String,
    /// What was ordered.
    title: String,
    /// The credits that it brings, or would have brought.
    credits: Amount,
    /// What it costs, without tax.
    price: Price,
    /// Why it failed or is in review, as a code.
    reason: Option<String>,
}

/// The data of `refund.*`.
#[derive(Debug, Serialize, ToSchema)]
struct RefundEvent {
    /// The wallet.
    wallet: String,
    /// The request; null where there was none.
    request_id: Option<String>,
    /// The payment whose money goes back; null where credits of a failed job do.
    payment_id: Option<String>,
    /// The money that goes back.
    amount: Option<Price>,
    /// The credits that are taken for it, or given back.
    credits: Amount,
    /// Why it failed, as a code.
    reason: Option<String>,
}

/// The data of `dispute.*`.
#[derive(Debug, Serialize, ToSchema)]
struct DisputeEvent {
    /// The wallet.
    wallet: String,
    /// The payment.
    payment_id: String,
    /// How much the bank wants back.
    amount: Price,
    /// The credits that the step froze, gave back or took.
    credits: Amount,
}

/// The data of `subscription.*`.
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionEvent {
    /// The wallet that gets the plan's credits.
    wallet: String,
    /// The plan, as in `GET /plans`.
    plan: String,
    /// Until when it is paid; for `past_due` when the card is charged again; for `cancelled` and `ended` the end.
    until: Option<DateTime<Utc>>,
    /// Why it is past due or over, as a code.
    reason: Option<String>,
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

    fn hold(&self, entry: &EntryView) -> Result<String> {
        let of = HoldChange::of(entry).ok_or_else(|| Error::internal("a row that is not about a hold"))?;
        let (wallet, entry) = (entry.wallet.to_string(), EntryBody::from(entry.clone()));
        written(&HoldEvent { wallet, hold_id: of.id, state: of.state, amount: of.amount, entry })
    }

    fn notice(&self, wallet: WalletId, notice: &Notice) -> Result<String> {
        let wallet = wallet.to_string();
        match notice {
            Notice::AutoTopUp(about) => written(&auto_top_up(wallet, about)),
            Notice::AddOn(about) => written(&add_on(wallet, about)),
            Notice::Grant(about) => written(&GrantEvent {
                wallet,
                grant_id: about.grant,
                label: about.label.clone(),
                credits: about.credits.into(),
                expires_at: about.expires_at,
                days: about.days,
            }),
            Notice::Payment(about) => written(&PaymentEvent {
                wallet,
                payment_id: about.payment.to_string(),
                title: about.title.clone(),
                credits: about.credits.into(),
                price: about.money.into(),
                reason: about.reason.clone(),
            }),
            Notice::Refund(about) => written(&RefundEvent {
                wallet,
                request_id: about.request.map(|request| request.to_string()),
                payment_id: about.payment.map(|payment| payment.to_string()),
                amount: about.money.map(Price::from),
                credits: about.credits.into(),
                reason: about.reason.clone(),
            }),
            Notice::Dispute(about) => written(&DisputeEvent {
                wallet,
                payment_id: about.payment.to_string(),
                amount: about.money.into(),
                credits: about.credits.into(),
            }),
            Notice::Subscription(about) => written(&SubscriptionEvent {
                wallet,
                plan: about.plan.clone(),
                until: about.until,
                reason: about.reason.clone(),
            }),
        }
    }

    fn price_change(&self, announcement: Announcement) -> Result<String> {
        written(&ChangeBody::of(announcement, &self.public_url))
    }

    fn line(&self, event: EventKind, data: &str, locale: &str) -> Result<String> {
        Ok(line::written(event, &serde_json::from_str(data)?, locale))
    }
}

fn auto_top_up(wallet: String, notice: &AutoTopUpNotice) -> AutoTopUpEvent {
    AutoTopUpEvent {
        wallet,
        payment_id: notice.payment.map(|payment| payment.to_string()),
        credits: notice.credits.map(Amount::from),
        price: notice.money.map(Price::from),
        reason: notice.reason.clone(),
        until: notice.until,
    }
}

fn add_on(wallet: String, notice: &AddOnNotice) -> AddOnEvent {
    AddOnEvent {
        wallet,
        add_on: notice.add_on.clone(),
        name: notice.name.clone(),
        monthly_credits: notice.credits.into(),
        until: notice.until,
        reason: notice.reason.clone(),
        available: notice.available.map(Amount::from),
    }
}
