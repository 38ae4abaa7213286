//! The ledger's SQL.

pub(super) mod archive;
mod columns;
pub(super) mod holds;
pub(super) mod invariants;
pub(super) mod load;
pub(super) mod read;
pub(super) mod rebuild;
pub(super) mod usage;
pub(super) mod verify;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{Shard, WalletId};
use crate::identity::Actor;
use crate::ledger::model::entry::{EntryKind, EntryView, GrantSource};
use crate::ledger::model::grant_limit::GrantLimit;
use crate::ledger::model::wallet_state::{Grant, GrantTerms};
use crate::money::{Credits, Money};

/// Joins the two halves of a wallet's key.
pub(super) const fn wallet_id(shard: i16, number: i64) -> WalletId {
    WalletId { shard: Shard::from_i16(shard), number }
}

/// Splits wallets into the arrays that `unnest` takes.
pub(super) fn split(wallets: impl IntoIterator<Item = WalletId>) -> (Vec<i16>, Vec<i64>) {
    wallets.into_iter().map(|wallet| (wallet.shard.as_i16(), wallet.number)).unzip()
}

/// A row of `entries` without its proof.
pub(super) struct EntryRow {
    pub shard: i16,
    pub wallet_id: i64,
    pub seq: i64,
    pub kind: i16,
    pub actor_kind: i16,
    pub amount: i64,
    pub held_change: i64,
    pub settled_after: i64,
    pub held_after: i64,
    pub quantity: i64,
    pub refers_to: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub(crate) actor_id: Option<Uuid>,
    pub actor_name: String,
    pub operation: Option<String>,
    pub title: Option<String>,
    pub category: Option<String>,
    pub metadata: Option<String>,
}

impl TryFrom<EntryRow> for EntryView {
    type Error = Error;

    fn try_from(row: EntryRow) -> Result<Self> {
        Ok(Self {
            wallet: wallet_id(row.shard, row.wallet_id),
            seq: row.seq,
            kind: EntryKind::from_code(row.kind).ok_or_else(|| Error::internal("unknown kind of entry"))?,
            amount: Credits::from_micros(row.amount),
            held_change: Credits::from_micros(row.held_change),
            settled_after: Credits::from_micros(row.settled_after),
            held_after: Credits::from_micros(row.held_after),
            operation: row.operation,
            title: row.title,
            category: row.category,
            quantity: row.quantity,
            refers_to: row.refers_to,
            actor: Actor::from_parts(row.actor_kind, row.actor_id, row.actor_name),
            metadata: row.metadata.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default(),
            created_at: row.created_at,
        })
    }
}

/// A row of `grants`.
pub(super) struct GrantRow {
    pub shard: i16,
    pub wallet_id: i64,
    pub grant_id: i64,
    pub seq: i64,
    pub source: i16,
    pub label: String,
    pub granted: i64,
    pub remaining: i64,
    pub held: i64,
    pub clawed: i64,
    pub priority: i16,
    pub effective_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub(crate) cost_minor: Option<i64>,
    pub(crate) cost_currency: Option<String>,
    pub reference: Option<String>,
    pub(crate) limited_to: Option<String>,
}

impl GrantRow {
    /// Gives the wallet and its grant.
    pub(super) fn grant(self) -> Result<(WalletId, Grant)> {
        let cost = match (self.cost_minor, self.cost_currency) {
            (Some(minor), Some(code)) => {
                let currency = code.parse().map_err(|_| Error::internal("unknown currency of a grant"))?;
                Some(Money::from_minor(minor, currency))
            }
            _ => None,
        };
        let limit = self.limited_to.map(|text| GrantLimit::from_text(&text).ok_or_else(unknown_limit)).transpose()?;
        let terms = GrantTerms {
            seq: self.seq,
            source: GrantSource::from_code(self.source).ok_or_else(|| Error::internal("unknown source of a grant"))?,
            label: self.label,
            granted: Credits::from_micros(self.granted),
            priority: self.priority,
            effective_at: self.effective_at,
            expires_at: self.expires_at,
            cost,
            reference: self.reference,
            limit,
        };
        let grant = Grant {
            id: self.grant_id,
            remaining: Credits::from_micros(self.remaining),
            held: Credits::from_micros(self.held),
            clawed: Credits::from_micros(self.clawed),
            terms: Arc::new(terms),
        };
        Ok((wallet_id(self.shard, self.wallet_id), grant))
    }
}
fn unknown_limit() -> Error {
    Error::internal("unknown limit of a grant")
}

/// Gives grants in burn order.
pub(super) fn in_burn_order(rows: Vec<GrantRow>) -> Result<Vec<Grant>> {
    let grants: Result<Vec<Grant>> = rows.into_iter().map(|row| row.grant().map(|(_, grant)| grant)).collect();
    let mut grants = grants?;
    grants.sort_by_key(Grant::burn_key);
    Ok(grants)
}

pub(crate) mod as_of;
pub(crate) mod charge_history;
pub(crate) mod checkpoint;
pub(crate) mod controls;
pub(crate) mod expiry;
pub(crate) mod write_if_unchanged;
pub(crate) mod write_locked;
