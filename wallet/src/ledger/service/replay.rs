//! Answering a repeat whose command can't be made any more.

use crate::error::Result;
use crate::id::WalletId;
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::model::command::{Command, Outcome};
use crate::ledger::model::submission::Submission;
use crate::ledger::service::Ledger;

impl Ledger {
    /// Answers as the first did where this key was used before; `None` where it was not.
    ///
    /// [`Ledger::submit`] does this by itself. This is for a caller that can't make the command a second time: the
    /// operation has gone from the price book, or a locked quote is over. It goes through the wallet's writer and its
    /// lock like any command, so it waits for a first command that is still on its way.
    pub async fn replay(
        &self,
        wallet: WalletId,
        key: &IdempotencyKey,
        request_hash: RequestHash,
    ) -> Result<Option<Outcome>> {
        let submission = Submission::new(wallet, key.clone(), Actor::system("replay"), Command::Replay);
        let outcome = self.submit(submission.with_request_hash(request_hash)).await?;
        Ok(outcome.replayed.then_some(outcome))
    }
}
