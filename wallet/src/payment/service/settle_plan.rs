//! What money for plans brings: months, and higher plans.

use super::super::provider::ProviderPayment;
use super::super::repo::{self, payment::PaymentRow};
use super::charge_auto::SettledTopUp;
use super::settle::{bonus_of, submission};
use super::settlement::{Brings, Settles, Undone, saved_with};
use super::{Payments, notices};
use crate::error::{Error, Result};
use crate::ledger::HookError;
use crate::notify::webhook::EventKind;
use crate::notify::{Mail, PlanMail};
use crate::payment::model::PlanPart;
use crate::plan::{PaidPlan, SavedMethod};
use crate::promo::FirstPayment;

impl Payments {
    /// Begins a plan with its first month, or brings the next month of one that goes on.
    pub(super) async fn settle_plan(
        &self,
        row: &PaymentRow,
        part: &PlanPart,
        found: &ProviderPayment,
    ) -> Result<(), HookError<Undone>> {
        let method = self.paid_method(row, found).await?;
        let paid = PaidPlan {
            payment: row.id,
            subscription: part.subscription,
            account: row.account,
            wallet: row.wallet,
            plan: part.plan.clone(),
            interval: part.interval,
            price: row.money,
            credits: row.credits,
            month: part.month,
            time_zone: row.time_zone.clone(),
            method,
        };
        let settlement =
            self.plans.settlement(paid).await?.map_err(|reason| HookError::Refused(Undone::Taken(reason)))?;
        let mail = PlanMail {
            name: row.name.clone(),
            plan: row.title.clone(),
            credits: row.credits,
            money: row.money,
            until: settlement.paid_until(),
            interval: part.interval,
            payment: row.id,
        };
        let submission = settlement.month.submission();
        let mail = if part.month == 0 { Mail::PlanStarted(mail) } else { Mail::PlanRenewed(mail) };
        let hook = self.settles(row, found, Brings::Months(Box::new(settlement)), mail).await?;
        self.ledger.submit_with(submission, hook).await.map(drop)
    }

    /// Makes the higher plan whose difference was paid, with the credits that it brings at once.
    pub(super) async fn settle_change(
        &self,
        row: &PaymentRow,
        found: &ProviderPayment,
    ) -> Result<(), HookError<Undone>> {
        let ordered = self.plans.ordered_change(row.id).await?;
        let ordered = ordered.ok_or_else(|| Error::internal("a change that nobody has ordered"))?;
        let raise = self.plans.raise(ordered).await?.map_err(|reason| HookError::Refused(Undone::Taken(reason)))?;
        let mail = Mail::PlanChanged(PlanMail {
            name: row.name.clone(),
            plan: raise.name.clone(),
            credits: row.credits,
            money: row.money,
            until: raise.paid_until,
            interval: raise.ordered.terms.interval,
            payment: row.id,
        });
        let grant = raise.grant(row.credits, row.money);
        let hook = self.settles(row, found, Brings::HigherPlan(raise.ordered), mail).await?;
        self.ledger.submit_with(submission(row, grant), hook).await.map(drop)
    }

    /// Makes what settling a payment writes beside its grant.
    pub(super) async fn settles(
        &self,
        row: &PaymentRow,
        found: &ProviderPayment,
        brings: Brings,
        mail: Mail,
    ) -> Result<Settles> {
        let catalog = self.catalog.view().await?;
        Ok(Settles {
            db: self.db.clone(),
            bonus: bonus_of(row, &catalog, self.db.now()),
            first: FirstPayment::of((row.account, row.wallet), row.id, &catalog.settings),
            notify: self.notify.clone(),
            payment: row.id,
            told: (row.wallet, notices::of(row, EventKind::PaymentSucceeded)),
            read: (row.status, row.failure.clone()),
            brings,
            saved: saved_with(row, found),
            top_up: SettledTopUp::of(row),
            to: (row.email.clone(), row.locale.clone()),
            mail,
        })
    }

    /// Finds the method that pays a plan from now on: the one that the payment has saved, or the saved one that was
    /// charged.
    async fn paid_method(&self, row: &PaymentRow, found: &ProviderPayment) -> Result<Option<SavedMethod>> {
        // A renewal changes nothing of the card: its owner may have chosen another one meanwhile.
        if row.is_renewal() {
            return Ok(None);
        }
        let provider = row.provider.clone();
        if let Some(saved) = &found.saved_method {
            return Ok(Some(SavedMethod { provider, reference: saved.reference.clone(), label: saved.label.clone() }));
        }
        let Some(id) = row.method_id else { return Ok(None) };
        let known = repo::method::find(self.db.pool(), row.account, id).await?.filter(|known| known.state == "active");
        let named = known.and_then(|known| Some((known.reference?, known.label)));
        Ok(named.map(|(reference, label)| SavedMethod { provider, reference, label }))
    }
}
