//! The web server, the REST API, the jobs and the operator's commands.
//!
//! [`build`] is the table of contents: who comes in where, and through which layers.

pub mod api;
pub mod assets;
pub mod auth;
pub mod cli;
pub mod config;
pub mod connections;
pub mod courier;
pub mod database;
pub mod device;
pub mod error_page;
pub mod export;
pub mod feeds;
pub mod forms;
pub mod front;
pub mod heads;
pub mod health;
pub mod html_page;
pub mod jobs;
pub mod json;
pub mod kept;
pub mod layers;
pub mod live;
pub mod mail;
pub mod pages;
pub mod peer;
pub mod providers;
pub mod rates;
pub mod renewals;
pub mod serve;
pub mod session;
pub mod state;
pub mod telemetry;
pub mod unread;
pub mod webhooks;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use crate::front::Front;
use crate::layers::{limited, plain_bodies, same_origin};
pub use crate::state::AppState;

/// Makes the whole server from its parts.
pub fn build(state: AppState) -> Front {
    let pages = Router::new()
        .merge(pages::router(&state)) // pages, and the server functions under /_fn
        .merge(forms::router()) // every <form method="post">
        .merge(mail::dev_router(&state)); // /dev/mail, in development
    let browser = limited(pages, &state)
        .merge(live::router()) // /live: events for a signed-in browser
        .merge(export::router()); // /wallet/history.csv, /admin/tariffs/{n}/prices.csv
    let browser = auth::around(browser, &state); // session, viewer, guards
    let sandbox = limited(providers::sandbox::router(&state), &state); // /sandbox/checkout/{ref}, outside production
    let people = browser.merge(sandbox).layer(from_fn(plain_bodies)).layer(same_origin(&state));

    let (calls, described) = api::router(); // /api/v2; /api/openapi.json, /docs/api, /llms.txt
    let watched = Router::new()
        .merge(health::router()) // /health, /ready
        .merge(feeds::router()) // /changelog.rss, /changelog.atom
        .layer(from_fn_with_state(state.clone(), rates::by_address));
    let machines = Router::new()
        .merge(watched)
        .merge(assets::router()) // /pkg, /fonts, /favicon.svg …
        .merge(html_page::router()) // /plain.css, for pages without the app's shell
        .merge(webhooks::router()) // /webhooks/{provider}
        .merge(described);
    let rest = layers::common(people.merge(limited(machines, &state)), &state);
    Front::new(state.clone(), calls.with_state(state.clone()), rest.with_state(state))
}
