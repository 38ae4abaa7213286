//! Pages of Stripe's where an order is paid, or a method is saved: Checkout sessions.

use std::collections::HashMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAllowedPaymentMethodTypes, CreateCheckoutSessionAutomaticTax,
    CreateCheckoutSessionCustomerCreation, CreateCheckoutSessionCustomerUpdate,
    CreateCheckoutSessionCustomerUpdateAddress, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionLineItemsPriceDataTaxBehavior,
    CreateCheckoutSessionPaymentIntentData, CreateCheckoutSessionPaymentIntentDataSetupFutureUsage,
    CreateCheckoutSessionSavedPaymentMethodOptions,
    CreateCheckoutSessionSavedPaymentMethodOptionsAllowRedisplayFilters, CreateCheckoutSessionSetupIntentData,
    ProductData,
};
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_shared::{
    CheckoutSession, CheckoutSessionLocale, CheckoutSessionMode, CheckoutSessionStatus, CheckoutSessionSubmitType,
    SetupIntent, SetupIntentStatus,
};
use wallet::payment::{CheckoutAnswer, CheckoutOrder, SetupAnswer, SetupOrder, decline as shared};

use super::api::{Failure, is_id};
use super::payment::time;
use super::{METHOD, ORDER, Stripe, currency, decline, method};

/// The longest text that Stripe shows as what is bought.
pub const TITLE_MAX: usize = 250;
/// The shortest time for which Stripe opens a page, with a minute for the way to it.
const OPEN_MIN: TimeDelta = TimeDelta::minutes(31);
/// The longest time for which it is opened: Stripe's is 24 hours.
const OPEN_MAX: TimeDelta = TimeDelta::hours(23);
/// The step of times that depend on when they are asked for: a repeat within it sends the same.
const STEP: TimeDelta = TimeDelta::hours(1);
/// The currency by which Stripe chooses what to offer where a method is saved; nothing is charged.
const SETUP_CURRENCY: stripe_types::Currency = stripe_types::Currency::USD;

/// Says until when a page is open: as long as the order where Stripe has such pages, else as near to it as it has.
#[must_use]
pub fn open_until(wanted: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let hour = now.duration_trunc(STEP).unwrap_or(now);
    if wanted < now + OPEN_MIN {
        hour + STEP + OPEN_MIN
    } else if wanted > now + OPEN_MAX {
        hour + OPEN_MAX
    } else {
        wanted
    }
}

/// What of an answer is told whole.
#[derive(serde::Serialize)]
struct Expand {
    expand: [&'static str; 1],
}

/// Names what of ours something is for.
#[must_use]
pub fn named(key: &str, id: impl ToString) -> HashMap<String, String> {
    // One entry only: the order of more would change from call to call, and a repeat must be the same.
    HashMap::from([(key.to_owned(), id.to_string())])
}

fn locale(code: &str) -> CheckoutSessionLocale {
    match code {
        "en" => CheckoutSessionLocale::En,
        "ru" => CheckoutSessionLocale::Ru,
        _ => CheckoutSessionLocale::Auto,
    }
}

/// Cuts a text to what Stripe takes.
#[must_use]
pub fn title(text: &str) -> String {
    text.chars().take(TITLE_MAX).collect()
}

fn line(order: &CheckoutOrder, amount: i64, has_tax: bool) -> CreateCheckoutSessionLineItems {
    let mut price = CreateCheckoutSessionLineItemsPriceData::new(currency::name(order.money.currency()));
    price.unit_amount = Some(amount);
    price.product_data = Some(ProductData::new(title(&order.title)));
    if has_tax {
        price.tax_behavior = Some(CreateCheckoutSessionLineItemsPriceDataTaxBehavior::Exclusive);
    }
    let mut line = CreateCheckoutSessionLineItems::new();
    line.price_data = Some(price);
    line.quantity = Some(1);
    line
}

/// Cards of the customer that the page offers: also those that were saved for renewals.
fn saved_cards() -> CreateCheckoutSessionSavedPaymentMethodOptions {
    use CreateCheckoutSessionSavedPaymentMethodOptionsAllowRedisplayFilters::{Always, Limited, Unspecified};
    let mut saved = CreateCheckoutSessionSavedPaymentMethodOptions::new();
    saved.allow_redisplay_filters = Some(vec![Always, Limited, Unspecified]);
    saved
}

/// What may be saved: money of other methods comes in days, and a plan's month would be over before.
fn to_be_saved() -> Vec<CreateCheckoutSessionAllowedPaymentMethodTypes> {
    use CreateCheckoutSessionAllowedPaymentMethodTypes::{Card, Link};
    vec![Card, Link]
}

/// Writes the page of an order; `None` where Stripe has no such amount.
#[must_use]
pub fn payment_page(order: &CheckoutOrder, has_tax: bool, now: DateTime<Utc>) -> Option<CreateCheckoutSession> {
    let amount = currency::to_stripe(order.money)?;
    let mut intent = CreateCheckoutSessionPaymentIntentData::new();
    intent.description = Some(title(&order.title));
    intent.metadata = Some(named(ORDER, order.payment));
    if order.save_method {
        intent.setup_future_usage = Some(CreateCheckoutSessionPaymentIntentDataSetupFutureUsage::OffSession);
    }
    let page = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Payment)
        .line_items(vec![line(order, amount, has_tax)])
        .client_reference_id(order.payment.to_string())
        .metadata(named(ORDER, order.payment))
        .payment_intent_data(intent)
        .submit_type(CheckoutSessionSubmitType::Pay)
        .locale(locale(&order.locale))
        .success_url(&order.return_url)
        .cancel_url(&order.cancel_url)
        .expires_at(open_until(order.expires_at, now).timestamp());
    let page = match &order.customer {
        Some(customer) => page.customer(customer).saved_payment_method_options(saved_cards()),
        None => payer(page, &order.email, order.save_method),
    };
    let page = if order.save_method { page.allowed_payment_method_types(to_be_saved()) } else { page };
    Some(if has_tax { taxed(page, order.customer.is_some()) } else { page })
}

