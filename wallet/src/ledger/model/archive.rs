//! Files of ledger rows: their header, and what their check has said.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::ledger::model::hash::Hash;
use crate::money::Credits;

/// The form of export files.
pub(crate) const EXPORT_FORM: u32 = 1;

/// The first line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The form of the file: 1.
    pub(crate) scrip_ledger: u32,
    /// The wallet.
    pub wallet: String,
    /// The `seq` of the row before the first one of the file; 0 for a ledger from its beginning.
    pub after: i64,
    /// The hash of that row; zeros for a ledger from its beginning.
    pub(crate) previous_hash: String,
    /// Settled after that row.
    pub settled: Credits,
    /// Held after that row.
    pub held: Credits,
}

impl Header {
    /// Makes the header of a file that starts after a row.
    #[must_use]
    pub(crate) fn new(wallet: WalletId, after: i64, previous: &Hash, settled: Credits, held: Credits) -> Self {
        let (wallet, previous_hash) = (wallet.to_string(), previous.to_string());
        Self { scrip_ledger: EXPORT_FORM, wallet, after, previous_hash, settled, held }
    }
}

/// What verified files say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The wallet.
    pub wallet: WalletId,
    /// The row before the first one.
    pub after: i64,
    /// How many rows.
    pub rows: u64,
    /// The last row.
    pub seq: i64,
    /// The last row's hash: compare it with a checkpoint.
    pub hash: String,
    /// Settled after the last row.
    pub settled: Credits,
    /// Held after the last row.
    pub held: Credits,
    /// How many checkpoints lie on these rows.
    pub heads: u64,
}

/// A file with a part's rows, on the disk and read back.
#[derive(Clone, Debug)]
pub struct ArchiveFile {
    /// Its name, without the folder.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// The hash of its bytes.
    pub sha256: Hash,
    /// What its check has said.
    pub verified: Verified,
}

/// The oldest rows of a ledger, which were moved to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedRows {
    /// The last of them.
    pub to: i64,
    /// When that was written.
    pub until: DateTime<Utc>,
}

/// One archive of a wallet: its last row, and what that row left.
pub(crate) struct Span {
    pub to: i64,
    pub(crate) last_hash: Hash,
    pub settled: Credits,
    pub held: Credits,
    pub last_at: DateTime<Utc>,
}

impl Span {
    pub(crate) fn new(to: i64, last_hash: &[u8], settled: i64, held: i64, last_at: DateTime<Utc>) -> Result<Self> {
        let last_hash = Hash::from_slice(last_hash).ok_or_else(|| Error::internal("a hash is not 32 bytes"))?;
        let (settled, held) = (Credits::from_micros(settled), Credits::from_micros(held));
        Ok(Self { to, last_hash, settled, held, last_at })
    }

    /// Makes the header of a file that goes on from here.
    pub(crate) fn header(&self, wallet: WalletId) -> Header {
        Header::new(wallet, self.to, &self.last_hash, self.settled, self.held)
    }
}
