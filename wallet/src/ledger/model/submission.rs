//! A command on its way to the writer.

use std::sync::Arc;

use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::model::command::Command;
use crate::ledger::model::tx_hook::TxHook;

/// A command on its way to a wallet.
#[derive(Clone)]
pub struct Submission {
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
    pub(crate) hook: Option<Arc<dyn TxHook>>,
}

impl Submission {
    /// Makes a submission without metadata and hook.
    #[must_use]
    pub fn new(wallet: WalletId, key: IdempotencyKey, actor: Actor, command: Command) -> Self {
        Self { wallet, key, request_hash: None, command, actor, metadata: serde_json::Value::Null, hook: None }
    }

    /// Adds what must happen in the same transaction.
    #[must_use]
    pub fn with_hook(mut self, hook: Arc<dyn TxHook>) -> Self {
        self.hook = Some(hook);
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
