//! The web server, the REST API, the jobs and the operator's commands.
//!
//! [`build`] is the table of contents: who comes in where, and through which layers.

#![warn(clippy::disallowed_methods)]

pub mod api;
pub mod assets;
pub mod auth;
pub mod browser_errors;
pub mod checkpoints;
pub mod cli;
pub mod client_ip;
pub mod config;
pub mod connections;
pub mod database;
pub mod demo;
pub mod dispatch;
pub mod documents;
pub mod export;
pub mod feeds;
pub mod forms;
pub mod health;
pub mod http;
pub mod jobs;
pub mod json;
pub mod live;
pub mod looks;
pub mod mail;
pub mod metrics;
pub mod pages;
pub mod payment_webhooks;
pub mod providers;
pub mod rate_limit;
pub mod serve;
pub mod sitemap;
pub mod state;
pub mod streams;
pub mod telemetry;
pub mod webhook_address;
pub mod webhook_delivery;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use crate::dispatch::Dispatch;
use crate::http::middleware::{limited, plain_bodies, same_origin};
pub use crate::state::AppState;

/// Makes the whole server from its parts.
pub fn build(state: AppState) -> Dispatch {
    let pages = Router::new()
        .merge(pages::router(&state)) // pages
        .merge(forms::router()) // every <form method="post">
        .merge(browser_errors::router()) // /browser-errors: what failed in a page's scripts
        .merge(mail::dev_router(&state)); // /dev/mail, in development
    let browser = limited(pages, &state)
        .merge(live::router()) // /live: events for a signed-in browser
        .merge(export::router()); // /wallet/history.csv, /wallet/documents/{id}.pdf, /admin/tariffs/{n}/prices.csv
    let browser = auth::around(browser, &state) // session, viewer, guards
        .layer(from_fn_with_state(state.clone(), forms::keep)); // a form that can't be taken now is kept
    let sandbox = limited(providers::sandbox::router(&state), &state); // /sandbox/checkout/{ref}, outside production
    let people = browser.merge(sandbox).layer(from_fn(plain_bodies)).layer(same_origin(&state));

    let (calls, described) = api::router(); // /api/v2; /api/openapi.json, /docs/api, /llms.txt
    let watched = Router::new()
        .merge(health::router()) // /health, /ready
        .merge(metrics::router(&state)) // /metrics, where a token is set
        .merge(feeds::router()) // /changelog.rss, /changelog.atom
        .merge(sitemap::router()) // /sitemap.xml, /robots.txt
        .merge(described)
        .layer(from_fn_with_state(state.clone(), http::by_address::by_address));
    let files = Router::new()
        .merge(assets::router()) // /pkg, /fonts, /favicon.svg …
        .merge(http::html_page::router()) // /plain.css, for pages without the app's shell
        .merge(http::logo::router()) // /logo
        .layer(from_fn_with_state(state.clone(), http::by_address::files_by_address));
    let machines = Router::new()
        .merge(watched)
        .merge(files)
        .merge(payment_webhooks::router()) // /webhooks/{provider}
        .merge(demo::receiver::router(&state)); // /dev/webhooks/{name}, in the demo
    let rest = http::middleware::common(people.merge(limited(machines, &state)), &state);
    Dispatch::new(state.clone(), calls.with_state(state.clone()), rest.with_state(state))
}
