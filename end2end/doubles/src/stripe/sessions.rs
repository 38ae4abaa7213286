//! Checkout Sessions: made, looked up, expired. What happens on their page is in [`super::checkout`].

use serde_json::{Map, Value, json};

use super::currency::{check_amount, check_code, currency};
use super::error::StripeError;
use super::intents::{self, descriptor};
use super::list::{Created, Page};
use super::model::{LineItem, Session, SetupIntent};
use super::params::{Params, Read, merge};
use super::render;
use super::shop::Shop;

const HALF_AN_HOUR: i64 = 30 * 60;
const DAY: i64 = 24 * 60 * 60;
const LOCALES: [&str; 42] = [
    "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu",
    "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv",
    "th", "tr", "vi", "zh", "zh-HK", "zh-TW", "zh-Hant",
];
const METHOD_TYPES: [&str; 8] =
    ["card", "link", "us_bank_account", "sepa_debit", "paypal", "klarna", "alipay", "customer_balance"];

/// What the lines cost.
#[derive(Clone, Copy, Debug)]
pub struct Subtotal {
    /// In minor units.
    pub amount: i64,
    /// Whether tax is inside.
    pub tax_inclusive: bool,
}

/// What the lines cost, before tax that is added.
pub fn subtotal(session: &Session) -> Subtotal {
    Subtotal {
        amount: session.line_items.iter().map(|item| item.unit_amount * item.quantity).sum(),
        tax_inclusive: session.line_items.iter().any(|item| item.tax_inclusive),
    }
}

/// 20 % of an amount, rounded half up; or what of an amount is 20 % tax.
pub fn tax(subtotal: Subtotal) -> i64 {
    if subtotal.tax_inclusive { (subtotal.amount * 2 + 6) / 12 } else { (subtotal.amount * 2 + 5) / 10 }
}

/// `POST /v1/checkout/sessions`
pub fn create(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let mode = params.required("mode")?;
    if !matches!(mode.as_str(), "payment" | "setup") {
        let message = format!("Invalid mode: must be one of payment, setup; this stand-in has no {mode}");
        return Err(StripeError::invalid("mode", message));
    }
    let mut session = Session {
        id: shop.id("cs_test"),
        created: shop.now,
        status: "open",
        payment_status: if mode == "payment" { "unpaid" } else { "no_payment_required" },
        success_url: params.required("success_url")?,
        cancel_url: params.text("cancel_url")?,
        client_reference_id: params.text("client_reference_id")?,
        mode,
        ..Session::default()
    };
    merge(&mut session.metadata, params.metadata()?);
    read_urls(&session)?;
    read_expiry(shop, &mut session, &mut params)?;
    read_customer(shop, &mut session, &mut params)?;
    read_appearance(&mut session, &mut params)?;
    read_lines(shop, &mut session, &mut params)?;
    read_intent(&mut session, &mut params)?;
    params.finish()?;
    if session.mode == "setup" {
        let id = shop.id("seti");
        shop.setups.add(SetupIntent {
            client_secret: shop.client_secret(&id),
            id: id.clone(),
            created: shop.now,
            status: "requires_payment_method",
            customer: session.customer.clone(),
            description: session.intent_description.clone(),
            metadata: session.intent_metadata.clone(),
            payment_method_types: render::method_types(&session),
            usage: "off_session".into(),
            session: Some(session.id.clone()),
            ..SetupIntent::default()
        });
        session.setup_intent = Some(id);
    }
    let json = render::session(shop, &session);
    shop.sessions.add(session);
    Ok(json)
}

fn read_urls(session: &Session) -> Read<()> {
    let urls = [("success_url", Some(&session.success_url)), ("cancel_url", session.cancel_url.as_ref())];
    for (name, url) in urls {
        if url.is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            let message = "Not a valid URL: an explicit scheme (such as https) must be provided.";
            return Err(StripeError::invalid(name, message).code("url_invalid"));
        }
    }
    if session.client_reference_id.as_ref().is_some_and(|text| text.chars().count() > 200) {
        return Err(StripeError::invalid("client_reference_id", "Must be at most 200 characters."));
    }
    Ok(())
}

