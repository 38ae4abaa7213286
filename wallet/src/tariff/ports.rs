//! What prices ask of those above them: on which plans accounts are.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::id::AccountId;

/// Accounts whose plans are asked for at once.
const ACCOUNTS_AT_ONCE: usize = 1_000;

/// Tells on which plans accounts are. What knows of plans stands above prices.
#[async_trait]
pub(crate) trait PlanRanks: Send + Sync {
    /// Gives the ranks of accounts' plans; one without a plan may be missing.
    async fn ranks_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, i32>>;
}

/// Where the plans of accounts are asked for, once it is known. Not held: whoever knows of plans knows of prices.
#[derive(Clone, Default)]
pub(super) struct Standing(Arc<OnceLock<Weak<dyn PlanRanks>>>);

impl Standing {
    /// Says who knows; the first answer stands.
    pub(super) fn set(&self, plans: Weak<dyn PlanRanks>) {
        self.0.set(plans).ok();
    }

    /// Gives the ranks of accounts' plans.
    pub(super) async fn ranks(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, i32>> {
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
