//! The hash chain of a wallet: every row's hash covers the hash before it and everything that the row says.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::ledger::model::hash::Hash;
use crate::ledger::model::wallet_state::Entry;

/// Leads every encoding, so that a later form can't be taken for this one.
const FORM: &[u8] = b"scrip-entry-1";
/// Leads the encoding of a hold, which also says when it times out.
const FORM_OF_HOLD: &[u8] = b"scrip-entry-2";

/// Feeds fields to the hash, each with its length, so that no two rows share an encoding.
struct Encoder(Sha256);

impl Encoder {
    fn bytes(&mut self, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => {
                self.0.update([1]);
                self.bytes(bytes);
            }
            None => self.0.update([0]),
        }
    }

    fn text(&mut self, text: Option<&str>) {
        self.optional(text.map(str::as_bytes));
    }
}

/// Computes the hash of a row that follows `previous` (all zeros before the first row).
#[must_use]
pub fn entry_hash(previous: &Hash, entry: &Entry) -> Hash {
    encode(previous, entry, entry.expires_at)
}

/// Says whether a row's hash is the hash of what it says. Holds of older versions of Scrip don't cover when they time
/// out.
#[must_use]
pub(crate) fn is_right(previous: &Hash, entry: &Entry) -> bool {
    entry_hash(previous, entry) == entry.hash
        || (entry.expires_at.is_some() && encode(previous, entry, None) == entry.hash)
}

fn encode(previous: &Hash, entry: &Entry, expires_at: Option<DateTime<Utc>>) -> Hash {
    let view = &entry.view;
    let mut to = Encoder(Sha256::new());
    to.0.update(if expires_at.is_some() { FORM_OF_HOLD } else { FORM });
    to.0.update(previous.as_bytes());
    to.number(i64::from(view.wallet.shard.as_i16()));
    to.number(view.wallet.number);
    to.number(view.seq);
    to.number(i64::from(view.kind.code()));
    to.number(view.amount.micros());
    to.number(view.held_change.micros());
    to.number(view.settled_after.micros());
    to.number(view.held_after.micros());
    to.text(view.operation.as_deref());
    to.text(view.title.as_deref());
    to.text(view.category.as_deref());
    to.number(view.quantity);
    to.number(view.refers_to.unwrap_or(0));
    to.number(entry.counterpart.map_or(0, |wallet| wallet.number));
    to.number(i64::from(view.actor.code()));
    to.optional(view.actor.uuid().as_ref().map(|id| id.as_bytes().as_slice()));
    to.bytes(view.actor.name().as_bytes());
    to.text(entry.metadata.as_deref());
    to.text(entry.detail.as_deref());
    to.bytes(entry.key.as_str().as_bytes());
    to.bytes(entry.request_hash.as_bytes());
    to.number(view.created_at.timestamp_micros());
    to.number(i64::try_from(entry.allocations.len()).unwrap_or(i64::MAX));
    for allocation in &entry.allocations {
        to.number(allocation.grant);
        to.number(allocation.amount.micros());
        to.number(allocation.held.micros());
    }
    if let Some(expires_at) = expires_at {
        to.number(expires_at.timestamp_micros());
    }
    Hash::from_bytes(to.0.finalize().into())
}
