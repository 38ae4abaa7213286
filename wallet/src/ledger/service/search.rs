//! Searches and files: rows that match a filter, looked for in a bounded number of rows at a time.
//!
//! No index knows what a filter asks for, since each would be written by every charge. So a search reads the wallet's
//! own rows from the newest on, in parts that lie together, and stops where its page is full or its time is over; the
//! page then says where to go on. A filter by time is turned into places first, and reads nothing outside of them.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::db::{self, ReadPlace, ReadTurn};
use crate::error::{Refusal, Result};
use crate::id::{AccountId, WalletId};
use crate::ledger::model::archive::{ArchivedRows, Span};
use crate::ledger::model::entry::{EntryFilter, EntryPage, EntryView, Page};
use crate::ledger::repo::{archive, controls, read};
use crate::ledger::service::Ledger;
use crate::ledger::service::as_of::newest_at;

/// Rows that one statement of a search looks at: some 20 ms.
const PART: i64 = 20_000;
/// A search that has taken so long looks at no further part.
const TIME: Duration = Duration::from_millis(150);
/// Rows that one statement of a file gives.
const FILE_PAGE: u16 = 1_000;
/// The accounts of wallets that are kept in memory.
const OWNERS_MAX: usize = 20_000;

/// A ledger that is being written to a file, part by part. It keeps a place in its account's queue of long reads.
#[derive(Debug)]
pub struct Export {
    wallet: WalletId,
    place: ReadPlace,
}

impl Ledger {
    /// Waits for a turn of a wallet's account among the long reads.
    pub(crate) async fn long_read(&self, wallet: WalletId) -> Result<ReadTurn> {
        let account = self.owner(wallet).await?;
        self.db.reads().begin(account).await
    }

    /// Names the account of a wallet, which never changes.
    async fn owner(&self, wallet: WalletId) -> Result<AccountId> {
        let owners = || self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = owners().get(&wallet) {
            return Ok(*account);
        }
        let mut connection = self.db.pool().acquire().await?;
        let account = controls::account(&mut connection, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let mut owners = owners();
        if owners.len() >= OWNERS_MAX {
            owners.clear();
        }
        owners.insert(wallet, account);
        Ok(account)
    }

    /// Searches one page of rows that match, newest first.
    pub(in crate::ledger) async fn search(
        &self,
        wallet: WalletId,
        filter: &EntryFilter,
        page: Page,
        limit: u16,
    ) -> Result<EntryPage> {
        let turn = self.long_read(wallet).await?;
        search(turn, wallet, filter, page, limit).await
    }

    /// Begins a file of a wallet's rows; refuses where the account writes too many already.
    pub async fn export(&self, wallet: WalletId) -> Result<Export> {
        let place = self.db.reads().enter(self.owner(wallet).await?)?;
        Ok(Export { wallet, place })
    }
}

impl Export {
    /// Gives the rows of one part that match, newest first, and where the next part begins. A part may hold none.
    pub async fn part(&self, filter: &EntryFilter, before: Option<i64>) -> Result<EntryPage> {
        let page = Page { before, limit: FILE_PAGE };
        let turn = loop {
            match self.place.turn().await {
                // Half a file helps nobody: it waits, with the one place that it has.
                Err(error) if matches!(error.refusal(), Some(Refusal::RateLimited { .. })) => {}
                turn => break turn?,
            }
        };
        search(turn, self.wallet, filter, page, FILE_PAGE).await
    }
}

/// Reads rows that match, part by part, and ends the turn.
async fn search(
    mut turn: ReadTurn,
    wallet: WalletId,
    filter: &EntryFilter,
    page: Page,
    limit: u16,
) -> Result<EntryPage> {
    let began = Instant::now();
    let connection = turn.connection()?;
    db::one_moment(connection).await?;
    let row = read::wallet(&mut *connection, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
    let archived = archive::newest(connection, wallet).await?;
    let (after, until) = places(connection, wallet, row.seq, archived.as_ref(), filter).await?;
    let limit = usize::from(limit);
    let mut entries: Vec<EntryView> = Vec::new();
    // Rows from this one on are read, or newer than what was asked for.
    let mut before = page.before.unwrap_or(i64::MAX).min(until.saturating_add(1));
    while before > after.saturating_add(1) && entries.len() <= limit {
        let from = before.saturating_sub(PART).max(after.saturating_add(1));
        let wanted = limit.saturating_add(1).saturating_sub(entries.len());
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        entries.extend(read::entries(&mut *connection, wallet, filter, (from, before), wanted).await?);
        before = from;
        if began.elapsed() >= TIME {
            break;
        }
    }
    turn.end().await?;
    let is_full = entries.len() > limit;
    entries.truncate(limit);
    let entries: Vec<EntryView> = entries.into_iter().map(EntryView::redact_staff).collect();
    let next = match is_full {
        true => entries.last().map(|entry| entry.seq),
        false => Some(before).filter(|before| *before > after.saturating_add(1)),
    };
    let archived = archived
        .filter(|span| next.is_none() && after <= span.to)
        .map(|span| ArchivedRows { to: span.to, until: span.last_at });
    Ok(EntryPage { entries, next, archived })
}

/// Finds the rows between which a filter's time lies: the first excluded, the second included. What is archived is left
/// out.
async fn places(
    connection: &mut PgConnection,
    wallet: WalletId,
    newest: i64,
    archived: Option<&Span>,
    filter: &EntryFilter,
) -> Result<(i64, i64)> {
    let begin = archived.map_or(0, |span| span.to);
    // The last instant before one; what is archived has no place any more.
    let last_before = |at: DateTime<Utc>| {
        let before = at.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(DateTime::<Utc>::MIN_UTC);
        if archived.is_some_and(|span| before < span.last_at) { None } else { Some(before) }
    };
    let after = match filter.from.and_then(last_before) {
        Some(at) => newest_at(connection, wallet, newest, archived, at).await?,
        None => begin,
    };
    let until = match filter.to.map(last_before) {
        None => newest,
        Some(None) => begin,
        Some(Some(at)) => newest_at(connection, wallet, newest, archived, at).await?,
    };
    Ok((after, until))
}
