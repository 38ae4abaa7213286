//! Methods being saved without a payment.

use serde_json::Value;

use super::card::Charging;
use super::charging::{Presence, decline_error};
use super::error::StripeError;
use super::list::{Created, Page};
use super::model::{MethodKind, SetupIntent};
use super::params::{Params, Read, merge};
use super::shop::Shop;
use super::{methods, render};

/// `POST /v1/setup_intents`
pub fn create(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let id = shop.id("seti");
    let mut setup = SetupIntent {
        client_secret: shop.client_secret(&id),
        id: id.clone(),
        created: shop.now,
        status: "requires_payment_method",
        customer: params.text("customer")?,
        description: params.text("description")?,
        payment_method_types: params.texts("allowed_payment_method_types")?.unwrap_or_else(|| vec!["card".into()]),
        usage: params.choice("usage", &["off_session", "on_session"])?.unwrap_or_else(|| "off_session".into()),
        ..SetupIntent::default()
    };
    merge(&mut setup.metadata, params.metadata()?);
    let confirm = params.flag("confirm")?.unwrap_or(false);
    let method = params.text("payment_method")?;
    if let Some(mut automatic) = params.object("automatic_payment_methods")? {
        automatic.flag("enabled")?;
        automatic.choice("allow_redirects", &["always", "never"])?;
        automatic.finish()?;
    }
    params.finish()?;
    if let Some(customer) = &setup.customer {
        shop.customers.of_param(customer, "customer")?;
    }
    if let Some(method) = method {
        let method = methods::resolve(shop, &method, "payment_method")?;
        methods::check_owner(shop, &method, setup.customer.as_deref())?;
        setup.payment_method = Some(method);
        setup.status = "requires_confirmation";
    }
    shop.setups.add(setup);
    let json = render::setup_intent(shop.setups.of_path(&id)?);
    shop.emit("setup_intent.created", json.clone());
    if confirm { confirm_now(shop, &id) } else { Ok(json) }
}

/// `GET /v1/setup_intents/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    shop.setups.of_path(id).map(render::setup_intent)
}

/// `POST /v1/setup_intents/{id}/confirm`
pub fn confirm(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let method = params.text("payment_method")?;
    params.finish()?;
    let customer = shop.setups.of_path(id)?.customer.clone();
    if let Some(method) = method {
        let method = methods::resolve(shop, &method, "payment_method")?;
        methods::check_owner(shop, &method, customer.as_deref())?;
        shop.setups.known(id)?.payment_method = Some(method);
    }
    confirm_now(shop, id)
}

fn confirm_now(shop: &mut Shop, id: &str) -> Read<Value> {
    let setup = shop.setups.of_path(id)?;
    if matches!(setup.status, "succeeded" | "canceled") {
        let message = format!("This SetupIntent's status is {}, so it could not be confirmed.", setup.status);
        return Err(StripeError::state("setup_intent_unexpected_state", message));
    }
    let Some(method) = setup.payment_method.clone() else {
        let message = "You cannot confirm this SetupIntent because it's missing a payment method.";
        return Err(StripeError::state("setup_intent_unexpected_state", message));
    };
    // The owner is there, and nobody shows them a page: their bank's question stays open.
    save(shop, id, &method, Presence::Present)?;
    shop.setups.of_path(id).map(render::setup_intent)
}

/// `POST /v1/setup_intents/{id}/cancel`
pub fn cancel(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    let setup = shop.setups.known(id)?;
    if matches!(setup.status, "succeeded" | "canceled") {
        let message = format!("You cannot cancel this SetupIntent because it has a status of {}.", setup.status);
        return Err(StripeError::state("setup_intent_unexpected_state", message));
    }
    setup.status = "canceled";
    let json = render::setup_intent(setup);
    shop.emit("setup_intent.canceled", json.clone());
    Ok(json)
}

/// `GET /v1/setup_intents`
pub fn list(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let customer = params.text("customer")?;
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits =
        |setup: &&SetupIntent| created.holds(setup.created) && (customer.is_none() || setup.customer == customer);
    page.list("/v1/setup_intents", shop.setups.newest().filter(fits), render::setup_intent)
}

/// Saves a method, or asks for its owner first. Returns whether it is saved.
pub fn save(shop: &mut Shop, id: &str, method: &str, presence: Presence) -> Read<bool> {
    let charging = match &shop.methods.of_path(method)?.kind {
        MethodKind::Card(card) => card.charging,
        MethodKind::BankDebit(_) => Charging::Succeeds,
    };
    let setup = shop.setups.known(id)?;
    setup.payment_method = Some(method.to_owned());
    match (charging, presence) {
        (Charging::Declines(decline), _) => Err(fail(shop, id, method, decline_error(decline))?),
        (Charging::Authenticates | Charging::AuthenticatesOnce, Presence::Present | Presence::Away) => {
            setup.status = "requires_action";
            let json = render::setup_intent(setup);
            shop.emit("setup_intent.requires_action", json);
            Ok(false)
        }
        _ => {
            setup.status = "succeeded";
            setup.last_setup_error = None;
            let customer = setup.customer.clone();
            if let Some(customer) = customer {
                methods::attach_to(shop, method, &customer)?;
            }
            let json = render::setup_intent(shop.setups.of_path(id)?);
            shop.emit("setup_intent.succeeded", json);
            Ok(true)
        }
    }
}

/// Its owner did not prove who they are.
pub fn refuse_authentication(shop: &mut Shop, id: &str, method: &str) -> Read<()> {
    let message = "The latest attempt to set up the payment method has failed because authentication failed.";
    let error = StripeError::invalid("payment_method", message).code("setup_intent_authentication_failure");
    fail(shop, id, method, StripeError { param: None, ..error }).map(drop)
}

/// Notes why a method was not saved; gives the error with the setup in it.
fn fail(shop: &mut Shop, id: &str, method: &str, error: StripeError) -> Read<StripeError> {
    let error = error.with("payment_method", render::method(shop.methods.of_path(method)?));
    let setup = shop.setups.known(id)?;
    setup.status = "requires_payment_method";
    setup.payment_method = None;
    setup.last_setup_error = Some(error.body());
    let json = render::setup_intent(setup);
    shop.emit("setup_intent.setup_failed", json.clone());
    Ok(error.with("setup_intent", json))
}