/// Names the payer where Stripe has no customer of theirs: one is made where a method is saved, which needs an owner.
fn payer(page: CreateCheckoutSession, email: &str, is_saved: bool) -> CreateCheckoutSession {
    let page = if email.is_empty() { page } else { page.customer_email(email) };
    if is_saved { page.customer_creation(CreateCheckoutSessionCustomerCreation::Always) } else { page }
}

fn taxed(page: CreateCheckoutSession, has_customer: bool) -> CreateCheckoutSession {
    let page = page.automatic_tax(CreateCheckoutSessionAutomaticTax::new(true));
    if !has_customer {
        return page;
    }
    // The tax is that of the address which the buyer gives on the page.
    let mut update = CreateCheckoutSessionCustomerUpdate::new();
    update.address = Some(CreateCheckoutSessionCustomerUpdateAddress::Auto);
    page.customer_update(update)
}

/// Writes the page where a method is saved.
#[must_use]
pub fn method_page(order: &SetupOrder) -> CreateCheckoutSession {
    let mut intent = CreateCheckoutSessionSetupIntentData::new();
    intent.metadata = Some(named(METHOD, order.method));
    let page = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Setup)
        .currency(SETUP_CURRENCY)
        .allowed_payment_method_types(to_be_saved())
        .client_reference_id(order.method.to_string())
        .metadata(named(METHOD, order.method))
        .setup_intent_data(intent)
        .locale(locale(&order.locale))
        .success_url(&order.return_url)
        .cancel_url(&order.cancel_url);
    match &order.customer {
        Some(customer) => page.customer(customer),
        None => payer(page, &order.email, true),
    }
}

impl Stripe {
    pub(super) async fn pay_page(&self, order: &CheckoutOrder) -> CheckoutAnswer {
        let Some(page) = payment_page(order, self.automatic_tax, self.clock.now()) else {
            return CheckoutAnswer::Refused { code: shared::AMOUNT_NOT_TAKEN.to_owned() };
        };
        let made = self.api.send_once(&page, &format!("{}:checkout", order.idempotency_key)).await;
        if let Err(Failure::Unknown { is_kept: true, .. }) = &made
            && let Ok(Some(session)) = self.open_session_of(order.payment).await
        {
            // Stripe repeats its fault, and the page is there.
            return self.opened(Ok(session));
        }
        self.opened(made)
    }

    pub(super) async fn save_page(&self, order: &SetupOrder) -> CheckoutAnswer {
        self.opened(self.api.send_once(&method_page(order), &format!("{}:setup", order.idempotency_key)).await)
    }

