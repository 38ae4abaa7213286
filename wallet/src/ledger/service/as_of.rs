//! The past: balance, grants and holds at any instant.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::db;
use crate::error::{Refusal, Result};
use crate::id::WalletId;
use crate::ledger::model::archive::Span;
use crate::ledger::model::entry::{BalanceView, GrantSource, HoldState, HoldView};
use crate::ledger::model::wallet_state::{DEBT, Grant, Hold};
use crate::ledger::repo::{archive, as_of, holds, read};
use crate::ledger::rules::balance::{self, Balances};
use crate::ledger::rules::hold::MAX_LIFETIME;
use crate::ledger::service::Ledger;
use crate::ledger::service::archive::too_old;
use crate::ledger::service::reads::{grant_view, too_large};
use crate::money::Credits;

impl Ledger {
    /// Reads a wallet as it was at a past instant: what was over by then was gone, swept or not.
    ///
    /// Time never runs back within a wallet, so the row is found by halving; the grants are counted from the nearer
    /// end, the beginning or now.
    pub async fn balance_at(&self, wallet: WalletId, at: DateTime<Utc>) -> Result<BalanceView> {
        let mut turn = self.long_read(wallet).await?;
        let transaction = turn.connection()?;
        db::one_moment(transaction).await?;
        let now = read::wallet(&mut *transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let archived = archive::newest(transaction, wallet).await?;
        let seq = newest_at(transaction, wallet, now.seq, archived.as_ref(), at).await?;
        let held = held_at(transaction, wallet, seq, archived.as_ref()).await?;
        let (mut grants, debt) = grants_at(transaction, wallet, seq, now.seq, now.debt).await?;
        let moment = at.min(self.db.now());
        let mut timed_out = Vec::new();
        if held.is_positive() {
            let open = self.open_at(transaction, wallet, (seq, held), archived.as_ref(), at).await?;
            timed_out = holds::timed_out(transaction, wallet, &open, moment).await?;
        }
        turn.end().await?;
        let then = balance::at(&mut grants, debt, &timed_out, moment);
        let Balances { settled, held, available } = then.ok_or_else(too_large)?;
        let refill = |grant: &&Grant| {
            matches!(grant.terms.source, GrantSource::TopUp | GrantSource::Allowance | GrantSource::OneTime)
        };
        let last_refill = grants.iter().filter(refill).max_by_key(|grant| grant.id).map(|grant| grant.terms.granted);
        Ok(BalanceView {
            wallet,
            seq,
            settled,
            held,
            available,
            grants: grants.iter().filter_map(|grant| grant_view(grant, moment)).collect(),
            last_refill,
            frozen: None,
            inactive: false,
        })
    }

    /// Finds the newest row at or before a past instant; 0 before the first.
    pub(crate) async fn newest_at(&self, wallet: WalletId, at: DateTime<Utc>) -> Result<i64> {
        let mut transaction = self.db.begin().await?;
        db::one_moment(&mut transaction).await?;
        let now = read::wallet(&mut *transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let archived = archive::newest(&mut transaction, wallet).await?;
        let seq = newest_at(&mut transaction, wallet, now.seq, archived.as_ref(), at).await?;
        transaction.commit().await?;
        Ok(seq)
    }

    /// Reads the holds that were set aside at a past instant; one whose time was over by then, and that no sweep had
    /// come to, shows as expired. The lines of one that is archived since are in its file.
    pub async fn holds_at(&self, wallet: WalletId, at: DateTime<Utc>) -> Result<Vec<HoldView>> {
        let mut turn = self.long_read(wallet).await?;
        let transaction = turn.connection()?;
        db::one_moment(transaction).await?;
        let now = read::wallet(&mut *transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let archived = archive::newest(transaction, wallet).await?;
        let seq = newest_at(transaction, wallet, now.seq, archived.as_ref(), at).await?;
        let held = held_at(transaction, wallet, seq, archived.as_ref()).await?;
        let open = self.open_at(transaction, wallet, (seq, held), archived.as_ref(), at).await?;
        let wanted: Vec<(WalletId, i64)> = open.into_iter().map(|hold| (wallet, hold)).collect();
        let mut found = holds::read(transaction, &wanted).await?;
        turn.end().await?;
        found.sort_by_key(|(_, hold)| hold.seq);
        let moment = at.min(self.db.now());
        // As it was then, whatever has become of it since.
        let then = |hold: &Hold| {
            let open = Hold { state: HoldState::Open, captured: Credits::ZERO, finished_by: None, ..hold.clone() };
            open.view(wallet, moment)
        };
        Ok(found.iter().map(|(_, hold)| then(hold)).collect())
    }

    /// Names the holds that no row had finished right after a row, which left so much set aside.
    async fn open_at(
        &self,
        connection: &mut PgConnection,
        wallet: WalletId,
        (seq, held): (i64, Credits),
        archived: Option<&Span>,
        at: DateTime<Utc>,
    ) -> Result<Vec<i64>> {
        let from = placed_since(at.min(self.db.now())).filter(|from| archived.is_none_or(|span| span.last_at <= *from));
        let from = match from {
            Some(from) => newest_at(connection, wallet, seq, archived, from).await?,
            None => 0,
        };
        let mut open = holds::open_at(connection, wallet, (from, seq)).await?;
        if Credits::checked_sum(open.iter().map(|(_, amount)| *amount)) != Some(held) {
            // One that was placed earlier: it timed out while no sweep ran.
            open = holds::open_at(connection, wallet, (0, seq)).await?;
        }
        Ok(open.into_iter().map(|(hold, _)| hold).collect())
    }

    /// Reads the holds that are open now: not those whose time is over, swept or not.
    #[doc(hidden)]
    pub async fn open_holds(&self, wallet: WalletId) -> Result<Vec<HoldView>> {
        let mut holds = self.holds_at(wallet, DateTime::<Utc>::MAX_UTC).await?;
        holds.retain(|hold| hold.state == HoldState::Open);
        Ok(holds)
    }
}

/// Tells what was set aside right after a row.
async fn held_at(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
    archived: Option<&Span>,
) -> Result<Credits> {
    if let Some(span) = archived.filter(|span| span.to == seq) {
        return Ok(span.held);
    }
    let moment = as_of::moment(connection, wallet, seq).await?;
    Ok(moment.map_or(Credits::ZERO, |moment| Credits::from_micros(moment.held_after)))
}

/// Tells since when holds were placed that can be open at an instant: no hold lasts longer than seven days.
fn placed_since(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    at.checked_sub_signed(TimeDelta::seconds(i64::from(MAX_LIFETIME)))
}

/// Finds the newest row at or before an instant, by halving; 0 before the first. What is archived can't be told.
pub(in crate::ledger) async fn newest_at(
    connection: &mut PgConnection,
    wallet: WalletId,
    newest: i64,
    archived: Option<&Span>,
    at: DateTime<Utc>,
) -> Result<i64> {
    if let Some(span) = archived.filter(|span| at < span.last_at) {
        return Err(too_old(span.last_at).into());
    }
    let (mut known, mut beyond) = (archived.map_or(0, |span| span.to), newest.saturating_add(1));
    let mut probe = newest;
    while known.saturating_add(1) < beyond {
        match as_of::moment(connection, wallet, probe).await? {
            Some(moment) if moment.created_at <= at => known = moment.seq.max(known.saturating_add(1)),
            _ => beyond = probe,
        }
        probe = known.midpoint(beyond);
    }
    Ok(known)
}

/// Counts what the grants had right after a row, and the debt.
async fn grants_at(
    connection: &mut PgConnection,
    wallet: WalletId,
    seq: i64,
    newest: i64,
    debt_now: i64,
) -> Result<(Vec<Grant>, Credits)> {
    let mut grants = as_of::grants_until(connection, wallet, seq).await?;
    let from_start = seq < newest / 2;
    let stretch = if from_start { (0, seq) } else { (seq, newest) };
    let changes = as_of::changes(connection, wallet, stretch.0, stretch.1).await?;
    let changes: HashMap<i64, (i64, i64)> =
        changes.into_iter().map(|(grant, had, held)| (grant, (had, held))).collect();
    let change = |grant: i64| changes.get(&grant).copied().unwrap_or((0, 0));
    for grant in &mut grants {
        let (had, held) = change(grant.id);
        if from_start {
            as_of::set(grant, had, held);
        } else {
            let has = grant.remaining.micros().saturating_add(grant.held.micros());
            as_of::set(grant, has.saturating_sub(had), grant.held.micros().saturating_sub(held));
        }
    }
    let (debt_change, _) = change(DEBT);
    let debt = if from_start { debt_change.saturating_neg() } else { debt_now.saturating_add(debt_change) };
    Ok((grants, Credits::from_micros(debt)))
}
