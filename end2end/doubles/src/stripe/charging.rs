//! One attempt to pay: what the method does decides, and everything that follows is noted.

use serde_json::{Value, json};

use super::card::{AUTHENTICATION_REQUIRED, Charging, Decline, EXPIRED, GENERIC};
use super::error::StripeError;
use super::model::{Charge, MethodKind, PaymentMethod};
use super::params::Read;
use super::shop::Shop;
use super::{disputes, methods, render};

/// Whether the owner is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presence {
    /// Nobody is: a charge of the merchant's own accord.
    Away,
    /// On a page, not asked by the bank yet.
    Present,
    /// On a page, and proven.
    Authenticated,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attempt {
    /// The money is there.
    Succeeded,
    /// The money comes in days.
    Processing,
    /// The bank wants to see the owner.
    RequiresAction,
    /// No.
    Declined(Decline),
}

/// What the method does now.
fn verdict(method: &PaymentMethod, presence: Presence, now: i64) -> Attempt {
    let card = match &method.kind {
        MethodKind::BankDebit(_) => return Attempt::Processing,
        MethodKind::Card(card) => card,
    };
    if let Some(decline) = method.next_declines.front() {
        return Attempt::Declined(*decline);
    }
    if ended(card.exp_month, card.exp_year, now) {
        return Attempt::Declined(EXPIRED);
    }
    match (card.charging, presence) {
        (Charging::Declines(decline), _) | (Charging::DeclinesLater(decline), Presence::Away) => {
            Attempt::Declined(decline)
        }
        (Charging::Authenticates | Charging::AuthenticatesOnce, Presence::Present) => Attempt::RequiresAction,
        (Charging::Authenticates, Presence::Away) => Attempt::Declined(AUTHENTICATION_REQUIRED),
        _ => Attempt::Succeeded,
    }
}

/// Whether a card's last month is over.
pub fn ended(exp_month: i64, exp_year: i64, now: i64) -> bool {
    use chrono::{DateTime, Datelike};
    DateTime::from_timestamp(now, 0)
        .is_some_and(|now| (i64::from(now.year()), i64::from(now.month())) > (exp_year, exp_month))
}

/// Tries to pay a payment with a method.
pub fn attempt(shop: &mut Shop, intent: &str, method: &str, presence: Presence) -> Read<Attempt> {
    let now = shop.now;
    let attempt = verdict(shop.methods.known(method)?, presence, now);
    if let Attempt::Declined(_) = attempt {
        shop.methods.known(method)?.next_declines.pop_front();
    }
    let held = shop.intents.known(intent)?;
    held.payment_method = Some(method.to_owned());
    held.authenticate_at = None;
    held.last_payment_error = None;
    match attempt {
        Attempt::Succeeded => succeed(shop, intent, method, presence)?,
        Attempt::Processing => process(shop, intent, method)?,
        Attempt::RequiresAction => require_action(shop, intent)?,
        Attempt::Declined(decline) => refuse(shop, intent, method, decline)?,
    }
    Ok(attempt)
}

fn add_charge(shop: &mut Shop, intent: &str, method: &str, status: &'static str) -> Read<Charge> {
    let id = shop.id("ch");
    let now = shop.now;
    let intent = shop.intents.known(intent)?;
    intent.latest_charge = Some(id.clone());
    let charge = Charge {
        id,
        created: now,
        amount: intent.amount,
        amount_refunded: 0,
        currency: intent.currency.clone(),
        status,
        payment_intent: intent.id.clone(),
        payment_method: method.to_owned(),
        customer: intent.customer.clone(),
        description: intent.description.clone(),
        metadata: intent.metadata.clone(),
        failure: None,
        disputed: false,
        receipt_email: intent.receipt_email.clone(),
        authenticated: false,
    };
    shop.charges.add(charge.clone());
    Ok(charge)
}

fn succeed(shop: &mut Shop, intent: &str, method: &str, presence: Presence) -> Read<()> {
    let charge = add_charge(shop, intent, method, "succeeded")?;
    let held = shop.charges.known(&charge.id)?;
    held.authenticated = presence == Presence::Authenticated;
    let charging = match &shop.methods.known(method)?.kind {
        MethodKind::Card(card) => Some(card.charging),
        MethodKind::BankDebit(_) => None,
    };
    settle(shop, intent, &charge.id)?;
    keep_or_spend(shop, intent, method)?;
    if let Some(Charging::Disputed { inquiry }) = charging {
        disputes::open(shop, &charge.id, "fraudulent", inquiry)?;
    }
    Ok(())
}

