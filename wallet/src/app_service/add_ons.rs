//! Add-ons are deducted: after what is due of the account's plan, and with what auto top-up buys.
//!
//! Nothing here is remembered between two steps. Whoever comes after a crash, or runs at the same time, finds the same
//! step due, under the same key.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use tokio::task::JoinSet;

use crate::Wallet;
use crate::add_on::rule::{Due, Short, after_short};
use crate::add_on::{AddOnSubscription, Deducted, PauseReason, StoredState};
use crate::error::{Error, Refusal, Result, Shortfall, TopUpHintState};
use crate::id::{AccountId, AddOnId, WalletId};
use crate::idempotency::IdempotencyKey;
use crate::identity::Viewer;
use crate::money::Credits;
use crate::plan::due::Due as PlanDue;

/// Add-ons that are taken at once.
const AT_ONCE: i64 = 64;
/// The most steps for one add-on in one go.
const STEPS_MAX: u32 = 10;
/// When a paused add-on is looked at again that could not be deducted though there seemed to be enough.
const AGAIN_MINUTES: i64 = 5;

/// What a run over the add-ons did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddOnsDeducted {
    /// Months deducted.
    pub deducted: u32,
    /// Add-ons that were paused.
    pub paused: u32,
    /// Add-ons that came to their end.
    pub ended: u32,
    /// Add-ons that stay for the next run.
    pub failed: u32,
}

impl AddOnsDeducted {
    /// Says whether anything happened.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another run did.
    pub fn add(&mut self, other: &Self) {
        self.deducted = self.deducted.saturating_add(other.deducted);
        self.paused = self.paused.saturating_add(other.paused);
        self.ended = self.ended.saturating_add(other.ended);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

impl Wallet {
    /// Switches an add-on of the person's wallet on, for the price that was `shown`: what is due of the account's plan
    /// is done before. A wallet with too little is refused, and told what auto top-up does about it.
    pub async fn switch_add_on_on(
        &self,
        viewer: &Viewer,
        code: &str,
        shown: Credits,
        key: &IdempotencyKey,
    ) -> Result<()> {
        self.catch_up(viewer.wallet).await;
        match self.add_ons().switch_on(viewer, code, shown, key).await {
            Err(Error::Refused(Refusal::OutOfCredits { needed, available, limited, ceiling, .. })) => {
                let auto_top_up = self.payments().top_up_for(viewer.wallet, Shortfall { needed, limited }).await;
                Err(Refusal::OutOfCredits { needed, available, limited, ceiling, auto_top_up }.into())
            }
            done => done,
        }
    }

    /// Does everything that is due of add-ons: months deducted, paused ones resumed, ends. Safe on any number of nodes
    /// at once, and as often as one likes.
    pub async fn deduct_add_ons(&self) -> Result<AddOnsDeducted> {
        let mut report = AddOnsDeducted::default();
        loop {
            let taken = self.add_ons().take_due(AT_ONCE).await?;
            if taken.is_empty() {
                return Ok(report);
            }
            // Those of one wallet one after the other, oldest first: which of them its credits pay is no chance.
            let mut wallets = BTreeMap::<WalletId, Vec<AddOnId>>::new();
            for (wallet, id) in taken {
                wallets.entry(wallet).or_default().push(id);
            }
            let mut work = JoinSet::new();
            for (wallet, ids) in wallets {
                let this = self.clone();
                work.spawn(async move { this.deduct_add_ons_of(wallet, ids).await });
            }
            for one in work.join_all().await {
                report.add(&one);
            }
        }
    }

    /// Does what is due of add-ons of one wallet; what goes wrong stays with its add-on.
    async fn deduct_add_ons_of(&self, wallet: WalletId, ids: Vec<AddOnId>) -> AddOnsDeducted {
        let mut report = AddOnsDeducted::default();
        // A plan's credits of the same day come before.
        self.catch_up(wallet).await;
        for id in ids {
            if let Err(error) = self.deduct_add_on(wallet, id, &mut report).await {
                tracing::error!(add_on = %id, %error, "an add-on could not be deducted; it is tried again in a minute");
                report.failed = report.failed.saturating_add(1);
            }
        }
        report
    }

    async fn deduct_add_on(&self, wallet: WalletId, id: AddOnId, report: &mut AddOnsDeducted) -> Result<()> {
        for _ in 0..STEPS_MAX {
            let Some(of) = self.add_ons().find(wallet, id).await? else { return Ok(()) };
            match self.add_ons().due(&of)? {
                Due::Nothing => return Ok(()),
                Due::Wait(until) => return self.add_ons().wait(&of, until, None).await,
                Due::End => {
                    if self.add_ons().end(&of).await? {
                        report.ended = report.ended.saturating_add(1);
                    }
                }
                Due::Deduct(month) => match self.add_ons().deduct(&of, month).await? {
                    Deducted::Done => report.deducted = report.deducted.saturating_add(1),
                    // Read it again: it was switched off or deducted meanwhile.
                    Deducted::Moved => {}
                    Deducted::Refused(refusal) => return self.without_its_month(&of, &refusal, report).await,
                },
            }
        }
        Err(Error::internal("an add-on does not come to rest"))
    }

    /// Does what follows where a month could not be deducted: it waits for credits that are on their way, or pauses.
    async fn without_its_month(
        &self,
        of: &AddOnSubscription,
        refusal: &Refusal,
        report: &mut AddOnsDeducted,
    ) -> Result<()> {
        let now = self.clock().now();
        if of.state == StoredState::Paused {
            // Credits that have expired looked like some, or the owner has to act first.
            return self.add_ons().wait(of, now + TimeDelta::minutes(AGAIN_MINUTES), None).await;
        }
        let (reason, available) = match refusal {
            Refusal::OutOfCredits { needed, available, limited, .. } => {
                let short = Shortfall { needed: *needed, limited: *limited };
                let is_coming = self.credits_are_coming(of.wallet, of.account, short).await?;
                if let Short::Wait(until) = after_short(of.short_since, is_coming, now) {
                    return self.add_ons().wait(of, until, of.short_since.or(Some(now))).await;
                }
                (PauseReason::OutOfCredits, *available)
            }
            Refusal::WalletInactive => (PauseReason::WalletInactive, self.ledger().balance(of.wallet).await?.available),
            _ => (PauseReason::WalletFrozen, self.ledger().balance(of.wallet).await?.available),
        };
        if self.add_ons().pause(of, reason, available).await? {
            report.paused = report.paused.saturating_add(1);
        }
        Ok(())
    }

    /// Says whether credits for a month are on their way: a card is being charged for them, or the plan's next month is
    /// being paid.
    pub(super) async fn credits_are_coming(
        &self,
        wallet: WalletId,
        account: AccountId,
        short: Shortfall,
    ) -> Result<bool> {
        let hint = self.payments().top_up_for(wallet, short).await;
        if hint.is_some_and(|hint| hint.state == TopUpHintState::Pending) {
            return Ok(true);
        }
        // Of a plan whose owner's address is not proven, nothing comes however long one waits.
        if self.plans().account_with_due(wallet).await?.is_none() {
            return Ok(false);
        }
        let plan = self.plans().subscription(account).await?;
        Ok(plan.is_some_and(|plan| plan.wallet == wallet && !matches!(self.plans().due(&plan), PlanDue::Wait(_))))
    }
}
