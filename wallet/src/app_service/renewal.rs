//! Plans renew: what is due is asked of the plans, the money of the payments, and the people are told.
//!
//! Nothing here is remembered between two steps. Whoever comes after a crash, or runs at the same time, finds the same
//! step due, under the same key.

use chrono::TimeDelta;
use tokio::task::JoinSet;

use crate::Wallet;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::notify::webhook::{self, EventKind, Notice, SubscriptionNotice};
use crate::notify::{Mail, PlanTroubleMail};
use crate::payment::Renewal;
use crate::payment::decline::{self, AfterDecline};
use crate::plan::Subscription;
use crate::plan::due::{Due, EndReason};

/// Subscriptions that are worked on at once.
const AT_ONCE: i64 = 16;
/// The most steps for one subscription in one go: the months of a year, and some.
const STEPS_MAX: u32 = 40;
/// When a charge is asked about again that the provider has not decided.
const OPEN_MINUTES: i64 = 2;
/// When a renewal is looked at again whose money was put aside for staff.
const HELD_HOURS: i64 = 1;

/// What a run of the renewal job did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Months granted that were paid before, or cost nothing.
    pub granted: u32,
    /// Renewals that were paid.
    pub paid: u32,
    /// Declines.
    pub declined: u32,
    /// Plans that came to their end.
    pub ended: u32,
    /// Months of which a part went to a preview wallet.
    pub shared: u32,
    /// Subscriptions that stay for the next run.
    pub failed: u32,
}

