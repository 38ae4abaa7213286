//! Customers.

use serde_json::{Value, json};

use super::error::StripeError;
use super::list::{Created, Page};
use super::model::Customer;
use super::params::{Params, Read, merge};
use super::render;
use super::shop::Shop;

/// `POST /v1/customers`
pub fn create(shop: &mut Shop, params: Params) -> Read<Value> {
    let mut customer = Customer { id: shop.id("cus"), created: shop.now, ..Customer::default() };
    let default = change(&mut customer, params)?;
    if default.is_some_and(|method| !method.is_empty()) {
        let message = "The customer has no payment methods yet: attach one first.";
        return Err(StripeError::invalid("invoice_settings[default_payment_method]", message));
    }
    let json = render::customer(&customer);
    shop.customers.add(customer);
    shop.emit("customer.created", json.clone());
    Ok(json)
}

/// Makes one for a buyer who had none.
pub fn guest(shop: &mut Shop, email: Option<String>, name: Option<String>) -> String {
    let customer = Customer { id: shop.id("cus"), created: shop.now, email, name, ..Customer::default() };
    let (id, json) = (customer.id.clone(), render::customer(&customer));
    shop.customers.add(customer);
    shop.emit("customer.created", json);
    id
}

/// `GET /v1/customers/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    shop.customers.of_path(id).map(render::customer)
}

/// `POST /v1/customers/{id}`
pub fn update(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    let mut customer = shop.customers.of_path(id)?.clone();
    if customer.deleted {
        return Err(StripeError::no_such(404, "customer", id, "id"));
    }
    let before = render::customer(&customer);
    let default = change(&mut customer, params)?;
    match default {
        Some(method) if method.is_empty() => customer.default_payment_method = None,
        Some(method) => {
            let param = "invoice_settings[default_payment_method]";
            let owner = shop.methods.of_param(&method, param)?.customer.as_deref();
            if owner != Some(id) {
                let message = format!(
                    "The customer does not have a payment method with the ID {method}. The payment method must be \
                     attached to the customer."
                );
                return Err(StripeError::invalid(param, message).code("resource_missing"));
            }
            customer.default_payment_method = Some(method);
        }
        None => {}
    }
    let json = render::customer(&customer);
    *shop.customers.known(id)? = customer;
    let previous = changed(&before, &json);
    shop.emit_change("customer.updated", json.clone(), Some(previous));
    Ok(json)
}

/// What fields were that are another thing now.
fn changed(before: &Value, after: &Value) -> Value {
    let fields = before.as_object().into_iter().flatten();
    Value::Object(fields.filter(|(name, value)| after[*name] != **value).map(|(n, v)| (n.clone(), v.clone())).collect())
}

/// `DELETE /v1/customers/{id}`
pub fn delete(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    let customer = shop.customers.known(id)?;
    let before = render::customer(customer);
    customer.deleted = true;
    shop.emit("customer.deleted", before);
    Ok(json!({ "id": id, "object": "customer", "deleted": true }))
}

/// `GET /v1/customers`
pub fn list(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let email = params.text("email")?;
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits = |customer: &&Customer| {
        !customer.deleted
            && created.holds(customer.created)
            && email.as_ref().is_none_or(|email| customer.email.as_ref() == Some(email))
    };
    page.list("/v1/customers", shop.customers.newest().filter(fits), render::customer)
}

/// Takes the params over; returns the default method that was named.
fn change(customer: &mut Customer, mut params: Params) -> Read<Option<String>> {
    let mut set = |name: &str, field: &mut Option<String>| -> Read<()> {
        if let Some(text) = params.text(name)? {
            *field = Some(text).filter(|text| !text.is_empty());
        }
        Ok(())
    };
    set("email", &mut customer.email)?;
    set("name", &mut customer.name)?;
    set("description", &mut customer.description)?;
    set("phone", &mut customer.phone)?;
    if customer.email.as_ref().is_some_and(|email| !email.contains('@')) {
        let message = format!("Invalid email address: {}", customer.email.as_deref().unwrap_or_default());
        return Err(StripeError::invalid("email", message).code("email_invalid"));
    }
    if let Some(exempt) = params.choice("tax_exempt", &["none", "exempt", "reverse"])? {
        customer.tax_exempt = Some(exempt);
    }
    if let Some(locales) = params.texts("preferred_locales")? {
        customer.preferred_locales = locales;
    }
    if let Some(mut address) = params.object("address")? {
        let mut fields = serde_json::Map::new();
        for name in ["city", "country", "line1", "line2", "postal_code", "state"] {
            fields.insert(name.to_owned(), address.text(name)?.into());
        }
        address.finish()?;
        customer.address = Some(Value::Object(fields));
    }
    merge(&mut customer.metadata, params.metadata()?);
    let mut default = None;
    if let Some(mut settings) = params.object("invoice_settings")? {
        default = settings.text("default_payment_method")?;
        settings.finish()?;
    }
    params.finish()?;
    Ok(default)
}
