//! The web server, the REST API, the jobs and the operator's commands.
//!
//! [`build`] is the table of contents.
pub mod assets;
pub mod cli;
pub mod config;
pub mod database;
pub mod health;
pub mod layers;
pub mod pages;
pub mod serve;
pub mod state;
pub mod telemetry;
use axum::Router;
use crate::layers::limited;
pub use crate::state::AppState;
/// Makes the whole server from its parts.
pub fn build(state: AppState) -> Router {
    let pages = limited(pages::router(&state), &state);
    let machines = limited(Router::new().merge(health::router()).merge(assets::router()), &state);
    layers::common(pages.merge(machines)).with_state(state)
}
