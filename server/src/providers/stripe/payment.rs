//! Payments as Stripe has them: a Checkout session, or a payment intent without one.

use chrono::{DateTime, Utc};
use stripe_checkout::checkout_session::{ExpireCheckoutSession, ListCheckoutSession, RetrieveCheckoutSession};
use stripe_core::payment_intent::RetrievePaymentIntent;
use stripe_shared::{
    CheckoutSession, CheckoutSessionMode, CheckoutSessionPaymentStatus, CheckoutSessionStatus, PaymentIntent,
    PaymentIntentSetupFutureUsage, PaymentIntentStatus, PaymentMethod,
};
use wallet::id::PaymentId;
use wallet::money::Currency;
use wallet::payment::{FetchAnswer, ProviderPayment, ProviderStatus, decline as shared};

use super::api::{Failure, is_id};
use super::{ORDER, Stripe, currency, decline, method};

/// What of a session's payment is needed.
const OF_SESSION: [&str; 2] = ["payment_intent.latest_charge", "payment_intent.payment_method"];
/// The same in a list of sessions.
const OF_LIST: [&str; 2] = ["data.payment_intent.latest_charge", "data.payment_intent.payment_method"];
/// What of a payment is needed.
const OF_INTENT: [&str; 2] = ["latest_charge", "payment_method"];

fn expand<const N: usize>(paths: [&str; N]) -> Vec<String> {
    paths.map(str::to_owned).to_vec()
}

impl Stripe {
    /// Asks for a payment under either of its names.
    pub(super) async fn payment(&self, reference: &str) -> FetchAnswer {
        let found = if is_id(reference, "cs_") {
            self.of_session(reference).await
        } else if is_id(reference, "pi_") {
            self.of_intent(reference).await
        } else {
            return FetchAnswer::Missing;
        };
        match found {
            Ok(payment) => FetchAnswer::Found(payment),
            Err(Failure::Missing) => FetchAnswer::Missing,
            Err(failure) => FetchAnswer::Unknown { detail: failure.detail() },
        }
    }

    async fn of_session(&self, reference: &str) -> Result<ProviderPayment, Failure> {
        session_payment(&self.session(reference, expand(OF_SESSION)).await?)
    }

    /// Asks for a session, with what of it is needed.
    pub(super) async fn session(&self, reference: &str, with: Vec<String>) -> Result<CheckoutSession, Failure> {
        self.api.send(&RetrieveCheckoutSession::new(reference).expand(with)).await
    }

    /// A payment that was made on a page is told as the page's: it has one name only.
    async fn of_intent(&self, reference: &str) -> Result<ProviderPayment, Failure> {
        let list = ListCheckoutSession::new().payment_intent(reference).limit(1).expand(expand(OF_LIST));
        match self.api.send(&list).await {
            Ok(sessions) => {
                if let Some(session) = sessions.data.first() {
                    return session_payment(session);
                }
            }
            // The filter's own payment is not there.
            Err(Failure::Missing | Failure::Refused(_)) => {}
            Err(unknown) => return Err(unknown),
        }
        let intent = RetrievePaymentIntent::new(reference).expand(expand(OF_INTENT));
        intent_payment(&self.api.send(&intent).await?)
    }

    /// Closes a page; what came of it is asked in any case.
    pub(super) async fn expire(&self, reference: &str) -> FetchAnswer {
        if is_id(reference, "cs_")
            && let Err(failure) = self.api.send(&ExpireCheckoutSession::new(reference)).await
        {
            tracing::debug!(detail = failure.detail(), "a page of Stripe's was not closed");
        }
        self.payment(reference).await
    }
}

/// Reads the order that a session is for.
#[must_use]
pub fn order_of_session(session: &CheckoutSession) -> Option<PaymentId> {
    let named = session.metadata.as_ref().and_then(|metadata| metadata.get(ORDER));
    named.or(session.client_reference_id.as_ref())?.parse().ok()
}

/// Reads the order that a payment is for.
#[must_use]
pub fn order_of_intent(intent: &PaymentIntent) -> Option<PaymentId> {
    intent.metadata.get(ORDER)?.parse().ok()
}

/// Reads a session that was opened for a payment.
pub fn session_payment(session: &CheckoutSession) -> Result<ProviderPayment, Failure> {
    if session.mode != CheckoutSessionMode::Payment {
        return Err(Failure::Missing);
    }
    let intent = session.payment_intent.as_ref().and_then(|intent| intent.as_object());
    let status = session_status(session, intent)?;
    let currency = session.currency.as_ref().and_then(currency::named);
    let currency = currency.ok_or_else(|| Failure::unreadable("a session without a currency"))?;
    let subtotal = session.amount_subtotal.and_then(|amount| currency::from_stripe(amount, currency));
    let money = subtotal.ok_or_else(|| Failure::unreadable("a session without an amount"))?;
    let tax = session.total_details.as_ref().map_or(0, |details| details.amount_tax);
    let is_over = !matches!(status, ProviderStatus::Open | ProviderStatus::Expired);
    let charged = intent.filter(|_| is_over);
    Ok(ProviderPayment {
        reference: session.id.as_str().to_owned(),
        order: order_of_session(session),
        status,
        money,
        tax_minor: minor(tax, currency)?,
        refunded_minor: refunded(intent, currency)?,
        method: charged.and_then(method_of).map(method::label),
        saved_method: charged.filter(|intent| is_saved(intent)).and_then(method_of).and_then(method::saved),
        created_at: time(session.created)?,
    })
}

