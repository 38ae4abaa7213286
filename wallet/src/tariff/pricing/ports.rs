//! What prices ask of those above them: on which plans accounts are.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use async_trait::async_trait;

use crate::error::{Error, Refusal, Result, Shortfall, TopUpHint};
use crate::id::{AccountId, WalletId};

/// Accounts whose plans are asked for at once.
const ACCOUNTS_AT_ONCE: usize = 1_000;

/// Tells on which plans accounts are. What knows of plans stands above prices.
#[async_trait]
pub(crate) trait PlanRanks: Send + Sync {
    /// Gives the ranks of accounts' plans; one without a plan may be missing.
    async fn ranks_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, i32>>;
}

/// Brings plans up to date for a call that would be refused otherwise. What does so stands above prices.
#[async_trait]
pub(crate) trait PlanUpkeep: Send + Sync {
    /// Does what is due of the plan of a wallet's account. Says whether the wallet may look different from how it did
    /// at an instant.
    async fn renew_due(&self, wallet: WalletId, asked: Instant) -> Result<bool>;

    /// Tells the rank of the plan that a wallet's account is on now, not a moment ago; `None` where nobody knows.
    async fn rank_now(&self, wallet: WalletId) -> Result<Option<i32>>;

    /// Says what auto top-up does about a call that was refused for want of credits; never waits for it.
    async fn top_up_for(&self, wallet: WalletId, short: Shortfall) -> Option<TopUpHint>;
}

/// Where the plans of accounts are asked for, once it is known. Not held: whoever knows of plans knows of prices.
#[derive(Clone, Default)]
pub(in crate::tariff) struct Standing(Arc<OnceLock<Weak<dyn PlanRanks>>>);

/// What brings plans up to date, once it is known.
#[derive(Clone, Default)]
pub(in crate::tariff) struct Upkeep(Arc<OnceLock<Arc<dyn PlanUpkeep>>>);

impl Upkeep {
    /// Says what brings plans up to date; the first answer stands.
    pub(in crate::tariff) fn set(&self, upkeep: Arc<dyn PlanUpkeep>) {
        self.0.set(upkeep).ok();
    }

    /// Says with which rank of the payer's plan a refused call may be allowed now; `None` where it stays refused. A
    /// budget that is reached is no matter of plans.
    pub(in crate::tariff) async fn second_chance(
        &self,
        refusal: &Refusal,
        (wallet, rank): (WalletId, i32),
        asked: Instant,
    ) -> Result<Option<i32>> {
        let Some(upkeep) = self.0.get() else { return Ok(None) };
        Ok(match refusal {
            Refusal::OutOfCredits { ceiling: None, .. } => upkeep.renew_due(wallet, asked).await?.then_some(rank),
            Refusal::PlanRequired { .. } => upkeep.rank_now(wallet).await?.filter(|now| *now > rank),
            _ => None,
        })
    }
}

impl Upkeep {
    /// Adds what auto top-up does about a refused call to its answer. A budget that is reached is no matter of credits.
    pub(in crate::tariff) async fn told<T>(&self, answer: Result<T>, wallet: WalletId) -> Result<T> {
        let Err(Error::Refused(Refusal::OutOfCredits { needed, available, limited, ceiling: None, .. })) = answer
        else {
            return answer;
        };
        let auto_top_up = match self.0.get() {
            Some(upkeep) => upkeep.top_up_for(wallet, Shortfall { needed, limited }).await,
            None => None,
        };
        Err(Refusal::OutOfCredits { needed, available, limited, ceiling: None, auto_top_up }.into())
    }
}

impl Standing {
    /// Says who knows; the first answer stands.
    pub(in crate::tariff) fn set(&self, plans: Weak<dyn PlanRanks>) {
        self.0.set(plans).ok();
    }

    /// Gives the ranks of accounts' plans.
    pub(in crate::tariff) async fn ranks(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, i32>> {
        if accounts.is_empty() {
            return Ok(HashMap::new());
        }
        let plans = self.0.get().and_then(Weak::upgrade);
        let plans = plans.ok_or_else(|| Error::internal("nobody knows the plans of accounts"))?;
        let mut ranks = HashMap::with_capacity(accounts.len());
        for accounts in accounts.chunks(ACCOUNTS_AT_ONCE) {
            ranks.extend(plans.ranks_of(accounts).await?);
        }
        Ok(ranks)
    }
}
