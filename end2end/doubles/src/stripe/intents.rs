//! Payments: made, confirmed, canceled.

use serde_json::Value;

use super::charging::{self, Attempt, Presence};
use super::currency::{check_amount, check_code};
use super::error::StripeError;
use super::list::{Created, Page};
use super::model::PaymentIntent;
use super::params::{Params, Read, merge};
use super::shop::Shop;
use super::{methods, render};

const USAGES: [&str; 2] = ["off_session", "on_session"];

/// How a payment is to be confirmed.
#[derive(Debug, Default)]
struct Confirmation {
    off_session: bool,
    error_on_requires_action: bool,
}

/// What only the call that makes a payment says.
#[derive(Debug, Default)]
struct Choice {
    method: Option<String>,
    /// Only methods that keep the buyer on the page.
    stays_on_page: bool,
}

impl Confirmation {
    fn of(params: &mut Params) -> Read<Self> {
        let off_session = match params.text("off_session")?.as_deref() {
            None | Some("false") => false,
            Some("true" | "one_off" | "recurring") => true,
            Some(other) => return Err(StripeError::invalid("off_session", format!("Invalid off_session: {other}"))),
        };
        let error_on_requires_action = params.flag("error_on_requires_action")?.unwrap_or(false);
        Ok(Self { off_session, error_on_requires_action })
    }
}

/// `POST /v1/payment_intents`
pub fn create(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let amount = params.int("amount")?.ok_or_else(|| StripeError::missing("amount"))?;
    let currency = check_code("currency", &params.required("currency")?)?;
    check_amount("amount", amount, &currency)?;
    let confirm = params.flag("confirm")?.unwrap_or(false);
    let confirmation = Confirmation::of(&mut params)?;
    let id = shop.id("pi");
    let mut intent = PaymentIntent {
        client_secret: shop.client_secret(&id),
        id: id.clone(),
        created: shop.now,
        amount,
        currency,
        status: "requires_payment_method",
        automatic_methods: true,
        ..PaymentIntent::default()
    };
    let choice = change(&mut intent, &mut params)?;
    params.finish()?;
    if confirm && !confirmation.off_session && !choice.stays_on_page && intent.return_url.is_none() {
        let message = "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because \
                       some of these payment methods might redirect your customer off of your page, you must provide a \
                       `return_url`. If you don't want to accept redirect-based payment methods, set \
                       `automatic_payment_methods[enabled]` to `true` and \
                       `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment \
                       Intents.";
        return Err(StripeError::invalid("return_url", message));
    }
    if confirmation.off_session && !confirm {
        let message = "You cannot set `off_session` without `confirm`: it says how the payment is confirmed.";
        return Err(StripeError::invalid("off_session", message));
    }
    if let Some(customer) = &intent.customer {
        shop.customers.of_param(customer, "customer")?;
    }
    if let Some(method) = choice.method {
        let method = methods::resolve(shop, &method, "payment_method")?;
        methods::check_owner(shop, &method, intent.customer.as_deref())?;
        intent.payment_method = Some(method);
        intent.status = "requires_confirmation";
    }
    shop.intents.add(intent);
    let json = render::intent(shop.intents.of_path(&id)?);
    shop.emit("payment_intent.created", json);
    if confirm { confirm_now(shop, &id, &confirmation) } else { shop.intents.of_path(&id).map(render::intent) }
}

/// Takes over what a payment may be given at any time.
fn change(intent: &mut PaymentIntent, params: &mut Params) -> Read<Choice> {
    let mut choice = Choice { stays_on_page: false, method: params.text("payment_method")? };
    if let Some(customer) = params.text("customer")? {
        intent.customer = Some(customer);
    }
    if let Some(description) = params.text("description")? {
        intent.description = Some(description).filter(|text| !text.is_empty());
    }
    if let Some(email) = params.text("receipt_email")? {
        intent.receipt_email = Some(email).filter(|text| !text.is_empty());
    }
    if let Some(usage) = params.choice("setup_future_usage", &USAGES)? {
        intent.setup_future_usage = Some(usage);
    }
    if let Some(text) = descriptor(params, "statement_descriptor")? {
        intent.statement_descriptor = Some(text);
    }
    if let Some(text) = descriptor(params, "statement_descriptor_suffix")? {
        intent.statement_descriptor_suffix = Some(text);
    }
    if let Some(url) = params.text("return_url")? {
        intent.return_url = Some(url);
    }
    let types = params.texts("allowed_payment_method_types")?;
    let automatic = params.object("automatic_payment_methods")?;
    if let Some(mut automatic) = automatic {
        intent.automatic_methods =
            automatic.flag("enabled")?.ok_or_else(|| StripeError::missing("automatic_payment_methods[enabled]"))?;
        choice.stays_on_page = automatic.choice("allow_redirects", &["always", "never"])?.as_deref() == Some("never");
        automatic.finish()?;
    }
    if let Some(types) = types {
        intent.payment_method_types = types;
    }
    read_method_options(params)?;
    if intent.payment_method_types.is_empty() {
        intent.payment_method_types = vec!["card".into()];
    }
    merge(&mut intent.metadata, params.metadata()?);
    Ok(choice)
}

/// How cards are asked for 3-D Secure; it is checked and changes nothing here.
pub fn read_method_options(params: &mut Params) -> Read<()> {
    let Some(mut options) = params.object("payment_method_options")? else { return Ok(()) };
    if let Some(mut card) = options.object("card")? {
        card.choice("request_three_d_secure", &["any", "automatic", "challenge"])?;
        card.choice("setup_future_usage", &["none", "off_session", "on_session"])?;
        card.finish()?;
    }
    options.finish()
}

