//! What decisions rest on: ceilings, freezes, the owner's activity.

use sqlx::PgConnection;
use uuid::Uuid;

use super::budget::{Budget, BudgetPeriod, BudgetScope};
use super::repo::manage;
use super::service::Ledger;
use super::verify::Breach;
use crate::error::{Error, FieldError, Problem, Refusal, Result};
use crate::id::WalletId;
use crate::money::Credits;

/// The longest name of a ceiling.
const MAX_NAME: usize = 100;

/// A ceiling to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBudget {
    /// What people see, and what a 402 names.
    pub name: String,
    /// What it counts.
    pub scope: BudgetScope,
    /// How often it starts anew.
    pub period: BudgetPeriod,
    /// How much.
    pub ceiling: Credits,
}

impl Ledger {
    /// Sets a ceiling that concerns a wallet (or its whole project); what counts the same in the same period is
    /// replaced and keeps what was spent. Gives its id.
    pub async fn set_budget(&self, wallet: WalletId, budget: NewBudget) -> Result<Uuid> {
        let mut transaction = self.db.begin().await?;
        let id = self.set_budget_in_tx(&mut transaction, wallet, budget).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Does the same in the caller's transaction; locks the wallet's row.
    pub async fn set_budget_in_tx(
        &self,
        connection: &mut PgConnection,
        wallet: WalletId,
        budget: NewBudget,
    ) -> Result<Uuid> {
        if budget.ceiling.is_negative() {
            return Err(FieldError::new("ceiling", Problem::TooSmall, "Enter 0 or more.").into());
        }
        if budget.name.trim().is_empty() || budget.name.chars().count() > MAX_NAME || budget.name.contains('\0') {
            let message = format!("Enter a name of at most {MAX_NAME} characters.");
            return Err(FieldError::new("name", Problem::TooLong, message).into());
        }
        let whole_project = budget.scope == BudgetScope::Project;
        let project = manage::touch(connection, wallet, whole_project).await?;
        let project = project.ok_or_else(|| Refusal::not_found("wallet"))?;
        let budget = Budget {
            id: Uuid::now_v7(),
            name: budget.name,
            scope: budget.scope,
            period: budget.period,
            ceiling: budget.ceiling,
            window: budget.period.start(self.db.now()),
            spent: Credits::ZERO,
        };
        manage::set_budget(connection, wallet, project, &budget).await
    }

    /// Removes a ceiling.
    pub async fn remove_budget(&self, wallet: WalletId, budget: Uuid) -> Result<()> {
        let mut transaction = self.db.begin().await?;
        let project = manage::touch(&mut transaction, wallet, true).await?;
        let project = project.ok_or_else(|| Refusal::not_found("wallet"))?;
        if !manage::remove_budget(&mut transaction, wallet, project, budget).await? {
            return Err(Refusal::not_found("budget").into());
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Reads the ceilings that concern a wallet, with what was spent in the period of now.
    pub async fn budgets(&self, wallet: WalletId) -> Result<Vec<Budget>> {
        let now = self.db.now();
        let mut connection = self.db.pool().acquire().await?;
        let mut budgets = manage::budgets(&mut connection, wallet).await?;
        for budget in &mut budgets {
            budget.spent = budget.spent_at(now);
            budget.window = budget.period.start(now);
        }
        Ok(budgets)
    }

    /// Refuses a wallet's debits until [`Ledger::unfreeze`]; reads and credits go on.
    pub async fn freeze(&self, wallet: WalletId, why: &str) -> Result<()> {
        self.set_frozen(wallet, Some(why)).await
    }

    /// Lets a wallet's debits go on.
    pub async fn unfreeze(&self, wallet: WalletId) -> Result<()> {
        self.set_frozen(wallet, None).await
    }

    async fn set_frozen(&self, wallet: WalletId, why: Option<&str>) -> Result<()> {
        let mut connection = self.db.pool().acquire().await?;
        let found = manage::freeze(&mut connection, wallet, why).await?;
        if found { Ok(()) } else { Err(Refusal::not_found("wallet").into()) }
    }

    /// Notes that the owner still wants this wallet, so that spending goes on.
    pub async fn confirm_activity(&self, wallet: WalletId) -> Result<()> {
        let mut connection = self.db.pool().acquire().await?;
        let found = manage::confirm_activity(&mut connection, wallet, self.db.now()).await?;
        if found { Ok(()) } else { Err(Refusal::not_found("wallet").into()) }
    }

    /// Freezes the debits of every wallet that fails a check; credits and reads go on.
    pub async fn freeze_breached(&self, breaches: &[Breach]) -> Result<()> {
        for breach in breaches {
            let (invariant, found) = (breach.invariant.as_str(), breach.found.as_str());
            tracing::error!(invariant, wallet = ?breach.wallet, found, "an invariant is broken");
            if let Some(wallet) = breach.wallet {
                match self.freeze(wallet, &format!("its ledger fails a check ({invariant})")).await {
                    // Rows without a wallet can't be frozen.
                    Ok(()) | Err(Error::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}
