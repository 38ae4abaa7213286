//! What a buyer does on a Checkout Session's page. Knows no HTML.

use serde_json::Value;

use super::card::{self, AUTHENTICATION_FAILED, Decline};
use super::charging::{self, Attempt, Presence};
use super::error::StripeError;
use super::methods::{self, NewMethod};
use super::model::{Buyer, MethodKind, PaymentIntent, Session};
use super::params::Read;
use super::sessions::{subtotal, tax};
use super::shop::Shop;
use super::{customers, render, setups};

/// What a buyer pays with.
#[derive(Clone, Debug)]
pub enum Means {
    /// A card, as it was typed.
    NewCard {
        /// Digits, with or without spaces.
        number: String,
        /// `12 / 34`
        expiry: String,
    },
    /// A method that the customer has.
    Saved(String),
    /// A bank's debit, which takes days.
    Later,
}

/// What the page shows next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// The buyer goes back to the shop.
    Done,
    /// The bank's page.
    Authenticate,
    /// The form again, and why.
    Again(String),
}

impl Next {
    fn declined(decline: Decline) -> Self {
        Self::Again(decline.message.to_owned())
    }
}

/// Refuses a page that is over.
pub fn open_session<'a>(shop: &'a Shop, id: &str) -> Read<&'a Session> {
    let session = shop.sessions.of_path(id)?;
    match session.status {
        "open" => Ok(session),
        "complete" => Err(StripeError::state("checkout_session_complete", "You have already completed this payment.")),
        _ => Err(StripeError::state("checkout_session_expired", "This page has expired.")),
    }
}

/// The buyer presses the button.
pub fn submit(shop: &mut Shop, id: &str, means: Means, buyer: Buyer) -> Read<Next> {
    let session = open_session(shop, id)?.clone();
    let (method, presence) = match method_of(shop, &session, means, &buyer) {
        Ok(method) => (method, Presence::Present),
        Err(message) => return Ok(Next::Again(message)),
    };
    let held = shop.sessions.known(id)?;
    held.buyer = Some(buyer.clone());
    if session.automatic_tax {
        held.amount_tax = tax(subtotal(held));
    }
    if session.mode == "setup" {
        return save(shop, id, &method, presence);
    }
    let intent = match &session.payment_intent {
        Some(intent) => intent.clone(),
        None => begin_payment(shop, id, &buyer)?,
    };
    pay(shop, id, &intent, &method, presence)
}

/// The buyer comes back from the bank's page.
pub fn authenticated(shop: &mut Shop, id: &str, proven: bool) -> Read<Next> {
    let session = open_session(shop, id)?.clone();
    let Some(method) = session.waiting_method else { return Ok(Next::Again("Nothing to authenticate.".into())) };
    shop.sessions.known(id)?.waiting_method = None;
    match (session.payment_intent, proven) {
        (Some(intent), true) => pay(shop, id, &intent, &method, Presence::Authenticated),
        (Some(intent), false) => {
            charging::refuse(shop, &intent, &method, AUTHENTICATION_FAILED)?;
            Ok(Next::declined(AUTHENTICATION_FAILED))
        }
        (None, true) => save(shop, id, &method, Presence::Authenticated),
        (None, false) => {
            setups::refuse_authentication(shop, session.setup_intent.as_deref().unwrap_or_default(), &method)?;
            Ok(Next::declined(AUTHENTICATION_FAILED))
        }
    }
}

fn method_of(shop: &mut Shop, session: &Session, means: Means, buyer: &Buyer) -> Result<String, String> {
    let keeps = session.mode == "setup" || session.setup_future_usage.is_some();
    let usual = match session.mode.as_str() {
        "setup" => "always",
        _ if keeps => "limited",
        _ => "unspecified",
    };
    let allow_redisplay = session.allow_redisplay.as_deref().unwrap_or(usual).to_owned();
    let kind = match means {
        Means::Saved(id) => {
            let owned = shop
                .methods
                .get(&id)
                .is_some_and(|method| method.customer.is_some() && method.customer == session.customer);
            return if owned { Ok(id) } else { Err("This card is not saved any more.".into()) };
        }
        Means::NewCard { number, expiry } => {
            let card = card::by_number(&number).ok_or("Your card number is invalid.")?;
            let (month, year) = card::expiry(&expiry).ok_or("Your card's expiration date is incomplete.")?;
            if charging::ended(month, year, shop.now) {
                return Err("Your card's expiration date is in the past.".into());
            }
            methods::card_of(card, month, year)
        }
        Means::Later if session.currency.as_deref() == Some("eur") => MethodKind::BankDebit("sepa_debit"),
        Means::Later => MethodKind::BankDebit("us_bank_account"),
    };
    Ok(methods::add(shop, NewMethod { kind, email: buyer.email.clone(), name: buyer.name.clone(), allow_redisplay }))
}

