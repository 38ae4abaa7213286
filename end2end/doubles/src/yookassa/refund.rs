//! One refund.

use serde_json::{Map, Value, json};

use super::amount::Amount;
use super::payment::{Time, written};

/// Where a refund is. YooKassa answers most with `succeeded` at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefundStatus {
    Pending,
    Succeeded,
    Canceled,
}

impl RefundStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Pending, Self::Succeeded, Self::Canceled].into_iter().find(|status| status.name() == name)
    }
}

/// One refund of a payment, or of a part of it.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) payment: String,
    pub(super) status: RefundStatus,
    pub(super) amount: Amount,
    pub(super) created_at: Time,
    pub(super) description: Option<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) has_receipt: bool,
}

impl Refund {
    pub(super) fn json(&self) -> Value {
        let mut object = json!({
            "id": self.id,
            "payment_id": self.payment,
            "status": self.status.name(),
            "amount": self.amount.json(),
            "created_at": written(self.created_at),
            "metadata": self.metadata,
        });
        if let Some(description) = &self.description {
            object["description"] = json!(description);
        }
        if self.has_receipt {
            object["receipt_registration"] = json!(self.status.name());
        }
        if self.status == RefundStatus::Canceled {
            object["cancellation_details"] = json!({"party": "refund_network", "reason": "rejected_by_payee"});
        }
        object
    }
}
