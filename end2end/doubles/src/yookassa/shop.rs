//! One shop: its payments, saved methods and refunds, without HTTP.
//!
//! Each act is given the time and the id of what it makes, and notes the notifications that it causes.

use chrono::{Datelike, TimeDelta};
use serde_json::{Value, json};

use super::amount::Amount;
use super::cards;
use super::error::{ApiError, Result};
use super::method::{Charge, Method, PaidWith};
use super::payment::{Payment, Status, Time};
use super::receipt;
use super::refund::{Refund, RefundStatus};
use super::request::{Capture, NewMethod, NewPayment, NewRefund, Way};

/// After which a charge that was not decided at once is paid.
const DECIDED_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// For how long a payment can be refunded.
const REFUND_WITHIN: TimeDelta = TimeDelta::days(3 * 365);

/// What the shop's owner is told of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Notification {
    /// `payment.succeeded`
    pub(super) event: &'static str,
    /// The id of the object.
    pub(super) id: String,
    /// The object as it is at that moment.
    pub(super) object: Value,
}

/// A shop with all that was made in it.
#[derive(Debug)]
pub(super) struct Shop {
    /// The shop's number, the user name of its calls.
    pub(super) id: String,
    /// Where its hosted pages are, without a slash at the end.
    pages: String,
    /// Whether the shop sends receipts, so that no payment is taken without one.
    pub(super) needs_receipts: bool,
    /// What becomes of the next refunds; succeeded when nothing is set.
    pub(super) next_refunds: Vec<RefundStatus>,
    pub(super) payments: Vec<Payment>,
    pub(super) methods: Vec<Method>,
    pub(super) refunds: Vec<Refund>,
    notifications: Vec<Notification>,
}

impl Shop {
    pub(super) fn new(id: &str, pages: &str) -> Self {
        Self {
            id: id.to_owned(),
            pages: pages.to_owned(),
            needs_receipts: false,
            next_refunds: Vec::new(),
            payments: Vec::new(),
            methods: Vec::new(),
            refunds: Vec::new(),
            notifications: Vec::new(),
        }
    }

    /// Does what is due: payments lapse, charges that were not decided are paid.
    pub(super) fn advance(&mut self, now: Time) {
        let mut ended = Vec::new();
        for payment in &mut self.payments {
            if let Some(refusal) = payment.lapsed(now) {
                payment.cancel(refusal);
                ended.push(payment.id.clone());
            } else if payment.settles_at.is_some_and(|at| now >= at) {
                payment.pay(now);
                ended.push(payment.id.clone());
            }
        }
        ended.iter().for_each(|id| self.notify_of_payment(id));
    }

    /// What is to be told, and not again.
    pub(super) fn take_notifications(&mut self) -> Vec<Notification> {
        std::mem::take(&mut self.notifications)
    }

    /// Makes a payment: with a page, or by charging a saved method.
    pub(super) fn create_payment(&mut self, asked: NewPayment, id: String, now: Time) -> Result<Value> {
        if self.needs_receipts && asked.receipt.is_none() {
            return Err(receipt::missing());
        }
        let saved = match &asked.way {
            Way::Saved(method) => Some(method.clone()),
            Way::Redirect { .. } => None,
        };
        let page_url = format!("{}/payments/{id}", self.pages);
        let mut payment = Payment::new(id.clone(), asked, page_url, now);
        if let Some(method) = saved {
            self.charge(&mut payment, &method, now)?;
        }
        self.payments.push(payment);
        self.notify_of_payment(&id);
        Ok(self.payment(&id)?.json(&self.id))
    }

    fn charge(&mut self, payment: &mut Payment, method: &str, now: Time) -> Result<()> {
        let method = self.methods.iter_mut().find(|known| known.id == method && known.is_saved());
        let Some((method, instrument)) = method.and_then(|known| known.instrument.clone().map(|with| (known, with)))
        else {
            let told = "This payment_method_id doesn't exist. Specify the payment method ID saved in YooMoney";
            return Err(ApiError::invalid("payment_method_id", told));
        };
        payment.paid_with = Some(PaidWith { id: method.id.clone(), saved: true, instrument });
        match method.charge(now.year(), now.month()) {
            Charge::Paid => payment.pay(now),
            Charge::Pending => payment.settles_at = Some(now + DECIDED_WITHIN),
            Charge::Refused(refusal) => payment.cancel(refusal),
        }
        Ok(())
    }

    pub(super) fn payment(&self, id: &str) -> Result<&Payment> {
        let found = self.payments.iter().find(|payment| payment.id == id);
        found.ok_or_else(|| ApiError::not_found("Payment", "payment_id"))
    }

    pub(super) fn payment_mut(&mut self, id: &str) -> Result<&mut Payment> {
        let found = self.payments.iter_mut().find(|payment| payment.id == id);
        found.ok_or_else(|| ApiError::not_found("Payment", "payment_id"))
    }

    /// Takes the money that was set aside, or a part of it.
    pub(super) fn capture(&mut self, id: &str, asked: &Capture, now: Time) -> Result<Value> {
        let payment = self.payment_mut(id)?;
        if payment.status != Status::WaitingForCapture {
            return Err(wrong_state(payment, "captured"));
        }
        let amount = asked.amount.unwrap_or(payment.amount);
        if amount > payment.amount {
            let told = format!("The capture amount is more than the payment's {}", payment.amount);
            return Err(ApiError::invalid("amount.value", told));
        }
        payment.take(amount, now);
        self.notify_of_payment(id);
        Ok(self.payment(id)?.json(&self.id))
    }

