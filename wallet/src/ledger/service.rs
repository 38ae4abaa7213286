//! The ledger's handle: submit a command, read a wallet, watch it, prove it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tokio::sync::watch;

use super::{BalanceView, Command, EntryDetail, EntryFilter, EntryPage, EntryView, HoldView, Outcome, Page};
use crate::db::Db;
use crate::error::Result;
use crate::id::{AccountId, ProjectId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;

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

/// What a project's wallet is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The real thing.
    Production,
    /// Trying out.
    Preview,
}

impl Environment {
    /// Gives the name in storage and REST.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }
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

/// What to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole deployment.
    Everything,
    /// One wallet.
    Wallet(WalletId),
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// Which one: `wallet_is_sum_of_entries`.
    pub invariant: String,
    /// The wallet, where it concerns one.
    pub wallet: Option<WalletId>,
    /// What was found, for people.
    pub found: String,
}

/// How the ledger works on this node.
#[derive(Clone, Debug)]
pub struct LedgerOptions {
    /// How many writers; as many as cores where nothing is said.
    pub writers: Option<usize>,
}

/// The ledger's handle; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    db: Db,
}

impl Ledger {
    /// Does one command, once: answers after the commit. A caller that goes away changes nothing.
    pub async fn submit(&self, envelope: Envelope) -> Result<Outcome> {
        let _ = envelope;
        unfinished()
    }

    /// Does one command in the caller's transaction, locking the wallet's row: for acts that must commit together.
    pub async fn submit_in_tx(&self, connection: &mut PgConnection, envelope: Envelope) -> Result<Outcome> {
        let _ = (connection, envelope);
        unfinished()
    }

    /// Makes a wallet in the caller's transaction.
    pub async fn create_wallet_in_tx(&self, connection: &mut PgConnection, wallet: NewWallet) -> Result<WalletId> {
        let _ = (connection, wallet);
        unfinished()
    }

    /// Reads a wallet as it is now.
    pub async fn balance(&self, wallet: WalletId) -> Result<BalanceView> {
        let _ = wallet;
        unfinished()
    }

    /// Reads a wallet as it was at a past instant.
    pub async fn balance_at(&self, wallet: WalletId, at: DateTime<Utc>) -> Result<BalanceView> {
        let _ = (wallet, at);
        unfinished()
    }

    /// Reads one page of a wallet's ledger, newest first.
    pub async fn entries(&self, wallet: WalletId, filter: &EntryFilter, page: Page) -> Result<EntryPage> {
        let _ = (wallet, filter, page);
        unfinished()
    }

    /// Reads one row with everything that is known about it.
    pub async fn entry(&self, wallet: WalletId, seq: i64) -> Result<EntryDetail> {
        let _ = (wallet, seq);
        unfinished()
    }

    /// Reads a hold.
    pub async fn hold(&self, wallet: WalletId, seq: i64) -> Result<HoldView> {
        let _ = (wallet, seq);
        unfinished()
    }

    /// Reads the rows after a `seq`, oldest first, at most `limit`.
    pub async fn entries_after(&self, wallet: WalletId, seq: i64, limit: u16) -> Result<Vec<EntryView>> {
        let _ = (wallet, seq, limit);
        unfinished()
    }

    /// Follows the newest committed `seq` of a wallet: at once for this node's writes, within 250 ms for others'.
    #[must_use]
    pub fn watch(&self, wallet: WalletId) -> watch::Receiver<i64> {
        let _ = wallet;
        watch::channel(0).1
    }

    /// Checks every invariant; an empty list is what it should be.
    pub async fn verify(&self, scope: Scope) -> Result<Vec<Breach>> {
        let _ = (scope, &self.db);
        unfinished()
    }

    /// Starts the ledger's writers.
    pub(crate) fn start(db: Db, options: LedgerOptions) -> Self {
        let _ = options;
        Self { db }
    }

    /// Does what is queued, then stops: later commands hear "unavailable".
    pub async fn shutdown(&self) {}
}

/// Stands where a body is still to come.
fn unfinished<T>() -> Result<T> {
    Err(crate::error::Error::internal("not built yet"))
}
