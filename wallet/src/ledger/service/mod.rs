//! The ledger's handle: submit a command, read a wallet, watch it, prove it.

pub(super) mod archive;
pub(super) mod as_of;
pub(super) mod charge_history;
pub(super) mod checkpoints;
pub(super) mod controls;
pub(super) mod expiry;
pub(super) mod reads;
pub(super) mod rebuild;
pub(super) mod replay;
pub(super) mod search;
pub(super) mod staff;
pub(super) mod submit;
pub(super) mod usage;
pub(super) mod verify;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::PgConnection;
use tokio::sync::watch;

use crate::ledger::model::wallet_state::NewWallet;

use crate::db::Db;
use crate::error::Result;
use crate::id::{AccountId, WalletId};
use crate::ledger::model::wallet_state::Rules;
use crate::ledger::repo::write_locked;
use crate::ledger::writer::{LedgerOptions, Writers};

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

    /// Makes a wallet in the caller's transaction.
    pub async fn create_wallet_in_tx(&self, connection: &mut PgConnection, wallet: NewWallet) -> Result<WalletId> {
        let id = WalletId::new(wallet.account);
        write_locked::create_wallet(connection, id, &wallet, self.db.now()).await?;
        Ok(id)
    }

    /// Follows the newest committed `seq` of a wallet: at once for this node's writes, within 250 ms for others'.
    /// The first value is 0 until the newest is known.
    #[must_use]
    pub fn watch(&self, wallet: WalletId) -> watch::Receiver<i64> {
        self.writers.shared.watchers.watch(wallet)
    }

    /// Sets the catalog's settings that decisions follow: from the next batch on. The catalog calls it on every node,
    /// at start and whenever its settings have changed.
    #[doc(hidden)]
    pub fn set_rules(&self, rules: Rules) {
        *self.writers.shared.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Does what is queued, then stops: later commands hear "unavailable".
    pub async fn shutdown(&self) {
        self.writers.shutdown().await;
    }
}
