//! Code of other concepts that runs in the transaction of a row.

use async_trait::async_trait;
use sqlx::PgConnection;

use crate::error::Result;
use crate::ledger::model::command::Outcome;

/// Something that must happen in the same transaction as an entry: a payment settles together with its grant.
///
/// The wallet's row is locked while it runs, so it must be short and may only use the given connection. The caller
/// must hold no locks that the hook takes: it would wait for itself. It also runs when the command is a replay
/// (`outcome.replayed`), and an error of it undoes the command.
#[async_trait]
pub trait TxHook: Send + Sync {
    /// Runs after the entry was written and before the commit.
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()>;
}
