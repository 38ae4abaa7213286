//! What decisions rest on: budgets, freezes, the owner's activity.

use chrono::Months;
use chrono_tz::Tz;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::{Error, FieldError, Problem, Refusal, Result};
use crate::id::{AccountId, KeyId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash, first_answer, keep_answer};
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::model::breach::Breach;
use crate::ledger::model::budget::{Budget, BudgetScope, NewBudget, Unseen, Window};
use crate::ledger::repo::controls;
use crate::ledger::service::Ledger;
use crate::money::Credits;

/// The most budgets of a project: each is looked at with every charge.
const BUDGETS_MAX: i64 = 100;

impl Ledger {
    /// Sets a budget that concerns a wallet (or its whole project); what counts the same in the same period is
    /// replaced and keeps what was spent. Gives its id.
    pub async fn set_budget(&self, wallet: WalletId, budget: NewBudget) -> Result<Uuid> {
        let mut transaction = self.db.begin().await?;
        let id = self.set_budget_in_tx(&mut transaction, wallet, budget).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Sets a budget for somebody, once per key, and notes in the audit log who it was. `answer` writes what the caller
    /// is told of all budgets then; a repeat is told the same again, and says so, whatever has become of what it names.
    /// A budget of a key that spends nothing from the wallet is refused.
    pub async fn set_budget_once(
        &self,
        by: &Actor,
        wallet: WalletId,
        budget: NewBudget,
        (key, hash): (&IdempotencyKey, RequestHash),
        answer: impl FnOnce(Vec<Budget>) -> Result<String> + Send,
    ) -> Result<(String, bool)> {
        let said = json!({ "name": budget.name, "counts": words_of(&budget.scope), "period": budget.period,
                           "ceiling": budget.ceiling.to_string(), "wallet": wallet.to_string() });
        let mut transaction = self.db.begin().await?;
        if let Some(first) = first_answer(&mut transaction, wallet, (key, hash), self.db.now()).await? {
            return Ok((first, true));
        }
        if let BudgetScope::Key(key) = budget.scope {
            guards_something(&mut transaction, wallet, KeyId::from_uuid(key)).await?;
        }
        let id = self.set_budget_in_tx(&mut transaction, wallet, budget).await?;
        self.audit_budget(&mut transaction, (by, "budget.set"), id, (Value::Null, said)).await?;
        let text = answer(self.budgets_in_tx(&mut transaction, wallet).await?)?;
        keep_answer(&mut transaction, wallet, key, &text).await?;
        transaction.commit().await?;
        Ok((text, false))
    }

    async fn audit_budget(
        &self,
        connection: &mut PgConnection,
        (by, action): (&Actor, &str),
        id: Uuid,
        (before, after): (Value, Value),
    ) -> Result<()> {
        let (actor, action, subject) = (by.clone(), action.to_owned(), format!("budget {id}"));
        identity::audit_in_tx(connection, &NewAudit { actor, action, subject, before, after }, self.db.now()).await
    }

    /// Does the same in the caller's transaction; locks the wallet's row.
    pub(crate) async fn set_budget_in_tx(
        &self,
        connection: &mut PgConnection,
        wallet: WalletId,
        budget: NewBudget,
    ) -> Result<Uuid> {
        if budget.ceiling.is_negative() {
            return Err(FieldError::new("ceiling", Problem::TooSmall, "Enter 0 or more.").into());
        }
        self.writers.shared.rules().in_steps("ceiling", budget.ceiling)?;
        identity::check_name(&budget.name).map_err(|problem| identity::name_error_at("name", problem))?;
        let whole_project = budget.scope == BudgetScope::Project;
        let touched = controls::touch(connection, wallet, whole_project).await?;
        let touched = touched.ok_or_else(|| Refusal::not_found("wallet"))?;
        let zone = self.zone(connection, touched.account).await?;
        let now = self.db.now();
        let budget = Budget {
            id: Uuid::now_v7(),
            name: budget.name,
            scope: budget.scope,
            period: budget.period,
            ceiling: budget.ceiling,
            // It counts from now on: what was spent before was not counted, so nothing of it is given back either.
            window: Window { start: now, ..budget.period.window(now, &zone) },
            spent: Credits::ZERO,
        };
        let id = controls::set_budget(connection, wallet, touched.project, &budget).await?;
        if controls::count_budgets(connection, wallet, touched.project).await? > BUDGETS_MAX {
            let message = format!("A project has at most {BUDGETS_MAX} budgets. Remove one first.");
            return Err(Refusal::unprocessable("ceiling", Problem::TooMany, message).into());
        }
        Ok(id)
    }

    /// Removes a budget that concerns a wallet, where `may` allows it for what the budget counts; once per key, where
    /// there is one. Says whether it was done before.
    #[doc(hidden)]
    pub async fn remove_budget(
        &self,
        wallet: WalletId,
        budget: Uuid,
        key: Option<&IdempotencyKey>,
        may: impl FnOnce(&BudgetScope) -> Result<()> + Send,
    ) -> Result<bool> {
        self.remove_budget_by(&Actor::system("ledger"), wallet, budget, key, may).await
    }

    /// Does the same for somebody, and notes in the audit log who it was.
    pub async fn remove_budget_by(
        &self,
        by: &Actor,
        wallet: WalletId,
        budget: Uuid,
        key: Option<&IdempotencyKey>,
        may: impl FnOnce(&BudgetScope) -> Result<()> + Send,
    ) -> Result<bool> {
        let mut transaction = self.db.begin().await?;
        if let Some(key) = key {
            let hash = RequestHash::of(format!("remove budget {budget}").as_bytes());
            if first_answer(&mut transaction, wallet, (key, hash), self.db.now()).await?.is_some() {
                return Ok(true);
            }
        }
        let touched = controls::touch(&mut transaction, wallet, true).await?;
        let touched = touched.ok_or_else(|| Refusal::not_found("wallet"))?;
        let scope = controls::budget_scope(&mut transaction, wallet, touched.project, budget).await?;
        let scope = scope.ok_or_else(|| Refusal::not_found("budget"))?;
        may(&scope)?;
        controls::remove_budget(&mut transaction, wallet, touched.project, budget).await?;
        let before = json!({ "counts": words_of(&scope), "wallet": wallet.to_string() });
        self.audit_budget(&mut transaction, (by, "budget.removed"), budget, (before, Value::Null)).await?;
        transaction.commit().await?;
        Ok(false)
    }

    /// Removes the budgets of a key that works no more, in the caller's transaction.
    pub(crate) async fn remove_budgets_of_key_in_tx(
        &self,
        connection: &mut PgConnection,
        wallet: WalletId,
        key: KeyId,
    ) -> Result<()> {
        let touched = controls::touch(connection, wallet, true).await?;
        let touched = touched.ok_or_else(|| Refusal::not_found("wallet"))?;
        controls::remove_budgets_of_key(connection, wallet, touched.project, key.uuid()).await
    }

    /// Reads the budgets that concern a wallet, with what was spent in the period of now.
    pub async fn budgets(&self, wallet: WalletId) -> Result<Vec<Budget>> {
        let mut connection = self.db.pool().acquire().await?;
        self.budgets_in_tx(&mut connection, wallet).await
    }

    async fn budgets_in_tx(&self, connection: &mut PgConnection, wallet: WalletId) -> Result<Vec<Budget>> {
        let now = self.db.now();
        let budgets = controls::budgets(connection, wallet).await?;
        if budgets.is_empty() {
            return Ok(budgets);
        }
        let zone = self.zone_of(connection, wallet).await?;
        Ok(budgets.into_iter().map(|budget| budget.into_period(now, &zone)).collect())
    }

    /// Tells whose a wallet is; `None` where there is no such wallet.
    pub(crate) async fn account_of(&self, wallet: WalletId) -> Result<Option<AccountId>> {
        let mut connection = self.db.pool().acquire().await?;
        controls::account(&mut connection, wallet).await
    }

    /// Tells the time zone of a wallet's account.
    pub async fn time_zone(&self, wallet: WalletId) -> Result<Tz> {
        let mut connection = self.db.pool().acquire().await?;
        self.zone_of(&mut connection, wallet).await
    }

    /// Finds the time zone of a wallet's account.
    pub(in crate::ledger) async fn zone_of(&self, connection: &mut PgConnection, wallet: WalletId) -> Result<Tz> {
        match controls::account(connection, wallet).await? {
            Some(account) => self.zone(connection, account).await,
            None => Ok(Tz::UTC),
        }
    }

    /// Finds the time zone of an account.
    async fn zone(&self, connection: &mut PgConnection, account: AccountId) -> Result<Tz> {
        let zones = identity::time_zones(connection, &[account]).await?;
        Ok(zones.get(&account).copied().unwrap_or(Tz::UTC))
    }

    /// Refuses a wallet's debits until [`Ledger::unfreeze`]; reads and credits go on. Its owner reads `why`. Writes a
    /// row into the audit log; a wallet that is frozen for the same reason stays as it is.
    pub async fn freeze(&self, wallet: WalletId, by: &Actor, why: &str) -> Result<()> {
        let why = identity::note(why)?;
        self.set_frozen(wallet, by, ("wallet.frozen", why), |_| Some(Some(why))).await
    }

    /// Lets a wallet's debits go on; `note` is for the audit log. A wallet that is not frozen stays as it is.
    pub async fn unfreeze(&self, wallet: WalletId, by: &Actor, note: &str) -> Result<()> {
        self.set_frozen(wallet, by, ("wallet.unfrozen", identity::note(note)?), |_| Some(None)).await
    }

    /// Sets why a wallet is frozen, under its lock, where `to` asks for a change of what it is.
    async fn set_frozen<'a>(
        &self,
        wallet: WalletId,
        by: &Actor,
        (action, note): (&str, &str),
        to: impl FnOnce(Option<&str>) -> Option<Option<&'a str>> + Send,
    ) -> Result<()> {
        let mut transaction = self.db.begin().await?;
        let before =
            controls::lock_frozen(&mut transaction, wallet).await?.ok_or_else(|| Refusal::not_found("wallet"))?;
        let Some(after) = to(before.as_deref()).filter(|after| *after != before.as_deref()) else { return Ok(()) };
        controls::freeze(&mut transaction, wallet, after).await?;
        let audit = NewAudit {
            actor: by.clone(),
            action: action.to_owned(),
            subject: format!("wallet {wallet}"),
            before: json!({ "frozen": before }),
            after: json!({ "frozen": after, "note": note }),
        };
        identity::audit_in_tx(&mut transaction, &audit, self.db.now()).await?;
        Ok(transaction.commit().await?)
    }

