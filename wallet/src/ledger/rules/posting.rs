//! A decision in the making: rows are posted one by one onto a copy of the wallet's numbers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::audit::hash_chain::entry_hash;
use crate::ledger::model::decision::{DecideError, Decision};
use crate::ledger::model::entry::{EntryKind, EntryView, GrantSource};
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::grant_limit::Purpose;
use crate::ledger::model::hash::Hash;
use crate::ledger::model::metadata;
use crate::ledger::model::request::Request;
use crate::ledger::model::wallet_state::{Allocation, Core, DEBT, Entry, Grant, Hold};
use crate::money::Credits;

/// A copy of the wallet's numbers, and the rows posted onto it so far.
pub(in crate::ledger) struct Posting<'a> {
    pub(in crate::ledger) core: Core,
    pub(in crate::ledger) request: &'a Request,
    pub(in crate::ledger) now: DateTime<Utc>,
    pub(in crate::ledger) holds: Vec<Hold>,
    pub(in crate::ledger) credited: Option<(i64, i64)>,
    entries: Vec<Entry>,
    own: Option<usize>,
}

/// What a row says; the posting adds numbers, time and hash.
pub(in crate::ledger) struct NewEntry {
    pub(in crate::ledger) kind: EntryKind,
    pub(in crate::ledger) operation: Option<String>,
    pub(in crate::ledger) title: Option<String>,
    pub(in crate::ledger) category: Option<String>,
    pub(in crate::ledger) quantity: i64,
    pub(in crate::ledger) refers_to: Option<i64>,
    /// What the row says that this one follows: it is about the same thing.
    pub(in crate::ledger) follows: Option<Arc<Value>>,
    pub(in crate::ledger) counterpart: Option<WalletId>,
    pub(in crate::ledger) detail: Option<EntryPayload>,
    pub(in crate::ledger) expires_at: Option<DateTime<Utc>>,
    pub(in crate::ledger) allocations: Vec<Allocation>,
}

impl NewEntry {
    /// Starts a row that says only its kind and shares.
    pub(in crate::ledger) const fn new(kind: EntryKind, allocations: Vec<Allocation>) -> Self {
        Self {
            kind,
            operation: None,
            title: None,
            category: None,
            quantity: 1,
            refers_to: None,
            follows: None,
            counterpart: None,
            detail: None,
            expires_at: None,
            allocations,
        }
    }
}

/// Says that a number does not fit; limits on amounts make it impossible.
pub(in crate::ledger) const OVERFLOW: DecideError = DecideError::Inconsistent("a number of the wallet is too large");

/// Adds two amounts.
pub(in crate::ledger) fn plus(a: Credits, b: Credits) -> Result<Credits, DecideError> {
    a.checked_add(b).ok_or(OVERFLOW)
}

/// Subtracts two amounts.
pub(in crate::ledger) fn minus(a: Credits, b: Credits) -> Result<Credits, DecideError> {
    a.checked_sub(b).ok_or(OVERFLOW)
}

/// Turns the sign of an amount.
pub(in crate::ledger) fn negated(a: Credits) -> Result<Credits, DecideError> {
    a.checked_neg().ok_or(OVERFLOW)
}

/// Sums amounts.
pub(in crate::ledger) fn sum(amounts: impl IntoIterator<Item = Credits>) -> Result<Credits, DecideError> {
    Credits::checked_sum(amounts).ok_or(OVERFLOW)
}

impl<'a> Posting<'a> {
    /// Starts from the wallet as it is; `now` never runs back within a wallet.
    pub(in crate::ledger) fn new(core: &Core, request: &'a Request, now: DateTime<Utc>) -> Self {
        Self {
            core: core.clone(),
            request,
            now: now.max(core.last_at),
            holds: Vec::new(),
            credited: None,
            entries: Vec::new(),
            own: None,
        }
    }

    /// Ends the posting.
    pub(in crate::ledger) fn finish(mut self) -> Result<Decision, DecideError> {
        if !self.entries.is_empty() {
            self.core.version = self.core.version.checked_add(1).ok_or(OVERFLOW)?;
        }
        Ok(Decision {
            entries: self.entries,
            own: self.own,
            core: self.core,
            holds: self.holds,
            credited: self.credited,
        })
    }

    /// Posts the command's own row and gives its `seq`.
    pub(in crate::ledger) fn post(&mut self, row: NewEntry) -> Result<i64, DecideError> {
        let request = self.request;
        self.own = Some(self.entries.len());
        let (metadata, text) = match row.follows.as_deref() {
            Some(of) if !of.is_null() => {
                let metadata = metadata::following(of, &request.metadata);
                let text = metadata.to_string().into();
                (metadata, Some(text))
            }
            _ => (request.metadata.clone(), request.metadata_text.clone()),
        };
        self.append(row, request.key.clone(), request.request_hash, request.actor.clone(), metadata, text)
    }