fn read_expiry(shop: &Shop, session: &mut Session, params: &mut Params) -> Read<()> {
    session.expires_at = params.int("expires_at")?.unwrap_or(shop.now + DAY);
    // A few seconds are given for the way that the request took.
    let after = session.expires_at - shop.now;
    if after < HALF_AN_HOUR - 60 {
        let message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.";
        return Err(StripeError::invalid("expires_at", message));
    }
    if after > DAY + 60 {
        let message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.";
        return Err(StripeError::invalid("expires_at", message));
    }
    Ok(())
}

fn read_customer(shop: &Shop, session: &mut Session, params: &mut Params) -> Read<()> {
    session.customer = params.text("customer")?;
    session.customer_email = params.text("customer_email")?;
    session.customer_creation = params.choice("customer_creation", &["always", "if_required"])?;
    if let Some(mut update) = params.object("customer_update")? {
        for name in ["address", "name", "shipping"] {
            update.choice(name, &["auto", "never"])?;
        }
        update.finish()?;
        if session.customer.is_none() {
            let message = "`customer_update` can only be used with `customer`.";
            return Err(StripeError::invalid("customer_update", message));
        }
    }
    if let Some(customer) = &session.customer {
        let held = shop.customers.of_param(customer, "customer")?;
        if held.deleted {
            return Err(StripeError::no_such(400, "customer", customer, "customer"));
        }
        if session.customer_email.is_some() || session.customer_creation.is_some() {
            let message = "You may only specify one of these parameters: customer, customer_email, customer_creation.";
            return Err(StripeError::invalid("customer_email", message));
        }
    } else if session.mode == "payment" && session.customer_creation.is_none() {
        session.customer_creation = Some("if_required".into());
    }
    Ok(())
}

/// What changes only how the page looks is checked and given back.
fn read_appearance(session: &mut Session, params: &mut Params) -> Read<()> {
    session.locale = params.choice("locale", &LOCALES)?;
    session.submit_type = params.choice("submit_type", &["auto", "book", "donate", "pay", "subscribe"])?;
    session.billing_address_collection = params.choice("billing_address_collection", &["auto", "required"])?;
    params.choice("ui_mode", &["hosted_page"])?;
    if let Some(types) = params.texts("allowed_payment_method_types")? {
        if let Some(unknown) = types.iter().find(|name| !METHOD_TYPES.contains(&name.as_str())) {
            return Err(StripeError::invalid(
                "allowed_payment_method_types",
                format!("Invalid allowed_payment_method_types: {unknown}"),
            ));
        }
        session.echoed.insert("allowed_payment_method_types".into(), json!(types));
        session.payment_method_types = types;
    }
    intents::read_method_options(params)?;
    if let Some(mut data) = params.object("payment_method_data")? {
        session.allow_redisplay = data.choice("allow_redisplay", &["always", "limited", "unspecified"])?;
        data.finish()?;
    }
    if let Some(mut consent) = params.object("consent_collection")? {
        let terms = consent.choice("terms_of_service", &["none", "required"])?;
        let promotions = consent.choice("promotions", &["auto", "none"])?;
        let mut agreement = Value::Null;
        if let Some(mut reuse) = consent.object("payment_method_reuse_agreement")? {
            agreement = json!({ "position": reuse.choice("position", &["auto", "hidden"])? });
            reuse.finish()?;
        }
        consent.finish()?;
        session.terms_required = terms.as_deref() == Some("required");
        let json = json!({
            "payment_method_reuse_agreement": agreement, "promotions": promotions, "terms_of_service": terms,
        });
        session.echoed.insert("consent_collection".into(), json);
    }
    if let Some(mut saved) = params.object("saved_payment_method_options")? {
        let filters = saved.texts("allow_redisplay_filters")?;
        let remove = saved.choice("payment_method_remove", &["disabled", "enabled"])?;
        let save = saved.choice("payment_method_save", &["disabled", "enabled"])?;
        saved.finish()?;
        let json = json!({
            "allow_redisplay_filters": filters, "payment_method_remove": remove, "payment_method_save": save,
        });
        session.echoed.insert("saved_payment_method_options".into(), json);
    }
    if let Some(mut text) = params.object("custom_text")? {
        let mut json = Map::new();
        for name in ["after_submit", "shipping_address", "submit", "terms_of_service_acceptance"] {
            let message = match text.object(name)? {
                None => Value::Null,
                Some(mut inner) => {
                    let message = inner.required("message")?;
                    inner.finish()?;
                    json!({ "message": message })
                }
            };
            json.insert(name.into(), message);
        }
        text.finish()?;
        session.echoed.insert("custom_text".into(), Value::Object(json));
    }
    Ok(())
}

