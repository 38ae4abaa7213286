//! The ledger's handle: submit a command, read a wallet, watch it, prove it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::sync::watch;

use super::balance::{self, Balances};
use super::batch::Work;
use super::detail::Detail;
use super::entry::EntryKind;
use super::metadata::{self, NESTING_MAX};
use super::repo::{archive, holds, read, store, sweep};
use super::state::{Grant, Request, Rules};
use super::writer::Writers;
use super::{BalanceView, Command, EntryDetail, EntryFilter, EntryPage, EntryView, GrantView, HoldView, Outcome, Page};
use crate::db::{self, Db, has_nul};
use crate::error::{Error, FieldError, Problem, Refusal, Result};
use crate::id::{AccountId, ProjectId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{Actor, Environment};
use crate::money::Credits;

/// A command on its way to a wallet.
#[derive(Clone)]
pub struct Envelope {
    /// Whose wallet (the giving one, for a transfer).
    pub wallet: WalletId,
    /// What makes a repeat answer as the first did.
    pub key: IdempotencyKey,
    /// The hash of the caller's request; the command's own where nothing is said. A caller whose command depends
    /// on more than its request (a price) must say it, or a repeat after a price change would be refused.
    pub request_hash: Option<RequestHash>,
    /// What to do.
    pub command: Command,
    /// Who asks.
    pub actor: Actor,
    /// What the caller sends along: a JSON object, or null.
    pub metadata: serde_json::Value,
    /// What must happen in the same transaction.
    pub rider: Option<Arc<dyn Rider>>,
}

impl Envelope {
    /// Makes an envelope without metadata and rider.
    #[must_use]
    pub fn new(wallet: WalletId, key: IdempotencyKey, actor: Actor, command: Command) -> Self {
        Self { wallet, key, request_hash: None, command, actor, metadata: serde_json::Value::Null, rider: None }
    }

    /// Adds what must happen in the same transaction.
    #[must_use]
    pub fn with_rider(mut self, rider: Arc<dyn Rider>) -> Self {
        self.rider = Some(rider);
        self
    }

    /// Adds what the caller sends along.
    #[must_use]
    pub fn with_metadata(mut self, metadata: serde_json::Value) -> Self {
        self.metadata = metadata;
        self
    }

    /// Adds the hash of the caller's request.
    #[must_use]
    pub const fn with_request_hash(mut self, hash: RequestHash) -> Self {
        self.request_hash = Some(hash);
        self
    }
}

/// Something that must happen in the same transaction as an entry: a payment settles together with its grant.
///
/// The wallet's row is locked while it runs, so it must be short and may only use the given connection. The caller
/// must hold no locks that the rider takes: it would wait for itself. It also runs when the command is a replay
/// (`outcome.replayed`), and an error of it undoes the command.
#[async_trait]
pub trait Rider: Send + Sync {
    /// Runs after the entry was written and before the commit.
    async fn ride(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()>;
}

/// A wallet to make.
#[derive(Clone, Copy, Debug)]
pub struct NewWallet {
    /// Who pays.
    pub account: AccountId,
    /// What spends.
    pub project: ProjectId,
    /// What it is used for.
    pub environment: Environment,
}

/// How the ledger works on this node.
#[derive(Clone, Debug, Default)]
pub struct LedgerOptions {
    /// How many writers; as many as cores where nothing is said.
    pub writers: Option<usize>,
    /// How long a writer reads wallets first after its memory was stale too often; a second where nothing is said.
    pub read_first_for: Option<Duration>,
}

/// The ledger's handle; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    pub(super) db: Db,
    pub(super) writers: Arc<Writers>,
    /// Whose wallets are, as far as this node was asked: which account's share a long read is of.
    pub(super) owners: Arc<Mutex<HashMap<WalletId, AccountId>>>,
}

impl Ledger {
    /// Starts the ledger's writers.
    pub(crate) fn start(db: Db, options: &LedgerOptions) -> Self {
        let writers = Arc::new(Writers::start(&db, options));
        Self { db, writers, owners: Arc::default() }
    }

    /// Does one command, once: answers after the commit. A caller that goes away changes nothing.
    ///
    /// Commands of many callers share a transaction; one with a rider has its own. The caller must not hold a
    /// transaction with locks that the command or its rider needs.
    pub async fn submit(&self, envelope: Envelope) -> Result<Outcome> {
        let rider = envelope.rider.clone();
        let work = envelope.work()?;
        match rider {
            None => self.writers.submit(work).await,
            Some(rider) => Box::pin(self.writers.submit_alone(work, rider)).await,
        }
    }

    /// Makes a wallet in the caller's transaction.
    pub async fn create_wallet_in_tx(&self, connection: &mut PgConnection, wallet: NewWallet) -> Result<WalletId> {
        let id = WalletId::new(wallet.account);
        store::create_wallet(connection, id, &wallet, self.db.now()).await?;
        Ok(id)
    }

    /// Reads a wallet as it is now: what is over is gone, swept or not. [`crate::Wallet::balance`] also does what is due of
    /// the account's plan first.
    pub async fn balance(&self, wallet: WalletId) -> Result<BalanceView> {
        // One snapshot for both reads: the numbers and the grants belong together.
        let mut transaction = self.db.begin().await?;
        db::one_moment(&mut transaction).await?;
        let row = read::wallet(&mut *transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let mut grants = read::open_grants(&mut *transaction, wallet).await?;
        let now = self.db.now().max(row.last_at);
        let mut timed_out = Vec::new();
        if row.held > 0 {
            let due = sweep::due_of(&mut *transaction, wallet, now, i64::MAX).await?;
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

    /// Reads one page of a wallet's ledger, newest first. This and the other reads are for customers: staff have no name in
    /// them, the audit log has it.
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
        let entries: Vec<EntryView> = entries.into_iter().map(EntryView::outside).collect();
        let next = if more { entries.last().map(|entry| entry.seq) } else { None };
        let at_end = next.is_none() && entries.last().is_none_or(|entry| entry.seq > 1);
        let archived = if at_end { self.archived(wallet).await? } else { None };
        Ok(EntryPage { entries, next, archived })
    }

    /// Reads the rows after a `seq`, oldest first, at most `limit`.
    pub async fn entries_after(&self, wallet: WalletId, seq: i64, limit: u16) -> Result<Vec<EntryView>> {
        let rows = read::entries_after(self.db.pool(), wallet, seq, i64::from(limit.clamp(1, MAX_PAGE))).await?;
        Ok(rows.into_iter().map(EntryView::outside).collect())
    }

    /// Reads one row with everything that is known about it.
    pub async fn entry(&self, wallet: WalletId, seq: i64) -> Result<EntryDetail> {
        let mut connection = self.db.pool().acquire().await?;
        let Some(entry) = read::entry(&mut connection, wallet, seq).await?.map(EntryView::outside) else {
            let span = archive::newest(&mut connection, wallet).await?.filter(|span| (1..=span.to).contains(&seq));
            return Err(span.map_or_else(|| Refusal::not_found("entry"), |span| archived_until(span.to)).into());
        };
        let proof = read::proof(&mut connection, wallet, seq).await?.ok_or_else(|| Refusal::not_found("entry"))?;
        let detail = proof.detail.as_deref().and_then(Detail::from_text);
        let total = entry.taken()?;
        let receipt = detail.clone().and_then(|detail| {
            let (operation, title) = (entry.operation.clone(), entry.title.clone());
            detail.into_receipt(operation, title, entry.category.clone(), entry.quantity, total)
        });
        let reason = detail.as_ref().and_then(Detail::reason).map(str::to_owned);
        let lines = detail.map(Detail::into_lines).unwrap_or_default();
        let story = entry.refers_to.filter(|_| is_answer(entry.kind)).unwrap_or(seq);
        let mut timeline = read::story(&mut connection, wallet, story).await?;
        if timeline.len() < 2 {
            timeline.clear();
        }
        let timeline = timeline.into_iter().map(EntryView::outside).collect();
        let key = IdempotencyKey::stored(proof.idem_key).sent().map(str::to_owned);
        let allocations = read::allocations(&mut connection, wallet, seq).await?;
        Ok(EntryDetail { entry, receipt, lines, reason, allocations, hash: proof.hash, timeline, idempotency_key: key })
    }

    /// Reads a hold.
    pub async fn hold(&self, wallet: WalletId, seq: i64) -> Result<HoldView> {
        let mut connection = self.db.pool().acquire().await?;
        let found = holds::read(&mut connection, &[(wallet, seq)]).await?.into_iter().next();
        let (_, hold) = found.ok_or_else(|| Refusal::not_found("hold"))?;
        Ok(hold.view(wallet, self.db.now()))
    }

    /// Follows the newest committed `seq` of a wallet: at once for this node's writes, within 250 ms for others'.
    /// The first value is 0 until the newest is known.
    #[must_use]
    pub fn watch(&self, wallet: WalletId) -> watch::Receiver<i64> {
        self.writers.shared.followers.follow(wallet)
    }

    /// Sets the catalog's settings that decisions follow: from the next batch on. The catalog calls it on every node,
    /// at start and whenever its settings have changed.
    pub fn set_rules(&self, rules: Rules) {
        *self.writers.shared.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Does what is queued, then stops: later commands hear "unavailable".
    pub async fn shutdown(&self) {
        self.writers.shutdown().await;
    }
}

/// Refuses to show a row that was moved to a file; the first one that is here is named.
pub(super) fn archived_until(last: i64) -> Refusal {
    let first = last.saturating_add(1);
    Refusal::not_found(format!("entry (the rows up to {last} are archived; the first one here is {first})"))
}

pub(super) fn too_large() -> Error {
    Error::internal("a wallet's numbers are too large")
}

/// The most rows in one page.
const MAX_PAGE: u16 = 200;
/// The longest metadata, as JSON text.
const MAX_METADATA: usize = 16 * 1024;
/// The longest command, as JSON text.
const MAX_COMMAND: usize = 256 * 1024;

/// Says whether a kind of row answers the row that it refers to, within one wallet.
const fn is_answer(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Capture | EntryKind::Release | EntryKind::HoldExpired | EntryKind::CreditBack)
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
    })
}

impl Envelope {
    /// Checks what the database would not take, and makes the work of a writer.
    fn work(self) -> Result<Work> {
        let command = serde_json::to_string(&self.command)?;
        let metadata_text = if self.metadata.is_null() { None } else { Some(serde_json::to_string(&self.metadata)?) };
        if !(self.metadata.is_null() || self.metadata.is_object()) {
            return Err(FieldError::new("metadata", Problem::Malformed, "send a JSON object").into());
        }
        if metadata::nesting(&self.metadata) > NESTING_MAX {
            let message = format!("at most {NESTING_MAX} levels of lists and objects inside each other");
            return Err(Refusal::unprocessable("metadata", Problem::TooLong, message).into());
        }
        let text = metadata_text.as_deref().unwrap_or_default();
        if text.len() > MAX_METADATA {
            return Err(FieldError::new("metadata", Problem::TooLong, "at most 16 KB of JSON").into());
        }
        if command.len() > MAX_COMMAND {
            return Err(FieldError::new("params", Problem::TooLong, "at most 256 KB of JSON").into());
        }
        for (field, text) in [("metadata", text), ("params", command.as_str())] {
            if has_nul(text) {
                return Err(FieldError::new(field, Problem::Malformed, "remove the NUL characters").into());
            }
        }
        let request_hash = self.request_hash.unwrap_or_else(|| RequestHash::of(format!("{command}{text}").as_bytes()));
        let request = Request {
            command: self.command,
            key: self.key,
            request_hash,
            actor: self.actor,
            metadata: self.metadata,
            metadata_text: metadata_text.map(Arc::from),
        };
        Ok(Work { wallet: self.wallet, request })
    }
}
