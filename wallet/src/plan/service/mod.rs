//! The handle: what an account is on, what is due of it, and what changes it.

mod assigning;
mod changing;
mod preview_share;
mod renewing;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

pub use assigning::Assignment;
pub(crate) use renewing::{PaidPlan, Settlement};

use super::coming::ComingCredits;
use super::due::{Calendar, Due};
use super::month::{beyond, dates};
use super::ports::{PlanNews, PlanStep};
use super::repo::{self, PlanRow};
use super::{BillingPeriod, FirstDates, PlanSummary, Subscription, SubscriptionStatus, SubscriptionView, Terms};
use crate::catalog::{BillingDates, BurnClass, Catalog, CatalogView};
use crate::db::Db;
use crate::error::{Problem, Refusal, Result};
use crate::id::{AccountId, WalletId};
use crate::identity::{self, NewAudit, Viewer};
use crate::ledger::Ledger;
use crate::tariff::PlanRanks;
use crate::time_zone;

/// The most months of one page.
const PERIODS_MAX: i64 = 120;

/// Everything about the plans of accounts. Cheap to clone.
#[derive(Clone)]
pub struct Plans {
    db: Db,
    ledger: Ledger,
    catalog: Catalog,
    news: Arc<OnceLock<Arc<dyn PlanNews>>>,
}

impl std::fmt::Debug for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plans").finish_non_exhaustive()
    }
}

impl Plans {
    pub(crate) fn new(db: Db, ledger: Ledger, catalog: Catalog) -> Self {
        Self { db, ledger, catalog, news: Arc::default() }
    }

    /// Lets somebody hear what people do with plans; only the first counts.
    pub(crate) fn tell(&self, news: Arc<dyn PlanNews>) {
        self.news.set(news).ok();
    }

    /// Tells programs what people did with a plan, in the transaction of it.
    async fn note_in_tx(&self, connection: &mut PgConnection, of: &Subscription, step: PlanStep) -> Result<()> {
        match self.news.get() {
            Some(news) => news.note_in_tx(connection, of, step).await,
            None => Ok(()),
        }
    }

    /// Tells the plan of an account: the free one where it has no other, or where the paid time is over.
    pub async fn current(&self, account: AccountId) -> Result<PlanSummary> {
        Ok(self.current_of(&[account]).await?.remove(&account).unwrap_or_else(PlanSummary::none))
    }

    /// Tells the plans of accounts.
    pub(crate) async fn current_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, PlanSummary>> {
        let (view, now) = (self.catalog.view().await?, self.db.now());
        let mut rows = repo::find(self.db.pool(), accounts).await?;
        let plan = |account: &AccountId| {
            let row = rows.remove(account).filter(|row| row.counts(now));
            let paid = row.as_ref().and_then(|row| view.plan(&row.plan));
            let summary = paid.or_else(|| view.starting_plan()).map(|plan| PlanSummary {
                code: plan.code.clone(),
                name: plan.name.clone(),
                rank: plan.rank,
                expires_at: row.and_then(|row| row.expires_at),
            });
            (*account, summary.unwrap_or_else(PlanSummary::none))
        };
        Ok(accounts.iter().map(plan).collect())
    }

    /// Puts a new account on the plan that everybody starts on, in the transaction that makes it.
    pub(crate) async fn join_free_in_tx(&self, connection: &mut PgConnection, account: AccountId) -> Result<()> {
        let now = self.db.now();
        match self.catalog.view().await?.starting_plan() {
            Some(plan) => repo::insert(connection, account, &plan.code, now).await,
            None => Ok(()),
        }
    }

    /// Lets the months of a plan that costs nothing begin, in the transaction that proves the address of the account's
    /// owner. A repeat changes nothing.
    pub(crate) async fn begin_free_in_tx(&self, connection: &mut PgConnection, account: AccountId) -> Result<()> {
        repo::begin_free(connection, account, self.db.now()).await
    }

    /// Reads an account's subscription; `None` for an account without people or plan.
    pub(crate) async fn subscription(&self, account: AccountId) -> Result<Option<Subscription>> {
        self.read_subscription(self.db.pool(), account).await
    }

