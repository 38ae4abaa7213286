//! One month of a subscription on its way into the ledger: under one key, whoever grants it and however often.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::due::Calendar;
use super::repo;
use super::subscription::{Subscription, Terms};
use crate::catalog::{BillingDates, BurnClass, CatalogView, Settings};
use crate::error::{Error, Result};
use crate::id::{AccountId, PaymentId, SubscriptionId, WalletId};
use crate::idempotency::{IdempotencyKey, RequestHash};
use crate::identity::Actor;
use crate::ledger::{Command, GrantSource, HookError, NewGrant, Outcome, RefusingHook, Submission};
use crate::money::{Credits, Money};

/// A month with everything that is written of it.
#[derive(Clone, Debug)]
pub(crate) struct Month {
    pub(crate) subscription: SubscriptionId,
    pub(crate) account: AccountId,
    pub(crate) wallet: WalletId,
    pub(crate) plan: String,
    pub(crate) name: String,
    pub(crate) index: u32,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) credits: Credits,
    pub(crate) paid: Option<(PaymentId, Money)>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) priority: i16,
    /// What of them goes on to the preview wallet of the project.
    pub(crate) preview: Credits,
}

impl Month {
    /// Works out a month of a subscription: its dates, its credits' end, its share of the payment.
    pub(crate) fn of(
        catalog: &CatalogView,
        subscription: &Subscription,
        index: u32,
        paid: Option<(PaymentId, u32)>,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let calendar = Calendar::of(subscription);
        let period = calendar.month(subscription, index).ok_or_else(beyond)?;
        let share = |(payment, from): (PaymentId, u32), terms: &Terms| {
            let nth = index.checked_sub(from)?;
            Some((payment, terms.share(nth)?))
        };
        let paid = match (paid, &subscription.paid_terms()) {
            (Some(paid), Some(terms)) => Some(share(paid, terms).ok_or_else(beyond)?),
            _ => None,
        };
        let name = catalog.plan(&subscription.plan).map_or_else(|| subscription.plan.clone(), |plan| plan.name.clone());
        Ok(Self {
            subscription: subscription.id,
            account: subscription.account,
            wallet: subscription.wallet,
            plan: subscription.plan.clone(),
            name,
            index,
            starts_at: period.start,
            ends_at: period.end,
            credits: subscription.credits,
            preview: preview_share(&catalog.settings, subscription.credits),
            paid,
            expires_at: calendar.expiry(subscription, &period, catalog.settings.allowance_expiry, now),
            priority: catalog.settings.burn_order.priority(BurnClass::Allowance),
        })
    }

    /// Makes the command that puts its credits in. What makes two of them the same is the month alone: the end of the
    /// credits depends on the moment.
    pub(crate) fn submission(&self) -> Submission {
        let reference = format!("subscription:{}:{}", self.subscription, self.index);
        let grant = NewGrant {
            amount: self.credits,
            source: GrantSource::Allowance,
            label: self.name.clone(),
            priority: self.priority,
            effective_at: None,
            expires_at: self.expires_at,
            cost: self.paid.map(|(_, share)| share),
            reference: Some(reference.clone()),
            limit: None,
        };
        let metadata = json!({
            "subscription": self.subscription,
            "plan": self.plan,
            "month": self.index,
            "from": self.starts_at,
            "to": self.ends_at,
            "payment": self.paid.map(|(payment, _)| payment),
        });
        let hash = RequestHash::of(reference.as_bytes());
        let key = IdempotencyKey::internal(reference);
        Submission::new(self.wallet, key, Actor::system("plans"), Command::Grant(grant))
            .with_request_hash(hash)
            .with_metadata(metadata)
    }

    /// Writes the month down, in the transaction of its grant; `false` where it was there before, from the same
    /// payment.
    pub(crate) async fn record_in_tx(
        &self,
        connection: &mut PgConnection,
        entry_seq: i64,
        now: DateTime<Utc>,
    ) -> Result<bool, HookError<PlanTaken>> {
        if repo::insert_period(connection, self, entry_seq, now).await? {
            if self.preview.is_positive() {
                repo::preview_share::insert_share(connection, self, now).await?;
            }
            return Ok(true);
        }
        let before = repo::period_paid_by(connection, self.subscription, self.index).await?;
        if before == self.paid.map(|(payment, _)| payment) {
            Ok(false)
        } else {
            Err(HookError::Refused(PlanTaken::MonthPaid))
        }
    }
}

/// Gives how billing dates run; by the day of the start where the catalog says nothing.
pub(crate) fn dates(catalog: &CatalogView) -> BillingDates {
    catalog.settings.billing_dates.unwrap_or(BillingDates::Anniversary)
}

/// Tells how much of a month's credits goes on to the preview wallet: whole steps of the unit, rounded down.
fn preview_share(settings: &Settings, credits: Credits) -> Credits {
    let percent = i64::from(settings.preview.allowance_percent.min(100));
    let share = credits.micros().checked_div(100).and_then(|hundredth| hundredth.checked_mul(percent)).unwrap_or(0);
    Credits::from_micros(share).down_to_steps_of(settings.rounding_step)
}

/// What a subscription without an end of its months would be: beyond the calendar.
pub(crate) fn beyond() -> Error {
    Error::internal("a billing date is beyond the calendar")
}

/// Why money that was taken for a plan brings nothing: staff give it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanTaken {
    /// The account is on a paid plan already.
    OtherPlan,
    /// Another payment paid the same month.
    MonthPaid,
    /// The subscription was over when the money came.
    Over,
    /// The plan was not the one any more that was to be changed.
    Changed,
}

impl PlanTaken {
    /// Gives the reason's code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::OtherPlan => "already_subscribed",
            Self::MonthPaid => "month_already_paid",
            Self::Over => "subscription_over",
            Self::Changed => "plan_changed",
        }
    }
}

/// Why what was paid for a plan is not written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotPaid {
    /// There is no place for it.
    Taken(PlanTaken),
    /// The subscription has changed since it was read: whoever settles reads it anew.
    Moved,
}

impl From<PlanTaken> for NotPaid {
    fn from(reason: PlanTaken) -> Self {
        Self::Taken(reason)
    }
}

/// Writes a month down that was paid before, or that costs nothing, in the transaction of its grant.
pub(crate) struct Granted {
    pub(crate) month: Month,
    pub(crate) now: DateTime<Utc>,
}

#[async_trait]
impl RefusingHook for Granted {
    type Refusal = PlanTaken;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<PlanTaken>> {
        self.month.record_in_tx(connection, outcome.seq(), self.now).await?;
        Ok(repo::set_granted(connection, &self.month, self.now).await?)
    }
}
