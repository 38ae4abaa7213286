//! Rows of a ledger as they leave the database for a proof: everything that the hash covers, exactly; and the check of
//! a chain row by row. Files of them are [`crate::ledger::audit::export_file`]'s.

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::audit::hash_chain;
use crate::ledger::model::archive::{Header, Span};
use crate::ledger::model::entry::{EntryKind, EntryView};
use crate::ledger::model::hash::Hash;
use crate::ledger::model::wallet_state::{Allocation, Entry};
use crate::money::Credits;

/// One row with everything that its hash covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenEntry {
    /// The row's place.
    pub seq: i64,
    /// What happened.
    pub kind: EntryKind,
    /// The change of settled.
    pub amount: Credits,
    /// The change of held.
    pub held_change: Credits,
    /// Settled after it.
    pub settled_after: Credits,
    /// Held after it.
    pub held_after: Credits,
    /// The operation's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How many.
    pub quantity: i64,
    /// The row that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers_to: Option<i64>,
    /// The number of the other wallet of a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) counterpart: Option<i64>,
    /// The kind of the actor, as a number.
    pub actor_kind: i16,
    /// The actor's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) actor_id: Option<Uuid>,
    /// The actor's name.
    pub actor_name: String,
    /// The metadata, exactly as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// The receipt, terms or reason, exactly as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The idempotency key.
    pub key: String,
    /// The hash of the request, in hexadecimal.
    pub request_hash: String,
    /// When, in microseconds since 1970.
    pub created_at: i64,
    /// When a hold times out, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Grant, change, change of held.
    pub shares: Vec<(i64, Credits, Credits)>,
    /// The row's hash, in hexadecimal.
    pub hash: String,
}

impl From<&Entry> for ProvenEntry {
    fn from(entry: &Entry) -> Self {
        let view = entry.view.clone();
        Self {
            seq: view.seq,
            kind: view.kind,
            amount: view.amount,
            held_change: view.held_change,
            settled_after: view.settled_after,
            held_after: view.held_after,
            operation: view.operation,
            title: view.title,
            category: view.category,
            quantity: view.quantity,
            refers_to: view.refers_to,
            counterpart: entry.counterpart.map(|wallet| wallet.number),
            actor_kind: view.actor.code(),
            actor_id: view.actor.uuid(),
            actor_name: view.actor.name().to_owned(),
            metadata: entry.metadata.as_deref().map(str::to_owned),
            detail: entry.detail.clone(),
            key: entry.key.as_str().to_owned(),
            request_hash: entry.request_hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
            created_at: view.created_at.timestamp_micros(),
            expires_at: entry.expires_at.map(|at| at.timestamp_micros()),
            shares: entry.allocations.iter().map(|share| (share.grant, share.amount, share.held)).collect(),
            hash: entry.hash.to_string(),
        }
    }
}

impl ProvenEntry {
    /// Gives the row back; `None` where a field can't be what it says.
    #[must_use]
    pub fn entry(&self, wallet: WalletId) -> Option<Entry> {
        let view = EntryView {
            wallet,
            seq: self.seq,
            kind: self.kind,
            amount: self.amount,
            held_change: self.held_change,
            settled_after: self.settled_after,
            held_after: self.held_after,
            operation: self.operation.clone(),
            title: self.title.clone(),
            category: self.category.clone(),
            quantity: self.quantity,
            refers_to: self.refers_to,
            actor: Actor::from_parts(self.actor_kind, self.actor_id, self.actor_name.clone()),
            metadata: serde_json::Value::Null,
            created_at: DateTime::from_timestamp_micros(self.created_at)?,
        };
        let share = |(grant, amount, held): &(i64, Credits, Credits)| Allocation {
            grant: *grant,
            amount: *amount,
            held: *held,
        };
        Some(Entry {
            view,
            metadata: self.metadata.as_deref().map(Into::into),
            detail: self.detail.clone(),
            allocations: self.shares.iter().map(share).collect(),
            expires_at: match self.expires_at {
                Some(at) => Some(DateTime::from_timestamp_micros(at)?),
                None => None,
            },
            key: IdempotencyKey::stored(self.key.clone()),
            request_hash: RequestHash::from_hex(&self.request_hash)?,
            counterpart: self.counterpart.map(|number| WalletId { number, shard: wallet.shard }),
            hash: Hash::from_hex(&self.hash)?,
        })
    }
}

/// Follows a chain row by row.
#[derive(Clone, Debug)]
pub struct Verifier {
    wallet: WalletId,
    seq: i64,
    settled: Credits,
    held: Credits,
    head: Hash,
    created_at: i64,
}

impl Verifier {
    /// Follows the chain from where a file begins; `None` where its header names no wallet or no hash.
    #[must_use]
    pub(crate) fn after_header(header: &Header) -> Option<Self> {
        let head = Hash::from_hex(&header.previous_hash)?;
        Some(Self::after(header.wallet.parse().ok()?, header.after, head, header.settled, header.held))
    }

    /// Follows the chain from where an archive of the wallet ends.
    #[must_use]
    pub(crate) const fn after_archive(wallet: WalletId, archived: &Span) -> Self {
        Self::after(wallet, archived.to, archived.last_hash, archived.settled, archived.held)
    }

    /// Starts before the first row of a wallet.
    #[must_use]
    pub fn new(wallet: WalletId) -> Self {
        let (settled, held) = (Credits::ZERO, Credits::ZERO);
        Self { wallet, seq: 0, settled, held, head: Hash::default(), created_at: i64::MIN }
    }

    /// Starts after a row, with what that row left.
    #[must_use]
    pub(crate) const fn after(wallet: WalletId, seq: i64, head: Hash, settled: Credits, held: Credits) -> Self {
        Self { wallet, seq, settled, held, head, created_at: i64::MIN }
    }

    /// Checks the next row: place, sums, time and hash.
    pub fn next(&mut self, entry: &Entry) -> Result<(), String> {
        let view = &entry.view;
        let place = self.seq.checked_add(1);
        if place != Some(view.seq) {
            return Err(format!("row {} follows row {}", view.seq, self.seq));
        }
        let told = |what: &str| Err(format!("row {}: {what}", view.seq));
        if self.settled.checked_add(view.amount) != Some(view.settled_after) {
            return told("settled does not follow from the row before");
        }
        if self.held.checked_add(view.held_change) != Some(view.held_after) {
            return told("held does not follow from the row before");
        }
        let shares = || entry.allocations.iter();
        if Credits::checked_sum(shares().map(|share| share.amount)) != Some(view.amount)
            || Credits::checked_sum(shares().map(|share| share.held)) != Some(view.held_change)
        {
            return told("its shares are not what it changes");
        }
        if view.created_at.timestamp_micros() < self.created_at {
            return told("its time is before the row before");
        }
        if !hash_chain::is_right(&self.head, entry) {
            return told("its hash is not the hash of what it says");
        }
        self.seq = view.seq;
        self.settled = view.settled_after;
        self.held = view.held_after;
        self.head = entry.hash;
        self.created_at = view.created_at.timestamp_micros();
        Ok(())
    }

    /// Gives where the chain stands.
    #[must_use]
    pub const fn head(&self) -> (i64, Hash) {
        (self.seq, self.head)
    }

    /// Names the wallet.
    #[must_use]
    pub const fn wallet(&self) -> WalletId {
        self.wallet
    }

    /// Gives settled and held after the newest row.
    #[must_use]
    pub(crate) const fn balances(&self) -> (Credits, Credits) {
        (self.settled, self.held)
    }
}
