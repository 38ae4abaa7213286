//! Reads of one wallet: its balance, its rows, one row with its receipt, a hold.

use chrono::{DateTime, Utc};

use super::Ledger;
use crate::db;
use crate::error::{Error, Refusal, Result};
use crate::id::WalletId;
use crate::idempotency::IdempotencyKey;
use crate::ledger::model::entry::{
    BalanceView, EntryDetail, EntryFilter, EntryKind, EntryPage, EntryView, GrantView, HoldView, Page,
};
use crate::ledger::model::entry_payload::EntryPayload;
use crate::ledger::model::wallet_state::Grant;
use crate::ledger::repo::{archive, expiry, holds, read};
use crate::ledger::rules::balance::{self, Balances};
use crate::money::Credits;

impl Ledger {
    /// Reads a wallet as it is now: what is over is gone, swept or not. [`crate::Wallet::balance`] also does what is
    /// due of the account's plan first.
    pub async fn balance(&self, wallet: WalletId) -> Result<BalanceView> {
        // One snapshot for both reads: the numbers and the grants belong together.
        let mut transaction = self.db.begin().await?;
        db::one_moment(&mut transaction).await?;
        let row = read::wallet(&mut *transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let mut grants = read::open_grants(&mut *transaction, wallet).await?;
        let now = self.db.now().max(row.last_at);
        let mut timed_out = Vec::new();
        // All of them, since each is part of the sum. While sweeps run these are the wallet's holds of the last minute
        // or two; after a long stop, those that timed out since the last sweep, read from the index of open ends.
        if row.held > 0 {
            let due = expiry::due_of(&mut *transaction, wallet, now, i64::MAX).await?;
            if !due.holds.is_empty() {
                timed_out = holds::timed_out(&mut transaction, wallet, &due.holds, now).await?;
            }
        }
        transaction.commit().await?;
        let now_has = balance::at(&mut grants, Credits::from_micros(row.debt), &timed_out, now);
        let Balances { settled, held, available } = now_has.ok_or_else(too_large)?;
        Ok(BalanceView {
            wallet,
            seq: row.seq,
            settled,
            held,
            available,
            grants: grants.iter().filter_map(|grant| grant_view(grant, now)).collect(),
            last_refill: row.last_refill.map(Credits::from_micros),
            frozen: row.frozen,
            inactive: self.writers.shared.rules().waits(row.active_at, now),
        })
    }

    /// Reads one page of a wallet's ledger, newest first. This and the other reads are for customers: staff have no
    /// name in them, the audit log has it.
    ///
    /// With a filter, a page may hold fewer rows than its limit, or none, though there are more: where `next` is there,
    /// the search goes on from it.
    pub async fn entries(&self, wallet: WalletId, filter: &EntryFilter, page: Page) -> Result<EntryPage> {
        let limit = page.limit.clamp(1, MAX_PAGE);
        if *filter != EntryFilter::default() {
            return self.search(wallet, filter, page, limit).await;
        }
        let before = page.before.unwrap_or(i64::MAX);
        let wanted = i64::from(limit).saturating_add(1);
        let mut entries = read::entries(self.db.pool(), wallet, filter, (0, before), wanted).await?;
        let more = entries.len() > usize::from(limit);
        entries.truncate(usize::from(limit));
        let entries: Vec<EntryView> = entries.into_iter().map(EntryView::redact_staff).collect();
        let next = if more { entries.last().map(|entry| entry.seq) } else { None };
        let at_end = next.is_none() && entries.last().is_none_or(|entry| entry.seq > 1);
        let archived = if at_end { self.archived(wallet).await? } else { None };
        Ok(EntryPage { entries, next, archived })
    }

    /// Reads the rows after a `seq`, oldest first, at most `limit`.
    pub async fn entries_after(&self, wallet: WalletId, seq: i64, limit: u16) -> Result<Vec<EntryView>> {
        let rows = read::entries_after(self.db.pool(), wallet, seq, i64::from(limit.clamp(1, MAX_PAGE))).await?;
        Ok(rows.into_iter().map(EntryView::redact_staff).collect())
    }

    /// Reads one row with everything that is known about it.
    pub async fn entry(&self, wallet: WalletId, seq: i64) -> Result<EntryDetail> {
        let mut connection = self.db.pool().acquire().await?;
        let Some(entry) = read::entry(&mut connection, wallet, seq).await?.map(EntryView::redact_staff) else {
            let span = archive::newest(&mut connection, wallet).await?.filter(|span| (1..=span.to).contains(&seq));
            return Err(span.map_or_else(|| Refusal::not_found("entry"), |span| archived_until(span.to)).into());
        };
        let proof = read::proof(&mut connection, wallet, seq).await?.ok_or_else(|| Refusal::not_found("entry"))?;
        let detail = proof.detail.as_deref().and_then(EntryPayload::from_text);
        let total = entry.taken()?;
        let receipt = detail.clone().and_then(|detail| {
            let (operation, title) = (entry.operation.clone(), entry.title.clone());
            detail.into_receipt(operation, title, entry.category.clone(), entry.quantity, total)
        });
        let reason = detail.as_ref().and_then(EntryPayload::reason).map(str::to_owned);
        let lines = detail.map(EntryPayload::into_lines).unwrap_or_default();
        let story = entry.refers_to.filter(|_| is_answer(entry.kind)).unwrap_or(seq);
        let mut timeline = read::story(&mut connection, wallet, story).await?;
        if timeline.len() < 2 {
            timeline.clear();
        }
        let timeline = timeline.into_iter().map(EntryView::redact_staff).collect();
        let key = IdempotencyKey::stored(proof.idem_key).sent().map(str::to_owned);
        let allocations = read::allocations(&mut connection, wallet, seq).await?;
        Ok(EntryDetail { entry, receipt, lines, reason, allocations, hash: proof.hash, timeline, idempotency_key: key })
    }

    /// Names the other wallet of a wallet's project: preview of production, and the other way round.
    pub(crate) async fn other_environment(&self, wallet: WalletId) -> Result<Option<WalletId>> {
        read::other_environment(self.db.pool(), wallet).await
    }

    /// Reads a hold.
    pub async fn hold(&self, wallet: WalletId, seq: i64) -> Result<HoldView> {
        let mut connection = self.db.pool().acquire().await?;
        let found = holds::read(&mut connection, &[(wallet, seq)]).await?.into_iter().next();
        let (_, hold) = found.ok_or_else(|| Refusal::not_found("hold"))?;
        Ok(hold.view(wallet, self.db.now()))
    }
}

/// The most rows in one page.
const MAX_PAGE: u16 = 200;

/// Says whether a kind of row answers the row that it refers to, within one wallet.
const fn is_answer(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Capture | EntryKind::Release | EntryKind::HoldExpired | EntryKind::CreditBack)
}

/// Refuses to show a row that was moved to a file; the first one that is here is named.
pub(super) fn archived_until(last: i64) -> Refusal {
    let first = last.saturating_add(1);
    Refusal::not_found(format!("entry (the rows up to {last} are archived; the first one here is {first})"))
}

/// Shows a grant as it is at a moment: what of it has expired is gone, swept or not; `None` where nothing is left.
pub(super) fn grant_view(grant: &Grant, at: DateTime<Utc>) -> Option<GrantView> {
    let terms = &grant.terms;
    let remaining = if grant.is_expired(at) { Credits::ZERO } else { grant.remaining };
    (remaining.is_positive() || grant.held.is_positive()).then(|| GrantView {
        id: grant.id,
        seq: terms.seq,
        source: terms.source,
        label: terms.label.clone(),
        granted: terms.granted,
        remaining,
        held: grant.held,
        priority: terms.priority,
        effective_at: terms.effective_at,
        expires_at: terms.expires_at,
        cost: terms.cost,
        reference: terms.reference.clone(),
        limit: terms.limit.clone(),
    })
}

/// Tells that the numbers of a wallet do not fit.
pub(in crate::ledger) fn too_large() -> Error {
    Error::internal("a wallet's numbers are too large")
}