/// At most 22 letters, as banks show them.
pub fn descriptor(params: &mut Params, name: &str) -> Read<Option<String>> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    if text.chars().count() > 22 {
        let message = "The statement descriptor must be at most 22 characters.";
        return Err(StripeError::invalid(&params.name(name), message));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// `POST /v1/payment_intents/{id}/confirm`
pub fn confirm(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let mut intent = shop.intents.of_path(id)?.clone();
    let confirmation = Confirmation::of(&mut params)?;
    let method = params.text("payment_method")?;
    if let Some(url) = params.text("return_url")? {
        intent.return_url = Some(url);
    }
    if let Some(usage) = params.choice("setup_future_usage", &USAGES)? {
        intent.setup_future_usage = Some(usage);
    }
    params.finish()?;
    if let Some(method) = method {
        let method = methods::resolve(shop, &method, "payment_method")?;
        methods::check_owner(shop, &method, intent.customer.as_deref())?;
        intent.payment_method = Some(method);
    }
    *shop.intents.known(id)? = intent;
    confirm_now(shop, id, &confirmation)
}

fn confirm_now(shop: &mut Shop, id: &str, confirmation: &Confirmation) -> Read<Value> {
    let intent = shop.intents.of_path(id)?;
    if !matches!(intent.status, "requires_payment_method" | "requires_confirmation" | "requires_action") {
        return Err(unexpected(intent, "confirmed"));
    }
    let Some(method) = intent.payment_method.clone() else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
        let error = StripeError::state("payment_intent_unexpected_state", message);
        return Err(error.with("payment_intent", render::intent(intent)));
    };
    let presence = if confirmation.off_session { Presence::Away } else { Presence::Present };
    match charging::attempt(shop, id, &method, presence)? {
        Attempt::Declined(decline) => Err(charging::declined(shop, id, decline)),
        Attempt::RequiresAction if confirmation.error_on_requires_action => {
            charging::refuse(shop, id, &method, super::card::AUTHENTICATION_REQUIRED)?;
            Err(charging::declined(shop, id, super::card::AUTHENTICATION_REQUIRED))
        }
        Attempt::Succeeded | Attempt::Processing | Attempt::RequiresAction => {
            shop.intents.of_path(id).map(render::intent)
        }
    }
}

fn unexpected(intent: &PaymentIntent, verb: &str) -> StripeError {
    let message = format!(
        "This PaymentIntent's status is {}, so it could not be {verb}. PaymentIntents can be {verb} only with an earlier \
         status.",
        intent.status
    );
    StripeError::state("payment_intent_unexpected_state", message).with("payment_intent", render::intent(intent))
}

/// `GET /v1/payment_intents/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    shop.intents.of_path(id).map(render::intent)
}

/// `POST /v1/payment_intents/{id}`
pub fn update(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let mut intent = shop.intents.of_path(id)?.clone();
    let amount = params.int("amount")?;
    let choice = change(&mut intent, &mut params)?;
    params.finish()?;
    if let Some(amount) = amount {
        if !intent.status.starts_with("requires_") {
            return Err(unexpected(&intent, "updated"));
        }
        check_amount("amount", amount, &intent.currency)?;
        intent.amount = amount;
    }
    if let Some(method) = choice.method {
        let method = methods::resolve(shop, &method, "payment_method")?;
        methods::check_owner(shop, &method, intent.customer.as_deref())?;
        intent.payment_method = Some(method);
        intent.status = "requires_confirmation";
    }
    let json = render::intent(&intent);
    *shop.intents.known(id)? = intent;
    Ok(json)
}

/// `POST /v1/payment_intents/{id}/cancel`
pub fn cancel(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
    let reason = params.choice("cancellation_reason", &reasons)?;
    params.finish()?;
    let intent = shop.intents.of_path(id)?;
    if intent.session.is_some() && intent.status.starts_with("requires_") {
        let message = "You cannot cancel this PaymentIntent because it was created by Checkout. Expire the Checkout \
                       Session instead.";
        return Err(StripeError::state("payment_intent_unexpected_state", message));
    }
    if !intent.status.starts_with("requires_") {
        return Err(unexpected(intent, "canceled"));
    }
    cancel_now(shop, id, reason)
}

/// Cancels, and says so.
pub fn cancel_now(shop: &mut Shop, id: &str, reason: Option<String>) -> Read<Value> {
    let now = shop.now;
    let intent = shop.intents.known(id)?;
    intent.status = "canceled";
    intent.canceled_at = Some(now);
    intent.cancellation_reason = reason;
    intent.authenticate_at = None;
    let json = render::intent(intent);
    shop.emit("payment_intent.canceled", json.clone());
    Ok(json)
}

/// `GET /v1/payment_intents`
pub fn list(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let customer = params.text("customer")?;
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits =
        |intent: &&PaymentIntent| created.holds(intent.created) && (customer.is_none() || intent.customer == customer);
    page.list("/v1/payment_intents", shop.intents.newest().filter(fits), render::intent)
}

/// Its owner comes back from the bank's page. Returns where they go.
pub fn authenticated(shop: &mut Shop, id: &str, proven: bool) -> Read<Option<String>> {
    let intent = shop.intents.of_path(id)?;
    let (Some(method), "requires_action") = (intent.payment_method.clone(), intent.status) else {
        return Err(unexpected(intent, "authenticated"));
    };
    let back = intent.return_url.clone();
    if proven {
        charging::attempt(shop, id, &method, Presence::Authenticated)?;
    } else {
        charging::refuse(shop, id, &method, super::card::AUTHENTICATION_FAILED)?;
    }
    Ok(back)
}