impl Renewed {
    /// Says whether anything happened.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another run did.
    pub fn add(&mut self, other: &Self) {
        self.granted = self.granted.saturating_add(other.granted);
        self.paid = self.paid.saturating_add(other.paid);
        self.declined = self.declined.saturating_add(other.declined);
        self.ended = self.ended.saturating_add(other.ended);
        self.shared = self.shared.saturating_add(other.shared);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

impl Wallet {
    /// Does everything that is due of plans: months granted, cards charged, ends. Safe on any number of nodes at once,
    /// and as often as one likes.
    pub async fn renew_plans(&self) -> Result<Renewed> {
        let mut report = Renewed::default();
        loop {
            let taken = self.plans().take_due(AT_ONCE).await?;
            if taken.is_empty() {
                report.shared = self.plans().share_with_previews().await?;
                return Ok(report);
            }
            let mut work = JoinSet::new();
            for account in taken {
                let wallet = self.clone();
                work.spawn(async move { wallet.renew_of(account).await });
            }
            for one in work.join_all().await {
                report.add(&one);
            }
        }
    }

    /// Does what is due of one account; what goes wrong stays with that account.
    pub(crate) async fn renew_of(&self, account: AccountId) -> Renewed {
        let mut report = Renewed::default();
        if let Err(error) = self.renew(account, &mut report).await {
            tracing::error!(%account, %error, "a plan could not be renewed; it is tried again in a minute");
            report.failed = 1;
        }
        report
    }

    async fn renew(&self, account: AccountId, report: &mut Renewed) -> Result<()> {
        for _ in 0..STEPS_MAX {
            let Some(of) = self.plans().subscription(account).await? else { return Ok(()) };
            match self.plans().due(&of) {
                Due::Wait(until) => return self.plans().wait_until(&of, until).await,
                Due::Grant { month } => {
                    self.plans().grant(&of, month).await?;
                    report.granted = report.granted.saturating_add(1);
                }
                Due::Move { to } => self.plans().move_to(&of, to).await?,
                Due::Charge { month, attempt } => match self.payments().charge_renewal(&of, month, attempt).await? {
                    Renewal::Paid => report.paid = report.paid.saturating_add(1),
                    Renewal::Declined { code } => {
                        if self.declined(&of, &code).await? {
                            report.declined = report.declined.saturating_add(1);
                        }
                    }
                    // Read it again: it was cancelled or paid meanwhile.
                    Renewal::Moved => {}
                    Renewal::Open => return self.look_again(&of, TimeDelta::minutes(OPEN_MINUTES)).await,
                    Renewal::Held => return self.look_again(&of, TimeDelta::hours(HELD_HOURS)).await,
                },
                Due::End(_) if self.payments().awaits_renewal(&of).await? => {
                    return self.look_again(&of, TimeDelta::minutes(OPEN_MINUTES)).await;
                }
                Due::End(reason) => {
                    if self.ended(&of, reason).await? {
                        report.ended = report.ended.saturating_add(1);
                    }
                }
            }
        }
        Err(Error::internal("a subscription does not come to rest"))
    }

    async fn look_again(&self, of: &Subscription, after: TimeDelta) -> Result<()> {
        let until = self.clock().now().checked_add_signed(after);
        self.plans().wait_until(of, until).await
    }

    /// Counts a decline and tells of it, where the card is charged again; after the last one the end is told. `false`
    /// where the subscription has changed since it was read.
    async fn declined(&self, of: &Subscription, code: &str) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let after = decline::after(code);
        let Some(next_try_at) = self.plans().decline_in_tx(&mut tx, of, after).await? else { return Ok(false) };
        tracing::info!(subscription = %of.id, code, "a renewal was declined");
        if next_try_at.is_some()
            && let Some((to, locale, mail)) = self.trouble(of).await?
        {
            let awaits_owner = after != AfterDecline::Retry;
            let mail = Mail::PlanUnpaid(PlanTroubleMail { next_try_at, awaits_owner, ..mail });
            self.notify().enqueue_mail_in_tx(&mut tx, &to, &locale, &mail).await?;
            let told = SubscriptionNotice {
                event: EventKind::SubscriptionPastDue,
                subscription: of.id,
                plan: of.plan.clone(),
                until: next_try_at,
                reason: Some(code.to_owned()),
            };
            webhook::note_in_tx(&mut tx, of.wallet, &Notice::Subscription(told), self.clock().now()).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends a plan and tells of it; `false` where it has changed since it was read.
    async fn ended(&self, of: &Subscription, reason: EndReason) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        if !self.plans().end_in_tx(&mut tx, of).await? {
            return Ok(false);
        }
        if let Some((to, locale, mail)) = self.trouble(of).await? {
            let mail = Mail::PlanEnded(PlanTroubleMail { is_unpaid: reason == EndReason::Unpaid, ..mail });
            self.notify().enqueue_mail_in_tx(&mut tx, &to, &locale, &mail).await?;
            let why = if reason == EndReason::Unpaid { "unpaid" } else { "cancelled" };
            let told = SubscriptionNotice {
                event: EventKind::SubscriptionEnded,
                subscription: of.id,
                plan: of.plan.clone(),
                until: of.expires_at,
                reason: Some(why.to_owned()),
            };
            webhook::note_in_tx(&mut tx, of.wallet, &Notice::Subscription(told), self.clock().now()).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Writes what the mails about trouble have in common, and to whom; `None` for a plan that costs nothing.
    async fn trouble(&self, of: &Subscription) -> Result<Option<(String, String, PlanTroubleMail)>> {
        let Some((plan, terms)) = of.renews_to() else { return Ok(None) };
        let owner = self.identity().owner(of.account).await?;
        let catalog = self.catalog().view().await?;
        let name = |code: &str| catalog.plan(code).map_or_else(|| code.to_owned(), |plan| plan.name.clone());
        let mail = PlanTroubleMail {
            name: owner.name,
            plan: name(plan),
            money: terms.price,
            method: of.method.as_ref().map(|method| method.label.clone()),
            next_try_at: None,
            down_to: catalog.starting_plan().map(|plan| plan.name.clone()),
            is_unpaid: false,
            awaits_owner: false,
            tries: of.failures,
            expiry: Some(catalog.settings.allowance_expiry),
        };
        Ok(Some((owner.email, owner.locale, mail)))
    }
}
