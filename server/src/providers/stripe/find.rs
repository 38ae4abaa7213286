//! The payment of one of our orders, where its name never reached us.
//!
//! Stripe's search lags behind by minutes, so lists are read: they are exact at once. A list takes no order's id, but a
//! time, and an order's id holds the time when it was made.

use chrono::{DateTime, TimeDelta, Utc};
use stripe_checkout::checkout_session::ListCheckoutSession;
use stripe_core::payment_intent::ListPaymentIntent;
use stripe_shared::{CheckoutSession, CheckoutSessionStatus};
use stripe_types::{RangeBoundsTs, RangeQueryTs};
use uuid::Uuid;
use wallet::id::PaymentId;
use wallet::payment::{FetchAnswer, ProviderPayment, ProviderStatus};

use super::Stripe;
use super::api::Failure;
use super::payment::{order_of_intent, order_of_session};

/// The most that a page of a list holds.
pub const PAGE: i64 = 100;
/// The most pages of a list that are read.
const PAGES_MAX: usize = 20;
/// What clocks may differ by.
const SLACK: TimeDelta = TimeDelta::minutes(10);
/// The time after an order in which its payment is nearly always made.
const SOON: TimeDelta = TimeDelta::minutes(30);
/// The time after that in which one can still be made for the order: no key of ours lives longer at Stripe.
const KEYS_LIVE: TimeDelta = TimeDelta::hours(25);
/// How far a clock that was moved back is believed.
const MOVED: TimeDelta = TimeDelta::days(3);
/// The age at which a key is not relied on any more: Stripe keeps them for a day at least.
const KEY_AGE: TimeDelta = TimeDelta::hours(23);

/// Reads when an id was made; ids count by the machine's clock.
fn made_at(id: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

/// Says whether the keys of an order may be forgotten by now.
#[must_use]
pub fn is_key_old(payment: PaymentId) -> bool {
    is_old(payment.uuid())
}

/// Says whether keys as old as an id may be forgotten by now.
#[must_use]
pub fn is_old(id: Uuid) -> bool {
    made_at(id).is_none_or(|at| at + KEY_AGE < Utc::now())
}

/// Bounds a list by time: the first instant, and the first one after it.
pub fn between(from: DateTime<Utc>, to: Option<DateTime<Utc>>) -> RangeQueryTs {
    RangeQueryTs::Bounds(RangeBoundsTs {
        gte: Some(from.timestamp()),
        lt: to.map(|to| to.timestamp()),
        ..RangeBoundsTs::default()
    })
}

impl Stripe {
    pub(super) async fn find(&self, payment: PaymentId) -> FetchAnswer {
        match self.found(payment).await {
            Ok(Some(payment)) => FetchAnswer::Found(payment),
            Ok(None) => FetchAnswer::Missing,
            Err(failure) => FetchAnswer::Unknown { detail: failure.detail() },
        }
    }

    /// Reads the time soon after the order first, and the rest of the day in which a key lives where nothing was found
    /// there that counts.
    async fn found(&self, payment: PaymentId) -> Result<Option<ProviderPayment>, Failure> {
        let from = self.search_from(payment);
        let soon = from + SLACK + SOON;
        let mut found = None;
        for range in [between(from, Some(soon)), between(soon, Some(soon + KEYS_LIVE))] {
            for reference in self.made_for(payment, range).await? {
                match self.payment(&reference).await {
                    FetchAnswer::Found(one) => found = better(found, one),
                    FetchAnswer::Missing => {}
                    FetchAnswer::Unknown { detail } => return Err(Failure::unreadable(detail)),
                }
            }
            if found.as_ref().is_some_and(|found| rank(&found.status) > 0) {
                break;
            }
        }
        Ok(found)
    }

    fn search_from(&self, payment: PaymentId) -> DateTime<Utc> {
        let now = self.clock.now();
        let made = made_at(payment.uuid()).unwrap_or(now - MOVED);
        // A clock that a test has moved back: the order is of its future.
        if made > now + SLACK { now - MOVED } else { made - SLACK }
    }

    /// Names the sessions and payments of an order in a time, the newest first.
    async fn made_for(&self, payment: PaymentId, range: RangeQueryTs) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = Vec::new();
        self.each_session(range, |session| {
            if order_of_session(session) == Some(payment) {
                names.push(session.id.as_str().to_owned());
            }
        })
        .await?;
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut list = ListPaymentIntent::new().created(range).limit(PAGE);
            if let Some(after) = &after {
                list = list.starting_after(after);
            }
            let page = self.api.send(&list).await?;
            let of_order = page.data.iter().filter(|intent| order_of_intent(intent) == Some(payment));
            names.extend(of_order.map(|intent| intent.id.as_str().to_owned()));
            after = page.data.last().map(|intent| intent.id.as_str().to_owned());
            if !page.has_more || after.is_none() {
                return Ok(names);
            }
        }
        Err(too_many())
    }

    /// Finds the page of an order that can still be paid.
    pub(super) async fn open_session_of(&self, payment: PaymentId) -> Result<Option<CheckoutSession>, Failure> {
        let mut found = None;
        self.each_session(between(self.search_from(payment), None), |session| {
            let is_open = session.status == Some(CheckoutSessionStatus::Open);
            if found.is_none() && is_open && order_of_session(session) == Some(payment) {
                found = Some(session.clone());
            }
        })
        .await?;
        Ok(found)
    }

    async fn each_session(
        &self,
        range: RangeQueryTs,
        mut see: impl FnMut(&CheckoutSession) + Send,
    ) -> Result<(), Failure> {
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut list = ListCheckoutSession::new().created(range).limit(PAGE);
            if let Some(after) = &after {
                list = list.starting_after(after);
            }
            let page = self.api.send(&list).await?;
            page.data.iter().for_each(&mut see);
            after = page.data.last().map(|session| session.id.as_str().to_owned());
            if !page.has_more || after.is_none() {
                return Ok(());
            }
        }
        Err(too_many())
    }
}

/// More than are read: what was not seen may be there.
fn too_many() -> Failure {
    Failure::unreadable("Stripe has too many payments of that time to look through")
}

/// Says which of several payments of one order counts.
fn rank(status: &ProviderStatus) -> u8 {
    match status {
        ProviderStatus::Paid => 3,
        ProviderStatus::Processing => 2,
        ProviderStatus::Open => 1,
        ProviderStatus::Declined { .. } | ProviderStatus::Cancelled | ProviderStatus::Expired => 0,
    }
}

fn better(known: Option<ProviderPayment>, new: ProviderPayment) -> Option<ProviderPayment> {
    match known {
        Some(known) if rank(&known.status) >= rank(&new.status) => Some(known),
        _ => Some(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made() {
        let id = PaymentId::new();
        let made = made_at(id.uuid()).expect("a time");
        assert!((Utc::now() - made).num_seconds().abs() < 5);
        assert!(!is_key_old(id));
        assert!(is_key_old(PaymentId::from_uuid(Uuid::nil())));
    }
}
