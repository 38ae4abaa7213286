//! Webhook endpoints and the list of events.

use serde_json::{Value, json};

use super::error::StripeError;
use super::list::{Created, Page};
use super::model::{Endpoint, Event};
use super::params::{Params, Read, merge};
use super::render;
use super::shop::Shop;

/// An account has at most so many in test mode.
const ENDPOINTS_MAX: usize = 16;

/// Whether an endpoint wants events of a kind.
pub fn wants(endpoint: &Endpoint, kind: &str) -> bool {
    endpoint.status == "enabled" && endpoint.enabled_events.iter().any(|enabled| enabled == "*" || enabled == kind)
}

fn check_url(url: &str) -> Read<()> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    Err(StripeError::invalid("url", "Invalid URL: An explicit scheme (such as https) must be provided.")
        .code("url_invalid"))
}

fn check_events(events: &[String]) -> Read<()> {
    let is_kind = |kind: &str| kind == "*" || (kind.contains('.') && !kind.contains('*'));
    match events.iter().find(|kind| !is_kind(kind)) {
        None if !events.is_empty() => Ok(()),
        None => Err(StripeError::missing("enabled_events")),
        Some(kind) => Err(StripeError::invalid("enabled_events", format!("Invalid enabled_events: {kind}"))),
    }
}

/// `POST /v1/webhook_endpoints`: the only answer that tells the secret.
pub fn create(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let url = params.required("url")?;
    let enabled_events = params.texts("enabled_events")?.ok_or_else(|| StripeError::missing("enabled_events"))?;
    let api_version = params.text("api_version")?;
    let description = params.text("description")?;
    params.flag("connect")?;
    let mut endpoint = Endpoint {
        id: shop.id("we"),
        created: shop.now,
        url,
        secret: shop.id("whsec"),
        enabled_events,
        status: "enabled",
        description,
        api_version,
        metadata: std::collections::BTreeMap::new(),
    };
    merge(&mut endpoint.metadata, params.metadata()?);
    params.finish()?;
    check_url(&endpoint.url)?;
    check_events(&endpoint.enabled_events)?;
    if shop.endpoints.newest().count() >= ENDPOINTS_MAX {
        let message = format!("You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints.");
        return Err(StripeError::invalid("url", message));
    }
    let json = render::endpoint(&endpoint, Some(&endpoint.secret));
    shop.endpoints.add(endpoint);
    Ok(json)
}

/// `GET /v1/webhook_endpoints/{id}`
pub fn retrieve(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    Ok(render::endpoint(shop.endpoints.of_path(id)?, None))
}

/// `POST /v1/webhook_endpoints/{id}`
pub fn update(shop: &mut Shop, id: &str, mut params: Params) -> Read<Value> {
    let mut endpoint = shop.endpoints.of_path(id)?.clone();
    if let Some(url) = params.text("url")? {
        check_url(&url)?;
        endpoint.url = url;
    }
    if let Some(events) = params.texts("enabled_events")? {
        check_events(&events)?;
        endpoint.enabled_events = events;
    }
    if let Some(description) = params.text("description")? {
        endpoint.description = Some(description);
    }
    if let Some(disabled) = params.flag("disabled")? {
        endpoint.status = if disabled { "disabled" } else { "enabled" };
    }
    merge(&mut endpoint.metadata, params.metadata()?);
    params.finish()?;
    let json = render::endpoint(&endpoint, None);
    *shop.endpoints.known(id)? = endpoint;
    Ok(json)
}

/// `DELETE /v1/webhook_endpoints/{id}`
pub fn delete(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    shop.endpoints.of_path(id)?;
    shop.endpoints.remove(id);
    Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true }))
}

/// `GET /v1/webhook_endpoints`
pub fn list(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let page = Page::of(&mut params)?;
    params.finish()?;
    page.list("/v1/webhook_endpoints", shop.endpoints.newest(), |endpoint| render::endpoint(endpoint, None))
}

/// `GET /v1/events/{id}`
pub fn event(shop: &mut Shop, id: &str, params: Params) -> Read<Value> {
    params.finish()?;
    Ok(render::event(shop.events.of_path(id)?, 0))
}

/// `GET /v1/events`
pub fn events(shop: &mut Shop, mut params: Params) -> Read<Value> {
    let kind = params.text("type")?;
    let kinds = params.texts("types")?;
    let created = Created::of(&mut params)?;
    let page = Page::of(&mut params)?;
    params.finish()?;
    let fits = |event: &&Event| {
        created.holds(event.created)
            && kind.as_ref().is_none_or(|kind| match kind.strip_suffix('*') {
                Some(prefix) => event.kind.starts_with(prefix),
                None => event.kind == *kind,
            })
            && kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
    };
    page.list("/v1/events", shop.events.newest().filter(fits), |event| render::event(event, 0))
}
