//! Ways to pay: made on a page or from a ready name, attached, detached, replaced by their network.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::card::{self, TestCard};
use super::error::StripeError;
use super::list;
use super::model::{Card, MethodKind, PaymentMethod};
use super::params::{Metadata, Params, Read, merge};
use super::render;
use super::shop::Shop;

/// What is known of a new method.
#[derive(Clone, Debug)]
pub struct NewMethod {
    /// What it is.
    pub kind: MethodKind,
    /// The owner's address for mails.
    pub email: Option<String>,
    /// The owner's name.
    pub name: Option<String>,
    /// `always`, `limited` or `unspecified`.
    pub allow_redisplay: String,
}

/// A test card as a method.
pub fn card_of(card: TestCard, exp_month: i64, exp_year: i64) -> MethodKind {
    MethodKind::Card(Card {
        brand: card.brand,
        last4: card.number.chars().skip(card.number.len() - 4).collect(),
        exp_month,
        exp_year,
        fingerprint: format!("fp{}", card.number),
        charging: card.charging,
        refunding: card.refunding,
    })
}

/// Makes one.
pub fn add(shop: &mut Shop, new: NewMethod) -> String {
    let id = shop.id("pm");
    shop.methods.add(PaymentMethod {
        id: id.clone(),
        created: shop.now,
        kind: new.kind,
        customer: None,
        spent: false,
        allow_redisplay: new.allow_redisplay,
        email: new.email,
        name: new.name,
        metadata: Metadata::new(),
        next_declines: VecDeque::new(),
    });
    id
}

/// The method that a param names; a ready one (`pm_card_visa`) becomes a new one.
pub fn resolve(shop: &mut Shop, id: &str, param: &str) -> Read<String> {
    if let Some(card) = card::by_method(id) {
        let kind = card_of(card, 12, 2060);
        return Ok(add(shop, NewMethod { kind, email: None, name: None, allow_redisplay: "unspecified".into() }));
    }
    shop.methods.of_param(id, param).map(|method| method.id.clone())
}

/// Refuses a method that is not the customer's.
pub fn check_owner(shop: &Shop, method: &str, customer: Option<&str>) -> Read<()> {
    let method = shop.methods.of_path(method)?;
    let message = match (method.customer.as_deref(), customer) {
        (None, _) if method.spent => {
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared \
             with a connected account without Customer attachment, or was detached from a Customer. It may not be used \
             again. To use a PaymentMethod multiple times, you must attach it to a Customer first."
                .to_owned()
        }
        (Some(owner), None) => format!(
            "The PaymentMethod {} belongs to the Customer {owner}. Please include the Customer in the `customer` \
             parameter.",
            method.id
        ),
        (Some(owner), Some(customer)) if owner != customer => {
            format!("The PaymentMethod {} does not belong to the Customer {customer}.", method.id)
        }
        _ => return Ok(()),
    };
    Err(StripeError { kept: true, ..StripeError::invalid("payment_method", message) })
}

/// Attaches, and says so.
pub fn attach_to(shop: &mut Shop, method: &str, customer: &str) -> Read<()> {
    let held = shop.methods.known(method)?;
    if held.customer.as_deref() == Some(customer) {
        return Ok(());
    }
    held.customer = Some(customer.to_owned());
    let json = render::method(held);
    shop.emit("payment_method.attached", json);
    Ok(())
}

/// `GET /v1/payment_methods/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    shop.methods.of_path(id).map(render::method)
}

/// `POST /v1/payment_methods/{id}`
pub fn update(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let metadata = params.metadata()?;
    let allow_redisplay = params.choice("allow_redisplay", &["always", "limited", "unspecified"])?;
    params.finish()?;
    let method = shop.methods.known(id)?;
    merge(&mut method.metadata, metadata);
    if let Some(allow_redisplay) = allow_redisplay {
        method.allow_redisplay = allow_redisplay;
    }
    let json = render::method(method);
    shop.emit("payment_method.updated", json.clone());
    Ok(json)
}

/// `POST /v1/payment_methods/{id}/attach`
pub fn attach(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let customer = params.required("customer")?;
    params.finish()?;
    shop.customers.of_param(&customer, "customer")?;
    let id = if card::by_method(id).is_some() { resolve(shop, id, "payment_method")? } else { id.to_owned() };
    let method = shop.methods.of_path(&id)?;
    if method.customer.as_ref().is_some_and(|owner| *owner != customer) {
        let message = "The payment method you provided has already been attached to a customer.";
        return Err(StripeError::state("payment_method_already_attached", message));
    }
    check_owner(shop, &id, Some(&customer))?;
    if let MethodKind::Card(Card { charging: card::Charging::Declines(decline), .. }) = &method.kind {
        return Err(super::charging::decline_error(*decline));
    }
    attach_to(shop, &id, &customer)?;
    shop.methods.of_path(&id).map(render::method)
}

/// `POST /v1/payment_methods/{id}/detach`
pub fn detach(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    detach_from(shop, id)
}

/// Detaches, and says so; the customer's default is gone with it.
pub fn detach_from(shop: &mut Shop, id: &str) -> Read<Value> {
    let method = shop.methods.of_path(id)?;
    let Some(customer) = method.customer.clone() else {
        let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(StripeError { kept: true, ..StripeError::invalid("payment_method", message) });
    };
    if let Some(customer) = shop.customers.get_mut(&customer)
        && customer.default_payment_method.as_deref() == Some(id)
    {
        customer.default_payment_method = None;
    }
    let method = shop.methods.known(id)?;
    method.customer = None;
    method.spent = true;
    let json = render::method(method);
    shop.emit_change("payment_method.detached", json.clone(), Some(json!({ "customer": customer })));
    Ok(json)
}

/// `GET /v1/customers/{customer}/payment_methods`, and `GET /v1/payment_methods?customer=`
pub fn of_customer(shop: &mut Shop, customer: Option<&str>, url: &str, mut params: Params) -> Read<Value> {
    let customer = match customer {
        Some(customer) => Some(shop.customers.of_path(customer)?.id.clone()),
        None => params.text("customer")?,
    };
    let kind = params.text("type")?;
    let allow_redisplay = params.choice("allow_redisplay", &["always", "limited", "unspecified"])?;
    let page = list::Page::of(&mut params)?;
    params.finish()?;
    if let Some(customer) = &customer {
        shop.customers.of_param(customer, "customer")?;
    }
    let fits = |method: &&PaymentMethod| {
        method.customer.is_some()
            && method.customer == customer
            && kind.as_ref().is_none_or(|kind| render::kind(&method.kind) == kind)
            && allow_redisplay.as_ref().is_none_or(|allow| *allow == method.allow_redisplay)
    };
    page.list(url, shop.methods.newest().filter(fits), render::method)
}

/// The network replaced a card: other digits, another expiry.
pub fn replaced_by_network(shop: &mut Shop, id: &str, last4: &str, month: i64, year: i64) -> Read<Value> {
    let method = shop.methods.known(id)?;
    let before = render::method(method);
    let MethodKind::Card(card) = &mut method.kind else {
        return Err(StripeError::invalid("id", "Only cards are replaced by their network."));
    };
    card.last4 = last4.to_owned();
    card.exp_month = month;
    card.exp_year = year;
    let json = render::method(method);
    let previous = json!({ "card": {
        "exp_month": before["card"]["exp_month"], "exp_year": before["card"]["exp_year"],
        "last4": before["card"]["last4"],
    } });
    shop.emit_change("payment_method.automatically_updated", json.clone(), Some(previous));
    Ok(json)
}