    /// Gives the money back that was set aside. A payment that nobody has paid yet can't be canceled.
    pub(super) fn cancel(&mut self, id: &str) -> Result<Value> {
        let payment = self.payment_mut(id)?;
        if payment.status != Status::WaitingForCapture {
            return Err(wrong_state(payment, "canceled"));
        }
        payment.cancel(cards::BY_MERCHANT);
        self.notify_of_payment(id);
        Ok(self.payment(id)?.json(&self.id))
    }

    /// Gives back what was paid, or a part of it, never more.
    pub(super) fn create_refund(&mut self, asked: NewRefund, id: String, now: Time) -> Result<Value> {
        let needs_receipts = self.needs_receipts;
        let payment = self.payment_mut(&asked.payment)?;
        if payment.status != Status::Succeeded {
            return Err(wrong_state(payment, "refunded"));
        }
        if payment.captured_at.is_none_or(|at| now > at + REFUND_WITHIN) {
            return Err(ApiError::invalid("payment_id", "The payment is older than three years"));
        }
        if asked.amount > payment.refundable() {
            let told = format!("The refund amount is more than what is left to refund: {}", payment.refundable());
            return Err(ApiError::invalid("amount.value", told));
        }
        let receipt_due = (payment.has_receipt || needs_receipts) && asked.amount < payment.amount;
        if receipt_due && asked.receipt.is_none() {
            return Err(receipt::missing());
        }
        payment.refunding = payment.refunding + asked.amount;
        self.refunds.push(Refund {
            id: id.clone(),
            payment: asked.payment,
            status: RefundStatus::Pending,
            amount: asked.amount,
            created_at: now,
            description: asked.description,
            metadata: asked.metadata,
            has_receipt: asked.receipt.is_some(),
        });
        let outcome = if self.next_refunds.is_empty() { RefundStatus::Succeeded } else { self.next_refunds.remove(0) };
        self.end_refund(&id, outcome)?;
        Ok(self.refund(&id)?.json())
    }

    pub(super) fn refund(&self, id: &str) -> Result<&Refund> {
        let found = self.refunds.iter().find(|refund| refund.id == id);
        found.ok_or_else(|| ApiError::not_found("Refund", "refund_id"))
    }

    /// Ends a refund that is on its way; only its success is told.
    pub(super) fn end_refund(&mut self, id: &str, outcome: RefundStatus) -> Result<()> {
        let found = self.refunds.iter_mut().find(|refund| refund.id == id && refund.status == RefundStatus::Pending);
        let refund = found.ok_or_else(|| ApiError::not_found("Pending refund", "refund_id"))?;
        if outcome == RefundStatus::Pending {
            return Ok(());
        }
        refund.status = outcome;
        let (payment, amount) = (refund.payment.clone(), refund.amount);
        let payment = self.payment_mut(&payment)?;
        payment.refunding = payment.refunding - amount;
        if outcome == RefundStatus::Succeeded {
            payment.refunded = payment.refunded + amount;
            let object = self.refund(id)?.json();
            self.notifications.push(Notification { event: "refund.succeeded", id: id.to_owned(), object });
        }
        Ok(())
    }

    /// Begins to save a card without a payment.
    pub(super) fn create_method(&mut self, asked: NewMethod, id: String) -> Result<Value> {
        let page_url = format!("{}/payment_methods/{id}", self.pages);
        self.methods.push(Method::asked_for(id.clone(), Some(asked.page), page_url, asked.metadata));
        Ok(self.method(&id)?.json(&self.id))
    }

    pub(super) fn method(&self, id: &str) -> Result<&Method> {
        let found = self.methods.iter().find(|method| method.id == id);
        found.ok_or_else(|| ApiError::not_found("Payment method", "payment_method_id"))
    }

    pub(super) fn method_mut(&mut self, id: &str) -> Result<&mut Method> {
        let found = self.methods.iter_mut().find(|method| method.id == id);
        found.ok_or_else(|| ApiError::not_found("Payment method", "payment_method_id"))
    }

    /// What `GET /me` tells.
    pub(super) fn json(&self) -> Value {
        json!({
            "account_id": self.id,
            "status": "enabled",
            "test": true,
            "fiscalization": {"enabled": self.needs_receipts, "provider": "yoo_receipt"},
            "fiscalization_enabled": self.needs_receipts,
            "payment_methods": ["bank_card", "yoo_money"],
        })
    }

    /// Notes what a payment's new state is told by; nothing is told of one that waits for its buyer.
    pub(super) fn notify_of_payment(&mut self, id: &str) {
        let Ok(payment) = self.payment(id) else { return };
        let event = match payment.status {
            Status::Pending => return,
            Status::WaitingForCapture => "payment.waiting_for_capture",
            Status::Succeeded => "payment.succeeded",
            Status::Canceled => "payment.canceled",
        };
        let notification = Notification { event, id: id.to_owned(), object: payment.json(&self.id) };
        self.notifications.push(notification);
    }

    pub(super) fn notify_of_method(&mut self, id: &str) {
        let Ok(method) = self.method(id) else { return };
        let notification =
            Notification { event: "payment_method.active", id: id.to_owned(), object: method.json(&self.id) };
        self.notifications.push(notification);
    }

    /// What is left of all payments: for a test that counts money.
    pub(super) fn taken(&self) -> Amount {
        let paid = self.payments.iter().filter(|payment| payment.status == Status::Succeeded);
        paid.fold(Amount::ZERO, |sum, payment| sum + payment.amount - payment.refunded)
    }
}

fn wrong_state(payment: &Payment, act: &str) -> ApiError {
    let told = format!("The payment can't be {act}: its status is {}", payment.status.name());
    ApiError::invalid("payment_id", told)
}
