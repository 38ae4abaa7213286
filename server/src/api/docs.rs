//! What the API says about itself: the OpenAPI document and `/llms.txt`.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{MethodRouter, get};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContactBuilder, InfoBuilder, OpenApi, SecurityRequirement, ServerBuilder};

use super::{BASE, describe, reference};
use crate::http::precompressed::Precompressed;
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
key made, only service keys and staff capture, release and pay back. So is POST /metered/{item}, which sets a gauge: what a
customer has of a metered item, and since when.";

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
    let text = "A service key, <prefix>_service_…: the platform's own, for the calls under /service and for gauges.";
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build();
    components.add_security_scheme("service_key", SecurityScheme::Http(bearer));
    document.security = Some(vec![SecurityRequirement::new("key", Vec::<String>::new())]);
}

/// Serves the document, its page, and its list for language models: each is made once, and compressed once.
pub fn router(document: &OpenApi) -> Router<AppState> {
    let list = served("text/plain; charset=utf-8", list(document));
    let document = describe::complete(document);
    let json = served("application/json", document.to_string());
    let page = Arc::new(Precompressed::new("text/html; charset=utf-8", reference::page(&document)));
    let page = get(move |headers: HeaderMap| async move {
        ([(header::CONTENT_SECURITY_POLICY, crate::http::html_page::POLICY)], page.response(&headers).await)
    });
    Router::new()
        .route(DOCUMENT, json)
        .route("/openapi.json", get(|| async { axum::response::Redirect::permanent(DOCUMENT) }))
        .route("/docs/api", page)
        .route("/llms.txt", list)
}

fn served(kind: &'static str, text: String) -> MethodRouter<AppState> {
    let text = Arc::new(Precompressed::new(kind, text));
    get(move |headers: HeaderMap| async move { text.response(&headers).await })
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
