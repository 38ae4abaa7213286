//! Money given back.

use stripe_core::refund::{CreateRefund, ListRefund, RetrieveRefund};
use stripe_shared::Refund;
use wallet::payment::{ProviderRefund, RefundAnswer, RefundOrder, RefundStatus, RefundsAnswer, decline as shared};

use super::api::{Failure, is_id};
use super::checkout::named;
use super::find::{PAGE, is_old};
use super::payment::time;
use super::{REFUND, Stripe, currency};

impl Stripe {
    pub(super) async fn give_back(&self, order: &RefundOrder) -> RefundAnswer {
        match self.refunded(order).await {
            Ok(mut refund) => {
                // Under the name that was asked with: a payment on a page has two.
                refund.payment_reference.clone_from(&order.reference);
                RefundAnswer::Found(refund)
            }
            Err(failure) => answer(failure),
        }
    }

    async fn refunded(&self, order: &RefundOrder) -> Result<ProviderRefund, Failure> {
        let Some(amount) = currency::to_stripe(order.money) else {
            let code = shared::AMOUNT_NOT_TAKEN;
            return Err(Failure::Refused(super::api::Refused { code, own_code: None, intent: None }));
        };
        let intent = self.intent_of(&order.reference).await?;
        // Stripe forgets a key after a day: what an old one has made is looked up, or it would be made again.
        if is_old(order.refund.uuid())
            && let Some(made) = self.refund_of(order, &intent).await?
        {
            return read(&made);
        }
        let new = CreateRefund::new().payment_intent(&intent).amount(amount).metadata(named(REFUND, order.refund));
        let made = self.api.send_once(&new, &format!("{}:refund", order.idempotency_key)).await;
        if let Err(Failure::Unknown { is_kept: true, .. }) = &made
            && let Ok(Some(made)) = self.refund_of(order, &intent).await
        {
            // Stripe repeats its fault, and the refund is there.
            return read(&made);
        }
        read(&made?)
    }

    /// Names the payment of a session.
    pub(super) async fn intent_of(&self, reference: &str) -> Result<String, Failure> {
        if is_id(reference, "pi_") {
            return Ok(reference.to_owned());
        }
        if !is_id(reference, "cs_") {
            return Err(Failure::Missing);
        }
        let session = self.session(reference, vec!["payment_intent".to_owned()]).await?;
        let intent = session.payment_intent.map(|intent| intent.into_id().as_str().to_owned());
        intent.ok_or(Failure::Missing)
    }

    async fn refund_of(&self, order: &RefundOrder, intent: &str) -> Result<Option<Refund>, Failure> {
        let made = self.api.send(&ListRefund::new().payment_intent(intent).limit(PAGE)).await?.data;
        let ours = order.refund.to_string();
        Ok(made.into_iter().find(|refund| refund.metadata.as_ref().and_then(|named| named.get(REFUND)) == Some(&ours)))
    }

    pub(super) async fn all_refunds(&self, reference: &str) -> RefundsAnswer {
        let found = async {
            let intent = self.intent_of(reference).await?;
            let made = self.api.send(&ListRefund::new().payment_intent(&intent).limit(PAGE)).await?.data;
            made.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        match found.await {
            Ok(refunds) => RefundsAnswer::Found(refunds),
            // Nothing was paid on the page.
            Err(Failure::Missing) => RefundsAnswer::Found(Vec::new()),
            Err(Failure::Refused(_)) => RefundsAnswer::Unknown { detail: "the list was refused".to_owned() },
            Err(failure) => RefundsAnswer::Unknown { detail: failure.detail() },
        }
    }

    pub(super) async fn refund_named(&self, reference: &str) -> RefundAnswer {
        if !is_id(reference, "re_") && !is_id(reference, "pyr_") {
            return RefundAnswer::Missing;
        }
        let found = self.api.send(&RetrieveRefund::new(reference)).await;
        match found.and_then(|refund| read(&refund)) {
            Ok(refund) => RefundAnswer::Found(refund),
            Err(failure) => answer(failure),
        }
    }
}

fn answer(failure: Failure) -> RefundAnswer {
    match failure {
        Failure::Missing => RefundAnswer::Missing,
        // Stripe's own code says why: there is no shared one for money that was given back before.
        Failure::Refused(refused) => {
            RefundAnswer::Refused { code: refused.own_code.unwrap_or_else(|| refused.code.to_owned()) }
        }
        failure @ Failure::Unknown { .. } => RefundAnswer::Unknown { detail: failure.detail() },
    }
}

fn read(refund: &Refund) -> Result<ProviderRefund, Failure> {
    let money = currency::named(&refund.currency).and_then(|currency| currency::from_stripe(refund.amount, currency));
    let status = match refund.status.as_deref() {
        Some("succeeded") => RefundStatus::Succeeded,
        Some("pending" | "requires_action") => RefundStatus::Pending,
        Some("failed") => {
            RefundStatus::Failed { code: refund.failure_reason.clone().unwrap_or_else(|| "failed".to_owned()) }
        }
        Some("canceled") => RefundStatus::Failed { code: "cancelled".to_owned() },
        _ => return Err(Failure::unreadable("a refund in a state that is not known")),
    };
    let payment = refund.payment_intent.as_ref().map(|intent| intent.id().as_str().to_owned());
    Ok(ProviderRefund {
        reference: refund.id.as_str().to_owned(),
        refund: refund.metadata.as_ref().and_then(|named| named.get(REFUND)).and_then(|id| id.parse().ok()),
        payment_reference: payment.ok_or_else(|| Failure::unreadable("a refund without its payment"))?,
        money: money.ok_or_else(|| Failure::unreadable("an amount that the currency does not have"))?,
        status,
        created_at: time(refund.created)?,
    })
}
