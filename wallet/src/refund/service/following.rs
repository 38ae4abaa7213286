//! What went back at the provider: refunds that somebody made in its dashboard are found and mirrored, refunds of ours
//! that failed later are restored, and disputes are followed.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::super::model::RefundState;
use super::super::repo;
use super::super::repo::purchase::PurchaseRow;
use super::super::rule::{Offer, mirrored};
use super::{Refunds, audit, follow_promos_in_tx};
use crate::catalog::Interval;
use crate::error::{Error, Refusal, Result};
use crate::id::{PaymentId, RefundId, WalletId};
use crate::idempotency::IdempotencyKey;
use crate::identity::{self, Actor, NewAudit};
use crate::ledger::{Command, HookError, Outcome, RefusingHook, Submission};
use crate::money::Credits;
use crate::notify::webhook::{self, EventKind, Notice, RefundNotice};
use crate::payment::{DisputesAnswer, ProviderRefund, RefundStatus, RefundsAnswer};
use crate::plan::Subscription;

/// How long a provider may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A mirrored refund, stored in the transaction that takes its credits.
struct Mirrored {
    id: RefundId,
    payment: PaymentId,
    offer: Offer,
    reference: String,
    state: RefundState,
    wallet: WalletId,
    audit: NewAudit,
    now: DateTime<Utc>,
}

/// It is known already, or the payment has no money left for it.
struct Known;

impl Mirrored {
    async fn record(&self, connection: &mut PgConnection, taken: Option<i64>) -> Result<(), HookError<Known>> {
        let row = repo::refund::NewRow {
            id: self.id,
            payment: self.payment,
            request: None,
            source: "provider",
            offer: self.offer,
            taken_seq: taken,
            state: self.state,
            provider_ref: Some(&self.reference),
            by: "provider",
        };
        if !repo::refund::insert(&mut *connection, &row, self.now).await? {
            return Err(HookError::Refused(Known));
        }
        follow_promos_in_tx(connection, self.payment, self.now).await?;
        // One that is still on its way is told once it has arrived.
        if self.state == RefundState::Succeeded {
            let told = RefundNotice {
                event: EventKind::RefundSucceeded,
                request: None,
                payment: Some(self.payment),
                money: Some(self.offer.money),
                credits: self.offer.credits,
                reason: None,
            };
            webhook::note_in_tx(connection, self.wallet, &Notice::Refund(told), self.now).await?;
        }
        Ok(identity::audit_in_tx(connection, &self.audit, self.now).await?)
    }
}

#[async_trait]
impl RefusingHook for Mirrored {
    type Refusal = Known;

    async fn run(&self, connection: &mut PgConnection, outcome: &Outcome) -> Result<(), HookError<Known>> {
        if outcome.replayed { Ok(()) } else { self.record(connection, Some(outcome.seq())).await }
    }
}

impl Refunds {
    /// Asks the provider what went back of a payment, and what its buyer's bank wants back, and acts on it. Safe to call
    /// at any time, as often as one likes.
    pub async fn look_at(&self, payment: PaymentId) -> Result<()> {
        let due = repo::purchase::due(self.db.pool(), payment).await?;
        let (row, _) = self.purchase(payment).await?;
        let (Some(provider), Some(reference)) = (self.payments.provider(&row.provider), &row.provider_ref) else {
            return Err(Refusal::Unavailable.into());
        };
        let asked = async { (provider.refunds_of(reference).await, provider.disputes_of(reference).await) };
        let answer = tokio::time::timeout(TIMEOUT, asked).await;
        let (refunds, disputes) = match answer {
            Ok((RefundsAnswer::Found(refunds), DisputesAnswer::Found(disputes))) => (refunds, disputes),
            Ok((RefundsAnswer::Unknown { detail }, _) | (_, DisputesAnswer::Unknown { detail })) => {
                tracing::warn!(%payment, provider = row.provider, detail, "no answer about refunds and disputes");
                return Err(Refusal::Unavailable.into());
            }
            Err(_) => return Err(Refusal::Unavailable.into()),
        };
        for found in &refunds {
            self.follow_any(payment, found).await?;
        }
        for found in &disputes {
            self.follow_dispute(payment, found).await?;
        }
        self.stop_plan(payment).await?;
        repo::purchase::looked_at(self.db.pool(), payment, due).await
    }

