//! The tariffs' handle: quote, charge, hold; and for staff the versions of the price book.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    Announcement, BookSummary, LineRequest, LockedQuote, PriceBook, PriceChange, Quote, QuoteBatch, QuoteId, Rule,
    Tariff,
};
use crate::db::Db;
use crate::error::Result;
use crate::id::WalletId;
use crate::idempotency::IdempotencyKey;
use crate::identity::Actor;
use crate::ledger::{Ledger, Outcome};
use chrono::{DateTime, Utc};

/// A charge to price and post.
#[derive(Clone, Debug)]
pub struct ChargeRequest {
    /// Who pays.
    pub wallet: WalletId,
    /// The rank of the payer's plan, for the gates.
    pub plan_rank: i32,
    /// What for.
    pub line: LineRequest,
    /// A locked quote to honour.
    pub quote: Option<QuoteId>,
    /// What the caller sends along: a JSON object, or null.
    pub metadata: Value,
}

/// A hold to price and place.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// Who pays.
    pub wallet: WalletId,
    /// The rank of the payer's plan, for the gates.
    pub plan_rank: i32,
    /// What the job is made of, each line with the locked quote to honour, if any.
    pub lines: Vec<(LineRequest, Option<QuoteId>)>,
    /// How long, in seconds; the ledger's default where nothing is said.
    pub expires_in: Option<u32>,
    /// What the caller sends along: a JSON object, or null.
    pub metadata: Value,
}

/// The tariffs' handle; cheap to clone.
#[derive(Clone)]
pub struct Tariffs {
    db: Db,
    ledger: Ledger,
}

impl Tariffs {
    /// Starts to follow the price book in force.
    pub(crate) fn start(db: Db, ledger: Ledger) -> Self {
        Self { db, ledger }
    }

    /// Gives the price book in force, from memory.
    pub async fn active(&self) -> Result<Arc<PriceBook>> {
        let _ = (&self.db, &self.ledger);
        unfinished()
    }

    /// Prices an operation by the book in force; no database round trip.
    pub async fn quote(&self, operation: &str, params: &Map<String, Value>, count: i64) -> Result<Quote> {
        Ok(self.active().await?.quote(operation, params, count)?)
    }

    /// Prices several things at once.
    pub async fn quote_batch(&self, lines: &[LineRequest]) -> Result<QuoteBatch> {
        Ok(self.active().await?.quote_batch(lines)?)
    }

    /// Prices a thing and keeps the price for a while.
    pub async fn lock_quote(&self, wallet: WalletId, line: &LineRequest) -> Result<LockedQuote> {
        let _ = (wallet, line);
        unfinished()
    }

    /// Prices and charges, once per key.
    pub async fn charge(&self, request: ChargeRequest, actor: Actor, key: IdempotencyKey) -> Result<Outcome> {
        let _ = (request, actor, key);
        unfinished()
    }

    /// Prices and sets aside, once per key.
    pub async fn hold(&self, request: HoldRequest, actor: Actor, key: IdempotencyKey) -> Result<Outcome> {
        let _ = (request, actor, key);
        unfinished()
    }

    /// Lists the versions, newest first.
    pub async fn versions(&self) -> Result<Vec<BookSummary>> {
        unfinished()
    }

    /// Reads one version with its tariffs.
    pub async fn book(&self, version: i32) -> Result<PriceBook> {
        let _ = version;
        unfinished()
    }

    /// Copies the book in force to a new draft.
    pub async fn create_draft(&self, staff: &Actor) -> Result<PriceBook> {
        let _ = staff;
        unfinished()
    }

    /// Changes the rule of one operation of a draft.
    pub async fn set_rule(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        operation: &str,
        rule: Rule,
    ) -> Result<PriceBook> {
        let _ = (staff, version, expected_revision, operation, rule);
        unfinished()
    }

    /// Adds an operation to a draft, or replaces the one of the same name.
    pub async fn set_tariff(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        tariff: Tariff,
    ) -> Result<PriceBook> {
        let _ = (staff, version, expected_revision, tariff);
        unfinished()
    }

    /// Removes an operation from a draft.
    pub async fn remove(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        operation: &str,
    ) -> Result<PriceBook> {
        let _ = (staff, version, expected_revision, operation);
        unfinished()
    }

    /// Replaces all tariffs of a draft: an import.
    pub async fn replace_all(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        tariffs: Vec<Tariff>,
    ) -> Result<PriceBook> {
        let _ = (staff, version, expected_revision, tariffs);
        unfinished()
    }

    /// Throws a draft away.
    pub async fn discard(&self, staff: &Actor, version: i32, expected_revision: i64) -> Result<()> {
        let _ = (staff, version, expected_revision);
        unfinished()
    }

    /// Lists what a version changes against the book in force (a past version: against the one before it).
    pub async fn diff(&self, version: i32) -> Result<Vec<PriceChange>> {
        let _ = version;
        unfinished()
    }

    /// Publishes a draft: at once, or from an instant on. A rise needs its notice, from everybody.
    pub async fn publish(
        &self,
        staff: &Actor,
        version: i32,
        expected_revision: i64,
        effective_at: Option<DateTime<Utc>>,
    ) -> Result<PriceBook> {
        let _ = (staff, version, expected_revision, effective_at);
        unfinished()
    }

    /// Gives the first instant at which a rise that is announced now may take effect.
    pub async fn first_rise(&self) -> Result<DateTime<Utc>> {
        unfinished()
    }

    /// Lists announced, present and past changes of prices, newest first: the public changelog.
    pub async fn announcements(&self) -> Result<Vec<Announcement>> {
        unfinished()
    }
}

/// Stands where a body is still to come.
fn unfinished<T>() -> Result<T> {
    Err(crate::error::Error::internal("not built yet"))
}