/// A page stays open after a decline: the buyer may take another card, until the page expires.
fn session_status(session: &CheckoutSession, intent: Option<&PaymentIntent>) -> Result<ProviderStatus, Failure> {
    match (&session.status, &session.payment_status) {
        (Some(CheckoutSessionStatus::Open), _) => Ok(ProviderStatus::Open),
        (Some(CheckoutSessionStatus::Expired), _) => Ok(ProviderStatus::Expired),
        (Some(CheckoutSessionStatus::Complete), CheckoutSessionPaymentStatus::Paid) => match intent {
            Some(_) => Ok(ProviderStatus::Paid),
            None => Err(Failure::unreadable("a paid session without its payment")),
        },
        // Nothing was taken, so that nothing is given: we sell nothing for nothing.
        (Some(CheckoutSessionStatus::Complete), CheckoutSessionPaymentStatus::NoPaymentRequired) => {
            Ok(ProviderStatus::Declined { code: shared::NOT_ALLOWED.to_owned() })
        }
        // A method whose money comes in days: paid once the session says so.
        (Some(CheckoutSessionStatus::Complete), CheckoutSessionPaymentStatus::Unpaid) => {
            let intent = intent.ok_or_else(|| Failure::unreadable("a complete session without its payment"))?;
            match intent_status(intent)? {
                ProviderStatus::Open | ProviderStatus::Paid => Ok(ProviderStatus::Processing),
                // A voucher or a transfer that the buyer has still to pay: the page is done, the money comes later.
                ProviderStatus::Declined { code } if code == shared::AUTHENTICATION_REQUIRED => {
                    Ok(ProviderStatus::Processing)
                }
                status => Ok(status),
            }
        }
        _ => Err(Failure::unreadable("a session in a state that is not known")),
    }
}

/// Reads a payment that was made without a page.
pub fn intent_payment(intent: &PaymentIntent) -> Result<ProviderPayment, Failure> {
    let currency = currency::named(&intent.currency);
    let currency = currency.ok_or_else(|| Failure::unreadable("a payment in a currency that is not known"))?;
    let money = currency::from_stripe(intent.amount, currency);
    Ok(ProviderPayment {
        reference: intent.id.as_str().to_owned(),
        order: order_of_intent(intent),
        status: intent_status(intent)?,
        money: money.ok_or_else(|| Failure::unreadable("an amount that the currency does not have"))?,
        tax_minor: 0,
        refunded_minor: refunded(Some(intent), currency)?,
        method: method_of(intent).map(method::label),
        saved_method: Some(intent).filter(|intent| is_saved(intent)).and_then(method_of).and_then(method::saved),
        created_at: time(intent.created)?,
    })
}

fn intent_status(intent: &PaymentIntent) -> Result<ProviderStatus, Failure> {
    let declined = || intent.last_payment_error.as_ref().map(|error| decline::code(error));
    Ok(match &intent.status {
        PaymentIntentStatus::Succeeded => ProviderStatus::Paid,
        PaymentIntentStatus::Processing | PaymentIntentStatus::RequiresCapture => ProviderStatus::Processing,
        PaymentIntentStatus::Canceled => ProviderStatus::Cancelled,
        PaymentIntentStatus::RequiresAction => {
            ProviderStatus::Declined { code: shared::AUTHENTICATION_REQUIRED.to_owned() }
        }
        PaymentIntentStatus::RequiresPaymentMethod | PaymentIntentStatus::RequiresConfirmation => {
            declined().map_or(ProviderStatus::Open, |code| ProviderStatus::Declined { code: code.to_owned() })
        }
        _ => {
            return Err(Failure::unreadable("a payment in a state that is not known"));
        }
    })
}

/// The method of a payment, or the one that was declined.
fn method_of(intent: &PaymentIntent) -> Option<&PaymentMethod> {
    let named = intent.payment_method.as_ref().and_then(|method| method.as_object());
    named.or_else(|| intent.last_payment_error.as_ref().and_then(|error| error.payment_method.as_ref()))
}

fn is_saved(intent: &PaymentIntent) -> bool {
    intent.setup_future_usage == Some(PaymentIntentSetupFutureUsage::OffSession)
}

/// Reads what was given back so far. A charge that is named and not told would be taken for one without refunds.
fn refunded(intent: Option<&PaymentIntent>, currency: Currency) -> Result<i64, Failure> {
    let Some(charge) = intent.and_then(|intent| intent.latest_charge.as_ref()) else { return Ok(0) };
    let charge = charge.as_object().ok_or_else(|| Failure::unreadable("a charge that is not told"))?;
    minor(charge.amount_refunded, currency)
}

/// Reads an amount in the currency's own minor unit.
pub fn minor(amount: i64, currency: Currency) -> Result<i64, Failure> {
    let money = currency::from_stripe(amount, currency).map(wallet::money::Money::minor);
    money.ok_or_else(|| Failure::unreadable("an amount that the currency does not have"))
}

/// Reads a time.
pub fn time(seconds: i64) -> Result<DateTime<Utc>, Failure> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| Failure::unreadable("a time that can't be"))
}
