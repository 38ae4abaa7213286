//! The API's calls, one line each.

use serde_json::{Value, json};

use super::error::StripeError;
use super::list::{Created, Page};
use super::model::Charge;
use super::params::{Params, Read};
use super::shop::Shop;
use super::{customers, disputes, endpoints, intents, methods, refunds, render, sessions, setups};

/// Does a call. `path` has no `/v1/` at its beginning.
pub fn call(shop: &mut Shop, method: &str, path: &str, params: Params) -> Read<Value> {
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("POST", ["customers"]) => customers::create(shop, params),
        ("GET", ["customers"]) => customers::list(shop, params),
        ("GET", ["customers", id]) => customers::retrieve(shop, id, params),
        ("POST", ["customers", id]) => customers::update(shop, id, params),
        ("DELETE", ["customers", id]) => customers::delete(shop, id, params),
        ("GET", ["customers", id, "payment_methods"]) => {
            methods::of_customer(shop, Some(id), &format!("/v1/customers/{id}/payment_methods"), params)
        }
        ("GET", ["customers", id, "payment_methods", method]) => {
            if shop.methods.of_path(method)?.customer.as_deref() != Some(id) {
                return Err(StripeError::no_such(404, "PaymentMethod", method, "id"));
            }
            methods::retrieve(shop, method, params)
        }

        ("GET", ["payment_methods"]) => methods::of_customer(shop, None, "/v1/payment_methods", params),
        ("GET", ["payment_methods", id]) => methods::retrieve(shop, id, params),
        ("POST", ["payment_methods", id]) => methods::update(shop, id, params),
        ("POST", ["payment_methods", id, "attach"]) => methods::attach(shop, id, params),
        ("POST", ["payment_methods", id, "detach"]) => methods::detach(shop, id, params),

        ("POST", ["setup_intents"]) => setups::create(shop, params),
        ("GET", ["setup_intents"]) => setups::list(shop, params),
        ("GET", ["setup_intents", id]) => setups::retrieve(shop, id, params),
        ("POST", ["setup_intents", id, "confirm"]) => setups::confirm(shop, id, params),
        ("POST", ["setup_intents", id, "cancel"]) => setups::cancel(shop, id, params),

        ("POST", ["checkout", "sessions"]) => sessions::create(shop, params),
        ("GET", ["checkout", "sessions"]) => sessions::list(shop, params),
        ("GET", ["checkout", "sessions", id]) => sessions::retrieve(shop, id, params),
        ("GET", ["checkout", "sessions", id, "line_items"]) => sessions::lines(shop, id, params),
        ("POST", ["checkout", "sessions", id, "expire"]) => sessions::expire(shop, id, params),

        ("POST", ["payment_intents"]) => intents::create(shop, params),
        ("GET", ["payment_intents"]) => intents::list(shop, params),
        ("GET", ["payment_intents", id]) => intents::retrieve(shop, id, params),
        ("POST", ["payment_intents", id]) => intents::update(shop, id, params),
        ("POST", ["payment_intents", id, "confirm"]) => intents::confirm(shop, id, params),
        ("POST", ["payment_intents", id, "cancel"]) => intents::cancel(shop, id, params),

        ("GET", ["charges"]) => charges(shop, params),
        ("GET", ["charges", id]) => charge(shop, id, params),

        ("POST", ["refunds"]) => refunds::create(shop, params),
        ("GET", ["refunds"]) => refunds::list(shop, params),
        ("GET", ["refunds", id]) => refunds::retrieve(shop, id, params),
        ("POST", ["refunds", id]) => refunds::update(shop, id, params),

        ("GET", ["disputes"]) => disputes::list(shop, params),
        ("GET", ["disputes", id]) => disputes::retrieve(shop, id, params),

        ("POST", ["webhook_endpoints"]) => endpoints::create(shop, params),
        ("GET", ["webhook_endpoints"]) => endpoints::list(shop, params),
        ("GET", ["webhook_endpoints", id]) => endpoints::retrieve(shop, id, params),
        ("POST", ["webhook_endpoints", id]) => endpoints::update(shop, id, params),
        ("DELETE", ["webhook_endpoints", id]) => endpoints::delete(shop, id, params),

        ("GET", ["events"]) => endpoints::events(shop, params),
        ("GET", ["events", id]) => endpoints::event(shop, id, params),

        ("GET", ["account"]) => params.finish().map(|()| render::account()),
        ("GET", ["balance"]) => balance(shop, params),
        ("GET", ["balance_transactions", id]) => {
            params.finish()?;
            render::balance_transaction(shop, id)
                .ok_or_else(|| StripeError::no_such(404, "balance transaction", id, "id"))
        }
        _ => Err(StripeError::no_route(method, &format!("/v1/{path}"))),
    }
}

fn charge(shop: &Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    Ok(render::charge(shop, shop.charges.of_path(id)?))
}

fn charges(shop: &Shop, mut params: Params) -> Read<Value> {
    let customer = params.text("customer")?;
    let intent = params.text("payment_intent")?;
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits = |charge: &&Charge| {
        created.holds(charge.created)
            && (customer.is_none() || charge.customer == customer)
            && intent.as_ref().is_none_or(|intent| *intent == charge.payment_intent)
    };
    page.list("/v1/charges", shop.charges.newest().filter(fits), |charge| render::charge(shop, charge))
}

/// Charges less refunds, by currency.
fn balance(shop: &Shop, params: Params) -> Read<Value> {
    params.finish()?;
    let mut amounts = std::collections::BTreeMap::<&str, i64>::new();
    for charge in shop.charges.newest().filter(|charge| charge.status == "succeeded") {
        *amounts.entry(&charge.currency).or_default() += charge.amount - charge.amount_refunded;
    }
    let money = |(currency, amount): (&&str, &i64)| {
        json!({
            "amount": amount, "currency": currency, "source_types": { "card": amount },
        })
    };
    let mut pending: Vec<Value> = amounts.iter().map(money).collect();
    let nothing = json!({ "amount": 0, "currency": "usd", "source_types": { "card": 0 } });
    if pending.is_empty() {
        pending.push(nothing.clone());
    }
    Ok(json!({ "object": "balance", "available": [nothing], "livemode": false, "pending": pending }))
}
