//! Archives: old rows of a wallet leave the table for a file that `scrip ledger verify` accepts.
//!
//! Moving a part takes three steps, and stopping between any two of them loses nothing and doubles nothing:
//!
//! 1. [`Ledger::archive_part`] reads the oldest rows, at most [`PART_ROWS`]; the newest row of a wallet always stays;
//! 2. the caller writes them to a file, makes sure that it is on the disk, reads it back and verifies it;
//! 3. [`Ledger::archive`] writes, in one transaction under the wallet's lock: the record of the file, what the keys of
//!    the rows did (they answer repeats for ever), the rows' sums by grant and by kind (for the invariants), and
//!    removes the rows. The table's guard lets a row go only under such a record.
//!
//! A file without a record is a leftover of a stop between 2 and 3: its rows are still in the table, and the next run
//! writes the same bytes under the same name. Wallets, grants and budgets stay whole, and so do the rows from the
//! oldest open hold on: decisions need them. Of a finished hold stays what has become of it.

use chrono::{DateTime, Utc};

use crate::db;
use crate::error::{Error, Problem, Refusal, Result};
use crate::id::WalletId;
use crate::ledger::audit::chain_verifier::ProvenEntry;
use crate::ledger::model::archive::{ArchiveFile, ArchivedRows, Header, Verified};
use crate::ledger::model::hash::Hash;
use crate::ledger::model::wallet_state::Entry;
use crate::ledger::repo::{archive, holds, verify};
use crate::ledger::service::Ledger;

/// The most rows of one file, and of the transaction that removes them.
pub(crate) const PART_ROWS: i64 = 5_000;

/// Rows that may leave.
#[derive(Clone, Debug)]
pub struct ArchivePart {
    wallet: WalletId,
    header: Header,
    rows: Vec<Entry>,
}

impl ArchivePart {
    /// Names the file: the same for the same rows.
    #[must_use]
    pub fn file_name(&self) -> String {
        let (from, to) = self.span();
        format!("{}-{from:012}-{to:012}.jsonl", self.wallet)
    }

    /// Gives the first and the last row.
    #[must_use]
    pub fn span(&self) -> (i64, i64) {
        let seq = |row: Option<&Entry>| row.map_or(self.header.after, |row| row.view.seq);
        (seq(self.rows.first()), seq(self.rows.last()))
    }

    /// Gives the file's lines, the header first.
    pub fn lines(&self) -> impl Iterator<Item = Result<String>> {
        let header = serde_json::to_string(&self.header).map_err(Error::from);
        let rows = self.rows.iter().map(|row| serde_json::to_string(&ProvenEntry::from(row)).map_err(Error::from));
        std::iter::once(header).chain(rows)
    }

    /// Says whether a file holds exactly these rows.
    fn is_in(&self, verified: &Verified) -> bool {
        let (_, to) = self.span();
        let last = self.rows.last().map(|row| row.hash.to_string());
        verified.wallet == self.wallet
            && (verified.after, verified.seq) == (self.header.after, to)
            && usize::try_from(verified.rows) == Ok(self.rows.len())
            && Some(&verified.hash) == last.as_ref()
    }
}

impl Ledger {
    /// Names wallets with rows that are older than `before`, after a wallet, in the order of their ids.
    pub async fn archive_due(
        &self,
        before: DateTime<Utc>,
        after: Option<WalletId>,
        limit: i64,
    ) -> Result<Vec<WalletId>> {
        archive::due(self.db.pool(), before, after, limit).await
    }

    /// Reads the oldest rows of a wallet that are older than `before`; `None` where there is none that may leave.
    pub async fn archive_part(&self, wallet: WalletId, before: DateTime<Utc>) -> Result<Option<ArchivePart>> {
        let mut transaction = self.db.begin().await?;
        db::one_moment(&mut transaction).await?;
        let place = archive::place(&mut transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let header = match archive::newest(&mut transaction, wallet).await? {
            Some(span) => span.header(wallet),
            None => Header::new(wallet, 0, &Hash::default(), Default::default(), Default::default()),
        };
        let mut rows = verify::chain_after(&mut transaction, wallet, place.archived, PART_ROWS).await?;
        let last = rows.last().map_or(place.archived, |row| row.view.seq);
        // Its lines are asked for when it is captured.
        let open = holds::first_open(&mut transaction, wallet, place.archived, last).await?;
        transaction.commit().await?;
        let end = open.unwrap_or(place.seq).min(place.seq);
        let stays = rows.iter().position(|row| row.view.created_at >= before || row.view.seq >= end);
        rows.truncate(stays.unwrap_or(rows.len()));
        Ok((!rows.is_empty()).then_some(ArchivePart { wallet, header, rows }))
    }

    /// Removes a part's rows, which are in a verified file by now; `false` where somebody else has done it meanwhile.
    pub async fn archive(&self, part: &ArchivePart, file: &ArchiveFile) -> Result<bool> {
        let (from, to) = part.span();
        let span = (part.wallet, from, to);
        let (Some(last), Some(previous)) = (part.rows.last(), Hash::from_hex(&part.header.previous_hash)) else {
            return Err(Error::internal("a part without rows"));
        };
        if !part.is_in(&file.verified) {
            return Err(Error::internal(format!("{} does not hold the rows {from} to {to}", file.name)));
        }
        let mut transaction = self.db.begin().await?;
        if !archive::advance(&mut transaction, part.wallet, from, to).await? {
            return Ok(false);
        }
        if !archive::record(&mut transaction, span, (&previous, &last.hash), file, self.db.now()).await? {
            let what = format!("{}: the rows {from} to {to} are not what was read or signed", part.wallet);
            return Err(Error::internal(what));
        }
        archive::keep_keys(&mut transaction, part.wallet, &part.rows).await?;
        archive::keep_sums(&mut transaction, span).await?;
        holds::keep(&mut transaction, span).await?;
        let removed = archive::remove(&mut transaction, span).await?;
        if usize::try_from(removed) != Ok(part.rows.len()) {
            return Err(Error::internal(format!("{}: {removed} rows from {from} to {to}", part.wallet)));
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Tells which rows of a wallet are archived; `None` where there are none.
    pub async fn archived(&self, wallet: WalletId) -> Result<Option<ArchivedRows>> {
        let mut connection = self.db.pool().acquire().await?;
        let span = archive::newest(&mut connection, wallet).await?;
        Ok(span.map(|span| ArchivedRows { to: span.to, until: span.last_at }))
    }
}

/// Refuses to tell the past before an instant.
pub(in crate::ledger) fn too_old(until: DateTime<Utc>) -> Refusal {
    let message = format!("What happened until {} is archived.", until.to_rfc3339());
    Refusal::unprocessable("at", Problem::Expired, message)
}