    /// Ends the plan whose running or later months were paid by a payment that went back wholly, or is disputed.
    async fn stop_plan(&self, payment: PaymentId) -> Result<()> {
        let (row, assessed) = self.purchase(payment).await?;
        if !row.purchase.is_plan || (assessed.most_minor > 0 && !row.purchase.is_disputed) {
            return Ok(());
        }
        let Some(part) = self.payments.view(payment).await?.plan else { return Ok(()) };
        let Some(of) = self.plans.subscription(row.account).await?.filter(Subscription::is_paid_and_live) else {
            return Ok(());
        };
        let months = if part.interval == Interval::Year { 12 } else { 1 };
        if of.id != part.subscription || part.month.saturating_add(months) < of.months_granted {
            return Ok(());
        }
        let note = "The payment of this plan went back or is disputed.";
        match self.plans.end_now(&Actor::system("refunds"), row.account, note).await {
            // Somebody else has ended or changed it.
            Ok(()) | Err(Error::Refused(Refusal::VersionConflict | Refusal::Unprocessable { .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn follow_any(&self, payment: PaymentId, found: &ProviderRefund) -> Result<()> {
        let ours = repo::refund::list(self.db.pool(), (None, None, Some(payment))).await?;
        let is_it = |row: &&repo::refund::RefundRow| {
            found.refund == Some(row.view.id) || row.provider_ref.as_deref() == Some(&found.reference)
        };
        match ours.iter().find(is_it) {
            Some(row) => self.follow(row, found).await,
            None if matches!(found.status, RefundStatus::Failed { .. }) => Ok(()),
            None => self.mirror(payment, found).await,
        }
    }

    /// Takes the credits of a refund that was made at the provider: their share of the money, from what the payment
    /// brought as far as it is there, then from other credits; what is missing is a debt.
    async fn mirror(&self, payment: PaymentId, found: &ProviderRefund) -> Result<()> {
        let (row, _) = self.purchase(payment).await?;
        let Some(offer) = mirrored(&row.purchase, found.money.minor()) else {
            tracing::error!(%payment, reference = found.reference, "a refund of the provider is more than was paid");
            return Ok(());
        };
        let by = Actor::system("refunds");
        let id = RefundId::new();
        let state = match found.status {
            RefundStatus::Succeeded => RefundState::Succeeded,
            _ => RefundState::Pending,
        };
        let after =
            json!({ "refund": id, "reference": found.reference, "money": offer.money, "credits": offer.credits });
        let record = Mirrored {
            id,
            payment,
            offer,
            reference: found.reference.clone(),
            state,
            wallet: row.wallet,
            audit: audit(&by, "refund.found", format!("payment {payment}"), after),
            now: self.db.now(),
        };
        let done = self.take(&row, offer.credits, record, (&by, &found.reference)).await;
        match done {
            Ok(()) | Err(HookError::Refused(Known)) => {
                self.payments.promos().settle_soon(payment).await;
                Ok(())
            }
            Err(HookError::Failed(error)) => Err(error),
        }
    }

    async fn take(
        &self,
        row: &PurchaseRow,
        credits: Credits,
        mirrored: Mirrored,
        (by, reference): (&Actor, &str),
    ) -> Result<(), HookError<Known>> {
        if !credits.is_positive() {
            let mut tx = self.db.begin().await?;
            mirrored.record(&mut tx, None).await?;
            return Ok(tx.commit().await?);
        }
        let reason = "Refunded at the payment provider".to_owned();
        let command = if credits <= row.purchase.unused {
            Command::Void { grant: row.grant, amount: credits, reason }
        } else {
            Command::Clawback { grant: Some(row.grant), amount: credits, reason }
        };
        let key = IdempotencyKey::internal(format!("refund:{}:{reference}", row.purchase.payment));
        self.ledger.submit_with(Submission::new(row.wallet, key, by.clone(), command), mirrored).await.map(drop)
    }
}