/// A method is attached when it is kept; otherwise it can't be used again, unless it was attached before.
fn keep_or_spend(shop: &mut Shop, intent: &str, method: &str) -> Read<()> {
    let held = shop.intents.known(intent)?;
    let (customer, keeps) = (held.customer.clone(), held.setup_future_usage.is_some());
    if shop.methods.known(method)?.customer.is_some() {
        return Ok(());
    }
    match customer {
        Some(customer) if keeps => methods::attach_to(shop, method, &customer),
        _ => {
            shop.methods.known(method)?.spent = true;
            Ok(())
        }
    }
}

/// Marks a payment and its charge as paid.
fn settle(shop: &mut Shop, intent: &str, charge: &str) -> Read<()> {
    shop.charges.known(charge)?.status = "succeeded";
    shop.intents.known(intent)?.status = "succeeded";
    let charge = render::charge(shop, shop.charges.of_path(charge)?);
    shop.emit("charge.succeeded", charge);
    let intent = render::intent(shop.intents.of_path(intent)?);
    shop.emit("payment_intent.succeeded", intent);
    Ok(())
}

fn process(shop: &mut Shop, intent: &str, method: &str) -> Read<()> {
    let charge = add_charge(shop, intent, method, "pending")?;
    shop.intents.known(intent)?.status = "processing";
    let json = render::charge(shop, &charge);
    shop.emit("charge.pending", json);
    let json = render::intent(shop.intents.of_path(intent)?);
    shop.emit("payment_intent.processing", json);
    keep_or_spend(shop, intent, method)
}

fn require_action(shop: &mut Shop, intent: &str) -> Read<()> {
    let url = format!("{}/stripe/authenticate/{intent}", shop.base_url);
    let held = shop.intents.known(intent)?;
    held.status = "requires_action";
    held.authenticate_at = Some(url);
    let json = render::intent(held);
    shop.emit("payment_intent.requires_action", json);
    Ok(())
}

/// Refuses an attempt: a failed charge, and a payment that waits for another method.
pub fn refuse(shop: &mut Shop, intent: &str, method: &str, decline: Decline) -> Read<()> {
    let charge = add_charge(shop, intent, method, "failed")?;
    shop.charges.known(&charge.id)?.failure = Some(decline);
    let charge = render::charge(shop, shop.charges.of_path(&charge.id)?);
    shop.emit("charge.failed", charge.clone());
    let error = decline_error(decline)
        .with("charge", charge["id"].clone())
        .with("payment_method", render::method(shop.methods.of_path(method)?));
    let held = shop.intents.known(intent)?;
    held.status = "requires_payment_method";
    held.payment_method = None;
    held.authenticate_at = None;
    held.last_payment_error = Some(error.body());
    let json = render::intent(held);
    shop.emit("payment_intent.payment_failed", json);
    Ok(())
}

/// The error of a decline, without what it is about.
pub fn decline_error(decline: Decline) -> StripeError {
    StripeError::card(decline.code, Some(decline.decline_code), decline.message)
}

/// The 402 that an API call gets, which carries the payment as it is now.
pub fn declined(shop: &Shop, intent: &str, decline: Decline) -> StripeError {
    let Some(held) = shop.intents.get(intent) else { return decline_error(decline) };
    let mut error = decline_error(decline);
    if let Some(Value::Object(last)) = &held.last_payment_error {
        error.more.extend(
            last.iter()
                .filter(|(name, _)| matches!(name.as_str(), "charge" | "payment_method"))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    error
        .with("payment_intent", render::intent(held))
        .with("request_log_url", json!("https://dashboard.stripe.com/test/logs"))
}

/// Ends a payment that took days.
pub fn end_processing(shop: &mut Shop, intent: &str, succeeds: bool) -> Read<()> {
    let held = shop.intents.of_path(intent)?;
    let (Some(charge), "processing") = (held.latest_charge.clone(), held.status) else {
        return Err(StripeError::state("payment_intent_unexpected_state", "This PaymentIntent is not processing."));
    };
    if succeeds {
        return settle(shop, intent, &charge);
    }
    let method = shop.charges.known(&charge)?.payment_method.clone();
    let held = shop.charges.known(&charge)?;
    held.status = "failed";
    held.failure = Some(GENERIC);
    let json = render::charge(shop, shop.charges.of_path(&charge)?);
    shop.emit("charge.failed", json);
    let error = StripeError::card("payment_intent_payment_attempt_failed", None, "The payment failed.")
        .with("payment_method", render::method(shop.methods.of_path(&method)?));
    let held = shop.intents.known(intent)?;
    held.status = "requires_payment_method";
    held.payment_method = None;
    held.last_payment_error = Some(error.body());
    let json = render::intent(held);
    shop.emit("payment_intent.payment_failed", json);
    Ok(())
}
