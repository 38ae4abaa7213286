//! Endpoints are told of payments, and of the plans that they pay, in the transaction of what they are told of.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::repo::{self, payment::PaymentRow};
use super::Payments;
use super::settlement::Brings;
use crate::error::Result;
use crate::id::WalletId;
use crate::notify::webhook::{self, EventKind, Notice, PaymentNotice, SubscriptionNotice};
use crate::payment::model::PaymentStatus;

impl Payments {
    /// Moves a payment from one state to another, without credits, and tells of one that is over; `false` where it was in
    /// another state by then.
    pub(super) async fn set_status(&self, row: &PaymentRow, to: PaymentStatus, failure: Option<&str>) -> Result<bool> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let is_moved = repo::payment::set_status(&mut tx, row.id, (row.status, to), failure, now).await?;
        let is_over = matches!(to, PaymentStatus::Failed | PaymentStatus::Cancelled | PaymentStatus::Expired);
        if is_moved && is_over {
            let reason = failure.unwrap_or_else(|| to.code());
            note_in_tx(&mut tx, row, (EventKind::PaymentFailed, Some(reason)), now).await?;
        }
        tx.commit().await?;
        Ok(is_moved)
    }
}

/// Notes what happened to a payment, with why as a code.
pub(super) async fn note_in_tx(
    connection: &mut PgConnection,
    row: &PaymentRow,
    (event, reason): (EventKind, Option<&str>),
    now: DateTime<Utc>,
) -> Result<()> {
    let notice = PaymentNotice { reason: reason.map(str::to_owned), ..of(row, event) };
    webhook::note_in_tx(connection, row.wallet, &Notice::Payment(notice), now).await
}

/// What is told of a payment.
pub(super) fn of(row: &PaymentRow, event: EventKind) -> PaymentNotice {
    PaymentNotice {
        event,
        payment: row.id,
        title: row.title.clone(),
        credits: row.credits,
        money: row.money,
        reason: None,
    }
}

/// Notes that a payment was paid, and what it brought of a plan.
pub(super) async fn note_settled_in_tx(
    connection: &mut PgConnection,
    (wallet, paid): (WalletId, &PaymentNotice),
    brings: &Brings,
    now: DateTime<Utc>,
) -> Result<()> {
    webhook::note_in_tx(connection, wallet, &Notice::Payment(paid.clone()), now).await?;
    let told = match brings {
        Brings::Months(settlement) => SubscriptionNotice {
            event: match settlement.month.index {
                0 => EventKind::SubscriptionStarted,
                _ => EventKind::SubscriptionRenewed,
            },
            subscription: settlement.month.subscription,
            plan: settlement.month.plan.clone(),
            until: Some(settlement.paid_until()),
            reason: None,
        },
        Brings::HigherPlan(ordered) => SubscriptionNotice {
            event: EventKind::SubscriptionChanged,
            subscription: ordered.subscription,
            plan: ordered.plan.clone(),
            until: None,
            reason: None,
        },
        Brings::Credits => return Ok(()),
    };
    webhook::note_in_tx(connection, wallet, &Notice::Subscription(told), now).await
}
