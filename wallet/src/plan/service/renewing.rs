//! What changes a subscription: money that came, months that begin, declines, the end.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::Plans;
use crate::catalog::{BillingDates, Interval};
use crate::error::{Error, Refusal, Result};
use crate::id::{AccountId, PaymentId, SubscriptionId, WalletId};
use crate::ledger::HookError;
use crate::money::{Credits, Money};
use crate::plan::due::{AfterDecline, Calendar, Due, last_day, next_try};
use crate::plan::month::{Granted, Month, NotPaid, PlanTaken, beyond, dates};
use crate::plan::repo::{self, Declined, Extended, NewStart};
use crate::plan::{SavedMethod, Subscription, SubscriptionStatus, Terms};

/// The job that has taken a subscription is given so long before another one takes it.
const LEASE_SECONDS: i64 = 60;

/// Money that was taken for a plan: for which subscription, from which month on.
#[derive(Clone, Debug)]
pub(crate) struct PaidPlan {
    pub(crate) payment: PaymentId,
    pub(crate) subscription: SubscriptionId,
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) plan: String,
    pub(crate) interval: Interval,
    pub(crate) price: Money,
    pub(crate) credits: Credits,
    pub(crate) month: u32,
    pub(crate) time_zone: String,
    pub(crate) method: Option<SavedMethod>,
}

/// The first month that was paid, ready for the ledger, and what it makes of the subscription.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    pub(crate) month: Month,
    of: Subscription,
    terms: Terms,
    payment: PaymentId,
    paid_until: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Settlement {
    /// Says until when the plan is paid now.
    pub(crate) const fn paid_until(&self) -> DateTime<Utc> {
        self.paid_until
    }
}

impl Plans {
    /// Works out what money for a plan brings: a plan that begins now, or the next months of one that goes on, with the
    /// plan that was chosen for them. The inner error says why there is no place for it.
    pub(crate) async fn settlement(&self, paid: PaidPlan) -> Result<Result<Settlement, PlanTaken>> {
        let (catalog, now) = (self.catalog.view().await?, self.db.now());
        let terms = Terms { interval: paid.interval, price: paid.price, credits: paid.credits };
        let of = match paid.month {
            0 => Subscription { dates: dates(&catalog), ..starting(&paid, terms, now) },
            _ => {
                let found = self.subscription(paid.account).await?;
                let found = found.filter(|found| found.id == paid.subscription && found.terms.is_some());
                let Some(found) = found else { return Ok(Err(PlanTaken::Over)) };
                // Money for a month that lies behind the anchor was asked for before others paid it.
                if paid.month < found.anchor_month {
                    return Ok(Err(PlanTaken::MonthPaid));
                }
                let (plan, method) = (paid.plan.clone(), paid.method.clone());
                let (terms, credits, paid_price) = (Some(terms), terms.credits, Some(terms.price));
                let of = Subscription { plan, method, terms, credits, paid_price, ..found };
                in_time(of, paid.month, now)?
            }
        };
        let month = Month::of(&catalog, &of, paid.month, Some((paid.payment, paid.month)), now)?;
        let months = paid.month.checked_add(terms.months()).ok_or_else(beyond)?;
        let paid_until = Calendar::of(&of).after(&of, months).ok_or_else(beyond)?;
        Ok(Ok(Settlement { month, of, terms, payment: paid.payment, paid_until, now }))
    }

    /// Writes down what money for a plan brought, in the transaction of its grant. A repeat changes nothing; money for
    /// which there is no place any more is refused, which undoes the grant.
    pub(crate) async fn pay_in_tx(
        connection: &mut PgConnection,
        settlement: &Settlement,
        entry_seq: i64,
    ) -> Result<(), HookError<NotPaid>> {
        let Settlement { month, of, terms, payment, paid_until, now } = settlement;
        if !month.record_in_tx(connection, entry_seq, *now).await.map_err(|error| error.map(NotPaid::Taken))? {
            return Ok(());
        }
        let new = NewStart {
            of,
            terms,
            payment: Some(*payment),
            assigned_by: None,
            months: terms.months(),
            paid_until: *paid_until,
            due_at: month.ends_at,
        };
        let refused = |reason: NotPaid| Err(HookError::Refused(reason));
        match month.index {
            0 if repo::start(connection, &new, *now).await? => Ok(()),
            0 => refused(PlanTaken::OtherPlan.into()),
            index => match repo::extend(connection, &new, index, *now).await? {
                Extended::Done => Ok(()),
                Extended::Over => refused(PlanTaken::Over.into()),
                Extended::Moved => refused(NotPaid::Moved),
            },
        }
    }

    /// Takes subscriptions of which something is due; another job takes others.
    pub(crate) async fn take_due(&self, limit: i64) -> Result<Vec<AccountId>> {
        let now = self.db.now();
        let again = now.checked_add_signed(TimeDelta::seconds(LEASE_SECONDS)).ok_or_else(beyond)?;
        repo::take_due(self.db.pool(), now, again, limit).await
    }

    /// Tells whose wallet it is, where something is or will be due of its account's plan.
    pub(crate) async fn account_with_due(&self, wallet: WalletId) -> Result<Option<AccountId>> {
        repo::account_with_due(self.db.pool(), wallet).await
    }

    /// Puts in the credits of a plan's month that has begun, where there are some and they cost nothing (more): for
    /// those who would wait for the job otherwise.
    pub(crate) async fn grant_due(&self, account: AccountId) -> Result<()> {
        let Some(of) = self.subscription(account).await? else { return Ok(()) };
        match self.due(&of) {
            Due::Grant { month } => self.grant(&of, month).await,
            _ => Ok(()),
        }
    }

