//! Answering a repeat whose command can't be made any more.

use super::Outcome;
use super::batch::replay;
use super::repo::{archive, load};
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
        let mut found = load::done(&mut connection, &[(wallet, key)]).await?;
        if found.is_empty() {
            // In this order: a row leaves the table only together with its key's arrival there.
            found = archive::done(&mut connection, &[(wallet, key)]).await?;
        }
        found.first().map(|(_, _, done)| replay(&done.entry, done.request_hash, request_hash)).transpose()
    }
}
