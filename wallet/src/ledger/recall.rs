//! Answering a repeat whose command can't be made any more.

use super::Outcome;
use super::batch::replay;
use super::repo::load;
use super::service::Ledger;
use crate::error::Result;
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};

impl Ledger {
    /// Answers as the first did where this key was used before; `None` where it was not.
    ///
    /// [`Ledger::submit`] does this by itself. This is for a caller that can't make the command a second time: the
    /// operation has gone from the price book, or a locked quote is over.
    pub async fn recall(
        &self,
        wallet: WalletId,
        key: &IdempotencyKey,
        request_hash: RequestHash,
    ) -> Result<Option<Outcome>> {
        let mut connection = self.db.pool().acquire().await?;
        let found = load::done(&mut connection, &[(wallet, key)]).await?;
        found.first().map(|(_, _, done)| replay(done, request_hash)).transpose()
    }
}