    fn opened(&self, made: Result<CheckoutSession, Failure>) -> CheckoutAnswer {
        let unknown = |detail: &str| CheckoutAnswer::Unknown { detail: detail.to_owned() };
        match made {
            Ok(session) => match (session.url, time(session.expires_at)) {
                (Some(redirect_url), Ok(expires_at)) => {
                    if !redirect_url.starts_with(&format!("{}/", self.page_origin)) {
                        tracing::error!(
                            expected = self.page_origin,
                            "Stripe's page is at another address, to which browsers will not go from our form: is a \
                             custom domain set for Checkout?"
                        );
                    }
                    CheckoutAnswer::Created { reference: session.id.as_str().to_owned(), redirect_url, expires_at }
                }
                _ => unknown("Stripe's page has no address any more"),
            },
            Err(Failure::Refused(refused)) => CheckoutAnswer::Refused { code: refused.code.to_owned() },
            Err(Failure::Missing) => CheckoutAnswer::Refused { code: shared::NOT_ALLOWED.to_owned() },
            Err(failure) => CheckoutAnswer::Unknown { detail: failure.detail() },
        }
    }

    pub(super) async fn setup(&self, reference: &str) -> SetupAnswer {
        let answer = if is_id(reference, "cs_") {
            self.setup_of_session(reference).await
        } else if is_id(reference, "seti_") {
            self.setup_intent(reference).await.and_then(|intent| setup_answer(&intent, false))
        } else {
            return SetupAnswer::Missing;
        };
        match answer {
            Ok(answer) => answer,
            Err(Failure::Missing) => SetupAnswer::Missing,
            Err(failure) => SetupAnswer::Unknown { detail: failure.detail() },
        }
    }

    async fn setup_of_session(&self, reference: &str) -> Result<SetupAnswer, Failure> {
        let session = self.session(reference, vec!["setup_intent.payment_method".to_owned()]).await?;
        if session.mode != CheckoutSessionMode::Setup {
            return Err(Failure::Missing);
        }
        let intent = session.setup_intent.as_ref().and_then(|intent| intent.as_object());
        match (&session.status, intent) {
            (Some(CheckoutSessionStatus::Open), _) => Ok(SetupAnswer::Open),
            (Some(CheckoutSessionStatus::Expired), _) => Ok(SetupAnswer::Failed { code: "expired".to_owned() }),
            (Some(CheckoutSessionStatus::Complete), Some(intent)) => setup_answer(intent, true),
            _ => Err(Failure::unreadable("a session in a state that is not known")),
        }
    }

    async fn setup_intent(&self, reference: &str) -> Result<SetupIntent, Failure> {
        let request = RequestBuilder::new(StripeMethod::Get, format!("/setup_intents/{reference}"));
        self.api.call(request.query(&Expand { expand: ["payment_method"] }).customize()).await
    }
}

/// Reads how far a method is; after its page was left for good, what is not saved failed.
fn setup_answer(intent: &SetupIntent, is_page_done: bool) -> Result<SetupAnswer, Failure> {
    let failed = || intent.last_setup_error.as_ref().map(|error| decline::code(error));
    match (&intent.status, intent.payment_method.as_ref().and_then(|method| method.as_object())) {
        (SetupIntentStatus::Succeeded, Some(saved)) => method::saved(saved)
            .map(SetupAnswer::Saved)
            .map_or_else(|| Ok(SetupAnswer::Failed { code: shared::METHOD_GONE.to_owned() }), Ok),
        (SetupIntentStatus::Processing, _) => Ok(SetupAnswer::Open),
        (SetupIntentStatus::Canceled, _) => Ok(SetupAnswer::Failed { code: "cancelled".to_owned() }),
        (SetupIntentStatus::RequiresPaymentMethod | SetupIntentStatus::RequiresAction, _) if is_page_done => {
            Ok(SetupAnswer::Failed { code: failed().unwrap_or(shared::CARD_DECLINED).to_owned() })
        }
        (SetupIntentStatus::Succeeded | SetupIntentStatus::Unknown(_), _) => {
            Err(Failure::unreadable("a method in a state that is not known"))
        }
        _ => Ok(SetupAnswer::Open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_open_as_long_as_stripe_allows() {
        let now: DateTime<Utc> = "2026-11-21T12:34:00Z".parse().expect("a time");
        let hour = now + TimeDelta::minutes(60);
        assert_eq!(open_until(hour, now), hour);
        for (wanted, open) in [(1, "2026-11-21T13:31:00Z"), (7 * 24 * 60, "2026-11-22T11:00:00Z")] {
            let until = open_until(now + TimeDelta::minutes(wanted), now);
            assert_eq!(until, open.parse::<DateTime<Utc>>().expect("a time"));
            assert!(until >= now + TimeDelta::minutes(30) && until <= now + TimeDelta::hours(24));
            let again = open_until(now + TimeDelta::minutes(wanted), now + TimeDelta::minutes(9));
            assert_eq!(again, until, "a repeat sends the same");
        }
    }

    #[test]
    fn titles_are_cut_at_letters() {
        assert_eq!(title(&"я".repeat(300)).chars().count(), TITLE_MAX);
    }
}
