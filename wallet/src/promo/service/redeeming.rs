//! Redeeming a code: claimed in the transaction of its grant, once, whoever tries at the same moment.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{Promos, READS_MAX};
use crate::catalog::BurnClass;
use crate::error::{Error, Refusal, Result};
use crate::id::{AccountId, UserId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::{Actor, KeyAccess, KeyScope, Viewer};
use crate::ledger::{Command, GrantSource, HookError, NewGrant, Outcome, RefusingHook, Submission};
use crate::promo::code::RedemptionCode;
use crate::promo::model::Redeemed;
use crate::promo::repo::code::{self, Claim, CodeRow};
use crate::promo::rule;

/// Who redeems a code, and for which wallet.
#[derive(Clone, Debug)]
pub struct Redeemer {
    account: AccountId,
    wallet: WalletId,
    user: Option<UserId>,
    may_pay: bool,
    by: Actor,
    from: Option<IpAddr>,
}

impl Redeemer {
    /// Says from which machine it is asked, where that is known: who guesses codes has to wait.
    #[must_use]
    pub const fn from_machine(mut self, from: Option<IpAddr>) -> Self {
        self.from = from;
        self
    }
}

impl From<&Viewer> for Redeemer {
    fn from(viewer: &Viewer) -> Self {
        Self {
            account: viewer.account,
            wallet: viewer.wallet,
            user: Some(viewer.user),
            may_pay: viewer.role.may_pay(),
            by: viewer.actor(),
            from: None,
        }
    }
}

impl From<&KeyAccess> for Redeemer {
    fn from(key: &KeyAccess) -> Self {
        Self {
            account: key.account,
            wallet: key.wallet,
            user: None,
            may_pay: key.may(KeyScope::TopUpsWrite),
            by: key.actor(),
            from: None,
        }
    }
}

/// Claims a code in the transaction of its grant.
struct Claims {
    claim: Claim,
    now: DateTime<Utc>,
}

/// Somebody else was first, or the code can't be redeemed any more: it is read anew.
struct Moved;

#[async_trait]
impl RefusingHook for Claims {
    type Refusal = Moved;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Moved>> {
        // A replay of the same code in the same wallet: whoever was first has claimed it.
        if outcome.replayed || !code::claim(connection, &self.claim, outcome.seq(), self.now).await? {
            return Err(HookError::Refused(Moved));
        }
        Ok(())
    }
}

impl Promos {
    /// Redeems a code for a wallet: its credits come as a grant of their own. The same key with the same code answers as
    /// the first time; with another code it is refused. Too many wrong codes make the account, and the machine, wait.
    ///
    /// # Errors
    /// `Forbidden` where the role or the key may not buy; `CodeUnknown`, `CodeUsed`, `CodeExpired`, `CodeWithdrawn` or
    /// `CodeLimit`, with nothing claimed and nothing granted; `RateLimited`.
    pub async fn redeem(&self, who: impl Into<Redeemer>, typed: &str, key: &IdempotencyKey) -> Result<Redeemed> {
        let who = who.into();
        if !who.may_pay {
            return Err(Refusal::Forbidden { why: "your role or key may not add credits".to_owned() }.into());
        }
        let attempt = self.identity.count_guess(who.account, who.from).await?;
        let done = self.redeem_read(&who, typed, key).await;
        if !matches!(&done, Err(Error::Refused(refusal)) if is_wrong_guess(refusal)) {
            self.identity.take_back_guess(&attempt).await?;
        }
        done
    }

    async fn redeem_read(&self, who: &Redeemer, typed: &str, key: &IdempotencyKey) -> Result<Redeemed> {
        let hash = RedemptionCode::read(typed).ok_or(Refusal::CodeUnknown)?.hash();
        for _ in 0..READS_MAX {
            if let Some(known) = code::redeemed_with(self.db.pool(), who.account, key.as_str()).await?
                && known != hash
            {
                return Err(Refusal::IdempotencyMismatch.into());
            }
            let found = code::find(self.db.pool(), &hash, who.account).await?.ok_or(Refusal::CodeUnknown)?;
            let is_repeat = |(account, known): &(AccountId, String)| *account == who.account && known == key.as_str();
            if let Some(seq) = found.entry_seq
                && found.redeemed_by.as_ref().is_some_and(is_repeat)
            {
                return Ok(told(&found, seq));
            }
            if let Some(refusal) = rule::refused(&found.standing, self.db.now()) {
                return Err(refusal.into());
            }
            match self.grant_code(who, &found, key).await {
                Ok(redeemed) => return Ok(redeemed),
                Err(HookError::Refused(Moved)) => {}
                Err(HookError::Failed(error)) => return Err(error),
            }
        }
        Err(Refusal::Unavailable.into())
    }

    async fn grant_code(
        &self,
        who: &Redeemer,
        found: &CodeRow,
        key: &IdempotencyKey,
    ) -> Result<Redeemed, HookError<Moved>> {
        let now = self.db.now();
        let settings = self.catalog.view().await?.settings.clone();
        let name = format!("code:{}:{}", found.batch, found.number);
        let expires_at = end_of(found, Some(now));
        let grant = NewGrant {
            priority: settings.burn_order.priority(BurnClass::Promo),
            expires_at,
            reference: Some(name.clone()),
            ..NewGrant::new(found.credits, GrantSource::Promo, found.label.clone())
        };
        let claim = Claim {
            batch: found.batch,
            number: found.number,
            per_account: found.standing.per_account,
            account: who.account,
            user: who.user,
            wallet: who.wallet,
            request_key: key.as_str().to_owned(),
        };
        // Its end depends on the moment: what makes two of them the same is the code alone.
        let same = RequestHash::of(name.as_bytes());
        let metadata = json!({ "code_batch": found.batch, "code": found.number });
        let submission =
            Submission::new(who.wallet, IdempotencyKey::internal(name), who.by.clone(), Command::Grant(grant))
                .with_request_hash(same)
                .with_metadata(metadata);
        let outcome = self.ledger.submit_with(submission, Claims { claim, now }).await?;
        let (credits, label, entry_seq) = (found.credits, found.label.clone(), outcome.seq());
        Ok(Redeemed { credits, label, expires_at, entry_seq })
    }
}

/// Says whether a refusal is what somebody hears who tries codes.
const fn is_wrong_guess(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::CodeUnknown | Refusal::CodeUsed | Refusal::CodeExpired | Refusal::CodeWithdrawn)
}

/// Tells what a code has brought.
fn told(found: &CodeRow, entry_seq: i64) -> Redeemed {
    let (credits, label, expires_at) = (found.credits, found.label.clone(), end_of(found, found.redeemed_at));
    Redeemed { credits, label, expires_at, entry_seq }
}

/// Gives when the credits of a code end that is redeemed at a moment.
fn end_of(found: &CodeRow, at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    at.zip(found.grant_days).and_then(|(at, days)| at.checked_add_signed(TimeDelta::days(i64::from(days))))
}