    /// Posts a row that follows by itself; its key is made from its own place.
    pub(in crate::ledger) fn post_consequence(&mut self, row: NewEntry, what: &str) -> Result<i64, DecideError> {
        let seq = self.core.seq.checked_add(1).ok_or(OVERFLOW)?;
        let key = IdempotencyKey::internal(format!("{what}:{seq}"));
        let hash = RequestHash::of(key.as_str().as_bytes());
        self.append(row, key, hash, Actor::system(what), Value::Null, None)
    }

    fn append(
        &mut self,
        row: NewEntry,
        key: IdempotencyKey,
        request_hash: RequestHash,
        actor: Actor,
        metadata: Value,
        metadata_text: Option<Arc<str>>,
    ) -> Result<i64, DecideError> {
        for allocation in &row.allocations {
            self.share(allocation)?;
        }
        let amount = sum(row.allocations.iter().map(|allocation| allocation.amount))?;
        let held_change = sum(row.allocations.iter().map(|allocation| allocation.held))?;
        let core = &mut self.core;
        core.seq = core.seq.checked_add(1).ok_or(OVERFLOW)?;
        core.settled = plus(core.settled, amount)?;
        core.held = plus(core.held, held_change)?;
        core.last_at = self.now;
        // Who pays shows that the wallet is wanted, although the payment's own command is the system's.
        let is_bought = row.kind == EntryKind::Grant && row.category.as_deref() == Some(GrantSource::TopUp.as_str());
        if is_bought || (Core::is_activity(row.kind) && !matches!(actor, Actor::System { .. })) {
            core.active_at = self.now;
        }
        if core.held.is_negative() {
            return Err(DecideError::Inconsistent("more is given back than is held"));
        }
        let view = EntryView {
            wallet: core.id,
            seq: core.seq,
            kind: row.kind,
            amount,
            held_change,
            settled_after: core.settled,
            held_after: core.held,
            operation: row.operation,
            title: row.title,
            category: row.category,
            quantity: row.quantity,
            refers_to: row.refers_to,
            actor,
            metadata,
            created_at: self.now,
        };
        let mut entry = Entry {
            view,
            metadata: metadata_text,
            detail: row.detail.and_then(|detail| detail.to_text()),
            allocations: row.allocations,
            expires_at: row.expires_at,
            key,
            request_hash,
            counterpart: row.counterpart,
            hash: Hash::default(),
        };
        entry.hash = entry_hash(&core.head, &entry);
        core.head = entry.hash;
        self.entries.push(entry);
        Ok(core.seq)
    }

    /// Moves one grant, or the debt, by its share.
    fn share(&mut self, allocation: &Allocation) -> Result<(), DecideError> {
        if allocation.grant == DEBT {
            self.core.debt = minus(self.core.debt, allocation.amount)?;
            return if self.core.debt.is_negative() {
                Err(DecideError::Inconsistent("more debt is repaid than there is"))
            } else {
                Ok(())
            };
        }
        let grant = self.grant_mut(allocation.grant)?;
        grant.held = plus(grant.held, allocation.held)?;
        grant.remaining = minus(plus(grant.remaining, allocation.amount)?, allocation.held)?;
        if grant.held.is_negative() || grant.remaining.is_negative() {
            return Err(DecideError::Inconsistent("more is taken from a grant than it has"));
        }
        Ok(())
    }

    /// Finds a grant to change.
    pub(in crate::ledger) fn grant_mut(&mut self, id: i64) -> Result<&mut Grant, DecideError> {
        self.core.grants.iter_mut().find(|grant| grant.id == id).ok_or(DecideError::Inconsistent("a grant is missing"))
    }

    /// Gives the debt that is still there for credits that come back into a grant: what has expired repays nothing.
    pub(in crate::ledger) fn debt_for(&self, grant: i64) -> Credits {
        let expired = self.core.grant(grant).is_some_and(|grant| grant.is_expired(self.now));
        if expired { Credits::ZERO } else { self.core.debt }
    }

    /// Tells what can be spent of one grant now; nothing while the wallet owes something.
    pub(in crate::ledger) fn left_of(&self, grant: i64) -> Credits {
        let live = self.core.grant(grant).filter(|grant| !grant.is_expired(self.now) && !self.core.debt.is_positive());
        live.map_or(Credits::ZERO, |grant| grant.remaining)
    }

    /// Tells what can be spent now.
    pub(in crate::ledger) fn available(&self) -> Result<Credits, DecideError> {
        self.core.available(self.now).ok_or(OVERFLOW)
    }

    /// Tells what can be spent on something now.
    pub(in crate::ledger) fn available_for(&self, purpose: Purpose<'_>) -> Result<Credits, DecideError> {
        self.core.available_for(purpose, self.now).ok_or(OVERFLOW)
    }
}
