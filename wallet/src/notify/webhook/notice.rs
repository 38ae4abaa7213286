//! What endpoints are told besides ledger entries and prices: noted as data in the transaction of what it tells of, and
//! queued by the relay, for each endpoint that listens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
#[cfg(feature = "postgres")]
use sqlx::PgConnection;

use super::EventKind;
#[cfg(feature = "postgres")]
use super::repo::notice;
#[cfg(feature = "postgres")]
use crate::error::Result;
use crate::id::PaymentId;
#[cfg(feature = "postgres")]
use crate::id::WalletId;
use crate::money::{Credits, Money};
use crate::notify::mail::stored_credits;

/// Something that endpoints of a wallet are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Notice {
    /// Auto top-up.
    AutoTopUp(AutoTopUpNotice),
    /// An add-on.
    AddOn(AddOnNotice),
}

/// What endpoints are told of an add-on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnNotice {
    /// What happened.
    pub event: EventKind,
    /// The add-on's name in the API.
    pub add_on: String,
    /// Its name for people.
    pub name: String,
    /// What a month costs.
    #[serde(with = "stored_credits")]
    pub credits: Credits,
    /// Until when it is on at least: where the month that was deducted ends.
    pub until: Option<DateTime<Utc>>,
    /// Why it is paused, as a code.
    pub reason: Option<String>,
    /// What was available when it was paused.
    #[serde(with = "stored_credits::optional")]
    pub available: Option<Credits>,
}

/// What endpoints are told of auto top-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpNotice {
    /// What happened.
    pub event: EventKind,
    /// The payment, where it is about one.
    pub payment: Option<PaymentId>,
    /// The credits that it brings.
    #[serde(with = "stored_credits::optional")]
    pub credits: Option<Credits>,
    /// What it costs, without tax.
    pub money: Option<Money>,
    /// Why it failed or has stopped, as a code.
    pub reason: Option<String>,
    /// When it is tried again, or goes on by itself.
    pub until: Option<DateTime<Utc>>,
}

impl Notice {
    /// Names the event.
    #[must_use]
    pub const fn event(&self) -> EventKind {
        match self {
            Self::AutoTopUp(notice) => notice.event,
            Self::AddOn(notice) => notice.event,
        }
    }
}

/// Notes something for a wallet's endpoints, in the caller's transaction.
#[cfg(feature = "postgres")]
pub(crate) async fn note_in_tx(
    connection: &mut PgConnection,
    wallet: WalletId,
    told: &Notice,
    now: DateTime<Utc>,
) -> Result<()> {
    notice::insert(connection, wallet, (told.event(), &serde_json::to_value(told)?), now).await
}