    /// Notes that the owner still wants this wallet, so that spending goes on.
    pub async fn confirm_activity(&self, wallet: WalletId) -> Result<()> {
        let mut connection = self.db.pool().acquire().await?;
        let found = controls::confirm_activity(&mut connection, wallet, self.db.now()).await?;
        if found { Ok(()) } else { Err(Refusal::not_found("wallet").into()) }
    }

    /// Lists wallets with credits whose spending waits for owners who were not asked yet, in the order of their ids.
    pub(crate) async fn unseen_after(&self, after: Option<WalletId>, limit: i64) -> Result<Vec<Unseen>> {
        let Some(months) = self.writers.shared.rules().inactivity_months else { return Ok(Vec::new()) };
        let before = self.db.now().checked_sub_months(Months::new(months.into()));
        match before {
            Some(before) => controls::unseen(self.db.pool(), after, before, limit).await,
            None => Ok(Vec::new()),
        }
    }

    /// Notes in the caller's transaction that an owner is asked; `false` where the owner was asked or seen meanwhile.
    pub(crate) async fn note_asked_in_tx(&self, connection: &mut PgConnection, unseen: &Unseen) -> Result<bool> {
        controls::note_asked(connection, unseen, self.db.now()).await
    }

    /// Freezes the debits of every wallet that fails a check, unless it is frozen already; credits and reads go on.
    pub(crate) async fn freeze_breached(&self, breaches: &[Breach]) -> Result<()> {
        for breach in breaches {
            let (invariant, found) = (breach.invariant.as_str(), breach.found.as_str());
            tracing::error!(invariant, wallet = ?breach.wallet, found, "an invariant is broken");
            if let Some(wallet) = breach.wallet {
                let why = format!("its ledger fails a check ({invariant})");
                let (by, why) = (Actor::system("verify"), why.as_str());
                let to = |before: Option<&str>| before.is_none().then_some(Some(why));
                match self.set_frozen(wallet, &by, ("wallet.frozen", found), to).await {
                    // Rows without a wallet can't be frozen.
                    Ok(()) | Err(Error::Refused(Refusal::NotFound { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// Refuses a budget of a key that spends nothing from the wallet: it would guard nothing.
async fn guards_something(connection: &mut PgConnection, wallet: WalletId, key: KeyId) -> Result<()> {
    if identity::is_working_key_in_tx(connection, wallet, key).await? {
        return Ok(());
    }
    let message = "There is no such key in this project and environment, or it was revoked.";
    Err(Refusal::unprocessable("of", Problem::Unknown, message).into())
}

/// Says what a budget counts.
fn words_of(scope: &BudgetScope) -> String {
    match scope {
        BudgetScope::Project => "project".to_owned(),
        BudgetScope::Environment => "environment".to_owned(),
        BudgetScope::Key(key) => format!("key {key}"),
        BudgetScope::Customer(customer) => format!("customer {customer}"),
    }
}
