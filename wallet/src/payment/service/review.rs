//! Payments in review: staff see them, give what was ordered after all, or note that they gave the money back.

use serde_json::{Value, json};

use crate::error::{Problem, Refusal, Result};
use crate::id::PaymentId;
use crate::identity::{self, Actor, NewAudit};
use crate::notify::webhook::EventKind;
use crate::payment::model::{PaymentInReview, PaymentStatus, PaymentView, RETURNED};
use crate::payment::provider::{FetchAnswer, ProviderStatus};
use crate::payment::repo;
use crate::payment::repo::payment::PaymentRow;
use crate::payment::service::settle::{Acted, Finder, agrees};
use crate::payment::service::{Payments, notices};

/// The most payments of one list.
const HELD_MAX: i64 = 500;

impl Payments {
    /// Lists the payments in review, which wait for staff, oldest first.
    pub async fn held(&self) -> Result<Vec<PaymentInReview>> {
        repo::review::list(self.db.pool(), HELD_MAX).await
    }

    /// Gives what a payment ordered that was put aside: where the provider has taken by now exactly what was asked, and
    /// where a plan's months have a place by now. Anything else is refused with the reason. A repeat changes nothing.
    pub async fn release(&self, by: &Actor, id: PaymentId, note: &str) -> Result<PaymentView> {
        let (row, note) = (self.to_decide(id).await?, identity::note(note)?);
        match row.status {
            PaymentStatus::Succeeded => return Ok(row.view()),
            PaymentStatus::Held => {}
            _ => return Err(not_held().into()),
        }
        let found = match self.fetch(&row).await? {
            FetchAnswer::Found(found) if found.status == ProviderStatus::Paid && agrees(&row, &found) => found,
            FetchAnswer::Unknown { .. } => return Err(Refusal::Unavailable.into()),
            FetchAnswer::Found(_) | FetchAnswer::Missing => {
                let message = "The provider's payment is not what was ordered. Refund it there, then mark it as \
                               refunded (scrip payment returned).";
                return Err(Refusal::unprocessable("payment", Problem::NotAllowed, message).into());
            }
        };
        // Before the credits: nothing is given of which the log says nothing.
        self.identity.audit(&audit(by, "payment.release", &row, note)).await?;
        if self.settle(&row, &found, Finder::Reconciler).await? == Acted::Moved {
            return self.decided_meanwhile(id).await;
        }
        let seen = self.view(id).await?;
        if seen.status == PaymentStatus::Held {
            let message = "There is no place for this money (another plan, a month that is paid, a plan that is over). \
                           Refund it at the provider, then mark it as refunded (scrip payment returned).";
            return Err(Refusal::unprocessable("payment", Problem::NotAllowed, message).into());
        }
        Ok(seen)
    }

    /// Notes that staff gave the money of a payment back that was put aside: it is called off for good, and a renewal
    /// is charged anew. A repeat changes nothing.
    pub async fn returned(&self, by: &Actor, id: PaymentId, note: &str) -> Result<PaymentView> {
        let (row, note) = (self.to_decide(id).await?, identity::note(note)?);
        if row.is_returned() {
            return Ok(row.view());
        }
        let mut tx = self.db.begin().await?;
        if !repo::review::give_back(&mut tx, id, RETURNED, self.db.now()).await? {
            return Err(not_held().into());
        }
        self.identity.audit_in_tx(&mut tx, &audit(by, "payment.returned", &row, note)).await?;
        notices::note_in_tx(&mut tx, &row, (EventKind::PaymentFailed, Some(RETURNED)), self.db.now()).await?;
        tx.commit().await?;
        self.view(id).await
    }

    /// Tells of a payment that was decided by somebody else at the same time.
    async fn decided_meanwhile(&self, id: PaymentId) -> Result<PaymentView> {
        let seen = self.view(id).await?;
        if seen.status == PaymentStatus::Succeeded {
            return Ok(seen);
        }
        let message = "Someone else has decided this payment in the meantime. Load it again.";
        Err(Refusal::unprocessable("payment", Problem::NotAllowed, message).into())
    }

    async fn to_decide(&self, id: PaymentId) -> Result<PaymentRow> {
        Ok(repo::payment::by_id(self.db.pool(), id).await?.ok_or_else(|| Refusal::not_found("payment"))?)
    }
}

impl PaymentRow {
    /// Says whether staff gave its money back: whatever its provider says of it, it is over.
    pub(super) fn is_returned(&self) -> bool {
        self.status == PaymentStatus::Cancelled && self.failure.as_deref() == Some(RETURNED)
    }
}

fn not_held() -> Refusal {
    Refusal::unprocessable("payment", Problem::NotAllowed, "This payment is not in review (scrip payment held).")
}

fn audit(by: &Actor, action: &str, row: &PaymentRow, note: &str) -> NewAudit {
    let before: Value = json!({ "status": row.status.code(), "why": row.failure });
    NewAudit {
        actor: by.clone(),
        action: action.to_owned(),
        subject: format!("payment {}", row.id),
        before,
        after: json!({ "note": note, "credits": row.credits, "money": row.money }),
    }
}
