//! The handle: what an account is on.

use sqlx::PgConnection;
use std::collections::HashMap;

use super::{PlanSummary, repo};
use crate::catalog::Catalog;
use crate::db::Db;
use crate::error::{Refusal, Result};
use crate::id::AccountId;

/// Everything about the plans of accounts. Cheap to clone.
#[derive(Clone)]
pub struct Plans {
    db: Db,
    catalog: Catalog,
}

impl std::fmt::Debug for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plans").finish_non_exhaustive()
    }
}

impl Plans {
    pub(crate) const fn new(db: Db, catalog: Catalog) -> Self {
        Self { db, catalog }
    }

    /// Tells the plan of an account: the free one where it has no other, or where the paid time is over.
    pub async fn current(&self, account: AccountId) -> Result<PlanSummary> {
        Ok(self.current_of(&[account]).await?.remove(&account).unwrap_or_default())
    }

    /// Tells the plans of accounts.
    pub async fn current_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, PlanSummary>> {
        let (view, now) = (self.catalog.view().await?, self.db.now());
        let mut rows = repo::find(self.db.pool(), accounts).await?;
        let plan = |account: &AccountId| {
            let row = rows.remove(account).filter(|row| row.expires_at.is_none_or(|end| end > now));
            let paid = row.as_ref().and_then(|row| view.plan(&row.plan));
            let summary = paid.or_else(|| view.free_plan()).map(|plan| PlanSummary {
                code: plan.code.clone(),
                name: plan.name.clone(),
                rank: plan.rank,
                expires_at: row.and_then(|row| row.expires_at),
            });
            (*account, summary.unwrap_or_default())
        };
        Ok(accounts.iter().map(plan).collect())
    }

    /// Refuses an account whose plan is below the one that an operation needs.
    pub async fn require(&self, plan: &PlanSummary, minimum: Option<&str>) -> Result<()> {
        let Some(minimum) = minimum else { return Ok(()) };
        let view = self.catalog.view().await?;
        let needed = view.plan(minimum).map_or(i32::MAX, |plan| plan.rank);
        if plan.rank >= needed { Ok(()) } else { Err(Refusal::PlanRequired { plan: minimum.to_owned() }.into()) }
    }

    /// Puts a new account on the plan that everybody starts on, in the transaction that makes it.
    pub(crate) async fn join_free_in_tx(&self, connection: &mut PgConnection, account: AccountId) -> Result<()> {
        match self.catalog.view().await?.free_plan() {
            Some(plan) => repo::insert(connection, account, &plan.code, self.db.now()).await,
            None => Ok(()),
        }
    }
}