fn read_lines(shop: &Shop, session: &mut Session, params: &mut Params) -> Read<()> {
    if let Some(mut tax) = params.object("automatic_tax")? {
        session.automatic_tax = tax.flag("enabled")?.ok_or_else(|| StripeError::missing("automatic_tax[enabled]"))?;
        tax.finish()?;
    }
    let code = params.text("currency")?.map(|code| check_code("currency", &code)).transpose()?;
    let lines = params.objects("line_items")?;
    if session.mode == "setup" {
        session.currency = code;
        if !lines.is_empty() {
            return Err(StripeError::invalid("line_items", "You can not pass `line_items` in `setup` mode."));
        }
        return Ok(());
    }
    if lines.is_empty() {
        return Err(StripeError::missing("line_items"));
    }
    session.currency = code;
    for line in lines {
        let item = read_line(shop, &mut session.currency, line)?;
        session.line_items.push(item);
    }
    let currency_of = session.currency.clone().unwrap_or_default();
    let total = subtotal(session).amount;
    check_amount("line_items", total, &currency_of).map_err(|error| match error.code.as_deref() {
        Some("amount_too_small") => {
            let minimum = currency(&currency_of).map_or(0, |currency| currency.minimum);
            let message = format!(
                "The Checkout Session's total amount due must add up to at least {}",
                super::currency::shown(minimum, &currency_of)
            );
            // Stripe names no param here.
            StripeError { message, param: None, ..error }
        }
        _ => error,
    })
}

fn read_line(shop: &Shop, currency: &mut Option<String>, mut line: Params) -> Read<LineItem> {
    let quantity_name = line.name("quantity");
    let quantity = line.int("quantity")?.ok_or_else(|| StripeError::missing(&quantity_name))?;
    if !(1..=999_999).contains(&quantity) {
        let message = "This value must be greater than or equal to 1.";
        return Err(StripeError::invalid(&quantity_name, message).code("parameter_invalid_integer"));
    }
    let price_name = line.name("price_data");
    let mut price = line
        .object("price_data")?
        .ok_or_else(|| StripeError::invalid(&price_name, "This stand-in keeps no prices: give `price_data`."))?;
    let code = check_code(&price.name("currency"), &price.required("currency")?)?;
    if currency.as_ref().is_some_and(|currency| *currency != code) {
        let message = "All line items must have the same currency.";
        return Err(StripeError::invalid(&price.name("currency"), message));
    }
    *currency = Some(code);
    let amount_name = price.name("unit_amount");
    let unit_amount = price.int("unit_amount")?.ok_or_else(|| StripeError::missing(&amount_name))?;
    if !(0..=99_999_999).contains(&unit_amount) {
        let message = "Invalid non-negative integer";
        return Err(StripeError::invalid(&amount_name, message).code("parameter_invalid_integer"));
    }
    let tax_behavior = price.choice("tax_behavior", &["exclusive", "inclusive", "unspecified"])?;
    let product_name = price.name("product_data");
    let mut product = price.object("product_data")?.ok_or_else(|| StripeError::missing(&product_name))?;
    let item = LineItem {
        id: shop.id("li"),
        name: product.required("name")?,
        description: product.text("description")?,
        unit_amount,
        quantity,
        tax_inclusive: tax_behavior.as_deref() == Some("inclusive"),
        price: shop.id("price"),
        product: shop.id("prod"),
    };
    product.text("tax_code")?;
    product.metadata()?;
    product.texts("images")?;
    product.finish()?;
    price.finish()?;
    line.finish()?;
    Ok(item)
}

