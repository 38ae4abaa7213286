//! What must happen although nobody asks for it: holds time out, grants expire. A job calls these every minute.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Error, Result};
use crate::id::WalletId;
use crate::idempotency::IdempotencyKey;
use crate::identity::Actor;
use crate::ledger::model::command::Command;
use crate::ledger::model::submission::Submission;
use crate::ledger::repo::expiry;
use crate::ledger::service::Ledger;

/// The most wallets or holds that one call looks at; a job calls again while there is more.
const MAX_DUE: i64 = 1_000;

/// The most holds of one wallet that are ended for who looks at it.
const HOLDS_OF_ONE: i64 = 100;

/// How far behind now the sweep of holds stays, in seconds: whatever is decided is written within that, or not at all
/// ([`crate::ledger::writer`]'s sessions end a statement after 15).
const MARGIN: i64 = 60;

/// Tells up to when every hold is finished, where `first` is the first open one whose time is over.
fn clean_until(now: DateTime<Utc>, first: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let settled = now.checked_sub_signed(TimeDelta::seconds(MARGIN));
    let before = first.and_then(|first| first.checked_sub_signed(TimeDelta::microseconds(1)));
    settled.into_iter().chain(before).min().unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Asks for the end of a hold whose time is over.
fn end_of_hold(wallet: WalletId, seq: i64) -> Submission {
    let key = IdempotencyKey::internal(format!("hold_expired:{seq}"));
    Submission::new(wallet, key, Actor::system("hold_expired"), Command::ExpireHold { hold: seq })
}

/// Asks for the end of a wallet's grants whose time is over.
fn end_of_grants(wallet: WalletId, now: DateTime<Utc>) -> Submission {
    let key = IdempotencyKey::internal(format!("expire_grants:{}", now.timestamp_micros()));
    Submission::new(wallet, key, Actor::system("grant_expired"), Command::ExpireGrants)
}

impl Ledger {
    /// Ends the holds whose time is over; gives how many. Safe on any number of nodes at once.
    pub async fn expire_holds(&self) -> Result<u64> {
        let now = self.db.now();
        let due = expiry::expired_holds(self.db.pool(), now, MAX_DUE).await?;
        let until = clean_until(now, due.first().map(|hold| hold.expires_at));
        expiry::swept_until(self.db.pool(), until).await?;
        self.sweep(due.into_iter().map(|hold| end_of_hold(hold.wallet, hold.seq))).await
    }

    /// Ends the holds of one wallet whose time is over, and writes off its grants whose time is over, for who looks
    /// before the sweep comes; gives how many.
    pub(crate) async fn expire_due_of(&self, wallet: WalletId) -> Result<u64> {
        let now = self.db.now();
        let due = expiry::due_of(self.db.pool(), wallet, now, HOLDS_OF_ONE).await?;
        let grants = due.grants.then(|| end_of_grants(wallet, now));
        self.sweep(due.holds.into_iter().map(|seq| end_of_hold(wallet, seq)).chain(grants)).await
    }

    /// Writes off the grants whose time is over; gives for how many wallets. Safe on any number of nodes at once.
    pub async fn expire_grants(&self) -> Result<u64> {
        let now = self.db.now();
        let due = expiry::wallets_with_expired_grants(self.db.pool(), now, MAX_DUE).await?;
        self.sweep(due.into_iter().map(|wallet| end_of_grants(wallet, now))).await
    }

    /// Submits commands together; a refusal means that somebody else was quicker. One that fails holds up no other: the
    /// next sweep finds it again.
    async fn sweep(&self, commands: impl Iterator<Item = Submission>) -> Result<u64> {
        let answers = futures::future::join_all(commands.map(|submission| self.submit(submission))).await;
        let mut done = 0_u64;
        for answer in answers {
            match answer {
                Ok(outcome) if !outcome.replayed && !outcome.entries.is_empty() => done = done.saturating_add(1),
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => tracing::error!(%error, "something that is due could not be done"),
            }
        }
        Ok(done)
    }
}