/// Makes the payment when it is first tried, and the customer when one is needed.
fn begin_payment(shop: &mut Shop, id: &str, buyer: &Buyer) -> Read<String> {
    let session = shop.sessions.of_path(id)?.clone();
    let needs_customer = session.setup_future_usage.is_some() || session.customer_creation.as_deref() == Some("always");
    let customer = match session.customer.clone() {
        None if needs_customer => Some(customers::guest(shop, buyer.email.clone(), buyer.name.clone())),
        customer => customer,
    };
    let intent_id = shop.id("pi");
    let subtotal = subtotal(&session);
    let intent = PaymentIntent {
        client_secret: shop.client_secret(&intent_id),
        id: intent_id.clone(),
        created: shop.now,
        amount: subtotal.amount + if subtotal.tax_inclusive { 0 } else { session.amount_tax },
        currency: session.currency.clone().unwrap_or_default(),
        status: "requires_payment_method",
        customer: customer.clone(),
        description: session.intent_description.clone(),
        metadata: session.intent_metadata.clone(),
        payment_method_types: render::method_types(&session),
        setup_future_usage: session.setup_future_usage.clone(),
        receipt_email: session.receipt_email.clone(),
        statement_descriptor: session.statement_descriptor.clone(),
        statement_descriptor_suffix: session.statement_descriptor_suffix.clone(),
        session: Some(session.id.clone()),
        ..PaymentIntent::default()
    };
    let json = render::intent(&intent);
    shop.intents.add(intent);
    shop.emit("payment_intent.created", json);
    let held = shop.sessions.known(id)?;
    held.customer = customer;
    held.payment_intent = Some(intent_id.clone());
    Ok(intent_id)
}

fn pay(shop: &mut Shop, id: &str, intent: &str, method: &str, presence: Presence) -> Read<Next> {
    match charging::attempt(shop, intent, method, presence)? {
        Attempt::Succeeded => complete(shop, id, "paid"),
        Attempt::Processing => complete(shop, id, "unpaid"),
        Attempt::Declined(decline) => Ok(Next::declined(decline)),
        Attempt::RequiresAction => {
            shop.sessions.known(id)?.waiting_method = Some(method.to_owned());
            // The page leads to the bank by itself.
            shop.intents.known(intent)?.return_url = None;
            Ok(Next::Authenticate)
        }
    }
}

fn save(shop: &mut Shop, id: &str, method: &str, presence: Presence) -> Read<Next> {
    let setup = shop.sessions.of_path(id)?.setup_intent.clone().unwrap_or_default();
    match setups::save(shop, &setup, method, presence) {
        Ok(true) => complete(shop, id, "no_payment_required"),
        Ok(false) => {
            shop.sessions.known(id)?.waiting_method = Some(method.to_owned());
            Ok(Next::Authenticate)
        }
        Err(error) if error.kind == "card_error" => Ok(Next::Again(error.message)),
        Err(error) => Err(error),
    }
}

fn complete(shop: &mut Shop, id: &str, payment_status: &'static str) -> Read<Next> {
    let session = shop.sessions.known(id)?;
    session.status = "complete";
    session.payment_status = payment_status;
    let json = render::session(shop, shop.sessions.of_path(id)?);
    shop.emit("checkout.session.completed", json);
    Ok(Next::Done)
}

/// Ends a payment that took days: the session's events follow the payment's.
pub fn end_later(shop: &mut Shop, intent: &str, succeeds: bool) -> Read<Value> {
    charging::end_processing(shop, intent, succeeds)?;
    let session = shop.intents.of_path(intent)?.session.clone();
    if let Some(session) = session {
        if succeeds {
            shop.sessions.known(&session)?.payment_status = "paid";
        }
        let json = render::session(shop, shop.sessions.of_path(&session)?);
        let kind = if succeeds { "succeeded" } else { "failed" };
        shop.emit(&format!("checkout.session.async_payment_{kind}"), json);
    }
    shop.intents.of_path(intent).map(render::intent)
}

/// Where the buyer goes after paying.
pub fn success_url(session: &Session) -> String {
    session.success_url.replace("{CHECKOUT_SESSION_ID}", &session.id)
}
