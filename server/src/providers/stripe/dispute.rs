//! Payments that the buyer's bank wants back.

use stripe_core::dispute::ListDispute;
use stripe_shared::{Dispute, DisputeStatus as Status};
use wallet::payment::{DisputeStatus, DisputesAnswer, ProviderDispute};

use super::api::Failure;
use super::find::PAGE;
use super::payment::time;
use super::{Stripe, currency};

impl Stripe {
    pub(super) async fn all_disputes(&self, reference: &str) -> DisputesAnswer {
        let found = async {
            let intent = self.intent_of(reference).await?;
            let held = self.api.send(&ListDispute::new().payment_intent(&intent).limit(PAGE)).await?.data;
            held.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        match found.await {
            Ok(disputes) => DisputesAnswer::Found(disputes),
            Err(Failure::Missing) => DisputesAnswer::Found(Vec::new()),
            Err(Failure::Refused(_)) => DisputesAnswer::Unknown { detail: "the list was refused".to_owned() },
            Err(failure) => DisputesAnswer::Unknown { detail: failure.detail() },
        }
    }
}

fn read(dispute: &Dispute) -> Result<ProviderDispute, Failure> {
    let money = currency::named(&dispute.currency).and_then(|currency| currency::from_stripe(dispute.amount, currency));
    let status = match dispute.status {
        Status::WarningNeedsResponse | Status::WarningUnderReview => DisputeStatus::Inquiry,
        Status::WarningClosed => DisputeStatus::Closed,
        Status::NeedsResponse | Status::UnderReview => DisputeStatus::Open,
        // Prevented: the bank gave the money back before it was a dispute.
        Status::Won | Status::Prevented => DisputeStatus::Won,
        Status::Lost => DisputeStatus::Lost,
        _ => return Err(Failure::unreadable("a dispute in a state that is not known")),
    };
    Ok(ProviderDispute {
        reference: dispute.id.as_str().to_owned(),
        status,
        reason: dispute.reason.clone(),
        money: money.ok_or_else(|| Failure::unreadable("an amount that the currency does not have"))?,
        evidence_by: dispute.evidence_details.due_by.map(time).transpose()?,
        created_at: time(dispute.created)?,
    })
}
