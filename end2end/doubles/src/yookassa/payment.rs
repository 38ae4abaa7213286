//! One payment and its states.
//!
//! `pending` → `waiting_for_capture` (unless captured at once) → `succeeded`; from the first two also `canceled`.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::amount::Amount;
use super::cards::{self, Card, Refusal};
use super::method::{Kind, PaidWith};
use super::request::{Confirmation, NewPayment, Way};

/// The time of the stand-ins' clock.
pub(super) type Time = DateTime<Utc>;

/// How long a buyer may take to pay.
const CONFIRM_WITHIN: TimeDelta = TimeDelta::hours(1);
/// How long the money of a card is set aside for capture.
const CAPTURE_WITHIN: TimeDelta = TimeDelta::days(7);
/// YooKassa's commission, in thousandths; it is not returned with a refund.
const COMMISSION: i64 = 35;

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    WaitingForCapture,
    Succeeded,
    Canceled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::WaitingForCapture => "waiting_for_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        let all = [Self::Pending, Self::WaitingForCapture, Self::Succeeded, Self::Canceled];
        all.into_iter().find(|status| status.name() == name)
    }
}

/// One payment.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) amount: Amount,
    pub(super) created_at: Time,
    pub(super) captured_at: Option<Time>,
    /// Until when the money is set aside.
    expires_at: Option<Time>,
    capture: bool,
    pub(super) save: bool,
    pub(super) description: Option<String>,
    metadata: Map<String, Value>,
    customer: Option<String>,
    /// Whether it came with a receipt, so that its refunds need one.
    pub(super) has_receipt: bool,
    /// The only kind that its page offers.
    pub(super) kind: Option<Kind>,
    /// Where its buyer comes back to; none for a charge of a saved method.
    pub(super) page: Option<Confirmation>,
    page_url: String,
    pub(super) paid_with: Option<PaidWith>,
    pub(super) refusal: Option<Refusal>,
    /// Refunds that have succeeded, and those that are on their way.
    pub(super) refunded: Amount,
    pub(super) refunding: Amount,
    /// A card whose bank has asked its owner.
    pub(super) challenge: Option<Card>,
    pub(super) authenticated: bool,
    /// When a charge that was not decided at once is paid.
    pub(super) settles_at: Option<Time>,
}

impl Payment {
    pub(super) fn new(id: String, asked: NewPayment, page_url: String, now: Time) -> Self {
        let (page, kind) = match asked.way {
            Way::Redirect { page, kind } => (Some(page), kind),
            Way::Saved(_) => (None, None),
        };
        Self {
            id,
            status: Status::Pending,
            amount: asked.amount,
            created_at: now,
            captured_at: None,
            expires_at: None,
            capture: asked.capture,
            save: asked.save,
            description: asked.description,
            metadata: asked.metadata,
            customer: asked.customer,
            has_receipt: asked.receipt.is_some(),
            kind,
            page,
            page_url,
            paid_with: None,
            refusal: None,
            refunded: Amount::ZERO,
            refunding: Amount::ZERO,
            challenge: None,
            authenticated: false,
            settles_at: None,
        }
    }

    /// Its buyer, or the bank of the saved method, has paid.
    pub(super) fn pay(&mut self, now: Time) {
        self.challenge = None;
        self.settles_at = None;
        if self.capture {
            self.take(self.amount, now);
        } else {
            self.status = Status::WaitingForCapture;
            self.expires_at = Some(now + CAPTURE_WITHIN);
        }
    }

    /// The shop takes the money, or a part of it; the rest goes back to the buyer.
    pub(super) fn take(&mut self, amount: Amount, now: Time) {
        self.amount = amount;
        self.status = Status::Succeeded;
        self.captured_at = Some(now);
        self.expires_at = None;
    }

    pub(super) fn cancel(&mut self, refusal: Refusal) {
        self.challenge = None;
        self.settles_at = None;
        self.expires_at = None;
        self.status = Status::Canceled;
        self.refusal = Some(refusal);
    }

    /// What cancels it by now, because nobody has acted in time.
    pub(super) fn lapsed(&self, now: Time) -> Option<Refusal> {
        match self.status {
            Status::Pending if self.page.is_some() && now >= self.created_at + CONFIRM_WITHIN => {
                Some(cards::UNCONFIRMED)
            }
            Status::WaitingForCapture if self.expires_at.is_some_and(|at| now >= at) => Some(cards::UNCAPTURED),
            _ => None,
        }
    }

    /// What can still be refunded.
    pub(super) fn refundable(&self) -> Amount {
        match self.status {
            Status::Succeeded => self.amount - self.refunded - self.refunding,
            _ => Amount::ZERO,
        }
    }

    /// The payment as the API answers it.
    pub(super) fn json(&self, shop: &str) -> Value {
        let paid = matches!(self.status, Status::WaitingForCapture | Status::Succeeded);
        let mut object = json!({
            "id": self.id,
            "status": self.status.name(),
            "paid": paid,
            "amount": self.amount.json(),
            "created_at": written(self.created_at),
            "metadata": self.metadata,
            "recipient": {"account_id": shop, "gateway_id": shop},
            "refundable": self.refundable() > Amount::ZERO,
            "test": true,
        });
        let fields = [
            ("description", self.description.as_ref().map(|text| json!(text))),
            ("merchant_customer_id", self.customer.as_ref().map(|id| json!(id))),
            ("captured_at", self.captured_at.map(|at| json!(written(at)))),
            ("expires_at", self.expires_at.map(|at| json!(written(at)))),
            ("payment_method", self.paid_with.as_ref().map(PaidWith::json).or_else(|| self.wanted())),
            ("confirmation", self.confirmation()),
            ("income_amount", (self.status == Status::Succeeded).then(|| self.income().json())),
            ("refunded_amount", (self.status == Status::Succeeded).then(|| self.refunded.json())),
            ("receipt_registration", self.has_receipt.then(|| json!(self.registration()))),
            ("cancellation_details", self.refusal.map(|why| json!({"party": why.party, "reason": why.reason}))),
            ("authorization_details", paid.then(|| self.authorization())),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                object[name] = value;
            }
        }
        object
    }

    /// The method that was asked for, before its owner has given it.
    fn wanted(&self) -> Option<Value> {
        let kind = self.kind?;
        Some(json!({"type": kind.name(), "id": self.id, "saved": false, "status": "inactive"}))
    }

    fn confirmation(&self) -> Option<Value> {
        let waits = self.status == Status::Pending && self.page.is_some();
        waits.then(|| json!({"type": "redirect", "confirmation_url": self.page_url}))
    }

    /// What the shop gets: the amount without the commission.
    fn income(&self) -> Amount {
        let amount = self.amount.kopecks();
        Amount::of_kopecks(amount - (amount * COMMISSION + 500) / 1000)
    }

    fn registration(&self) -> &'static str {
        match self.status {
            Status::Succeeded => "succeeded",
            Status::Canceled => "canceled",
            Status::Pending | Status::WaitingForCapture => "pending",
        }
    }

    /// Numbers that a bank would give; the same for the same payment.
    fn authorization(&self) -> Value {
        let digits: String = self.id.bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
        json!({
            "rrn": digits.get(..12).unwrap_or_default(),
            "auth_code": digits.get(12..18).unwrap_or_default(),
            "three_d_secure": {"applied": self.authenticated},
        })
    }
}

/// A time as the API writes it: UTC with milliseconds.
pub(super) fn written(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
