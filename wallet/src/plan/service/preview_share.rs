//! The part of a plan's credits that preview wallets get: noted with the month, moved right after it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::PgConnection;

use super::Plans;
use crate::error::{Error, Refusal, Result};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::{Command, Outcome, Submission, TxHook};
use crate::money::Credits;
use crate::plan::repo::preview_share::{self, PreviewShare};

/// Shares that are worked on in one go.
const AT_ONCE: i64 = 100;
/// After how many minutes a share is looked at again that could not be moved: the wallet is frozen, or in use.
const AGAIN_MINUTES: i64 = 60;
/// What the rows of both wallets are called.
const TITLE: &str = "Preview share of the plan";

/// Notes that a share was moved, in the transaction of its rows.
struct Moved {
    share: PreviewShare,
    amount: Credits,
}

#[async_trait]
impl TxHook for Moved {
    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<()> {
        preview_share::set_moved(connection, &self.share, self.amount, Some(outcome.seq())).await
    }
}

impl Plans {
    /// Moves what preview wallets get of months that were granted, each once, and tells how many were moved. Where some of
    /// a month's credits are spent by then, the rest of them is moved; what can't be moved until the month ends stays.
    pub(crate) async fn share_with_previews(&self) -> Result<u32> {
        let mut moved: u32 = 0;
        loop {
            let due = preview_share::due_shares(self.db.pool(), self.db.now(), AT_ONCE).await?;
            if due.is_empty() {
                return Ok(moved);
            }
            for share in due {
                match self.share(&share).await {
                    Ok(is_moved) => moved = moved.saturating_add(u32::from(is_moved)),
                    // It stays with that wallet.
                    Err(error) => {
                        tracing::error!(wallet = %share.wallet, %error, "a preview share could not be moved");
                        self.put_off(&share).await?;
                    }
                }
            }
        }
    }

    async fn share(&self, share: &PreviewShare) -> Result<bool> {
        // Only what is left of the month itself: what was bought is touched by nothing of a plan.
        let month = format!("subscription:{}:{}", share.subscription, share.month);
        let grants = self.ledger.balance(share.wallet).await?.grants;
        let grant = grants.into_iter().find(|grant| grant.reference.as_deref() == Some(month.as_str()));
        let (grant, left) = grant.map_or((0, Credits::ZERO), |grant| (grant.id, grant.remaining));
        let amount = share.credits.min(left);
        if self.db.now() >= share.until || !amount.is_positive() {
            let mut connection = self.db.pool().acquire().await?;
            preview_share::set_moved(&mut connection, share, Credits::ZERO, None).await?;
            return Ok(false);
        }
        let reference = format!("preview:{}:{}", share.subscription, share.month);
        let command = Command::Transfer { to: share.preview, amount, reason: TITLE.to_owned(), grant: Some(grant) };
        let key = IdempotencyKey::internal(reference.clone());
        // How much it is depends on the moment, and is no part of what makes two of them the same.
        let hook = Arc::new(Moved { share: share.clone(), amount });
        let submission = Submission::new(share.wallet, key, Actor::system("plans"), command)
            .with_request_hash(RequestHash::of(reference.as_bytes()))
            .with_metadata(json!({ "subscription": share.subscription, "month": share.month, "to": "preview" }))
            .with_hook(hook);
        match self.ledger.submit(submission).await {
            Ok(_) => Ok(true),
            // Spent in this moment, or frozen.
            Err(Error::Refused(Refusal::OutOfCredits { .. } | Refusal::Forbidden { .. } | Refusal::WalletInactive)) => {
                self.put_off(share).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn put_off(&self, share: &PreviewShare) -> Result<()> {
        let next = self.db.now().checked_add_signed(TimeDelta::minutes(AGAIN_MINUTES)).unwrap_or(share.until);
        preview_share::put_off(self.db.pool(), share, next).await
    }
}
