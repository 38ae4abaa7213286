//! What the API says about itself: the OpenAPI document and `/llms.txt`.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContactBuilder, InfoBuilder, OpenApi, SecurityRequirement, ServerBuilder};

use super::{BASE, describe, reference};
use crate::state::AppState;

/// Where the document is.
pub const DOCUMENT: &str = "/api/openapi.json";

const ABOUT: &str =
    "Credits of an AI platform: what a call costs, charging it, and the ledger of everything that happened.

Authorization: Bearer <key>. Amounts in credits are exact JSON numbers with at most six decimals. Every write takes an
Idempotency-Key header: the same key and body answer again what they answered first. Errors have one envelope:
{\"error\": {\"code\", \"message\", \"detail\", \"request_id\"}}.

Calls under /service are the platform's own and take a service key, which staff make (scrip service-key create). They spend
on behalf of a customer's API key (on_behalf_of), or from the wallet of an account, project and environment. What a service
key made, only service keys and staff capture, release and pay back.";

/// Adds what handlers don't say: title, address, authorization.
pub fn complete(document: &mut OpenApi) {
    document.info = InfoBuilder::new()
        .title("Scrip")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .contact(Some(ContactBuilder::new().name(Some("Scrip")).build()))
        .build();
    document.servers = Some(vec![ServerBuilder::new().url(BASE).build()]);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key.")).build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let text = "A service key, <prefix>_service_…: the platform's own, for the calls under /service.";
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build();
    components.add_security_scheme("service_key", SecurityScheme::Http(bearer));
    document.security = Some(vec![SecurityRequirement::new("key", Vec::<String>::new())]);
}

/// Serves the document, and its list for language models.
pub fn router(document: &OpenApi) -> Router<AppState> {
    let list: Arc<str> = list(document).into();
    let document = describe::complete(document);
    let reference: Arc<str> = reference::page(&document).into();
    let reference = get(move || async move { reference::response(&reference) });
    let json: Arc<str> = document.to_string().into();
    let json =
        get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json.to_string()).into_response() });
    let list = get(move || async move { ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], list.to_string()) });
    Router::new()
        .route(DOCUMENT, json)
        .route("/openapi.json", get(|| async { axum::response::Redirect::permanent(DOCUMENT) }))
        .route("/docs/api", reference)
        .route("/llms.txt", list)
}

fn list(document: &OpenApi) -> String {
    let mut text = format!(
        "# Scrip\n\n> {}\n\n## REST API at {BASE}\n\nThe whole description: {DOCUMENT}\n\n",
        ABOUT.replace('\n', " ")
    );
    for (path, item) in &document.paths.paths {
        for (method, operation) in
            [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)]
        {
            if let Some(operation) = operation {
                let summary = operation.summary.as_deref().unwrap_or_default();
                let _ = writeln!(text, "- `{method} {BASE}{path}`: {summary}");
            }
        }
    }
    text
}
