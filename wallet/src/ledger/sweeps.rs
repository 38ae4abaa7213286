//! What must happen although nobody asks for it: holds time out, grants expire. Jobs call these every few seconds.

use super::command::Command;
use super::repo::sweep;
use super::service::{Envelope, Ledger};
use crate::error::{Error, Result};
use crate::idempotency::IdempotencyKey;
use crate::identity::Actor;

/// The most wallets or holds that one call looks at; a job calls again while there is more.
const MAX_DUE: i64 = 1_000;

impl Ledger {
    /// Ends the holds whose time is over; gives how many. Safe on any number of nodes at once.
    pub async fn expire_holds(&self) -> Result<u64> {
        let due = sweep::expired_holds(self.db.pool(), self.db.now(), MAX_DUE).await?;
        let commands = due.into_iter().map(|(wallet, hold)| {
            let key = IdempotencyKey::internal(format!("hold_expired:{hold}"));
            Envelope::new(wallet, key, Actor::system("hold_expired"), Command::ExpireHold { hold })
        });
        self.sweep(commands).await
    }

    /// Writes off the grants whose time is over; gives for how many wallets. Safe on any number of nodes at once.
    pub async fn expire_grants(&self) -> Result<u64> {
        let now = self.db.now();
        let due = sweep::wallets_with_expired_grants(self.db.pool(), now, MAX_DUE).await?;
        let commands = due.into_iter().map(|wallet| {
            let key = IdempotencyKey::internal(format!("expire_grants:{}", now.timestamp_micros()));
            Envelope::new(wallet, key, Actor::system("grant_expired"), Command::ExpireGrants)
        });
        self.sweep(commands).await
    }

    /// Submits commands together; a refusal means that somebody else was quicker.
    async fn sweep(&self, commands: impl Iterator<Item = Envelope>) -> Result<u64> {
        let answers = futures::future::join_all(commands.map(|envelope| self.submit(envelope))).await;
        let mut done = 0_u64;
        for answer in answers {
            match answer {
                Ok(outcome) if !outcome.replayed && !outcome.entries.is_empty() => done = done.saturating_add(1),
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}
