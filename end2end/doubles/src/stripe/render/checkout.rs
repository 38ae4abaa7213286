//! Checkout Sessions and methods being saved as Stripe's JSON.

use serde_json::{Value, json};

use super::{no_address, with_nulls};
use crate::stripe::model::{LineItem, Session, SetupIntent};
use crate::stripe::sessions::subtotal;
use crate::stripe::shop::Shop;

/// Fields of a hosted page that nothing here sets.
const NOT_SET: [&str; 18] = [
    "after_expiration",
    "allow_promotion_codes",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "invoice",
    "invoice_creation",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "saved_payment_method_options",
    "shipping_address_collection",
    "shipping_cost",
    "subscription",
    "wallet_options",
];

/// A hosted page.
pub fn session(shop: &Shop, session: &Session) -> Value {
    let is_payment = session.mode == "payment";
    let subtotal = subtotal(session);
    let json = json!({
        "id": session.id,
        "object": "checkout.session",
        "adaptive_pricing": is_payment.then(|| json!({ "enabled": false })),
        "amount_subtotal": is_payment.then_some(subtotal.amount),
        "amount_total": is_payment.then_some(subtotal.amount + added_tax(session)),
        "automatic_tax": automatic_tax(session),
        "billing_address_collection": session.billing_address_collection,
        "branding_settings": {
            "background_color": "#ffffff", "border_style": "rounded", "button_color": "#0074d4",
            "display_name": "Scrip", "font_family": "default", "icon": null, "logo": null,
        },
        "cancel_url": session.cancel_url,
        "client_reference_id": session.client_reference_id,
        "created": session.created,
        "currency": session.currency,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null,
        },
        "customer": session.customer,
        "customer_creation": session.customer_creation,
        "customer_details": customer_details(shop, session),
        "customer_email": session.customer_email,
        "discounts": is_payment.then(|| json!([])),
        "expires_at": session.expires_at,
        "livemode": false,
        "locale": session.locale,
        "metadata": session.metadata,
        "mode": session.mode,
        "payment_intent": session.payment_intent,
        "payment_method_collection": is_payment.then_some("if_required"),
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } },
        "payment_method_types": method_types(session),
        "payment_status": session.payment_status,
        "phone_number_collection": { "enabled": false },
        "setup_intent": session.setup_intent,
        "shipping_options": [],
        "status": session.status,
        "submit_type": session.submit_type,
        "success_url": session.success_url,
        "total_details": is_payment.then(|| json!({
            "amount_discount": 0, "amount_shipping": 0, "amount_tax": session.amount_tax,
        })),
        "ui_mode": "hosted_page",
        "url": (session.status == "open").then(|| format!("{}/stripe/checkout/{}", shop.base_url, session.id)),
    });
    let mut json = with_nulls(json, &NOT_SET);
    for (name, value) in &session.echoed {
        json[name] = value.clone();
    }
    if session.terms_required && session.status == "complete" {
        json["consent"] = json!({ "promotions": null, "terms_of_service": "accepted" });
    }
    json
}

/// Tax that is not inside the prices.
fn added_tax(session: &Session) -> i64 {
    if subtotal(session).tax_inclusive { 0 } else { session.amount_tax }
}

fn automatic_tax(session: &Session) -> Value {
    if !session.automatic_tax {
        return json!({ "enabled": false, "liability": null, "provider": null, "status": null });
    }
    let status = if session.buyer.is_some() { "complete" } else { "requires_location_inputs" };
    json!({ "enabled": true, "liability": { "type": "self" }, "provider": "stripe", "status": status })
}

/// The kinds of methods on the page.
pub fn method_types(session: &Session) -> Vec<String> {
    if session.payment_method_types.is_empty() { vec!["card".into()] } else { session.payment_method_types.clone() }
}

fn customer_details(shop: &Shop, session: &Session) -> Value {
    let customer = session.customer.as_ref().and_then(|id| shop.customers.get(id));
    let buyer = session.buyer.as_ref();
    let email = buyer
        .and_then(|buyer| buyer.email.clone())
        .or_else(|| customer.and_then(|customer| customer.email.clone()))
        .or_else(|| session.customer_email.clone());
    if buyer.is_none() && email.is_none() {
        return Value::Null;
    }
    let mut address = no_address();
    if buyer.is_some() {
        address["country"] = json!("US");
    }
    json!({
        "address": if buyer.is_some() { address } else { Value::Null },
        "business_name": null,
        "email": email,
        "individual_name": null,
        "name": buyer.and_then(|buyer| buyer.name.clone()),
        "phone": null,
        "tax_exempt": if buyer.is_some() { json!("none") } else { Value::Null },
        "tax_ids": if buyer.is_some() { json!([]) } else { Value::Null },
    })
}

/// What is bought.
pub fn line_items(session: &Session) -> Vec<Value> {
    let currency = session.currency.as_deref().unwrap_or("usd");
    session.line_items.iter().map(|item| line_item(session, item, currency)).collect()
}

fn line_item(session: &Session, item: &LineItem, currency: &str) -> Value {
    let subtotal = item.unit_amount * item.quantity;
    let is_first = session.line_items.first().is_some_and(|first| first.id == item.id);
    let tax = if is_first { session.amount_tax } else { 0 };
    json!({
        "id": item.id,
        "object": "item",
        "adjustable_quantity": null,
        "amount_discount": 0,
        "amount_subtotal": subtotal,
        "amount_tax": tax,
        "amount_total": subtotal + if item.tax_inclusive { 0 } else { tax },
        "currency": currency,
        "description": item.name,
        "metadata": {},
        "price": {
            "id": item.price,
            "object": "price",
            "active": false,
            "billing_scheme": "per_unit",
            "created": session.created,
            "currency": currency,
            "custom_unit_amount": null,
            "livemode": false,
            "lookup_key": null,
            "metadata": {},
            "nickname": null,
            "product": item.product,
            "recurring": null,
            "tax_behavior": if item.tax_inclusive { "inclusive" } else { "exclusive" },
            "tiers_mode": null,
            "transform_quantity": null,
            "type": "one_time",
            "unit_amount": item.unit_amount,
            "unit_amount_decimal": item.unit_amount.to_string(),
        },
        "quantity": item.quantity,
    })
}

/// A method being saved.
pub fn setup_intent(setup: &SetupIntent) -> Value {
    json!({
        "id": setup.id,
        "object": "setup_intent",
        "application": null,
        "automatic_payment_methods": null,
        "cancellation_reason": null,
        "client_secret": setup.client_secret,
        "created": setup.created,
        "customer": setup.customer,
        "description": setup.description,
        "flow_directions": null,
        "last_setup_error": setup.last_setup_error,
        "latest_attempt": null,
        "livemode": false,
        "mandate": null,
        "metadata": setup.metadata,
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": setup.payment_method,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": { "mandate_options": null, "network": null, "request_three_d_secure": "automatic" },
        },
        "payment_method_types": setup.payment_method_types,
        "single_use_mandate": null,
        "status": setup.status,
        "usage": setup.usage,
    })
}
