//! The REST API: `/api/v2`, one file a noun; bodies are declared here, since outsiders depend on them.
//!
//! The OpenAPI document at `/api/openapi.json` comes from the same handlers, so it can't lag behind them.

mod add_ons;
mod amount;
mod auto_top_up;
mod balance;
mod batch;
mod body;
mod budgets;
mod caller;
mod catalog;
mod charges;
mod csv;
mod describe;
mod docs;
mod envelope;
mod events;
mod holds;
mod instant;
mod key;
mod ledger;
mod metadata;
mod metered;
pub mod middleware;
mod models;
mod page;
mod payloads;
mod payments;
pub mod price_changes;
mod proof;
mod queries;
mod redemptions;
mod reference;
mod schemas;
mod service;
mod usage;
mod webhooks;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use amount::Amount;
pub use csv::{BOM, Rows as CsvRows, harmless, response as ledger_csv, text as csv_text};
pub use payloads::ApiPayloads;

use crate::state::AppState;

/// Where the API lives; the NeuralBox source publishes its clients' calls there.
pub const BASE: &str = "/api/v2";

/// Gives the calls, whose paths follow [`BASE`] which go through [`middleware`], and the pages and files that describe
/// them.
pub fn router() -> (Router<AppState>, Router<AppState>) {
    let (calls, mut document) = calls();
    docs::complete(&mut document);
    let calls = calls.fallback(envelope::no_such_call).method_not_allowed_fallback(envelope::no_such_method);
    (calls, docs::router(&document))
}

/// The calls, and the document that describes them.
fn calls() -> (Router<AppState>, OpenApi) {
    OpenApiRouter::new()
        // The price list, and what something would cost.
        .routes(routes!(models::list))
        .routes(routes!(models::one))
        .routes(routes!(models::calculate_price))
        .routes(routes!(catalog::plans))
        .routes(routes!(catalog::packages))
        .routes(routes!(models::quote_batch))
        .routes(routes!(add_ons::list))
        .routes(routes!(metered::list))
        .routes(routes!(price_changes::list))
        // Spending.
        .routes(routes!(charges::create))
        .routes(routes!(batch::create))
        .routes(routes!(charges::one))
        .routes(routes!(charges::credit_back))
        .routes(routes!(holds::create))
        .routes(routes!(holds::one))
        .routes(routes!(holds::capture))
        .routes(routes!(holds::release))
        // The platform's own calls, with a service key.
        .routes(routes!(service::charges::create))
        .routes(routes!(service::charges::credit_back))
        .routes(routes!(service::holds::create))
        .routes(routes!(service::holds::one))
        .routes(routes!(service::holds::capture))
        .routes(routes!(service::holds::release))
        .routes(routes!(service::introspect::introspect))
        .routes(routes!(service::metered::set))
        // What is there, and how it came.
        .routes(routes!(balance::now))
        .routes(routes!(balance::at))
        .routes(routes!(ledger::list))
        .routes(routes!(proof::head))
        .routes(routes!(proof::proof))
        .routes(routes!(ledger::one))
        .routes(routes!(usage::usage))
        .routes(routes!(budgets::list, budgets::set))
        .routes(routes!(budgets::remove))
        // Hearing of what happens.
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::enable))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::delivery))
        .routes(routes!(webhooks::redeliver))
        // Buying credits.
        .routes(routes!(payments::top_up))
        .routes(routes!(redemptions::create))
        .routes(routes!(payments::list))
        .routes(routes!(payments::one))
        // Streams: their heads come at once, and then there is no time limit.
        .routes(routes!(events::events))
        .routes(routes!(csv::export))
        .split_for_parts()
}