    /// Tells when the renewal job has something to do next; `None` where it never will.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>> {
        repo::next_due(self.db.pool(), self.db.now()).await
    }

    /// Sets when the job looks next.
    pub(crate) async fn wait_until(&self, of: &Subscription, until: Option<DateTime<Utc>>) -> Result<()> {
        repo::set_due(self.db.pool(), of, until).await
    }

    /// Counts the dates of a subscription anew, from where its next month is to be paid; nothing where it has changed
    /// since.
    pub(crate) async fn move_to(&self, of: &Subscription, to: DateTime<Utc>) -> Result<()> {
        repo::move_anchor(self.db.pool(), of, to, self.db.now()).await
    }

    /// Puts in the credits of a month that was paid before, or that costs nothing. A repeat changes nothing.
    pub(crate) async fn grant(&self, of: &Subscription, month: u32) -> Result<()> {
        let (catalog, now) = (self.catalog.view().await?, self.db.now());
        let paid = of.paid_by.map(|payment| (payment, of.paid_from));
        let month = Month::of(&catalog, of, month, paid, now)?;
        match self.ledger.submit_with(month.submission(), Granted { month, now }).await {
            Ok(_) => Ok(()),
            Err(HookError::Refused(reason)) => Err(Error::internal(format!("a month was granted before: {reason:?}"))),
            Err(HookError::Failed(error)) => Err(error),
        }
    }

    /// Counts a decline, and sets the day of the next try. Gives that day, inner `None` after the last one; outer
    /// `None` where another job has counted it.
    pub(crate) async fn decline_in_tx(
        &self,
        connection: &mut PgConnection,
        of: &Subscription,
        after: AfterDecline,
    ) -> Result<Option<Option<DateTime<Utc>>>> {
        let now = self.db.now();
        let failing_since = of.failing_since.unwrap_or(now);
        let (awaits_owner, drops_method) = match after {
            AfterDecline::Retry => (false, false),
            AfterDecline::AskOwner => (true, false),
            AfterDecline::DropMethod => (true, true),
        };
        let next =
            if awaits_owner { last_day(failing_since).filter(|day| *day > now) } else { next_try(failing_since, now) };
        let declined = Declined { failing_since, next_try_at: next, awaits_owner, drops_method };
        let counted = repo::decline(connection, of, &declined, now).await?;
        Ok(counted.then_some(declined.next_try_at))
    }

    /// Lets a subscription be charged with another method, or none. What is owed is charged at once. Refused where the
    /// subscription has changed since it was read.
    pub(crate) async fn set_method_in_tx(
        &self,
        connection: &mut PgConnection,
        of: &Subscription,
        method: Option<&SavedMethod>,
    ) -> Result<()> {
        match repo::set_method(connection, of, method, self.db.now()).await? {
            true => Ok(()),
            false => Err(Refusal::VersionConflict.into()),
        }
    }

    /// Forgets a method that is of no use any more, or was removed, where an account's plan is charged with it.
    pub(crate) async fn forget_method_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        provider: &str,
        reference: Option<&str>,
    ) -> Result<()> {
        match reference {
            Some(reference) => repo::forget_method(connection, account, (provider, reference), self.db.now()).await,
            None => Ok(()),
        }
    }

    /// Says whether an account's paid plan is charged with a method; it stays so until the transaction ends.
    pub(crate) async fn pays_in_tx(
        &self,
        connection: &mut PgConnection,
        account: AccountId,
        provider: &str,
        reference: Option<&str>,
    ) -> Result<bool> {
        match reference {
            Some(reference) => repo::is_charged(connection, account, (provider, reference)).await,
            None => Ok(false),
        }
    }

    /// Ends a plan: the account goes down to the plan that costs nothing. `false` where another job has ended it, or it
    /// has changed since it was read.
    pub(crate) async fn end_in_tx(&self, connection: &mut PgConnection, of: &Subscription) -> Result<bool> {
        let catalog = self.catalog.view().await?;
        let free = catalog.starting_plan().map(|plan| plan.code.as_str());
        repo::end(connection, of, free, self.db.now()).await
    }
}

/// Where money for a month comes when that month is over, it begins now.
fn in_time(of: Subscription, month: u32, now: DateTime<Utc>) -> Result<Subscription> {
    let period = Calendar::of(&of).month(&of, month).ok_or_else(beyond)?;
    let is_over = period.end <= now && of.months_paid <= month;
    Ok(if is_over { Subscription { anchor: now, anchor_month: month, ..of } } else { of })
}

/// A subscription that begins with its first payment.
fn starting(paid: &PaidPlan, terms: Terms, now: DateTime<Utc>) -> Subscription {
    Subscription {
        id: paid.subscription,
        account: paid.account,
        wallet: paid.wallet,
        plan: paid.plan.clone(),
        terms: Some(terms),
        credits: terms.credits,
        anchor: now,
        anchor_month: 0,
        dates: BillingDates::Anniversary,
        time_zone: paid.time_zone.clone(),
        status: SubscriptionStatus::Active,
        cancel_at_end: false,
        expires_at: None,
        months_paid: terms.months(),
        months_granted: 1,
        paid_by: Some(paid.payment),
        paid_from: 0,
        paid_price: Some(paid.price),
        next: None,
        failures: 0,
        failing_since: None,
        next_try_at: None,
        method: paid.method.clone(),
        awaits_owner: false,
        version: 0,
    }
}