/// What is handed on to the payment, or to the method being saved.
fn read_intent(session: &mut Session, params: &mut Params) -> Read<()> {
    let (payment, setup) = (params.object("payment_intent_data")?, params.object("setup_intent_data")?);
    let (allowed, refused) = if session.mode == "payment" {
        (payment, ("setup_intent_data", setup))
    } else {
        (setup, ("payment_intent_data", payment))
    };
    if refused.1.is_some() {
        let message = format!("You can not pass `{}` in `{}` mode.", refused.0, session.mode);
        return Err(StripeError::invalid(refused.0, message));
    }
    let Some(mut data) = allowed else { return Ok(()) };
    merge(&mut session.intent_metadata, data.metadata()?);
    session.intent_description = data.text("description")?;
    if session.mode == "payment" {
        session.setup_future_usage = data.choice("setup_future_usage", &["off_session", "on_session"])?;
        session.receipt_email = data.text("receipt_email")?;
        session.statement_descriptor = descriptor(&mut data, "statement_descriptor")?;
        session.statement_descriptor_suffix = descriptor(&mut data, "statement_descriptor_suffix")?;
        data.choice("capture_method", &["automatic", "automatic_async"])?;
    }
    data.finish()
}

/// `GET /v1/checkout/sessions/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    Ok(render::session(shop, shop.sessions.of_path(id)?))
}

/// `GET /v1/checkout/sessions/{id}/line_items`
pub fn lines(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    Page::of(&mut params)?;
    params.finish()?;
    let data = render::line_items(shop.sessions.of_path(id)?);
    let url = format!("/v1/checkout/sessions/{id}/line_items");
    Ok(json!({ "object": "list", "data": data, "has_more": false, "url": url }))
}

/// `GET /v1/checkout/sessions`
pub fn list(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let customer = params.text("customer")?;
    let intent = params.text("payment_intent")?;
    let status = params.choice("status", &["open", "complete", "expired"])?;
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits = |session: &&Session| {
        created.holds(session.created)
            && (customer.is_none() || session.customer == customer)
            && (intent.is_none() || session.payment_intent == intent)
            && status.as_ref().is_none_or(|status| status == session.status)
    };
    page.list("/v1/checkout/sessions", shop.sessions.newest().filter(fits), |session| render::session(shop, session))
}

/// `POST /v1/checkout/sessions/{id}/expire`
pub fn expire(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    let session = shop.sessions.of_path(id)?;
    if session.status != "open" {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {}.",
            session.status
        );
        return Err(StripeError { kept: true, ..StripeError::invalid("session", message) });
    }
    expire_now(shop, id)
}

/// Expires, says so, and cancels what was tried.
pub fn expire_now(shop: &mut Shop, id: &str) -> Read<Value> {
    let session = shop.sessions.known(id)?;
    session.status = "expired";
    let intent = session.payment_intent.clone();
    if let Some(intent) = intent {
        intents::cancel_now(shop, &intent, Some("expired".into()))?;
    }
    let json = render::session(shop, shop.sessions.of_path(id)?);
    shop.emit("checkout.session.expired", json.clone());
    Ok(json)
}

/// Expires what is due.
pub fn expire_due(shop: &mut Shop) {
    let is_due = |session: &&Session| session.status == "open" && session.expires_at <= shop.now;
    let due: Vec<String> = shop.sessions.newest().filter(is_due).map(|session| session.id.clone()).collect();
    for id in due.into_iter().rev() {
        // It was found a moment ago.
        let _ = expire_now(shop, &id);
    }
}