    /// Reads it as a transaction sees it now.
    pub(crate) async fn subscription_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
    ) -> Result<Option<Subscription>> {
        self.read_subscription(connection, account).await
    }

    async fn read_subscription(
        &self,
        executor: impl PgExecutor<'_>,
        account: AccountId,
    ) -> Result<Option<Subscription>> {
        let catalog = self.catalog.view().await?;
        let Some(mut found) = repo::by_account(executor, account, dates(&catalog)).await? else {
            return Ok(None);
        };
        if found.terms.is_none() {
            let free = catalog.plan(&found.plan).filter(|plan| !plan.is_paid());
            found.credits = free.map(|plan| plan.monthly_credits).unwrap_or_default();
        }
        Ok(Some(found))
    }

    /// Shows the paid plan that an account is on; `None` where it is on none.
    pub async fn paid_plan(&self, account: AccountId) -> Result<Option<SubscriptionView>> {
        let found = self.subscription(account).await?.filter(Subscription::is_paid_and_live);
        let catalog = self.catalog.view().await?;
        Ok(found.and_then(|found| view(&catalog, found)))
    }

    /// Says what is due of a subscription now.
    pub(crate) fn due(&self, of: &Subscription) -> Due {
        Calendar::of(of).due(of, self.db.now())
    }

    /// Tells the dates of a plan that began now, in an account's time zone.
    pub async fn first_dates(&self, terms: &Terms, time_zone: &str) -> Result<FirstDates> {
        let (dates, now) = (dates(&*self.catalog.view().await?), self.db.now());
        let calendar = Calendar { zone: time_zone::named(time_zone), dates };
        let end = |months| calendar.first_end(now, months).ok_or_else(beyond);
        let is_calendar = dates == BillingDates::CalendarMonth;
        let short_month_ends_at = if is_calendar { Some(end(1)?) } else { None };
        Ok(FirstDates { next_payment_at: end(terms.months())?, short_month_ends_at })
    }

    /// Lists what the plan of a wallet's account will put into this wallet in the months to come, the next first.
    pub(crate) async fn coming(&self, wallet: WalletId) -> Result<Vec<ComingCredits>> {
        let Some(account) = self.account_with_due(wallet).await? else { return Ok(Vec::new()) };
        let Some(of) = self.subscription(account).await?.filter(|of| of.wallet == wallet) else {
            return Ok(Vec::new());
        };
        let catalog = self.catalog.view().await?;
        let settings = &catalog.settings;
        let rule = (settings.allowance_expiry, settings.burn_order.priority(BurnClass::Allowance));
        Ok(Calendar::of(&of).coming(&of, rule, self.db.now()))
    }

    /// Lists the newest months of an account's subscriptions, with the ledger rows that they brought.
    pub async fn periods(&self, account: AccountId) -> Result<Vec<BillingPeriod>> {
        repo::periods(self.db.pool(), account, PERIODS_MAX).await
    }

    /// Lets the paid plan of a person's account end with the time that is paid. A repeat changes nothing.
    pub async fn cancel(&self, viewer: &Viewer) -> Result<()> {
        self.set_cancel(viewer, true, "subscription.cancelled").await
    }

    /// Lets a plan that was to end go on.
    pub async fn resume(&self, viewer: &Viewer) -> Result<()> {
        self.set_cancel(viewer, false, "subscription.resumed").await
    }

    async fn set_cancel(&self, viewer: &Viewer, cancel: bool, action: &str) -> Result<()> {
        if !viewer.role.may_pay() {
            return Err(Refusal::Forbidden { why: "your role may not change the plan".to_owned() }.into());
        }
        let found = self.subscription(viewer.account).await?.filter(Subscription::is_paid_and_live);
        let found = found.ok_or_else(|| {
            Refusal::unprocessable("plan", Problem::NotAllowed, "This account is on no paid plan any more.")
        })?;
        if found.paid_by.is_none() {
            let message = "This plan was agreed with us. Write to us to change it.";
            return Err(Refusal::unprocessable("plan", Problem::NotAllowed, message).into());
        }
        if found.cancel_at_end == cancel {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        if !repo::set_cancel(&mut tx, &found, cancel, self.db.now()).await? {
            return Err(Refusal::VersionConflict.into());
        }
        let audit = NewAudit {
            actor: viewer.actor(),
            action: action.to_owned(),
            subject: format!("subscription {}", found.id),
            before: serde_json::Value::Null,
            after: serde_json::json!({ "plan": found.plan, "ends_at": found.expires_at }),
        };
        identity::audit_in_tx(&mut tx, &audit, self.db.now()).await?;
        self.note_in_tx(&mut tx, &found, if cancel { PlanStep::EndSet } else { PlanStep::Resumed }).await?;
        Ok(tx.commit().await?)
    }
}

impl PlanRow {
    /// Says whether the plan counts. A paid one that goes on counts beyond the time that is paid, for as long as the
    /// job has not charged the card or tries it again: that it comes late, or waits for a provider or for staff, is our
    /// fault.
    fn counts(&self, now: DateTime<Utc>) -> bool {
        let is_over = self.expires_at.is_some_and(|end| end <= now);
        match self.status {
            SubscriptionStatus::Cancelled => false,
            _ if self.cancel_at_end || !self.is_paid => !is_over,
            SubscriptionStatus::Active => true,
            SubscriptionStatus::PastDue => self.next_try_at.is_some(),
        }
    }
}

#[async_trait]
impl PlanRanks for Plans {
    async fn ranks_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, i32>> {
        let plans = self.current_of(accounts).await?;
        Ok(plans.into_iter().map(|(account, plan)| (account, plan.rank)).collect())
    }
}

fn view(catalog: &CatalogView, of: Subscription) -> Option<SubscriptionView> {
    let calendar = Calendar::of(&of);
    let paid_until = calendar.after(&of, of.months_paid)?;
    let more = of.months_granted < of.months_paid;
    let next_credits_at = match (more, of.cancel_at_end) {
        (true, _) => calendar.after(&of, of.months_granted),
        (false, false) => Some(of.next_try_at.unwrap_or(paid_until)),
        (false, true) => None,
    };
    let name = catalog.plan(&of.plan).map_or_else(|| of.plan.clone(), |plan| plan.name.clone());
    Some(SubscriptionView {
        id: of.id,
        terms: of.terms?,
        plan: of.plan,
        name,
        status: of.status,
        cancel_at_end: of.cancel_at_end,
        paid_until,
        next_credits_at,
        next_try_at: of.next_try_at,
        method: of.method.map(|method| method.label),
        next: of.next,
        is_assigned: of.paid_by.is_none(),
        awaits_owner: of.awaits_owner,
    })
}
