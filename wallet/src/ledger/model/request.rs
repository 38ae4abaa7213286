//! A request as the rules take it, and what an earlier one with the same key did.

use std::sync::Arc;

use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::model::command::Command;
use crate::ledger::model::entry::EntryView;
use crate::ledger::model::wallet_state::Subject;

/// A command with everything that a decision may know of its caller.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub command: Command,
    /// What makes a repeat answer as the first did.
    pub key: IdempotencyKey,
    /// The hash of the request.
    pub request_hash: RequestHash,
    /// Who asks.
    pub actor: Actor,
    /// What the caller sent along, and the same as text.
    pub metadata: serde_json::Value,
    /// The metadata as it will be stored.
    pub metadata_text: Option<Arc<str>>,
}

impl Request {
    /// Tells on whose behalf the command spends.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::of(&self.actor, &self.metadata)
    }
}

/// A command and its wallet.
#[derive(Clone, Debug)]
pub struct WalletRequest {
    /// Whose wallet.
    pub wallet: WalletId,
    /// What to do.
    pub request: Request,
}

impl WalletRequest {
    /// Names the other wallet, where there is one.
    #[must_use]
    pub(crate) const fn other_wallet(&self) -> Option<WalletId> {
        match &self.request.command {
            Command::Transfer { to, .. } => Some(*to),
            _ => None,
        }
    }
}

/// What a key did before.
#[derive(Clone, Debug)]
pub struct EarlierAnswer {
    /// The hash of the request that it came with.
    pub request_hash: RequestHash,
    /// The command's own row.
    pub entry: EntryView,
}
